package storetest

import (
	"testing"

	"noren"
)

func verifyChecks() []check {
	return []check{
		{"finds nothing where all is well", verifyClean},
		{"finds each kind of violation", verifyFinds},
		{"lists a bounded number of violations", verifyFindsMany},
	}
}

func (b *bundle) verify(t *testing.T) []noren.Check {
	t.Helper()
	checks, err := b.Verify(b.ctx)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return checks
}

// verifyClean checks that a sound database passes, and that looking at it means looking at something.
func verifyClean(t *testing.T, b *bundle) {
	b.clean(t)
	b.other(t).clean(t)
	checked := 0
	for _, c := range b.verify(t) {
		checked += c.Checked
		if c.Name == "" || c.Violated != 0 || len(c.Violations) != 0 {
			t.Errorf("%q found %d violations: %q", c.Name, c.Violated, c.Violations)
		}
	}
	if checked == 0 {
		t.Error("Verify looked at nothing")
	}
}

// clean fills the tenant as the use cases do: numbers come from the counters, and what belongs together is together.
func (b *bundle) clean(t *testing.T) {
	t.Helper()
	left, gone := member(1), member(2)
	left.Status, left.LeaveDate, left.RankID = noren.Left, new(noren.Date("2026-04-01")), new(int64(2))
	gone.Status, gone.LeaveDate, gone.LastName = noren.Suspended, new(noren.Date("2026-04-01")), new("山田")
	b.update(t, func(tx noren.Tx) error {
		_, err := tx.Reserve(b.ctx, noren.CounterMember, 2)
		_, err2 := tx.Reserve(b.ctx, noren.CounterMovement, 3)
		return firstError(
			err, err2,
			tx.Raise(b.ctx, noren.CounterClient, 2),
			tx.Raise(b.ctx, noren.CounterProduct, 3),
			tx.InsertMembers(b.ctx, []noren.Member{left, gone}),
			tx.MoveStock(b.ctx, []noren.StockMovement{movement(1, 1, 1, 5, 5), movement(2, 2, 1, -1, -1)}),
			tx.MoveStock(b.ctx, []noren.StockMovement{movement(3, 1, 1, -5, 0)}),
		)
	})
	callbacks := b.owe(t, 3)
	b.record(t, b.record(t, callbacks[0], noren.CallbackPending, at(1)), noren.CallbackDelivered, at(1))
	b.record(t, callbacks[1], noren.CallbackGivenUp, at(1))
	b.acceptN(t, 1)
}

// verifyFinds plants one violation after another, each of another invariant, through methods that trust their
// caller. What the engine refuses to store need not be found.
func verifyFinds(t *testing.T, b *bundle) {
	for _, c := range []struct {
		name  string
		plant func(b *bundle, tx noren.Tx) error
	}{
		{"a member who left without a date", func(b *bundle, tx noren.Tx) error {
			undated := member(2)
			undated.Status = noren.Left
			return b.overwrite(tx, undated)
		}},
		{"an active member with a leave date", func(b *bundle, tx noren.Tx) error {
			dated := member(2)
			dated.LeaveDate = new(noren.Date("2026-04-01"))
			return b.overwrite(tx, dated)
		}},
		{"a number that the counter has not given yet", func(b *bundle, tx noren.Tx) error {
			return tx.InsertMembers(b.ctx, []noren.Member{member(50)})
		}},
		{"a level that is not the sum of its movements", func(b *bundle, tx noren.Tx) error {
			_, err := tx.Reserve(b.ctx, noren.CounterMovement, 1)
			return firstError(err, tx.MoveStock(b.ctx, []noren.StockMovement{movement(4, 1, 2, 5, 6)}))
		}},
		{"a finished request without its callback", func(b *bundle, tx noren.Tx) error {
			next, err := tx.NextBulk(b.ctx, 1)
			if err != nil {
				return err
			}
			return tx.FinishBulk(b.ctx, []noren.BulkRequest{finished(next[0], 1)}, nil)
		}},
		{"a callback said to be delivered that nobody took", func(b *bundle, tx noren.Tx) error {
			list, err := tx.Callbacks(b.ctx, noren.CallbackFilter{State: noren.CallbackPending})
			if err != nil {
				return err
			}
			after, refused := attempt(list[0], noren.CallbackPending, at(1))
			after.State = noren.CallbackDelivered
			return tx.RecordAttempt(b.ctx, after, refused)
		}},
		{"a token of no client", func(b *bundle, tx noren.Tx) error {
			return tx.AddToken(b.ctx, noren.Token{Hash: noren.HashSecret("stray"), ClientID: 99})
		}},
	} {
		planted := b.other(t)
		planted.clean(t)
		before := b.violated(t)
		err := b.Update(b.ctx, planted.tenant.ID, func(tx noren.Tx) error { return c.plant(planted, tx) })
		if err != nil {
			t.Logf("refused to store %s: %v", c.name, err)
			continue
		}
		same(t, "how many more violations are found after storing "+c.name, 1, b.violated(t)-before)
	}
}

// overwrite stores the member whatever was stored under its id.
func (b *bundle) overwrite(tx noren.Tx, m noren.Member) error {
	list, err := tx.MembersByID(b.ctx, []int64{m.ID}, true)
	if err != nil {
		return err
	}
	return tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: list[0], After: m}})
}

// violated counts all violations, and checks that each is told in words while there are few.
func (b *bundle) violated(t *testing.T) (n int) {
	t.Helper()
	for _, c := range b.verify(t) {
		n += c.Violated
		same(t, "how many violations are listed of "+c.Name, min(c.Violated, noren.MaxViolations), len(c.Violations))
		for _, v := range c.Violations {
			if v == "" {
				t.Errorf("%s lists a violation without words", c.Name)
			}
		}
	}
	return n
}

func verifyFindsMany(t *testing.T, b *bundle) {
	b.clean(t)
	const n = noren.MaxViolations + 5
	undated := make([]noren.Member, n)
	for i := range undated {
		undated[i] = member(int64(i + 3))
		undated[i].Status = noren.Left
	}
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.Raise(b.ctx, noren.CounterMember, n+2), tx.InsertMembers(b.ctx, undated))
	})
	same(t, "the number of violations", n, b.violated(t))
}
