package noren

import (
	"context"
	"fmt"
	"slices"

	"noren/ladder"
)

// MaxProgrammeMonths is the longest window, and the longest time between two checks, in months.
const MaxProgrammeMonths = 1200

// forecastMoves is how many of the members that would move a RankForecast names.
const forecastMoves = 100

// RankForecast is what the next check would do with the spend that is known now.
type RankForecast struct {
	Check   ladder.Check
	Ranks   []Rank             // the ladder that was judged by, from the lowest up
	Reasons map[RankReason]int // how many members for each
	After   map[int64]int      // how many members would have each rank; 0: below the lowest
	Moves   []RankMove         // the first of those who would move
	Moved   int                // how many would
}

// ForecastRanks answers what the next check would do. plan is what the programme and the ladder might become; nil: as
// they are. Forbidden for a caller who is bound to a store, because it is about the members of all. Refusals where the
// plan is wrong; Invalid where there is no programme.
func (s *Service) ForecastRanks(ctx context.Context, c Caller, plan *RankPlan) (out RankForecast, err error) {
	if err := wholeTenant(c); err != nil {
		return out, err
	}
	programme := c.Tenant.Programme
	if plan != nil {
		if refused := plan.check(); len(refused) > 0 {
			return out, refused
		}
		programme = &plan.Programme
	}
	if programme == nil {
		return out, &Error{Kind: Invalid, Field: "rank_programme", Message: "the shop has no rank programme"}
	}
	out.Check = programme.Next(s.now(), c.Tenant.Location())
	out.Reasons, out.After = make(map[RankReason]int), make(map[int64]int)
	if plan != nil {
		out.Ranks = plan.Ranks
	} else if err := s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Ranks, err = tx.Ranks(ctx)
		return err
	}); err != nil {
		return out, err
	}
	err = s.PreviewRankCheck(ctx, c.Tenant, plan, out.Check.At, func(m RankMove) error {
		out.Reasons[m.Reason]++
		out.After[deref(m.To)]++
		if m.Moved() {
			out.Moved++
			if len(out.Moves) < forecastMoves {
				out.Moves = append(out.Moves, m)
			}
		}
		return nil
	})
	return out, err
}

// wholeTenant answers Forbidden for a caller who is bound to a store.
func wholeTenant(c Caller) error {
	if c.Client.StoreID == nil {
		return nil
	}
	return &Error{Kind: Forbidden, Reason: ReasonScope, Message: "this is about all stores, and the caller is bound to one"}
}

// SetRankPlan stores the programme, and what the ladder's ranks ask for: their spends and ratios. Names, positions and
// ids stay as they are. It counts from the next check on. Refusals, with Field, and Row for a rank, where the plan is
// wrong or names a rank that does not exist.
func (s *Service) SetRankPlan(ctx context.Context, c Caller, plan RankPlan) error {
	if err := wholeTenant(c); err != nil {
		return err
	}
	if refused := plan.check(); len(refused) > 0 {
		return refused
	}
	_, err := s.write(ctx, c, nil, func(tx Tx, by AuditEntry) (any, error) {
		before, err := tx.Tenant(ctx)
		if err != nil {
			return nil, err
		}
		stored, err := tx.Ranks(ctx)
		if err != nil {
			return nil, err
		}
		ranks := slices.Clone(stored)
		for i, planned := range plan.Ranks {
			at := slices.IndexFunc(ranks, func(r Rank) bool { return r.ID == planned.ID })
			if at < 0 {
				return nil, Refusals{{Kind: Invalid, Reason: ReasonRankUnknown, Row: i + 1, Field: "rank", Value: fmt.Sprint(planned.ID)}}
			}
			ranks[at].EntrySpend, ranks[at].MaintenanceSpend, ranks[at].Ratio = planned.EntrySpend, planned.MaintenanceSpend, planned.Ratio
		}
		after := TenantPatch{Programme: Set(plan.Programme)}.apply(before, by.At.Unix())
		by.Subject, by.SubjectID = "rank_programme", before.Contract
		by.Changes = change("value", map[string]any{"programme": before.Programme, "ranks": stored},
			map[string]any{"programme": after.Programme, "ranks": ranks})
		if err := tx.PutTenant(ctx, after); err != nil {
			return nil, err
		}
		if err := tx.PutRanks(ctx, ranks); err != nil {
			return nil, err
		}
		return nil, lane{tx: tx}.audit(ctx, []AuditEntry{by})
	})
	return err
}

// check lists what is wrong with the plan.
func (p RankPlan) check() (refused Refusals) {
	refuse := func(row int, field string) {
		refused = append(refused, &Error{Kind: Invalid, Row: row, Field: field})
	}
	if _, err := ladder.ParseMonth(string(p.Programme.Start)); err != nil {
		refuse(0, "start")
	}
	if n := p.Programme.WindowMonths; n < 1 || n > MaxProgrammeMonths {
		refuse(0, "window_months")
	}
	if n := p.Programme.CheckEveryMonths; n < 1 || n > MaxProgrammeMonths {
		refuse(0, "check_every_months")
	}
	if d := p.Programme.Demotion; d != ladder.OneStep && d != ladder.ToEarned {
		refuse(0, "demotion")
	}
	for i, r := range p.Ranks {
		switch {
		case r.EntrySpend < 0 || r.EntrySpend > MaxMoney || i > 0 && r.EntrySpend < p.Ranks[i-1].EntrySpend:
			refuse(i+1, "entry")
		case r.MaintenanceSpend < 0 || r.MaintenanceSpend > MaxMoney:
			refuse(i+1, "maintenance")
		case r.Ratio < 0 || r.Ratio > 1:
			refuse(i+1, "ratio")
		}
	}
	return refused
}
