package purchases

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"noren"
	"noren/app/audit"
	"noren/app/points"
	"noren/app/unit"
)

// Book holds one source's purchases while events are entered.
type Book struct {
	purchases map[string]*noren.Purchase
	before    map[string]noren.Purchase // as they were stored
	refunds   map[string][]noren.Refund // by purchase
	added     []noren.Refund
	touched   map[string]bool // purchases with a new event; a refund may touch one that is not recorded yet
	spend     spendDeltas
}

// spendDeltas sums what is to be added to members' spend.
type spendDeltas map[noren.MonthlySpend]int64 // by the key's member and month; the key's amount is 0

func (d spendDeltas) add(p noren.Purchase, amount int64) {
	if p.MemberID != 0 && amount != 0 {
		// By the month of payment, which a refund takes its amount off as well.
		d[noren.MonthlySpend{MemberID: p.MemberID, Month: p.Month}] += amount
	}
}

// list is ordered by member and month, so that concurrent transactions lock the rows in the same order and do not
// deadlock.
func (d spendDeltas) list() []noren.MonthlySpend {
	list := make([]noren.MonthlySpend, 0, len(d))
	for key, amount := range d {
		if amount != 0 {
			list = append(list, noren.MonthlySpend{MemberID: key.MemberID, Month: key.Month, Amount: amount})
		}
	}
	slices.SortFunc(list, func(a, b noren.MonthlySpend) int {
		return cmp.Or(cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Month, b.Month))
	})
	return list
}

// openBook reads the purchases and their refunds. The counter has been taken, so nobody else changes them until the
// commit.
func openBook(ctx context.Context, tx Tx, source string, ids []string) (*Book, error) {
	slices.Sort(ids)
	purchases, refunds, err := tx.PurchasesByExternalID(ctx, source, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	book := &Book{
		purchases: make(map[string]*noren.Purchase, len(ids)), before: make(map[string]noren.Purchase, len(purchases)),
		refunds: make(map[string][]noren.Refund), touched: make(map[string]bool), spend: make(spendDeltas),
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

// enter enters one event and computes the credit of its purchase again.
func (b *Book) enter(t noren.Tenant, source string, e noren.PurchaseEvent, members memberIndex, id int64) (Result, *noren.Error) {
	var known bool
	var err *noren.Error
	if e.Kind == noren.PurchasePaid {
		known, err = b.pay(t, source, e, members, id)
		if err == nil && b.become(source, e) {
			known = false
		}
	} else {
		known, err = b.takeOff(t, source, e)
	}
	// A known event is not entered again, so nothing is touched by it.
	if known || err != nil {
		return Known, err
	}
	p := b.purchases[e.ExternalID]
	b.touched[e.ExternalID] = true
	if p == nil {
		return Held, nil // a refund that arrives before its purchase
	}
	// Worked out anew from the amount and all refunds, so the order in which they arrive does not matter.
	credited := credit(*p, b.refunds[e.ExternalID])
	b.spend.add(*p, credited-p.Credited)
	p.Credited = credited
	if p.MemberID == 0 {
		return Held, nil
	}
	return Recorded, nil
}

// pay records a purchase, or the owner of one that was held, unless it is known.
func (b *Book) pay(t noren.Tenant, source string, e noren.PurchaseEvent, members memberIndex, id int64) (known bool, err *noren.Error) {
	owner, err := members.find(e.Member)
	if err != nil && (err.Reason != noren.ReasonMemberUnknown || e.Member.First().ShopifyCustomerID == "") {
		// An unknown Shopify customer is not an error: the purchase is held until a member is linked to them.
		return false, err
	}
	if p := b.purchases[e.ExternalID]; p != nil {
		if err := contradiction(p, owner, t, e); err != nil {
			return false, err
		}
		// Known, or still for nobody: there is nothing to add to what is recorded.
		if p.MemberID != 0 || owner.ID == 0 {
			return true, nil
		}
		p.MemberID = owner.ID // it was held, and now we know whose it is
		b.spend.add(*p, p.Credited)
		return false, nil
	}
	if err := overRefunded(t, e, e.Amount, b.refunds[e.ExternalID]); err != nil {
		return false, err
	}
	paidAt := e.PaidAt.Truncate(time.Microsecond) // the precision of the database
	b.purchases[e.ExternalID] = &noren.Purchase{
		ID: id, Source: source, ExternalID: e.ExternalID, MemberID: owner.ID, ShopifyCustomerID: e.Member.ShopifyCustomerID,
		Amount: e.Amount, Tax: e.Tax, UsedPoints: e.UsedPoints, PaidAt: paidAt,
		Month: noren.Month(noren.DateOf(paidAt, t.Location())[:len("2006-01")]),
	}
	return false, nil
}

// takeOff records a refund or cancellation, unless it is known.
func (b *Book) takeOff(t noren.Tenant, source string, e noren.PurchaseEvent) (known bool, err *noren.Error) {
	r := noren.Refund{
		Source: source, PurchaseID: e.ExternalID, ExternalID: e.RefundID, Amount: e.Amount, At: e.RefundedAt.Truncate(time.Microsecond).UTC(),
	}
	if e.Kind == noren.PurchaseCancelled {
		r = cancelled(source, e.ExternalID)
	}
	for _, old := range b.refunds[e.ExternalID] {
		switch {
		case old.ExternalID != r.ExternalID:
		// Not when it was made: earlier versions have not stored that.
		case old.Amount == r.Amount && old.All == r.All:
			return true, nil
		// The same refund with another content cannot be told from a mistake, so the first stays.
		default:
			return false, differs("refund_id", r.ExternalID, noren.FormatMoney(old.Amount, t.Currency),
				"a refund with this id was already recorded with another amount: "+noren.FormatMoney(old.Amount, t.Currency))
		}
	}
	if p := b.purchases[e.ExternalID]; p != nil {
		if err := overRefunded(t, e, p.Amount, append(slices.Clip(b.refunds[e.ExternalID]), r)); err != nil {
			return false, err
		}
	}
	b.add(r)
	return false, nil
}

// become records what has become of a purchase, and reports whether that adds anything to what is recorded.
func (b *Book) become(source string, e noren.PurchaseEvent) (adds bool) {
	refunds, at := b.refunds[e.ExternalID], e.State.At.Truncate(time.Microsecond).UTC()
	var before []noren.Refund
	for _, r := range refunds {
		if !r.At.After(at) {
			before = append(before, r)
		}
	}
	if noren.Refunded(before) < e.State.Refunded {
		b.add(noren.Refund{
			Source: source, PurchaseID: e.ExternalID, ExternalID: fmt.Sprintf("export:%d:%d", e.State.Refunded, at.UnixMicro()),
			At: at, Amount: e.State.Refunded, SoFar: true,
		})
		adds = true
	}
	if e.State.Cancelled && !slices.ContainsFunc(refunds, func(r noren.Refund) bool { return r.All }) {
		b.add(cancelled(source, e.ExternalID))
		adds = true
	}
	return adds
}

func (b *Book) add(r noren.Refund) {
	b.refunds[r.PurchaseID], b.added = append(b.refunds[r.PurchaseID], r), append(b.added, r)
}

func cancelled(source, purchase string) noren.Refund {
	return noren.Refund{Source: source, PurchaseID: purchase, ExternalID: cancellation, All: true}
}

// overRefunded returns what is wrong with an event by which the refunds are more than was paid.
func overRefunded(t noren.Tenant, e noren.PurchaseEvent, paid int64, refunds []noren.Refund) *noren.Error {
	sum := noren.Refunded(refunds)
	if !e.AtMostPaid || sum <= paid {
		return nil
	}
	return &noren.Error{
		Kind: noren.Invalid, Reason: noren.ReasonOverRefunded, Field: "amount", Value: noren.FormatMoney(e.Amount, t.Currency),
		Limit: noren.FormatMoney(sum, t.Currency) + " > " + noren.FormatMoney(paid, t.Currency),
		Message: fmt.Sprintf("refunds would add up to %s, but %s was paid",
			noren.FormatMoney(sum, t.Currency), noren.FormatMoney(paid, t.Currency)),
	}
}

// contradiction returns what an event contradicts in the purchase recorded before; nil if they agree. A Shopify
// customer may have been linked to another member since, so an owner found that way is not compared.
func contradiction(p *noren.Purchase, owner noren.MemberRef, t noren.Tenant, e noren.PurchaseEvent) *noren.Error {
	switch {
	case p.Amount != e.Amount || numbersAnew(p.Source) && !p.PaidAt.Equal(e.PaidAt.Truncate(time.Microsecond)):
		amount, at := noren.FormatMoney(p.Amount, t.Currency), p.PaidAt.In(t.Location()).Format(time.DateTime)
		return differs("id", e.ExternalID, amount+", "+at, fmt.Sprintf("already recorded as %s paid at %s", amount, at))
	case p.MemberID != 0 && owner.ID != 0 && p.MemberID != owner.ID && e.Member.First().ShopifyCustomerID == "":
		return differs("id", e.ExternalID, fmt.Sprintf("member %d", p.MemberID), fmt.Sprintf("already recorded for member %d", p.MemberID))
	}
	return nil
}

// numbersAnew reports whether the source may give one number to two purchases, as a register does that begins each day with 1. Shopify
// does not, and its file and its messages name instants of one order that are some seconds apart.
func numbersAnew(source string) bool { return source != noren.WebhookShopify }

func differs(field, value, recorded, message string) *noren.Error {
	return &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonDiffers, Field: field, Value: value, Limit: recorded, Message: message}
}

// changed returns the purchases with a new event, and those of them that are newly credited to members. They are sorted, so that the same
// events give the same entries in the same order, whatever the order of a map.
func (b *Book) changed() (touched, credited []*noren.Purchase) {
	for _, id := range slices.Sorted(maps.Keys(b.touched)) {
		if p := b.purchases[id]; p != nil {
			touched = append(touched, p)
			if p.MemberID != 0 && b.before[id].MemberID == 0 {
				credited = append(credited, p)
			}
		}
	}
	return touched, credited
}

// Foresee returns what closing the book would mean for the points of the members whose purchases are in it. Afterwards it cannot be closed.
func Foresee(ctx context.Context, tx Tx, u unit.Unit, b *Book) (points.Foreseen, error) {
	touched, credited := b.changed()
	f, err := points.Foresee(ctx, tx, u, credited, touched, nil)
	if err != nil {
		return f, err
	}
	for _, p := range touched {
		if p.MemberID != 0 {
			f.Members[p.MemberID] += 0 // also who gets none
		}
	}
	return f, nil
}

// CloseBook writes what was entered.
func CloseBook(ctx context.Context, tx Tx, u unit.Unit, b *Book, by noren.AuditEntry) error {
	touched, credited := b.changed()
	// Before anything is written, because it fills in what the purchases earned.
	settled, err := points.Settle(ctx, tx, u, credited, touched, nil, by)
	if err != nil {
		return err
	}
	changed := slices.Clone(settled.Others)
	entries := make([]noren.AuditEntry, 0, len(b.touched))
	for _, p := range touched {
		before, known := b.before[p.ExternalID]
		changed, entries = append(changed, *p), append(entries, creditedBy(by, before, known, *p))
	}
	for _, r := range b.added {
		by.Subject, by.SubjectID = "refund", r.Source+":"+r.PurchaseID+":"+r.ExternalID
		shown := map[string]any{"amount": r.Amount, "all": r.All}
		if r.SoFar {
			shown["so_far"] = true
		}
		by.Changes = audit.Change("refund", nil, shown)
		entries = append(entries, by)
	}
	if len(entries) == 0 {
		return nil
	}
	// Rows of spend are locked after the purchases, in the order of list, like everywhere else.
	if err := tx.PutPurchases(ctx, changed); err != nil {
		return err
	}
	if err := tx.AddRefunds(ctx, b.added); err != nil {
		return err
	}
	if err := tx.AddSpend(ctx, b.spend.list()); err != nil {
		return err
	}
	// Lots and their numbers come after purchases in the order of locks, too.
	if err := settled.Move(ctx); err != nil {
		return err
	}
	return tx.AddAudit(ctx, entries)
}
