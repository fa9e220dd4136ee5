package console

import (
	"context"
	"net/http"
	"slices"

	"noren"
	"noren/web"
)

// route is a page or an action. New refuses a route that declares neither open nor least, so none is open by mistake.
type route struct {
	method, pattern string     // the pattern is below /console; {name} stands for one segment
	least           noren.Role // the lowest role that may use it
	open            bool       // anybody may use it, signed in or not
	nav             string     // the message that names it in the navigation; "": not in it
	handle          handler
	bodyLimit       int64 // in bytes; 0: maxForm
	stream          bool  // the handler reads the body itself, as for uploads
	traced          bool  // the audit log tells who has read it
	// page is the pattern of the page with the route's form, below /console. "?{name}" adds a field of the form to its query.
	page   string
	secret bool     // what is typed into the form is not brought back after signing in again
	params []string // of the address of a list, which refuses others; nil: it is no list
}

// asks names the parameters of a list's address.
func (r route) asks(params ...string) route {
	r.params = params
	return r
}

// hides marks a form with secrets.
func (r route) hides() route {
	r.secret = true
	return r
}

// on names the page with the form of a route. A failure leads back to it.
func (r route) on(pattern string) route {
	r.page = pattern
	return r
}

// traces marks a page whose handler writes to the audit log that it was read.
func (r route) traces() route {
	r.traced = true
	return r
}

// ofMember is a page that shows the member {id}: the audit log tells who has seen it.
func (d *Console) ofMember(pattern string, least noren.Role, handle handler) route {
	return get(pattern, least, func(ctx context.Context, p *page) (web.Answer, error) {
		a, err := handle(ctx, p)
		if err != nil {
			return a, err
		}
		id, err := p.id("id")
		if err == nil {
			err = d.note(ctx, p, "view", number(id), "viewed")
		}
		return a, err
	}).traces()
}

// handler handles the request of a page. p has the caller and the form.
type handler func(ctx context.Context, p *page) (web.Answer, error)

// maxForm is the largest form, in bytes: two notes of ten thousand characters, of up to nine bytes each when escaped.
const maxForm = 256 << 10

// table returns all routes. The navigation has the same order.
func (d *Console) table() []route {
	list := slices.Concat(
		d.shellRoutes(),
		d.accountRoutes(),
		d.secondFactorRoutes(),
		d.homeRoutes(),
		d.memberRoutes(),
		d.pointRoutes(),
		d.rankRoutes(),
		d.earningRoutes(),
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

// get is a route that only reads.
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

// openToAll makes the route usable without signing in.
func (r route) openToAll() route {
	r.open = true
	return r
}

// shellRoutes are the routes that every page needs.
func (d *Console) shellRoutes() []route {
	return []route{
		get("/static/{version}/{name}", "", d.asset).openToAll(),
		post("/language", "", d.setLanguage).openToAll(),
	}
}

// navigation lists the routes of the navigation that the user may use.
func (p *page) navigation() []route {
	var list []route
	for _, r := range p.console.list {
		if r.nav != "" && p.can(r.least) {
			list = append(list, r)
		}
	}
	return list
}
