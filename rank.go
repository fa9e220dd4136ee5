package noren

import (
	"time"

	"noren/ladder"
)

// The rules of ranks are in package ladder; here is what they are applied to.
type (
	// Rank is one rung of the tenant's ladder (会員ランク; easyPoints: tier).
	Rank = ladder.Rank
	// RankProgramme says when ranks are checked and over which months spend counts.
	RankProgramme = ladder.Programme
	// RankReason says why a member has a rank.
	RankReason = ladder.Reason
	// Month is a month of the calendar, written YYYY-MM.
	Month = ladder.Month
)

// ParseMonth reads YYYY-MM.
func ParseMonth(s string) (Month, error) { return ladder.ParseMonth(s) }

// CheckReasons lists the reasons that a check can have for a member's rank, those that change it first.
func CheckReasons() []RankReason {
	return []RankReason{
		ladder.EntryMet, ladder.MaintenanceMissed, ladder.Kept, ladder.Skipped, ladder.NeverDown, ladder.AtMinimum, ladder.AtLowest,
	}
}

// RankChange records that a member's rank changed: when, from what to what, and why.
type RankChange struct {
	ID       int64
	MemberID int64
	At       time.Time
	From, To *int64 // ids; nil: below the lowest
	Reason   RankReason
	CheckAt  *time.Time // the check that changed it; nil: somebody set it
	Spend    *int64     // in the check's window
	By       AuditEntry // who set it; of a check, only Dialect is set
}

// RankPlan is what a check is made of: a programme and a ladder.
type RankPlan struct {
	Programme RankProgramme `json:"programme"`
	Ranks     []Rank        `json:"ranks"` // from the lowest up; in a preview nil: the stored ones
}

// RankCheck is one check of all members of a tenant, and how far it is. It goes through the members in order of their
// ids in slices, each in one transaction with the slice's effect, so it can stop anywhere and go on.
type RankCheck struct {
	At          time.Time
	From, Until Month    // the months whose spend counts: From ≤ month < Until
	Rules       RankPlan // as they were when it was begun: it keeps to them
	After       int64    // the last member that was judged
	StartedAt   time.Time
	FinishedAt  *time.Time
	Risen       int64
	Fallen      int64
	Stayed      int64 // whatever the reason
}

// RankStanding is a member as a check sees it.
type RankStanding struct {
	MemberID int64
	Code     string
	ladder.Standing
}

// RankMove is what a check did, or would do, to one member.
type RankMove struct {
	RankStanding
	To     *int64
	Reason RankReason
}

// Moved reports whether the rank changes.
func (m RankMove) Moved() bool { return deref(m.Rank) != deref(m.To) }

// checked reports whether checks look at members of the status: those who are gone stay as they are.
func (s Status) checked() bool { return s != Left && s != Merged }
