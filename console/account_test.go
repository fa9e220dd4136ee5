package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"noren"
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

// TestSecureCookie is where the server is known by HTTPS.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.console.page(newRequest("https://noren.example"))
	if c := p.cookie(cookieSession, "x", 0); !c.Secure {
		t.Errorf("the cookie is %s", c)
	}
}

// TestSoleContract is filled in where there is nothing to choose.
func TestSoleContract(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.browser().lacks(b.browser().shows("/console/sign-in"), contract)
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("viewer")
	// One that is used goes on; one that is left alone does not.
	for range 4 {
		b.clock.advance(noren.SessionIdle - time.Minute)
		w.shows("/console/account")
	}
	b.clock.advance(noren.SessionIdle)
	if a := w.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("a session that was left alone: %d", a.Code)
	}
	// None goes on for ever.
	w = b.as("viewer")
	for range 5 {
		b.clock.advance(noren.SessionIdle - time.Minute)
		w.shows("/console/account")
	}
	b.clock.advance(noren.SessionLife - 5*(noren.SessionIdle-time.Minute))
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
		{password, password, password, "現在と違うパスワード"},
		{"wrong", better, better, "現在のパスワードが正しくありません"},
	} {
		if a := change(c.old, c.changed, c.again); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), c.words) {
			t.Errorf("%q: %d %s", c.words, a.Code, textOf(a))
		}
	}
	if a := change(password, better, better); a.Header().Get("Location") != "/console/account?done=password" {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	w.shows("/console/account?done=password", "パスワードを変更しました")
	if a := elsewhere.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("another session of the user: %d", a.Code)
	}
	b.browser().signIn(contract, "staff", password, http.StatusUnauthorized)
	b.browser().signIn(contract, "staff", better, http.StatusSeeOther)
}

// TestGuessing keeps whoever guesses waiting, longer each time, but nobody for ever; and others not at all.
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
		b.clock.advance(wait - time.Second)
		guess(http.StatusTooManyRequests)
		b.clock.advance(time.Second)
		guess(http.StatusUnauthorized)
	}
	b.clock.advance(15 * time.Minute)
	b.as("admin")
	guess(http.StatusUnauthorized) // and it begins anew
	b.as("admin")
}

// TestGuessingManyLogins is slowed down by the address, whatever logins are tried and whether there are such.
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
		"127.0.0.1": "", "::1": "", "192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "@": "",
	} {
		x := newRequest("http://localhost")
		x.Address = address
		if got := guesser(x); got != want {
			t.Errorf("%s is counted as %q", address, got)
		}
	}
}

// TestRoleIsThatOfNow takes away at once what a user may no longer do.
func TestRoleIsThatOfNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	shop := noren.Shop{Contract: contract, ConsoleUsers: []noren.ShopConsoleUser{{Login: "admin", Password: password, Role: noren.Viewer}}}
	if _, err := b.service.ApplyShop(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	if a := w.get("/console/account"); a.Code != http.StatusSeeOther {
		t.Errorf("the session of a user who was changed: %d", a.Code)
	}
	b.as("admin").shows("/console/account", "閲覧")
}
