package main

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/cmd/noren/demoshop"
	"noren/sqlstore"
)

// TestDemoHasAPast looks at what the console of the demo has to show, and that the database holds its invariants.
func TestDemoHasAPast(t *testing.T) {
	t.Parallel()
	for _, members := range []int{alwaysShown, 60} {
		ctx := t.Context()
		url := "sqlite:" + filepath.Join(t.TempDir(), "noren.db") + "?_pragma=synchronous(0)"
		h, err := openConfigured(ctx, sqlstore.Config{URL: url}, app.Config{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		now := time.Now()
		wanted := demoshop.New(1, now, members)
		if err := join(ctx, h, wanted, now); err != nil {
			t.Fatal(err)
		}
		if _, err := h.rooms.Shop.Apply(ctx, wanted); err != nil {
			t.Fatal(err)
		}
		past, err := newLife(ctx, h, 1, wanted.Members, "http://127.0.0.1:9/callback")
		if err == nil {
			err = past.live(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		recent, err := h.rooms.Members.List(ctx, past.pos, noren.MemberFilter{Created: noren.Span{From: now.AddDate(0, -1, 0)}, Page: noren.Page{Limit: 1}})
		if err != nil || recent.Total*2 > members+alwaysShown {
			t.Errorf("%d of %d members have joined within a month, %v", recent.Total, members, err)
		}
		health, err := h.rooms.Bulk.Health(ctx, past.pos)
		if err != nil {
			t.Fatal(err)
		}
		if health.Queue.GivenUp != 1 || health.Queue.Waiting != 0 || health.Queue.CallbacksWaiting != 0 {
			t.Errorf("the queue is %+v, want one callback that is undelivered and nothing waiting", health.Queue)
		}
		for _, hour := range health.Hours[:23] {
			if hour.Accepted == 0 || hour.Delivered == 0 {
				t.Errorf("nothing happened at %s", hour.From)
			}
		}
		key := noren.StockKey{ProductID: 1, StoreID: 1}
		course, err := h.rooms.Stock.History(ctx, past.pos, key, h.rooms.Stock.LastDays(past.tenant, 30), noren.Page{Limit: 100})
		if err != nil || len(course.Movements.Items) < 25 {
			t.Errorf("%d movements of stock, %v", len(course.Movements.Items), err)
		}
		notes, err := h.rooms.Members.Notes(ctx, past.pos, noren.NoteFilter{MemberID: 1})
		if err != nil || len(notes.Notes) == 0 {
			t.Errorf("%d notes, %v", len(notes.Notes), err)
		}
		list, err := h.rooms.Members.Get(ctx, past.pos, 1)
		if err != nil || len(list.Points[1]) == 0 || list.Points[1][0].Total == 0 {
			t.Errorf("points %v, %v", list.Points, err)
		}
		checks, err := h.engine.Verify(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if len(c.Violations) > 0 {
				t.Errorf("%s: %v", c.Name, c.Violations)
			}
		}
	}
}
