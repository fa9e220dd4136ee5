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
}

// Undo names an entry to reverse.
type Undo struct {
	MemberID, EntryID int64
	Delta             int64 // of the Reversal that the caller was shown
	Note              string
}

// Reversal returns what reversing the member's entry would come to now. NotFound if the caller may not see the member, or the
// member has no such entry; Refusals about the field entry, with the reason, if the entry cannot be reversed.
func (s *Service) Reversal(ctx context.Context, c noren.Caller, member, entry int64) (out Reversal, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		out, _, err = writer{tx: tx, Unit: unit.Unit{Tenant: c.Tenant, Now: s.run.Now()}}.reversal(ctx, member, entry, false)
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
		var burns []noren.PointBurn
		if out, burns, err = p.reversal(ctx, u.MemberID, u.EntryID, true); err != nil {
			return nil, err
		}
		if out.Delta != u.Delta {
			return nil, irreversible(u.EntryID, noren.ReasonChanged)
		}
		p.adjustment = Adjustment{Type: out.Entry.Type, Note: u.Note}
		entry := p.entry(u.MemberID, noren.PointsReversed, out.Delta)
		entry.Reverses = u.EntryID
		return out, p.move(ctx, noren.PointMovement{Entries: []noren.PointEntry{entry}, Burns: burns})
	})
	return out, kept, err
}

// reversal works out what reversing the entry comes to, and what that takes from which lots; less than nothing is given back.
// With writing true, the lots are locked.
func (p writer) reversal(ctx context.Context, member, entry int64, writing bool) (out Reversal, burns []noren.PointBurn, err error) {
	found, err := p.tx.PointEntries(ctx, noren.PointEntryFilter{ID: entry, MemberID: member, Page: noren.Page{Limit: 1}})
	if err != nil {
		return out, nil, err
	}
	if len(found) == 0 {
		return out, nil, noren.Missing("entry", entry)
	}
	out.Entry = found[0]
	if reason := out.Entry.Irreversible(); reason != "" {
		return out, nil, irreversible(entry, reason)
	}
	var nothing noren.Reason
	if out.Entry.Delta > 0 {
		burns, nothing, err = p.leftOfGrant(ctx, out.Entry, writing)
	} else {
		burns, nothing, err = p.givenBack(ctx, out.Entry, writing)
	}
	if err != nil {
		return out, nil, err
	}
	for _, b := range burns {
		out.Delta -= b.Amount
	}
	out.Lost = max(out.Entry.Delta, -out.Entry.Delta) - max(out.Delta, -out.Delta)
	if out.Delta == 0 {
		return out, nil, irreversible(entry, nothing)
	}
	return out, burns, nil
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

// givenBack gives what the entry took back to the lots that can still be used; nothing is why, where there is none. A grant that was
// reversed took what was left of its lot, and the rest is still owed to the shop: it does not come back.
func (p writer) givenBack(
	ctx context.Context, e noren.PointEntry, writing bool,
) (burns []noren.PointBurn, nothing noren.Reason, err error) {
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
			burns = append(burns, noren.PointBurn{LotID: l.ID, Amount: -l.Burnt})
		}
	}
	return burns, nothing, nil
}

func irreversible(entry int64, reason noren.Reason) error {
	return noren.Refusals{{Kind: noren.Invalid, Reason: reason, Field: "entry", Value: strconv.FormatInt(entry, 10)}}
}
