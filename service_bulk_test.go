package noren_test

import (
	"slices"
	"testing"
	"time"

	"noren"
)

// acceptStock sends a bulk request that sets one level.
func (b *bundle) acceptStock(t *testing.T, c noren.Caller, product, store, amount int64) int64 {
	t.Helper()
	accepted, err := b.AcceptBulk(b.ctx, c, noren.BulkRequest{
		Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: "https://example.com/callback",
		Rows: noren.BulkRows{Stock: []noren.StockChange{{StockKey: noren.StockKey{ProductID: product, StoreID: store}, Amount: amount}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return accepted.Request.ID
}

// setupBulk has four requests: 1 succeeded, 2 failed, 3 was sent by a client of store 2 and succeeded, 4 waits.
func setupBulk(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.Service = noren.NewService(noren.Config{
		Engine: b.engine, Clock: b.clock.read,
		Encoders: map[noren.Dialect]noren.CallbackEncoder{noren.Smaregi: plainCallbacks{}},
	})
	b.withProducts(t)
	b.acceptStock(t, b.caller, 1, 1, 5)
	b.acceptStock(t, b.caller, 99, 1, 5)
	bound := b.inStore(2)
	bound.Client.ID = 77
	b.acceptStock(t, bound, 1, 2, 5)
	for {
		done, err := b.ApplyLane(b.ctx, b.caller.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(done) == 0 {
			break
		}
	}
	b.acceptStock(t, b.caller, 1, 1, 6)
	return b
}

func TestBulkRequests(t *testing.T) {
	t.Parallel()
	b := setupBulk(t)
	client := b.inStore(2)
	client.Client.ID = 77
	stranger := b.inStore(2)
	for _, c := range []struct {
		name   string
		caller noren.Caller
		filter noren.BulkFilter
		want   []int64
		next   int64
	}{
		{"all", b.person("花子", 0), noren.BulkFilter{}, []int64{4, 3, 2, 1}, 0},
		{"a page", b.person("花子", 0), noren.BulkFilter{Limit: 2}, []int64{4, 3}, 3},
		{"the last page", b.person("花子", 0), noren.BulkFilter{Limit: 2, Before: 3}, []int64{2, 1}, 0},
		{"failed", b.person("花子", 0), noren.BulkFilter{State: noren.BulkFailed}, []int64{2}, 0},
		{"client", b.person("花子", 0), noren.BulkFilter{ClientID: 77}, []int64{3}, 0},
		{"a number beyond the newest", b.person("花子", 0), noren.BulkFilter{Before: 1 << 60, Limit: 1}, []int64{4}, 4},
		{"a person of a store", b.person("次郎", 2), noren.BulkFilter{}, []int64{3}, 0},
		{"a person of another store", b.person("次郎", 1), noren.BulkFilter{}, nil, 0},
		{"the client of a store", client, noren.BulkFilter{}, []int64{3}, 0},
		{"another client of that store, which was not bound before", stranger, noren.BulkFilter{}, []int64{4, 2, 1}, 0},
		{"that asks for another's", client, noren.BulkFilter{ClientID: 1}, nil, 0},
	} {
		list, err := b.BulkRequests(b.ctx, c.caller, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, s := range list.Items {
			got = append(got, s.Request.ID)
		}
		same(t, c.name, c.want, got)
		same(t, c.name+": next", c.next, list.Next)
		same(t, c.name+": sees what of the tenant waits", c.caller.Client.StoreID == nil, list.Queue.Accepted == 4)
		for id := range int64(6) {
			_, err := b.BulkStatus(b.ctx, c.caller, id)
			if c.filter.ClientID == 0 && c.filter.Limit == 0 && c.filter.State == "" && (err == nil) != slices.Contains(got, id) {
				t.Errorf("%s: request %d: listed %v, asked for: %v", c.name, id, got, err)
			}
		}
	}
}

func TestBulkHealth(t *testing.T) {
	t.Parallel()
	b := setupBulk(t) // at noon
	claimed, err := b.ClaimCallbacks(b.ctx, nil, 10)
	if err != nil || len(claimed) != 3 {
		t.Fatalf("%d callbacks, error %v", len(claimed), err)
	}
	for i, status := range []int{200, 500, 204} {
		a := noren.Attempt{At: b.clock.read().Add(time.Duration(i) * time.Second), Duration: time.Second, Status: status}
		if _, err := b.RecordAttempt(b.ctx, claimed[i], a); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.set(t, "2026-01-31 13:30:00")
	health, err := b.BulkHealth(b.ctx, b.person("花子", 0))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "hours", 24, len(health.Hours))
	noon, now := health.Hours[22], health.Hours[23]
	same(t, "the hour", "2026-01-31T12:00:00+09:00", noon.From.Format(time.RFC3339))
	same(t, "noon", noren.BulkHour{
		From: noon.From, Accepted: 4, Succeeded: 2, Failed: 1, Waiting: 1,
		DeliveryFlow: noren.DeliveryFlow{Step: 22, Delivered: 2, Failed: 1, Median: time.Second, Slow: 3 * time.Second},
	}, noon)
	same(t, "an hour later", noren.BulkHour{From: now.From, Waiting: 1}, now)
	same(t, "what waits", 1, health.Queue.Waiting)
	// What was accepted before the first hour and waits still waits in each.
	b.clock.set(t, "2026-02-01 20:00:00")
	if health, err = b.BulkHealth(b.ctx, b.person("花子", 0)); err != nil {
		t.Fatal(err)
	}
	same(t, "a day and more later", noren.BulkHour{From: health.Hours[0].From, Waiting: 1}, health.Hours[0])
	_, err = b.BulkHealth(b.ctx, b.person("次郎", 1))
	same(t, "for who is bound to a store", noren.Forbidden, noren.KindOf(err))
}

func TestSendAgain(t *testing.T) {
	t.Parallel()
	b := setupBulk(t)
	claimed, err := b.ClaimCallbacks(b.ctx, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claimed {
		if _, err := b.RecordAttempt(b.ctx, c, noren.Attempt{At: b.clock.read(), Status: 200}); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.set(t, "2026-01-31 13:00:00")
	hanako := b.person("花子", 0)
	for range 2 {
		n, kept, err := b.SendAgain(b.ctx, hanako, []int64{2, 1, 2}, once("k", "x", func(any) string { return "" }))
		if err != nil || kept == nil && n != 2 {
			t.Errorf("%d sent again, error %v", n, err)
		}
	}
	again, err := b.ClaimCallbacks(b.ctx, nil, 10)
	if err != nil || len(again) != 2 {
		t.Errorf("%d are due again, error %v", len(again), err)
	}
	var who []string
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: "callbacks"})
		for _, e := range list {
			who = append(who, e.Login+" "+e.SubjectID)
		}
		return err
	})
	same(t, "the audit", []string{"花子 2", "花子 1"}, who)

	for name, c := range map[string]struct {
		caller noren.Caller
		ids    []int64
	}{
		"there is no such request":  {hanako, []int64{1, 99}},
		"it is of another store":    {b.person("次郎", 1), []int64{3}},
		"one of two is of another":  {b.person("次郎", 2), []int64{3, 1}},
		"it was sent by another":    {b.inStore(2), []int64{3}},
		"a client that is a person": {b.person("次郎", 2), []int64{1}},
	} {
		_, _, err := b.SendAgain(b.ctx, c.caller, c.ids, nil)
		same(t, name, noren.NotFound, noren.KindOf(err))
	}
	if n, _, err := b.SendAgain(b.ctx, b.person("次郎", 2), []int64{3}, nil); n != 1 || err != nil {
		t.Errorf("a person of the store: %d, %v", n, err)
	}
	if n, _, err := b.SendAgain(b.ctx, hanako, []int64{4}, nil); n != 0 || err != nil {
		t.Errorf("one that owes none yet: %d, %v", n, err)
	}
	_, _, err = b.SendAgain(b.ctx, hanako, nil, nil)
	refused(t, "none", err, refusal{Field: "ids", Reason: noren.ReasonMissing})
}
