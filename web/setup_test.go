package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
)

// toy is a small dialect. Its bearer tokens are the service's; its errors are the kind's name in text/plain.
type toy struct {
	rooms  *app.App
	routes []Route
}

func (toy) Name() noren.Dialect { return "toy" }
func (toy) Claim(path string) (Claim, bool) {
	rest, mine := strings.CutPrefix(path, "/toy")
	return Claim{Path: rest}, mine
}
func (d toy) Routes() []Route { return d.routes }
func (d toy) Authenticate(ctx context.Context, r *http.Request, _ Claim) (noren.Caller, error) {
	return d.rooms.Access.Authenticate(ctx, r.Header.Get("X-Token"))
}

func (toy) Refuse(_ *Request, err error) Answer {
	if _, ok := err.(*MethodError); ok {
		return Answer{Status: http.StatusMethodNotAllowed, ContentType: "text/plain", Body: []byte("method")}
	}
	kind := noren.KindOf(err)
	return Answer{Status: Status(kind), ContentType: "text/plain", Body: []byte(kind.String())}
}
func (toy) RateLimits() RateLimits    { return RateLimits{Read: RateLimit{3}, Write: RateLimit{2}} }
func (toy) RateKey(x *Request) string { return x.Caller.Client.Name }
func (toy) OpenAPI() []byte           { return []byte(`{"openapi":"3.1.0"}`) }

// bundle is a handler with the toy dialect on a database of its own.
type bundle struct {
	*testing.T
	handler *Handler
	rooms   *app.App
	url     string // of the database
	log     *apptest.Log
	clock   *apptest.Clock
}

// setup makes the handler. The tokens reader and writer have the scope of their name; nobody has none.
func setup(t *testing.T, rates func(clock func() time.Time) *RateStore, routes ...Route) *bundle {
	t.Helper()
	b := &bundle{T: t, url: apptest.NewSQLite(t), log: new(apptest.Log), clock: apptest.NewClock(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))}
	b.rooms = apptest.Start(t, apptest.Config{URL: b.url, Config: app.Config{Clock: b.clock.Read, Log: b.log.Logger()}})
	shop := shop.Shop{Contract: "shop1", Tenant: noren.TenantPatch{Name: noren.Set("Shop"), Plan: noren.Set(noren.PlanStandard)}}
	for _, name := range []string{"reader", "writer", "nobody"} {
		shop.Clients = append(shop.Clients, access.ClientSpec{
			Name: name, Dialect: noren.Smaregi, Kind: noren.UserClient, AccessToken: name, Scopes: []string{name},
		})
	}
	if _, err := b.rooms.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	var store *RateStore
	if rates != nil {
		store = rates(b.clock.Read)
	}
	var err error
	b.handler, err = NewHandler(Config{
		Rooms: Rooms{Run: b.rooms.Run, Access: b.rooms.Access, Database: b.rooms.Engine}, Dialects: []Dialect{toy{b.rooms, routes}}, Rates: store, Log: b.log.Logger(),
		Metrics: NewMetrics(prometheus.NewRegistry(), b.rooms.Engine, b.rooms.Now), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// do sends a request; header lines are "Name: value".
func (b *bundle) do(method, path string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, path, body)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// echo returns the request's body and variables.
func echo(_ context.Context, x *Request) (Answer, error) {
	return Answer{Status: http.StatusOK, ContentType: "text/plain", Body: []byte(x.Vars["id"] + string(x.Body))}, nil
}

func route(method, pattern string, p Permission, handle func(context.Context, *Request) (Answer, error)) Route {
	class := Read
	if method != http.MethodGet {
		class = Write
	}
	return Route{Method: method, Pattern: pattern, Permission: p, Class: class, Handle: handle}
}

// unread is a body that fails the test when it is read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}
