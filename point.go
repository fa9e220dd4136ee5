package noren

import (
	"context"
	"time"
)

// PointType distinguishes free points from paid ones (無償, 有償).
type PointType string

// The types of point.
const (
	DefaultPoint PointType = "DEFAULT"
	PaidPoint    PointType = "PAID"
)

// PointTypes lists every type, in the order in which balances are shown.
func PointTypes() []PointType { return []PointType{DefaultPoint, PaidPoint} }

// MaxPoints is the most that one movement can grant or take.
const MaxPoints = 999_999_999

// PointLot holds the points of one grant. They can be used from the beginning of UsableFrom through the end of ExpiresOn in
// the tenant's zone.
type PointLot struct {
	ID         int64
	MemberID   int64
	Type       PointType
	GrantedAt  time.Time
	UsableFrom *Date // nil: at once
	ExpiresOn  *Date // nil: never
	Amount     int64 // granted
	Remaining  int64 // neither used nor removed by the daily expiry
	PurchaseID int64 // of the purchase that earned them; 0: none did
	EntryID    int64 // of the entry that granted them; 0: granted by a version that did not store it
}

// Expired reports whether the lot's points can no longer be used on that day.
func (l PointLot) Expired(today Date) bool { return l.ExpiresOn != nil && *l.ExpiresOn < today }

// Usable reports whether the lot's points can be used on that day.
func (l PointLot) Usable(today Date) bool {
	return !l.Expired(today) && (l.UsableFrom == nil || *l.UsableFrom <= today)
}

// PointEntryKind says why an entry was made.
type PointEntryKind string

// The kinds of entry.
const (
	PointsGranted PointEntryKind = "granted"
	PointsUsed    PointEntryKind = "used"
	PointsExpired PointEntryKind = "expired"
	// PointsReturned took back what a purchase had earned that was refunded.
	PointsReturned PointEntryKind = "returned"
	// PointsReversed undid another entry that was made by mistake.
	PointsReversed PointEntryKind = "reversed"
)

// PointEntryKinds lists every kind.
func PointEntryKinds() []PointEntryKind {
	return []PointEntryKind{PointsGranted, PointsUsed, PointsExpired, PointsReturned, PointsReversed}
}

// PointFlow is the direction in which an entry counts where entries of many members are added up.
type PointFlow string

// The directions. What was returned or reversed counts against what it undid.
const (
	PointsGiven  PointFlow = "given"
	PointsSpent  PointFlow = "used"
	PointsLapsed PointFlow = "expired"
)

// FlowOf returns the direction of an entry of that kind that moved so many points.
func FlowOf(kind PointEntryKind, delta int64) PointFlow {
	switch {
	case kind == PointsExpired:
		return PointsLapsed
	case kind == PointsUsed, kind == PointsReversed && delta > 0:
		return PointsSpent
	}
	return PointsGiven
}

// PointEntry is one append-only movement of a member's points. Per member and type, the sum of the deltas equals the
// sum of what remains in the lots.
type PointEntry struct {
	ID        int64
	MemberID  int64
	Type      PointType
	Kind      PointEntryKind
	Delta     int64
	StaffID   *int64
	Note      string
	At        time.Time
	ClientID  *int64 // nil: the operator or the daily expiry
	Dialect   string
	Login     string // of the console user; "": a program
	RequestID string
	Purchase  PurchaseRef // the purchase that earned the points; the zero value: none did
	Reverses  int64       // the entry that this one undoes; 0: none
	Undone    PointMark   // what people know that entry by; not written
	TakenOver bool        // the points come from another system's file
	Reversed  bool        // another entry undoes this one; not written
}

// Irreversible returns why the entry cannot be undone by another; "" if it can, as far as the entry tells.
func (e PointEntry) Irreversible() Reason {
	switch {
	case e.Reversed:
		return ReasonReversed
	case e.Reverses != 0:
		return ReasonReversal
	case e.Purchase.ID != 0:
		return ReasonOfPurchase // a refund of the purchase takes its points back
	case e.Kind == PointsExpired:
		return ReasonExpiry
	case e.TakenOver:
		return ReasonTakenOver
	}
	return ""
}

// PointMark is what people know an entry by: lists show no IDs.
type PointMark struct {
	At    time.Time
	Kind  PointEntryKind
	Delta int64
	Note  string
}

// PurchaseRef names a purchase. To write it, ID is enough.
type PurchaseRef struct {
	ID                 int64
	Source, ExternalID string
}

// PointLotFilter selects lots that have points remaining, soonest expiry first; lots that never expire come last.
type PointLotFilter struct {
	MemberID      int64  // 0: any, if Expires is set; nobody otherwise
	VisibleTo     *int64 // only of members of this store or of all stores
	Expires, Till Date   // only lots that expire from Expires until before Till; "": any
	Page
}

// PointEntryFilter selects movements of points, ordered by time and id.
type PointEntryFilter struct {
	ID        int64  // 0: any
	MemberID  int64  // 0: any
	VisibleTo *int64 // only of members of this store or of all stores
	At        Span
	Kinds     []PointEntryKind // nil: any; empty: none
	Flow      PointFlow        // "": any
	Dialects  []string         // as Kinds
	Earned    *bool            // only those that name a purchase, or only the others; nil: any
	Newest    bool             // newest first
	Page
}

// PointBurn says how many points an entry took from which lot; negative: gave back to it.
type PointBurn struct {
	EntryID, LotID int64
	Amount         int64
}

// BurntLot is a lot with what one entry took from it.
type BurntLot struct {
	PointLot

	Burnt     int64
	Withdrawn bool // the entry that granted the lot was reversed
}

// PointBalance is what a member has of one type at the moment of reading.
type PointBalance struct {
	MemberID      int64
	Type          PointType
	Total         int64
	ExpiresOn     *Date // the next day on which points expire; nil: none expire
	ExpiresAmount int64 // how many expire on that day
}

// NextExpiry returns the next day on which any of the points expire; nil: none expire.
func NextExpiry(balances []PointBalance) *Date {
	var next *Date
	for _, b := range balances {
		if b.ExpiresOn != nil && (next == nil || *b.ExpiresOn < *next) {
			next = b.ExpiresOn
		}
	}
	return next
}

// PointTx reads and writes the ledger of points.
type PointTx interface {
	// OpenLots returns the lots of that type with points remaining, ordered by id, and locks them if forUpdate is true.
	OpenLots(ctx context.Context, members []int64, t PointType, forUpdate bool) ([]PointLot, error)
	// ExpiredLots returns up to limit lots that have points remaining and whose last day is before today, ordered by last
	// day and id, starting behind the lot after (zero: from the beginning).
	ExpiredLots(ctx context.Context, today Date, after PointLot, limit int, forUpdate bool) ([]PointLot, error)
	// BurntLots returns the lots that the entry took points from, used up or not, ordered by id, and locks them if forUpdate
	// is true.
	BurntLots(ctx context.Context, entry int64, forUpdate bool) ([]BurntLot, error)
	// LapsedPoints returns how many points that the purchases earned the daily expiry has removed, by purchase. Purchases of
	// which there are none are left out.
	LapsedPoints(ctx context.Context, purchases []int64) (map[int64]int64, error)
	// MovePoints inserts the movement's lots, entries and burns, and reduces the lots by what was burnt. Conflict if a lot
	// has less than that. Its caller gives back to a lot no more than was burnt of it.
	MovePoints(ctx context.Context, m PointMovement) error
	// PointBalances returns the members' balances on that day, ordered by member and type. Types of which a member has
	// none are left out.
	PointBalances(ctx context.Context, members []int64, today Date) ([]PointBalance, error)
	// PointLots returns one page of those that match.
	PointLots(ctx context.Context, f PointLotFilter) ([]PointLot, error)
	// PointEntries returns one page of those that match.
	PointEntries(ctx context.Context, f PointEntryFilter) ([]PointEntry, error)
}

// PointSum is how many points the entries of one kind moved.
type PointSum struct {
	Kind              PointEntryKind
	Plus, Minus       int64 // of all entries; Minus is at most 0
	PlusNow, MinusNow int64 // of the recent ones alone
}

// PointSumTx adds up the points of all members that a store sees; nil: of all members.
type PointSumTx interface {
	// PointSums returns the sums of the entries since from, by kind, and of those since recent.
	PointSums(ctx context.Context, from, recent time.Time, visibleTo *int64) ([]PointSum, error)
	// ExpiringPoints returns how many points that nobody has used expire in each month, from from until before until. Months
	// in which none do are left out.
	ExpiringPoints(ctx context.Context, from, until Date, visibleTo *int64) (map[Month]int64, error)
}

// PointMovement is written as one: new lots, entries, and which lots the entries took points from.
type PointMovement struct {
	Lots    []PointLot
	Entries []PointEntry
	Burns   []PointBurn
}
