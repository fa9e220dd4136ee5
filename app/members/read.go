package members

import (
	"context"
	"time"

	"noren"
	"noren/app/unit"
)

// ByKey returns the member that the key names. NotFound if the caller may not see it; Invalid if several members
// have the key.
func (s *Service) ByKey(ctx context.Context, c noren.Caller, key noren.MemberKey) (m noren.Member, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		m, err = unit.MemberByKey(ctx, tx, c, key)
		return err
	})
	return m, err
}

// List is a page of members with the other things that dialects show of them.
type List struct {
	noren.List[noren.Member]
	Ranks       []noren.Rank
	StaffRanks  []noren.StaffRank
	Points      map[int64][]noren.PointBalance // by member, at the moment of reading
	Attachments map[int64][]noren.Attachment   // by member; only where they were asked for
}

// List returns the members that match and that the caller may see.
func (s *Service) List(ctx context.Context, c noren.Caller, f noren.MemberFilter) (out List, err error) {
	f.VisibleTo, f.Unseen = c.Client.StoreID, c.Unseen()
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Items, out.Total, err = tx.Members(ctx, f); err != nil {
			return err
		}
		return tx.Last(ctx, out.besides(ctx, tx, c.Tenant, memberIDs(out.Items), s.run.Now(), f.WithAttachments)...)
	})
	return out, err
}

// mostCounted is the size of a tenant up to which members are counted that a filter selects: that reads every one of them.
// Members that a search finds, and all members of a tenant, are counted without reading any.
const mostCounted = 200_000

// Counts reports whether it is quick to count the members that match and that the caller may see.
func (s *Service) Counts(ctx context.Context, c noren.Caller, f noren.MemberFilter) (quick bool, err error) {
	if len(f.Statuses)+len(f.RankIDs)+len(f.StoreIDs) == 0 && c.WholeTenant() == nil {
		return true, nil
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		// Of the whole tenant, whose count is kept.
		_, all, err := tx.Members(ctx, noren.MemberFilter{Page: noren.Page{Limit: 1}})
		quick = all <= mostCounted
		return err
	})
	return quick, err
}

// Get returns a list of just that member. NotFound if the caller may not see it.
func (s *Service) Get(ctx context.Context, c noren.Caller, id int64) (out List, err error) {
	// All at once, although the member may turn out not to be visible: one round trip is worth more than reads in vain.
	ids := []int64{id}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		return tx.Last(ctx, append(out.besides(ctx, tx, c.Tenant, ids, s.run.Now(), true), func() (err error) {
			out.Items, err = tx.MembersByID(ctx, ids, false)
			return err
		})...)
	})
	if err == nil && (len(out.Items) == 0 || !out.Items[0].VisibleTo(c.Client.StoreID)) {
		err = noren.Missing("member", id)
	}
	if err != nil {
		return List{}, err // not out, which may hold what the caller must not see
	}
	out.Total = 1
	return out, nil
}

func memberIDs(members []noren.Member) []int64 {
	ids := make([]int64, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	return ids
}

// besides returns functions for Tx.Together that read what belongs to the members with the ids, each with one statement.
func (l *List) besides(ctx context.Context, tx Tx, t noren.Tenant, ids []int64, now time.Time, attachments bool) []func() error {
	read := []func() error{
		func() (err error) {
			l.Ranks, err = tx.Ranks(ctx)
			return err
		},
		func() (err error) {
			l.StaffRanks, err = tx.StaffRanks(ctx)
			return err
		},
	}
	if t.Points.Enabled && len(ids) > 0 {
		read = append(read, func() error {
			balances, err := tx.PointBalances(ctx, ids, noren.DateOf(now, t.Location()))
			l.Points = make(map[int64][]noren.PointBalance, len(ids))
			for _, b := range balances {
				l.Points[b.MemberID] = append(l.Points[b.MemberID], b)
			}
			return err
		})
	}
	if attachments && len(ids) > 0 { // most lists do not show them
		read = append(read, func() error {
			list, err := tx.Attachments(ctx, ids)
			l.Attachments = make(map[int64][]noren.Attachment, len(ids))
			for _, a := range list {
				l.Attachments[a.MemberID] = append(l.Attachments[a.MemberID], a)
			}
			return err
		})
	}
	return read
}
