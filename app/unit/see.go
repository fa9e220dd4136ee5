package unit

import (
	"context"

	"noren"
)

// Sees returns NotFound if the tenant has no such member, or the caller may not see it: the same error for both, so that
// nobody learns what other stores have.
func Sees(ctx context.Context, tx Tx, c noren.Caller, member int64) error {
	found, err := tx.MembersByID(ctx, []int64{member}, false)
	if err != nil {
		return err
	}
	if len(found) == 0 || !found[0].VisibleTo(c.Client.StoreID) {
		return noren.Missing("member", member)
	}
	return nil
}

// MembersByID reads the members that exist into a map by id.
func MembersByID(ctx context.Context, tx Tx, ids []int64, forUpdate bool) (map[int64]noren.Member, error) {
	stored, err := tx.MembersByID(ctx, ids, forUpdate)
	byID := make(map[int64]noren.Member, len(stored))
	for _, m := range stored {
		byID[m.ID] = m
	}
	return byID, err
}

// SeesOrAll is Sees for lists that may cover all members, which the id 0 stands for: Forbidden for those if the caller
// is restricted to one store.
func SeesOrAll(ctx context.Context, tx Tx, c noren.Caller, member int64) error {
	if member == 0 {
		return c.WholeTenant()
	}
	return Sees(ctx, tx, c, member)
}

// MemberByKey finds the member that the caller may see and the key names. NotFound if there is none, Invalid if there are
// several.
func MemberByKey(ctx context.Context, tx Tx, c noren.Caller, key noren.MemberKey) (noren.Member, error) {
	var q noren.MemberQuery
	key.Ask(&q)
	// By the filter for what the caller sees, so that a member of another store is not found rather than refused.
	found, _, err := tx.Members(ctx, noren.MemberFilter{
		VisibleTo: c.Client.StoreID, IDs: q.IDs, Codes: q.Codes, AliasCodes: q.AliasCodes, ShopifyIDs: q.ShopifyIDs,
		Emails: q.Emails, NoTotal: true, Page: noren.Page{Limit: 2}, // two are enough to see that the key is ambiguous
	})
	if err == nil {
		err = key.Judge(len(found))
	}
	if err != nil {
		return noren.Member{}, err
	}
	return found[0], nil
}
