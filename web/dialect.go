// Package web is the side of the server that faces the socket. It finds the dialect and the route of a request,
// authenticates the caller and checks their permission and rate limit, reads the body within limits, and writes the
// response. It knows no dialect: what differs between them is behind the interface Dialect.
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
	// Name is the dialect's name in metrics, logs and the path of its OpenAPI document.
	Name() noren.Dialect
	// Claim reports whether the path belongs to the dialect, and which of its routes' paths it stands for. Each segment of
	// the path is decoded, except that a slash and a percent sign within one stay %2F and %25.
	Claim(path string) (Claim, bool)
	// Routes lists every endpoint. It is called once.
	Routes() []Route
	// Authenticate finds the caller. It is not called for public routes. Unauthenticated if the caller cannot be found.
	Authenticate(ctx context.Context, r *http.Request, claim Claim) (noren.Caller, error)
	// Refuse words an error as the dialect's clients know it. Errors that are not noren.Error or MethodError are internal,
	// and their text must not be shown.
	Refuse(x *Request, err error) Answer
	// RateLimits are the rate limits that the dialect documents; a zero RateLimit means no limit.
	RateLimits() RateLimits
	// RateKey returns the key under which the request counts for the rate limit.
	RateKey(x *Request) string
	// OpenAPI is the dialect's OpenAPI document; nil if it serves people, not programs.
	OpenAPI() []byte
}

// Claim is a path as the dialect understands it.
type Claim struct {
	Path     string // in the form of the routes, such as /customers/bulk
	Contract string // the contract id in the path; "" if the path has none
	Shared   bool   // other vendors' APIs have such paths too: the dialect that knows the credential gets the request
}

// Knowing is a Dialect that recognizes its clients' credentials by their form. It is asked about paths that are shared or that
// nobody claims, so that a client that asks for an API that is not served is told so in the form that it can read.
type Knowing interface {
	Dialect
	// Knows reports whether the headers have a credential of the dialect's form. Whether it is valid does not matter.
	Knows(header http.Header) bool
}

// Class separates requests that change something from those that do not: the two have separate rate limits, and only
// writes take an Idempotency-Key.
type Class uint8

// The classes.
const (
	Read Class = iota
	Write
)

// Route is one endpoint.
type Route struct {
	Method     string
	Pattern    string // segments separated by slashes; {name} stands for any one segment
	Permission Permission
	Class      Class
	// BodyLimit is the largest body, in bytes; 0 means MaxBody.
	BodyLimit int64
	// Stream, if set, finds the part of the body that the handler reads itself from x.Stream; x.Body is nil then. An
	// Idempotency-Key covers that part only: of a form the file, but not the boundary, which clients generate for each
	// try. Errors of reading must be returned unchanged.
	Stream func(r *http.Request) (Stream, error)
	// Keeps says that the body is read even if nobody is signed in: the refusal gives back what a person has typed.
	Keeps bool
	// Traced says of a read that it leaves a trace in the audit log. Other reads may be handled twice.
	Traced bool
	Handle func(ctx context.Context, x *Request) (Answer, error)
}

// Stream is the part of a body that is read while it arrives.
type Stream struct {
	io.Reader
	ContentType string // as declared by the client
	FileName    string // the same; "": it has declared none
}

// bodyLimit returns the largest body that the route accepts, in bytes.
func (r *Route) bodyLimit() int64 { return cmp.Or(r.BodyLimit, MaxBody) }

// Permission says who may use a route. The zero Permission declares nothing, and NewHandler refuses it.
type Permission struct {
	declared bool
	public   bool
	guarded  bool
	signed   bool
	scopes   []string
	plans    []noren.Plan
}

// Public returns the permission of a route that anybody may use.
func Public() Permission { return Permission{declared: true, public: true} }

// Guarded returns the permission of a route that anybody may use to present a credential in the body. A 401 of its handler
// counts as a wrong one.
func Guarded() Permission { return Permission{declared: true, public: true, guarded: true} }

// Signed returns the permission of a route that anybody may use whose body is signed, which its handler looks at: Unauthenticated
// counts as a wrong signature, and gets TooMany after too many of them. A right one is let through whatever its address did before: it
// cannot be a guess, and messages of several shops may come by one address.
func Signed() Permission { return Permission{declared: true, public: true, signed: true} }

// AnyScope returns the permission of a route for credentials with at least one of the scopes.
func AnyScope(scopes ...string) Permission { return Permission{declared: true, scopes: scopes} }

// On restricts the permission to tenants with one of the plans.
func (p Permission) On(plans ...noren.Plan) Permission {
	p.plans = plans
	return p
}

// IsPublic reports whether anybody may use the route.
func (p Permission) IsPublic() bool { return p.public }

// Scopes lists the scopes, any one of which is enough; none for a public route.
func (p Permission) Scopes() []string { return p.scopes }

// Plans lists the plans that include the route; none if all do.
func (p Permission) Plans() []noren.Plan { return p.plans }

// Scopes lists the scopes that the dialect's routes require, sorted. No other scope is of use to its clients.
func Scopes(d Dialect) []string {
	scopes := []string{}
	for _, r := range d.Routes() {
		scopes = append(scopes, r.Permission.scopes...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// check returns Forbidden, with what would be enough as Value, if the caller may not use the route.
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
			Message: "the credential does not have the scope",
		}
	}
	return nil
}

// Answer is a response.
type Answer struct {
	Status      int
	Header      http.Header // in addition to Content-Type and Content-Length; may be nil
	ContentType string
	Body        []byte
	// Stream is sent instead of Body. It is not read for HEAD requests, and it is always closed.
	Stream io.ReadCloser
	Length int64 // bytes in Stream; -1 if that is known only at its end
}

// With adds a header to the response.
func (a Answer) With(name, value string) Answer {
	if a.Header == nil {
		a.Header = make(http.Header)
	}
	a.Header.Add(name, value)
	return a
}

// MethodError means that the path exists, but not with this method. The dialect words it; web adds the Allow header.
type MethodError struct{ Allow []string }

// Error names the allowed methods.
func (e *MethodError) Error() string {
	return "the method must be one of " + strings.Join(e.Allow, ", ")
}

// FieldPath is the Field of the NotFound error for a path that the dialect claims but has no route for.
const FieldPath = "path"

// Status returns the HTTP status that most dialects use for a kind of failure.
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
