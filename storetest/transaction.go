package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"noren"
)

func transactionChecks() []check {
	return []check{
		{"what Update wrote is there afterwards", updateCommits},
		{"Update sees its own writes", updateSeesItsWrites},
		{"an error rolls back and is returned as it is", updateRollsBack},
		{"an error does not touch concurrent updates", updateErrorsAreOnesOwn},
		{"reading for update loses no update", updateLosesNone},
		{"View is one snapshot", viewIsSnapshot},
		{"View writes nothing", viewIsReadOnly},
		{"the first run is not Again", firstRunIsNotAgain},
	}
}

func counterChecks() []check {
	return []check{
		{"each counter starts at 1 and counts by blocks", counterBlocks},
		{"concurrent blocks do not overlap", counterConcurrent},
		{"Raise continues after the number and never goes back", counterRaise},
	}
}

func updateCommits(t *testing.T, b *bundle) {
	want := member(1)
	b.insert(t, want)
	got, total := b.members(t, noren.MemberFilter{})
	same(t, "the member", []noren.Member{want}, got)
	same(t, "the total", 1, total)
}

func updateSeesItsWrites(t *testing.T, b *bundle) {
	b.update(t, func(tx noren.Tx) error {
		if err := tx.InsertMembers(b.ctx, []noren.Member{member(1), member(2)}); err != nil {
			return err
		}
		list, total, err := tx.Members(b.ctx, noren.MemberFilter{})
		same(t, "members inserted just now", []noren.Member{member(1), member(2)}, list)
		same(t, "their total", 2, total)
		return err
	})
}

func updateRollsBack(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	stop := errors.New("stop")
	err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		after := member(1)
		after.Code, after.UpdatedAt = "changed", at(1)
		_, err := tx.AcceptBulk(b.ctx, []noren.BulkRequest{b.request("rolled back")}, [][]byte{encoded(t, b.request(""))})
		return firstError(
			err,
			tx.InsertMembers(b.ctx, []noren.Member{member(2)}),
			tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: member(1), After: after}}),
			tx.MoveStock(b.ctx, []noren.StockMovement{movement(1, 1, 1, 5, 5)}, nil),
			stop,
		)
	})
	// Not wrapped: use cases compare errors that they have returned themselves.
	if !errors.Is(err, stop) || errors.Unwrap(err) != nil {
		t.Errorf("Update returned %v, not the error of fn itself", err)
	}
	list, total := b.members(t, noren.MemberFilter{})
	same(t, "the members", []noren.Member{member(1)}, list)
	same(t, "the total", 1, total)
	b.view(t, func(tx noren.Tx) error {
		levels, _, err := tx.Stock(b.ctx, noren.StockFilter{})
		same(t, "the stock", []noren.StockLevel{}, levels)
		return err
	})
}

// updateErrorsAreOnesOwn matters if concurrent updates share one commit: one that fails must neither undo the others nor
// leave something behind in them.
func updateErrorsAreOnesOwn(t *testing.T, b *bundle) {
	const n = 24
	stop := errors.New("stop")
	inParallel(n, func(i int) {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			if err := tx.InsertMembers(b.ctx, []noren.Member{member(int64(i + 1))}); err != nil {
				return err
			}
			// Enough failures that nearly every shared commit has one among its neighbours.
			if i%3 == 0 {
				return stop
			}
			return nil
		})
		if failed := i%3 == 0; failed && !errors.Is(err, stop) || !failed && err != nil {
			t.Errorf("update %d returned %v", i, err)
		}
	})
	list, _ := b.members(t, noren.MemberFilter{})
	want := slices.DeleteFunc(upTo(n), func(id int64) bool { return (id-1)%3 == 0 })
	same(t, "the members stored", want, memberIDs(list))
}

// updateLosesNone lets transactions read, add one and write at the same time: without a lock on what is read, some would
// overwrite what others wrote.
func updateLosesNone(t *testing.T, b *bundle) {
	start := member(1)
	start.PointUnitPrice = new(int64(0))
	b.insert(t, start)
	const n = 16
	inParallel(n, func(int) {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			list, err := tx.MembersByID(b.ctx, []int64{1}, true)
			if err != nil {
				return err
			}
			after := list[0]
			after.PointUnitPrice = new(*after.PointUnitPrice + 1)
			return tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: list[0], After: after}})
		})
		if err != nil {
			t.Errorf("Update: %v", err)
		}
	})
	list, _ := b.members(t, noren.MemberFilter{})
	same(t, "the number of increments", int64(n), *list[0].PointUnitPrice)
}

// viewIsSnapshot reads before and after another transaction commits. If the two reads differed, a page and its total could
// contradict each other.
func viewIsSnapshot(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	b.view(t, func(tx noren.Tx) error {
		before, _, err := tx.Members(b.ctx, noren.MemberFilter{})
		if err != nil {
			return err
		}
		b.insert(t, member(2)) // commits while the view is open
		after, total, err := tx.Members(b.ctx, noren.MemberFilter{})
		same(t, "the members seen after another's commit", before, after)
		same(t, "their total", 1, total)
		byID, err2 := tx.MembersByID(b.ctx, []int64{1, 2}, false)
		same(t, "the members read by id", before, byID)
		return firstError(err, err2)
	})
	list, _ := b.members(t, noren.MemberFilter{})
	same(t, "the members of a later view", []int64{1, 2}, memberIDs(list))
}

func viewIsReadOnly(t *testing.T, b *bundle) {
	err := b.View(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		return tx.InsertMembers(b.ctx, []noren.Member{member(1)})
	})
	if err == nil {
		t.Error("a write in a view succeeded")
	}
	list, _ := b.members(t, noren.MemberFilter{})
	same(t, "the members", []noren.Member{}, list)
	b.insert(t, member(2)) // the connection that refused can still be used
}

func firstRunIsNotAgain(t *testing.T, b *bundle) {
	runs := 0
	b.update(t, func(tx noren.Tx) error {
		// Only the first run is looked at: an engine may run a closure again for reasons of its own.
		if runs == 0 && tx.Again() {
			t.Error("Again is true in the first run")
		}
		runs++
		return nil
	})
}

func counterBlocks(t *testing.T, b *bundle) {
	other := b.other(t)
	for _, c := range []noren.Counter{noren.CounterMember, noren.CounterMovement, noren.CounterAudit, noren.CounterClient} {
		same(t, string(c)+" at first", int64(1), b.reserve(t, c, 3))
		same(t, string(c)+" after 3", int64(4), b.reserve(t, c, 1))
		same(t, string(c)+" after 4", int64(5), b.reserve(t, c, 10))
		same(t, string(c)+" of another tenant", int64(1), other.reserve(t, c, 1))
	}
}

// counterConcurrent checks that blocks taken at once neither overlap nor leave gaps.
func counterConcurrent(t *testing.T, b *bundle) {
	const n, block = 24, 7
	var mu sync.Mutex
	var firsts []int64
	inParallel(n, func(int) {
		first := b.reserve(t, noren.CounterMovement, block)
		mu.Lock()
		defer mu.Unlock()
		firsts = append(firsts, first)
	})
	slices.Sort(firsts)
	for i, first := range firsts {
		if want := int64(i*block + 1); first != want {
			t.Fatalf("block %d starts at %d, want %d", i, first, want)
		}
	}
}

// counterRaise does what a shop file with numbers given by hand does: later numbers must not meet those.
func counterRaise(t *testing.T, b *bundle) {
	raise := func(used int64) {
		b.update(t, func(tx noren.Tx) error { return tx.Raise(b.ctx, noren.CounterMember, used) })
	}
	raise(100)
	same(t, "the number after raising to 100", int64(101), b.reserve(t, noren.CounterMember, 1))
	// Lower numbers have no effect: the counter never goes back.
	raise(50)
	raise(0)
	same(t, "the number after raising to less", int64(102), b.reserve(t, noren.CounterMember, 1))
	raise(102)
	same(t, "the number after raising to the last taken", int64(103), b.reserve(t, noren.CounterMember, 1))
	same(t, "another counter", int64(1), b.reserve(t, noren.CounterAudit, 1))
}

func (b *bundle) reserve(t *testing.T, c noren.Counter, n int) (first int64) {
	t.Helper()
	err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) (err error) {
		first, err = tx.Reserve(b.ctx, c, n)
		return err
	})
	if err != nil {
		t.Errorf("Reserve(%s, %d): %v", c, n, err) // not Fatal: it may run beside the test's own goroutine
	}
	return first
}
