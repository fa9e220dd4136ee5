package noren

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Period is how long something stays stored, in whole days. 0 leaves it to the server's settings.
type Period int

// Forever is the period of what is never removed.
const Forever Period = -1

// MaxPeriod is the longest period: a hundred years.
const MaxPeriod Period = 36_500

// ParsePeriod parses a whole number of days from 1 to MaxPeriod, such as 90d, or forever.
func ParsePeriod(text string) (Period, bool) {
	if text == "forever" {
		return Forever, true
	}
	digits, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(digits)
	// Written as it is read: not 090d or +90d.
	return Period(n), ok && err == nil && 1 <= n && Period(n) <= MaxPeriod && strconv.Itoa(n) == digits
}

// String writes the period as ParsePeriod reads it; "" where it is not set.
func (p Period) String() string {
	switch {
	case p == 0:
		return ""
	case p < 0:
		return "forever"
	}
	return strconv.Itoa(int(p)) + "d"
}

// Or returns the period as a duration, less than 0 for good; server where the tenant sets none.
func (p Period) Or(server time.Duration) time.Duration {
	if p == 0 {
		return server
	}
	return time.Duration(p) * 24 * time.Hour
}

// Retention is how long a tenant keeps what is over.
type Retention struct {
	AuditValues Period `json:"audit_values,omitempty"` // before and after in the audit log; who did what when stays
	Bulk        Period `json:"bulk,omitempty"`         // bulk requests since they were applied, with their callbacks
	Webhooks    Period `json:"webhooks,omitempty"`     // messages of other systems
	Imports     Period `json:"imports,omitempty"`      // with their refused lines
	LeftMembers Period `json:"left_members,omitempty"` // members since the day they left; then they are erased
}

// Expired says until when each kind is over. The zero time and the empty date are long before anything.
type Expired struct {
	AuditValues, Bulk, Webhooks, Imports time.Time
	LeftMembers                          Date // the last day of leaving
}

// Due counts what is over, by kind.
type Due struct{ AuditValues, Bulk, Webhooks, Imports, LeftMembers int }

// RetentionTx finds and removes what is over; what belongs to one noun alone stands beside the noun.
type RetentionTx interface {
	// CountDue counts what is over, without changing anything.
	CountDue(ctx context.Context, e Expired) (Due, error)
	// LeftMembers lists the IDs above after of members who left on that day or before and have not been erased since.
	LeftMembers(ctx context.Context, until Date, after int64, limit int) ([]int64, error)
}
