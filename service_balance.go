package noren

import (
	"context"
	"fmt"
	"time"
)

// BalanceChange is what became of a member's points of both types together, which is how easyPoints sees them.
type BalanceChange struct {
	Member  MemberRef
	Entries []PointEntry // one for each type that was moved; none where nothing was
	Balance int64        // after the change
	At      time.Time
}

// Delta is by how much the balance changed.
func (b BalanceChange) Delta() (sum int64) {
	for _, e := range b.Entries {
		sum += e.Delta
	}
	return sum
}

// SetPointBalance makes the member's balance what is given, 0 to MaxPoints: what is missing is granted as DefaultPoint,
// what is too much is taken from DefaultPoint first. NotFound where the caller may not see the member; Invalid where more
// than one has the key; Refusals where points are switched off or the balance is out of bounds. once may be nil; its Render gets the BalanceChange.
func (s *Service) SetPointBalance(
	ctx context.Context, c Caller, key MemberKey, balance int64, once *Once,
) (BalanceChange, *KeptAnswer, error) {
	if balance < 0 || balance > MaxPoints {
		return BalanceChange{}, nil, Refusals{{
			Kind: Invalid, Field: "balance", Value: fmt.Sprint(balance), Message: fmt.Sprintf("is not between 0 and %d", MaxPoints),
		}}
	}
	return s.changeBalance(ctx, c, key, once, func(now int64) int64 { return balance - now })
}

// MovePointBalance adds delta to the member's balance, or takes it off, as SetPointBalance does. Refusals also where the
// balance would go below 0.
func (s *Service) MovePointBalance(
	ctx context.Context, c Caller, key MemberKey, delta int64, once *Once,
) (BalanceChange, *KeptAnswer, error) {
	if delta == 0 || delta > MaxPoints || delta < -MaxPoints {
		return BalanceChange{}, nil, Refusals{{
			Kind: Invalid, Field: "amount", Value: fmt.Sprint(delta), Message: fmt.Sprintf("is not between 1 and %d, or the same below 0", MaxPoints),
		}}
	}
	return s.changeBalance(ctx, c, key, once, func(int64) int64 { return delta })
}

func (s *Service) changeBalance(
	ctx context.Context, c Caller, key MemberKey, once *Once, delta func(now int64) int64,
) (out BalanceChange, kept *KeptAnswer, err error) {
	if !c.Tenant.Points.Enabled {
		return out, nil, pointsOff()
	}
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		p := pointWriter{lane: lane{tx: tx, tenant: c.Tenant, now: by.At}, by: by}
		// The member is locked before anything is read of the lots, so that of two who set the balance the second knows
		// what the first has done.
		member, err := p.lockOne(ctx, key, c.Client.StoreID)
		if err != nil {
			return nil, err
		}
		out, err = p.changeBalance(ctx, member, delta)
		return out, err
	})
	return out, kept, err
}

// lockOne locks the one member whom the key names.
func (p pointWriter) lockOne(ctx context.Context, key MemberKey, store *int64) (MemberRef, error) {
	locked, err := p.tx.LockMembers(ctx, key.query())
	if err != nil {
		return MemberRef{}, err
	}
	var found []MemberRef
	for _, m := range locked {
		if m.visibleTo(store) {
			found = append(found, m)
		}
	}
	if err := key.judge(len(found)); err != nil {
		return MemberRef{}, err
	}
	return found[0], nil
}

// query asks for the members whom the key names.
func (k MemberKey) query() MemberQuery {
	switch k = k.first(); {
	case k.ID != 0:
		return MemberQuery{IDs: []int64{k.ID}}
	case k.Code != "":
		return MemberQuery{Codes: []string{k.Code}}
	case k.ShopifyCustomerID != "":
		return MemberQuery{ShopifyIDs: []string{k.ShopifyCustomerID}}
	default:
		return MemberQuery{Emails: []string{k.Email}}
	}
}

func (p pointWriter) changeBalance(ctx context.Context, member MemberRef, wanted func(now int64) int64) (BalanceChange, error) {
	var balance int64
	lots := make(map[PointType][]PointLot, len(PointTypes()))
	for _, t := range PointTypes() {
		open, err := p.tx.OpenLots(ctx, []int64{member.ID}, t)
		if err != nil {
			return BalanceChange{}, err
		}
		lots[t] = open
		balance += usablePoints(open, p.today())
	}
	delta := wanted(balance)
	out := BalanceChange{Member: member, Balance: balance + delta, At: p.now}
	switch {
	case delta == 0:
		return out, nil
	case out.Balance < 0:
		return out, Refusals{tooFewPoints(member.ID, -delta)}
	}
	moved, err := p.balanceMovement(ctx, member, delta, lots)
	if err != nil {
		return out, err
	}
	out.Entries = moved.Entries
	return out, p.move(ctx, moved) // which numbers the entries
}

// balanceMovement is the movement by delta, which the lots have been found to cover.
func (p pointWriter) balanceMovement(
	ctx context.Context, member MemberRef, delta int64, lots map[PointType][]PointLot,
) (moved PointMovement, err error) {
	p.adjustment = PointAdjustment{Type: DefaultPoint, Amount: delta}
	if delta > 0 {
		return p.granted(ctx, []MemberRef{member})
	}
	left := -delta
	for _, t := range PointTypes() {
		n := min(left, usablePoints(lots[t], p.today()))
		if n == 0 {
			continue
		}
		left -= n
		p.adjustment.Type = t
		taken, _ := burn(lots[t], n, p.today())
		for _, b := range taken {
			b.EntryID = int64(len(moved.Entries)) // its place among the entries, until they are numbered
			moved.Burns = append(moved.Burns, b)
		}
		moved.Entries = append(moved.Entries, p.entry(member.ID, PointsUsed, -n))
	}
	return moved, nil
}

// PointLedger is one page of movements of points, with the members whose points they moved.
type PointLedger struct {
	Entries []PointEntry
	Members map[int64]Member
}

// PointLedger answers the movements that match, of the members that the caller may see.
func (s *Service) PointLedger(ctx context.Context, c Caller, f PointEntryFilter) (out PointLedger, err error) {
	f.VisibleTo = c.Client.StoreID
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Entries, err = tx.PointEntries(ctx, f); err != nil {
			return err
		}
		ids := make([]int64, len(out.Entries))
		for i, e := range out.Entries {
			ids[i] = e.MemberID
		}
		out.Members, err = membersByID(ctx, tx, ids, false)
		return err
	})
	return out, err
}
