package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"noren"
)

// TestForgedChoices sends every form in which something can be chosen or ticked with a value that the page does not offer, one field at a
// time. No browser does. The form is shown again, or refused, and nothing changes.
func TestForgedChoices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	w.upload("members", "会員.csv", "会員コード,姓,電話番号\nZ1,山田,03-1234-5678\n")
	names := strings.NewReplacer("{id}", "1", "{entry}", "1", "{product}", "1", "{store}", "1", "?{dialect}", "?dialect=smaregi")
	right := map[string]string{"amount": "5", "last_name": "山田", "name": "店頭", "reason": "確認", "note": "確認", "start": "2026-01", "scope": "pos.customers:read"}
	var tried []string
	for _, r := range b.console.list {
		if r.method != http.MethodPost || r.secret || r.stream || r.open || r.page == "" || strings.Contains(r.pattern, "{note}") || strings.Contains(r.pattern, "{attachment}") {
			continue
		}
		page, target := "/console"+names.Replace(r.page), "/console"+names.Replace(r.pattern)
		if strings.HasPrefix(r.pattern, "/bulk/{id}") || strings.Contains(r.pattern, "{entry}") {
			continue // a button beside something that is not there
		}
		for _, shown := range forms(w.shows(page), target) {
			for _, c := range controls(shown) {
				if c.kind == "text" {
					continue
				}
				tried = append(tried, r.pattern+" "+c.name)
				sent := form(t, shown, target)
				if sent.Set(c.name, "forged"); sent.Get("deed") == "" || sent.Get("deed") == deedPreview {
					sent.Set("deed", deedSave)
				}
				for name, text := range right {
					if sent.Has(name) && name != c.name {
						sent.Set(name, text)
					}
				}
				before := b.logged(t)
				if a := w.post(target, sent); a.Code != http.StatusUnprocessableEntity && a.Code != http.StatusBadRequest {
					t.Errorf("%s with the forged %s: %d %s", target, c.name, a.Code, a.Header().Get("Location"))
				}
				if after := b.logged(t); after != before {
					t.Errorf("%s with the forged %s has changed something: %d entries in the audit log", target, c.name, after-before)
				}
			}
		}
	}
	for _, some := range []string{"/clients kind", "/imports/{id} column-1", "/members/new prefecture", "/members/{id}/points kind", "/ranks/points way"} {
		if !slices.Contains(tried, some) {
			t.Errorf("%s was not tried; tried were %q", some, tried)
		}
	}
}

// logged is how many changes the audit log has; that somebody has seen a page is none.
func (b *bundle) logged(t *testing.T) (n int) {
	t.Helper()
	err := b.rooms.Run.View(t.Context(), b.caller(0).Tenant.ID, func(tx noren.Tx) error {
		log, err := tx.Audit(t.Context(), noren.AuditFilter{Page: noren.Page{Limit: 1000}})
		for _, e := range log {
			if e.Subject != "view" {
				n++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
