package purchases

import (
	"context"
	"fmt"

	"noren"
)

// memberIndex finds members by any of their keys.
type memberIndex map[noren.MemberKey][]noren.MemberRef

// indexMembers looks up the members that the keys name.
func indexMembers(
	ctx context.Context, keys []noren.MemberKey, look func(context.Context, noren.MemberQuery) ([]noren.MemberRef, error),
) (memberIndex, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var q noren.MemberQuery
	for _, k := range keys {
		k.Ask(&q)
	}
	refs, err := look(ctx, q)
	// Each member under every key it has: a key of the list may name it by any of them.
	index := make(memberIndex, 5*len(refs))
	for _, m := range refs {
		for _, k := range m.Keys() {
			index[k] = append(index[k], m)
		}
	}
	return index, err
}

// find returns the member that the key names. Invalid with ReasonMemberUnknown or ReasonAmbiguous.
func (x memberIndex) find(k noren.MemberKey) (noren.MemberRef, *noren.Error) {
	found := x[k.First()]
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		field, value := k.Field()
		words := map[string]string{"member_id": "ID", "member": "code", "shopify_customer_id": "Shopify customer ID", "email": "e-mail address"}
		return noren.MemberRef{}, &noren.Error{
			Kind: noren.Invalid, Reason: noren.ReasonMemberUnknown, Field: field, Value: value,
			Message: fmt.Sprintf("no member has the %s %q", words[field], value),
		}
	default:
		// Only e-mail addresses may be several members'.
		return noren.MemberRef{}, &noren.Error{
			Kind: noren.Invalid, Reason: noren.ReasonAmbiguous, Field: "email", Value: k.Email,
			Message: "more than one member has this e-mail address",
		}
	}
}
