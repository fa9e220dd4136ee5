package inbox

import (
	"context"
	"fmt"

	"noren"
	"noren/app/members"
	"noren/app/privacy"
	"noren/app/unit"
)

// ShopifyMerge says that one customer was merged into another.
type ShopifyMerge struct{ Kept, Gone string }

// linkedTo returns the members who are linked to the Shopify customers, locked, by customer.
func linkedTo(ctx context.Context, tx Tx, customers ...string) (map[string]noren.Member, error) {
	refs, err := tx.LockMembers(ctx, noren.MemberQuery{ShopifyIDs: customers})
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(refs))
	for i, m := range refs {
		ids[i] = m.ID
	}
	// Read again under the lock, because the first statement has only what it looks for.
	stored, err := tx.MembersByID(ctx, ids, true)
	linked := make(map[string]noren.Member, len(stored))
	for _, m := range stored {
		linked[noren.Deref(m.ShopifyCustomerID)] = m
	}
	return linked, err
}

// relink links a member to a Shopify customer, or to none, and credits the orders that were held for the customer.
func relink(ctx context.Context, tx Tx, u unit.Unit, m noren.Member, customer *string, by noren.AuditEntry) (noren.Member, error) {
	after := m
	after.ShopifyCustomerID = customer
	return after, members.Change(ctx, tx, u, []noren.MemberChange{{Before: m, After: after}}, by)
}

// mergeShopify moves what belonged to the customer who is gone to the one who is left. Orders that were held for either are
// credited to the member. Two members cannot be made one by a message: points and ranks would have to be decided by people.
func mergeShopify(ctx context.Context, tx Tx, u unit.Unit, merge ShopifyMerge, by noren.AuditEntry) (noren.WebhookOutcome, string, error) {
	linked, err := linkedTo(ctx, tx, merge.Kept, merge.Gone)
	if err != nil {
		return "", "", err
	}
	kept, isKept := linked[merge.Kept]
	gone, isGone := linked[merge.Gone]
	switch {
	case isKept && isGone:
		return noren.WebhookIgnored, fmt.Sprintf("members %d and %d are linked to the two customers; merge them by hand", kept.ID, gone.ID), nil
	// Changing the link credits what is held for the customer who is left, as any link does.
	case isGone:
		if _, err := relink(ctx, tx, u, gone, &merge.Kept, by); err != nil {
			return "", "", err
		}
		return noren.WebhookApplied, fmt.Sprintf("member %d is linked to the customer who is left", gone.ID), nil
	// Nothing to move. Orders that are held stay held, under the customer that they name.
	case !isKept:
		return noren.WebhookIgnored, "no member is linked to either customer", nil
	}
	held, err := tx.HeldPurchases(ctx, []string{merge.Gone})
	if err != nil {
		return "", "", err
	}
	if len(held) == 0 {
		return noren.WebhookKnown, fmt.Sprintf("member %d is linked to the customer who is left", kept.ID), nil
	}
	// Held orders are credited to whoever is linked to their customer, so the member is, for a moment.
	if kept, err = relink(ctx, tx, u, kept, &merge.Gone, by); err == nil {
		_, err = relink(ctx, tx, u, kept, &merge.Kept, by)
	}
	if err != nil {
		return "", "", err
	}
	return noren.WebhookApplied, fmt.Sprintf("orders of the customer who is gone are credited to member %d", kept.ID), nil
}

// handOut says whose data is to be handed out. The shop hands it out: a message has no way back to the person.
func handOut(ctx context.Context, tx Tx, customer string) (noren.WebhookOutcome, string, error) {
	linked, err := linkedTo(ctx, tx, customer)
	if err != nil {
		return "", "", err
	}
	if m, ok := linked[customer]; ok {
		return noren.WebhookApplied, fmt.Sprintf("hand out the data of member %d: noren person export, or the member's page", m.ID), nil
	}
	return noren.WebhookIgnored, "no member is linked to this customer", nil
}

// erase erases the member who is linked to the customer, or what is stored of a customer whom no member is linked to.
func erase(ctx context.Context, tx Tx, u unit.Unit, customer string) (noren.WebhookOutcome, string, error) {
	if err := tx.AwaitLane(ctx); err != nil { // before the member is locked
		return "", "", err
	}
	linked, err := linkedTo(ctx, tx, customer)
	if err != nil {
		return "", "", err
	}
	m, ok := linked[customer]
	if !ok {
		return eraseUnlinked(ctx, tx, customer)
	}
	by := noren.Caller{Tenant: u.Tenant, Client: noren.Client{Dialect: noren.Shopify}}
	if _, err := privacy.Erase(ctx, tx, u, by, m.ID); err != nil {
		if noren.KindOf(err) == noren.Conflict {
			return noren.WebhookRefused, err.Error(), nil // Shopify sends it again
		}
		return "", "", err
	}
	return noren.WebhookApplied, fmt.Sprintf("member %d is erased", m.ID), nil
}

// eraseUnlinked erases what is stored of a customer whom no member is linked to: whose the held orders are, and what messages say.
func eraseUnlinked(ctx context.Context, tx Tx, customer string) (noren.WebhookOutcome, string, error) {
	removed, waiting, err := tx.ErasePeople(ctx, []noren.Person{{Values: []string{customer}, Customers: []string{customer}}})
	if err != nil {
		return "", "", err
	}
	if id, waits := waiting[0]; waits {
		return noren.WebhookRefused, fmt.Sprintf("import %d, which is not finished, has lines about the customer", id), nil
	}
	for _, n := range removed[0] {
		if n > 0 {
			return noren.WebhookApplied, "no member is linked to this customer; what else was stored of the customer is erased", nil
		}
	}
	return noren.WebhookIgnored, "nothing is stored of this customer", nil
}

// unlinkSlice is how many members are unlinked at a time.
const unlinkSlice = 500

// unlink removes what the shop at Shopify has told about its customers: which members they are, which orders are theirs, and what
// messages say of them. Members belong to this shop, not to the one at Shopify, so they stay, as do sums.
func unlink(ctx context.Context, tx Tx, u unit.Unit, by noren.AuditEntry) (noren.WebhookOutcome, string, error) {
	n, from := 0, int64(0)
	for {
		// In order of id and in slices, so that memory does not grow with the number of members.
		list, _, err := tx.Members(ctx, noren.MemberFilter{IDFrom: from, NoTotal: true, Page: noren.Page{Limit: unlinkSlice}})
		if err != nil {
			return "", "", err
		}
		var changes []noren.MemberChange
		for _, m := range list {
			if from = m.ID + 1; m.ShopifyCustomerID != nil {
				after := m
				after.ShopifyCustomerID = nil
				changes = append(changes, noren.MemberChange{Before: m, After: after})
			}
		}
		if err := members.Change(ctx, tx, u, changes, by); err != nil {
			return "", "", err
		}
		if n += len(changes); len(list) < unlinkSlice {
			break
		}
	}
	if err := tx.EraseCustomers(ctx, noren.WebhookShopify); err != nil {
		return "", "", err
	}
	return noren.WebhookApplied, fmt.Sprintf("orders and messages do not tell customers any more; members no longer linked to one: %d", n), nil
}
