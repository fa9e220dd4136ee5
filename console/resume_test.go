package console

import (
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"noren"
)

// keptField finds the form that a sign-in page carries.
var keptField = regexp.MustCompile(`name="kept" value="([^"]*)"`)

// carried returns what the sign-in page carries; "" if nothing.
func carried(body string) string {
	if found := keptField.FindStringSubmatch(body); found != nil {
		return html.UnescapeString(found[1])
	}
	return ""
}

// ends signs the browser's session out elsewhere: its cookie stays and is worth nothing.
func (w *browser) ends() {
	w.Helper()
	other := &browser{bundle: w.bundle, cookies: map[string]string{cookieSession: w.cookies[cookieSession]}, address: w.address}
	if a := other.post("/console/sign-out", nil); a.Code != http.StatusSeeOther {
		w.Fatalf("signing out: %d", a.Code)
	}
}

// signInWith signs in with what the sign-in page carries.
func (w *browser) signInWith(kept, login string) (body string, code int) {
	w.Helper()
	a := w.post("/console/sign-in", url.Values{"contract": {contract}, "login": {login}, "password": {password}, "kept": {kept}})
	return a.Body.String(), a.Code
}

// TestSessionEndsInAForm: what was typed into a form when the session had ended is there after signing in again, and nothing
// is saved before it is sent once more.
func TestSessionEndsInAForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		page, target, login string
		typed               url.Values
		shown               []string
	}{
		{"/console/members/1", "/console/members/1/notes", "staff", url.Values{"note": {"緑茶 & <和菓子>\n二行目"}}, []string{"緑茶 &amp; &lt;和菓子&gt;\n二行目</textarea>"}},
		{"/console/members/1", "/console/members/1/points", "staff", url.Values{"mode": {"ADD"}, "amount": {"77"}, "reason": {"ご来店"}, "kind": {"PAID"}}, []string{`value="77"`, `value="ご来店"`, `value="PAID" selected`}},
		{"/console/members/1/edit", "/console/members/1/edit", "staff", url.Values{"last_name": {"山本"}, "was_last_name": {"山田"}, "status": {"LOST"}}, []string{`value="山本"`, `name="was_last_name" value="山田"`, `value="LOST" selected`}},
		{"/console/stock/1/1", "/console/stock/1/1", "staff", url.Values{"amount": {"60"}, "memo": {"棚卸"}, "was_amount": {"9"}}, []string{`value="60"`, `value="棚卸"`, `name="was_amount" value="9"`}},
		{"/console/clients/new", "/console/clients", "admin", url.Values{"dialect": {"smaregi"}, "kind": {"user"}, "name": {"レジ"}, "store": {"2"}, "scope": {"pos.stock:write"}}, []string{`value="レジ"`, `value="2" selected`, `value="pos.stock:write" checked`}},
		{"/console/ranks/programme", "/console/ranks/programme", "admin", url.Values{"window_months": {"17"}, "entry-2": {"4321"}}, []string{`value="17"`, `value="4321"`}},
	} {
		t.Run(c.target, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			w := b.as(c.login)
			w.shows(c.page)
			w.ends()
			a := w.post(c.target, c.typed)
			kept := carried(a.Body.String())
			if a.Code != http.StatusUnauthorized || kept == "" || !strings.Contains(a.Body.String(), "セッションが終了しました") {
				t.Fatalf("%d %s", a.Code, textOf(a))
			}
			// A wrong password does not lose it.
			wrong := w.post("/console/sign-in", url.Values{"contract": {contract}, "login": {c.login}, "password": {"x"}, "kept": {kept}})
			if again := carried(wrong.Body.String()); wrong.Code != http.StatusUnauthorized || again != kept {
				t.Errorf("after a wrong password: %d %q", wrong.Code, again)
			}
			body, code := w.signInWith(kept, c.login)
			if code != http.StatusOK || !strings.Contains(body, "まだ保存されていません") || !strings.Contains(body, "data-unsaved") {
				t.Fatalf("%d %s", code, body)
			}
			for _, text := range c.shown {
				if !strings.Contains(body, text) {
					t.Errorf("there is no %q", text)
				}
			}
			w.lacks(body, "⟦")
			if !strings.Contains(body, `action="`+c.target+`"`) {
				t.Errorf("the form is not there")
			}
			if name := *b.stored(1).LastName; name != "山田" {
				t.Errorf("%s was saved", name)
			}
			w.shows(c.page)
		})
	}
}

// TestKeptFormOfOthers: what one person typed can neither be read by another nor is it shown, nor on a page that the role may not see;
// a form of another site is not kept, nor are passwords, nor what is typed by nobody knows whom; and what no page of ours has carried
// is ignored.
func TestKeptFormOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	w.ends()
	note := url.Values{"note": {"内緒"}, "pin": {"secret-pin"}}
	a := w.post("/console/members/1/notes", note)
	kept := carried(a.Body.String())
	plain, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil || len(plain) == 0 || strings.Contains(string(plain), "secret-pin") || strings.Contains(string(plain), "note") {
		t.Errorf("what is kept can be read: %q, %v", plain, err)
	}
	for _, secret := range []string{"secret-pin", "内緒"} {
		if strings.Contains(a.Body.String(), secret) {
			t.Errorf("the page has %s", secret)
		}
	}
	if body, code := w.signInWith(kept, "admin"); code != http.StatusSeeOther || strings.Contains(body, "内緒") {
		t.Errorf("somebody else: %d", code)
	}
	changed := []byte(kept)
	changed[len(changed)/2] ^= 1
	if _, code := w.signInWith(string(changed), "staff"); code != http.StatusSeeOther {
		t.Errorf("changed: %d", code)
	}
	if body, code := w.signInWith(kept, "staff"); code != http.StatusOK || !strings.Contains(body, "内緒") {
		t.Errorf("whoever typed it: %d", code)
	}
	for _, cookie := range []string{"", "x", "1.", "999.x", "-1.x", "99999999999999999999.x"} {
		nobody := b.browser()
		nobody.cookies[cookieUser] = cookie
		a := nobody.post("/console/members/1/notes", note)
		if a.Code != http.StatusUnauthorized || cookie != "1." && (carried(a.Body.String()) != "" || !strings.Contains(a.Body.String(), "入力した内容は保持されていません")) {
			t.Errorf("by nobody knows whom, %q: %d %q", cookie, a.Code, carried(a.Body.String()))
		}
	}
	viewer := b.as("viewer")
	viewer.ends()
	kept = carried(viewer.post("/console/clients", url.Values{"name": {"レジ"}, "dialect": {"recore"}}).Body.String())
	if _, code := viewer.signInWith(kept, "viewer"); kept == "" || code != http.StatusSeeOther {
		t.Errorf("a viewer and a client: %d", code)
	}
	w.ends()
	kept = carried(w.post("/console/members/9/notes", note).Body.String())
	if _, code := w.signInWith(kept, "staff"); kept == "" || code != http.StatusSeeOther {
		t.Errorf("a member that is gone: %d", code)
	}
	if a := b.browser().post("/console/members/1/notes", note, "Sec-Fetch-Site: cross-site"); carried(a.Body.String()) != "" {
		t.Error("a form of another site is kept")
	}
	secret := url.Values{"password": {password}, "new_password": {"とても秘密のことば"}}
	if a := b.browser().post("/console/account/password", secret); a.Code != http.StatusSeeOther || strings.Contains(a.Body.String(), "秘密") {
		t.Errorf("passwords: %d", a.Code)
	}
	file := b.browser().do(http.MethodPost, "/console/imports", strings.NewReader("x"), "Content-Type: multipart/form-data; boundary=x")
	if file.Code != http.StatusUnauthorized || !strings.Contains(file.Body.String(), "ファイルは送信されていません") {
		t.Errorf("a file: %d", file.Code)
	}
	tenant, err := b.rooms.Access.TenantByContract(t.Context(), contract)
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(page string) string {
		t.Helper()
		text, err := b.console.sealed(t.Context(), keptForm{Page: page}, userMark(noren.Caller{Tenant: tenant, Login: "staff"}))
		if err != nil || text == "" {
			t.Fatal(text, err)
		}
		return text
	}
	for _, forged := range []string{"x", "e30", sealed("https://evil.example/"), sealed("/console/sign-in"), sealed("/console/static/x/console.js")} {
		if _, code := b.browser().signInWith(forged, "staff"); code != http.StatusSeeOther {
			t.Errorf("%q: %d", forged, code)
		}
	}
}

// TestKeptFormAfterOthers: a form that was kept is given back, or whoever typed it is told at the next time of signing in that it is gone. Who
// signs in in between is told nothing, and is not led to its page.
func TestKeptFormAfterOthers(t *testing.T) {
	t.Parallel()
	const lost = "入力していた内容は、保存されていません"
	in := func(login, kept, next string) url.Values {
		return url.Values{"contract": {contract}, "login": {login}, "password": {password}, "kept": {kept}, "next": {next}}
	}
	for name, between := range map[string]func(w *browser, kept string){
		"somebody else at the sign-in page": func(w *browser, kept string) {
			a := w.post("/console/sign-in", in("admin", kept, "/console/members/1"))
			if a.Code != http.StatusSeeOther || a.Header().Get("Location") != "/console/" {
				t.Errorf("somebody else: %d %v", a.Code, a.Header())
			}
			w.lacks(w.shows("/console/"), lost)
			w.ends()
		},
		"the sign-in page was left": func(*browser, string) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t).as("staff")
			w.ends()
			kept := carried(w.post("/console/members/1/notes", url.Values{"note": {"緑茶"}}).Body.String())
			if kept == "" {
				t.Fatal("nothing was kept")
			}
			between(w, kept)
			for i, told := range []bool{true, false} {
				if a := w.post("/console/sign-in", in("staff", "", "/console/members")); a.Header().Get("Location") != "/console/members" {
					t.Fatalf("%d %v", a.Code, a.Header())
				}
				if body := w.shows("/console/members"); strings.Contains(body, lost) != told {
					t.Errorf("time %d: told %v", i+1, !told)
				}
				w.ends()
			}
		})
	}
	// Who has got it back is not told that it is gone.
	w := setup(t).as("staff")
	w.ends()
	kept := carried(w.post("/console/members/1/notes", url.Values{"note": {"緑茶"}}).Body.String())
	if body, _ := w.signInWith(kept, "staff"); !strings.Contains(body, "緑茶") || strings.Contains(body, lost) {
		t.Error("it was not given back")
	}
	w.ends()
	if a := w.post("/console/sign-in", in("staff", "", "/console/members")); a.Code != http.StatusSeeOther {
		t.Fatal(a.Code)
	}
	w.lacks(w.shows("/console/members"), lost)
	// Its page is gone.
	w.ends()
	kept = carried(w.post("/console/members/9/notes", url.Values{"note": {"緑茶"}}).Body.String())
	if a := w.post("/console/sign-in", in("staff", kept, "/console/members")); a.Code != http.StatusSeeOther {
		t.Fatal(a.Code)
	}
	w.shows("/console/members", lost)
}

// TestNegativeStock: a negative quantity is asked about, and asked again about another one.
func TestNegativeStock(t *testing.T) {
	t.Parallel()
	w := setup(t).as("staff")
	const target = "/console/stock/1/1"
	f := form(t, w.shows(target), target)
	f.Set("amount", "-5")
	a := w.post(target, f)
	if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "マイナスになります(-5)") {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	f = form(t, a.Body.String(), target)
	f.Set(fieldSure, "negative -5")
	f.Set("amount", "-50")
	if a = w.post(target, f); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "(-50)") {
		t.Fatalf("another amount: %d %s", a.Code, textOf(a))
	}
	f = form(t, a.Body.String(), target)
	f.Set(fieldSure, "negative -50")
	if a = w.post(target, f); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	w.shows(target, "<dd>-50</dd>")
}
