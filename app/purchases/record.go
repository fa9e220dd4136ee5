package purchases

import (
	"context"

	"noren"
	"noren/app/unit"
)

// Record records a source's events about purchases in the transaction. Each event stands for itself: a wrong one does not
// keep the others from being recorded. They may come in any order and any number of times. It returns an outcome for
// each event. Its caller must see the whole tenant, because a purchase may belong to any member.
func Record(ctx context.Context, tx Tx, u unit.Unit, source string, events []noren.PurchaseEvent, by noren.AuditEntry) ([]Outcome, error) {
	out, book, err := Enter(ctx, tx, u, source, events, true)
	if err != nil {
		return nil, err
	}
	return out, CloseBook(ctx, tx, u, book, by)
}

// Enter checks the events and enters them in a book, which the caller closes. With writing false, nothing is
// locked.
func Enter(ctx context.Context, tx Tx, u unit.Unit, source string, events []noren.PurchaseEvent, writing bool) ([]Outcome, *Book, error) {
	out := make([]Outcome, len(events))
	var keys []noren.MemberKey
	var ids []string
	for i := range events {
		e := &events[i]
		if err := check(*e, u.Tenant, u.Now); err != nil {
			out[i] = refusedPurchase(i, err)
			continue
		}
		ids = append(ids, e.ExternalID)
		// Refunds and cancellations are for the member of their purchase.
		if e.Kind == noren.PurchasePaid {
			keys = append(keys, e.Member)
		}
	}
	if len(ids) == 0 {
		return out, &Book{}, nil
	}
	// Members first, then the counter: whatever links a member to a Shopify customer locks them in this order too.
	look := tx.MemberRefs
	if writing {
		look = tx.LockMembers
	}
	members, err := indexMembers(ctx, keys, look)
	if err != nil {
		return nil, nil, err
	}
	next := -int64(len(events)) // no purchase has a number below 0
	if writing {
		// One number for each event, whether or not it needs one: gaps harm nobody, and events are not yet known from
		// repeats.
		if next, err = tx.Reserve(ctx, noren.CounterPurchase, len(events)); err != nil {
			return nil, nil, err
		}
		if err := noneLinkedMeanwhile(ctx, tx, keys, members); err != nil {
			return nil, nil, err
		}
	}
	book, err := openBook(ctx, tx, source, ids)
	if err != nil {
		return nil, nil, err
	}
	for i, e := range events {
		if out[i].Err != nil {
			continue
		}
		result, err := book.enter(u.Tenant, source, e, members, next+int64(i))
		if err != nil {
			out[i] = refusedPurchase(i, err)
			continue
		}
		out[i].Result = result
		// There is none for a refund that is before its purchase.
		if p := book.purchases[e.ExternalID]; p != nil {
			out[i].MemberID = p.MemberID
		}
	}
	for i, e := range events { // after all of them: the purchase may be behind its refund
		out[i].Unknown = out[i].Err == nil && book.purchases[e.ExternalID] == nil
	}
	return out, book, nil
}

func refusedPurchase(i int, err *noren.Error) Outcome {
	err.Row = i + 1
	return Outcome{Result: Refused, Err: err}
}

// noneLinkedMeanwhile looks again for the Shopify customers who had no member before the counter was taken. Linking one
// takes the counter too, so from now on none can be linked.
func noneLinkedMeanwhile(ctx context.Context, tx Tx, keys []noren.MemberKey, members memberIndex) error {
	var unknown []string
	for _, k := range keys {
		if k = k.First(); k.ShopifyCustomerID != "" && len(members[k]) == 0 {
			unknown = append(unknown, k.ShopifyCustomerID)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	linked, _, err := tx.Members(ctx, noren.MemberFilter{ShopifyIDs: unknown, NoTotal: true, Page: noren.Page{Limit: 1}})
	if err == nil && len(linked) > 0 {
		return unit.ErrLinkedMeanwhile
	}
	return err
}

// List returns the purchases that match, newest first. NotFound if the filter names a member that the caller may
// not see.
func (s *Service) List(ctx context.Context, c noren.Caller, f noren.PurchaseFilter) (out noren.List[noren.Purchase], err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.SeesOrAll(ctx, tx, c, f.MemberID); err != nil {
			return err
		}
		out.Items, out.Total, err = tx.Purchases(ctx, f)
		return err
	})
	return out, err
}
