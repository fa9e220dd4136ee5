package ranks

import (
	"context"
	"slices"
	"strconv"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
	"noren/ladder"
)

// forecastMoves is how many of the moves a Forecast lists.
const forecastMoves = 100

// Forecast is what the next check would do with the spend known now. All its numbers count the members that checks apply to.
type Forecast struct {
	Check   ladder.Check
	Ranks   []noren.Rank             // the ladder used, from the lowest up
	Reasons map[noren.RankReason]int // number of members by reason
	Before  map[int64]int            // number of members with each rank now; 0: no rank
	After   map[int64]int            // number of members with each rank after the check; 0: no rank
	Moves   []noren.RankMove         // the first forecastMoves moves
	Moved   int                      // number of all moves
}

// Forecast returns what the next check would do. plan replaces the stored programme and ladder; nil: use those.
// Forbidden for a caller restricted to one store, because it covers all members. Refusals if the plan is wrong; Invalid
// if there is no programme.
func (s *Service) Forecast(ctx context.Context, c noren.Caller, plan *noren.RankPlan) (out Forecast, err error) {
	if err := c.WholeTenant(); err != nil {
		return out, err
	}
	// A forecast with a plan judges the plan alone, even if the tenant has no programme yet.
	programme := c.Tenant.Programme
	if plan != nil {
		if refused := check(*plan); len(refused) > 0 {
			return out, refused
		}
		programme = &plan.Programme
	}
	if programme == nil {
		return out, &noren.Error{Kind: noren.Invalid, Field: "rank_programme", Message: "the shop has no rank programme"}
	}
	out.Check = programme.Next(s.run.Now(), c.Tenant.Location())
	out.Reasons, out.Before, out.After = make(map[noren.RankReason]int), make(map[int64]int), make(map[int64]int)
	if plan != nil {
		// The plan's ladder need not be stored: it may be what somebody is about to save.
		out.Ranks = plan.Ranks
	} else if err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Ranks, err = tx.Ranks(ctx)
		return err
	}); err != nil {
		return out, err
	}
	err = s.Preview(ctx, c.Tenant, plan, out.Check.At, func(m noren.RankMove) error {
		out.Reasons[m.Reason]++
		// Both from the same members at the same moment, so that their sums are equal.
		out.Before[noren.Deref(m.Rank)]++
		out.After[noren.Deref(m.To)]++
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

// SetPlan stores the programme, and the spends and ratios of the ladder's ranks. Names, positions and ids of ranks
// stay unchanged. It takes effect with the next check that begins. Refusals, with Field, and Row for a rank, if the
// plan is wrong or names an unknown rank.
//
// seen is the plan as the caller saw it, with a zero Programme if there was none; nil: whatever there is. What the plan
// leaves as it was seen stays as it is now, and where it would overwrite what somebody else has changed it is refused,
// with ReasonChanged and the kind Conflict.
func (s *Service) SetPlan(ctx context.Context, c noren.Caller, plan noren.RankPlan, seen *noren.RankPlan) error {
	if err := c.WholeTenant(); err != nil {
		return err
	}
	if refused := check(plan); len(refused) > 0 {
		return refused
	}
	_, err := s.run.Write(ctx, c, nil, func(tx Tx, by noren.AuditEntry) (any, error) {
		// The counter stays locked until the commit, so nobody else sets the plan in the meantime, and no check begins.
		if _, err := tx.Reserve(ctx, noren.CounterSettings, 1); err != nil {
			return nil, err
		}
		before, err := tx.Tenant(ctx)
		if err != nil {
			return nil, err
		}
		stored, err := tx.Ranks(ctx)
		if err != nil {
			return nil, err
		}
		plan := plan // the work may run again
		if seen != nil {
			var refused noren.Refusals
			if plan, refused = over(plan, noren.RankPlan{Programme: noren.Deref(before.Programme), Ranks: stored}, *seen); len(refused) > 0 {
				return nil, refused
			}
			if refused := check(plan); len(refused) > 0 { // two changes that are each valid may not be so together
				return nil, refused
			}
		}
		ranks := slices.Clone(stored)
		for i, planned := range plan.Ranks {
			at := slices.IndexFunc(ranks, func(r noren.Rank) bool { return r.ID == planned.ID })
			if at < 0 {
				return nil, noren.Refusals{{
					Kind: noren.Invalid, Reason: noren.ReasonRankUnknown, Row: i + 1, Field: "rank", Value: strconv.FormatInt(planned.ID, 10),
				}}
			}
			// Everything else of the rank stays: names and ids are in use elsewhere.
			ranks[at].EntrySpend, ranks[at].MaintenanceSpend, ranks[at].Ratio = planned.EntrySpend, planned.MaintenanceSpend, planned.Ratio
		}
		after := noren.TenantPatch{Programme: noren.Set(plan.Programme)}.Apply(before, by.At.Unix())
		by.Subject, by.SubjectID = "rank_programme", before.Contract
		by.Changes = audit.Change("value", map[string]any{"programme": before.Programme, "ranks": stored},
			map[string]any{"programme": after.Programme, "ranks": ranks})
		if err := tx.PutTenant(ctx, after); err != nil {
			return nil, err
		}
		if err := tx.PutRanks(ctx, ranks); err != nil {
			return nil, err
		}
		return nil, tx.AddAudit(ctx, []noren.AuditEntry{by})
	})
	return err
}

// over returns the plan p on top of what is stored now: what p leaves as it was seen is taken from stored. Refusals if both
// p and somebody else have changed the same value, each to another.
func over(p, stored, seen noren.RankPlan) (merged noren.RankPlan, refused noren.Refusals) {
	m := new(noren.Refusals)
	g, now, was := &p.Programme, stored.Programme, seen.Programme
	unit.Merge(m, 0, "start", &g.Start, now.Start, was.Start)
	unit.Merge(m, 0, "window_months", &g.WindowMonths, now.WindowMonths, was.WindowMonths)
	unit.Merge(m, 0, "check_every_months", &g.CheckEveryMonths, now.CheckEveryMonths, was.CheckEveryMonths)
	unit.Merge(m, 0, "never_rank_down", &g.NeverRankDown, now.NeverRankDown, was.NeverRankDown)
	unit.Merge(m, 0, "demotion", &g.Demotion, now.Demotion, was.Demotion)
	g.EffectiveFromUnix = now.EffectiveFromUnix // storing decides whether the calendar starts over
	p.Ranks = slices.Clone(p.Ranks)
	for i := range p.Ranks {
		r := &p.Ranks[i]
		// By id and not by place: somebody may have added a rank since.
		byID := func(list []noren.Rank) noren.Rank {
			at := slices.IndexFunc(list, func(other noren.Rank) bool { return other.ID == r.ID })
			if at < 0 {
				return *r // unknown ranks are refused later
			}
			return list[at]
		}
		now, was := byID(stored.Ranks), byID(seen.Ranks)
		unit.Merge(m, i+1, "entry", &r.EntrySpend, now.EntrySpend, was.EntrySpend)
		unit.Merge(m, i+1, "maintenance", &r.MaintenanceSpend, now.MaintenanceSpend, was.MaintenanceSpend)
		unit.Merge(m, i+1, "ratio", &r.Ratio, now.Ratio, was.Ratio)
	}
	return p, *m
}

// check lists what is wrong with the plan.
func check(p noren.RankPlan) (refused noren.Refusals) {
	refuse := func(row int, field string) {
		refused = append(refused, &noren.Error{Kind: noren.Invalid, Row: row, Field: field})
	}
	falling := fallingEntries(p.Ranks)
	if _, err := ladder.ParseMonth(string(p.Programme.Start)); err != nil {
		refuse(0, "start")
	}
	if n := p.Programme.WindowMonths; n < 1 || n > noren.MaxProgrammeMonths {
		refuse(0, "window_months")
	}
	if n := p.Programme.CheckEveryMonths; n < 1 || n > noren.MaxProgrammeMonths {
		refuse(0, "check_every_months")
	}
	if d := p.Programme.Demotion; d != ladder.OneStep && d != ladder.ToEarned {
		refuse(0, "demotion")
	}
	for i, r := range p.Ranks {
		switch {
		// Entry spends must not fall towards the top, or a member could meet a higher rank and miss a lower one.
		case r.EntrySpend < 0 || r.EntrySpend > noren.MaxMoney:
			refuse(i+1, "entry")
		case falling[i]:
			refused = append(refused, &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonEntryOrder, Row: i + 1, Field: "entry"})
		case r.MaintenanceSpend < 0 || r.MaintenanceSpend > noren.MaxMoney:
			refuse(i+1, "maintenance")
		case r.Ratio < 0 || r.Ratio > noren.MaxRatio:
			refuse(i+1, "ratio")
		}
	}
	return refused
}

// fallingEntries marks the fewest ranks whose entry spends have to change for the ladder to rise: all but those of the longest
// run that rises already. One slip, such as a rank far above the next ones, is marked where it was made.
func fallingEntries(ranks []noren.Rank) map[int]bool {
	longest, before := make([]int, len(ranks)), make([]int, len(ranks))
	best := -1
	for i, r := range ranks {
		longest[i], before[i] = 1, -1
		for j := range i {
			if ranks[j].EntrySpend <= r.EntrySpend && longest[j]+1 > longest[i] {
				longest[i], before[i] = longest[j]+1, j
			}
		}
		// Of runs of the same length the earlier one stays: of two ranks the higher one is wrong.
		if best < 0 || longest[i] > longest[best] {
			best = i
		}
	}
	falling := make(map[int]bool)
	for i := range ranks {
		falling[i] = true
	}
	for ; best >= 0; best = before[best] {
		delete(falling, best)
	}
	return falling
}

// LastPlanChange returns who last set the programme and the spends of the ranks, under the name value; nothing if the log
// does not show it. Forbidden for a caller restricted to one store.
func (s *Service) LastPlanChange(ctx context.Context, c noren.Caller) (last map[string]audit.LastChange, err error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		last, err = audit.LastChanges(ctx, tx, "rank_programme", c.Tenant.Contract)
		return err
	})
	return last, err
}
