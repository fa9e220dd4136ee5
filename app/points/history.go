package points

import (
	"context"
	"slices"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// History is what a member's points consist of: the remaining lots, and the movements, newest first.
type History struct {
	Lots    []noren.PointLot
	Entries []noren.PointEntry
	Staff   []noren.Staff
	Clients map[int64]string // the names of the entries' clients, by id
	Owed    int64            // points of refunded purchases that are taken off the next points that purchases earn
}

// mostLots bounds how many lots of one member are shown. Of more, those that expire first are shown.
const mostLots = 200

// History returns one page of a member's movements, newest first, and the remaining lots. NotFound if the caller
// may not see the member.
func (s *Service) History(ctx context.Context, c noren.Caller, member int64, p noren.Page) (out History, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		if out.Lots, err = tx.PointLots(ctx, noren.PointLotFilter{MemberID: member, Page: noren.Page{Limit: mostLots}}); err != nil {
			return err
		}
		if out.Entries, err = tx.PointEntries(ctx, noren.PointEntryFilter{MemberID: member, Newest: true, Page: p}); err != nil {
			return err
		}
		if out.Owed, err = owed(ctx, tx, member); err != nil {
			return err
		}
		if out.Staff, err = tx.Staff(ctx); err != nil {
			return err
		}
		out.Clients, err = audit.ClientNames(ctx, tx)
		return err
	})
	return out, err
}

// Waiting is what a member's balance does not have: points that cannot be used yet, and what is owed.
type Waiting struct {
	Lots []noren.PointLot // by their last day
	Owed int64            // as in History
}

// Waiting returns what a member's balance does not have. NotFound if the caller may not see the member.
func (s *Service) Waiting(ctx context.Context, c noren.Caller, member int64) (out Waiting, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		lots, err := tx.PointLots(ctx, noren.PointLotFilter{MemberID: member, Page: noren.Page{Limit: mostLots}})
		if err != nil {
			return err
		}
		today := noren.DateOf(s.run.Now(), c.Tenant.Location())
		out.Lots = slices.DeleteFunc(lots, func(l noren.PointLot) bool { return l.UsableFrom == nil || *l.UsableFrom <= today })
		out.Owed, err = owed(ctx, tx, member)
		return err
	})
	return out, err
}

// owed returns how many points of refunded purchases are taken off the next points that purchases earn.
func owed(ctx context.Context, tx Tx, member int64) (sum int64, err error) {
	owing, err := tx.OwingPurchases(ctx, []int64{member})
	for _, p := range owing {
		sum += p.Earning.Owed
	}
	return sum, err
}
