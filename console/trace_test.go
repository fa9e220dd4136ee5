package console

import (
	"net/http"
	"slices"
	"testing"

	"noren"
	"noren/app/access"
)

// TestTrace sees, exports and fails to sign in, and finds all of it in the log with the address.
func TestTrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.browser().signIn(contract, "staff", "a wrong password", http.StatusUnauthorized)
	b.browser().signIn(contract, "typed the password here", "staff", http.StatusUnauthorized)
	w := b.as("staff")
	w.address = "192.0.2.44"
	for _, page := range []string{"", "/points", "/spend", "/history", "/edit"} {
		w.get("/console/members/1"+page, "X-Request-Id: browser-7")
	}
	w.get("/console/members/export")
	b.as("admin").get("/console/members/1/data")
	var log []noren.AuditEntry
	err := b.rooms.Run.View(t.Context(), b.caller(0).Tenant.ID, func(tx noren.Tx) (err error) {
		log, err = tx.Audit(t.Context(), noren.AuditFilter{Page: noren.Page{Limit: 20}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	views := 0
	for _, e := range log {
		if e.Subject == "view" {
			views++
		}
	}
	if views != 5 {
		t.Errorf("%d views of five pages", views)
	}
	for _, want := range []struct{ subject, id, login, changes string }{
		{"console session", "staff", "staff", `{"session":[null,"failed"]}`},
		{"console session", "", "", `{"session":[null,"failed"]}`},
		{"view", "1", "staff", `{"access":[null,"viewed"]}`},
		{"export", "members", "staff", `{"access":[null,"exported"]}`},
		{"export", "member 1", "admin", `{"access":[null,"handed out"]}`},
	} {
		i := slices.IndexFunc(log, func(e noren.AuditEntry) bool {
			return e.Subject == want.subject && e.SubjectID == want.id && e.Login == want.login && string(e.Changes) == want.changes
		})
		if i < 0 {
			t.Errorf("the log lacks %+v", want)
			continue
		}
		if log[i].Address == "" || log[i].RequestID == "" {
			t.Errorf("%+v has no address or request ID: %+v", want, log[i])
		}
		if want.subject == "view" && (log[i].ClientRequestID != "browser-7" || log[i].RequestID == "browser-7" || log[i].Address != "192.0.2.44") {
			t.Errorf("the view came from %+v", log[i])
		}
	}
}

// TestSigningKeysHaveNames: whatever the audit log says was made or replaced has a name in both languages.
func TestSigningKeysHaveNames(t *testing.T) {
	t.Parallel()
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{access.SecretReCOREKeys, access.SecretFileLinks, access.SecretKeptForms, noren.SigningKeyShopify} {
		if words["audit.key."+name] == (text{}) {
			t.Errorf("%s has no name", name)
		}
	}
}
