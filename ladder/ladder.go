// Package ladder has the pure rules of ranks: when they are checked, which months of spend a check counts, who rises
// and who falls, and what is missing to the next rank. It knows neither members nor a store and imports only the
// standard library; package noren has what the rules are applied to.
//
// A check judges its window by what is known when it runs. A check that runs late therefore counts purchases and
// refunds recorded after its time, if they belong to its window, and starts from the rank, minimum and skip that a
// member has by then, even if they were set after its time. Missed checks are run in order, so that the same events,
// settings and checks in the same order give the same ranks, however late the checks run.
package ladder

import (
	"slices"
)

// Rank is one rank of a tenant's ladder (会員ランク; easyPoints: tier). Spends are in the smallest unit of the tenant's
// currency.
type Rank struct {
	ID               int64   `json:"id"`
	UID              string  `json:"uid"`
	Position         int64   `json:"position"`       // from 1, the lowest
	Code             string  `json:"code,omitempty"` // by which Smaregi names it; "": it has none
	Name             string  `json:"name"`
	EntrySpend       int64   `json:"entry"`
	MaintenanceSpend int64   `json:"maintenance"`
	Ratio            float64 `json:"ratio"` // points per unit of currency spent
}

// How a member falls who misses the maintenance spend.
const (
	OneStep  = "one_step" // to the rank below
	ToEarned = "earned"   // to the highest rank whose entry spend was met, or else the lowest
)

// Standing is what a check looks at in one member.
type Standing struct {
	Rank     *int64 // nil: no rank
	Minimum  *int64 // the lowest rank that the member may fall to; nil: any
	SkipNext bool   // leave the rank alone this once
	Spend    int64  // credited in the check's window
}

// Reason says why a member's rank is what it is after a check, or why it was changed otherwise.
type Reason string

// The reasons. The first two change the rank. Set is the only one that does not come from a check.
const (
	EntryMet          Reason = "entry_met"          // the spend reached a higher rank
	MaintenanceMissed Reason = "maintenance_missed" // the spend did not keep the rank
	Kept              Reason = "kept"               // the spend kept the rank
	Skipped           Reason = "skipped"            // this check had to skip the member
	NeverDown         Reason = "never_down"         // missed, but the programme never lowers ranks
	AtMinimum         Reason = "at_minimum"         // missed, but the member may not fall lower
	AtLowest          Reason = "at_lowest"          // missed, but there is no lower rank
	Set               Reason = "set"                // somebody set it
)

// Judge returns the member's rank after a check, and why. ranks must be in order of position. A rank that is not in the
// ladder counts as no rank.
func (p Programme) Judge(ranks []Rank, s Standing) (rank *int64, why Reason) {
	if s.SkipNext {
		return s.Rank, Skipped
	}
	current := place(ranks, s.Rank)
	earned := highest(ranks, s.Spend)
	switch {
	case earned > current:
		return &ranks[earned].ID, EntryMet
	case current < 0:
		return s.Rank, Kept // nothing earned, and no rank to lose
	case s.Spend >= ranks[current].MaintenanceSpend:
		return s.Rank, Kept
	case p.NeverRankDown:
		return s.Rank, NeverDown
	case current == 0:
		return s.Rank, AtLowest
	}
	lower := current - 1
	if p.Demotion == ToEarned {
		lower = max(min(earned, lower), 0)
	}
	// A minimum above the current rank keeps the member where it is; it does not raise it.
	if floor := min(place(ranks, s.Minimum), current); floor > lower {
		if floor == current {
			return s.Rank, AtMinimum
		}
		lower = floor
	}
	return &ranks[lower].ID, MaintenanceMissed
}

// place returns the index of the rank in the ladder; -1 for no rank.
func place(ranks []Rank, id *int64) int {
	if id == nil {
		return -1
	}
	return slices.IndexFunc(ranks, func(r Rank) bool { return r.ID == *id })
}

// highest returns the index of the highest rank whose entry spend is met; -1 if there is none.
func highest(ranks []Rank, spend int64) int {
	for i, rank := range slices.Backward(ranks) {
		if rank.EntrySpend <= spend {
			return i
		}
	}
	return -1
}

// Shown returns the rank that a member with the rank id is shown with: without a rank, that is the lowest. Nil if there
// is no ladder.
func Shown(ranks []Rank, id *int64) *Rank {
	if len(ranks) == 0 {
		return nil
	}
	return &ranks[max(place(ranks, id), 0)]
}

// Above returns the ranks above the one that a member with the rank id is shown with.
func Above(ranks []Rank, id *int64) []Rank {
	if len(ranks) == 0 {
		return nil
	}
	return ranks[max(place(ranks, id), 0)+1:]
}
