package dialect_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// lookUp is the handler of all rows; no test here calls it.
func lookUp(context.Context, *web.Request) (web.Answer, error) { return web.Answer{}, nil }

// load makes a table of one endpoint and returns what its document says of it.
func load(t *testing.T, e dialect.Endpoint) *openapi3.Operation {
	t.Helper()
	s := dialect.Spec{
		Name: "test", Title: "Test", Version: "1",
		Security: []wire.Pair{
			wire.P("basic", wire.Map{wire.P("type", "http"), wire.P("scheme", "basic")}),
			wire.P("bearer", wire.Map{wire.P("type", "http"), wire.P("scheme", "bearer")}),
		},
		Schemas:    []wire.Property{wire.Prop("Error", wire.TextSchema(""))},
		Names:      []wire.Parameter{{Name: "contract_id", Schema: wire.TextSchema("")}},
		Header:     []wire.Parameter{{Name: "X-Store", In: "header", Schema: wire.TextSchema("")}},
		Denied:     []int{http.StatusForbidden},
		Refusal:    wire.JSONContent(wire.Reference("Error")),
		RateLimits: web.RateLimits{Write: web.RateLimit{PerSecond: 1}},
		Endpoints:  []dialect.Endpoint{e},
	}
	table := dialect.New(s)
	doc, err := openapi3.NewLoader().LoadFromData(table.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	routes := table.Routes()
	if len(routes) != 1 || routes[0].Handle == nil {
		t.Fatalf("routes %+v", routes)
	}
	return doc.Paths.Find(routes[0].Pattern).GetOperation(routes[0].Method)
}

func statuses(op *openapi3.Operation) string {
	var list []string
	for status := range op.Responses.Map() {
		list = append(list, status)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func parameters(op *openapi3.Operation) string {
	var list []string
	for _, p := range op.Parameters {
		list = append(list, p.Value.In+" "+p.Value.Name+" "+(*p.Value.Schema.Value.Type)[0])
	}
	return strings.Join(list, ", ")
}

// The document says what follows from a route, and nothing else.
func TestDocumentFollowsTheRoute(t *testing.T) {
	t.Parallel()
	scope := web.AnyScope("a:read", "a:write")
	ok := dialect.OK(wire.TextSchema(""))
	for _, c := range []struct {
		name                 string
		endpoint             dialect.Endpoint
		statuses, parameters string
		alternatives         int // of security
	}{
		{
			"read", dialect.Get("/{contract_id}/a/{a_id}", scope, lookUp).Refuses(http.StatusNotFound, http.StatusNotFound),
			"200 403 404 500 503", "path contract_id string, path a_id integer, header X-Store string", 4,
		},
		{
			"write", dialect.Write(http.MethodPut, "/a", scope, lookUp),
			"200 403 409 413 429 500 503", "header Idempotency-Key string, header X-Store string", 4,
		},
		{"public read", dialect.Get("/a", web.Public(), lookUp), "200 500 503", "", 0},
		{"public write", dialect.Write(http.MethodPost, "/a", web.Public(), lookUp), "200 413 429 500 503", "", 0},
		{
			"public, proven by the handler", dialect.Write(http.MethodPost, "/a", web.Public(), lookUp).ProvenBy("basic"),
			"200 413 429 500 503", "", 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			op := load(t, c.endpoint.Says("doA", "Do a").Returns(ok))
			if got := statuses(op); got != c.statuses {
				t.Errorf("statuses %s, want %s", got, c.statuses)
			}
			if got := parameters(op); got != c.parameters {
				t.Errorf("parameters %s, want %s", got, c.parameters)
			}
			if got := len(*op.Security); got != c.alternatives {
				t.Errorf("%d alternatives of security, want %d", got, c.alternatives)
			}
			if got := *op.Responses.Value("200").Value.Description; got != "Do a" {
				t.Errorf("the success is described as %q", got)
			}
		})
	}
}

// A response that the endpoint describes itself wins over what follows from the route.
func TestDescribedResponsesWin(t *testing.T) {
	t.Parallel()
	own := wire.Response{Status: http.StatusServiceUnavailable, Details: "Closed", Content: wire.JSONContent(wire.FlagSchema(""))}
	op := load(t, dialect.Get("/a", web.AnyScope("a").On(noren.PlanStandard), lookUp).Says("a", "A").Returns(own))
	for status, want := range map[int]string{503: "Closed boolean", 500: "Internal Server Error string", 403: "Forbidden string"} {
		r := op.Responses.Value(strconv.Itoa(status)).Value
		if got := *r.Description + " " + (*r.Content.Get(wire.MediaJSON).Schema.Value.Type)[0]; got != want {
			t.Errorf("%d is described as %s, want %s", status, got, want)
		}
	}
	if op.Description != "対象プラン: "+string(noren.PlanStandard) {
		t.Errorf("plans: %q", op.Description)
	}
}

// Rows that begin alike do not write into each other.
func TestRowsAreValues(t *testing.T) {
	t.Parallel()
	start := dialect.Get("/a", web.AnyScope("a"), lookUp).Says("a", "A").Returns(dialect.OK(nil)).Refuses(http.StatusNotFound)
	one, other := start.Refuses(http.StatusBadRequest), start.Refuses(http.StatusConflict)
	if a, b := statuses(load(t, one)), statuses(load(t, other)); a != "200 400 403 404 500 503" || b != "200 403 404 409 500 503" {
		t.Errorf("%s and %s", a, b)
	}
}

func TestUnder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, rest string
		ok         bool
	}{
		{"/api", "", true}, {"/api/", "", true}, {"/api/a/", "/a", true}, {"/apis", "s", false}, {"/other", "/other", false},
	} {
		if rest, ok := dialect.Under("/api", c.path); ok != c.ok || ok && rest != c.rest {
			t.Errorf("%s: %q, %t", c.path, rest, ok)
		}
	}
}
