package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"noren"
)

// mounted is a dialect with its routes prepared for matching.
type mounted struct {
	Dialect
	paths  []routedPath // patterns with literal segments before those with variables
	limits *limits      // nil: no rate limits
}

// routedPath is one pattern with its routes by method.
type routedPath struct {
	pattern  string
	segments []string
	methods  map[string]*Route
}

// mount checks the dialect's routes: each must declare its permission, and none may occur twice.
func mount(d Dialect) (*mounted, error) {
	m := &mounted{Dialect: d}
	for _, route := range d.Routes() {
		if !route.Permission.declared {
			return nil, fmt.Errorf("web: %s %s of %s declares no permission", route.Method, route.Pattern, d.Name())
		}
		i := slices.IndexFunc(m.paths, func(p routedPath) bool { return p.pattern == route.Pattern })
		if i < 0 {
			i = len(m.paths)
			m.paths = append(m.paths, routedPath{route.Pattern, split(route.Pattern), make(map[string]*Route)})
		}
		// A route declared twice would hide one of its two permissions.
		if m.paths[i].methods[route.Method] != nil {
			return nil, fmt.Errorf("web: %s has %s %s twice", d.Name(), route.Method, route.Pattern)
		}
		m.paths[i].methods[route.Method] = &route
	}
	slices.SortStableFunc(m.paths, func(a, b routedPath) int { return slices.CompareFunc(a.segments, b.segments, literalFirst) })
	return m, nil
}

// claim finds the dialect that a request belongs to; nil if it is for none.
func (h *Handler) claim(r *http.Request) (*mounted, Claim) {
	path := segmentPath(r.URL)
	for _, m := range h.dialects {
		claim, mine := m.Claim(path)
		switch {
		case !mine:
			continue
		case claim.Shared:
			// The credential says more than the path: whoever has one of another dialect speaks that.
			if other := h.knowing(r.Header); other != nil && other != m {
				return other, Claim{Path: path}
			}
		}
		return m, claim
	}
	if h.isPage(r) {
		return nil, Claim{}
	}
	return h.knowing(r.Header), Claim{Path: path}
}

// knowing returns the dialect that recognizes the credential in the headers, or nil.
func (h *Handler) knowing(header http.Header) *mounted {
	for _, m := range h.dialects {
		if k, ok := m.Dialect.(Knowing); ok && k.Knows(header) {
			return m
		}
	}
	return nil
}

// segmentEscaper escapes what would end a segment, or look like an escape in it.
var segmentEscaper = strings.NewReplacer("%", "%25", "/", "%2F")

// segmentPath returns the path with each segment decoded, in which a slash that was written as %2F stays one: it is part of
// a name, as in a%2Fb@example.com, and separates nothing.
func segmentPath(u *url.URL) string {
	escaped := u.EscapedPath()
	if !strings.Contains(escaped, "%") {
		return u.Path
	}
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = segmentEscaper.Replace(plain)
		}
	}
	return strings.Join(segments, "/")
}

// segmentText returns a segment of such a path as the client meant it.
func segmentText(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		return plain
	}
	return segment
}

// split returns the segments of a path. Slashes at either end are ignored; Claim decides whether a trailing one is
// allowed.
func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// variable returns the name in {name}.
func variable(segment string) (name string, ok bool) {
	return strings.TrimSuffix(strings.TrimPrefix(segment, "{"), "}"), strings.HasPrefix(segment, "{")
}

// literalFirst orders /customers/bulk before /customers/{id}, whatever the order of the routes.
func literalFirst(a, b string) int {
	_, va := variable(a)
	_, vb := variable(b)
	switch {
	case va == vb:
		return 0
	case va:
		return 1
	default:
		return -1
	}
}

// route fills in the request's route and variables. The path is matched first, then the method: GET /customers/bulk is
// a wrong method on the bulk endpoint, not a request for the customer "bulk".
func (m *mounted) route(x *Request) error {
	segments := split(x.Claim.Path)
	for _, p := range m.paths {
		vars, ok := p.match(segments)
		if !ok {
			continue
		}
		x.Vars = vars
		method := x.HTTP.Method
		if method == http.MethodHead {
			method = http.MethodGet // net/http omits the body
		}
		if x.Route = p.methods[method]; x.Route == nil {
			return &MethodError{Allow: p.allow()}
		}
		return nil
	}
	return &noren.Error{Kind: noren.NotFound, Field: FieldPath, Message: "no such endpoint"}
}

// match returns the values of the pattern's variables if the path matches the pattern.
func (p routedPath) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(p.segments) {
		return nil, false
	}
	var vars map[string]string
	for i, s := range p.segments {
		name, isVar := variable(s)
		switch {
		case !isVar && s != segments[i]:
			return nil, false
		case isVar && vars == nil:
			vars = map[string]string{name: segmentText(segments[i])}
		case isVar:
			vars[name] = segmentText(segments[i])
		}
	}
	return vars, true
}

// allow lists the methods of the path, for the Allow header.
func (p routedPath) allow() []string {
	var methods []string
	for method := range p.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return methods
}
