package imports_test

import (
	"context"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestImportsAreLoggedWithWhoStartedThem: what a file has changed is in the audit log with the person who started the import and the
// address that they did it from, whichever process and person carries it out. On the command line there is no address.
func TestImportsAreLoggedWithWhoStartedThem(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	imported := func(kind noren.ImportKind, c noren.Caller, address, header string, lines ...string) noren.AuditEntry {
		t.Helper()
		f := apptest.ImportFile(header, lines...)
		uploaded := c
		uploaded.Login, uploaded.RequestID = "uploader", "upload"
		draft, err := b.Imports.Draft(noren.WithOrigin(b.Ctx, noren.Origin{Address: "198.51.100.1"}), uploaded, kind, f)
		if err == nil {
			origin := noren.Origin{Address: address, RequestID: c.RequestID, ClientRequestID: "theirs"}
			_, err = b.Imports.Start(noren.WithOrigin(b.Ctx, origin), c, draft.ID, imports.Setup{Source: "file"})
		}
		for range 3 {
			if err == nil {
				_, err = b.Imports.Step(context.WithoutCancel(b.Ctx), b.Caller.Tenant.ID)
			}
		}
		if err != nil {
			t.Fatal(kind, err)
		}
		var last noren.AuditEntry
		b.View(t, func(tx noren.Tx) error {
			log, err := tx.Audit(b.Ctx, noren.AuditFilter{Page: noren.Page{Limit: 1}})
			last = log[0]
			return err
		})
		if last.Subject == "import" {
			t.Fatalf("importing %s has changed nothing", kind)
		}
		return last
	}
	starter := b.Caller
	starter.Client, starter.Login, starter.RequestID = noren.Client{Dialect: noren.Console}, "starter", "r1"
	for kind, file := range map[noren.ImportKind][]string{
		noren.ImportMembers:   {"code,last_name", "NEW-1,山田"},
		noren.ImportProducts:  {"code,name", "NEW-P,品"},
		noren.ImportPurchases: {"id,member,amount,at", "A1,M1,500,2026-01-10"},
		noren.ImportPoints:    {"member,amount", "M1,30"},
	} {
		e := imported(kind, starter, "203.0.113.9", file[0], file[1:]...)
		if e.Address != "203.0.113.9" || e.Login != "starter" || e.RequestID != "r1" || e.ClientRequestID != "theirs" {
			t.Errorf("%s: the log has %s of %s from %q for %q and %q", kind, e.Subject, e.Login, e.Address, e.RequestID, e.ClientRequestID)
		}
	}
	operator := noren.Caller{Tenant: b.Caller.Tenant, Client: noren.Client{Dialect: noren.Operator}}
	if e := imported(noren.ImportMembers, operator, "", "code,last_name", "NEW-2,山田"); e.Address != "" || e.Dialect != noren.Operator || e.ClientID != nil {
		t.Errorf("the command line: %+v", e)
	}
}
