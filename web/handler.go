package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"noren"
)

// Config is what a Handler needs.
type Config struct {
	Service  *noren.Service
	Dialects []Dialect
	Paces    *PaceStore // nil: nobody is held to a pace
	Metrics  *Metrics
	Log      *slog.Logger
	BaseURL  string         // by which clients reach the server; "": taken from each request
	Proxies  []netip.Prefix // whose word of the client's address is believed
	Version  string
}

// Handler answers every request: those of the dialects, and the pages for operators.
type Handler struct {
	service  *noren.Service
	dialects []*mounted
	metrics  *Metrics
	log      *slog.Logger
	baseURL  string
	proxies  []netip.Prefix
	pages    http.Handler
}

// NewHandler makes a Handler. It is an error if a route declares no permission.
func NewHandler(c Config) (*Handler, error) {
	h := &Handler{service: c.Service, metrics: c.Metrics, log: c.Log, baseURL: c.BaseURL, proxies: c.Proxies}
	for _, d := range c.Dialects {
		m, err := mount(d)
		if err != nil {
			return nil, err
		}
		m.limits = c.Paces.limits(d)
		h.dialects = append(h.dialects, m)
	}
	h.pages = h.newPages(c.Version)
	return h, nil
}

// ServeHTTP finds the dialect by the path. Paths that no dialect claims are the operators' pages.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := &Request{HTTP: r, ID: requestID(r), Address: clientAddress(r, h.proxies), BaseURL: baseURL(h.baseURL, r)}
	w.Header().Set("X-Request-Id", x.ID)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	for _, m := range h.dialects {
		claim, mine := m.Claim(r.URL.Path)
		if !mine {
			continue
		}
		x.Claim = claim
		a := h.answer(w, m, x)
		defer func() { h.record(m, x, a.Status, time.Since(start)) }() // also where a stream breaks off
		if a.Stream != nil {
			h.writeStream(w, x, a)
		} else {
			write(w, a)
		}
		return
	}
	h.pages.ServeHTTP(w, r)
}

// write sends the answer.
func write(w http.ResponseWriter, a Answer) {
	writeHeader(w, a, int64(len(a.Body)))
	_, _ = w.Write(a.Body) // a client that has gone away is not our error
}

// writeHeader sends all but the body. What a dialect answers belongs to one caller, so no cache may keep it.
func writeHeader(w http.ResponseWriter, a Answer, length int64) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	for name, values := range a.Header {
		header[name] = values
	}
	if a.ContentType != "" {
		header.Set("Content-Type", a.ContentType)
	}
	if length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	w.WriteHeader(a.Status)
}

// record writes the access log and the metrics. Paths are logged without their query, which may hold what people
// search for; headers are not logged at all.
func (h *Handler) record(m *mounted, x *Request, status int, took time.Duration) {
	route := "unmatched"
	if x.Route != nil {
		route = x.Route.Pattern
	}
	h.metrics.request(string(m.Name()), route, x.HTTP.Method, status, took)
	h.log.LogAttrs(x.HTTP.Context(), slog.LevelInfo, "request",
		slog.String("method", x.HTTP.Method), slog.String("path", x.HTTP.URL.Path), slog.Int("status", status),
		slog.Duration("took", took), slog.String("request_id", x.ID), slog.String("dialect", string(m.Name())),
		slog.String("tenant", x.Caller.Tenant.Contract), slog.String("client", x.Caller.Client.Name))
}

// answer runs the request and words what went wrong. A panic is a bug: it is logged, and answered without details.
func (h *Handler) answer(w http.ResponseWriter, m *mounted, x *Request) (a Answer) {
	ctx := x.HTTP.Context()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http compares it
			panic(p)
		}
		h.log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("request_id", x.ID), slog.Any("panic", p),
			slog.String("stack", string(debug.Stack())))
		a = m.Refuse(x, &noren.Error{Message: "panic"})
	}()
	a, err := h.run(ctx, w, m, x)
	if err != nil {
		return h.refuse(ctx, m, x, err)
	}
	return a
}

// run takes the request through its stations. Nothing of the body is read before the caller is known, may call, and
// is within pace.
func (h *Handler) run(ctx context.Context, w http.ResponseWriter, m *mounted, x *Request) (Answer, error) {
	if err := m.route(x); err != nil {
		return Answer{}, err
	}
	if permission := x.Route.Permission; !permission.public {
		caller, err := m.Authenticate(ctx, x.HTTP, x.Claim)
		if err != nil {
			return Answer{}, err
		}
		caller.RequestID = x.ID
		x.Caller = caller
		h.service.NoteUse(caller)
		if err := permission.check(caller); err != nil {
			return Answer{}, err
		}
	}
	if err := h.take(ctx, m, x); err != nil {
		return Answer{}, err
	}
	if x.HTTP.Method != http.MethodGet && x.HTTP.Method != http.MethodHead {
		if err := x.takeBody(w); err != nil {
			return Answer{}, err
		}
	}
	return h.handle(ctx, m, x)
}

// refuse words the error, logs it where it is ours, and adds the headers that every dialect owes.
func (h *Handler) refuse(ctx context.Context, m *mounted, x *Request, err error) Answer {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		// The client has gone away: nobody reads this, and nothing is broken.
		err = &noren.Error{Kind: noren.Unavailable, Message: "the client closed the connection", Err: err}
	}
	a := m.Refuse(x, err)
	var wait time.Duration
	if e, ok := errors.AsType[*noren.Error](err); ok {
		wait = e.RetryAfter
	}
	switch {
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable, wait > 0:
		a = a.With("Retry-After", retryAfter(wait))
	}
	if e, ok := errors.AsType[*MethodError](err); ok {
		a = a.With("Allow", strings.Join(e.Allow, ", "))
	}
	if a.Status >= http.StatusInternalServerError {
		level := slog.LevelError
		if a.Status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		h.log.LogAttrs(ctx, level, "request failed", slog.String("request_id", x.ID),
			slog.String("error", fmt.Sprint(err)))
	}
	return a
}
