package noren

import (
	"context"
	"time"

	"noren/ladder"
)

const (
	// rankSlice is how many members a check judges at a time. They are read without the writer.
	rankSlice = 1000
	// rankMoves is how many members one transaction of a check changes: as many as a bulk update.
	rankMoves = 100
)

// DueRankCheck answers the check of ranks that the tenant is due: one that was begun and not finished, or else the first
// after the latest whose time has come; nil where there is none.
func (s *Service) DueRankCheck(ctx context.Context, t Tenant) (*time.Time, error) {
	if t.Programme == nil {
		return nil, nil
	}
	latest, err := s.latestRankCheck(ctx, t)
	if err != nil {
		return nil, err
	}
	if latest != nil && latest.FinishedAt == nil {
		return &latest.At, nil
	}
	var at time.Time
	if latest != nil {
		at = latest.At
	}
	if c, due := t.Programme.Due(at, s.now(), t.Location()); due {
		return &c.At, nil
	}
	return nil, nil
}

func (s *Service) latestRankCheck(ctx context.Context, t Tenant) (latest *RankCheck, err error) {
	err = s.engine.View(ctx, t.ID, func(tx Tx) error {
		checks, _, err := tx.RankChecks(ctx, Page{Limit: 1})
		if err == nil && len(checks) > 0 {
			latest = &checks[0]
		}
		return err
	})
	return latest, err
}

// CheckRanks runs the tenant's check of ranks at that time, or goes on with it where it was begun, and answers it when it
// is finished. Running it again changes nothing. It may be run ahead of its time, and is not run then any more; several
// processes may work on it at once. Each member that moves is given to moved, if that is set, after it was stored.
// Invalid where no check falls at that time, Conflict where a later one has been run.
func (s *Service) CheckRanks(ctx context.Context, t Tenant, at time.Time, moved func(RankMove)) (RankCheck, error) {
	programme, planned, err := s.plannedCheck(t, nil, at)
	if err != nil {
		return RankCheck{}, err
	}
	latest, err := s.latestRankCheck(ctx, t)
	if err != nil {
		return RankCheck{}, err
	}
	if latest != nil && latest.At.After(at) {
		return *latest, &Error{
			Kind: Conflict, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339),
			Message: "a later check of ranks has been run, at " + latest.At.In(t.Location()).Format(time.RFC3339),
		}
	}
	check := RankCheck{At: planned.At, From: planned.From, Until: planned.Until, StartedAt: s.now()}
	if latest != nil && latest.At.Equal(at) {
		check = *latest
	} else if err := s.engine.Update(ctx, t.ID, func(tx Tx) error { return tx.BeginRankCheck(ctx, check) }); err != nil {
		return check, err
	}
	for check.FinishedAt == nil {
		slice := rankChecker{service: s, tenant: t, programme: programme}
		if check, err = slice.run(ctx, check.At); err != nil {
			return check, err
		}
		if moved != nil {
			for _, m := range slice.stored {
				moved(m)
			}
		}
	}
	return check, nil
}

// judgeSlice judges the members of the check's next slice; more says that there may be others behind it.
func judgeSlice(ctx context.Context, tx Tx, p RankProgramme, ranks []Rank, c RankCheck) (moves []RankMove, more bool, err error) {
	standings, err := tx.RankStandings(ctx, c.After, rankSlice, c.From, c.Until)
	if err != nil {
		return nil, false, err
	}
	moves = make([]RankMove, len(standings))
	for i, s := range standings {
		to, why := p.Judge(ranks, s.Standing)
		moves[i] = RankMove{RankStanding: s, To: to, Reason: why}
	}
	return moves, len(standings) == rankSlice, nil
}

// rankChecker takes a check through one slice: it judges as many members as it can without changing more than
// rankMoves of them, first from a snapshot and without the writer, then, for those that are to change, in the
// transaction that changes them.
type rankChecker struct {
	service   *Service
	tenant    Tenant
	programme RankProgramme

	ranks  []Rank
	stored []RankMove // the moves that the transaction stored
}

func (r *rankChecker) run(ctx context.Context, at time.Time) (check RankCheck, err error) {
	var seen RankCheck
	var moves []RankMove
	var more bool
	err = r.service.engine.View(ctx, r.tenant.ID, func(tx Tx) error {
		c, err := tx.RankCheckAt(ctx, at, false)
		if err != nil {
			return err
		}
		seen = *c
		if r.ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		moves, more, err = judgeSlice(ctx, tx, r.programme, r.ranks, seen)
		return err
	})
	if err != nil || seen.FinishedAt != nil {
		return seen, err
	}
	next, touched := seen, []int64(nil)
	for _, m := range moves {
		if m.Moved() || m.Reason == ladder.Skipped {
			if len(touched) == rankMoves {
				more = true
				break
			}
			touched = append(touched, m.MemberID)
		} else {
			next.Stayed++
		}
		next.After = m.MemberID
	}
	err = r.service.engine.Update(ctx, r.tenant.ID, func(tx Tx) error {
		r.stored = nil
		now := r.service.now()
		c, err := tx.RankCheckAt(ctx, at, true)
		if err != nil {
			return err
		}
		if c.After != seen.After || c.FinishedAt != nil {
			check = *c // another process was faster
			return nil
		}
		check = next
		if err := r.move(ctx, tx, now, &check, touched); err != nil {
			return err
		}
		if !more {
			check.FinishedAt = &now
		}
		return tx.PutRankCheck(ctx, check)
	})
	return check, err
}

// move judges the members again, under their locks, and stores what changes.
func (r *rankChecker) move(ctx context.Context, tx Tx, now time.Time, check *RankCheck, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	members, err := tx.MembersByID(ctx, ids, true)
	if err != nil {
		return err
	}
	spend, err := tx.Spend(ctx, ids, check.From, check.Until)
	if err != nil {
		return err
	}
	by := AuditEntry{At: now, Dialect: Schedule}
	l := lane{tx: tx, tenant: r.tenant, now: now}
	var changes []MemberChange
	var ranks []RankChange
	for _, m := range members {
		if !m.Status.checked() {
			continue
		}
		standing := RankStanding{m.ID, m.Code, ladder.Standing{
			Rank: m.RankID, Minimum: m.MinimumRankID, SkipNext: m.SkipNextCheck, Spend: spend[m.ID],
		}}
		to, why := r.programme.Judge(r.ranks, standing.Standing)
		move := RankMove{standing, to, why}
		r.stored = append(r.stored, move)
		after := m
		after.RankID, after.SkipNextCheck = to, false
		changes = append(changes, MemberChange{m, after})
		if !move.Moved() {
			check.Stayed++
			continue
		}
		if why == ladder.EntryMet {
			check.Risen++
		} else {
			check.Fallen++
		}
		ranks = append(ranks, RankChange{
			MemberID: m.ID, At: now, From: m.RankID, To: to, Reason: why, CheckAt: &check.At, Spend: &standing.Spend, By: by,
		})
	}
	return l.storeMembers(ctx, changes, ranks, by)
}
