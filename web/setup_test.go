package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/sqlstore"
)

// toy is a small dialect. Its bearer tokens are the service's; its errors are the kind's name in text/plain.
type toy struct {
	service *noren.Service
	routes  []Route
}

func (toy) Name() noren.Dialect { return "toy" }
func (toy) Claim(path string) (Claim, bool) {
	rest, mine := strings.CutPrefix(path, "/toy")
	return Claim{Path: rest}, mine
}
func (d toy) Routes() []Route { return d.routes }
func (d toy) Authenticate(ctx context.Context, r *http.Request, _ Claim) (noren.Caller, error) {
	return d.service.Authenticate(ctx, r.Header.Get("X-Token"))
}

func (toy) Refuse(_ *Request, err error) Answer {
	if _, ok := err.(*MethodError); ok {
		return Answer{Status: http.StatusMethodNotAllowed, ContentType: "text/plain", Body: []byte("method")}
	}
	kind := noren.KindOf(err)
	return Answer{Status: Status(kind), ContentType: "text/plain", Body: []byte(kind.String())}
}
func (toy) Paces() Paces              { return Paces{Read: Pace{3}, Write: Pace{2}} }
func (toy) PaceKey(x *Request) string { return x.Caller.Client.Name }
func (toy) OpenAPI() []byte           { return []byte(`{"openapi":"3.1.0"}`) }

// bundle is a handler with the toy dialect on a database of its own.
type bundle struct {
	*testing.T
	handler *Handler
	service *noren.Service
	engine  *sqlstore.DB
	log     *safeBuffer
	now     *stopped
}

// stopped is a clock that stands still until it is moved.
type stopped struct {
	mu  sync.Mutex
	now time.Time
}

func (c *stopped) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stopped) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// safeBuffer is a log that many requests write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// setup makes the handler. The tokens reader and writer have the scope of their name; nobody has none.
func setup(t *testing.T, paces func(clock func() time.Time) *PaceStore, routes ...Route) *bundle {
	t.Helper()
	b := &bundle{T: t, log: &safeBuffer{}, now: &stopped{now: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}}
	var err error
	b.engine, err = sqlstore.Open(t.Context(), sqlstore.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: b.now.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.engine.Close() })
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.service = noren.NewService(noren.Config{Engine: b.engine, Clock: b.now.Now, Log: log})
	shop := noren.Shop{Contract: "shop1", Tenant: noren.TenantPatch{Name: noren.Set("Shop"), Plan: noren.Set(noren.PlanStandard)}}
	for _, name := range []string{"reader", "writer", "nobody"} {
		shop.Clients = append(shop.Clients, noren.ShopClient{
			Name: name, Dialect: noren.Smaregi, Kind: noren.UserClient, AccessToken: name, Scopes: []string{name},
		})
	}
	if _, err := b.service.ApplyShop(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	var store *PaceStore
	if paces != nil {
		store = paces(b.now.Now)
	}
	b.handler, err = NewHandler(Config{
		Service: b.service, Dialects: []Dialect{toy{b.service, routes}}, Paces: store, Log: log,
		Metrics: NewMetrics(prometheus.NewRegistry(), b.service), Version: "test",
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

// echo answers the request's body and variables.
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
