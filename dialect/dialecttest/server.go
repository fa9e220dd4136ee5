// Package dialecttest is what the tests of all dialects have in common: a running server on a database of its own with
// a clock that stands still, golden files, and answers held against the published OpenAPI document. Only tests import it.
package dialecttest

import (
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
	"noren/web"
)

// The two tenants of the tests, whose members and stores have the same ids.
const (
	ShopA = "sb_aaaa0001"
	ShopB = "sb_bbbb0001"
)

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// HalfPastMidnight is when most tests take place: in Japan it is 00:30 of the next day, 22 November 2026.
func HalfPastMidnight() time.Time { return time.Date(2026, 11, 21, 15, 30, 0, 0, time.UTC) }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Config is what a test's server is made of.
type Config struct {
	Clock *Clock         // nil: one that shows HalfPastMidnight
	Paces *web.PaceStore // nil: nobody is held to a pace
	// Around puts something around the engine; nil: nothing.
	Around   func(noren.Engine) noren.Engine
	Encoders map[noren.Dialect]noren.CallbackEncoder
	// Dialects makes the dialects on the server's use cases.
	Dialects func(*noren.Service) []web.Dialect
	// Prove puts a key where the dialect's clients put it.
	Prove func(header http.Header, key string)
}

// Server is a running server.
type Server struct {
	*testing.T
	URL     string
	Service *noren.Service
	Clock   *Clock
	Keys    map[string]string // that prove who is calling, by the names that Request.As uses
	prove   func(header http.Header, key string)
	client  *http.Client
}

// Start starts a server on an empty database, which ends with the test.
func Start(t *testing.T, c Config) *Server {
	t.Helper()
	s := &Server{T: t, Clock: c.Clock, Keys: make(map[string]string), prove: c.Prove}
	if s.Clock == nil {
		s.Clock = NewClock(HalfPastMidnight())
	}
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: s.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	var around noren.Engine = engine
	if c.Around != nil {
		around = c.Around(engine)
	}
	log := slog.New(slog.DiscardHandler)
	s.Service = noren.NewService(noren.Config{Engine: around, Clock: s.Clock.Now, Log: log, Encoders: c.Encoders})
	handler, err := web.NewHandler(web.Config{
		Service: s.Service, Dialects: c.Dialects(s.Service), Paces: c.Paces, Log: log, BaseURL: "https://api.example.com",
		Metrics: web.NewMetrics(prometheus.NewRegistry(), s.Service),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.URL, s.client = server.URL, server.Client()
	return s
}

// Apply applies a shop file.
func (s *Server) Apply(shop noren.Shop) noren.ShopReport {
	s.Helper()
	report, err := s.Service.ApplyShop(s.Context(), shop)
	if err != nil {
		s.Fatal(err)
	}
	return report
}

// Request is one HTTP request. As names one of the server's keys; "" sends none.
type Request struct {
	Method, Path, As, Body string
	Header                 map[string]string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends the request.
func (s *Server) Do(r Request) Answer {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), r.Method, s.URL+r.Path, strings.NewReader(r.Body))
	if err != nil {
		s.Fatal(err)
	}
	if r.As != "" {
		key, known := s.Keys[r.As]
		if !known {
			s.Fatalf("there is no key %q", r.As)
		}
		s.prove(req.Header, key)
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header, string(body)}
}

// Want sends the request and checks status and body.
func (s *Server) Want(r Request, status int, body string) {
	s.Helper()
	if a := s.Do(r); a.Status != status || a.Body != body {
		s.Errorf("%s %s %.300s\n got %d %s\nwant %d %s", r.Method, r.Path, r.Body, a.Status, a.Body, status, body)
	}
}

// Must sends the request and answers the body; what is not 200 ends the test.
func (s *Server) Must(r Request) string {
	s.Helper()
	a := s.Do(r)
	if a.Status != http.StatusOK {
		s.Fatalf("%s %s %s: %d %s", r.Method, r.Path, r.Body, a.Status, a.Body)
	}
	return a.Body
}

// ApplyLane applies the bulk requests that the tenant has accepted, as the worker would, and answers the bodies of the
// callbacks owed for them, in order.
func (s *Server) ApplyLane(contract string) []string {
	s.Helper()
	t, err := s.Service.TenantByContract(s.Context(), contract)
	if err != nil {
		s.Fatal(err)
	}
	done, err := s.Service.ApplyLane(s.Context(), t.ID)
	if err != nil {
		s.Fatal(err)
	}
	callbacks, err := s.Service.Callbacks(s.Context(), contract, noren.CallbackFilter{})
	if err != nil {
		s.Fatal(err)
	}
	bodies := make([]string, len(done))
	for i, r := range done {
		for _, c := range callbacks {
			if c.RequestID == r.ID {
				bodies[i] = string(c.Body)
			}
		}
	}
	return bodies
}

// Verify checks every invariant of the stored data.
func (s *Server) Verify() {
	s.Helper()
	checks, err := s.Service.Verify(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			s.Errorf("%s: %v", c.Name, c.Violations)
		}
	}
}
