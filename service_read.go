package noren

import (
	"context"
	"time"
)

// List is one page of a list, and how many entries there are in all.
type List[T any] struct {
	Items []T
	Total int
}

// MemberList is a page of members with what else a dialect shows of them.
type MemberList struct {
	List[Member]
	Ranks       []Rank
	StaffRanks  []StaffRank
	Points      map[int64][]PointBalance // by member, at the moment of reading
	Attachments map[int64][]Attachment   // by member; only where they were asked for
}

// Members answers the members that match and that the caller may see.
func (s *Service) Members(ctx context.Context, c Caller, f MemberFilter) (out MemberList, err error) {
	f.VisibleTo = c.Client.StoreID
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Items, out.Total, err = tx.Members(ctx, f); err != nil {
			return err
		}
		return out.load(ctx, tx, c.Tenant, s.now(), f.WithAttachments)
	})
	return out, err
}

// Member answers one member, as the only entry of a list. NotFound where the caller may not see it.
func (s *Service) Member(ctx context.Context, c Caller, id int64) (out MemberList, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Items, err = tx.MembersByID(ctx, []int64{id}, false); err != nil {
			return err
		}
		if len(out.Items) == 0 || !out.Items[0].VisibleTo(c.Client.StoreID) {
			return notFound("member", id)
		}
		out.Total = 1
		return out.load(ctx, tx, c.Tenant, s.now(), true)
	})
	return out, err
}

// load reads what belongs to the members of the list: a fixed number of statements, whatever their number.
func (l *MemberList) load(ctx context.Context, tx Tx, t Tenant, now time.Time, attachments bool) (err error) {
	if l.Ranks, err = tx.Ranks(ctx); err != nil {
		return err
	}
	if l.StaffRanks, err = tx.StaffRanks(ctx); err != nil {
		return err
	}
	ids := make([]int64, len(l.Items))
	for i, m := range l.Items {
		ids[i] = m.ID
	}
	if t.Points.Enabled {
		balances, err := tx.PointBalances(ctx, ids, DateOf(now, t.Location()))
		if err != nil {
			return err
		}
		l.Points = make(map[int64][]PointBalance, len(ids))
		for _, b := range balances {
			l.Points[b.MemberID] = append(l.Points[b.MemberID], b)
		}
	}
	if !attachments {
		return nil
	}
	list, err := tx.Attachments(ctx, ids)
	if err != nil {
		return err
	}
	l.Attachments = make(map[int64][]Attachment, len(ids))
	for _, a := range list {
		l.Attachments[a.MemberID] = append(l.Attachments[a.MemberID], a)
	}
	return nil
}

// Stock answers the stock levels that match and that the caller may see.
func (s *Service) Stock(ctx context.Context, c Caller, f StockFilter) (out List[StockLevel], err error) {
	if own := c.Client.StoreID; own != nil {
		if f.StoreID != 0 && f.StoreID != *own {
			return List[StockLevel]{}, nil
		}
		f.StoreID = *own
	}
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Stock(ctx, f)
		return err
	})
	return out, err
}

// Movements answers the movements of one stock level. NotFound where the product or store does not exist, or the
// caller may not see the store.
func (s *Service) Movements(ctx context.Context, c Caller, f MovementFilter) (out List[StockMovement], err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if _, _, err := stockPlace(ctx, tx, c, f.StockKey); err != nil {
			return err
		}
		out.Items, out.Total, err = tx.Movements(ctx, f)
		return err
	})
	return out, err
}

// Stores answers the stores that match.
func (s *Service) Stores(ctx context.Context, c Caller, f CatalogueFilter) (out List[Store], err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Stores(ctx, f)
		return err
	})
	return out, err
}

// Products answers the products that match.
func (s *Service) Products(ctx context.Context, c Caller, f CatalogueFilter) (out List[Product], err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Products(ctx, f)
		return err
	})
	return out, err
}

// BulkStatus is everything that is known of a bulk request.
type BulkStatus struct {
	Request  BulkRequest
	Callback *Callback // nil while the request has not been applied
	Attempts []Attempt
}

// BulkStatus answers what became of a bulk request and its callback. NotFound where the tenant has no such request,
// or the caller may not see it.
func (s *Service) BulkStatus(ctx context.Context, c Caller, id int64) (out BulkStatus, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Request, out.Callback, out.Attempts, err = tx.BulkByID(ctx, id)
		return err
	})
	if err == nil && !out.Request.VisibleTo(c) {
		return BulkStatus{}, notFound("bulk request", id)
	}
	return out, err
}
