package bulk_test

import (
	"slices"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/bulk"
)

// setupBulk has four requests: 1 succeeded, 2 failed, 3 was sent by a client of store 2 and succeeded, 4 waits.
func setupBulk(t *testing.T) *apptest.Bundle {
	t.Helper()
	b := apptest.Setup(t)
	apptest.WithProducts(t, b)
	apptest.AcceptStock(t, b, b.Caller, 1, 1, 5)
	apptest.AcceptStock(t, b, b.Caller, 99, 1, 5)
	bound := b.InStore(2)
	bound.Client.ID = 77
	apptest.AcceptStock(t, b, bound, 1, 2, 5)
	for {
		done, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(done) == 0 {
			break
		}
	}
	apptest.AcceptStock(t, b, b.Caller, 1, 1, 6)
	return b
}

func TestBulkRequests(t *testing.T) {
	t.Parallel()
	b := setupBulk(t)
	client := b.InStore(2)
	client.Client.ID = 77
	stranger := b.InStore(2)
	for _, c := range []struct {
		name   string
		caller noren.Caller
		filter noren.BulkFilter
		want   []int64
		next   int64
	}{
		{"all", apptest.Person(b, "花子", 0), noren.BulkFilter{}, []int64{4, 3, 2, 1}, 0},
		{"a page", apptest.Person(b, "花子", 0), noren.BulkFilter{Limit: 2}, []int64{4, 3}, 3},
		{"the last page", apptest.Person(b, "花子", 0), noren.BulkFilter{Limit: 2, Before: 3}, []int64{2, 1}, 0},
		{"failed", apptest.Person(b, "花子", 0), noren.BulkFilter{State: noren.BulkFailed}, []int64{2}, 0},
		{"client", apptest.Person(b, "花子", 0), noren.BulkFilter{ClientID: 77}, []int64{3}, 0},
		{"a number beyond the newest", apptest.Person(b, "花子", 0), noren.BulkFilter{Before: 1 << 60, Limit: 1}, []int64{4}, 4},
		{"a person of a store", apptest.Person(b, "次郎", 2), noren.BulkFilter{}, []int64{3}, 0},
		{"a person of another store", apptest.Person(b, "次郎", 1), noren.BulkFilter{}, nil, 0},
		{"the client of a store", client, noren.BulkFilter{}, []int64{3}, 0},
		{"another client of that store, which was not bound before", stranger, noren.BulkFilter{}, []int64{4, 2, 1}, 0},
		{"that asks for another's", client, noren.BulkFilter{ClientID: 1}, nil, 0},
	} {
		list, err := b.Bulk.List(b.Ctx, c.caller, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, s := range list.Items {
			got = append(got, s.Request.ID)
		}
		apptest.Same(t, c.name, c.want, got)
		apptest.Same(t, c.name+": next", c.next, list.Next)
		apptest.Same(t, c.name+": sees what of the tenant waits", c.caller.Client.StoreID == nil, list.Queue.Accepted == 4)
		for id := range int64(6) {
			_, err := b.Bulk.Status(b.Ctx, c.caller, id)
			if c.filter.ClientID == 0 && c.filter.Limit == 0 && c.filter.State == "" && (err == nil) != slices.Contains(got, id) {
				t.Errorf("%s: request %d: listed %v, asked for: %v", c.name, id, got, err)
			}
		}
	}
}

func TestBulkHealth(t *testing.T) {
	t.Parallel()
	b := setupBulk(t) // at noon
	claimed := apptest.Claim(t, b.App)
	if len(claimed) != 3 {
		t.Fatalf("%d callbacks", len(claimed))
	}
	for i, status := range []int{200, 500, 204} {
		a := noren.Attempt{At: b.Clock.Read().Add(time.Duration(i) * time.Second), Duration: time.Second, Status: status}
		if _, err := b.Bulk.RecordAttempt(b.Ctx, claimed[i], a); err != nil {
			t.Fatal(err)
		}
	}
	b.Clock.Set(t, "2026-01-31 13:30:00")
	health, err := b.Bulk.Health(b.Ctx, apptest.Person(b, "花子", 0))
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "hours", 24, len(health.Hours))
	noon, now := health.Hours[22], health.Hours[23]
	apptest.Same(t, "the hour", "2026-01-31T12:00:00+09:00", noon.From.Format(time.RFC3339))
	apptest.Same(t, "noon", bulk.Hour{
		From: noon.From, Accepted: 4, Succeeded: 2, Failed: 1, Waiting: 1,
		DeliveryFlow: noren.DeliveryFlow{Step: 22, Delivered: 2, Failed: 1, Median: time.Second, Slow: 3 * time.Second},
	}, noon)
	apptest.Same(t, "an hour later", bulk.Hour{From: now.From, Waiting: 1}, now)
	apptest.Same(t, "what waits", 1, health.Queue.Waiting)
	// What was accepted before the first hour and waits still waits in each.
	b.Clock.Set(t, "2026-02-01 20:00:00")
	if health, err = b.Bulk.Health(b.Ctx, apptest.Person(b, "花子", 0)); err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "a day and more later", bulk.Hour{From: health.Hours[0].From, Waiting: 1}, health.Hours[0])
	_, err = b.Bulk.Health(b.Ctx, apptest.Person(b, "次郎", 1))
	apptest.Same(t, "for a caller restricted to one store", noren.Forbidden, noren.KindOf(err))
}

func TestSendAgain(t *testing.T) {
	t.Parallel()
	b := setupBulk(t)
	for _, c := range apptest.Claim(t, b.App) {
		if _, err := b.Bulk.RecordAttempt(b.Ctx, c, noren.Attempt{At: b.Clock.Read(), Status: 200}); err != nil {
			t.Fatal(err)
		}
	}
	b.Clock.Set(t, "2026-01-31 13:00:00")
	hanako := apptest.Person(b, "花子", 0)
	for range 2 {
		n, kept, err := b.Bulk.SendAgain(b.Ctx, hanako, []int64{2, 1, 2}, apptest.Once("k", "x", func(any) string { return "" }))
		if err != nil || kept == nil && n != 2 {
			t.Errorf("%d sent again, error %v", n, err)
		}
	}
	if again := apptest.Claim(t, b.App); len(again) != 2 {
		t.Errorf("%d are due again", len(again))
	}
	var who []string
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "callbacks"})
		for _, e := range list {
			who = append(who, e.Login+" "+e.SubjectID)
		}
		return err
	})
	apptest.Same(t, "the audit", []string{"花子 2", "花子 1"}, who)

	for name, c := range map[string]struct {
		caller noren.Caller
		ids    []int64
	}{
		"there is no such request":  {hanako, []int64{1, 99}},
		"it is of another store":    {apptest.Person(b, "次郎", 1), []int64{3}},
		"one of two is of another":  {apptest.Person(b, "次郎", 2), []int64{3, 1}},
		"it was sent by another":    {b.InStore(2), []int64{3}},
		"a client that is a person": {apptest.Person(b, "次郎", 2), []int64{1}},
	} {
		_, _, err := b.Bulk.SendAgain(b.Ctx, c.caller, c.ids, nil)
		apptest.Same(t, name, noren.NotFound, noren.KindOf(err))
	}
	if n, _, err := b.Bulk.SendAgain(b.Ctx, apptest.Person(b, "次郎", 2), []int64{3}, nil); n != 1 || err != nil {
		t.Errorf("a person of the store: %d, %v", n, err)
	}
	if n, _, err := b.Bulk.SendAgain(b.Ctx, hanako, []int64{4}, nil); n != 0 || err != nil {
		t.Errorf("one that owes none yet: %d, %v", n, err)
	}
	_, _, err := b.Bulk.SendAgain(b.Ctx, hanako, nil, nil)
	apptest.Refused(t, "none", err, apptest.Refusal{Field: "ids", Reason: noren.ReasonMissing})
}

// TestEffectsTellWhereTheyCameFrom: the entries of the log have the address of whoever sent the request, which is applied by
// nobody's request.
func TestEffectsTellWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		ctx := noren.WithOrigin(b.Ctx, noren.Origin{Address: "203.0.113.9", RequestID: "r1", ClientRequestID: "theirs"})
		if _, err := b.Bulk.Accept(ctx, b.Caller, noren.BulkRequest{
			Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
			Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Note: noren.Set("x")}}},
		}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
			t.Fatal(err)
		}
		log, err := b.Audit.Log(b.Ctx, b.Caller, noren.AuditFilter{Subject: "member", SubjectID: "1"})
		if err != nil || len(log.Items) == 0 || log.Items[0].Address != "203.0.113.9" || log.Items[0].ClientRequestID != "theirs" {
			t.Errorf("the log has %+v, %v", log.Items, err)
		}
	})
}
