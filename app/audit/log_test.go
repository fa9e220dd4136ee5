package audit_test

import (
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
)

// TestAuditLog has several users write, and finds the entries of each.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.WithProducts(t, b)
	hanako := apptest.Person(b, "花子", 0)
	b.Clock.Set(t, "2026-02-01 12:00:00")
	apptest.SetStock(t, b, hanako, 1, 1, 5)
	b.Clock.Set(t, "2026-02-01 13:00:00")
	apptest.Create(t, b, noren.MemberPatch{}, noren.MemberPatch{})
	b.Clock.Set(t, "2026-02-01 14:00:00")
	apptest.SetStock(t, b, apptest.Person(b, "次郎", 0), 1, 1, 6)
	noon := noren.Span{From: b.Clock.Read().Add(-2 * time.Hour), To: b.Clock.Read().Add(-time.Hour - time.Second)}
	for _, c := range []struct {
		name   string
		filter noren.AuditFilter
		want   []string // who did what
		more   bool
	}{
		{"a person", noren.AuditFilter{Login: "花子"}, []string{"花子 stock"}, false},
		{"a client", noren.AuditFilter{ClientID: b.Caller.Client.ID}, []string{"api member", "api member"}, false},
		{"a dialect", noren.AuditFilter{Dialect: "console"}, []string{"次郎 stock", "花子 stock"}, false},
		{"a subject", noren.AuditFilter{Subject: "stock", SubjectID: "1:1"}, []string{"次郎 stock", "花子 stock"}, false},
		{"a span", noren.AuditFilter{At: noon}, []string{"花子 stock"}, false},
		{"a page", noren.AuditFilter{Dialect: "console", Page: noren.Page{Limit: 1}}, []string{"次郎 stock"}, true},
		{"nobody", noren.AuditFilter{Login: "三郎"}, nil, false},
	} {
		list, err := b.Audit.Log(b.Ctx, hanako, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list.Items {
			who := e.Login
			if e.ClientID != nil {
				who = list.Clients[*e.ClientID]
			}
			got = append(got, who+" "+e.Subject)
		}
		apptest.Same(t, c.name, c.want, got)
		apptest.Same(t, c.name+": more", c.more, list.Next != 0)
	}
	first, err := b.Audit.Log(b.Ctx, hanako, noren.AuditFilter{Dialect: "console", Page: noren.Page{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	next, err := b.Audit.Log(b.Ctx, hanako, noren.AuditFilter{Dialect: "console", Before: first.Next, Page: noren.Page{Limit: 1}})
	if err != nil || len(next.Items) != 1 || next.Items[0].Login != "花子" || next.Next != 0 {
		t.Errorf("the next page: %+v, error %v", next, err)
	}
	_, err = b.Audit.Log(b.Ctx, apptest.Person(b, "次郎", 1), noren.AuditFilter{})
	apptest.Same(t, "for a caller restricted to one store", noren.Forbidden, noren.KindOf(err))
}

// TestAuditLogLooksBack finds an old entry in bounded steps.
func TestAuditLogLooksBack(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Create(t, b, noren.MemberPatch{})
	err := b.Engine.Update(b.Ctx, b.Caller.Tenant.ID, func(tx noren.Tx) error {
		first, err := tx.Reserve(b.Ctx, noren.CounterAudit, 50_000)
		if err != nil {
			return err
		}
		return tx.AddAudit(b.Ctx, []noren.AuditEntry{{ID: first + 49_999, At: b.Clock.Read(), Dialect: noren.Operator, Subject: "x", Changes: []byte("{}")}})
	})
	if err != nil {
		t.Fatal(err)
	}
	filter, steps := noren.AuditFilter{Dialect: string(noren.ReCORE)}, 0
	for {
		list, err := b.Audit.Log(b.Ctx, apptest.Person(b, "花子", 0), filter)
		if err != nil {
			t.Fatal(err)
		}
		if steps++; len(list.Items) == 1 {
			break
		}
		if filter.Before = list.Next; list.Next == 0 || steps > 5 {
			t.Fatalf("not found in %d steps", steps)
		}
	}
	apptest.Same(t, "steps", 3, steps)
}
