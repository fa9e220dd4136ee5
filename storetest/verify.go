package storetest

import (
	"testing"

	"noren"
)

func verifyChecks() []check {
	return []check{
		{"finds nothing in sound data", verifyClean},
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

func verifyClean(t *testing.T, b *bundle) { b.findsNothing(t, (*bundle).clean) }

// findsNothing checks that two sound tenants pass, and that every check has looked at some rows.
func (b *bundle) findsNothing(t *testing.T, fill func(b *bundle, t *testing.T)) {
	t.Helper()
	fill(b, t)
	// A second tenant with the same numbers: a rule that forgets the tenant would find them to be wrong.
	fill(b.other(t), t)
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

// planting stores data that violates invariants, through methods that trust their caller.
type planting struct {
	name  string
	plant func(b *bundle, tx noren.Tx) error
	finds int // how many more violations are found then
}

// findsPlanted plants one violation after another, each in a tenant of its own that fill has made sound. What the engine
// refuses to store need not be found.
func (b *bundle) findsPlanted(t *testing.T, fill func(b *bundle, t *testing.T), list []planting) {
	t.Helper()
	for _, c := range list {
		planted := b.other(t)
		fill(planted, t)
		before := b.violated(t)
		err := b.Update(b.ctx, planted.tenant.ID, func(tx noren.Tx) error { return c.plant(planted, tx) })
		if err != nil {
			t.Logf("refused to store %s: %v", c.name, err)
			continue
		}
		same(t, "how many more violations are found after storing "+c.name, c.finds, b.violated(t)-before)
	}
}

// clean fills the tenant with sound data: numbers come from the counters, and all that refers to each other exists.
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
			tx.MoveStock(b.ctx, []noren.StockMovement{movement(1, 1, 1, 5, 5), movement(2, 2, 1, -1, -1)}, nil),
			tx.MoveStock(b.ctx, []noren.StockMovement{movement(3, 1, 1, -5, 0)}, nil),
		)
	})
	callbacks := b.owe(t, 3)
	b.record(t, b.record(t, callbacks[0], noren.CallbackPending, at(1)), noren.CallbackDelivered, at(1))
	b.record(t, callbacks[1], noren.CallbackGivenUp, at(1))
	b.acceptN(t, 1)
}

// verifyFinds plants violations, each of another invariant.
func verifyFinds(t *testing.T, b *bundle) {
	b.findsPlanted(t, (*bundle).clean, []planting{
		{"a member who left without a date", func(b *bundle, tx noren.Tx) error {
			undated := member(2)
			undated.Status = noren.Left
			return b.overwrite(tx, undated)
		}, 1},
		{"an active member with a leave date", func(b *bundle, tx noren.Tx) error {
			dated := member(2)
			dated.LeaveDate = new(noren.Date("2026-04-01"))
			return b.overwrite(tx, dated)
		}, 1},
		{"a number that the counter has not given yet", func(b *bundle, tx noren.Tx) error {
			return tx.InsertMembers(b.ctx, []noren.Member{member(50)})
		}, 1},
		{"a level that is not the sum of its movements", func(b *bundle, tx noren.Tx) error {
			_, err := tx.Reserve(b.ctx, noren.CounterMovement, 1)
			return firstError(err, tx.MoveStock(b.ctx, []noren.StockMovement{movement(4, 1, 2, 5, 6)}, nil))
		}, 1},
		{"a finished request without its callback", func(b *bundle, tx noren.Tx) error {
			next, err := tx.NextBulk(b.ctx, 1)
			if err != nil {
				return err
			}
			return tx.FinishBulk(b.ctx, []noren.BulkRequest{finished(next[0], 1)}, nil)
		}, 1},
		{"a callback said to be delivered that nobody took", func(b *bundle, tx noren.Tx) error {
			list, err := tx.Callbacks(b.ctx, noren.CallbackFilter{State: noren.CallbackPending})
			if err != nil {
				return err
			}
			after, refused := attempt(list[0], noren.CallbackPending, at(1))
			after.State = noren.CallbackDelivered
			return tx.RecordAttempts(b.ctx, []noren.Delivery{{Callback: after, Attempt: refused}})
		}, 1},
		{"a token of no client", func(b *bundle, tx noren.Tx) error {
			return tx.AddToken(b.ctx, noren.Token{Hash: noren.HashSecret("stray"), ClientID: 99})
		}, 1},
	})
}

// overwrite stores the member, whatever is stored under its id.
func (b *bundle) overwrite(tx noren.Tx, m noren.Member) error {
	list, err := tx.MembersByID(b.ctx, []int64{m.ID}, true)
	if err != nil {
		return err
	}
	return tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: list[0], After: m}})
}

// violated counts all violations, and checks that each is described while there are few.
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
