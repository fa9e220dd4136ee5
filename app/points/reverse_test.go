package points_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
	"noren/app/unit"
)

// entries are the member's movements, oldest first.
func entries(t *testing.T, b *apptest.Bundle, member int64) (list []noren.PointEntry) {
	t.Helper()
	b.View(t, func(tx noren.Tx) (err error) {
		list, err = tx.PointEntries(b.Ctx, noren.PointEntryFilter{MemberID: member})
		return err
	})
	return list
}

// reverse undoes the member's nth entry, from 0, as it was shown, and returns "delta, lost".
func reverse(t *testing.T, b *apptest.Bundle, member int64, n int) (string, error) {
	t.Helper()
	entry := entries(t, b, member)[n].ID
	shown, err := b.Points.Reversal(b.Ctx, b.Caller, member, entry)
	done, _, err2 := b.Points.Reverse(b.Ctx, b.Caller, points.Undo{MemberID: member, EntryID: entry, Net: shown.Net(), Note: "入力ミス"}, nil)
	if fmt.Sprint(err) != fmt.Sprint(err2) || err == nil && (shown.Delta != done.Delta || shown.Lost != done.Lost) {
		t.Errorf("entry %d: shown %+v, %v; done %+v, %v", n, shown, err, done, err2)
	}
	return fmt.Sprintf("%+d, lost %d", done.Delta, done.Lost), err2
}

func TestReverse(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		undo := func(what string, n int, want string, reasons ...noren.Reason) {
			t.Helper()
			got, err := reverse(t, b, 1, n)
			if len(reasons) > 0 {
				refused, _ := errors.AsType[noren.Refusals](err)
				if len(refused) != 1 || refused[0].Reason != reasons[0] || refused[0].Field != "entry" || refused[0].Kind != noren.Invalid {
					t.Errorf("%s: %v, want %s", what, err, reasons[0])
				}
			} else if apptest.Same(t, what, want, got); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		// Two grants of the same instant, type and amount, which only their last days tell apart.
		adjust(t, b, expiring(100, "2026-02-10", 1), expiring(100, "2026-03-31", 1))
		undo("the second grant", 1, "-100, lost 0")
		apptest.Same(t, "points", []string{"DEFAULT 100, 100 through 2026-02-10"}, apptest.Points(t, b, 1))
		undo("the same again", 1, "", noren.ReasonReversed)
		undo("a reversal", 2, "", noren.ReasonReversal)

		adjust(t, b, adjustment(points.Subtract, 30, 1), expiring(50, "2026-03-31", 1), adjustment(points.Subtract, 90, 1))
		undo("a grant that is used up", 0, "", noren.ReasonUsedUp)
		undo("a grant of which a part is used", 4, "-30, lost 20")
		undo("a use of two lots, of which one's grant was reversed", 5, "+70, lost 20")
		apptest.Same(t, "points", []string{"DEFAULT 70, 70 through 2026-02-10"}, apptest.Points(t, b, 1))
		b.Sound(t)

		adjust(t, b, expiring(20, "2026-03-31", 1), adjustment(points.Subtract, 80, 1))
		b.Clock.Set(t, "2026-02-11 00:00:00")
		undo("a use of points of which some have expired", len(entries(t, b, 1))-1, "+10, lost 70")
		undo("a use of points that have all expired", 3, "", noren.ReasonLapsed)
		b.Sound(t)

		b.Clock.Set(t, "2026-04-01 00:00:00")
		if _, err := b.Points.Expire(b.Ctx, b.Caller.Tenant, "2026-04-01", false); err != nil {
			t.Fatal(err)
		}
		undo("an expiry", len(entries(t, b, 1))-1, "", noren.ReasonExpiry)
		adjust(t, b, expiring(5, "2026-04-01", 1))
		b.Clock.Set(t, "2026-04-02 00:00:00")
		undo("a grant that has expired before the expiry ran", len(entries(t, b, 1))-1, "", noren.ReasonLapsed)
		b.Sound(t)

		last := entries(t, b, 1)[2]
		apptest.Same(t, "what the entry says", "reversed -100 入力ミス", fmt.Sprintf("%s %d %s", last.Kind, last.Delta, last.Note))
		apptest.Same(t, "the audit log", `{"points":[null,{"delta":-100,"entries":1,"reverses":2}]}`, auditOf(t, b, "1", 2))
	})
}

// TestReverseUseOfReversedGrant: points of a grant that was reversed after they were used do not come back with the use, now or later.
func TestReverseUseOfReversedGrant(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		adjust(t, b, adjustment(points.Add, 10, 1), adjustment(points.Subtract, 6, 1))
		if got, err := reverse(t, b, 1, 0); err != nil || got != "-4, lost 6" {
			t.Errorf("the grant: %s, %v", got, err)
		}
		_, err := reverse(t, b, 1, 1)
		apptest.Refused(t, "the use", err, apptest.Refusal{Field: "entry", Value: "2", Reason: noren.ReasonWithdrawn})
		apptest.Same(t, "points", []string(nil), apptest.Points(t, b, 1))
		b.Sound(t)
	})
}

// auditOf are the changes of the nth entry of the audit log about a member's points, oldest first.
func auditOf(t *testing.T, b *apptest.Bundle, member string, n int) (changes string) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "points", SubjectID: member, Page: noren.Page{Limit: 100}})
		changes = string(list[len(list)-1-n].Changes)
		return err
	})
	return changes
}

func TestReverseRefusals(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	adjust(t, b, adjustment(points.Add, 10, 1), adjustment(points.Add, 10, 3))
	missing := func(what string, c noren.Caller, member, entry int64) {
		t.Helper()
		_, err := b.Points.Reversal(b.Ctx, c, member, entry)
		_, _, err2 := b.Points.Reverse(b.Ctx, c, points.Undo{MemberID: member, EntryID: entry, Net: -10}, nil)
		if noren.KindOf(err) != noren.NotFound || noren.KindOf(err2) != noren.NotFound {
			t.Errorf("%s: %v, %v", what, err, err2)
		}
	}
	missing("an entry that does not exist", b.Caller, 1, 99)
	missing("another member's", b.Caller, 1, 2)
	missing("a member of another store", b.InStore(1), 3, 2)
	_, _, err := b.Points.Reverse(b.Ctx, b.Caller, points.Undo{MemberID: 1, EntryID: 1, Net: -9}, nil)
	apptest.Refused(t, "not what was shown", err, apptest.Refusal{Field: "entry", Value: "1", Reason: noren.ReasonChanged})
	for e, want := range map[noren.Reason]noren.PointEntry{
		noren.ReasonOfPurchase: {Kind: noren.PointsGranted, Purchase: noren.PurchaseRef{ID: 1}},
		noren.ReasonTakenOver:  {Kind: noren.PointsGranted, TakenOver: true},
	} {
		apptest.Same(t, "why the entry cannot be reversed", e, want.Irreversible())
	}
	u := unit.Unit{Tenant: b.Caller.Tenant, Now: b.Clock.Read()}
	opening := points.Brought{TakenOver: noren.TakenOver{MemberID: 2, Type: noren.DefaultPoint, Amount: 7}}
	err = b.Engine.Update(b.Ctx, b.Caller.Tenant.ID, func(tx noren.Tx) error {
		return points.TakeOver(b.Ctx, tx, u, []points.Brought{opening, opening}, noren.AuditEntry{At: u.Now})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = b.Points.Reverse(b.Ctx, b.Caller, points.Undo{MemberID: 2, EntryID: entries(t, b, 2)[0].ID, Net: -7}, nil)
	apptest.Refused(t, "an opening balance", err, apptest.Refusal{Field: "entry", Value: "3", Reason: noren.ReasonTakenOver})
}

// Of many who reverse the same entry at once, one does.
func TestReversalsAtOnce(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		adjust(t, b, adjustment(points.Add, 10, 1), adjustment(points.Subtract, 4, 1))
		var done atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, _, err := b.Points.Reverse(b.Ctx, b.Caller, points.Undo{MemberID: 1, EntryID: 2, Net: 4}, nil); err == nil {
					done.Add(1)
				}
			})
		}
		all.Wait()
		apptest.Same(t, "how many reversed it", int64(1), done.Load())
		apptest.Same(t, "points", []string{"DEFAULT 10"}, apptest.Points(t, b, 1))
		b.Sound(t)
	})
}

func TestEntryLimits(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	person := func(limits *noren.EntryLimits, roles ...noren.Role) noren.Caller {
		c := apptest.Person(b, "someone", 0)
		c.Tenant.Points.EntryLimits = limits
		for _, r := range roles {
			c.Scopes = append(c.Scopes, string(r))
		}
		return c
	}
	own := &noren.EntryLimits{Staff: 0, Admin: 50, ConfirmAbove: 20}
	staff, admin := []noren.Role{noren.Viewer, noren.Clerk}, noren.Roles()
	for _, c := range []struct {
		name      string
		caller    noren.Caller
		amount    int64
		confirmed bool
		want      noren.Reason
	}{
		{"staff by default", person(nil, staff...), 10_000, false, ""},
		{"staff, to be confirmed", person(nil, staff...), 10_001, false, noren.ReasonUnconfirmed},
		{"staff, confirmed", person(nil, staff...), 100_000, true, ""},
		{"staff, too many", person(nil, staff...), 100_001, true, noren.ReasonOverLimit},
		{"an admin, confirmed", person(nil, admin...), 1_000_000, true, ""},
		{"an admin, too many", person(nil, admin...), 1_000_001, true, noren.ReasonOverLimit},
		{"staff who may not", person(own, staff...), 1, true, noren.ReasonOverLimit},
		{"an admin of such a shop", person(own, admin...), 20, false, ""},
		{"an admin of such a shop, to be confirmed", person(own, admin...), 50, false, noren.ReasonUnconfirmed},
		{"a program", b.Caller, noren.MaxPoints, false, ""},
	} {
		for _, mode := range []points.Mode{points.Add, points.Subtract} {
			a := adjustment(mode, c.amount, 1)
			a.Confirmed = c.confirmed
			_, err := b.Points.Adjust(b.Ctx, c.caller, a, nil)
			if c.want == "" && err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if c.want != "" {
				apptest.Refused(t, c.name, err, apptest.Refusal{Field: "amount", Value: strconv.FormatInt(c.amount, 10), Reason: c.want})
			}
		}
	}
}
