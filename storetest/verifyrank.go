package storetest

import (
	"testing"

	"noren"
	"noren/ladder"
)

func verifyRankChecks() []check {
	return []check{
		{"finds nothing in sound ranks", verifyRanksClean},
		{"finds each kind of violation in ranks", verifyRanksFinds},
	}
}

// cleanRanks fills a clean tenant with a check that promoted members 3 and 4, after which somebody set the rank of member 5.
func (b *bundle) cleanRanks(t *testing.T) {
	t.Helper()
	b.clean(t)
	may := noren.Month("2026-05").Begin(b.tenant.Location())
	check := rankCheck(may)
	b.update(t, func(tx noren.Tx) error { return tx.BeginRankCheck(b.ctx, check) })
	check.After, check.Risen, check.Stayed, check.FinishedAt = 5, 2, 2, new(at(2))
	var members []noren.Member
	var changes []noren.RankChange
	for i, rank := range []int64{2, 3, 3} {
		m := member(int64(i + 3))
		m.RankID = &rank
		members = append(members, m)
		c := noren.RankChange{ID: int64(i + 1), MemberID: m.ID, At: at(2), To: &rank, Reason: ladder.EntryMet, CheckAt: &may}
		if m.ID == 5 {
			c.Reason, c.CheckAt = ladder.Set, nil
		}
		changes = append(changes, c)
	}
	b.insert(t, members...)
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			// The numbers were not reserved, so the counters are brought behind them: verifying compares the two.
			tx.AddRankChanges(b.ctx, changes), tx.PutRankCheck(b.ctx, check),
			tx.Raise(b.ctx, noren.CounterMember, 5), tx.Raise(b.ctx, noren.CounterRankChange, 3),
		)
	})
}

func verifyRanksClean(t *testing.T, b *bundle) { b.findsNothing(t, (*bundle).cleanRanks) }

func verifyRanksFinds(t *testing.T, b *bundle) {
	may := noren.Month("2026-05").Begin(b.tenant.Location())
	// It plants a change of member 3 that is sound but for what the function does to it.
	add := func(change func(*noren.RankChange)) func(b *bundle, tx noren.Tx) error {
		return func(b *bundle, tx noren.Tx) error {
			id, err := tx.Reserve(b.ctx, noren.CounterRankChange, 1)
			c := noren.RankChange{ID: id, MemberID: 3, At: at(9), From: new(int64(2)), To: new(int64(2)), Reason: ladder.Set}
			change(&c)
			return firstError(err, tx.AddRankChanges(b.ctx, []noren.RankChange{c}))
		}
	}
	b.findsPlanted(t, (*bundle).cleanRanks, []planting{
		{"a minimum rank that does not exist", func(b *bundle, tx noren.Tx) error {
			before, err := tx.MembersByID(b.ctx, []int64{1}, true)
			after := before[0]
			after.MinimumRankID = new(int64(9))
			return firstError(err, tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: before[0], After: after}}))
		}, 1},
		{"a change of nobody's rank", add(func(c *noren.RankChange) { c.MemberID = 99 }), 1},
		{"a change from another rank than the last", add(func(c *noren.RankChange) { c.From = new(int64(1)) }), 1},
		{"a change that the member does not show", add(func(c *noren.RankChange) { c.To = nil }), 1},
		{"a second change by one check", add(func(c *noren.RankChange) { c.CheckAt, c.Reason = &may, ladder.EntryMet }), 2}, // and the check did not count it
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
	})
}
