package noren

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MaxPurchaseEvents is how many events one call of RecordPurchases takes.
const MaxPurchaseEvents = 1000

// RecordPurchases records what a source tells of purchases, each event for itself: what is wrong with one keeps none of
// the others. They may come in any order and any number of times. It answers an outcome for each event. Caller.Client
// need only have its Dialect. Forbidden for a client that is bound to a store, since a purchase may be anybody's.
func (s *Service) RecordPurchases(ctx context.Context, c Caller, source string, events []PurchaseEvent) (out []PurchaseOutcome, err error) {
	switch {
	case c.Client.StoreID != nil:
		return nil, &Error{Kind: Forbidden, Reason: ReasonScope, Message: "a user who is bound to a store does not record purchases"}
	case len(events) > MaxPurchaseEvents:
		return nil, &Error{Kind: TooLarge, Field: "purchases", Message: fmt.Sprintf("at most %d at a time", MaxPurchaseEvents)}
	case !isExternalID(source):
		return nil, &Error{Kind: Invalid, Field: "source", Message: "a source's name of 1 to 100 characters is needed"}
	}
	_, err = s.write(ctx, c, nil, func(tx Tx, by AuditEntry) (any, error) {
		l := lane{tx: tx, tenant: c.Tenant, now: by.At}
		out, err = l.recordPurchases(ctx, source, events, by)
		return nil, err
	})
	return out, err
}

// purchaseBook is one source's purchases while events are entered.
type purchaseBook struct {
	purchases map[string]*Purchase
	before    map[string]Purchase // as they were stored
	refunds   map[string][]Refund // by purchase
	added     []Refund
	touched   map[string]bool // the purchases that something was entered for, which may be unknown yet
	spend     spendDeltas
}

// spendDeltas gathers what is to be added to members' spend.
type spendDeltas map[MonthlySpend]int64 // of the key's member and month

func (d spendDeltas) add(p Purchase, amount int64) {
	if p.MemberID != 0 && amount != 0 {
		d[MonthlySpend{MemberID: p.MemberID, Month: p.Month}] += amount
	}
}

// list is in order of the key, so that two transactions do not wait for each other.
func (d spendDeltas) list() []MonthlySpend {
	list := make([]MonthlySpend, 0, len(d))
	for key, amount := range d {
		if amount != 0 {
			list = append(list, MonthlySpend{key.MemberID, key.Month, amount})
		}
	}
	slices.SortFunc(list, func(a, b MonthlySpend) int {
		return cmp.Or(cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Month, b.Month))
	})
	return list
}

// recordPurchases enters the events in their order.
func (l lane) recordPurchases(ctx context.Context, source string, events []PurchaseEvent, by AuditEntry) ([]PurchaseOutcome, error) {
	out, book, err := l.enterPurchases(ctx, source, events, true)
	if err != nil {
		return nil, err
	}
	return out, l.closeBook(ctx, book, by)
}

// enterPurchases judges the events and enters them in a book, which is still to be closed. Where nothing is to be
// written, nothing is locked.
func (l lane) enterPurchases(ctx context.Context, source string, events []PurchaseEvent, writing bool) ([]PurchaseOutcome, *purchaseBook, error) {
	out := make([]PurchaseOutcome, len(events))
	var keys []MemberKey
	var ids []string
	for i := range events {
		e := &events[i]
		if err := e.check(l.tenant, l.now); err != nil {
			out[i] = refusedPurchase(i, err)
			continue
		}
		ids = append(ids, e.ExternalID)
		if e.Kind == PurchasePaid {
			keys = append(keys, e.Member)
		}
	}
	if len(ids) == 0 {
		return out, &purchaseBook{}, nil
	}
	// Members first, then the counter: whoever links a member to a Shopify customer takes them in this order too.
	look := l.tx.MemberRefs
	if writing {
		look = l.tx.LockMembers
	}
	members, err := indexMembers(ctx, keys, look)
	if err != nil {
		return nil, nil, err
	}
	var next int64
	if writing {
		if next, err = l.tx.Reserve(ctx, CounterPurchase, len(events)); err != nil {
			return nil, nil, err
		}
		if err := l.noneLinkedMeanwhile(ctx, keys, members); err != nil {
			return nil, nil, err
		}
	}
	book, err := l.openBook(ctx, source, ids)
	if err != nil {
		return nil, nil, err
	}
	for i, e := range events {
		if out[i].Err != nil {
			continue
		}
		result, err := book.enter(l.tenant, source, e, members, next+int64(i))
		if err != nil {
			out[i] = refusedPurchase(i, err)
			continue
		}
		out[i].Result = result
		if p := book.purchases[e.ExternalID]; p != nil {
			out[i].MemberID = p.MemberID
		}
	}
	return out, book, nil
}

func refusedPurchase(i int, err *Error) PurchaseOutcome {
	err.Row = i + 1
	return PurchaseOutcome{Result: PurchaseRefused, Err: err}
}

// errLinkedMeanwhile says that a Shopify customer whom nobody had was linked to a member while the counter of purchases
// was waited for. The member is not locked, and locking it now would be the wrong order: everything is to be run again.
// Whoever has run it often enough may come back later.
var errLinkedMeanwhile error = &Error{
	Kind: Unavailable, RetryAfter: time.Second, Message: "members are being linked to Shopify customers; send it again",
}

// noneLinkedMeanwhile looks again for the Shopify customers whom no member had before the counter was taken: who links
// one takes the counter too, so from now on nobody does.
func (l lane) noneLinkedMeanwhile(ctx context.Context, keys []MemberKey, members memberIndex) error {
	var unknown []string
	for _, k := range keys {
		if k = k.first(); k.ShopifyCustomerID != "" && len(members[k]) == 0 {
			unknown = append(unknown, k.ShopifyCustomerID)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	linked, _, err := l.tx.Members(ctx, MemberFilter{ShopifyIDs: unknown, NoTotal: true, Page: Page{Limit: 1}})
	if err == nil && len(linked) > 0 {
		return errLinkedMeanwhile
	}
	return err
}

// openBook reads what is known of the purchases, after the counter has been taken: nobody else changes them until the
// commit.
func (l lane) openBook(ctx context.Context, source string, ids []string) (*purchaseBook, error) {
	slices.Sort(ids)
	purchases, refunds, err := l.tx.PurchasesByExternalID(ctx, source, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	book := &purchaseBook{
		purchases: make(map[string]*Purchase, len(ids)), before: make(map[string]Purchase, len(purchases)),
		refunds: make(map[string][]Refund), touched: make(map[string]bool), spend: make(spendDeltas),
	}
	for i := range purchases {
		p := &purchases[i]
		book.purchases[p.ExternalID], book.before[p.ExternalID] = p, *p
	}
	for _, r := range refunds {
		book.refunds[r.PurchaseID] = append(book.refunds[r.PurchaseID], r)
	}
	return book, nil
}

// enter enters one event and credits its purchase anew.
func (b *purchaseBook) enter(t Tenant, source string, e PurchaseEvent, members memberIndex, id int64) (PurchaseResult, *Error) {
	p, known := b.purchases[e.ExternalID]
	if e.Kind == PurchasePaid {
		owner, err := members.find(e.Member)
		if err != nil && (err.Reason != ReasonMemberUnknown || e.Member.first().ShopifyCustomerID == "") {
			return "", err
		}
		if known {
			if err := p.contradiction(owner, t, e); err != nil {
				return "", err
			}
			if p.MemberID != 0 || owner.ID == 0 {
				return PurchaseKnown, nil
			}
			p.MemberID = owner.ID // it was held, and now somebody says whose it is
			b.spend.add(*p, p.Credited)
		} else {
			paidAt := e.PaidAt.Truncate(time.Microsecond) // as it is stored
			p = &Purchase{
				ID: id, Source: source, ExternalID: e.ExternalID, MemberID: owner.ID, ShopifyCustomerID: e.Member.ShopifyCustomerID,
				Amount: e.Amount, PaidAt: paidAt, Month: Month(DateOf(paidAt, t.Location())[:len("2006-01")]),
			}
			b.purchases[e.ExternalID] = p
		}
	} else if known, err := b.takeOff(source, e); known || err != nil {
		return PurchaseKnown, err
	}
	b.touched[e.ExternalID] = true
	if p == nil {
		return PurchaseHeld, nil // a refund that comes before its purchase
	}
	credited := p.credit(b.refunds[e.ExternalID])
	b.spend.add(*p, credited-p.Credited)
	p.Credited = credited
	if p.MemberID == 0 {
		return PurchaseHeld, nil
	}
	return PurchaseRecorded, nil
}

// takeOff notes a refund or cancellation, unless it is known.
func (b *purchaseBook) takeOff(source string, e PurchaseEvent) (known bool, err *Error) {
	r := Refund{Source: source, PurchaseID: e.ExternalID, ExternalID: e.RefundID, Amount: e.Amount}
	if e.Kind == PurchaseCancelled {
		r.ExternalID, r.Amount, r.All = cancellation, 0, true
	}
	for _, old := range b.refunds[e.ExternalID] {
		switch {
		case old == r:
			return true, nil
		case old.ExternalID == r.ExternalID:
			return false, differs("refund_id", r.ExternalID, "a refund with this id was recorded with another amount")
		}
	}
	b.refunds[e.ExternalID] = append(b.refunds[e.ExternalID], r)
	b.added = append(b.added, r)
	return false, nil
}

// contradiction is what an event says otherwise than the purchase that was recorded before; nil where it says the same.
// Which Shopify customer is linked to whom may have changed since, so it is not compared by that.
func (p *Purchase) contradiction(owner MemberRef, t Tenant, e PurchaseEvent) *Error {
	switch {
	case p.Amount != e.Amount || !p.PaidAt.Equal(e.PaidAt.Truncate(time.Microsecond)):
		return differs("id", e.ExternalID, fmt.Sprintf("it was recorded before, as %s paid at %s",
			FormatMoney(p.Amount, t.Currency), p.PaidAt.In(t.Location()).Format(time.DateTime)))
	case p.MemberID != 0 && owner.ID != 0 && p.MemberID != owner.ID && e.Member.first().ShopifyCustomerID == "":
		return differs("id", e.ExternalID, fmt.Sprintf("it was recorded before, of member %d", p.MemberID))
	}
	return nil
}

func differs(field, value, message string) *Error {
	return &Error{Kind: Invalid, Reason: ReasonDiffers, Field: field, Value: value, Message: message}
}

// closeBook writes what was entered.
func (l lane) closeBook(ctx context.Context, b *purchaseBook, by AuditEntry) error {
	changed := make([]Purchase, 0, len(b.touched))
	entries := make([]AuditEntry, 0, len(b.touched))
	for _, id := range slices.Sorted(maps.Keys(b.touched)) {
		if p := b.purchases[id]; p != nil {
			before, known := b.before[id]
			changed, entries = append(changed, *p), append(entries, creditedBy(by, before, known, *p))
		}
	}
	for _, r := range b.added {
		by.Subject, by.SubjectID = "refund", r.Source+":"+r.PurchaseID+":"+r.ExternalID
		by.Changes = change("refund", nil, map[string]any{"amount": r.Amount, "all": r.All})
		entries = append(entries, by)
	}
	if len(entries) == 0 {
		return nil
	}
	if err := l.tx.PutPurchases(ctx, changed); err != nil {
		return err
	}
	if err := l.tx.AddRefunds(ctx, b.added); err != nil {
		return err
	}
	if err := l.tx.AddSpend(ctx, b.spend.list()); err != nil {
		return err
	}
	return l.audit(ctx, entries)
}

// creditedBy is the audit entry of a purchase that was recorded or credited anew.
func creditedBy(by AuditEntry, before Purchase, known bool, after Purchase) AuditEntry {
	show := func(p Purchase) any {
		return map[string]any{"member": p.MemberID, "amount": p.Amount, "credited": p.Credited}
	}
	var was any
	if known {
		was = show(before)
	}
	by.Subject, by.SubjectID = "purchase", after.Source+":"+after.ExternalID
	by.Changes = change("purchase", was, show(after))
	return by
}

// creditHeld credits the purchases that waited for Shopify customers whom the changes have linked to members. It answers
// what is to be said of it in the audit log, whose counter is taken last.
func (l lane) creditHeld(ctx context.Context, changes []MemberChange, by AuditEntry) ([]AuditEntry, error) {
	linked := make(map[string]int64)
	for i := range changes {
		before, after := &changes[i].Before, &changes[i].After
		if id := deref(after.ShopifyCustomerID); id != "" && id != deref(before.ShopifyCustomerID) {
			linked[id] = after.ID
		}
	}
	if len(linked) == 0 {
		return nil, nil
	}
	if _, err := l.tx.Reserve(ctx, CounterPurchase, 1); err != nil { // so that no purchase is being held meanwhile
		return nil, err
	}
	held, err := l.tx.HeldPurchases(ctx, slices.Sorted(maps.Keys(linked)))
	if err != nil || len(held) == 0 {
		return nil, err
	}
	spend := make(spendDeltas)
	entries := make([]AuditEntry, len(held))
	for i := range held {
		p := &held[i]
		before := *p
		p.MemberID = linked[p.ShopifyCustomerID]
		spend.add(*p, p.Credited)
		entries[i] = creditedBy(by, before, true, *p)
	}
	if err := l.tx.PutPurchases(ctx, held); err != nil {
		return nil, err
	}
	return entries, l.tx.AddSpend(ctx, spend.list())
}

// memberIndex finds members by what names them: each stands under a key of each of its names.
type memberIndex map[MemberKey][]MemberRef

// indexMembers looks for the members that the keys name.
func indexMembers(
	ctx context.Context, keys []MemberKey, look func(context.Context, MemberQuery) ([]MemberRef, error),
) (memberIndex, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var q MemberQuery
	for _, k := range keys {
		switch k = k.first(); {
		case k.ID != 0:
			q.IDs = append(q.IDs, k.ID)
		case k.Code != "":
			q.Codes = append(q.Codes, k.Code)
		case k.ShopifyCustomerID != "":
			q.ShopifyIDs = append(q.ShopifyIDs, k.ShopifyCustomerID)
		default:
			q.Emails = append(q.Emails, k.Email)
		}
	}
	refs, err := look(ctx, q)
	index := make(memberIndex, 4*len(refs))
	for _, m := range refs {
		for _, k := range []MemberKey{
			{ID: m.ID}, {Code: m.Code}, {ShopifyCustomerID: deref(m.ShopifyCustomerID)}, {Email: FoldEmail(deref(m.Email))},
		} {
			if k != (MemberKey{}) {
				index[k] = append(index[k], m)
			}
		}
	}
	return index, err
}

// find answers the member that the key names. Invalid with ReasonMemberUnknown or ReasonAmbiguous.
func (x memberIndex) find(k MemberKey) (MemberRef, *Error) {
	found := x[k.first()]
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		field, value := k.field()
		return MemberRef{}, &Error{
			Kind: Invalid, Reason: ReasonMemberUnknown, Field: field, Value: value,
			Message: fmt.Sprintf("there is no member with the %s %q", strings.ReplaceAll(field, "_", " "), value),
		}
	default:
		return MemberRef{}, &Error{
			Kind: Invalid, Reason: ReasonAmbiguous, Field: "email", Value: k.Email, Message: "more than one member has this e-mail address",
		}
	}
}

// first is the key with the field alone that counts.
func (k MemberKey) first() MemberKey {
	switch {
	case k.ID != 0:
		return MemberKey{ID: k.ID}
	case k.Code != "":
		return MemberKey{Code: k.Code}
	case k.ShopifyCustomerID != "":
		return MemberKey{ShopifyCustomerID: k.ShopifyCustomerID}
	default:
		return MemberKey{Email: FoldEmail(k.Email)}
	}
}

// field is the column by which the key names its member, and the value.
func (k MemberKey) field() (field, value string) {
	switch k = k.first(); {
	case k.ID != 0:
		return "member_id", fmt.Sprint(k.ID)
	case k.Code != "":
		return "member", k.Code
	case k.ShopifyCustomerID != "":
		return "shopify_customer_id", k.ShopifyCustomerID
	default:
		return "email", k.Email
	}
}

// FoldEmail is the form in which e-mail addresses are compared: without the case of ASCII letters, which is what every
// engine's lower() folds whatever its locale.
func FoldEmail(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// Purchases answers the purchases that match, newest first. NotFound where they are to be of a member that the caller
// may not see.
func (s *Service) Purchases(ctx context.Context, c Caller, f PurchaseFilter) (out List[Purchase], err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := seenOrAll(ctx, tx, c, f.MemberID); err != nil {
			return err
		}
		out.Items, out.Total, err = tx.Purchases(ctx, f)
		return err
	})
	return out, err
}

// seenOrAll is seen for lists that may be of all members, for which the id 0 stands: those a caller who is bound to a
// store may not ask for.
func seenOrAll(ctx context.Context, tx Tx, c Caller, member int64) error {
	if member == 0 && c.Client.StoreID == nil {
		return nil
	}
	return seen(ctx, tx, c, member)
}
