// Package dialect has what the dialects below it share: a table of endpoints, from which both the server's routes and
// the OpenAPI document are made, and helpers for requests and refusals. It knows no vendor: what differs between them
// is in their tables.
package dialect

import (
	"fmt"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// Spec describes a dialect.
type Spec struct {
	Name               noren.Dialect
	Title, Description string // of the OpenAPI document
	Version            string // of the server
	Servers            []wire.APIServer
	Schemas            []wire.Property // the components that endpoints refer to
	Security           []wire.Pair     // scheme by name; any one of them is enough on every route that is not public
	RateLimits         web.RateLimits
	Refusal            *wire.Content    // the body of refusals, except those that an endpoint describes itself
	Denied             []int            // statuses for callers without permission, on every route that is not public
	Names              []wire.Parameter // what {name} in paths stands for, if not a number as {…_id} is
	Header             []wire.Parameter // headers of every route that is not public
	Endpoints          []Endpoint
}

// Table is a dialect's endpoints, and the methods of web.Dialect that follow from them. A dialect embeds it.
type Table struct {
	name       noren.Dialect
	rateLimits web.RateLimits
	routes     []web.Route
	document   []byte
}

// New makes the table. It makes the document once, because it never changes.
func New(s Spec) *Table {
	t := &Table{name: s.Name, rateLimits: s.RateLimits, document: s.document()}
	for _, e := range s.Endpoints {
		t.routes = append(t.routes, e.strict().Route)
	}
	return t
}

// Name implements web.Dialect.
func (t *Table) Name() noren.Dialect { return t.name }

// Routes implements web.Dialect.
func (t *Table) Routes() []web.Route { return t.routes }

// OpenAPI implements web.Dialect.
func (t *Table) OpenAPI() []byte { return t.document }

// RateLimits implements web.Dialect.
func (t *Table) RateLimits() web.RateLimits { return t.rateLimits }

// RateKey implements web.Dialect. Requests count by tenant and client.
func (t *Table) RateKey(x *web.Request) string {
	return fmt.Sprintf("%d:%d", x.Caller.Tenant.ID, x.Caller.Client.ID)
}

// Under reports whether path is the prefix or below it, and returns what follows the prefix: "" or a path that begins
// with a slash. A trailing slash makes no difference.
func Under(prefix, path string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(strings.TrimSuffix(path, "/"), prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}
