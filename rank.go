package noren

import (
	"context"
	"time"

	"noren/ladder"
)

// The rules of ranks are in package ladder; these types are what they apply to.
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

// MaxRatio is how many points a unit of currency may earn by a rank.
const MaxRatio = 100

// ParseMonth reads YYYY-MM.
func ParseMonth(s string) (Month, error) { return ladder.ParseMonth(s) }

// CheckReasons lists the reasons that a check can give, those that change a rank first.
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
	From, To *int64 // ids; nil: no rank
	Reason   RankReason
	CheckAt  *time.Time // the check that changed it; nil: somebody set it
	Spend    *int64     // in the check's window
	By       AuditEntry // who set it; for a check, only Dialect is set
}

// RankPlan is what a check judges by: a programme and a ladder.
type RankPlan struct {
	Programme RankProgramme `json:"programme"`
	Ranks     []Rank        `json:"ranks"` // from the lowest up; nil in a preview: the stored ones
}

// RankCheck is one check of all members of a tenant, and its progress. It goes through the members in order of id, in
// slices; each slice is one transaction with its effect, so a check can stop anywhere and continue.
type RankCheck struct {
	At          time.Time
	From, Until Month    // the months whose spend counts: From ≤ month < Until
	Rules       RankPlan // as they were at the beginning: later changes do not affect a running check
	After       int64    // the last member that was judged
	StartedAt   time.Time
	FinishedAt  *time.Time
	Risen       int64
	Fallen      int64
	Stayed      int64 // for whatever reason
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

// Writes reports whether the move changes anything of the member.
func (m RankMove) Writes() bool { return m.Moved() || m.SkipNext }

// Moved reports whether the rank changes.
func (m RankMove) Moved() bool { return Deref(m.Rank) != Deref(m.To) }

// Checked reports whether checks apply to members with the status, and whether numbers of members by rank count them. Those who are
// gone keep their rank.
func (s Status) Checked() bool { return s != Left && s != Merged }

// RankTx reads and writes the ladder, and what changed the ranks of members.
type RankTx interface {
	Ranks(ctx context.Context) ([]Rank, error) // by position
	PutRanks(ctx context.Context, ranks []Rank) error
	// RankCounts returns how many members that checks apply to have each rank; the key 0 stands for no rank.
	RankCounts(ctx context.Context) (map[int64]int, error)
	// AddRankChanges stores the changes, and gives them the next numbers if they have none. As with AddAudit, an engine may do
	// so when the transaction ends.
	AddRankChanges(ctx context.Context, changes []RankChange) error
	// RankChanges returns one page, newest first.
	RankChanges(ctx context.Context, f RankChangeFilter) ([]RankChange, int, error)
}

// RankCheckTx reads and writes the checks of ranks.
type RankCheckTx interface {
	// RankStandings returns the next limit members after the id, ordered by id, with their spend in the months from ≤
	// month < until. Members whom checks do not apply to are left out.
	RankStandings(ctx context.Context, after int64, limit int, from, until Month) ([]RankStanding, error)
	// BeginRankCheck stores the check, unless there already is one at that time.
	BeginRankCheck(ctx context.Context, c RankCheck) error
	// RankCheckAt returns the check at that time, locked if forUpdate is true. NotFound if there is none.
	RankCheckAt(ctx context.Context, at time.Time, forUpdate bool) (*RankCheck, error)
	// PutRankCheck stores the progress and counts of the check, and nothing else.
	PutRankCheck(ctx context.Context, c RankCheck) error
	// DetachRankChanges makes changes by a check count as set by somebody, so that the check can be removed.
	DetachRankChanges(ctx context.Context, ids []int64) error
	// RemoveRankCheck removes the check at that time, so that it may run again. No change may be attached to it.
	RemoveRankCheck(ctx context.Context, at time.Time) error
	// RankChecks returns one page of checks, the latest first.
	RankChecks(ctx context.Context, p Page) ([]RankCheck, int, error)
}

// RankChangeFilter selects changes of ranks.
type RankChangeFilter struct {
	MemberID int64      // 0: any
	CheckAt  *time.Time // only changes by this check
	Page
}

// MaxProgrammeMonths is the longest window, and the longest time between two checks, in months.
const MaxProgrammeMonths = 1200

// Rank returns how the view shows the rank with that id. ranks is the ladder from the lowest up.
func (v View) Rank(ranks []Rank, id *int64) *int64 {
	if shown := ladder.Shown(ranks, id); v == EasyPointsView && id == nil && shown != nil {
		return &shown.ID
	}
	return id
}
