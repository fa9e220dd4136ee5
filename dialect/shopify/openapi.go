package shopify

import (
	"net/http"

	"noren"
	"noren/wire"
)

// newDocument describes the one endpoint. What messages look like is Shopify's to say: the schema has what is read.
func newDocument(version string) []byte {
	outcomes := func(names ...string) *wire.Content {
		outcome := &wire.Schema{Types: []string{"string"}}
		for _, name := range names {
			outcome.Enum = append(outcome.Enum, name)
		}
		return &wire.Content{MediaType: "application/json", Schema: object(
			property("outcome", outcome), property("detail", wire.TextSchema("For people")),
		)}
	}
	responses := []wire.Response{{
		Status: http.StatusOK, Details: "Recorded. Sending it again changes nothing", Content: outcomes(string(noren.WebhookApplied),
			string(noren.WebhookHeld), string(noren.WebhookKnown), string(noren.WebhookIgnored)),
	}, {
		Status: http.StatusUnprocessableEntity, Details: "Recorded as refused. It is judged again when it is sent again",
		Content: outcomes(string(noren.WebhookRefused)),
	}}
	for _, r := range []struct {
		status  int
		outcome string
		details string
	}{
		{http.StatusBadRequest, outcomeInvalid, "A header is missing; nothing was recorded"},
		{http.StatusUnauthorized, outcomeForged, "The signature is wrong, or there is no such tenant, or it has no secret"},
		{http.StatusConflict, outcomeBusy, "Other messages about the same are under way"},
		{http.StatusRequestEntityTooLarge, outcomeTooLarge, "The body is over 4 MiB"},
		{http.StatusInternalServerError, outcomeFailed, "A mistake of the server's"},
		{http.StatusServiceUnavailable, outcomeUnavailable, "The database cannot take it now"},
	} {
		responses = append(responses, wire.Response{Status: r.status, Details: r.details, Content: outcomes(r.outcome)})
	}
	topic := wire.TextSchema("Others are answered 200 and ignored")
	for _, name := range topics() {
		topic.Enum = append(topic.Enum, name)
	}
	return wire.Document{
		Title: "Noren: webhooks of Shopify, inwards", Version: version,
		Description: "What Shopify posts when orders are paid, cancelled or refunded, and when customers change. See dialect/shopify/README.md.",
		Servers:     []wire.APIServer{{URL: "/"}},
		Schemas:     []wire.Property{property("Message", messageSchema())},
		Security: []wire.Pair{wire.P("signature", wire.Map{
			wire.P("type", "apiKey"), wire.P("in", "header"), wire.P("name", headerSignature),
			wire.P("description", "Base64 of the HMAC-SHA256 of the body's bytes with the tenant's shopify.webhook_secret"),
		})},
		Operations: []wire.Operation{{
			Method: http.MethodPost, Path: pathPrefix + "/{tenant}", ID: "receiveWebhook", Summary: "Take a message of Shopify's",
			Parameters: []wire.Parameter{
				{Name: "tenant", In: "path", Schema: wire.TextSchema("Contract id")},
				{Name: headerID, In: "header", Schema: wire.TextSchema(""), Details: "Required. Each id counts once"},
				{Name: headerTopic, In: "header", Schema: topic, Details: "Required"},
			},
			Body:      &wire.Content{MediaType: "application/json", Schema: wire.Reference("Message")},
			Responses: responses, Scheme: "signature",
		}},
	}.JSON()
}

// messageSchema has every field that is read of any message. Which is needed depends on the topic.
func messageSchema() *wire.Schema {
	id := func(description string) *wire.Schema { return wire.IntegerSchema(description) }
	instant := func(description string) *wire.Schema {
		s := wire.TextSchema(description)
		s.Format = "date-time"
		return s.OrNull()
	}
	s := &wire.Schema{Types: []string{"object"}, Description: "An order, refund or customer, as far as it is read", Properties: []wire.Property{
		property("id", id("Of the order, refund or customer")),
		property("order_id", id("refunds/create: of the order")),
		property("currency", wire.TextSchema("orders/paid: the shop's currency")),
		property("total_price", wire.TextSchema("orders/paid: what was paid, with tax and shipping")),
		property("processed_at", instant("orders/paid: when it was paid")),
		property("created_at", instant("orders/paid: when it was paid, where processed_at is null")),
		property("test", wire.FlagSchema("orders/…: a test order counts for nothing").OrNull()),
		property("customer", (&wire.Schema{
			Types: []string{"object"}, Description: "orders/…: null for a guest", Properties: []wire.Property{property("id", id("Of the customer"))},
		}).OrNull()),
		property("transactions", wire.ArrayOf(&wire.Schema{Types: []string{"object"}, Properties: []wire.Property{
			property("kind", wire.TextSchema("refund counts")), property("status", wire.TextSchema("success counts")),
			property("amount", wire.TextSchema("")), property("currency", wire.TextSchema("")), property("test", wire.FlagSchema("").OrNull()),
		}})),
		property("email", wire.TextSchema("customers/…: by which a member is found").OrNull()),
		property("verified_email", wire.FlagSchema("customers/…: false links nobody").OrNull()),
	}}
	return s
}

func property(name string, schema *wire.Schema) wire.Property {
	return wire.Property{Name: name, Schema: schema}
}

// object is an object all of whose properties are always there.
func object(properties ...wire.Property) *wire.Schema {
	s := &wire.Schema{Types: []string{"object"}, Properties: properties}
	for _, p := range properties {
		s.Required = append(s.Required, p.Name)
	}
	return s
}
