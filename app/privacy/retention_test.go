package privacy_test

import (
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/shop"
)

// keeping sets how long the tenant keeps what is over, by the shop file, and returns the tenant as it is stored.
func keeping(t *testing.T, b *apptest.Bundle, keep noren.Retention) noren.Tenant {
	t.Helper()
	if _, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: b.Caller.Tenant.Contract, Tenant: noren.TenantPatch{Keep: noren.Set(keep)}}); err != nil {
		t.Fatal(err)
	}
	tenant, err := b.Engine.TenantByContract(b.Ctx, b.Caller.Tenant.Contract)
	if err != nil || tenant.Keep != keep {
		t.Fatalf("stored is %+v, %v", tenant.Keep, err)
	}
	return tenant
}

// leaves makes a member who left on that day.
func leaves(t *testing.T, b *apptest.Bundle, code string, day noren.Date) int64 {
	t.Helper()
	made, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{{
		Code: noren.Set(code), LastName: noren.Set("去"), Email: noren.Set(code + "@example.com"), Status: noren.Set(noren.Left), LeaveDate: noren.Set(day),
	}}, noren.Active, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made.Items[0].ID
}

// TestMembersWhoLeftAreErased: those who left longer ago than the tenant keeps them are erased, once, with receipts; nobody else is.
func TestMembersWhoLeftAreErased(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		due := func(tenant noren.Tenant) int {
			d, err := b.Privacy.Due(b.Ctx, tenant, -1, -1, -1)
			if err != nil {
				t.Fatal(err)
			}
			return d.LeftMembers
		}
		sweep := func(tenant noren.Tenant) int {
			n, err := b.Privacy.Sweep(b.Ctx, tenant)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		// The clock shows 2026-01-31. Thirty days before is New Year's Day.
		var gone []int64
		for range 2 * 50 { // more than one transaction erases
			gone = append(gone, leaves(t, b, "G"+time.Duration(len(gone)).String(), "2026-01-01"))
		}
		stays := leaves(t, b, "S", "2026-01-02")
		if forGood := keeping(t, b, noren.Retention{LeftMembers: noren.Forever}); due(forGood) != 0 || sweep(forGood) != 0 {
			t.Error("members were erased although they are kept for good")
		}
		tenant := keeping(t, b, noren.Retention{LeftMembers: 30})
		b.Clock.Advance(time.Minute)
		if d, n := due(tenant), sweep(tenant); d != len(gone) || n != len(gone) {
			t.Errorf("%d were due and %d erased, want %d", d, n, len(gone))
		}
		b.Clock.Advance(time.Minute)
		if d, n := due(tenant), sweep(tenant); d != 0 || n != 0 {
			t.Errorf("%d were due and %d erased once more", d, n)
		}
		receipts, err := b.Privacy.Erasures(b.Ctx, b.Caller)
		if err != nil || len(receipts) != len(gone) || receipts[0].By != noren.Schedule {
			t.Errorf("%d receipts, %v", len(receipts), err)
		}
		found, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{IDs: append([]int64{stays}, gone[0])})
		if err != nil || len(found.Items) != 2 || found.Items[0].LastName != nil || found.Items[1].LastName == nil {
			t.Errorf("left are %+v, %v", found.Items, err)
		}
		b.Sound(t)
	})
}

// TestRetentionWaitsForImports: a member whom an import names that is not finished stays, and keeps nobody else.
func TestRetentionWaitsForImports(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named, other := leaves(t, b, "GC-7777", "2020-01-01"), leaves(t, b, "B", "2020-01-01")
	draft := draftNaming(t, b, "GC-7777")
	tenant := keeping(t, b, noren.Retention{LeftMembers: 30})
	b.Clock.Advance(time.Minute)
	if n, err := b.Privacy.Sweep(b.Ctx, tenant); n != 1 || err != nil {
		t.Errorf("%d were erased, %v", n, err)
	}
	if _, err := b.Imports.Cancel(b.Ctx, b.Caller, draft); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Privacy.Sweep(b.Ctx, tenant); n != 1 || err != nil {
		t.Errorf("%d were erased after the import, %v", n, err)
	}
	for _, id := range []int64{named, other} {
		found, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{IDs: []int64{id}})
		if err != nil || found.Items[0].Email != nil {
			t.Errorf("member %d: %+v, %v", id, found.Items, err)
		}
	}
}

// TestAuditValuesGo: old entries lose their values and nothing else, each once.
func TestAuditValuesGo(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		change := func(name string) {
			_, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{{ID: 1, LastName: noren.Set(name)}}, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		tenant := keeping(t, b, noren.Retention{AuditValues: 10})
		change("古い")
		b.Clock.Advance(10*24*time.Hour + time.Minute)
		change("新しい")
		due, err := b.Privacy.Due(b.Ctx, tenant, -1, -1, -1)
		if err != nil || due.AuditValues == 0 {
			t.Errorf("due are %+v, %v", due, err)
		}
		if n, err := b.Audit.Sweep(b.Ctx, tenant); n == 0 || err != nil {
			t.Errorf("%d were looked at, %v", n, err)
		}
		if n, err := b.Audit.Sweep(b.Ctx, tenant); n != 0 || err != nil {
			t.Errorf("%d were looked at once more, %v", n, err)
		}
		log, err := b.Audit.Log(b.Ctx, b.Caller, noren.AuditFilter{Subject: "member", SubjectID: "1"})
		if err != nil || len(log.Items) < 2 {
			t.Fatal(log, err)
		}
		for i, e := range log.Items {
			if old := string(e.Changes) == "{}"; old != (i > 0) || e.Dialect == "" {
				t.Errorf("entry %d: %+v", i, e)
			}
		}
		b.Sound(t)
	})
}

// TestTheTenantsPeriodsComeFirst: bulk requests and webhooks go by the tenant's period and not by the server's.
func TestTheTenantsPeriodsComeFirst(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		for range 2 {
			if _, err := b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
				Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
				Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Note: noren.Set("x")}}},
			}, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range apptest.Claim(t, b.App) {
			if _, err := b.Bulk.RecordAttempt(b.Ctx, c, noren.Attempt{At: b.Clock.Read(), Status: 200}); err != nil {
				t.Fatal(err)
			}
		}
		tenant := b.Caller.Tenant
		b.Clock.Advance(25 * time.Hour)
		if n, err := b.Bulk.Sweep(b.Ctx, tenant); n != 0 || err != nil {
			t.Errorf("by the server's period %d went, %v", n, err)
		}
		tenant = keeping(t, b, noren.Retention{Bulk: 1, Webhooks: 1, Imports: 1})
		due, err := b.Privacy.Due(b.Ctx, tenant, time.Hour, -1, -1)
		if err != nil || due.Bulk != 1 { // the newest stays
			t.Errorf("due are %+v, %v", due, err)
		}
		if n, err := b.Bulk.Sweep(b.Ctx, tenant); n != due.Bulk || err != nil {
			t.Errorf("by the tenant's period %d went, %v", n, err)
		}
	})
}
