package noren

import (
	"time"
	"unicode/utf8"
)

// Purchase is spend credited to a member, in the smallest unit of the tenant's currency: the only input of rank
// evaluation. Source and ExternalID together make it count once.
type Purchase struct {
	ID         int64 // counts up per tenant, in the order in which purchases were recorded
	Source     string
	ExternalID string // the source's own id of the order
	// MemberID is who it is credited to; 0: nobody yet, because ShopifyCustomerID is not linked to a member. It is
	// credited once that is.
	MemberID          int64
	ShopifyCustomerID string
	Amount            int64 // as paid
	Credited          int64 // what is left of it after refunds; never below 0
	PaidAt            time.Time
	Month             Month // that PaidAt falls in, in the tenant's zone
}

// Refund takes something off a purchase. It may be recorded before its purchase. It counts in the month of the
// purchase, whenever it was made.
type Refund struct {
	Source     string
	PurchaseID string // the purchase's ExternalID
	ExternalID string // of the refund, unique within the purchase
	Amount     int64
	All        bool // the purchase was cancelled: nothing of it counts, whatever Amount says
}

// cancellation is the ExternalID of the Refund that a cancelled purchase has.
const cancellation = "cancelled"

// credit is what counts of the purchase after refunds.
func (p Purchase) credit(refunds []Refund) int64 {
	credit := p.Amount
	for _, r := range refunds {
		if r.All {
			return 0
		}
		credit -= r.Amount
	}
	return max(credit, 0)
}

// MonthlySpend is what one member spent in one month, after refunds. It is kept beside the purchases, so that reading a
// window costs its months and not its orders.
type MonthlySpend struct {
	MemberID int64
	Month    Month
	Amount   int64
}

// PurchaseKind says what happened to a purchase.
type PurchaseKind string

// The kinds of event.
const (
	PurchasePaid      PurchaseKind = "paid"
	PurchaseRefunded  PurchaseKind = "refunded"  // some of it was given back
	PurchaseCancelled PurchaseKind = "cancelled" // all of it
)

// PurchaseEvent is what a source tells of one purchase. Events may come in any order and any number of times.
type PurchaseEvent struct {
	Kind       PurchaseKind
	ExternalID string // of the purchase
	RefundID   string // with PurchaseRefunded: the refund's own id
	Member     MemberKey
	Amount     int64  // in the smallest unit of the currency, ≥ 0; not with PurchaseCancelled
	Currency   string // "": the tenant's
	PaidAt     time.Time
}

// MemberKey names one member by the first of its fields that is set.
type MemberKey struct {
	ID                int64
	Code              string
	ShopifyCustomerID string
	Email             string // compared without case; only where one member alone has it
}

// PurchaseResult says what became of one event.
type PurchaseResult string

// The results.
const (
	PurchaseRecorded PurchaseResult = "recorded"
	PurchaseHeld     PurchaseResult = "held"    // kept until a member is linked to its Shopify customer
	PurchaseKnown    PurchaseResult = "known"   // it was recorded before, and says the same
	PurchaseRefused  PurchaseResult = "refused" // Err says why; nothing of it was recorded
)

// PurchaseOutcome is what became of one event.
type PurchaseOutcome struct {
	Result   PurchaseResult
	MemberID int64  // whose purchase it is about; 0: nobody's yet
	Err      *Error // with PurchaseRefused; its Row is the event's place from 1
}

// Limits of what sources may say.
const (
	maxExternalID = 100            // characters
	futureAllowed = 24 * time.Hour // how far ahead of ours a source's clock may be
)

// isExternalID reports whether the text can be the id that a source gave to something.
func isExternalID(s string) bool {
	return s != "" && len(s) <= 4*maxExternalID && utf8.RuneCountInString(s) <= maxExternalID && canBeStored(s)
}

// canBeStored reports whether every engine can store and look up the text: UTF-8 without U+0000.
func canBeStored(s string) bool { return storable(s) == s }

// maxMemberKey is how many bytes a text that names a member may have: more than any column that it is looked for in.
const maxMemberKey = 1000

// valid reports whether the key can be looked up, and what it names its member by is something.
func (k MemberKey) valid() bool {
	_, value := k.field()
	return value != "" && len(value) <= maxMemberKey && canBeStored(value) && canBeStored(k.ShopifyCustomerID) && len(k.ShopifyCustomerID) <= maxMemberKey
}

// check judges what can be judged without stored data.
func (e PurchaseEvent) check(t Tenant, now time.Time) *Error {
	wrong := func(reason Reason, field, value, message string) *Error {
		return &Error{Kind: Invalid, Reason: reason, Field: field, Value: value, Message: message}
	}
	switch {
	case e.Kind != PurchasePaid && e.Kind != PurchaseRefunded && e.Kind != PurchaseCancelled:
		return wrong("", "kind", "", "a purchase is paid, refunded or cancelled")
	case !isExternalID(e.ExternalID):
		return wrong("", "id", "", "an id of 1 to 100 characters is needed")
	case e.Kind == PurchaseRefunded && (!isExternalID(e.RefundID) || e.RefundID == cancellation):
		return wrong("", "refund_id", storable(shortened(e.RefundID, maxExternalID)), "a refund needs an id of its own, of 1 to 100 characters")
	case e.Kind == PurchaseCancelled:
		return nil
	case e.Currency != "" && e.Currency != t.Currency:
		return wrong(ReasonCurrency, "currency", e.Currency, "the currency is not the shop's, "+t.Currency)
	case e.Amount < 0:
		return wrong(ReasonNegative, "amount", FormatMoney(e.Amount, t.Currency), "an amount is not negative; a refund is an event of its own")
	case e.Amount > MaxMoney:
		return wrong("", "amount", FormatMoney(e.Amount, t.Currency), "the amount is more than "+FormatMoney(MaxMoney, t.Currency))
	case e.Kind == PurchaseRefunded:
		return nil
	case e.PaidAt.IsZero():
		return wrong("", "at", "", "the time of payment is needed")
	case e.PaidAt.After(now.Add(futureAllowed)):
		return wrong(ReasonFuture, "at", e.PaidAt.Format(time.RFC3339), "the time of payment is in the future")
	case e.PaidAt.Year() < 1970:
		return wrong("", "at", e.PaidAt.Format(time.RFC3339), "the time of payment is before 1970")
	case e.Member == MemberKey{}:
		return wrong(ReasonMemberUnknown, "member", "", "the purchase names no member")
	case !e.Member.valid():
		field, _ := e.Member.field()
		return wrong("", field, "", "this cannot be the name of a member")
	}
	return nil
}
