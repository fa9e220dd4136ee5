package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"noren"
	"noren/app/unit"
	"noren/web"
)

// page is a request that is being rendered as HTML. Templates receive it as p.
type page struct {
	console  *Console
	x        *web.Request
	lang     language
	pattern  string     // of the route, below /console
	asked    url.Values // the query of the address; none where it cannot be read, which serve refuses
	form     url.Values // of a POST
	problems problems   // what is wrong with the form
	unusable *unusable  // the first parameter of the address that cannot be used; nil: none
	names    auditNames // of what the entries on a page of the audit log refer to

	measuring   bool         // the view is rendered to find its fields
	fields      []shownField // of the view, in order
	noticeShown bool
	question    question   // that the form asks
	keeping     bool       // the page carries a form that was sent after the session had ended; another language would lose it
	refill      url.Values // what was typed before the session ended, to show again; nil: nothing
}

// page begins a page. On open routes, and if the request was refused early, its caller is empty.
func (d *Console) page(x *web.Request) *page {
	asked, _ := x.Query()
	return &page{console: d, x: x, lang: d.languageOf(x.HTTP), asked: asked}
}

// caller is the user who made the request.
func (p *page) caller() noren.Caller { return p.x.Caller }

// wholeTenant reports whether the user is not restricted to one store.
func (p *page) wholeTenant() bool { return p.caller().WholeTenant() == nil }

// signedIn reports whether the user is known.
func (p *page) signedIn() bool { return p.x.Caller.Login != "" }

// can reports whether the user has the role.
func (p *page) can(least noren.Role) bool { return p.x.Caller.HasScope(string(least)) }

// part reports whether htmx requests a part of a page. When it restores history it needs the whole page.
func (p *page) part() bool {
	h := p.x.HTTP.Header
	return h.Get("HX-Request") == "true" && h.Get("HX-History-Restore-Request") != "true"
}

// query is a parameter of the address; "" if it is absent or too long to be meaningful.
func (p *page) query(name string) string {
	value := p.asked.Get(name)
	if len(value) > maxQuery {
		return ""
	}
	return value
}

// maxQuery is the longest parameter of an address, in bytes.
const maxQuery = 1000

// field is the content of a field of the form, trimmed. Browsers send line breaks as CRLF; other systems write LF, and the
// same note must not differ by the way it was entered.
func (p *page) field(name string) string { return asTyped(p.form.Get(name)) }

// asTyped is a text as a field of a form gives it.
func asTyped(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// id is the ID in the path. If it is not a number, the error is NotFound, as for an ID that does not exist.
func (p *page) id(name string) (int64, error) {
	id, err := strconv.ParseInt(p.x.Vars[name], 10, 64)
	if err != nil || id <= 0 {
		return 0, &noren.Error{Kind: noren.NotFound, Field: name, Value: p.x.Vars[name], Err: err}
	}
	return id, nil
}

// link is the address of a page, given by its path below /console.
func (p *page) link(path string) templ.SafeURL { return templ.SafeURL(prefix + path) }

// redirect sends the browser to another page with a GET. After a form this keeps a reload from sending the form again.
func (p *page) redirect(path string) web.Answer {
	return web.Answer{Status: http.StatusSeeOther}.With("Location", string(p.link(path)))
}

// show returns a page or a part of one.
func (p *page) show(ctx context.Context, view templ.Component) (web.Answer, error) {
	return p.render(ctx, http.StatusOK, view)
}

// showAgain returns a page whose form must be corrected.
func (p *page) showAgain(ctx context.Context, view templ.Component) (web.Answer, error) {
	return p.render(ctx, http.StatusUnprocessableEntity, view)
}

// render renders the whole view before any of it is sent, so that an error becomes an error page instead of half a page.
func (p *page) render(ctx context.Context, status int, view templ.Component) (web.Answer, error) {
	var b bytes.Buffer
	if len(p.problems) > 0 && p.fields == nil {
		// The summary stands above the fields that it names, so the page is rendered once to find them.
		p.measuring = true
		err := view.Render(ctx, io.Discard)
		if p.measuring = false; err != nil {
			return web.Answer{}, fmt.Errorf("rendering %s: %w", p.pattern, err)
		}
	}
	if err := view.Render(ctx, &b); err != nil {
		return web.Answer{}, fmt.Errorf("rendering %s: %w", p.pattern, err)
	}
	return web.Answer{Status: status, ContentType: "text/html; charset=utf-8", Body: b.Bytes()}, nil
}

// contentSecurityPolicy allows only files from this server. Scripts and styles inside a page do not run, so a member's name
// could not do harm even if a template failed to escape it.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// finish adds the headers of every response, and compresses it.
func (p *page) finish(a web.Answer) web.Answer {
	header := a.Header
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Frame-Options", "DENY")
	// Not no-referrer: browsers would then send forms with the origin "null", which the origin check refuses.
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	header.Add("Vary", "Accept-Encoding, Accept-Language, Cookie, HX-Request")
	a.Header = header
	if p.noticeShown {
		a.Header.Add("Set-Cookie", p.cookie(cookieNotice, "", -1).String())
	}
	return p.compress(a)
}

// leastCompressed is the smallest body that is compressed, in bytes. Below that, little is saved.
const leastCompressed = 1 << 10

// compress compresses a page to about a fifth if the browser accepts that. Compressed pages contain no secret that an
// attacker could guess from their length: sessions are in cookies.
func (p *page) compress(a web.Answer) web.Answer {
	if len(a.Body) < leastCompressed || a.Header.Get("Content-Encoding") != "" || !p.acceptsGzip() {
		return a
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // this level is valid
	_, _ = w.Write(a.Body)                          // writing to memory cannot fail
	_ = w.Close()
	a.Body = b.Bytes()
	return a.With("Content-Encoding", "gzip")
}

// acceptsGzip reports whether the browser accepts gzip. A quality other than 0 is not weighed: every browser that names gzip
// reads it.
func (p *page) acceptsGzip() bool {
	for coding := range strings.SplitSeq(p.x.HTTP.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" && strings.TrimSpace(quality) != "q=0" {
			return true
		}
	}
	return false
}

// zone is the tenant's time zone, in which all times are shown.
func (p *page) zone() *time.Location { return p.x.Caller.Tenant.Location() }

// at formats an instant to the minute, in the tenant's zone.
func (p *page) at(t time.Time) string { return t.In(p.zone()).Format("2006-01-02 15:04") }

// number formats an integer with commas between thousands.
func (p *page) number(n int64) string {
	text := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(text, "-")
	sign := strings.TrimSuffix(text, digits)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// refused records why the service refused the form and returns true; false if the error is not about the form. rename maps
// the domain's names of fields to those of the page, where they differ.
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

// once makes a form take effect once, however often it is sent: its token is stored with the effect. A page with such a
// form must include @onceField. If the form took effect before, the service returns the stored result, and the page
// continues as if it had happened just now.
func (p *page) once() *unit.Once {
	token := p.form.Get("once")
	if token == "" || len(token) > maxQuery {
		return nil
	}
	// The same token with other content is a conflict, so the content is hashed.
	body := []byte(p.form.Encode())
	return &unit.Once{
		Key:      p.x.Keyed(token),
		BodyHash: noren.HashSecret(string(body)),
		Render:   func(any) noren.KeptAnswer { return noren.KeptAnswer{Status: http.StatusSeeOther} },
	}
}
