package console

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"noren/web"
)

// The cookies. Scripts cannot read them.
const (
	cookieSession  = "noren_console"
	cookieLanguage = "noren_language"
	cookieDevice   = "noren_device"
)

// hostPrefix makes browsers accept a cookie from this host only, by HTTPS: another host of the domain cannot set one.
const hostPrefix = "__Host-"

// cookieOf returns the value of a cookie; "" if there is none. Over HTTPS only cookies with the prefix count.
func (d *Console) cookieOf(r *http.Request, name string) string {
	if d.secure(r) {
		name = hostPrefix + name
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// secure reports whether browsers reach the console by HTTPS.
func (d *Console) secure(r *http.Request) bool {
	return strings.HasPrefix(d.BaseURL, "https://") || d.BaseURL == "" && r.TLS != nil
}

// cookie makes a cookie of the console. If the console is reached by HTTPS, the cookie is never sent over plain HTTP.
func (p *page) cookie(name, value string, seconds int) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: value, Path: prefix + "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if p.console.secure(p.x.HTTP) {
		c.Name, c.Path, c.Secure = hostPrefix+name, "/", true
	}
	return c
}

// holding sets the session cookie, which lasts until the browser is closed; "" deletes it. The server ends the session
// by itself.
func (p *page) holding(a web.Answer, secret string) web.Answer {
	seconds := 0
	if secret == "" {
		seconds = -1
	}
	return a.With("Set-Cookie", p.cookie(cookieSession, secret, seconds).String())
}

// askToSignIn redirects to the sign-in page, which returns to the requested page afterwards. A form would be lost in the
// redirect: the sign-in page is shown at once then, and carries what was typed.
func (p *page) askToSignIn(ctx context.Context) web.Answer {
	target := prefix + "/sign-in"
	r := p.x.HTTP
	if kept, typed := p.keep(); typed && !p.part() {
		user := p.console.cookieOf(r, cookieUser)
		sealed, err := p.console.sealed(ctx, kept, user)
		if err == nil && sealed != "" {
			p.wrong("", p.T("form.session_ended"))
			a := p.signInAgain(ctx, signInForm{next: kept.Page, kept: sealed})
			return a.With("Set-Cookie", p.cookie(cookieKept, user, keptSeconds).String())
		}
		// Better lost than readable by whoever comes next.
		p.wrong("", p.T("form.not_kept"))
		return p.signInAgain(ctx, signInForm{next: kept.Page})
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") && p.formPage() != "" {
		p.wrong("", p.T("form.file_again"))
		return p.signInAgain(ctx, signInForm{next: p.formPage()})
	}
	if r.Method == http.MethodGet && !p.part() && r.URL.Path != prefix && r.URL.Path != prefix+"/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	// htmx would put the sign-in page into a part of this page, so it is told to leave the page.
	if p.part() {
		return p.finish(web.Answer{Status: http.StatusUnauthorized}.With("HX-Redirect", target))
	}
	return p.finish(web.Answer{Status: http.StatusSeeOther}.With("Location", target))
}

// signInAgain shows the sign-in page in the place of what was requested, or redirects to it if it cannot be shown.
func (p *page) signInAgain(ctx context.Context, form signInForm) web.Answer {
	var err error
	if form.contract, err = p.console.Rooms.Access.SoleContract(ctx); err == nil {
		if a, err := p.render(ctx, http.StatusUnauthorized, signInView(p, form)); err == nil {
			return p.finish(a)
		}
	}
	return p.finish(web.Answer{Status: http.StatusSeeOther}.With("Location", prefix+"/sign-in"))
}

// ownPage is the address if it is in the console, otherwise the first page: a link to the console must not redirect to
// another site.
func ownPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, prefix+"/") || strings.ContainsAny(address, "\\\r\n") {
		return prefix + "/"
	}
	return address
}

// guesser is the address by which failed sign-ins are counted. This machine itself identifies nobody, so nothing is counted
// by it; a proxy on it says whom it speaks for.
func guesser(x *web.Request) string {
	if address, err := netip.ParseAddr(x.Guesser); err == nil && address.IsLoopback() {
		return ""
	}
	return x.Guesser
}
