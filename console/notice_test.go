package console

import (
	"net/url"
	"strings"
	"testing"
)

// TestNotice: a notice is shown once, on the page it is meant for, and nobody can put one into another's page.
func TestNotice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	post := func() {
		t.Helper()
		f := form(t, w.shows("/console/members/1"), "/console/members/1/notes")
		f.Set("note", "緑茶")
		if a := w.post("/console/members/1/notes", f); a.Header().Get("Location") != "/console/members/1" {
			t.Fatalf("%d %s", a.Code, textOf(a))
		}
	}
	const words = "追加しました"
	post()
	w.lacks(w.shows("/console/members/2"), words) // another tab
	w.lacks(w.get("/console/members?q=a", "HX-Request: true").Body.String(), words)
	w.shows("/console/members/1", words, `alert alert-success`)
	w.lacks(w.shows("/console/members/1"), words)

	post()
	other := b.as("admin")
	other.cookies[cookieNotice] = w.cookies[cookieNotice]
	other.lacks(other.shows("/console/members/1"), words)
	for _, forged := range []string{"", ".", "x", "x.y", strings.ToUpper(w.cookies[cookieNotice]), w.cookies[cookieNotice] + "A"} {
		other.cookies[cookieNotice] = forged
		other.lacks(other.shows("/console/members/1?done=saved"), "alert-success")
	}

	a := b.as("staff")
	if r := a.post("/console/bulk/send-again", url.Values{}); r.Header().Get("Location") != "/console/bulk" {
		t.Fatalf("%d", r.Code)
	}
	a.lacks(a.shows("/console/bulk", "alert-warning", "選択してください"), "alert-success") // nothing was done
}

// TestProblemSummary: above a refused form stands what is wrong with it, each with a link to its field.
func TestProblemSummary(t *testing.T) {
	t.Parallel()
	w := setup(t).as("admin")
	a := w.post("/console/members/1/points", url.Values{"mode": {"ADD"}, "kind": {"DEFAULT"}, "amount": {"x"}, "expires_on": {"tomorrow"}})
	body := a.Body.String()
	at := 0
	for _, part := range []string{`id="problems"`, "autofocus", `href="#field-amount"`, `href="#field-expires_on"`, `aria-current="page"`, "概要</a>", `id="field-amount"`, `id="field-expires_on"`} {
		i := strings.Index(body[at:], part)
		if i < 0 {
			t.Fatalf("%q is not on the page, or not after what comes before it:\n%s", part, body)
		}
		at += i
	}
	w.lacks(w.shows("/console/members/1"), `id="problems"`)
}

// TestWayBack: the page about something too large names the limit and leads back to the form.
func TestWayBack(t *testing.T) {
	t.Parallel()
	w := setup(t).as("admin")
	large := url.Values{"note": {strings.Repeat("x", maxForm)}}
	a := w.post("/console/members/1/notes", large)
	for _, text := range []string{"256KBまで", `href="/console/members/1"`, "前の画面へ戻る"} {
		if !strings.Contains(a.Body.String(), text) {
			t.Errorf("there is no %q: %s", text, textOf(a))
		}
	}
	for referer, back := range map[string]bool{
		"http://example.com/console/members?q=x": true, "http://example.com/console/nowhere": false,
		"https://evil.example/console/members": false, "http://example.com/elsewhere": false, ":": false, "": false,
	} {
		a := w.get("/console/nowhere", "Referer: "+referer)
		if got := strings.Contains(a.Body.String(), "前の画面へ戻る"); got != back {
			t.Errorf("%s: %t", referer, got)
		}
	}
}
