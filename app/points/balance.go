package points

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"noren"
	"noren/app/unit"
)

// BalanceChange is the result of a change to a member's points of both types together, which is how easyPoints sees
// them.
type BalanceChange struct {
	Member  noren.MemberRef
	Entries []noren.PointEntry // one for each type that moved; none if nothing did
	Balance int64              // after the change
	At      time.Time
}

// Delta returns by how much the balance changed.
func (b BalanceChange) Delta() (sum int64) {
	for _, e := range b.Entries {
		sum += e.Delta
	}
	return sum
}

// SetBalance sets the member's balance, from 0 to MaxPoints. Missing points are granted as DefaultPoint; surplus
// points are taken from DefaultPoint first. NotFound if the caller may not see the member; Invalid if several members
// have the key; Refusals if points are switched off or the balance is out of bounds. once may be nil; its Render gets
// the BalanceChange.
func (s *Service) SetBalance(
	ctx context.Context, c noren.Caller, key noren.MemberKey, balance int64, once *unit.Once,
) (BalanceChange, *noren.KeptAnswer, error) {
	if balance < 0 || balance > noren.MaxPoints {
		return BalanceChange{}, nil, noren.Refusals{{
			Kind: noren.Invalid, Field: "balance", Value: strconv.FormatInt(balance, 10),
			Message: fmt.Sprintf("must be from 0 to %d", noren.MaxPoints),
		}}
	}
	return s.changeBalance(ctx, c, key, once, func(now int64) int64 { return balance - now })
}

// MoveBalance adds delta, which may be negative, to the member's balance as SetBalance does. Refusals also if
// the balance would fall below 0.
func (s *Service) MoveBalance(
	ctx context.Context, c noren.Caller, key noren.MemberKey, delta int64, once *unit.Once,
) (BalanceChange, *noren.KeptAnswer, error) {
	if delta == 0 || delta > noren.MaxPoints || delta < -noren.MaxPoints {
		return BalanceChange{}, nil, noren.Refusals{{
			Kind: noren.Invalid, Field: "amount", Value: strconv.FormatInt(delta, 10),
			Message: fmt.Sprintf("must be from 1 to %d, or the same negative", noren.MaxPoints),
		}}
	}
	return s.changeBalance(ctx, c, key, once, func(int64) int64 { return delta })
}

func (s *Service) changeBalance(
	ctx context.Context, c noren.Caller, key noren.MemberKey, once *unit.Once, delta func(now int64) int64,
) (out BalanceChange, kept *noren.KeptAnswer, err error) {
	if !c.Tenant.Points.Enabled {
		return out, nil, pointsOff()
	}
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		p := writer{tx: tx, Unit: unit.Unit{Tenant: c.Tenant, Now: by.At}, by: by}
		// The member is locked before the lots are read. Of two callers who set the balance at once, the second sees what the
		// first has done.
		member, err := p.lockOne(ctx, key, c.Client.StoreID)
		if err != nil {
			return nil, err
		}
		out, err = p.changeBalance(ctx, member, delta)
		return out, err
	})
	return out, kept, err
}

// lockOne locks the member that the key names.
func (p writer) lockOne(ctx context.Context, key noren.MemberKey, store *int64) (noren.MemberRef, error) {
	var q noren.MemberQuery
	key.Ask(&q)
	locked, err := p.tx.LockMembers(ctx, q)
	if err != nil {
		return noren.MemberRef{}, err
	}
	var found []noren.MemberRef
	for _, m := range locked {
		if m.VisibleTo(store) {
			found = append(found, m)
		}
	}
	if err := key.Judge(len(found)); err != nil {
		return noren.MemberRef{}, err
	}
	return found[0], nil
}

func (p writer) changeBalance(ctx context.Context, member noren.MemberRef, wanted func(now int64) int64) (BalanceChange, error) {
	var balance int64
	lots := make(map[noren.PointType][]noren.PointLot, len(noren.PointTypes()))
	for _, t := range noren.PointTypes() {
		open, err := p.tx.OpenLots(ctx, []int64{member.ID}, t, true)
		if err != nil {
			return BalanceChange{}, err
		}
		lots[t] = open
		balance += usablePoints(open, p.today())
	}
	delta := wanted(balance)
	out := BalanceChange{Member: member, Balance: balance + delta, At: p.Now}
	switch {
	case delta == 0:
		return out, nil
	case out.Balance < 0:
		return out, noren.Refusals{tooFewPoints(member.ID, -delta)}
	}
	moved := p.balanceMovement(member, delta, lots)
	out.Entries = moved.Entries
	return out, p.move(ctx, moved) // assigns the entries' numbers too
}

// balanceMovement returns the movement by delta. The caller has checked that the lots cover it.
func (p writer) balanceMovement(
	member noren.MemberRef, delta int64, lots map[noren.PointType][]noren.PointLot,
) (moved noren.PointMovement) {
	p.adjustment = Adjustment{Type: noren.DefaultPoint, Amount: delta}
	if delta > 0 {
		return p.granted([]noren.MemberRef{member})
	}
	// Free points first, then those that were paid for: the order of PointTypes.
	left := -delta
	for _, t := range noren.PointTypes() {
		n := min(left, usablePoints(lots[t], p.today()))
		if n == 0 {
			continue
		}
		left -= n
		p.adjustment.Type = t
		taken, _ := burn(lots[t], n, p.today())
		for _, b := range taken {
			b.EntryID = int64(len(moved.Entries)) // index of its entry, until move assigns the numbers
			moved.Burns = append(moved.Burns, b)
		}
		moved.Entries = append(moved.Entries, p.entry(member.ID, noren.PointsUsed, -n))
	}
	return moved
}

// Ledger is one page of point movements, with the members whose points they moved.
type Ledger struct {
	Entries []noren.PointEntry
	Members map[int64]noren.Member
}

// Ledger returns the movements that match, of members that the caller may see.
func (s *Service) Ledger(ctx context.Context, c noren.Caller, f noren.PointEntryFilter) (out Ledger, err error) {
	f.VisibleTo = c.Client.StoreID
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Entries, err = tx.PointEntries(ctx, f); err != nil {
			return err
		}
		ids := make([]int64, len(out.Entries))
		for i, e := range out.Entries {
			ids[i] = e.MemberID
		}
		out.Members, err = unit.MembersByID(ctx, tx, ids, false)
		return err
	})
	return out, err
}
