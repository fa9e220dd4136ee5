package shopify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"noren/dialect/dialecttest"
)

// goldenMessages has at least one message of every topic and one for every status, in the order in which they are sent.
func goldenMessages() []message {
	return []message{
		{id: "orders_paid", topic: topicPaid, body: order(orderID, customerOf(customerA), "")},
		{id: "orders_paid_held", topic: topicPaid, body: order("450789469", customerOf(customerB), "")},
		{id: "orders_paid_guest", topic: topicPaid, body: order("450789470", "null", "")},
		{id: "orders_paid_refused", topic: topicPaid, body: order("450789471", `{"id":null}`, "")},
		{id: "refunds_create", topic: topicRefunded, body: refunded("509562969", orderID, gaveBack("1500.00"))},
		{id: "orders_cancelled", topic: topicCancelled, body: cancelled(orderID, customerOf(customerA), `,"cancel_reason":"customer"`)},
		{id: "customers_create", topic: topicCreated, body: `{"id":` + customerB + `,"email":"hanako@example.com","verified_email":true,"updated_at":"2026-11-24T10:00:00+09:00"}`},
		{id: "customers_update", topic: topicUpdated, body: `{"id":` + customerB + `,"email":"new@example.com","verified_email":true,"updated_at":"2026-11-24T11:00:00+09:00"}`},
		{id: "other_topic", topic: "orders/edited", body: `{"order_edit":{"id":1}}`},
		{id: "error_400", topic: topicPaid, body: `{}`, header: map[string]string{headerID: ""}},
		{id: "error_401", topic: topicPaid, body: `{}`, header: map[string]string{headerSignature: "AAAA"}},
		{id: "error_422", topic: topicPaid, body: `{"id":`},
	}
}

// TestGolden sends the messages one after another and compares the responses byte by byte, and with the published
// document.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := loadDocument(t)
	op := doc.Paths.Find(pathPrefix + "/{tenant}").Post
	for _, m := range goldenMessages() {
		a := b.send(m)
		response := op.Responses.Value(strconv.Itoa(a.Status))
		if response == nil {
			t.Errorf("%s: status %d is not in the document", m.id, a.Status)
			continue
		}
		validate(t, m.id, response.Value.Content.Get(a.Header.Get("Content-Type")).Schema.Value, a.Body)
		if a.Status == http.StatusOK {
			validate(t, m.id, op.RequestBody.Value.Content["application/json"].Schema.Value, m.body)
		}
		text := fmt.Sprintf("POST %s/%s\n%s: %s\n\n%s\n\n%d %s\nContent-Type: %s\n\n%s\n", pathPrefix, shopA, headerTopic, m.topic, m.body,
			a.Status, http.StatusText(a.Status), a.Header.Get("Content-Type"), a.Body)
		dialecttest.CompareGolden(t, m.id, text)
	}
}

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(New(Rooms{}, "test").OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func validate(t *testing.T, what string, schema *openapi3.Schema, body string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Errorf("%s: %s: %v", what, body, err)
		return
	}
	if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s does not follow the schema: %v", what, err)
	}
}

func TestDocumentHasTheRoute(t *testing.T) {
	t.Parallel()
	doc, routes := loadDocument(t), New(Rooms{}, "").Routes()
	if len(routes) != 1 || doc.Paths.Len() != 1 || doc.Paths.Find(routes[0].Pattern).GetOperation(routes[0].Method) == nil {
		t.Errorf("the document does not have %+v alone", routes)
	}
	var described []string
	for _, p := range doc.Paths.Find(routes[0].Pattern).Post.Parameters {
		if p.Value.Name == headerTopic {
			for _, topic := range p.Value.Schema.Value.Enum {
				described = append(described, topic.(string))
			}
		}
	}
	if !slices.Equal(described, topics()) {
		t.Errorf("the document has the topics %q", described)
	}
}
