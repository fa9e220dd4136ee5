package points

import (
	"context"
	"slices"
	"strconv"

	"noren"
	"noren/app/unit"
)

// Reversal is what undoing an entry comes to: a grant takes from its lot what is left of it, a use gives its points back to the
// lots that they were taken from.
type Reversal struct {
	Entry noren.PointEntry // the one to undo
	Delta int64            // how many points the member gets back; negative: how many are taken
	// Lost is how many of the entry's points stay as they are: they were used since, have expired, or are of a grant that was reversed.
	Lost int64
	// Owed is how many of the points that come back are taken at once for refunded purchases. They were owed because they had been used.
	Owed int64
}

// Net is by how much the balance changes.
func (r Reversal) Net() int64 { return r.Delta - r.Owed }

// Undo names an entry to reverse.
type Undo struct {
	MemberID, EntryID int64
	Net               int64 // of the Reversal that the caller was shown
	Note              string
}

// Reversal returns what reversing the member's entry would come to now. NotFound if the caller may not see the member, or the
// member has no such entry; Refusals about the field entry, with the reason, if the entry cannot be reversed.
func (s *Service) Reversal(ctx context.Context, c noren.Caller, member, entry int64) (out Reversal, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		p := writer{tx: tx, Unit: unit.Unit{Tenant: c.Tenant, Now: s.run.Now()}}
		undone, err := p.reversal(ctx, member, entry, false)
		out = undone.Reversal
		return err
	})
	return out, err
}

// Reverse undoes an entry of a member by another that names it, once. Errors as for Reversal, and Refusals with ReasonChanged if
// it no longer comes to what the caller was shown. once may be nil; its Render gets the Reversal.
func (s *Service) Reverse(ctx context.Context, c noren.Caller, u Undo, once *unit.Once) (out Reversal, kept *noren.KeptAnswer, err error) {
	if !c.Tenant.Points.Enabled {
		return out, nil, pointsOff()
	}
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		p := writer{tx: tx, Unit: unit.Unit{Tenant: c.Tenant, Now: by.At}, by: by}
		// The member's lock lets reversals of one member take turns: the second finds the entry reversed.
		if _, err := p.lockOne(ctx, noren.MemberKey{ID: u.MemberID}, c.Client.StoreID); err != nil {
			return nil, err
		}
		// Before lots, as whoever records a refund does: what is owed cannot change until the commit.
		if _, err := tx.Reserve(ctx, noren.CounterPurchase, 1); err != nil {
			return nil, err
		}
		undone, err := p.reversal(ctx, u.MemberID, u.EntryID, true)
		if out = undone.Reversal; err != nil {
			return nil, err
		}
		if out.Net() != u.Net {
			return nil, irreversible(u.EntryID, noren.ReasonChanged)
		}
		undone.moved.Entries[0].Note = u.Note
		if err := tx.PutPurchases(ctx, undone.settled); err != nil {
			return nil, err
		}
		return out, p.move(ctx, undone.moved)
	})
	return out, kept, err
}

// undoing is a reversal with what it moves.
type undoing struct {
	Reversal

	moved   noren.PointMovement
	settled []noren.Purchase // of which fewer points are owed then
}

// reversal works out what reversing the entry comes to. With writing true, the lots are locked.
func (p writer) reversal(ctx context.Context, member, entry int64, writing bool) (out undoing, err error) {
	found, err := p.tx.PointEntries(ctx, noren.PointEntryFilter{ID: entry, MemberID: member, Page: noren.Page{Limit: 1}})
	if err != nil {
		return out, err
	}
	if len(found) == 0 {
		return out, noren.Missing("entry", entry)
	}
	out.Entry = found[0]
	if reason := out.Entry.Irreversible(); reason != "" {
		return out, irreversible(entry, reason)
	}
	var nothing noren.Reason
	var back []noren.BurntLot
	if out.Entry.Delta > 0 {
		out.moved.Burns, nothing, err = p.leftOfGrant(ctx, out.Entry, writing)
	} else {
		back, nothing, err = p.givenBack(ctx, out.Entry, writing)
	}
	if err != nil {
		return out, err
	}
	for _, l := range back {
		out.moved.Burns = append(out.moved.Burns, noren.PointBurn{LotID: l.ID, Amount: -l.Burnt})
	}
	for _, b := range out.moved.Burns {
		out.Delta -= b.Amount
	}
	out.Lost = max(out.Entry.Delta, -out.Entry.Delta) - max(out.Delta, -out.Delta)
	if out.Delta == 0 {
		return out, irreversible(entry, nothing)
	}
	p.adjustment = Adjustment{Type: out.Entry.Type}
	reversed := p.entry(member, noren.PointsReversed, out.Delta)
	reversed.Reverses = entry
	out.moved.Entries = append(out.moved.Entries, reversed)
	if len(back) == 0 || out.Entry.Type != noren.DefaultPoint {
		return out, nil
	}
	return out, p.settle(ctx, member, back, &out)
}

// settle takes what the member owes for refunded purchases off the points that come back: of the oldest purchase first, off its own lot
// and then off those that expire next, as the refund would have done.
func (p writer) settle(ctx context.Context, member int64, back []noren.BurntLot, out *undoing) error {
	owing, err := p.tx.OwingPurchases(ctx, []int64{member})
	if err != nil {
		return err
	}
	s := &Settlement{writer: p, moved: out.moved}
	lots := make([]*held, len(back))
	for i, l := range back {
		lots[i] = &held{PointLot: l.PointLot}
		lots[i].Remaining = l.Burnt // what was left before stays with the member
	}
	slices.SortFunc(lots, func(a, b *held) int { return nearestFirst(a.PointLot, b.PointLot) })
	for _, q := range owing {
		left := q.Earning.Owed
		for _, own := range []bool{true, false} {
			for _, l := range lots {
				if own == (l.PurchaseID == q.ID) {
					left -= s.take(l, left)
				}
			}
		}
		taken := q.Earning.Owed - left
		if taken == 0 {
			continue
		}
		s.entry(&q, noren.PointsReturned, -taken)
		q.Earning.Owed, q.Earning.Returned = left, q.Earning.Returned+taken
		out.Owed, out.settled = out.Owed+taken, append(out.settled, q)
	}
	out.moved = s.moved
	return nil
}

// leftOfGrant takes what is left of the lot that the entry granted; nothing is why, where that is nothing.
func (p writer) leftOfGrant(
	ctx context.Context, e noren.PointEntry, writing bool,
) (burns []noren.PointBurn, nothing noren.Reason, err error) {
	lots, err := p.tx.OpenLots(ctx, []int64{e.MemberID}, e.Type, writing)
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(lots, func(l noren.PointLot) bool {
		// Lots of earlier versions do not name their entry, but have its instant and its amount.
		return l.EntryID == e.ID || l.EntryID == 0 && l.PurchaseID == 0 && l.GrantedAt.Equal(e.At) && l.Amount == e.Delta
	})
	switch {
	case i < 0:
		return nil, noren.ReasonUsedUp, nil
	case lots[i].Expired(p.today()):
		return nil, noren.ReasonLapsed, nil
	}
	return []noren.PointBurn{{LotID: lots[i].ID, Amount: lots[i].Remaining}}, noren.ReasonUsedUp, nil
}

// givenBack returns the lots that can still be used of those that the entry took from; nothing is why, where there is none. A grant that
// was reversed took what was left of its lot, and the rest is still owed to the shop: it does not come back.
func (p writer) givenBack(
	ctx context.Context, e noren.PointEntry, writing bool,
) (back []noren.BurntLot, nothing noren.Reason, err error) {
	lots, err := p.tx.BurntLots(ctx, e.ID, writing)
	if err != nil {
		return nil, "", err
	}
	nothing = noren.ReasonUsedUp
	for _, l := range lots {
		switch {
		case l.Withdrawn:
			nothing = noren.ReasonWithdrawn
		case l.Expired(p.today()):
			nothing = noren.ReasonLapsed
		default:
			back = append(back, l)
		}
	}
	return back, nothing, nil
}

func irreversible(entry int64, reason noren.Reason) error {
	return noren.Refusals{{Kind: noren.Invalid, Reason: reason, Field: "entry", Value: strconv.FormatInt(entry, 10)}}
}
