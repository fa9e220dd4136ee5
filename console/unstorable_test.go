package console

import (
	"net/http"
	"strings"
	"testing"
)

// TestTextsThatCannotBeStored sends each page and each form bytes that are not UTF-8, and NUL, where it expects a text. No
// browser does. PostgreSQL fails on them, so they are refused before anything is looked up; what is merely in the way
// would be a 500 there.
func TestTextsThatCannotBeStored(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, b *bundle) {
		w := b.as("admin")
		const form = "once=%ff&note=x&mode=ADD&kind=DEFAULT&amount=1&name=x&current=x"
		for _, r := range b.console.table() {
			// Another tenant's id would be a 404 before the form is looked at.
			target := strings.NewReplacer("/9", "/1").Replace(r.target())
			for _, query := range []string{"?q=%ff", "?name=a%00b", "?%ff=1"} {
				if a := w.do(r.method, target+query, nil, "Sec-Fetch-Site: same-origin"); a.Code != http.StatusBadRequest {
					t.Errorf("%s %s%s: %d", r.method, target, query, a.Code)
				}
			}
			if r.method != http.MethodPost || r.stream {
				continue
			}
			for _, body := range []string{form, "once=a%00b&note=x", "%ff=x"} {
				a := w.do(r.method, target, strings.NewReader(body), "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin")
				if a.Code != http.StatusBadRequest {
					t.Errorf("%s %s with %s: %d", r.method, target, body, a.Code)
				}
			}
		}
		for _, path := range []string{"/console/%ff", "/console/members/%00", "/console/members/1/notes/%ff/delete"} {
			if a := w.get(path); a.Code != http.StatusNotFound && a.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", path, a.Code)
			}
		}
	})
}
