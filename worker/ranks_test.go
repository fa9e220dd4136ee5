package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/ranks"
	"noren/app/shop"
	"noren/worker"
)

// ranked makes a tenant with n members who have spent enough for Silver in January, whose ranks are checked every month
// over the last.
func (h *house) ranked(t *testing.T, contract string, n int) noren.Caller {
	t.Helper()
	h.caller(t, contract)
	shop := shop.Shop{
		Contract: contract,
		Tenant: noren.TenantPatch{Programme: noren.Set(noren.RankProgramme{
			Start: "2000-01", WindowMonths: 1, CheckEveryMonths: 1, Demotion: "one_step",
		})},
		Ranks: []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver", EntrySpend: 100, MaintenanceSpend: 100}},
	}
	for id := range int64(n) {
		shop.Members = append(shop.Members, noren.MemberPatch{ID: id + 1, Code: noren.Set(fmt.Sprint("M", id+1))})
		shop.Purchases = append(shop.Purchases, noren.PurchaseEvent{
			Kind: noren.PurchasePaid, ExternalID: strconv.FormatInt(id, 10), Member: noren.MemberKey{ID: id + 1}, Amount: 100, PaidAt: time.Now(),
		})
	}
	if _, err := h.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	return h.callers[contract]
}

// ladder counts the tenant's members by rank, and its checks by month with how many rose and fell.
func (h *house) ladder(t *testing.T, c noren.Caller) (members map[int64]int, checks []string) {
	t.Helper()
	l, err := h.Ranks.Ladder(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range l.Checks {
		state := "finished"
		if check.FinishedAt == nil {
			state = "begun"
		}
		checks = append(checks, fmt.Sprintf("%s +%d -%d =%d %s", check.Until, check.Risen, check.Fallen, check.Stayed, state))
	}
	return l.Members, checks
}

func (h *house) expectLadder(t *testing.T, what string, c noren.Caller, members map[int64]int, checks ...string) {
	t.Helper()
	gotMembers, gotChecks := h.ladder(t, c)
	if diff := cmp.Diff(members, gotMembers); diff != "" {
		t.Errorf("%s: members (-want +got):\n%s", what, diff)
	}
	if diff := cmp.Diff(checks, gotChecks); diff != "" {
		t.Errorf("%s: checks (-want +got):\n%s", what, diff)
	}
}

func japanese(month time.Month, day int) time.Time {
	return time.Date(2000, month, day, 0, 0, 0, 0, time.FixedZone("JST", 9*60*60))
}

func sleepUntil(t time.Time) {
	time.Sleep(time.Until(t))
	synctest.Wait()
}

func TestRanksAreCheckedByTheCalendar(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.ranked(t, "shop", 3)
		// It looks every minute: of a month only the last hour is lived through with it.
		sleepUntil(japanese(2, 1).Add(-time.Hour))
		stop := start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		sleepUntil(japanese(2, 1).Add(-time.Second))
		h.expectLadder(t, "before", c, map[int64]int{0: 3})
		sleepUntil(japanese(2, 1).Add(time.Minute))
		h.expectLadder(t, "a minute after the 1st began", c, map[int64]int{2: 3}, "2000-02 +3 -0 =0 finished")
		stop()
		sleepUntil(japanese(3, 1).Add(-time.Hour))
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		sleepUntil(japanese(3, 1).Add(time.Minute))
		h.expectLadder(t, "a month later", c, map[int64]int{1: 3}, "2000-03 +0 -3 =0 finished", "2000-02 +3 -0 =0 finished")
		h.sound(t)
	})
}

// spend lets each of the tenant's n members spend enough for Silver now.
func (h *house) spend(t *testing.T, c noren.Caller, n int) {
	t.Helper()
	var events []noren.PurchaseEvent
	for id := range int64(n) {
		events = append(events, noren.PurchaseEvent{
			Kind: noren.PurchasePaid, ExternalID: strconv.FormatInt(id, 10), Member: noren.MemberKey{ID: id + 1}, Amount: 100, PaidAt: time.Now(),
		})
	}
	if _, err := apptest.Record(t.Context(), h.App, c, "test", events...); err != nil {
		t.Fatal(err)
	}
}

// inSlices is a service on the same database whose checks of ranks move one member at a time.
func (h *house) inSlices() *app.App {
	return app.New(app.Config{Engine: h.engine, RankSlice: 1, Log: slog.New(slog.DiscardHandler)})
}

// A server that was down catches up, in order, and a check that was begun ahead of its time and left is finished.
func TestMissedChecksOfRanksAreCaughtUpWith(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.ranked(t, "shop", 3)
		sleepUntil(japanese(4, 10))
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		synctest.Wait()
		caughtUp := []string{"2000-04 +0 -0 =3 finished", "2000-03 +0 -3 =0 finished", "2000-02 +3 -0 =0 finished"}
		h.expectLadder(t, "at the start", c, map[int64]int{1: 3}, caughtUp...)

		h.spend(t, c, 3)
		tenant, err := h.Access.TenantByContract(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		left := errors.New("left")
		_, err = h.inSlices().Ranks.Check(t.Context(), tenant, japanese(5, 1), func(ranks.Slice) error { return left })
		if !errors.Is(err, left) {
			t.Fatal(err)
		}
		h.expectLadder(t, "when an operator left a check", c, map[int64]int{1: 2, 2: 1},
			append([]string{"2000-05 +1 -0 =0 begun"}, caughtUp...)...)
		sleepUntil(japanese(4, 10).Add(2 * time.Hour))
		h.expectLadder(t, "an hour later", c, map[int64]int{2: 3}, append([]string{"2000-05 +3 -0 =0 finished"}, caughtUp...)...)
		h.sound(t)
	})
}

// A worker that is stopped in the middle of a check leaves it to the next.
func TestACheckOfRanksStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := h.ranked(t, "shop", 5)
		time.Sleep(time.Until(japanese(2, 1)))
		ctx, stop := context.WithCancel(t.Context())
		slices := 0
		h.engine.checking.Store(new(func() {
			if slices++; slices == 2 {
				stop()
			}
		}))
		worker.New(worker.Config{Rooms: roomsOf(h.inSlices()), Poll: never, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
		h.expectLadder(t, "stopped", c, map[int64]int{0: 3, 2: 2}, "2000-02 +2 -0 =0 begun")
		h.engine.checking.Store(nil)
		start(t, worker.Config{Rooms: roomsOf(h.inSlices()), Poll: never})
		synctest.Wait()
		h.expectLadder(t, "gone on with", c, map[int64]int{2: 5}, "2000-02 +5 -0 =0 finished")
		h.sound(t)
	})
}

// Several workers share a database, and trouble stays with the tenant that has it.
func TestSeveralWorkersCheckRanks(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		unlucky, lucky := h.ranked(t, "a-unlucky", 4), h.ranked(t, "b-lucky", 4)
		time.Sleep(time.Until(japanese(2, 1)))
		h.engine.broken.Store(int64(unlucky.Tenant.ID))
		for range 3 {
			start(t, worker.Config{Rooms: roomsOf(h.inSlices()), Poll: never})
		}
		sleepUntil(japanese(2, 1).Add(5 * time.Second))
		h.expectLadder(t, "in trouble", unlucky, map[int64]int{0: 4})
		h.expectLadder(t, "beside it", lucky, map[int64]int{2: 4}, "2000-02 +4 -0 =0 finished")
		h.engine.broken.Store(0)
		sleepUntil(japanese(2, 1).Add(3 * time.Minute))
		h.expectLadder(t, "after the trouble", unlucky, map[int64]int{2: 4}, "2000-02 +4 -0 =0 finished")
		h.sound(t)
	})
}

// The database is asked once an instant and once an hour, not once a minute.
func TestNothingDueIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		h.ranked(t, "shop", 1)
		start(t, worker.Config{Rooms: roomsOf(h.App), Poll: never})
		synctest.Wait()
		asked := h.engine.askedForChecks.Load()
		time.Sleep(59*time.Minute + time.Second)
		synctest.Wait()
		if again := h.engine.askedForChecks.Load(); again != asked {
			t.Errorf("it was asked %d times more within the hour", again-asked)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if again := h.engine.askedForChecks.Load(); again != asked+1 {
			t.Errorf("it was asked %d times more in the next hour", again-asked)
		}
	})
}
