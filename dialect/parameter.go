package dialect

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"noren"
	"noren/web"
)

// UnknownParameters is the error of a request whose query has parameters that the endpoint does not have. Ignoring a filter
// would return everything where something was asked for, and the client would take all of it for its answer.
type UnknownParameters struct {
	Names []string // sorted
	Known []string // in the order of the document
}

// Error names the parameters.
func (u UnknownParameters) Error() string {
	return "the endpoint has no parameter " + strings.Join(u.Names, ", ")
}

// Unwrap gives the error its kind, with the same words.
func (u UnknownParameters) Unwrap() error {
	return &noren.Error{Kind: noren.Invalid, Message: u.Error()}
}

// strict makes an endpoint that reads or deletes refuse parameters that its description does not have: what looks as if it only tried
// must not delete. Addresses that were signed here are public, and nobody adds filters to them.
func (e Endpoint) strict() Endpoint {
	if e.Method != http.MethodGet && e.Method != http.MethodDelete || e.Permission.IsPublic() {
		return e
	}
	var known []string
	for _, p := range e.doc.Parameters {
		if p.In == "query" {
			known = append(known, p.Name)
		}
	}
	handle := e.Handle
	e.Handle = func(ctx context.Context, x *web.Request) (web.Answer, error) {
		query, err := url.ParseQuery(x.HTTP.URL.RawQuery)
		if err != nil {
			return handle(ctx, x) // which refuses it in its own words
		}
		unknown := slices.DeleteFunc(slices.Sorted(maps.Keys(query)), func(name string) bool {
			return slices.Contains(known, name) || !filters(name)
		})
		if len(unknown) > 0 {
			for i, name := range unknown {
				unknown[i] = Cut(strings.ToValidUTF8(name, "?"))
			}
			return web.Answer{}, UnknownParameters{unknown, known}
		}
		return handle(ctx, x)
	}
	return e
}

// filters reports whether a parameter may be meant to filter. One that begins with an underscore is what libraries add so that
// no cache answers, and utm_… is what mail programs add.
func filters(name string) bool {
	return name != "" && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "utm_")
}
