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
	PurchaseID string // the purchase's ExternalID
	ExternalID string // of the refund, unique within the purchase
	Amount     int64
	All        bool // the purchase was cancelled: nothing of it counts, and Amount is ignored
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
