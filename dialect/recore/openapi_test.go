package recore

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// document is the published OpenAPI document, to hold requests and answers against.
type document struct{ *openapi3.T }

func loadDocument(t *testing.T) document {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(New(Config{Version: "test"}).OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return document{doc}
}

// check holds an answer against the document: the operation has the status and content type, and the body follows
// the schema. A body that was sent and accepted follows the schema of requests.
func (d document) check(t *testing.T, r request, a answer) {
	t.Helper()
	op := d.operation(r.method, strings.Split(r.path, "?")[0])
	if op == nil {
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is answered %d and not in the document", r.method, r.path, a.status)
		}
		return
	}
	response := op.Responses.Value(strconv.Itoa(a.status))
	if response == nil {
		t.Errorf("%s %s: status %d is not in the document", r.method, r.path, a.status)
		return
	}
	content := response.Value.Content.Get(a.header.Get("Content-Type"))
	if content == nil {
		if a.body != "" {
			t.Errorf("%s %s: %s is not in the document", r.method, r.path, a.header.Get("Content-Type"))
		}
	} else {
		validate(t, r, content.Schema.Value, a.body)
	}
	if body := op.RequestBody; a.status == http.StatusOK && body != nil && body.Value.Content["application/json"] != nil {
		validate(t, r, body.Value.Content["application/json"].Schema.Value, r.body)
	}
}

func (d document) operation(method, path string) *openapi3.Operation {
	segments := strings.Split(path, "/")
	for pattern, item := range d.Paths.Map() {
		parts := strings.Split(pattern, "/")
		match := len(parts) == len(segments)
		for i := range min(len(parts), len(segments)) {
			literal := segments[i] == "bulk" || segments[i] == "point"
			match = match && (parts[i] == segments[i] || strings.HasPrefix(parts[i], "{") && !literal)
		}
		if match {
			return item.GetOperation(method)
		}
	}
	return nil
}

func validate(t *testing.T, r request, schema *openapi3.Schema, body string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Errorf("%s %s: %s: %v", r.method, r.path, body, err)
		return
	}
	if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s %s does not follow the schema: %v", r.method, r.path, err)
	}
}

// Every route is in the document with its scopes, and nothing else is.
func TestDocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	routes := New(Config{}).Routes()
	operations := 0
	for _, item := range doc.Paths.Map() {
		operations += len(item.Operations())
	}
	if operations != len(routes) {
		t.Errorf("%d operations, %d routes", operations, len(routes))
	}
	for _, route := range routes {
		op := doc.Paths.Find(route.Pattern).GetOperation(route.Method)
		if op == nil {
			t.Errorf("%s %s is missing", route.Method, route.Pattern)
			continue
		}
		if got, want := len(*op.Security), len(route.Permission.Scopes()); got != want {
			t.Errorf("%s %s: %d alternatives of security for %d scopes", route.Method, route.Pattern, got, want)
		}
	}
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.do(request{method: "GET", path: "/openapi/recore.json"})
	if a.status != http.StatusOK || !bytes.Equal([]byte(a.body), New(Config{Version: "test"}).OpenAPI()) {
		t.Errorf("%d %.100s", a.status, a.body)
	}
}
