package bulk_test

import (
	"context"
	"testing"

	"noren"
	"noren/app/apptest"
)

// crowded is an engine on which another tenant waits for each transaction that has written.
type crowded struct {
	noren.Engine
	waits *bool
}

// Update implements noren.Engine.
func (e crowded) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(crowdedTx{tx, e.waits}) })
}

type crowdedTx struct {
	noren.Tx
	waits *bool
}

// Awaited implements noren.CounterTx.
func (t crowdedTx) Awaited() bool { return *t.waits }

// TestLaneGivesWay applies the requests of a tenant in short transactions while others wait, and in long ones again soon after.
func TestLaneGivesWay(t *testing.T) {
	t.Parallel()
	waits := true
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return crowded{e, &waits} })
	var accepted []int64
	for range 60 {
		a, err := b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
			Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
			Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Note: noren.Set("x")}}},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, a.Request.ID)
	}
	var sizes []int
	var done []int64
	for step := 0; len(done) < len(accepted) && step < 60; step++ {
		waits = step < 3
		finished, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(finished))
		for _, r := range finished {
			done = append(done, r.ID)
		}
	}
	apptest.Same(t, "how many each transaction applied", []int{1, 1, 1, 2, 4, 8, 16, 16, 11}, sizes)
	apptest.Same(t, "the order", accepted, done)
	b.Sound(t)
}
