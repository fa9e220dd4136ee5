package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"noren"
	"noren/web"
)

// page is one request on its way to becoming HTML. Templates get it as p.
type page struct {
	console  *Console
	x        *web.Request
	lang     language
	pattern  string     // of the route, below /console
	form     url.Values // of a POST
	problems problems   // what is wrong with the form
}

// page prepares an answer. The caller is nobody on open routes and where the request was refused early.
func (d *Console) page(x *web.Request) *page {
	return &page{console: d, x: x, lang: languageOf(x.HTTP)}
}

// caller is who asks.
func (p *page) caller() noren.Caller { return p.x.Caller }

// signedIn reports whether it is known who asks.
func (p *page) signedIn() bool { return p.x.Caller.Login != "" }

// can reports whether the user has the role.
func (p *page) can(least noren.Role) bool { return p.x.Caller.HasScope(string(least)) }

// part reports whether htmx asks for a part of a page rather than the whole.
func (p *page) part() bool {
	h := p.x.HTTP.Header
	return h.Get("HX-Request") == "true" && h.Get("HX-History-Restore-Request") != "true"
}

// query is a parameter of the address; "" where it is not there, or too long to mean anything.
func (p *page) query(name string) string {
	value := p.x.HTTP.URL.Query().Get(name)
	if len(value) > maxQuery {
		return ""
	}
	return storable(value)
}

// storable leaves out what no database stores: NUL, and bytes that are no characters. No keyboard types them.
func storable(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "") }

// maxQuery bounds a parameter of an address, in bytes.
const maxQuery = 1000

// field is what was typed into a field of the form, trimmed, with line breaks as other systems write them.
func (p *page) field(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(storable(p.form.Get(name)), "\r\n", "\n"))
}

// id is the number in the path. NotFound where it is none: then there is nothing of that number either.
func (p *page) id(name string) (int64, error) {
	id, err := strconv.ParseInt(p.x.Vars[name], 10, 64)
	if err != nil || id <= 0 {
		return 0, &noren.Error{Kind: noren.NotFound, Field: name, Value: p.x.Vars[name], Err: err}
	}
	return id, nil
}

// link is the address of a page, given by its path below /console.
func (p *page) link(path string) templ.SafeURL { return templ.SafeURL(prefix + path) }

// redirect sends the browser to a page after a form, or instead of a page that is none.
func (p *page) redirect(path string) web.Answer {
	return web.Answer{Status: http.StatusSeeOther}.With("Location", string(p.link(path)))
}

// done is redirect with the message to be shown there, whose key begins with "done.".
func (p *page) done(message, path string) web.Answer {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return p.redirect(path + separator + "done=" + strings.TrimPrefix(message, "done."))
}

// notice is the message that a deed left for this page; "" where there is none.
func (p *page) notice() string {
	key := "done." + p.query("done")
	if _, known := p.console.words[key]; !known {
		return ""
	}
	return p.T(key)
}

// show answers a page or a part of one.
func (p *page) show(ctx context.Context, view templ.Component) (web.Answer, error) {
	return p.render(ctx, http.StatusOK, view)
}

// showAgain answers a page whose form has to be corrected.
func (p *page) showAgain(ctx context.Context, view templ.Component) (web.Answer, error) {
	return p.render(ctx, http.StatusUnprocessableEntity, view)
}

// render writes the whole view before any of it is sent, so that an error becomes an error page and not half of one.
func (p *page) render(ctx context.Context, status int, view templ.Component) (web.Answer, error) {
	var b bytes.Buffer
	if err := view.Render(ctx, &b); err != nil {
		return web.Answer{}, fmt.Errorf("rendering %s: %w", p.pattern, err)
	}
	return web.Answer{Status: status, ContentType: "text/html; charset=utf-8", Body: b.Bytes()}, nil
}

// contentSecurityPolicy lets a page use files of our own and nothing else: no script or style inside a page runs.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// finish adds what every answer has.
func (p *page) finish(a web.Answer) web.Answer {
	header := a.Header
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Frame-Options", "DENY")
	// Not no-referrer: a browser would then send forms with the origin "null".
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	header.Add("Vary", "Accept-Encoding, Accept-Language, Cookie, HX-Request")
	a.Header = header
	return p.compress(a)
}

// leastCompressed is the size below which compressing is not worth its header, in bytes.
const leastCompressed = 1 << 10

// compress makes a page a fifth of its size where the browser can read it then. What is compressed holds no secret that
// could be guessed from its length: sessions are in cookies.
func (p *page) compress(a web.Answer) web.Answer {
	if len(a.Body) < leastCompressed || a.Header.Get("Content-Encoding") != "" || !p.acceptsGzip() {
		return a
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one that there is
	_, _ = w.Write(a.Body)                          // to memory
	_ = w.Close()
	a.Body = b.Bytes()
	return a.With("Content-Encoding", "gzip")
}

func (p *page) acceptsGzip() bool {
	for coding := range strings.SplitSeq(p.x.HTTP.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" && strings.TrimSpace(quality) != "q=0" {
			return true
		}
	}
	return false
}

// zone is the tenant's.
func (p *page) zone() *time.Location { return p.x.Caller.Tenant.Location() }

// at writes an instant to the minute, in the tenant's zone.
func (p *page) at(t time.Time) string { return t.In(p.zone()).Format("2006-01-02 15:04") }

// number writes an integer with a comma between thousands.
func (p *page) number(n int64) string {
	text := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(text, "-")
	sign := strings.TrimSuffix(text, digits)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// problems is what is wrong with a form, in sentences by field; "" is the form as a whole.
type problems map[string]string

// wrong notes what is wrong with a field; the first complaint stays.
func (p *page) wrong(field, sentence string) {
	if p.problems == nil {
		p.problems = make(problems)
	}
	if _, noted := p.problems[field]; !noted {
		p.problems[field] = sentence
	}
}

// refused notes what the service refused the form for, and answers true; false where the error is not about the form.
// rename says where the page has other names for fields than the domain.
func (p *page) refused(err error, rename map[string]string) bool {
	list, ok := errors.AsType[noren.Refusals](err)
	if e, one := errors.AsType[*noren.Error](err); !ok && one && e.Kind == noren.Invalid {
		list, ok = noren.Refusals{e}, true
	}
	for _, e := range list {
		field := e.Field
		if name, renamed := rename[field]; renamed {
			field = name
		}
		key := "reason." + string(e.Reason)
		switch _, known := p.console.words[key]; {
		case known:
			p.wrong(field, p.T(key))
		case e.Kind == noren.Conflict:
			p.wrong(field, p.T("reason.taken"))
		default:
			p.wrong(field, p.T("reason.invalid"))
		}
	}
	return ok
}

// once makes a form count once, however often it is sent: it carries a token, under which the deed is kept with its
// effect. A page with such a form has to show @onceField. Where the deed was done before, the service answers what was
// kept, and the page goes on as if it had just been done.
func (p *page) once() *noren.Once {
	token := p.form.Get("once")
	if token == "" || len(token) > maxQuery {
		return nil
	}
	body := []byte(p.form.Encode())
	return &noren.Once{
		Key:      noren.IdempotencyKey{Route: "console " + p.caller().Login + " " + p.pattern, Key: token},
		BodyHash: noren.HashSecret(string(body)),
		Render:   func(any) noren.KeptAnswer { return noren.KeptAnswer{Status: http.StatusSeeOther} },
	}
}
