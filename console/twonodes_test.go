package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"noren/app/apptest"
)

// TestOneFormTwoNodes sends one form at two servers at once, as an impatient person behind a load balancer does, and once
// more. Its token makes it take effect once, and nobody is told that the points are gone which the form itself has taken.
func TestOneFormTwoNodes(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, at string) {
		one := setupAt(t, at).as("admin")
		two := setupAt(t, at).as("admin")
		const members, granted = 4, 1000
		for id := 1; id <= members; id++ {
			if id == 2 {
				continue // has left
			}
			target := fmt.Sprintf("/console/members/%d/points", id)
			adjust := func(mode, amount, once string) url.Values {
				return url.Values{"mode": {mode}, "kind": {"DEFAULT"}, "amount": {amount}, "reason": {"x"}, "once": {once}}
			}
			if a := one.post(target, adjust("ADD", strconv.Itoa(granted), fmt.Sprint("grant", id))); a.Code != http.StatusSeeOther {
				t.Fatalf("granting: %d %s", a.Code, textOf(a))
			}
			for i, form := range []struct {
				target string
				values url.Values
			}{
				{target, adjust("SUB", "600", fmt.Sprint("take", id))},
				{fmt.Sprintf("/console/members/%d/notes", id), url.Values{"note": {"一度だけ"}, "once": {fmt.Sprint("note", id)}}},
			} {
				answers := pair(one, two, form.target, [2]url.Values{form.values, form.values})
				for _, a := range append(answers[:], one.post(form.target, form.values), two.post(form.target, form.values)) {
					sameRedirect(t, fmt.Sprintf("form %d of member %d", i, id), answers[0], a)
				}
			}
			shown := one.shows(fmt.Sprintf("/console/members/%d", id), "一度だけ", "400")
			if n := strings.Count(shown, "一度だけ"); n != 1 {
				t.Errorf("member %d has %d notes", id, n)
			}
		}
	})
}

// sameRedirect fails the test unless the answer says that the form was saved, as the first does.
func sameRedirect(t *testing.T, what string, first, a *httptest.ResponseRecorder) {
	t.Helper()
	if a.Code != http.StatusSeeOther || a.Header().Get("Location") != first.Header().Get("Location") {
		t.Errorf("%s: %d %s, not as first", what, a.Code, textOf(a))
	}
}
