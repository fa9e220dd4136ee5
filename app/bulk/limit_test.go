package bulk_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/bulk"
)

// counting counts how often something waits to be counted.
type counting struct {
	noren.Engine
	counts *atomic.Int64
}

// View implements noren.Engine.
func (e counting) View(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	e.counts.Add(1)
	return e.Engine.View(ctx, tenant, fn)
}

// TestQueueLimit fills a tenant's queue: beyond the limit its requests are refused until some are applied, those of
// another tenant are not, and what waits is counted seldom.
func TestQueueLimit(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		const most = 64
		var counts atomic.Int64
		a := apptest.Start(t, apptest.Config{URL: url, Config: app.Config{
			QueueLimit: most, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: apptest.PlainCallbacks{}},
		}, Around: func(e noren.Engine) noren.Engine { return counting{e, &counts} }})
		one, _, err := a.Engine.EnsureTenant(t.Context(), "sb_one")
		if err != nil {
			t.Fatal(err)
		}
		two, _, err := a.Engine.EnsureTenant(t.Context(), "sb_two")
		if err != nil {
			t.Fatal(err)
		}
		accept := func(tenant noren.Tenant) error {
			_, err := a.Bulk.Accept(t.Context(), noren.Caller{Tenant: tenant}, noren.BulkRequest{
				Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
				Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 7, Note: noren.Set("x")}}},
			}, nil)
			return err
		}
		full := func(err error) bool {
			e, ok := errors.AsType[*noren.Error](err)
			return ok && e.Kind == noren.TooMany && e.Reason == noren.ReasonQueueFull && e.RetryAfter > 0
		}
		counts.Store(0)
		var wait sync.WaitGroup
		var accepted, refused atomic.Int64
		for range 8 { // half as many again as fit, in groups
			wait.Go(func() {
				for range most * 3 / 2 / 8 {
					switch err := accept(one); {
					case err == nil:
						accepted.Add(1)
					case full(err):
						refused.Add(1)
					default:
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		if accepted.Load() != most || refused.Load() != most/2 {
			t.Errorf("%d accepted and %d refused, want %d and %d", accepted.Load(), refused.Load(), most, most/2)
		}
		if n := counts.Load(); n > 16+most/2 { // one for each share, and one for a refusal at most
			t.Errorf("what waits was counted %d times", n)
		}
		if err := accept(two); err != nil {
			t.Errorf("another tenant's: %v", err)
		}
		done, err := a.Bulk.ApplyLane(t.Context(), one.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range done {
			if err := accept(one); err != nil {
				t.Errorf("after some were applied: %v", err)
			}
		}
		if err := accept(one); !full(err) {
			t.Errorf("when it is full again: %v", err)
		}
	})
}
