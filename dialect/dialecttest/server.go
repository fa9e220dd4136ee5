// Package dialecttest has what the tests of all dialects share: a running server with a database of its own and a clock
// that stands still, golden files, and checks of responses against the published OpenAPI document. Only tests import
// it.
package dialecttest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/web"
)

// The two tenants of the tests, whose members and stores have the same ids.
const (
	ShopA = "sb_aaaa0001"
	ShopB = "sb_bbbb0001"
)

// HalfPastMidnight is the time of most tests: in Japan it is 00:30 on the next day, 22 November 2026.
func HalfPastMidnight() time.Time { return time.Date(2026, 11, 21, 15, 30, 0, 0, time.UTC) }

// Config describes a test's server.
type Config struct {
	Clock *apptest.Clock // nil: one that shows HalfPastMidnight
	Rates *web.RateStore // nil: no rate limits
	// Around wraps the engine; nil: no wrapper.
	Around   func(noren.Engine) noren.Engine
	Encoders map[noren.Dialect]bulk.Encoder
	// Dialects makes the dialects on the server's use cases.
	Dialects func(*app.App) []web.Dialect
	// Prove puts a key where the dialect's clients put it.
	Prove func(header http.Header, key string)
}

// Server is a running server.
type Server struct {
	*testing.T
	URL    string
	Rooms  *app.App
	Clock  *apptest.Clock
	Log    *apptest.Log
	Keys   map[string]string // credentials, by the names that Request.As uses
	prove  func(header http.Header, key string)
	server *httptest.Server
}

// Start starts a server on an empty database. It stops at the end of the test.
func Start(t *testing.T, c Config) *Server {
	t.Helper()
	s := &Server{T: t, Clock: c.Clock, Log: new(apptest.Log), Keys: make(map[string]string), prove: c.Prove}
	if s.Clock == nil {
		s.Clock = apptest.NewClock(HalfPastMidnight())
	}
	log := s.Log.Logger()
	s.Rooms = apptest.Start(t, apptest.Config{Around: c.Around, Config: app.Config{Clock: s.Clock.Read, Log: log, Encoders: c.Encoders}})
	handler, err := web.NewHandler(web.Config{
		Rooms: web.Rooms{Run: s.Rooms.Run, Access: s.Rooms.Access, Database: s.Rooms.Engine}, Dialects: c.Dialects(s.Rooms), Rates: c.Rates, Log: log, BaseURL: "https://api.example.com",
		Metrics: web.NewMetrics(prometheus.NewRegistry(), s.Rooms.Engine, s.Clock.Read),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.URL, s.server = server.URL, server
	return s
}

// Stop stops the server, after which everything that it logs is in the log.
func (s *Server) Stop() { s.server.Close() }

// Apply applies a shop file.
func (s *Server) Apply(shop shop.Shop) shop.Report {
	s.Helper()
	report, err := s.Rooms.Shop.Apply(s.Context(), shop)
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

// Answer is the response.
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
	resp, err := s.server.Client().Do(req)
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

// Must sends the request and returns the body; a status other than 200 ends the test.
func (s *Server) Must(r Request) string {
	s.Helper()
	a := s.Do(r)
	if a.Status != http.StatusOK {
		s.Fatalf("%s %s %s: %d %s", r.Method, r.Path, r.Body, a.Status, a.Body)
	}
	return a.Body
}

// ApplyLane applies the tenant's accepted bulk requests, as the worker would, and returns the bodies of their callbacks
// in order.
func (s *Server) ApplyLane(contract string) []string {
	s.Helper()
	t, err := s.Rooms.Access.TenantByContract(s.Context(), contract)
	if err != nil {
		s.Fatal(err)
	}
	// One call may leave some for the next: it applies fewer at once where they take long.
	var done []noren.BulkRequest
	for {
		some, err := s.Rooms.Bulk.ApplyLane(s.Context(), t.ID)
		if err != nil {
			s.Fatal(err)
		}
		if len(some) == 0 {
			break
		}
		done = append(done, some...)
	}
	callbacks, err := s.Rooms.Bulk.Callbacks(s.Context(), t, noren.CallbackFilter{})
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
	checks, err := s.Rooms.Engine.Verify(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			s.Errorf("%s: %v", c.Name, c.Violations)
		}
	}
}

// Heads checks that HEAD has the status and headers of GET wherever GET works, and no body.
func (s *Server) Heads(requests []Request) {
	s.Helper()
	for _, r := range requests {
		if r.Method != http.MethodGet {
			continue
		}
		s.Clock.Advance(time.Second) // another second of the rate limit
		whole := s.Do(r)
		r.Method = http.MethodHead
		head := s.Do(r)
		if head.Status != whole.Status || head.Body != "" || head.Header.Get("Content-Type") != whole.Header.Get("Content-Type") ||
			head.Header.Get("Content-Length") != whole.Header.Get("Content-Length") || head.Header.Get("X-Total-Count") != whole.Header.Get("X-Total-Count") {
			s.Errorf("HEAD %s: %d %v\nGET: %d %v", r.Path, head.Status, head.Header, whole.Status, whole.Header)
		}
	}
}
