package points

import (
	"context"

	"noren"
	"noren/app/unit"
)

// TakeOverTx is the part of a transaction that taking over balances takes.
type TakeOverTx interface {
	Tx
	noren.TakeOverTx
}

// Brought is a grant of points that another system reports. What has no ExternalID is not kept by it: its caller knows
// otherwise that it happens once.
type Brought struct {
	noren.TakenOver

	Note string
}

// ExpiresOn returns the last day of points that are granted now, where the caller may have given one: absent is by the tenant's
// setting, null never.
func ExpiresOn(u unit.Unit, given noren.Field[noren.Date]) *noren.Date {
	return writer{Unit: u, adjustment: Adjustment{ExpiresOn: given}}.expiry()
}

// TakeOver grants what other systems report, as one movement. Its caller has checked and locked the members.
func TakeOver(ctx context.Context, tx TakeOverTx, u unit.Unit, list []Brought, by noren.AuditEntry) error {
	var moved noren.PointMovement
	var kept []noren.TakenOver
	p := writer{tx: tx, Unit: u, by: by}
	for _, b := range list {
		if b.ExternalID != "" {
			kept = append(kept, b.TakenOver)
		}
		if b.Amount == 0 {
			continue // nothing moves, and yet it is not to be granted later
		}
		expires := noren.Null[noren.Date]()
		if b.ExpiresOn != nil {
			expires = noren.Set(*b.ExpiresOn)
		}
		p.adjustment = Adjustment{Mode: Add, Amount: b.Amount, Type: b.Type, ExpiresOn: expires, Note: b.Note}
		granted := p.granted([]noren.MemberRef{{ID: b.MemberID}})
		granted.Lots[0].EntryID, granted.Entries[0].TakenOver = int64(len(moved.Entries)), true
		moved.Lots, moved.Entries = append(moved.Lots, granted.Lots...), append(moved.Entries, granted.Entries...)
	}
	if len(moved.Entries) > 0 {
		if err := p.move(ctx, moved); err != nil {
			return err
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return tx.AddTakenOver(ctx, kept)
}
