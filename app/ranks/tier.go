package ranks

import (
	"context"

	"noren"
	"noren/app/unit"
	"noren/ladder"
)

// Tier is where a member stands on the ladder, and what the next check will look at.
type Tier struct {
	Member  noren.Member
	Ranks   []noren.Rank  // the ladder, from the lowest up
	Rank    *noren.Rank   // as shown: a member without a rank is shown with the lowest one; nil: there is no ladder
	Minimum *noren.Rank   // nil: none
	Above   []noren.Rank  // the ranks above Rank
	Next    *ladder.Check // nil: the tenant has no programme
	Spend   int64         // so far, in Next's window; 0 without a programme
}

// Missing returns the spend still missing to reach the rank; 0 or less once it is reached.
func (t Tier) Missing(r noren.Rank) int64 { return r.EntrySpend - t.Spend }

// Target returns the next rank to reach: the first above the member's own that is not reached yet, or else the highest.
// Nil if the member has the highest.
func (t Tier) Target() *noren.Rank {
	for i := range t.Above {
		if t.Missing(t.Above[i]) > 0 || i == len(t.Above)-1 {
			return &t.Above[i]
		}
	}
	return nil
}

// ToKeep returns the spend still missing to keep the rank; 0 or less once it is enough, nil if there is no ladder.
func (t Tier) ToKeep() *int64 {
	if t.Rank == nil {
		return nil
	}
	return new(t.Rank.MaintenanceSpend - t.Spend)
}

// Tier returns where a member stands. NotFound if the caller may not see the member; Invalid if several members have
// the key.
func (s *Service) Tier(ctx context.Context, c noren.Caller, key noren.MemberKey) (out Tier, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Member, err = unit.MemberByKey(ctx, tx, c, key); err != nil {
			return err
		}
		if out.Ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		out.Rank, out.Above = ladder.Shown(out.Ranks, out.Member.RankID), ladder.Above(out.Ranks, out.Member.RankID)
		if id := out.Member.MinimumRankID; id != nil {
			out.Minimum = ladder.Shown(out.Ranks, id)
		}
		p := c.Tenant.Programme
		if p == nil {
			return nil
		}
		// The window of the next check, not the months up to now: that is what will decide.
		next := p.Next(s.run.Now(), c.Tenant.Location())
		spend, err := tx.Spend(ctx, []int64{out.Member.ID}, next.From, next.Until)
		out.Next, out.Spend = &next, spend[out.Member.ID]
		return err
	})
	return out, err
}
