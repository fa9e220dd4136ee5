package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestKeptAnswersStayWhereTheyBelong sends one token, and one Idempotency-Key, to two pages and as two users: each request
// takes effect.
func TestKeptAnswersStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := url.Values{"mode": {"ADD"}, "type": {"DEFAULT"}, "point": {"5"}, "amount": {"5"}, "once": {"token-of-a-page"}}
	note := func(login, path string, header ...string) {
		t.Helper()
		form.Set("note", "一")
		if a := b.as(login).post(path, form, header...); a.Code != http.StatusSeeOther || a.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("%s %s: %d %s", login, path, a.Code, textOf(a))
		}
	}
	note("staff", "/console/members/1/notes")
	note("staff", "/console/members/2/notes")
	note("admin", "/console/members/1/notes")
	note("staff", "/console/members/1/notes") // the same again
	for member, want := range map[string]int{"1": 2, "2": 1} {
		if got := strings.Count(b.as("staff").shows("/console/members/"+member), "/delete\""); got != want {
			t.Errorf("member %s has %d notes, want %d", member, got, want)
		}
	}
	// A refusal is kept under the header. Another user, and another page, get their own.
	refused := func(login, path string, form url.Values) *http.Header {
		a := b.as(login).post(path, form, "Idempotency-Key: k1")
		header := a.Header()
		return &header
	}
	refused("staff", "/console/members/99/notes", url.Values{"note": {"x"}})
	for _, c := range [][2]string{{"admin", "/console/members/99/notes"}, {"staff", "/console/members/98/notes"}} {
		if got := refused(c[0], c[1], url.Values{"note": {"x"}}).Get("Idempotent-Replayed"); got != "" {
			t.Errorf("%s %s got the answer of another request", c[0], c[1])
		}
	}
	if got := refused("staff", "/console/members/99/notes", url.Values{"note": {"x"}}).Get("Idempotent-Replayed"); got != "true" {
		t.Error("the same request again is not recognised")
	}
}
