package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"noren"
)

func TestRoutesMustDeclareTheirPermission(t *testing.T) {
	t.Parallel()
	for _, routes := range [][]Route{
		{{Method: "GET", Pattern: "/a", Handle: echo}},
		{route("GET", "/a", Public(), echo), route("GET", "/a", Public(), echo)},
	} {
		if _, err := NewHandler(Config{Dialects: []Dialect{toy{nil, routes}}}); err == nil {
			t.Errorf("%+v was taken", routes)
		}
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	b := setup(t, nil,
		route("GET", "/items/{id}", Public(), echo), route("PUT", "/items/{id}", Public(), echo), route("PATCH", "/items/bulk", Public(), echo),
		route("GET", "/", Public(), echo))
	for _, tt := range []struct {
		method, path, body string
		status             int
		want, allow        string
	}{
		{"GET", "/toy/items/5", "", 200, "5", ""},
		{"HEAD", "/toy/items/5", "", 200, "5", ""},
		{"PUT", "/toy/items/a%20b", "!", 200, "a b!", ""},
		{"PATCH", "/toy/items/bulk", "x", 200, "x", ""},
		{"GET", "/toy/items/bulk", "", 405, "method", "PATCH"},
		{"DELETE", "/toy/items/5", "", 405, "method", "GET, HEAD, PUT"},
		{"GET", "/toy/items", "", 404, "not found", ""},
		{"GET", "/toy/items/5/6", "", 404, "not found", ""},
		{"GET", "/toy", "", 200, "", ""},
	} {
		w := b.do(tt.method, tt.path, strings.NewReader(tt.body))
		if w.Code != tt.status || w.Body.String() != tt.want || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d %q %q", tt.method, tt.path, w.Code, w.Body, w.Header().Get("Allow"))
		}
	}
}

// A caller without permission is refused before the body is read.
func TestGatesComeBeforeTheBody(t *testing.T) {
	t.Parallel()
	b := setup(t, nil,
		route("POST", "/w", AnyScope("writer", "admin"), echo), route("POST", "/premium", AnyScope("writer").On(noren.PlanPremium), echo),
		route("POST", "/standard", AnyScope("writer").On(noren.PlanStandard), echo))
	for _, tt := range []struct {
		path, token string
		status      int
	}{
		{"/toy/w", "", 401}, {"/toy/w", "unknown", 401}, {"/toy/w", "reader", 403}, {"/toy/premium", "writer", 403}, {"/toy/none", "writer", 404},
	} {
		if w := b.do("POST", tt.path, unread{t}, "X-Token: "+tt.token); w.Code != tt.status {
			t.Errorf("%s as %q: %d", tt.path, tt.token, w.Code)
		}
	}
	for _, path := range []string{"/toy/w", "/toy/standard"} {
		if w := b.do("POST", path, strings.NewReader("x"), "X-Token: writer"); w.Code != 200 || w.Body.String() != "x" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, route("POST", "/w", Public(), echo))
	whole := strings.Repeat("x", MaxBody)
	if w := b.do("POST", "/toy/w", strings.NewReader(whole)); w.Code != 200 || w.Body.Len() != MaxBody {
		t.Errorf("the largest body: %d", w.Code)
	}
	// A reader that is no strings.Reader has no length, so the limit is found while reading.
	if w := b.do("POST", "/toy/w", struct{ *strings.Reader }{strings.NewReader(whole + "x")}); w.Code != 413 {
		t.Errorf("one byte more: %d", w.Code)
	}
	if w := b.do("POST", "/toy/w", failing{}); w.Code != 400 {
		t.Errorf("a body that breaks off: %d", w.Code)
	}
	r := b.do("POST", "/toy/w", strings.NewReader(whole+"x"))
	if r.Code != 413 {
		t.Errorf("Content-Length over the limit: %d", r.Code)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken off") }

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, route("GET", "/id", Public(), func(_ context.Context, x *Request) (Answer, error) {
		o := noren.OriginOf(x.HTTP.Context())
		return Answer{Status: 200, Body: []byte(x.Reference() + " " + o.RequestID + " " + o.ClientRequestID)}, nil
	}))
	for given, kept := range map[string]bool{
		"abc-1.2:3_Z": true, "": false, "a b": false, "ä": false, strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
	} {
		w := b.do("GET", "/toy/id", nil, "X-Request-Id: "+given)
		got := w.Header().Get("X-Request-Id")
		shown, own, _ := strings.Cut(w.Body.String(), " ")
		own, theirs, _ := strings.Cut(own, " ")
		if (got == given) != kept || got == "" || got != shown || own == "" || kept && (own == given || theirs != given) {
			t.Errorf("%q became %q", given, got)
		}
	}
}

// Internal errors are logged with the request's id and never shown. Errors of the caller are not logged as ours.
func TestErrorsAndPanics(t *testing.T) {
	t.Parallel()
	fail := func(err error) func(context.Context, *Request) (Answer, error) {
		return func(context.Context, *Request) (Answer, error) { return Answer{}, err }
	}
	b := setup(t, nil,
		route("GET", "/panic", Public(), func(context.Context, *Request) (Answer, error) { panic("secret detail") }),
		route("GET", "/bug", Public(), fail(errors.New("secret detail"))),
		route("GET", "/busy", Public(), fail(fmt.Errorf("writing: %w", &noren.Error{Kind: noren.Unavailable}))),
		route("GET", "/conflict", Public(), fail(&noren.Error{Kind: noren.Conflict})),
	)
	for _, tt := range []struct {
		path, body, retry, logged string
		status                    int
	}{
		{"/toy/panic", "internal", "", "level=ERROR msg=panic request_id=R", 500},
		{"/toy/bug", "internal", "", `level=ERROR msg="request failed" request_id=R error="secret detail"`, 500},
		{"/toy/busy", "unavailable", "1", `level=WARN msg="request failed" request_id=R`, 503},
		{"/toy/conflict", "conflict", "", "", 409},
	} {
		id := strings.TrimPrefix(tt.path, "/toy/")
		w := b.do("GET", tt.path, nil, "X-Request-Id: "+id)
		if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Retry-After") != tt.retry {
			t.Errorf("%s: %d %s %v", tt.path, w.Code, w.Body, w.Header())
		}
		if want := strings.ReplaceAll(tt.logged, "=R", "="+id); !strings.Contains(b.log.String(), want) {
			t.Errorf("%s is not in the log", want)
		}
		if want := fmt.Sprintf("msg=request method=GET path=%s status=%d", tt.path, tt.status); !strings.Contains(b.log.String(), want) {
			t.Errorf("%s is not in the log", want)
		}
	}
}

func TestAccessLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, route("GET", "/r", AnyScope("reader"), echo))
	b.do("GET", "/toy/r?keyword=%E5%B1%B1%E7%94%B0", nil, "X-Token: reader")
	log := b.log.String()
	if !strings.Contains(log, "tenant=shop1 client=reader") || !strings.Contains(log, "dialect=toy") {
		t.Error(log)
	}
	if strings.Contains(log, "keyword") || strings.Contains(log, "X-Token") {
		t.Error("the log has the query or a header: " + log)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, route("GET", "/r", Public(), echo))
	b.do("GET", "/toy/r", nil)
	b.handler.metrics.Applied(noren.BulkRequest{Kind: noren.BulkStock, State: noren.BulkFailed}, 5)
	b.handler.metrics.ApplyError(1, errors.New("x"))
	b.handler.metrics.ApplyError(1, &noren.Error{Kind: noren.Unavailable})
	b.handler.metrics.Attempted(noren.Callback{State: noren.CallbackGivenUp}, noren.Attempt{})
	for _, tt := range []struct {
		path   string
		status int
		want   []string
	}{
		{"/healthz", 200, []string{`{"status":"ok"}`}},
		{"/readyz", 200, []string{`{"status":"ok"}`}},
		{"/metrics", 200, []string{
			`noren_http_request_seconds_count{dialect="toy",method="GET",route="/r",status="200"} 1`,
			`noren_bulk_apply_seconds_count{kind="stock",state="failed"} 1`, `noren_bulk_apply_errors_total 1`, `noren_bulk_apply_unavailable_total 1`,
			`noren_callback_attempts_total{state="given_up"} 1`, `noren_queue_waiting{queue="bulk"} 0`,
			`noren_queue_oldest_seconds{queue="callbacks"} 0`,
		}},
		{"/openapi/toy.json", 200, []string{`{"openapi":"3.1.0"}`}},
		{"/openapi/none.json", 404, []string{`{"type":"about:blank","title":"Not Found","detail":"no API has the path /openapi/none.json","status":404}`}},
		{"/", 200, []string{"noren test", "/openapi/toy.json"}},
		{"/elsewhere", 404, []string{`"status":404`}},
	} {
		w := b.do("GET", tt.path, nil)
		if w.Code != tt.status || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", tt.path, w.Code, w.Header())
		}
		for _, want := range tt.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %s is not in %s", tt.path, want, w.Body)
			}
		}
	}
	if got := b.do("GET", "/elsewhere", nil).Header().Get("Content-Type"); got != "application/problem+json" {
		t.Error(got)
	}
}

func TestNotReadyWithoutDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if err := b.rooms.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	w := b.do("GET", "/readyz", nil)
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != `{"status":"unavailable","detail":"the database does not respond"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := b.do("GET", "/healthz", nil); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
	if w := b.do("GET", "/metrics", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "noren_bulk_apply_errors_total") {
		t.Errorf("metrics: %d %s", w.Code, w.Body)
	}
}

// partly is a database of which some nodes do not respond.
type partly struct{ Database }

func (partly) Ping(context.Context) ([]string, error) {
	return []string{"worker1:5432", "worker3:5432"}, nil
}

// TestReadyBesideNodesThatAreDown: the tenants on other nodes are served, so a load balancer goes on, and people are told.
func TestReadyBesideNodesThatAreDown(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.handler.rooms.Database = partly{b.handler.rooms.Database}
	const want = `{"status":"degraded","detail":"nodes of the database do not respond: worker1:5432, worker3:5432"}`
	if w := b.do("GET", "/readyz", nil); w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if log := b.log.String(); !strings.Contains(log, "worker3:5432") {
		t.Errorf("the log has\n%s", log)
	}
}

// TestLoggedPath: easyPoints addresses a customer by the e-mail address, which is nobody's business.
func TestLoggedPath(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, route("GET", "/balances/{id}", Public(), func(context.Context, *Request) (Answer, error) {
		return Answer{Status: 200}, nil
	}))
	b.do("GET", "/toy/balances/hanako%40example.com", nil)
	if log := b.log.String(); strings.Contains(log, "hanako") || !strings.Contains(log, "/toy/balances/***") || !strings.Contains(log, "address=") {
		t.Errorf("the log has\n%s", log)
	}
}
