package bulk_test

import (
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/bulk"
)

// TestSweep removes what was applied long ago, from the oldest on, up to the first request that somebody still waits for.
func TestSweep(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		accept := func(n int) {
			for range n {
				_, err := b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
					Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
					Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Note: noren.Set("x")}}},
				}, nil)
				if err == nil {
					_, err = b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		left := func(what string, swept int, want ...int64) {
			t.Helper()
			n, err := b.Bulk.Sweep(b.Ctx, b.Caller.Tenant)
			if err != nil || n != swept {
				t.Errorf("%s: %d were swept, want %d (%v)", what, n, swept, err)
			}
			list, err := b.Bulk.List(b.Ctx, b.Caller, noren.BulkFilter{})
			if err != nil {
				t.Fatal(err)
			}
			var ids []int64
			for _, s := range list.Items {
				ids = append(ids, s.Request.ID)
			}
			apptest.Same(t, what, want, ids)
			b.Sound(t)
		}
		left("of nothing", 0)
		accept(5)
		callbacks := apptest.Claim(t, b.App)
		for i, c := range callbacks {
			status := 200
			if i == 2 {
				status = 500 // it is tried again
			}
			if _, err := b.Bulk.RecordAttempt(b.Ctx, c, noren.Attempt{At: b.Clock.Read(), Status: status}); err != nil {
				t.Fatal(err)
			}
		}
		b.Clock.Advance(bulk.Kept - time.Minute)
		left("too early", 0, 5, 4, 3, 2, 1)
		b.Clock.Advance(2 * time.Minute)
		left("up to one whose callback is pending", 2, 5, 4, 3)
		left("again", 0, 5, 4, 3)
		accept(1)
		if _, err := b.Bulk.RecordAttempt(b.Ctx, apptest.Claim(t, b.App)[0], noren.Attempt{At: b.Clock.Read(), Status: 200}); err != nil {
			t.Fatal(err)
		}
		left("all old ones", 3, 6)
		b.Clock.Advance(2 * bulk.Kept)
		left("never the newest", 0, 6)
	})
}
