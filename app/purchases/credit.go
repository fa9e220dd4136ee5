package purchases

import (
	"context"
	"maps"
	"slices"

	"noren"
	"noren/app/audit"
	"noren/app/points"
	"noren/app/unit"
)

// creditedBy returns the audit entry of a purchase that was recorded, or whose credit changed.
func creditedBy(by noren.AuditEntry, before noren.Purchase, known bool, after noren.Purchase) noren.AuditEntry {
	show := func(p noren.Purchase) any {
		shown := map[string]any{"member": p.MemberID, "amount": p.Amount, "credited": p.Credited}
		// Purchases that earned nothing have entries without these keys.
		if e := p.Earning; e.Rule != (noren.EarnRule{}) {
			shown["earned"], shown["returned"], shown["owed"] = e.Granted, e.Returned, e.Owed
		}
		return shown
	}
	var was any
	if known {
		was = show(before)
	}
	by.Subject, by.SubjectID = "purchase", after.Source+":"+after.ExternalID
	by.Changes = audit.Change("purchase", was, show(after))
	return by
}

// newlyLinked returns the members whom the changes link to Shopify customers, by customer, and as they are then.
func newlyLinked(changes []noren.MemberChange) (linked map[string]int64, members map[int64]noren.Member) {
	linked, members = make(map[string]int64), make(map[int64]noren.Member)
	for i := range changes {
		before, after := &changes[i].Before, &changes[i].After
		if id := noren.Deref(after.ShopifyCustomerID); id != "" && id != noren.Deref(before.ShopifyCustomerID) {
			linked[id], members[after.ID] = after.ID, *after
		}
	}
	return linked, members
}

// creditTo makes held purchases those of the members, and returns them.
func creditTo(linked map[string]int64, held []noren.Purchase) []*noren.Purchase {
	credited := make([]*noren.Purchase, len(held))
	for i := range held {
		credited[i] = &held[i]
		credited[i].MemberID = linked[held[i].ShopifyCustomerID]
	}
	return credited
}

// ForeseeHeld returns what CreditHeld would mean for points. Members who are not stored yet have numbers below 0.
func ForeseeHeld(ctx context.Context, tx Tx, u unit.Unit, changes []noren.MemberChange) (f points.Foreseen, err error) {
	linked, members := newlyLinked(changes)
	if len(linked) == 0 {
		return f, nil
	}
	held, err := tx.HeldPurchases(ctx, slices.Sorted(maps.Keys(linked)))
	if err != nil || len(held) == 0 {
		return f, err
	}
	credited := creditTo(linked, held)
	return points.Foresee(ctx, tx, u, credited, credited, members)
}

// CreditHeld credits the purchases held for Shopify customers whom the changes have linked to members. It returns the
// audit entries for them; the caller writes those, because the counter of the audit log must be taken last.
func CreditHeld(ctx context.Context, tx Tx, u unit.Unit, changes []noren.MemberChange, by noren.AuditEntry) ([]noren.AuditEntry, error) {
	linked, members := newlyLinked(changes)
	if len(linked) == 0 {
		return nil, nil
	}
	// Holding the counter, so that no purchase is held for them between the read and the commit.
	if _, err := tx.Reserve(ctx, noren.CounterPurchase, 1); err != nil {
		return nil, err
	}
	held, err := tx.HeldPurchases(ctx, slices.Sorted(maps.Keys(linked)))
	if err != nil || len(held) == 0 {
		return nil, err
	}
	spend := make(spendDeltas)
	before := slices.Clone(held)
	credited := creditTo(linked, held)
	for _, p := range credited {
		// All that is left of it: as long as it was held it counted for nobody.
		spend.add(*p, p.Credited)
	}
	settled, err := points.Settle(ctx, tx, u, credited, credited, members, by)
	if err != nil {
		return nil, err
	}
	entries := make([]noren.AuditEntry, len(held))
	for i := range held {
		entries[i] = creditedBy(by, before[i], true, held[i])
	}
	if err := tx.PutPurchases(ctx, slices.Concat(held, settled.Others)); err != nil {
		return nil, err
	}
	if err := tx.AddSpend(ctx, spend.list()); err != nil {
		return nil, err
	}
	return entries, settled.Move(ctx)
}
