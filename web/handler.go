package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/unit"
)

// Database is what requests ask of the engine itself.
type Database interface {
	Ping(ctx context.Context) (down []string, err error)
	OneLook(ctx context.Context, trusting bool) (looking context.Context, proved func() bool)
}

// Files is what is asked of the store of files besides storing them.
type Files interface {
	Check(ctx context.Context) error
	// Buffer is how much memory storing one file takes, in bytes.
	Buffer() int64
}

// Rooms are the use cases that every request takes, and the database that readiness asks.
type Rooms struct {
	Run      *unit.Runner
	Access   *access.Service
	Database Database
}

// Config is what a Handler is made from.
type Config struct {
	Rooms    Rooms
	Files    Files // nil: none are stored
	Dialects []Dialect
	Rates    *RateStore // nil: no rate limits
	Bodies   *Bodies    // nil: any number of them
	Metrics  *Metrics
	Log      *slog.Logger
	BaseURL  string         // the server's address for clients; "": taken from each request
	Hosts    []string       // values of the Host header that links may repeat
	Proxies  []netip.Prefix // proxies trusted to tell the client's address
	Version  string
}

// Handler serves every request: those to the dialects, and the pages for operators.
type Handler struct {
	rooms    Rooms
	files    Files
	dialects []*mounted
	bodies   *Bodies
	metrics  *Metrics
	log      *slog.Logger
	baseURL  string
	hosts    []string
	proxies  []netip.Prefix
	pages    *http.ServeMux
	guesses  *guesses
}

// NewHandler makes a Handler. It fails if a route declares no permission.
func NewHandler(c Config) (*Handler, error) {
	h := &Handler{
		rooms: c.Rooms, files: c.Files, metrics: c.Metrics, log: c.Log, baseURL: c.BaseURL, hosts: c.Hosts, proxies: c.Proxies,
		guesses: newGuesses(c.Rooms.Run.Now),
	}
	if h.bodies = c.Bodies; h.bodies == nil {
		h.bodies = NewBodies(0)
	}
	if c.Bodies != nil && h.metrics != nil {
		h.metrics.bodies(c.Bodies)
	}
	for _, d := range c.Dialects {
		m, err := mount(d)
		if err != nil {
			return nil, err
		}
		m.limits = c.Rates.limits(d)
		h.dialects = append(h.dialects, m)
	}
	h.pages = h.newPages(c.Version)
	return h, nil
}

// ServeHTTP finds the dialect by the path. Paths that no dialect claims are the operators' pages.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := &Request{
		HTTP: r, ID: requestID(), Theirs: theirRequestID(r), Address: clientAddress(r, h.proxies), BaseURL: baseURL(h.baseURL, h.hosts, r),
	}
	x.Guesser = guesserOf(r, x.Address)
	r = r.WithContext(noren.WithOrigin(r.Context(), noren.Origin{Address: x.Address, RequestID: x.ID, ClientRequestID: x.Theirs}))
	x.HTTP = r
	w.Header().Set("X-Request-Id", x.Reference())
	if strings.HasPrefix(x.BaseURL, "https://") {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000") // a year; other hosts of the domain are not ours to speak for
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if m, claim := h.claim(r); m != nil {
		x.Claim = claim
		// After the response is written: until then the handler may read the body.
		defer func() { h.bodies.give(x.held.holder, x.held.bytes) }()
		a := h.answer(w, m, x)
		defer func() { h.record(m, x, a.Status, time.Since(start)) }() // deferred, so that it also runs if a stream breaks off
		if a.Stream != nil {
			h.writeStream(w, x, a)
		} else {
			write(w, a)
		}
		return
	}
	h.pages.ServeHTTP(w, r)
}

// write sends the response.
func write(w http.ResponseWriter, a Answer) {
	writeHeader(w, a, int64(len(a.Body)))
	_, _ = w.Write(a.Body) // the client may have gone away, which is not our error
}

// writeHeader sends everything but the body. A dialect's responses are meant for one caller, so no cache may store
// them.
func writeHeader(w http.ResponseWriter, a Answer, length int64) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	maps.Copy(header, a.Header)
	if a.ContentType != "" {
		header.Set("Content-Type", a.ContentType)
	}
	if length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	w.WriteHeader(a.Status)
}

// record writes the access log and the metrics. Paths are logged without the query, which may contain what people
// search for. Headers are not logged at all.
func (h *Handler) record(m *mounted, x *Request, status int, took time.Duration) {
	route := "unmatched"
	if x.Route != nil {
		route = x.Route.Pattern
	}
	h.metrics.request(string(m.Name()), route, x.HTTP.Method, status, took)
	h.log.LogAttrs(x.HTTP.Context(), slog.LevelInfo, "request",
		slog.String("method", x.HTTP.Method), slog.String("path", loggedPath(segmentPath(x.HTTP.URL))), slog.Int("status", status),
		slog.Duration("took", took), slog.String("request_id", x.Reference()), slog.String("own_id", x.ID),
		slog.String("dialect", string(m.Name())), slog.String("tenant", x.Caller.Tenant.Contract), slog.String("client", x.Caller.Client.Name),
		slog.String("address", x.Address))
}

// answer runs the request and words its error. A panic is a bug: it is logged, and the client sees no details.
func (h *Handler) answer(w http.ResponseWriter, m *mounted, x *Request) (a Answer) {
	ctx := x.HTTP.Context()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		// net/http handles this panic itself: it closes the connection without a log entry.
		if p == http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http compares it
			panic(p)
		}
		h.log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("request_id", x.Reference()), slog.String("own_id", x.ID), slog.Any("panic", p),
			slog.String("stack", string(debug.Stack())))
		a = m.Refuse(x, &noren.Error{Message: "panic"})
	}()
	a, err := h.run(ctx, w, m, x)
	if err != nil {
		return h.refuse(ctx, m, x, err)
	}
	return a
}

// run finds the route and serves the request. A request that only reads trusts what the engine remembers of clients and
// settings until its first read, which shows whether that was valid. If it was not, or if there was no such read, the
// request is served once more without trust.
func (h *Handler) run(ctx context.Context, w http.ResponseWriter, m *mounted, x *Request) (Answer, error) {
	if err := m.route(x); err != nil {
		return Answer{}, err
	}
	if x.Route.Class == Read && bodiless(x.HTTP.Method) && !x.Route.Traced {
		trusting, proved := h.rooms.Database.OneLook(ctx, true)
		a, err := h.serve(trusting, w, m, x)
		if proved() {
			return a, err
		}
		if a.Stream != nil {
			// Opened for nothing: the request is served again.
			_ = a.Stream.Close()
		}
	}
	looking, _ := h.rooms.Database.OneLook(ctx, false)
	return h.serve(looking, w, m, x)
}

// bodiless reports whether requests with the method have no body that is read.
func bodiless(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// serve takes the request through its steps. The body is not read before the caller is known, has permission and is
// within the rate limit.
func (h *Handler) serve(ctx context.Context, w http.ResponseWriter, m *mounted, x *Request) (Answer, error) {
	if permission := x.Route.Permission; !permission.public {
		caller, err := h.authenticate(ctx, m, x)
		if err != nil {
			h.keepBody(w, x, err)
			return Answer{}, err
		}
		caller.RequestID = x.ID
		x.Caller = caller
		// Before the permission check: a refused request shows that the client is in use, too.
		h.rooms.Access.NoteUse(caller)
		if err := permission.check(caller); err != nil {
			return Answer{}, err
		}
	}
	// A request that is served a second time counts once.
	if !x.counted {
		if err := h.take(ctx, m, x); err != nil {
			return Answer{}, err
		}
		x.counted = true
	}
	if !bodiless(x.HTTP.Method) {
		if err := h.takeBody(w, x); err != nil {
			return Answer{}, err
		}
	}
	if x.Route.Permission.guarded {
		return h.handleGuarded(ctx, m, x)
	}
	a, err := h.handle(ctx, m, x)
	if x.Route.Permission.signed && noren.KindOf(err) == noren.Unauthenticated {
		err = h.wrongSignature(x, err)
	}
	return a, err
}

// wrongSignature counts a wrong signature, and returns the error to refuse it with.
func (h *Handler) wrongSignature(x *Request, refused error) error {
	credential := sha256.Sum256(x.Body)
	if err := h.guesses.check(x.Guesser, credential); err != nil {
		return err
	}
	h.guesses.note(x.Guesser, credential, false)
	return refused
}

// keepBody reads the body of a request that was refused for want of a session, where the route brings it back after signing in.
func (h *Handler) keepBody(w http.ResponseWriter, x *Request, refused error) {
	if !x.Route.Keeps || noren.KindOf(refused) != noren.Unauthenticated || x.Body != nil {
		return
	}
	if err := h.takeBody(w, x); err != nil {
		x.Body = nil // as without it
	}
}

// authenticate finds the caller, unless too many credentials from the same address were wrong.
func (h *Handler) authenticate(ctx context.Context, m *mounted, x *Request) (noren.Caller, error) {
	credential, given := presented(x.HTTP)
	if given {
		if err := h.guesses.check(x.Guesser, credential); err != nil {
			return noren.Caller{}, err
		}
	}
	caller, err := m.Authenticate(ctx, x.HTTP, x.Claim)
	// Another error, such as a database that is away, tells nothing about the credential.
	wrong := noren.KindOf(err) == noren.Unauthenticated
	// A request that is served a second time is one guess.
	if given && (err == nil || wrong && !x.guessed) {
		h.guesses.note(x.Guesser, credential, err == nil)
		x.guessed = wrong
	}
	return caller, err
}

// handleGuarded is handle for a route whose body has a credential.
func (h *Handler) handleGuarded(ctx context.Context, m *mounted, x *Request) (Answer, error) {
	credential := sha256.Sum256([]byte(x.HTTP.Header.Get("Authorization") + "\n" + string(x.Body)))
	if err := h.guesses.check(x.Guesser, credential); err != nil {
		return Answer{}, err
	}
	a, err := h.handle(ctx, m, x)
	if err == nil && (a.Status == http.StatusUnauthorized || a.Status < http.StatusMultipleChoices) {
		h.guesses.note(x.Guesser, credential, a.Status != http.StatusUnauthorized)
	}
	if err == nil && x.Issued != "" {
		h.guesses.note(x.Guesser, credentialOf(x.Issued, ""), true)
	}
	return a, err
}

// refuse words the error, logs it if it is ours, and adds the headers that all dialects need.
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
		h.log.LogAttrs(ctx, level, "request failed", slog.String("request_id", x.Reference()),
			slog.String("error", fmt.Sprint(err)), slog.String("own_id", x.ID))
	}
	return a
}
