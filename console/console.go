// Package console is the user interface for people: staff who look up a member at the counter, and operators who check the
// result of a request. It speaks HTML to browsers as the dialects speak JSON to programs: it calls the service with its own
// Caller and contains neither rules nor SQL. Pages are rendered on the server; htmx replaces parts of them.
package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"noren"
	"noren/app/access"
	"noren/app/audit"
	"noren/app/bulk"
	"noren/app/imports"
	"noren/app/inbox"
	"noren/app/members"
	"noren/app/points"
	"noren/app/privacy"
	"noren/app/purchases"
	"noren/app/ranks"
	"noren/app/stock"
	"noren/web"
)

// Rooms are the use cases that the console shows to people.
type Rooms struct {
	Now       func() time.Time
	Access    *access.Service
	Audit     *audit.Service
	Bulk      *bulk.Service
	Imports   *imports.Service
	Inbox     *inbox.Service
	Members   *members.Service
	Points    *points.Service
	Privacy   *privacy.Service
	Purchases *purchases.Service
	Ranks     *ranks.Service
	Stock     *stock.Service
}

// Config is what the console needs from outside.
type Config struct {
	Rooms Rooms
	Files members.FileStore // stores the files that people attach
	// FilePaths returns the function that turns an attachment into the path and query of its file's temporary address.
	// view is whether a browser may show the file instead of saving it.
	FilePaths func(ctx context.Context, t noren.Tenant) (path func(a noren.Attachment, view bool) string, err error)
	BaseURL   string // the URL by which browsers reach the server; "": taken from each request
	Version   string // of the server
	Dialects
}

// prefix is the first part of the path of every page.
const prefix = "/console"

// Console implements web.Dialect. Use New to make one.
type Console struct {
	Config
	list []route
	// byMethod has the routes by method and pattern, as "POST /members".
	byMethod map[string]route
	words    map[string]text
	assets   *assets
	origin   *http.CrossOriginProtection
}

// New returns a console. It returns an error if a route declares neither that it is open nor the role it requires, if a
// message is defined twice, or if the base URL is malformed.
func New(c Config) (*Console, error) {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	d := &Console{Config: c, origin: http.NewCrossOriginProtection()}
	if c.BaseURL != "" {
		// Behind a proxy, the host of a request may differ from the one in the browser's Origin header.
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
	d.byMethod = make(map[string]route, len(d.list))
	for _, r := range d.list {
		d.byMethod[r.method+" "+r.pattern] = r
		if !r.open && !slices.Contains(noren.Roles(), r.least) {
			return nil, errors.New("console: " + r.method + " " + r.pattern + " must declare the role it requires, or that it is open")
		}
	}
	return d, nil
}

// Name is part of web.Dialect.
func (d *Console) Name() noren.Dialect { return noren.Console }

// OpenAPI is part of web.Dialect. The console has no document: it is for people.
func (d *Console) OpenAPI() []byte { return nil }

// Claim claims /console and everything below it.
func (d *Console) Claim(path string) (web.Claim, bool) {
	return web.Claim{Path: path}, path == prefix || strings.HasPrefix(path, prefix+"/")
}

// RateLimits is part of web.Dialect. People have no rate limit; only failed sign-ins make them wait.
func (d *Console) RateLimits() web.RateLimits { return web.RateLimits{} }

// RateKey is part of web.Dialect.
func (d *Console) RateKey(*web.Request) string { return "" }

// Routes is part of web.Dialect. The scopes of a console user are the user's role and all lower ones.
func (d *Console) Routes() []web.Route {
	routes := make([]web.Route, len(d.list))
	for i, r := range d.list {
		permission := web.AnyScope(string(r.least))
		if r.open {
			permission = web.Public()
		}
		routes[i] = web.Route{
			Method: r.method, Pattern: prefix + r.pattern, Permission: permission, BodyLimit: r.bodyLimit, Traced: r.traced,
			Handle: func(ctx context.Context, x *web.Request) (web.Answer, error) { return d.serve(ctx, r, x) },
		}
		if r.stream {
			routes[i].Stream = wholeBody
		}
		if r.method != http.MethodGet {
			routes[i].Class = web.Write
			routes[i].Keeps = r.page != "" && !r.stream && !r.secret
		}
	}
	return routes
}

// wholeBody passes the unread body to the handler.
func wholeBody(r *http.Request) (web.Stream, error) {
	return web.Stream{Reader: r.Body, ContentType: r.Header.Get("Content-Type")}, nil
}

// Authenticate is part of web.Dialect.
func (d *Console) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	v, err := d.Rooms.Access.Visit(ctx, d.cookieOf(r, cookieSession))
	return v.Caller, err
}

// serve runs one route. Requests that another site makes the browser send are refused before anything is read. SameSite=Lax
// cookies alone do not suffice: another host of the same domain is the same site.
func (d *Console) serve(ctx context.Context, r route, x *web.Request) (web.Answer, error) {
	if err := d.origin.Check(x.HTTP); err != nil {
		return web.Answer{}, &noren.Error{Kind: noren.Forbidden, Reason: reasonOrigin, Message: "the form is from another site", Err: err}
	}
	p := d.page(x)
	p.pattern = r.pattern
	if _, err := x.Query(); err != nil {
		return web.Answer{}, err
	}
	var err error
	if x.Body != nil {
		if p.form, err = x.Form(); err != nil {
			return web.Answer{}, err
		}
	}
	if r.params != nil {
		p.checkAddress(r.params)
	}
	a, err := r.handle(ctx, p)
	// Told in place of what a list without the parameter would show, or of what went wrong with it.
	if p.unusable != nil {
		return web.Answer{}, p.unusable
	}
	if err != nil {
		return web.Answer{}, err
	}
	return p.finish(a), nil
}

// reasonOrigin is the reason for refusing a request that a page of another site made.
const reasonOrigin noren.Reason = "console_origin"

// Refuse is part of web.Dialect. A user who is not signed in is sent to the sign-in page; every other error is a page with
// a sentence, or just the sentence if a part of a page was requested.
func (d *Console) Refuse(x *web.Request, err error) web.Answer {
	p := d.page(x)
	kind := noren.KindOf(err)
	status := web.Status(kind)
	if _, ok := errors.AsType[*web.MethodError](err); ok {
		status = http.StatusMethodNotAllowed
	}
	if kind == noren.Unauthenticated && status != http.StatusMethodNotAllowed {
		return p.askToSignIn(context.WithoutCancel(x.HTTP.Context()))
	}
	failure := failure{status: status, words: p.sentence(status, err), reference: x.ID}
	if _, ok := errors.AsType[*unusable](err); ok {
		failure.open = x.HTTP.URL.EscapedPath()
	}
	view := failurePage(p, failure)
	if p.part() {
		view = failurePart(p, failure)
	}
	// The context of the request may have ended, which is no reason not to render the page.
	a, err := p.render(context.WithoutCancel(x.HTTP.Context()), status, view)
	if err != nil {
		a = web.Answer{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(failure.words)}
	}
	return p.finish(a)
}

// later shows a page for who has to wait, with the header that programs wait by.
func (p *page) later(ctx context.Context, err error, view templ.Component) (web.Answer, error) {
	a, renderErr := p.render(ctx, http.StatusTooManyRequests, view)
	if e, ok := errors.AsType[*noren.Error](err); ok {
		a = a.With("Retry-After", strconv.FormatInt(int64(e.RetryAfter.Seconds())+1, 10))
	}
	return a, renderErr
}

// sentence is the error in the words of the page. The text of err is for the log: it is English and may name internals.
func (p *page) sentence(status int, err error) string {
	e, _ := errors.AsType[*noren.Error](err)
	u, isUnusable := errors.AsType[*unusable](err)
	switch {
	case isUnusable:
		return p.T("address.unusable", u.name, u.value, u.why)
	case e != nil && e.Reason == reasonOrigin:
		return p.T("error.origin")
	case e != nil && e.Reason == noren.ReasonIdempotency:
		return p.T("error.sent_before")
	case status == http.StatusTooManyRequests:
		return p.T("error.429", int64(e.RetryAfter.Seconds())+1)
	case status == http.StatusRequestEntityTooLarge && p.x.Route != nil:
		return p.T("error.Request Entity Too Large", p.bytes(p.x.Route.BodyLimit))
	case p.console.words["error."+http.StatusText(status)] != (text{}):
		return p.T("error." + http.StatusText(status))
	case status < http.StatusInternalServerError:
		return p.T("error.Bad Request")
	default:
		return p.T("error.Internal Server Error")
	}
}
