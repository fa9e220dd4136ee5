package dialecttest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"noren/web"
)

// Document is a dialect's published OpenAPI document, for checking requests and responses against it.
type Document struct {
	*openapi3.T
	dialect web.Dialect
}

// LoadDocument reads the dialect's document, which must be valid.
func LoadDocument(t *testing.T, d web.Dialect) Document {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(d.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return Document{doc, d}
}

// Check checks a response against the document: the operation has the status and content type, and the body follows the
// schema. A JSON body that was sent and accepted must follow the schema of requests.
func (d Document) Check(t *testing.T, r Request, a Answer) {
	t.Helper()
	claim, _ := d.dialect.Claim(strings.Split(r.Path, "?")[0])
	op := d.operation(r.Method, claim.Path)
	if op == nil {
		if a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s returned %d and is not in the document", r.Method, r.Path, a.Status)
		}
		return
	}
	response := op.Responses.Value(strconv.Itoa(a.Status))
	if response == nil {
		t.Errorf("%s %s: status %d is not in the document", r.Method, r.Path, a.Status)
		return
	}
	content := response.Value.Content.Get(a.Header.Get("Content-Type"))
	if content == nil {
		if a.Body != "" {
			t.Errorf("%s %s: %s is not in the document", r.Method, r.Path, a.Header.Get("Content-Type"))
		}
	} else {
		Follows(t, content.Schema.Value, r, a.Body)
	}
	if body := op.RequestBody; a.Status < 300 && body != nil && body.Value.Content["application/json"] != nil {
		Follows(t, body.Value.Content["application/json"].Schema.Value, r, r.Body)
	}
}

// operation finds the path as the router does: if two patterns match, the one with more literal segments.
func (d Document) operation(method, path string) *openapi3.Operation {
	segments := strings.Split(path, "/")
	var best *openapi3.PathItem
	most := -1
	for pattern, item := range d.Paths.Map() {
		if literal := literals(strings.Split(pattern, "/"), segments); literal > most {
			best, most = item, literal
		}
	}
	if best == nil {
		return nil
	}
	return best.GetOperation(method)
}

// literals counts the literal segments of the pattern; -1 if it does not match.
func literals(pattern, segments []string) (n int) {
	if len(pattern) != len(segments) {
		return -1
	}
	for i, part := range pattern {
		switch {
		case part == segments[i]:
			n++
		case !strings.HasPrefix(part, "{"):
			return -1
		}
	}
	return n
}

// Follows checks that the JSON text follows the schema; r is the request it belongs to.
func Follows(t *testing.T, schema *openapi3.Schema, r Request, text string) {
	t.Helper()
	var value any
	text = strings.TrimPrefix(text, "\ufeff")
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("%s %s: %s: %v", r.Method, r.Path, text, err)
		return
	}
	if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s %s does not follow the schema: %v", r.Method, r.Path, err)
	}
}

// HasEveryRoute checks that every route is in the document, with a security alternative for each scope in each scheme,
// and that nothing else is.
func (d Document) HasEveryRoute(t *testing.T) {
	t.Helper()
	routes := d.dialect.Routes()
	operations := 0
	for _, item := range d.Paths.Map() {
		operations += len(item.Operations())
	}
	if operations != len(routes) {
		t.Errorf("%d operations, %d routes", operations, len(routes))
	}
	schemes := len(d.Components.SecuritySchemes)
	for _, route := range routes {
		item := d.Paths.Find(route.Pattern)
		if item == nil || item.GetOperation(route.Method) == nil {
			t.Errorf("%s %s is missing", route.Method, route.Pattern)
			continue
		}
		op := item.GetOperation(route.Method)
		if got, want := len(*op.Security), len(route.Permission.Scopes())*schemes; got != want {
			t.Errorf("%s %s: %d alternatives of security for %d scopes", route.Method, route.Pattern, got, want)
		}
	}
}

// IsServed checks that the server publishes the document to anybody.
func (d Document) IsServed(t *testing.T, s *Server) {
	t.Helper()
	a := s.Do(Request{Method: http.MethodGet, Path: "/openapi/" + string(d.dialect.Name()) + ".json"})
	if a.Status != http.StatusOK || a.Body != string(d.dialect.OpenAPI()) {
		t.Errorf("%d %.100s", a.Status, a.Body)
	}
}
