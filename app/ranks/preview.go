package ranks

import (
	"context"
	"fmt"
	"time"

	"noren"
	"noren/ladder"
)

// pageSize is how many members a check judges from one snapshot, without holding the writer.
const pageSize = 1000

// judgePage judges the members of the check's next page. more reports that there may be others after it.
func judgePage(ctx context.Context, tx Tx, c noren.RankCheck) (moves []noren.RankMove, more bool, err error) {
	standings, err := tx.RankStandings(ctx, c.After, pageSize, c.From, c.Until)
	if err != nil {
		return nil, false, err
	}
	moves = make([]noren.RankMove, len(standings))
	for i, s := range standings {
		to, why := c.Rules.Programme.Judge(c.Rules.Ranks, s.Standing)
		moves[i] = noren.RankMove{RankStanding: s, To: to, Reason: why}
	}
	return moves, len(standings) == pageSize, nil
}

// Preview calls each with what the check at that time would do, with the spend known now, to each member it
// has not judged yet, in order of id. It changes nothing. plan, if not nil, replaces the tenant's programme and ladder.
// Invalid if no check falls at that time.
func (s *Service) Preview(ctx context.Context, t noren.Tenant, plan *noren.RankPlan, at time.Time, each func(noren.RankMove) error) error {
	var check noren.RankCheck
	err := s.run.View(ctx, t.ID, func(tx Tx) (err error) {
		check, err = previewed(ctx, tx, t, plan, at)
		return err
	})
	for more := err == nil && check.FinishedAt == nil; more && err == nil; {
		// One View for each page: a snapshot held through all members would block the engine's housekeeping.
		var moves []noren.RankMove
		err = s.run.View(ctx, t.ID, func(tx Tx) (err error) {
			moves, more, err = judgePage(ctx, tx, check)
			return err
		})
		for _, m := range moves {
			if err = each(m); err != nil {
				return err
			}
			check.After = m.MemberID
		}
	}
	return err
}

// previewed returns the check as it began, or, if it has not begun, as it would begin now.
func previewed(ctx context.Context, tx Tx, t noren.Tenant, plan *noren.RankPlan, at time.Time) (noren.RankCheck, error) {
	if plan == nil {
		// Only what is left of it: those whom it has judged have been changed already.
		if begun, err := rankCheckAt(ctx, tx, at); err != nil || begun != nil {
			return noren.Deref(begun), err
		}
	}
	programme, planned, err := plannedCheck(t, plan, at)
	if err != nil {
		return noren.RankCheck{}, err
	}
	check := noren.RankCheck{At: planned.At, From: planned.From, Until: planned.Until, Rules: noren.RankPlan{Programme: programme}}
	if plan != nil && plan.Ranks != nil {
		check.Rules.Ranks = plan.Ranks
		return check, nil
	}
	check.Rules.Ranks, err = tx.Ranks(ctx)
	return check, err
}

// lastCheckYear is the first year without checks. It makes the search for the next check end.
const lastCheckYear = 2999

// plannedCheck returns the check at that time, by the plan or else by the tenant's programme.
func plannedCheck(t noren.Tenant, plan *noren.RankPlan, at time.Time) (p noren.RankProgramme, c ladder.Check, err error) {
	switch {
	case plan != nil:
		p = plan.Programme
	case t.Programme != nil:
		p = *t.Programme
	default:
		return p, c, &noren.Error{Kind: noren.Invalid, Field: "rank_programme", Message: "the shop has no rank programme"}
	}
	wrong := &noren.Error{Kind: noren.Invalid, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339)}
	if at.Year() >= lastCheckYear {
		wrong.Message = fmt.Sprintf("must be before the year %d", lastCheckYear)
		return p, c, wrong
	}
	c, falls := p.At(at, t.Location())
	if !falls {
		wrong.Message = "no check of ranks is due at this time; the next one after it is at " + c.At.Format(time.RFC3339)
		return p, c, wrong
	}
	return p, c, nil
}
