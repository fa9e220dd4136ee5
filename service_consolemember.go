package noren

import (
	"context"
	"strconv"
)

// PointHistory is what a member's points are made of: the lots that are left, and the movements, newest first.
type PointHistory struct {
	Lots    []PointLot
	Entries []PointEntry
	Staff   []Staff
	Clients map[int64]string // the names of the clients of entries
}

// mostLots bounds the lots of one member that are shown; whoever has more is shown those that expire first.
const mostLots = 200

// PointHistory answers one page of a member's movements, newest first, and the lots that are left. NotFound where the
// caller may not see the member.
func (s *Service) PointHistory(ctx context.Context, c Caller, member int64, p Page) (out PointHistory, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := seen(ctx, tx, c, member); err != nil {
			return err
		}
		if out.Lots, err = tx.PointLots(ctx, PointLotFilter{MemberID: member, Page: Page{Limit: mostLots}}); err != nil {
			return err
		}
		if out.Entries, err = tx.PointEntries(ctx, PointEntryFilter{MemberID: member, Newest: true, Page: p}); err != nil {
			return err
		}
		if out.Staff, err = tx.Staff(ctx); err != nil {
			return err
		}
		out.Clients, err = clientNames(ctx, tx)
		return err
	})
	return out, err
}

// MemberHistory is who changed what of a member, newest first.
type MemberHistory struct {
	Entries []AuditEntry
	Clients map[int64]string // the names of the clients of entries
}

// MemberHistory answers one page of what the audit log says of a member, newest first. NotFound where the caller may
// not see the member.
func (s *Service) MemberHistory(ctx context.Context, c Caller, member int64, p Page) (out MemberHistory, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := seen(ctx, tx, c, member); err != nil {
			return err
		}
		f := AuditFilter{Subject: "member", SubjectID: strconv.FormatInt(member, 10), Page: p}
		if out.Entries, err = tx.Audit(ctx, f); err != nil {
			return err
		}
		out.Clients, err = clientNames(ctx, tx)
		return err
	})
	return out, err
}

// clientNames are the names of the tenant's clients by id.
func clientNames(ctx context.Context, tx Tx) (map[int64]string, error) {
	clients, err := tx.Clients(ctx)
	names := make(map[int64]string, len(clients))
	for _, c := range clients {
		names[c.ID] = c.Name
	}
	return names, err
}

// Catalogue is what members refer to.
type Catalogue struct {
	Ranks      []Rank // from the lowest up
	StaffRanks []StaffRank
	Stores     []Store // shops alone, and of a caller who is bound to a store that one
}

// Catalogue answers what a form about members offers.
func (s *Service) Catalogue(ctx context.Context, c Caller) (out Catalogue, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		if out.StaffRanks, err = tx.StaffRanks(ctx); err != nil {
			return err
		}
		stores, _, err := tx.Stores(ctx, CatalogueFilter{})
		for _, store := range stores {
			if own := c.Client.StoreID; store.Kind == StoreShop && (own == nil || *own == store.ID) {
				out.Stores = append(out.Stores, store)
			}
		}
		return err
	})
	return out, err
}
