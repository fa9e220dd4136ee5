package storetest

import (
	"testing"

	"noren"
	"noren/ladder"
)

func verifyRankChecks() []check {
	return []check{
		{"finds nothing in ranks where all is well", verifyRanksClean},
		{"finds each kind of violation in ranks", verifyRanksFinds},
	}
}

// cleanRanks fills a clean tenant with a check that raised members 3 and 4, and then let member 5 be set.
func (b *bundle) cleanRanks(t *testing.T) {
	t.Helper()
	b.clean(t)
	s := noren.NewService(noren.Config{Engine: b.Engine, Clock: Now})
	b.tenant.Programme = &noren.RankProgramme{Start: "2026-05", WindowMonths: 1, CheckEveryMonths: 1, Demotion: ladder.OneStep}
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.PutTenant(b.ctx, b.tenant), tx.Raise(b.ctx, noren.CounterMember, 5),
			tx.InsertMembers(b.ctx, []noren.Member{member(3), member(4), member(5)}),
		)
	})
	caller := noren.Caller{Tenant: b.tenant, Client: b.client(1)}
	var events []noren.PurchaseEvent
	for id, amount := range map[int64]int64{3: 2000, 4: 9000} {
		events = append(events, noren.PurchaseEvent{
			Kind: noren.PurchasePaid, ExternalID: member(id).Code, Member: noren.MemberKey{ID: id}, Amount: amount, PaidAt: at(0),
		})
	}
	_, recorded := s.RecordPurchases(b.ctx, caller, "test", events)
	_, checked := s.CheckRanks(b.ctx, b.tenant, noren.Month("2026-05").Begin(b.tenant.Location()), nil)
	_, _, set := s.UpdateMembers(b.ctx, caller, []noren.MemberPatch{{ID: 5, Rank: noren.Set(noren.Ref{ID: 3})}}, nil)
	if err := firstError(recorded, checked, set); err != nil {
		t.Fatal(err)
	}
}

func verifyRanksClean(t *testing.T, b *bundle) {
	b.cleanRanks(t)
	b.other(t).cleanRanks(t)
	for _, c := range b.verify(t) {
		if c.Violated != 0 {
			t.Errorf("%q found %d violations: %q", c.Name, c.Violated, c.Violations)
		}
	}
}

// verifyRanksFinds plants one violation after another, as verifyFinds does.
func verifyRanksFinds(t *testing.T, b *bundle) {
	may := noren.Month("2026-05").Begin(b.tenant.Location())
	add := func(change func(*noren.RankChange)) func(b *bundle, tx noren.Tx) error {
		return func(b *bundle, tx noren.Tx) error {
			id, err := tx.Reserve(b.ctx, noren.CounterRankChange, 1)
			c := noren.RankChange{ID: id, MemberID: 3, At: at(9), From: new(int64(2)), To: new(int64(2)), Reason: ladder.Set}
			change(&c)
			return firstError(err, tx.AddRankChanges(b.ctx, []noren.RankChange{c}))
		}
	}
	for _, c := range []struct {
		name  string
		plant func(b *bundle, tx noren.Tx) error
		finds int
	}{
		{"a minimum rank that does not exist", func(b *bundle, tx noren.Tx) error {
			before, err := tx.MembersByID(b.ctx, []int64{1}, true)
			after := before[0]
			after.MinimumRankID = new(int64(9))
			return firstError(err, tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: before[0], After: after}}))
		}, 1},
		{"a change of nobody's rank", add(func(c *noren.RankChange) { c.MemberID = 99 }), 1},
		{"a change from another rank than the last", add(func(c *noren.RankChange) { c.From = new(int64(1)) }), 1},
		{"a change that the member does not show", add(func(c *noren.RankChange) { c.To = nil }), 1},
		{"a second change by one check", add(func(c *noren.RankChange) { c.CheckAt, c.Reason = &may, ladder.EntryMet }), 2}, // nor did it count that
		{"a change by a check that was not begun", add(func(c *noren.RankChange) { c.CheckAt, c.Reason = new(may.AddDate(0, 1, 0)), ladder.EntryMet }), 1},
		{"a change by a check for no reason", add(func(c *noren.RankChange) { c.MemberID, c.From, c.CheckAt = 1, nil, &may }), 1},
		{"a change with a number that the counter has not given", func(b *bundle, tx noren.Tx) error {
			return tx.AddRankChanges(b.ctx, []noren.RankChange{{
				ID: 1000, MemberID: 3, At: at(9), From: new(int64(2)), To: new(int64(2)), Reason: ladder.Set,
			}})
		}, 1},
		{"a check that counted one too many", func(b *bundle, tx noren.Tx) error {
			c, err := tx.RankCheckAt(b.ctx, may, true)
			if err != nil {
				return err
			}
			c.Fallen++
			return tx.PutRankCheck(b.ctx, *c)
		}, 1},
		{"a check that was never finished", func(b *bundle, tx noren.Tx) error {
			return tx.BeginRankCheck(b.ctx, rankCheck(may.AddDate(0, -1, 0)))
		}, 1},
	} {
		planted := b.other(t)
		planted.cleanRanks(t)
		before := b.violated(t)
		err := b.Update(b.ctx, planted.tenant.ID, func(tx noren.Tx) error { return c.plant(planted, tx) })
		if err != nil {
			t.Logf("refused to store %s: %v", c.name, err)
			continue
		}
		same(t, "how many more violations are found after storing "+c.name, c.finds, b.violated(t)-before)
	}
}
