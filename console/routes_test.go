package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"noren"
)

// target is a path that the pattern matches, with IDs of the other tenant or of nobody.
func (r route) target() string {
	segments := strings.Split(prefix+r.pattern, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "9"
		}
	}
	return strings.Join(segments, "/")
}

// TestEveryRouteOfEveryRole requests each route without signing in and as each role. Below the required role the refusal is the
// same whatever the IDs; otherwise another tenant's IDs do not exist.
func TestEveryRouteOfEveryRole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range b.console.table() {
		t.Run(r.method+" "+r.pattern, func(t *testing.T) {
			t.Parallel()
			if nobody := b.browser().do(r.method, r.target(), strings.NewReader("")); !r.open && nobody.Code != http.StatusSeeOther {
				t.Errorf("nobody: %d", nobody.Code)
			} else if location := nobody.Header().Get("Location"); !r.open && !strings.HasPrefix(location, "/console/sign-in") {
				t.Errorf("nobody is sent to %q", location)
			}
			for i, login := range []string{"viewer", "staff", "admin"} {
				a := b.as(login).post(r.target(), url.Values{})
				if r.method == http.MethodGet {
					a = b.as(login).get(r.target())
				}
				allowed := r.open || slices.Index(noren.Roles(), r.least) <= i
				switch {
				case a.Code >= 500:
					t.Errorf("%s: %d %s", login, a.Code, textOf(a))
				case allowed == (a.Code == http.StatusForbidden):
					t.Errorf("%s: %d, want allowed: %t", login, a.Code, allowed)
				case allowed && strings.Contains(r.pattern, "{id}") && a.Code != http.StatusNotFound && a.Code != http.StatusUnprocessableEntity:
					t.Errorf("%s: %d for another tenant's id", login, a.Code)
				}
				if strings.Contains(a.Body.String(), "他社") {
					t.Errorf("%s sees what is the other tenant's:\n%s", login, textOf(a))
				}
			}
		})
	}
}

// TestUndeclaredRouteIsRefused makes sure that forgetting a role opens nothing.
func TestUndeclaredRouteIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range b.console.table() {
		if r.open != (r.least == "") {
			t.Errorf("%s %s: open %t, least role %q", r.method, r.pattern, r.open, r.least)
		}
	}
	for _, r := range b.console.Routes() {
		if scopes := r.Permission.Scopes(); len(scopes) == 1 && scopes[0] == "" {
			t.Errorf("%s %s asks for a role without a name", r.Method, r.Pattern)
		}
	}
}

// TestHeaders checks the security headers of every page.
func TestHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	for _, target := range []string{"/console/account", "/console/sign-in", "/console/nowhere", "/console/members?q=%"} {
		h := w.get(target).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": contentSecurityPolicy, "X-Frame-Options": "DENY", "Cache-Control": "no-store",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if h.Get("X-Request-Id") == "" {
			t.Errorf("%s has no request id", target)
		}
	}
	if strings.Contains(contentSecurityPolicy, "unsafe") || strings.Contains(contentSecurityPolicy, "data:") {
		t.Error("the content security policy lets something in")
	}
}

// TestNoInlineScriptOrStyle searches the pages for what the content security policy would block.
func TestNoInlineScriptOrStyle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	for _, r := range b.console.table() {
		if r.method != http.MethodGet || strings.Contains(r.pattern, "{") {
			continue
		}
		body := w.get(prefix + r.pattern).Body.String()
		for _, bad := range []string{" style=", "<style", "<script>", " onclick=", " onload=", "javascript:"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", r.pattern, bad)
			}
		}
		if len(body) > 100<<10 {
			t.Errorf("%s has %d bytes", r.pattern, len(body))
		}
	}
}

// TestFormsOfOtherSites: forms of other sites are refused, even if the browser sends the session.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	w := setup(t).as("admin")
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		if a := w.post("/console/sign-out-everywhere", nil, header); a.Code != http.StatusForbidden || !strings.Contains(a.Body.String(), "別のサイト") {
			t.Errorf("%s: %d", header, a.Code)
		}
	}
	a := w.do(http.MethodPost, "/console/sign-out-everywhere", nil, "Origin: https://evil.example")
	if a.Code != http.StatusForbidden {
		t.Errorf("another origin: %d", a.Code)
	}
	w.shows("/console/account", "admin")
}

// TestRefusals: errors are pages with a sentence and a reference, and parts of pages for htmx.
func TestRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("viewer")
	for _, c := range []struct {
		method, target string
		status         int
		words          string
	}{
		{"GET", "/console/nowhere", 404, "見つかりませんでした"},
		{"DELETE", "/console/account", 405, "この操作は行えません"},
		{"GET", "/console/static/x/..", 404, "見つかりませんでした"},
	} {
		a := w.do(c.method, c.target, nil)
		if a.Code != c.status || !strings.Contains(a.Body.String(), c.words) || !strings.Contains(a.Body.String(), a.Header().Get("X-Request-Id")) {
			t.Errorf("%s %s: %d %s", c.method, c.target, a.Code, textOf(a))
		}
	}
	part := w.get("/console/nowhere", "HX-Request: true")
	if part.Code != 404 || strings.Contains(part.Body.String(), "<html") || !strings.Contains(part.Body.String(), "見つかりません") {
		t.Errorf("%d %s", part.Code, part.Body)
	}
	out := b.browser().get("/console/members", "HX-Request: true")
	if out.Code != 401 || out.Header().Get("HX-Redirect") != "/console/sign-in" {
		t.Errorf("a part for nobody: %d %v", out.Code, out.Header())
	}
}

// TestFormTooLarge: too large a form is refused before it is read.
func TestFormTooLarge(t *testing.T) {
	t.Parallel()
	w := setup(t).as("admin")
	a := w.post("/console/account/password", url.Values{"password": {strings.Repeat("x", maxForm)}})
	if a.Code != http.StatusRequestEntityTooLarge || !strings.Contains(a.Body.String(), "大きすぎます") {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
}

// TestNoDocument: the console has no OpenAPI document.
func TestNoDocument(t *testing.T) {
	t.Parallel()
	w := setup(t).browser()
	w.shows("/", "/console/")
	if a := w.get("/openapi/console.json"); a.Code != http.StatusNotFound {
		t.Errorf("%d", a.Code)
	}
}
