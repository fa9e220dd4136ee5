package noren

import (
	"slices"
	"strconv"
	"strings"
)

// MemberKey names one member by the first of its fields that is set, in this order, in requests, webhooks and files alike. A key
// whose first field finds nobody names nobody: it never falls through to the next field, which may be another person's.
type MemberKey struct {
	ID                int64
	Code              string
	AliasCode         string
	ShopifyCustomerID string
	Email             string // compared without case; names a member only if no other has it
}

// TextKeys returns the keys that a text may mean that does not say what it is, as a person writes it into one column of a file. The
// first that finds a member counts: the code, the alias code, Shopify's number, the e-mail address, the ID. The ID comes last
// because it is the one that a number of another system meets by chance. narrow is the text in half-width letters.
func TextKeys(text, narrow string) []MemberKey {
	keys := []MemberKey{{Code: text}, {AliasCode: text}}
	if narrow != text {
		keys = append(keys, MemberKey{Code: narrow}, MemberKey{AliasCode: narrow})
	}
	switch {
	case strings.Contains(narrow, "@"):
		keys = append(keys, MemberKey{Email: narrow})
	case IsDigits(narrow):
		keys = append(keys, MemberKey{ShopifyCustomerID: narrow})
		if id, err := strconv.ParseInt(narrow, 10, 64); err == nil && 1 <= id && id <= MaxMemberID {
			keys = append(keys, MemberKey{ID: id})
		}
	}
	return keys
}

// maxMemberKey is the longest text that may name a member, in bytes: longer than any column it is looked up in.
const maxMemberKey = 1000

// keyPart is the part of a key that counts.
type keyPart struct {
	key          MemberKey // with only that part
	field, value string    // the column by which it names the member, and its value
	list         func(*MemberQuery)
}

// part returns the part of the key that counts. All look-ups, comparisons and messages use it, so that a purchase is
// not credited by one name and looked up by another.
func (k MemberKey) part() keyPart {
	switch {
	case k.ID != 0:
		return keyPart{MemberKey{ID: k.ID}, "member_id", strconv.FormatInt(k.ID, 10), func(q *MemberQuery) { q.IDs = append(q.IDs, k.ID) }}
	case k.Code != "":
		return keyPart{MemberKey{Code: k.Code}, "member", k.Code, func(q *MemberQuery) { q.Codes = append(q.Codes, k.Code) }}
	case k.AliasCode != "":
		add := func(q *MemberQuery) { q.AliasCodes = append(q.AliasCodes, k.AliasCode) }
		return keyPart{MemberKey{AliasCode: k.AliasCode}, "alias_code", k.AliasCode, add}
	case k.ShopifyCustomerID != "":
		id := k.ShopifyCustomerID
		add := func(q *MemberQuery) { q.ShopifyIDs = append(q.ShopifyIDs, id) }
		return keyPart{MemberKey{ShopifyCustomerID: id}, "shopify_customer_id", id, add}
	default:
		email := FoldEmail(k.Email)
		return keyPart{MemberKey{Email: email}, "email", email, func(q *MemberQuery) { q.Emails = append(q.Emails, email) }}
	}
}

// First returns the key with only the part that counts.
func (k MemberKey) First() MemberKey { return k.part().key }

// Field returns the column by which the key names its member, and its value.
func (k MemberKey) Field() (field, value string) {
	p := k.part()
	return p.field, p.value
}

// Ask adds the member that the key names to the query.
func (k MemberKey) Ask(q *MemberQuery) { k.part().list(q) }

// Valid reports whether the key names a member by something that can be looked up.
func (k MemberKey) Valid() bool {
	_, value := k.Field()
	return value != "" && len(value) <= maxMemberKey && canBeStored(value) && canBeStored(k.ShopifyCustomerID) &&
		len(k.ShopifyCustomerID) <= maxMemberKey
}

// Judge returns NotFound if the key names no member, and Invalid if it names several.
func (k MemberKey) Judge(found int) error {
	field, value := k.Field()
	switch {
	case found == 0:
		return &Error{Kind: NotFound, Reason: ReasonMemberUnknown, Field: field, Value: value, Message: "no such member"}
	case found > 1:
		return &Error{
			Kind: Invalid, Reason: ReasonAmbiguous, Field: field, Value: value, Message: "more than one member has this e-mail address",
		}
	}
	return nil
}

// FoldEmail returns the form in which e-mail addresses are compared. Only ASCII letters are folded, because that is
// what lower() does in every engine, whatever the locale.
func FoldEmail(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// MaxNamed is how many things one request may name, such as the members of a [MemberQuery]. What they are is looked up, and
// locked, in one transaction, for which other writes wait.
const MaxNamed = 1000

// MemberQuery names members by any of these columns. A member named twice counts once.
type MemberQuery struct {
	IDs               []int64
	Codes, AliasCodes []string
	ShopifyIDs        []string
	Emails            []string // compared without case; several members may share one
}

// Named is how many names the query has, repeated ones included.
func (q MemberQuery) Named() int {
	return len(q.IDs) + len(q.Codes) + len(q.AliasCodes) + len(q.ShopifyIDs) + len(q.Emails)
}

// MemberRef is what a member can be named by, and its store.
type MemberRef struct {
	ID                int64
	Code              string
	AliasCode         *string
	ShopifyCustomerID *string
	Email             *string
	StoreID           *int64
}

// Keys returns every key that names the member, each with one field.
func (m MemberRef) Keys() []MemberKey {
	return slices.DeleteFunc([]MemberKey{
		{ID: m.ID},
		{Code: m.Code},
		{AliasCode: Deref(m.AliasCode)},
		{ShopifyCustomerID: Deref(m.ShopifyCustomerID)},
		{Email: FoldEmail(Deref(m.Email))},
	}, func(k MemberKey) bool { return k == MemberKey{} })
}

// VisibleTo reports whether a caller restricted to store may see the member: one of that store or of all stores.
func (m MemberRef) VisibleTo(store *int64) bool {
	return m.StoreID == nil || SeesStore(store, *m.StoreID)
}
