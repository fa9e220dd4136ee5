package noren_test

import (
	"testing"
	"time"

	"noren"
)

// TestAuditLog writes by several hands and looks for each.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withProducts(t)
	hanako := b.person("花子", 0)
	b.clock.set(t, "2026-02-01 12:00:00")
	b.setStock(t, hanako, 1, 1, 5)
	b.clock.set(t, "2026-02-01 13:00:00")
	b.create(t, noren.MemberPatch{}, noren.MemberPatch{})
	b.clock.set(t, "2026-02-01 14:00:00")
	b.setStock(t, b.person("次郎", 0), 1, 1, 6)
	noon := noren.Span{From: b.clock.read().Add(-2 * time.Hour), To: b.clock.read().Add(-time.Hour - time.Second)}
	for _, c := range []struct {
		name   string
		filter noren.AuditFilter
		want   []string // who did what
		more   bool
	}{
		{"a person", noren.AuditFilter{Login: "花子"}, []string{"花子 stock"}, false},
		{"a client", noren.AuditFilter{ClientID: b.caller.Client.ID}, []string{"api member", "api member"}, false},
		{"a dialect", noren.AuditFilter{Dialect: "console"}, []string{"次郎 stock", "花子 stock"}, false},
		{"a subject", noren.AuditFilter{Subject: "stock", SubjectID: "1:1"}, []string{"次郎 stock", "花子 stock"}, false},
		{"a span", noren.AuditFilter{At: noon}, []string{"花子 stock"}, false},
		{"a page", noren.AuditFilter{Dialect: "console", Page: noren.Page{Limit: 1}}, []string{"次郎 stock"}, true},
		{"nobody", noren.AuditFilter{Login: "三郎"}, nil, false},
	} {
		list, err := b.AuditLog(b.ctx, hanako, c.filter)
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
		same(t, c.name, c.want, got)
		same(t, c.name+": more", c.more, list.Next != 0)
	}
	first, err := b.AuditLog(b.ctx, hanako, noren.AuditFilter{Dialect: "console", Page: noren.Page{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	next, err := b.AuditLog(b.ctx, hanako, noren.AuditFilter{Dialect: "console", Before: first.Next, Page: noren.Page{Limit: 1}})
	if err != nil || len(next.Items) != 1 || next.Items[0].Login != "花子" || next.Next != 0 {
		t.Errorf("the next page: %+v, error %v", next, err)
	}
	_, err = b.AuditLog(b.ctx, b.person("次郎", 1), noren.AuditFilter{})
	same(t, "for who is bound to a store", noren.Forbidden, noren.KindOf(err))
}

// TestAuditLogLooksBack finds what is far behind in bounded steps.
func TestAuditLogLooksBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, noren.MemberPatch{})
	err := b.engine.Update(b.ctx, b.caller.Tenant.ID, func(tx noren.Tx) error {
		first, err := tx.Reserve(b.ctx, noren.CounterAudit, 50_000)
		if err != nil {
			return err
		}
		return tx.AddAudit(b.ctx, []noren.AuditEntry{{ID: first + 49_999, At: b.clock.read(), Dialect: noren.Operator, Subject: "x", Changes: []byte("{}")}})
	})
	if err != nil {
		t.Fatal(err)
	}
	filter, steps := noren.AuditFilter{Dialect: string(noren.ReCORE)}, 0
	for {
		list, err := b.AuditLog(b.ctx, b.person("花子", 0), filter)
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
	same(t, "steps", 3, steps)
}
