package console

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"noren/web"
)

// The cookies. The browser sends them to the console alone, and no script can read them.
const (
	cookieSession  = "noren_console"
	cookieLanguage = "noren_language"
)

// secretOf is what the browser holds of a session; "" where it holds none.
func secretOf(r *http.Request) string {
	c, err := r.Cookie(cookieSession)
	if err != nil {
		return ""
	}
	return c.Value
}

// cookie makes a cookie of the console. Where the console is reached by HTTPS it never goes over plain HTTP.
func (p *page) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: prefix + "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(p.x.BaseURL, "https://"),
	}
}

// holding has the browser hold the secret until it is closed, or until the session ends; "" has it forget.
func (p *page) holding(a web.Answer, secret string) web.Answer {
	seconds := 0
	if secret == "" {
		seconds = -1
	}
	return a.With("Set-Cookie", p.cookie(cookieSession, secret, seconds).String())
}

// askToSignIn sends the browser to the sign-in page, and from there back to what it asked for.
func (p *page) askToSignIn() web.Answer {
	target := prefix + "/sign-in"
	r := p.x.HTTP
	if r.Method == http.MethodGet && !p.part() && r.URL.Path != prefix && r.URL.Path != prefix+"/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	if p.part() {
		return p.finish(web.Answer{Status: http.StatusUnauthorized}.With("HX-Redirect", target))
	}
	return p.finish(web.Answer{Status: http.StatusSeeOther}.With("Location", target))
}

// ownPage is the address if it is one of the console, else the first page: a link to us must not lead elsewhere.
func ownPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, prefix+"/") || strings.ContainsAny(address, "\\\r\n") {
		return prefix + "/"
	}
	return address
}

// guesser is the address that failures to sign in are counted by. A whole network of IPv6 belongs to one customer. A
// proxy on this machine says nothing of who guesses, so nothing is counted by its address.
func guesser(x *web.Request) string {
	address, err := netip.ParseAddr(x.Address)
	if err != nil {
		return ""
	}
	switch {
	case address.IsLoopback():
		return ""
	case address.Is6():
		network, _ := address.Prefix(64) // 64 bits are not too many
		return network.String()
	default:
		return address.String()
	}
}
