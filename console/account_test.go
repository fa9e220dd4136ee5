package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/shop"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	if a := w.get("/console/members?q=山"); a.Header().Get("Location") != "/console/sign-in?next=%2Fconsole%2Fmembers%3Fq%3D%E5%B1%B1" {
		t.Errorf("sent to %s", a.Header().Get("Location"))
	}
	for _, wrong := range [][3]string{
		{contract, "admin", "wrong"},
		{contract, "nobody", password},
		{stranger, "staff", password},
		{"nowhere", "admin", password},
		{contract, "admin", ""},
		{"", "", ""},
		{contract, "Admin", password},
		{contract, "staff", strings.Repeat("x", 1000)},
	} {
		a := b.browser().signIn(wrong[0], wrong[1], wrong[2], http.StatusUnauthorized)
		if !strings.Contains(a.Body.String(), "組み合わせが正しくありません") || strings.Contains(a.Body.String(), "wrong\"") {
			t.Errorf("%v: %s", wrong, textOf(a))
		}
	}
	a := w.post("/console/sign-in", url.Values{
		"contract": {contract}, "login": {"admin"}, "password": {password}, "next": {"/console/members?q=%E5%B1%B1"},
	})
	if a.Header().Get("Location") != "/console/members?q=%E5%B1%B1" {
		t.Errorf("sent to %s", a.Header().Get("Location"))
	}
	cookie := a.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/console/" || cookie.Secure || cookie.MaxAge != 0 {
		t.Errorf("the cookie is %s", cookie)
	}
	w.shows("/console/account", "sb_test", "admin", "管理者", "すべて", "2026-04-01 12:00")
	if strings.Contains(b.log.String(), cookie.Value) || strings.Contains(b.log.String(), password) {
		t.Error("the log has a secret")
	}
	if !strings.Contains(b.log.String(), "client=admin") {
		t.Error("the access log does not say who it was")
	}
}

// TestSecureCookie checks the cookie of a server that is reached by HTTPS.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.console.BaseURL = "https://noren.example"
	p := b.console.page(newRequest("https://noren.example"))
	for _, name := range []string{cookieSession, cookieLanguage, cookieDevice} {
		c := p.cookie(name, "x", 0)
		if !c.Secure || c.Name != "__Host-"+name || c.Path != "/" || c.Domain != "" || !c.HttpOnly {
			t.Errorf("the cookie is %s", c)
		}
		// A cookie that another host of the domain has set does not count.
		p.x.HTTP.AddCookie(&http.Cookie{Name: name, Value: "planted"})
		if got := b.console.cookieOf(p.x.HTTP, name); got != "" {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// TestSoleContract: the contract ID is filled in if there is only one tenant.
func TestSoleContract(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.browser().lacks(b.browser().shows("/console/sign-in"), contract)
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("viewer")
	// A session in use continues; an idle one does not.
	for range 4 {
		b.clock.Advance(access.SessionIdle - time.Minute)
		w.shows("/console/account")
	}
	b.clock.Advance(access.SessionIdle)
	if a := w.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("a session that was left alone: %d", a.Code)
	}
	// No session lasts for ever.
	w = b.as("viewer")
	for range 5 {
		b.clock.Advance(access.SessionIdle - time.Minute)
		w.shows("/console/account")
	}
	b.clock.Advance(access.SessionLife - 5*(access.SessionIdle-time.Minute))
	if a := w.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("a session of twelve hours: %d", a.Code)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, elsewhere, other := b.as("staff"), b.as("staff"), b.as("viewer")
	held := w.cookies[cookieSession]
	if a := w.post("/console/sign-out", nil); a.Code != http.StatusSeeOther || w.cookies[cookieSession] != "" {
		t.Errorf("%d, cookies %v", a.Code, w.cookies)
	}
	w.cookies[cookieSession] = held
	if a := w.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("the cookie still works: %d", a.Code)
	}
	elsewhere.shows("/console/account")
	third := b.as("staff")
	third.post("/console/sign-out-everywhere", nil)
	if a := elsewhere.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("another session of the user: %d", a.Code)
	}
	other.shows("/console/account")
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, elsewhere := b.as("staff"), b.as("staff")
	change := func(old, changed, again string) *httptest.ResponseRecorder {
		return w.post("/console/account/password", url.Values{"password": {old}, "new_password": {changed}, "again": {again}})
	}
	const better = "あたらしいパスワード"
	for _, c := range []struct{ old, changed, again, words string }{
		{password, better, better + "x", "新しいパスワードと一致しません"},
		{password, "短い", "短い", "10文字以上200文字以内"},
		{password, strings.Repeat("　", 10), strings.Repeat("　", 10), "10文字以上200文字以内"}, // blanks alone
		{password, strings.Repeat("ｶﾞ", 5), strings.Repeat("ｶﾞ", 5), "10文字以上200文字以内"}, // five characters
		{password, password, password, "現在とは異なるパスワード"},
		{"wrong", better, better, "現在のパスワードが正しくありません"},
	} {
		if a := change(c.old, c.changed, c.again); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), c.words) {
			t.Errorf("%q: %d %s", c.words, a.Code, textOf(a))
		}
	}
	if a := change(password, better, better); a.Header().Get("Location") != "/console/account" {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	w.shows("/console/account", "パスワードを変更しました")
	if a := elsewhere.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("another session of the user: %d", a.Code)
	}
	b.browser().signIn(contract, "staff", password, http.StatusUnauthorized)
	b.browser().signIn(contract, "staff", better, http.StatusSeeOther)
}

// TestGuessing: guessing a password makes the login wait, longer each time but not for ever, and no other login.
func TestGuessing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	guess := func(status int) *httptest.ResponseRecorder {
		t.Helper()
		return b.browser().signIn(contract, "admin", "wrong", status)
	}
	for range 5 {
		guess(http.StatusUnauthorized)
	}
	a := b.browser().signIn(contract, "admin", password, http.StatusTooManyRequests)
	if !strings.Contains(a.Body.String(), "6秒後") {
		t.Errorf("%v %s", a.Header(), textOf(a))
	}
	b.as("staff")
	for _, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		b.clock.Advance(wait - time.Second)
		guess(http.StatusTooManyRequests)
		b.clock.Advance(time.Second)
		guess(http.StatusUnauthorized)
	}
	b.clock.Advance(15 * time.Minute)
	b.as("admin")
	guess(http.StatusUnauthorized) // and the count starts again
	b.as("admin")
}

// TestGuessingManyLogins: guessing at many logins makes the address wait, whether or not the logins exist.
func TestGuessingManyLogins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := 0
	for i := range 40 {
		w := b.browser()
		w.address = "198.51.100.7"
		a := w.post("/console/sign-in", url.Values{"contract": {contract}, "login": {strings.Repeat("x", i+1)}, "password": {"x"}})
		if a.Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 19 {
		t.Errorf("%d of 40 were refused", refused)
	}
	b.as("viewer")
	for address, want := range map[string]string{
		"127.0.0.1": "", "::1": "", "192.0.2.7": "192.0.2.7", "2001:db8:1:2::/64": "2001:db8:1:2::/64",
	} {
		x := newRequest("http://localhost")
		x.Guesser = address
		if got := guesser(x); got != want {
			t.Errorf("%s is counted as %q", address, got)
		}
	}
}

// TestRoleIsThatOfNow: a lower role takes effect at once, in sessions that are open too.
func TestRoleIsThatOfNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	shop := shop.Shop{Contract: contract, ConsoleUsers: []shop.ConsoleUser{{Login: "admin", Password: password, Role: noren.Viewer}}}
	if _, err := b.rooms.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	if a := w.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("the session of a user who was changed: %d", a.Code)
	}
	b.as("admin").shows("/console/account", "閲覧")
}

// TestKnownDevice: a person who fails with somebody's login does not lock them out of a browser in which they have signed in before, and
// a proxy on the same machine does not hide who fails.
func TestKnownDevice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.browser()
	owner.signIn(contract, "staff", password, http.StatusSeeOther)
	owner.post("/console/sign-out", nil)
	attacker, stranger := b.browser(), b.browser()
	wrong := url.Values{"contract": {contract}, "login": {"staff"}, "password": {"wrong wrong wrong"}}
	for range 10 {
		attacker.post("/console/sign-in", wrong)
	}
	stranger.signIn(contract, "staff", password, http.StatusTooManyRequests)
	owner.signIn(contract, "staff", password, http.StatusSeeOther)
	// The device is no way around the wait: it has its own, and another login's does not count.
	for range 10 {
		owner.post("/console/sign-in", wrong)
	}
	owner.signIn(contract, "staff", password, http.StatusTooManyRequests)
	attacker.cookies[cookieDevice] = strings.Repeat("A", 26) + ".AAAA"
	attacker.signIn(contract, "staff", password, http.StatusTooManyRequests)
	// Behind a proxy on this machine each visitor is counted alone.
	refused := 0
	for i := range 40 {
		w := b.browser()
		w.address = "127.0.0.1"
		a := w.post("/console/sign-in", url.Values{"contract": {contract}, "login": {strings.Repeat("y", i+1)}, "password": {"x"}}, "X-Forwarded-For: 192.0.2.99")
		if a.Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("guessing behind a local proxy is not slowed")
	}
}
