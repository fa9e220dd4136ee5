// Package web is the side of the server that faces the socket. It finds the dialect and the route of a request, asks
// who is calling and whether they may, holds them to their pace, reads the body within limits, and writes the answer.
// It knows no dialect: what differs between them is behind the interface Dialect.
package web

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"noren"
)

// Dialect is one API that clients speak. Its methods are called concurrently.
type Dialect interface {
	// Name is the dialect's name in metrics, logs and the address of its OpenAPI document.
	Name() noren.Dialect
	// Claim says whether the path is one of the dialect's, and which of its routes' paths it stands for.
	Claim(path string) (Claim, bool)
	// Routes lists every endpoint. It is read once.
	Routes() []Route
	// Authenticate finds who calls. It is not asked on public routes. Unauthenticated where nobody can be found.
	Authenticate(ctx context.Context, r *http.Request, claim Claim) (noren.Caller, error)
	// Refuse words an error as the dialect's clients know it. Errors that are not noren.Error or MethodError are
	// internal: their text must not be shown.
	Refuse(x *Request, err error) Answer
	// Paces are the limits that the dialect documents; a zero pace is no limit.
	Paces() Paces
	// PaceKey says whose requests are counted together.
	PaceKey(x *Request) string
	// OpenAPI is the dialect's OpenAPI document; nil where people use it and not programs.
	OpenAPI() []byte
}

// Claim is a path as a dialect understood it.
type Claim struct {
	Path     string // as the routes have it, such as /customers/bulk
	Contract string // the contract id in the path; "" where the path has none
}

// Class tells requests that change something from those that do not: they have paces of their own, and only writes
// take an Idempotency-Key.
type Class uint8

// The classes.
const (
	Read Class = iota
	Write
)

// Route is one endpoint.
type Route struct {
	Method     string
	Pattern    string // segments divided by slashes; {name} stands for any one segment
	Permission Permission
	Class      Class
	// BodyLimit is the largest body, in bytes; 0 is MaxBody.
	BodyLimit int64
	// Stream, where it is set, finds in the body what the handler reads by itself, from x.Stream; x.Body is nil then. It
	// is what an Idempotency-Key stands for: of a form the file and not the boundary, which clients make anew each time
	// they send it. Errors of reading are to be answered as they are.
	Stream func(r *http.Request) (Stream, error)
	Handle func(ctx context.Context, x *Request) (Answer, error)
}

// Stream is the part of a body that is read while it arrives.
type Stream struct {
	io.Reader
	ContentType string // as the client declares it
}

// bodyLimit is the largest body that the route takes, in bytes.
func (r *Route) bodyLimit() int64 { return cmp.Or(r.BodyLimit, MaxBody) }

// Permission says who may use a route. The zero Permission is no declaration, and NewHandler refuses it.
type Permission struct {
	declared bool
	public   bool
	scopes   []string
	plans    []noren.Plan
}

// Public is the permission of a route that anybody may use.
func Public() Permission { return Permission{declared: true, public: true} }

// AnyScope is the permission of a route for credentials that carry at least one of the scopes.
func AnyScope(scopes ...string) Permission { return Permission{declared: true, scopes: scopes} }

// On limits the permission to tenants with one of the plans.
func (p Permission) On(plans ...noren.Plan) Permission {
	p.plans = plans
	return p
}

// Scopes lists the scopes of which one is enough; none for a public route.
func (p Permission) Scopes() []string { return p.scopes }

// Plans lists the plans that include the route; none where all do.
func (p Permission) Plans() []noren.Plan { return p.plans }

// Scopes lists the scopes that the dialect's routes ask for, sorted: all that is of any use to its clients.
func Scopes(d Dialect) []string {
	scopes := []string{}
	for _, r := range d.Routes() {
		scopes = append(scopes, r.Permission.scopes...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// check answers Forbidden, naming what would be enough, where the caller may not.
func (p Permission) check(c noren.Caller) error {
	if len(p.plans) > 0 && !slices.Contains(p.plans, c.Tenant.Plan) {
		names := make([]string, len(p.plans))
		for i, plan := range p.plans {
			names[i] = string(plan)
		}
		return &noren.Error{
			Kind: noren.Forbidden, Reason: noren.ReasonPlan, Value: strings.Join(names, ", "),
			Message: "the tenant's plan does not include this endpoint",
		}
	}
	if !c.HasScope(p.scopes...) {
		return &noren.Error{
			Kind: noren.Forbidden, Reason: noren.ReasonScope, Value: strings.Join(p.scopes, ", "),
			Message: "the credential lacks the scope",
		}
	}
	return nil
}

// Answer is what is sent back.
type Answer struct {
	Status      int
	Header      http.Header // besides Content-Type and Content-Length; may be nil
	ContentType string
	Body        []byte
	// Stream is sent instead of Body; of HEAD requests it is not read. It is closed in any case.
	Stream io.ReadCloser
	Length int64 // how many bytes Stream gives; -1 where that shows only at its end
}

// With adds a header to the answer.
func (a Answer) With(name, value string) Answer {
	if a.Header == nil {
		a.Header = make(http.Header)
	}
	a.Header.Add(name, value)
	return a
}

// MethodError says that the path exists, but not with this method. The dialect words it; web adds the Allow header.
type MethodError struct{ Allow []string }

// Error names the methods that would do.
func (e *MethodError) Error() string {
	return "the method is not one of " + strings.Join(e.Allow, ", ")
}

// FieldPath is the Field of the NotFound error for a path that the dialect claims but has no route for.
const FieldPath = "path"

// Status is the HTTP status that most dialects give to a kind of failure.
func Status(kind noren.Kind) int {
	switch kind {
	case noren.Invalid:
		return http.StatusBadRequest
	case noren.Unauthenticated:
		return http.StatusUnauthorized
	case noren.Forbidden:
		return http.StatusForbidden
	case noren.NotFound:
		return http.StatusNotFound
	case noren.Conflict:
		return http.StatusConflict
	case noren.TooLarge:
		return http.StatusRequestEntityTooLarge
	case noren.TooMany:
		return http.StatusTooManyRequests
	case noren.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
