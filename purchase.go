package noren

import (
	"context"
	"time"
)

// Purchase is spend credited to a member, in the smallest unit of the tenant's currency. It is the only input of rank
// checks. Source and ExternalID together identify it, so that it counts once.
type Purchase struct {
	ID         int64 // counts up per tenant, in the order of recording
	Source     string
	ExternalID string // the source's own id of the order
	// MemberID is the member it is credited to. 0: none yet, because ShopifyCustomerID is not linked to a member; linking
	// one credits it.
	MemberID          int64
	ShopifyCustomerID string
	Amount            int64 // as paid
	Tax               int64 // the part of Amount that is tax; 0 where the source does not tell
	UsedPoints        int64 // the part of Amount that was paid with points; 0 where the source does not tell
	Credited          int64 // what is left after refunds; never below 0
	PaidAt            time.Time
	Month             Month   // the month of PaidAt in the tenant's zone
	Earning           Earning // the points that it earned
}

// Refund reduces a purchase. It may be recorded before its purchase. It counts in the month of the purchase, not in the
// month of the refund.
type Refund struct {
	Source     string
	PurchaseID string    // the purchase's ExternalID
	ExternalID string    // of the refund, unique within the purchase
	At         time.Time // when it was made; zero: the source does not tell, and it counts as before all others
	Amount     int64
	All        bool // the purchase was cancelled: nothing of it counts, and Amount is ignored
	SoFar      bool // no refund of its own: Amount is what had been refunded in all at that time, as a file of orders says
}

// Refunded returns how much of a purchase was refunded. Refunds that are told one by one add up. What was refunded so far by a
// file of orders is at least that much, and may be the same refunds: only those made after it come on top. So it does not matter which of
// the two is recorded first, and a later file says what has come since.
func Refunded(refunds []Refund) (amount int64) {
	after := func(at time.Time) (sum int64) {
		for _, r := range refunds {
			if !r.SoFar && (at.IsZero() || r.At.After(at)) {
				sum += r.Amount
			}
		}
		return sum
	}
	amount = after(time.Time{})
	for _, r := range refunds {
		if r.SoFar {
			amount = max(amount, r.Amount+after(r.At))
		}
	}
	return amount
}

// MonthlySpend is what one member spent in one month, after refunds. It is kept beside the purchases, so that reading a
// window costs one row for each month instead of one for each order.
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
	PurchaseRefunded  PurchaseKind = "refunded"  // a part was paid back
	PurchaseCancelled PurchaseKind = "cancelled" // in whole
)

// PurchaseEvent is a source's report about one purchase. Events may arrive in any order and any number of times.
type PurchaseEvent struct {
	Kind       PurchaseKind
	ExternalID string // of the purchase
	RefundID   string // with PurchaseRefunded: the refund's own id
	Member     MemberKey
	Amount     int64  // in the smallest unit of the currency, ≥ 0; not with PurchaseCancelled
	Tax        int64  // with PurchasePaid: the part of Amount that is tax
	UsedPoints int64  // with PurchasePaid: the part of Amount that was paid with points
	Currency   string // "": the tenant's
	PaidAt     time.Time
	RefundedAt time.Time // with PurchaseRefunded: zero if the source does not tell
	// AtMostPaid refuses what would make the refunds more than the purchase. Not for what other systems report of their own accord: an
	// order that is edited after it was paid may have more refunded, and is told in no other way.
	AtMostPaid bool
	State      PurchaseState // with PurchasePaid
}

// PurchaseState is what has become of a purchase, as a file of orders shows it.
type PurchaseState struct {
	At        time.Time // when the file came
	Refunded  int64     // so far, in all
	Cancelled bool
}

// PurchaseTx reads and writes purchases and their sums.
type PurchaseTx interface {
	// PurchasesByExternalID returns those of the source's purchases that exist, and all known refunds of the given ids,
	// including refunds that arrived before their purchase.
	PurchasesByExternalID(ctx context.Context, source string, ids []string) ([]Purchase, []Refund, error)
	// HeldPurchases returns the purchases of these Shopify customers that are not yet credited to a member.
	HeldPurchases(ctx context.Context, shopifyCustomerIDs []string) ([]Purchase, error)
	// OwingPurchases returns the members' purchases of which points are owed, ordered by id.
	OwingPurchases(ctx context.Context, members []int64) ([]Purchase, error)
	// PutPurchases inserts new purchases, and updates member, credit and earning of existing ones.
	PutPurchases(ctx context.Context, purchases []Purchase) error
	AddRefunds(ctx context.Context, refunds []Refund) error
	// AddSpend adds to what members spent in months; amounts may be negative. Each pair of member and month may occur only
	// once.
	AddSpend(ctx context.Context, deltas []MonthlySpend) error
	// Spend returns what the members spent in the months from ≤ month < until. Members who spent nothing are left out.
	Spend(ctx context.Context, members []int64, from, until Month) (map[int64]int64, error)
	// Purchases returns one page, newest first.
	Purchases(ctx context.Context, f PurchaseFilter) ([]Purchase, int, error)
}

// PurchaseFilter selects purchases.
type PurchaseFilter struct {
	MemberID int64 // 0: any
	Held     bool  // only those not yet credited to a member
	Page
}
