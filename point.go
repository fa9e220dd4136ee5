package noren

import (
	"cmp"
	"slices"
	"time"
)

// PointType tells free points from those that were paid for (無償, 有償).
type PointType string

// The types of point.
const (
	DefaultPoint PointType = "DEFAULT"
	PaidPoint    PointType = "PAID"
)

// PointTypes lists every type, in the order in which balances show them.
func PointTypes() []PointType { return []PointType{DefaultPoint, PaidPoint} }

// MaxPoints is the most that one movement can grant or take.
const MaxPoints = 999_999_999

// PointLot is what one grant is worth: it can be used through the end of ExpiresOn in the tenant's zone.
type PointLot struct {
	ID        int64
	MemberID  int64
	Type      PointType
	GrantedAt time.Time
	ExpiresOn *Date // nil: never
	Amount    int64 // granted
	Remaining int64 // neither used nor expired by the daily run
}

// usable reports whether the lot's points can be used on that day.
func (l PointLot) usable(today Date) bool { return l.ExpiresOn == nil || *l.ExpiresOn >= today }

// PointEntryKind says why an entry was made.
type PointEntryKind string

// The kinds of entry.
const (
	PointsGranted PointEntryKind = "granted"
	PointsUsed    PointEntryKind = "used"
	PointsExpired PointEntryKind = "expired"
)

// PointEntry is one append-only movement of a member's points. The sum of the deltas of a member and type is the sum
// of what remains of its lots.
type PointEntry struct {
	ID        int64
	MemberID  int64
	Type      PointType
	Kind      PointEntryKind
	Delta     int64
	StaffID   *int64
	Note      string
	At        time.Time
	ClientID  *int64 // nil: the operator or the daily run
	Dialect   string
	Login     string // of the console user who did it; "": a program
	RequestID string
}

// PointLotFilter selects the lots of one member that have anything remaining, in the order in which they expire; those
// that never do come last.
type PointLotFilter struct {
	MemberID int64
	Page
}

// PointEntryFilter selects movements of points, by time and then id.
type PointEntryFilter struct {
	MemberID  int64  // 0: any
	VisibleTo *int64 // only of members of this store or of all stores
	At        Span
	Kinds     []PointEntryKind // nil: any; empty: none
	Dialects  []string         // as Kinds
	Newest    bool             // the newest first
	Page
}

// PointBurn links an entry that took points to a lot that it took them from.
type PointBurn struct {
	EntryID, LotID int64
	Amount         int64
}

// PointBalance is what a member has of one type, at the moment of reading.
type PointBalance struct {
	MemberID      int64
	Type          PointType
	Total         int64
	ExpiresOn     *Date // the next day on which points expire; nil: none ever do
	ExpiresAmount int64 // how many expire then
}

// NextExpiry is the next day on which any of the points expire; nil: none ever do.
func NextExpiry(balances []PointBalance) *Date {
	var next *Date
	for _, b := range balances {
		if b.ExpiresOn != nil && (next == nil || *b.ExpiresOn < *next) {
			next = b.ExpiresOn
		}
	}
	return next
}

// usablePoints adds up what the lots hold on that day.
func usablePoints(lots []PointLot, today Date) (sum int64) {
	for _, l := range lots {
		if l.usable(today) {
			sum += l.Remaining
		}
	}
	return sum
}

// burn takes amount from the usable lots: nearest expiry first, oldest first among equals, never-expiring last. It
// answers what each lot loses, or false where the lots do not hold enough. The lots given are not changed.
func burn(lots []PointLot, amount int64, today Date) (taken []PointBurn, ok bool) {
	order := slices.Clone(lots)
	slices.SortFunc(order, func(a, b PointLot) int {
		return cmp.Or(
			cmp.Compare(b2i(a.ExpiresOn == nil), b2i(b.ExpiresOn == nil)),
			cmp.Compare(deref(a.ExpiresOn), deref(b.ExpiresOn)),
			a.GrantedAt.Compare(b.GrantedAt),
			cmp.Compare(a.ID, b.ID),
		)
	})
	for _, l := range order {
		if amount == 0 {
			break
		}
		if n := min(l.Remaining, amount); n > 0 && l.usable(today) {
			taken = append(taken, PointBurn{LotID: l.ID, Amount: n})
			amount -= n
		}
	}
	return taken, amount == 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// addMonths is the same day n months later, or the last day of that month where it has no such day.
func addMonths(d Date, n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return DateOf(first.AddDate(0, 0, min(t.Day(), last)-1), time.UTC)
}

// EndOf is the last second of the day in zone: what ReCORE shows as the instant of expiry.
func (d Date) EndOf(zone *time.Location) time.Time {
	t, err := time.Parse(time.DateOnly, string(d)) // not in the zone, where the day may have no midnight
	if err != nil {
		return time.Time{}
	}
	last := time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, zone)
	// Where clocks are put back at midnight, 23:59:59 comes twice and the day ends with the second.
	if again := last.Add(time.Hour); DateOf(again, zone) == d {
		return again
	}
	return last
}
