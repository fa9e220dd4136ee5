package ranks

import (
	"context"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
	"noren/ladder"
)

// History is changes of rank, newest first.
type History struct {
	noren.List[noren.RankChange]

	Clients map[int64]string // the names of the clients that made them, by id
}

// Changes returns the changes of rank that match. NotFound if the filter names a member that the caller may not see.
func (s *Service) Changes(ctx context.Context, c noren.Caller, f noren.RankChangeFilter) (out History, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.SeesOrAll(ctx, tx, c, f.MemberID); err != nil {
			return err
		}
		if out.Items, out.Total, err = tx.RankChanges(ctx, f); err != nil {
			return err
		}
		out.Clients, err = audit.ClientNames(ctx, tx)
		return err
	})
	return out, err
}

// Ladder has a tenant's ranks and the number of members with each.
type Ladder struct {
	Ranks   []noren.Rank      // from the lowest up
	Members map[int64]int     // by rank, of those that checks apply to; 0: no rank
	Checks  []noren.RankCheck // the latest first, at most twelve
	Next    *ladder.Check     // nil: the tenant has no programme
}

// Calendar is when ranks are checked: the latest check, and the next; nil: there is none.
type Calendar struct {
	Last *noren.RankCheck
	Next *ladder.Check
}

// Calendar returns the latest and the next check, with one statement.
func (s *Service) Calendar(ctx context.Context, c noren.Caller) (out Calendar, err error) {
	if p := c.Tenant.Programme; p != nil {
		next := p.Next(s.run.Now(), c.Tenant.Location())
		out.Next = &next
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		checks, _, err := tx.RankChecks(ctx, noren.Page{Limit: 1})
		if len(checks) > 0 {
			out.Last = &checks[0]
		}
		return err
	})
	return out, err
}

// Ladder returns the tenant's ranks, the number of members with each, and the latest checks.
func (s *Service) Ladder(ctx context.Context, c noren.Caller) (out Ladder, err error) {
	if p := c.Tenant.Programme; p != nil {
		next := p.Next(s.run.Now(), c.Tenant.Location())
		out.Next = &next
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		if out.Members, err = tx.RankCounts(ctx); err != nil {
			return err
		}
		out.Checks, _, err = tx.RankChecks(ctx, noren.Page{Limit: 12})
		return err
	})
	return out, err
}
