package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"noren"
)

// mounted is a dialect with its routes made ready for matching.
type mounted struct {
	Dialect
	paths  []routedPath // those with literal segments before those with variables
	limits *limits      // nil: nobody is held to a pace
}

// routedPath is one pattern and its routes by method.
type routedPath struct {
	pattern  string
	segments []string
	methods  map[string]*Route
}

// mount checks the dialect's routes. Each must declare its permission, and no method and pattern may come twice.
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
		if m.paths[i].methods[route.Method] != nil {
			return nil, fmt.Errorf("web: %s has %s %s twice", d.Name(), route.Method, route.Pattern)
		}
		m.paths[i].methods[route.Method] = &route
	}
	slices.SortStableFunc(m.paths, func(a, b routedPath) int { return slices.CompareFunc(a.segments, b.segments, literalFirst) })
	return m, nil
}

// split takes a path apart. Slashes at both ends do not count; whether one at the end is allowed is up to Claim.
func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// variable answers the name in {name}.
func variable(segment string) (name string, ok bool) {
	return strings.TrimSuffix(strings.TrimPrefix(segment, "{"), "}"), strings.HasPrefix(segment, "{")
}

// literalFirst puts /customers/bulk before /customers/{id}, whatever the order of the routes.
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

// route fills in the request's route and variables. The path decides first, then the method: GET /customers/bulk is
// the wrong method of a bulk endpoint, not a customer called bulk.
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
			method = http.MethodGet // net/http leaves the body out
		}
		if x.Route = p.methods[method]; x.Route == nil {
			return &MethodError{Allow: p.allow()}
		}
		return nil
	}
	return &noren.Error{Kind: noren.NotFound, Field: FieldPath, Message: "there is no such endpoint"}
}

// match answers the segments that stand for the pattern's names, where the path follows the pattern.
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
			vars = map[string]string{name: segments[i]}
		case isVar:
			vars[name] = segments[i]
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
