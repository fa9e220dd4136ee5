package console

import (
	"context"
	"net/http"
	"slices"

	"noren"
	"noren/web"
)

// route is one page or one deed. Nobody may use a route that declares neither open nor least.
type route struct {
	method, pattern string     // the pattern is below /console; {name} stands for one segment
	least           noren.Role // who may use it, and every role above
	open            bool       // anybody may use it, signed in or not
	nav             string     // the message that names it in the navigation; "": it is not there
	handle          handler
	bodyLimit       int64 // in bytes; 0: maxForm
	stream          bool  // the handler reads the body by itself
}

// handler answers a request for a page that has been prepared.
type handler func(ctx context.Context, p *page) (web.Answer, error)

// maxForm is the largest form, in bytes: two notes of ten thousand characters, as they are escaped.
const maxForm = 256 << 10

// table is every route there is. The navigation is in the order of the table.
func (d *Console) table() []route {
	list := slices.Concat(
		d.shellRoutes(),
		d.accountRoutes(),
		d.memberRoutes(),
		d.rankRoutes(),
		d.stockRoutes(),
		d.bulkRoutes(),
		d.clientRoutes(),
		d.importRoutes(),
		d.auditRoutes(),
	)
	for i := range list {
		if list[i].bodyLimit == 0 {
			list[i].bodyLimit = maxForm
		}
	}
	return list
}

// get is a route that shows something.
func get(pattern string, least noren.Role, handle handler) route {
	return route{method: http.MethodGet, pattern: pattern, least: least, handle: handle}
}

// post is a route that changes something.
func post(pattern string, least noren.Role, handle handler) route {
	return route{method: http.MethodPost, pattern: pattern, least: least, handle: handle}
}

// named puts the route into the navigation.
func (r route) named(key string) route {
	r.nav = key
	return r
}

// openToAll lets anybody use the route.
func (r route) openToAll() route {
	r.open = true
	return r
}

// shellRoutes are what every page needs.
func (d *Console) shellRoutes() []route {
	return []route{
		get("/", noren.Viewer, d.home),
		get("/static/{version}/{name}", "", d.asset).openToAll(),
		post("/language", "", d.setLanguage).openToAll(),
	}
}

// home is the first page of the navigation that the user may see.
func (d *Console) home(_ context.Context, p *page) (web.Answer, error) {
	for _, r := range p.navigation() {
		return p.redirect(r.pattern), nil
	}
	return p.redirect("/account"), nil
}

// navigation lists what the user may go to.
func (p *page) navigation() []route {
	var list []route
	for _, r := range p.console.list {
		if r.nav != "" && p.can(r.least) {
			list = append(list, r)
		}
	}
	return list
}
