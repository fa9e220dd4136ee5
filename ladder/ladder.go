// Package ladder is the pure rules of ranks: when they are checked, which months of spend count at a check, who rises
// and who falls, and what is missing to the next rank. It knows neither members nor a store, and imports the standard
// library alone; package noren keeps what the rules are applied to.
//
// A check judges a window of its own by what is known when it is run. One that is run late, because nobody ran it in
// time, therefore counts purchases and refunds that were recorded after its instant, as long as they are of its window,
// and begins from the rank, minimum and skip that a member has by then, even if somebody set them after the instant. So
// checks that are caught up with are run in order, and the same events, settings and checks in the same order give the
// same ranks, however late they come.
package ladder

import (
	"cmp"
	"slices"
)

// Rank is one rung of a tenant's ladder (会員ランク; easyPoints: tier). Spends are in the smallest unit of the tenant's
// currency.
type Rank struct {
	ID               int64   `json:"id"`
	UID              string  `json:"uid"`
	Position         int64   `json:"position"` // from 1, the lowest
	Name             string  `json:"name"`
	EntrySpend       int64   `json:"entry"`
	MaintenanceSpend int64   `json:"maintenance"`
	Ratio            float64 `json:"ratio"` // points per unit of currency spent
}

// The ways in which a member falls who misses the maintenance spend.
const (
	OneStep  = "one_step" // to the rank below
	ToEarned = "earned"   // to the highest rank whose entry spend was met, or the lowest
)

// Standing is what a check judges one member by.
type Standing struct {
	Rank     *int64 // nil: below the lowest
	Minimum  *int64 // the lowest rank that the member may fall to; nil: any
	SkipNext bool   // leave the rank alone this once
	Spend    int64  // credited in the check's window
}

// Reason says why a member's rank is what it is after a check, or why it was changed otherwise.
type Reason string

// The reasons. The first two change the rank; Set is not a check's, but that of whoever set it.
const (
	EntryMet          Reason = "entry_met"          // the spend reached a higher rank
	MaintenanceMissed Reason = "maintenance_missed" // the spend did not keep the rank
	Kept              Reason = "kept"               // the spend kept the rank
	Skipped           Reason = "skipped"            // this check was to be skipped
	NeverDown         Reason = "never_down"         // missed, but the programme lets nobody fall
	AtMinimum         Reason = "at_minimum"         // missed, but the member may not fall lower
	AtLowest          Reason = "at_lowest"          // missed, but there is no lower rank
	Set               Reason = "set"                // somebody set it
)

// Judge answers the rank that a member has after a check, and why. ranks are in order of position. A rank that the
// ladder does not have counts as below the lowest.
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
		return s.Rank, Kept // nothing earned, and nothing to fall from
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
	if floor := min(place(ranks, s.Minimum), current); floor > lower {
		if floor == current {
			return s.Rank, AtMinimum
		}
		lower = floor
	}
	return &ranks[lower].ID, MaintenanceMissed
}

// place is the index of the rank in the ladder; -1 below the lowest.
func place(ranks []Rank, id *int64) int {
	if id == nil {
		return -1
	}
	return slices.IndexFunc(ranks, func(r Rank) bool { return r.ID == *id })
}

// highest is the index of the highest rank whose entry spend is met; -1 where none is.
func highest(ranks []Rank, spend int64) int {
	for i := len(ranks) - 1; i >= 0; i-- {
		if ranks[i].EntrySpend <= spend {
			return i
		}
	}
	return -1
}

// Ordered answers the ranks from the lowest up.
func Ordered(ranks []Rank) []Rank {
	ordered := slices.Clone(ranks)
	slices.SortFunc(ordered, func(a, b Rank) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	return ordered
}

// Shown is the rank that a member with the rank id is shown to have: below the lowest, that is the lowest. Nil where
// there is no ladder.
func Shown(ranks []Rank, id *int64) *Rank {
	if len(ranks) == 0 {
		return nil
	}
	return &ranks[max(place(ranks, id), 0)]
}

// Above lists the ranks above the one that a member with the rank id is shown to have.
func Above(ranks []Rank, id *int64) []Rank {
	if len(ranks) == 0 {
		return nil
	}
	return ranks[max(place(ranks, id), 0)+1:]
}
