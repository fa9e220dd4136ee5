// Package console is the user interface for people: staff who look a member up at the counter, and operators who ask
// what became of a request. It speaks HTML to a browser as the dialects speak JSON to programs: it calls the service
// with a Caller of its own and holds neither rules nor SQL. Pages are made on the server; htmx replaces parts of them.
package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"noren"
	"noren/web"
)

// Config is what the console needs.
type Config struct {
	Service *noren.Service
	Files   Files
	BaseURL string // by which browsers reach the server; "": taken from each request
	Version string // of the server
	Dialects
}

// prefix begins the path of every page.
const prefix = "/console"

// Console implements web.Dialect. It is made by New.
type Console struct {
	Config
	list   []route
	words  map[string]text
	assets *assets
	origin *http.CrossOriginProtection
}

// New makes the console. It is an error if a route declares neither that it is open nor the least role, if a message is
// given twice, or if the base URL is malformed.
func New(c Config) (*Console, error) {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	d := &Console{Config: c, origin: http.NewCrossOriginProtection()}
	if c.BaseURL != "" {
		// A proxy may ask us by another name than the browser knows.
		u, err := url.Parse(c.BaseURL)
		if err != nil {
			return nil, err
		}
		if err := d.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, err
		}
	}
	var err error
	if d.words, err = vocabulary(); err != nil {
		return nil, err
	}
	if d.assets, err = newAssets(); err != nil {
		return nil, err
	}
	d.list = d.table()
	for _, r := range d.list {
		if !r.open && !slices.Contains(noren.Roles(), r.least) {
			return nil, errors.New("console: " + r.method + " " + r.pattern + " declares nobody who may use it")
		}
	}
	return d, nil
}

// Name is part of web.Dialect.
func (d *Console) Name() noren.Dialect { return noren.Console }

// OpenAPI is part of web.Dialect. There is none: the console is for people.
func (d *Console) OpenAPI() []byte { return nil }

// Claim takes /console and what is below it.
func (d *Console) Claim(path string) (web.Claim, bool) {
	return web.Claim{Path: path}, path == prefix || strings.HasPrefix(path, prefix+"/")
}

// Paces is part of web.Dialect. People are not held to a pace, but where they sign in.
func (d *Console) Paces() web.Paces { return web.Paces{} }

// PaceKey is part of web.Dialect.
func (d *Console) PaceKey(*web.Request) string { return "" }

// Routes is part of web.Dialect. Scopes of a console user are the roles that they have.
func (d *Console) Routes() []web.Route {
	routes := make([]web.Route, len(d.list))
	for i, r := range d.list {
		permission := web.AnyScope(string(r.least))
		if r.open {
			permission = web.Public()
		}
		routes[i] = web.Route{
			Method: r.method, Pattern: prefix + r.pattern, Permission: permission, BodyLimit: r.bodyLimit,
			Handle: func(ctx context.Context, x *web.Request) (web.Answer, error) { return d.serve(ctx, r, x) },
		}
		if r.stream {
			routes[i].Stream = wholeBody
		}
		if r.method != http.MethodGet {
			routes[i].Class = web.Write
		}
		if r.stream {
			routes[i].Stream = wholeBody
		}
	}
	return routes
}

// wholeBody leaves all of the body to the handler.
func wholeBody(r *http.Request) (web.Stream, error) {
	return web.Stream{Reader: r.Body, ContentType: r.Header.Get("Content-Type")}, nil
}

// Authenticate is part of web.Dialect.
func (d *Console) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	v, err := d.Service.Visit(ctx, secretOf(r))
	return v.Caller, err
}

// serve runs one route. What another site makes the browser send is refused before anything is read of it: cookies that
// are SameSite=Lax do not come along, but a neighbour on the same domain is the same site.
func (d *Console) serve(ctx context.Context, r route, x *web.Request) (web.Answer, error) {
	if err := d.origin.Check(x.HTTP); err != nil {
		return web.Answer{}, &noren.Error{Kind: noren.Forbidden, Reason: reasonOrigin, Message: "the form is from another site", Err: err}
	}
	p := d.page(x)
	p.pattern = r.pattern
	if x.Body != nil {
		form, err := url.ParseQuery(string(x.Body))
		if err != nil {
			return web.Answer{}, &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "this is not a form", Err: err}
		}
		p.form = form
	}
	a, err := r.handle(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.finish(a), nil
}

// reasonOrigin says that a request was made by a page of another site.
const reasonOrigin noren.Reason = "console_origin"

// Refuse is part of web.Dialect. Whoever is not signed in is asked to; everything else is a page with a sentence, or
// that sentence alone where a part of a page was asked for.
func (d *Console) Refuse(x *web.Request, err error) web.Answer {
	p := d.page(x)
	kind := noren.KindOf(err)
	status := web.Status(kind)
	if _, ok := errors.AsType[*web.MethodError](err); ok {
		status = http.StatusMethodNotAllowed
	}
	if kind == noren.Unauthenticated && status != http.StatusMethodNotAllowed {
		return p.askToSignIn()
	}
	failure := failure{status: status, words: p.sentence(status, err), reference: x.ID}
	view := failurePage(p, failure)
	if p.part() {
		view = failurePart(p, failure)
	}
	// The request's own context may have ended, and the page needs none.
	a, err := p.render(context.WithoutCancel(x.HTTP.Context()), status, view)
	if err != nil {
		a = web.Answer{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(failure.words)}
	}
	return p.finish(a)
}

// sentence says what went wrong to the person at the screen.
func (p *page) sentence(status int, err error) string {
	e, _ := errors.AsType[*noren.Error](err)
	switch {
	case e != nil && e.Reason == reasonOrigin:
		return p.T("error.origin")
	case e != nil && e.Reason == noren.ReasonIdempotency:
		return p.T("error.sent_before")
	case status == http.StatusTooManyRequests:
		return p.T("error.429", int64(e.RetryAfter.Seconds())+1)
	case p.console.words["error."+http.StatusText(status)] != (text{}):
		return p.T("error." + http.StatusText(status))
	case status < http.StatusInternalServerError:
		return p.T("error.Bad Request")
	default:
		return p.T("error.Internal Server Error")
	}
}
