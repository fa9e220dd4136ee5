package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"noren/app/apptest"
	"noren/onetime"
)

// shown finds what a page shows once in an element with that id.
func shown(t *testing.T, a *httptest.ResponseRecorder, id string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<pre class="body" id="` + id + `"[^>]*>(.*?)</pre>`).FindStringSubmatch(a.Body.String())
	if found == nil {
		t.Fatalf("the page does not show %s: %d %s", id, a.Code, textOf(a))
	}
	return found[1]
}

// TestSecondFactor turns a second factor on, signs in with it, and turns it off: by the user, and by an admin.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		b := setupAt(t, url)
		w, elsewhere := b.as("staff"), b.as("staff")
		secret, recovery := turnOn(t, b, w)
		if a := elsewhere.get("/console/account"); a.Code != http.StatusSeeOther {
			t.Errorf("another session of the user: %d", a.Code)
		}
		signInWithCode(t, b, secret, recovery)
		for _, part := range []string{secret, recovery[0], recovery[1]} {
			if strings.Contains(b.log.String(), part) {
				t.Error("the log has a secret")
			}
		}
		w.shows("/console/account/second-factor", "9", "2026-04-01 12:00")
		if a := w.post("/console/account/second-factor/off", oneField("code", "000000")); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("turned off by a wrong code: %d", a.Code)
		}
		if a := w.post("/console/account/second-factor/off", oneField("code", recovery[2])); a.Code != http.StatusSeeOther {
			t.Errorf("turning off: %d %s", a.Code, textOf(a))
		}
		w.shows("/console/account", "2段階認証を無効にしました")
		turnOn(t, b, b.as("staff"))

		admin := b.as("admin")
		admin.shows("/console/users", "staff", "有効(2026-04-01", "店舗")
		if a := b.as("viewer").post("/console/users/reset-second-factor", oneField("login", "staff")); a.Code != http.StatusForbidden {
			t.Errorf("turned off by somebody who is no admin: %d", a.Code)
		}
		if a := admin.post("/console/users/reset-second-factor", oneField("login", "staff")); a.Code != http.StatusSeeOther {
			t.Errorf("turned off by an admin: %d %s", a.Code, textOf(a))
		}
		if a := admin.post("/console/users/reset-second-factor", oneField("login", "viewer")); a.Code != http.StatusNotFound {
			t.Errorf("of a user who has none: %d", a.Code)
		}
		b.as("staff").shows("/console/account")
		admin.shows("/console/audit?subject=console+users&id=staff", "2段階認証", "有効")
		admin.shows("/console/audit?subject=console+session", "確認コードの誤り", "成功(予備コード)")
	})
}

func oneField(name, value string) url.Values { return url.Values{name: {value}} }

// turnOn turns on the second factor of the user, and returns the secret and the recovery codes.
func turnOn(t *testing.T, b *bundle, w *browser) (secret string, recovery []string) {
	t.Helper()
	w.shows("/console/account/second-factor", "設定を始める")
	if a := w.post("/console/account/second-factor", oneField("password", "wrong")); a.Code != http.StatusUnprocessableEntity {
		t.Errorf("begun with a wrong password: %d", a.Code)
	}
	a := w.post("/console/account/second-factor", oneField("password", password))
	secret = strings.ReplaceAll(shown(t, a, "factor-secret"), " ", "")
	if body := a.Body.String(); !strings.Contains(body, `<svg viewBox="-4 -4 `) || strings.Contains(body, "style=") {
		t.Errorf("the page has no square, or one that the browser would not draw: %s", body)
	}
	b.signOutAll(w) // signing in asks for no code before one was sent
	w.signIn(contract, "staff", password, http.StatusSeeOther)
	wrong := w.post("/console/account/second-factor/on", oneField("code", "000000"))
	if wrong.Code != http.StatusUnprocessableEntity || strings.Contains(wrong.Body.String(), secret[:4]+" ") {
		t.Errorf("turned on by a wrong code: %d %s", wrong.Code, textOf(wrong))
	}
	a = w.post("/console/account/second-factor/on", oneField("code", codeOf(t, b, secret)))
	recovery = strings.Split(shown(t, a, "factor-recovery"), "\n")
	if a.Code != http.StatusCreated || len(recovery) != 10 {
		t.Fatalf("turning on: %d, recovery codes %q", a.Code, recovery)
	}
	w.lacks(w.shows("/console/account/second-factor", "10", "無効にする"), secret, recovery[0])
	return secret, recovery
}

func codeOf(t *testing.T, b *bundle, secret string) string {
	t.Helper()
	code, err := onetime.Code(secret, b.clock.Read())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (b *bundle) signOutAll(w *browser) {
	b.Helper()
	if a := w.post("/console/sign-out-everywhere", nil); a.Code != http.StatusSeeOther {
		b.Fatalf("signing out: %d", a.Code)
	}
}

// signInWithCode signs in as staff in browsers of its own, with bad codes and good ones.
func signInWithCode(t *testing.T, b *bundle, secret string, recovery []string) {
	t.Helper()
	w := b.browser()
	asked := w.post("/console/sign-in", url.Values{
		"contract": {contract}, "login": {"staff"}, "password": {password}, "next": {"/console/members?q=x"},
	})
	found := regexp.MustCompile(`name="ticket" value="([^"]*)"`).FindStringSubmatch(asked.Body.String())
	if asked.Code != http.StatusOK || found == nil || w.cookies[cookieSession] != "" {
		t.Fatalf("the password alone: %d, cookies %v, %s", asked.Code, w.cookies, textOf(asked))
	}
	send := func(ticket, code string) *httptest.ResponseRecorder {
		return w.post("/console/sign-in/code", url.Values{"ticket": {ticket}, "code": {code}, "next": {"/console/members?q=x"}})
	}
	if a := send(found[1], codeOf(t, b, secret)); a.Code != http.StatusUnauthorized || !strings.Contains(a.Body.String(), "すでに使われています") {
		t.Errorf("the code that turned it on: %d %s", a.Code, textOf(a))
	}
	b.clock.Advance(30 * time.Second)
	if a := send("x", codeOf(t, b, secret)); a.Code != http.StatusUnauthorized || !strings.Contains(a.Body.String(), "もう一度パスワード") {
		t.Errorf("no ticket: %d %s", a.Code, textOf(a))
	}
	a := send(found[1], codeOf(t, b, secret))
	if a.Code != http.StatusSeeOther || a.Header().Get("Location") != "/console/members?q=x" {
		t.Fatalf("the code: %d %s", a.Code, textOf(a))
	}
	w.shows("/console/account", "staff")
	if a := send(found[1], codeOf(t, b, secret)); a.Code != http.StatusUnauthorized {
		t.Errorf("the code again: %d", a.Code)
	}
	if a := send(found[1], recovery[0]); a.Code != http.StatusSeeOther {
		t.Errorf("a recovery code: %d %s", a.Code, textOf(a))
	}
	if a := send(found[1], recovery[0]); a.Code != http.StatusUnauthorized {
		t.Errorf("the recovery code again: %d", a.Code)
	}
	if a := w.get("/console/sign-in/code"); a.Code != http.StatusMethodNotAllowed {
		t.Errorf("reading the second step: %d", a.Code)
	}
}
