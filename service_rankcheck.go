package noren

import (
	"context"
	"time"

	"noren/ladder"
)

// rankPage is how many members a check judges from one snapshot, without the writer.
const rankPage = 1000

// defaultRankSlice is how many members one transaction of a check changes: about half of what a bulk update may, so that
// nobody waits longer for a check than for a neighbour's update.
const defaultRankSlice = 50

// RankSlice is one transaction of a check.
type RankSlice struct {
	Check RankCheck  // after it
	Moves []RankMove // what it stored: ranks that changed, and skips that were used up
	// Stayed counts by reason who keeps the rank.
	Stayed map[RankReason]int
	Raced  bool // another process was faster, and nothing was stored
}

// DueRankCheck answers the check of ranks that the tenant is due: one that was begun and not finished, or else the first
// after the latest whose time has come; nil where there is none.
func (s *Service) DueRankCheck(ctx context.Context, t Tenant) (*time.Time, error) {
	if t.Programme == nil {
		return nil, nil
	}
	var latest *RankCheck
	err := s.engine.View(ctx, t.ID, func(tx Tx) (err error) {
		latest, err = latestRankCheck(ctx, tx)
		return err
	})
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

func latestRankCheck(ctx context.Context, tx Tx) (*RankCheck, error) {
	checks, _, err := tx.RankChecks(ctx, Page{Limit: 1})
	if err != nil || len(checks) == 0 {
		return nil, err
	}
	return &checks[0], nil
}

// RankCheckAt answers how far the tenant's check at that time is; nil where it was not begun.
func (s *Service) RankCheckAt(ctx context.Context, t Tenant, at time.Time) (c *RankCheck, err error) {
	err = s.engine.View(ctx, t.ID, func(tx Tx) error {
		c, err = rankCheckAt(ctx, tx, at)
		return err
	})
	return c, err
}

func rankCheckAt(ctx context.Context, tx Tx, at time.Time) (*RankCheck, error) {
	c, err := tx.RankCheckAt(ctx, at, false)
	if KindOf(err) == NotFound {
		return nil, nil
	}
	return c, err
}

// CheckRanks runs the tenant's check of ranks at that time, or goes on with it where it was begun, and answers it when it
// is finished. Running it again changes nothing. It may be run ahead of its time, and is not run then any more; several
// processes may work on it at once. It keeps to the programme and the ladder of the moment when it was begun. after, if
// it is set, is called after each slice; its error ends the run, and the check can be gone on with later.
// Invalid where no check falls at that time, Conflict where a later one was begun or an earlier one is not finished.
func (s *Service) CheckRanks(ctx context.Context, t Tenant, at time.Time, after func(RankSlice) error) (RankCheck, error) {
	check, err := s.RankCheckAt(ctx, t, at)
	if err == nil && check == nil {
		check, err = s.beginRankCheck(ctx, t, at)
	}
	if err != nil {
		return RankCheck{}, err
	}
	r := rankChecker{service: s, tenant: t, check: *check, after: after}
	for r.check.FinishedAt == nil {
		if err := r.page(ctx); err != nil {
			return r.check, err
		}
	}
	return r.check, nil
}

// beginRankCheck stores the check with the rules that it is to keep to.
func (s *Service) beginRankCheck(ctx context.Context, t Tenant, at time.Time) (check *RankCheck, err error) {
	err = s.engine.Update(ctx, t.ID, func(tx Tx) error {
		// Who takes the counter is alone until the commit, so that no other check is begun meanwhile.
		if _, err := tx.Reserve(ctx, CounterRankChange, 1); err != nil {
			return err
		}
		if check, err = rankCheckAt(ctx, tx, at); err != nil || check != nil {
			return err
		}
		if t, err = tx.Tenant(ctx); err != nil {
			return err
		}
		programme, planned, err := plannedCheck(t, nil, at)
		if err != nil {
			return err
		}
		latest, err := latestRankCheck(ctx, tx)
		if err != nil {
			return err
		}
		if err := follows(latest, at, t); err != nil {
			return err
		}
		ranks, err := tx.Ranks(ctx)
		if err != nil {
			return err
		}
		check = &RankCheck{
			At: planned.At, From: planned.From, Until: planned.Until, StartedAt: s.now(),
			Rules: RankPlan{Programme: programme, Ranks: ranks},
		}
		return tx.BeginRankCheck(ctx, *check)
	})
	return check, err
}

// follows judges whether a check at that time may be begun after the latest.
func follows(latest *RankCheck, at time.Time, t Tenant) error {
	if latest == nil || latest.At.Before(at) && latest.FinishedAt != nil {
		return nil
	}
	what := "a later check of ranks has been run, that of "
	if latest.At.Before(at) {
		what = "an earlier check of ranks has to be finished first, that of "
	}
	return &Error{
		Kind: Conflict, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339),
		Message: what + latest.At.In(t.Location()).Format(time.RFC3339),
	}
}

// judgePage judges the members of the check's next page; more says that there may be others behind it.
func judgePage(ctx context.Context, tx Tx, c RankCheck) (moves []RankMove, more bool, err error) {
	standings, err := tx.RankStandings(ctx, c.After, rankPage, c.From, c.Until)
	if err != nil {
		return nil, false, err
	}
	moves = make([]RankMove, len(standings))
	for i, s := range standings {
		to, why := c.Rules.Programme.Judge(c.Rules.Ranks, s.Standing)
		moves[i] = RankMove{RankStanding: s, To: to, Reason: why}
	}
	return moves, len(standings) == rankPage, nil
}

// rankChecker takes a check through its members. It judges a page of them from a snapshot and without the writer. Then it
// goes through the page in transactions, each of which changes a bounded number of members, and judges those again under
// their locks; whoever is to stay was judged when the snapshot was taken.
type rankChecker struct {
	service *Service
	tenant  Tenant
	check   RankCheck // as it was last seen
	after   func(RankSlice) error
}

// page goes on with the check by one page, unless another process is found to work on it: then that one is ahead.
func (r *rankChecker) page(ctx context.Context) error {
	var moves []RankMove
	var more bool
	err := r.service.engine.View(ctx, r.tenant.ID, func(tx Tx) error {
		c, err := tx.RankCheckAt(ctx, r.check.At, false)
		if err != nil {
			return err
		}
		if r.check = *c; c.FinishedAt != nil {
			return nil
		}
		moves, more, err = judgePage(ctx, tx, r.check)
		return err
	})
	if err != nil || r.check.FinishedAt != nil {
		return err
	}
	for {
		n := r.cut(moves)
		slice, err := r.slice(ctx, moves[:n], n == len(moves) && !more)
		if err != nil {
			return err
		}
		r.check, moves = slice.Check, moves[n:]
		if r.after != nil {
			if err := r.after(slice); err != nil {
				return err
			}
		}
		if slice.Raced || len(moves) == 0 {
			return nil
		}
	}
}

// cut answers how many of the moves the next transaction goes over.
func (r *rankChecker) cut(moves []RankMove) int {
	writes := 0
	for i, m := range moves {
		if !m.writes() {
			continue
		}
		if writes++; writes > r.service.rankSlice {
			return i
		}
	}
	return len(moves)
}

// writes reports whether the move changes anything of the member.
func (m RankMove) writes() bool { return m.Moved() || m.SkipNext }

func (s *RankSlice) stay(why RankReason) {
	s.Check.Stayed++
	s.Stayed[why]++
}

// slice goes over the members of part in one transaction, and finishes the check where it is the last.
func (r *rankChecker) slice(ctx context.Context, part []RankMove, last bool) (s RankSlice, err error) {
	err = r.service.engine.Update(ctx, r.tenant.ID, func(tx Tx) error {
		now := r.service.now()
		stored, err := tx.RankCheckAt(ctx, r.check.At, true)
		if err != nil {
			return err
		}
		if stored.After != r.check.After || stored.FinishedAt != nil {
			// Either another process was faster, or this is the second run after a commit whose answer was lost.
			own := tx.Again() && stored.After == s.Check.After
			s.Check, s.Raced = *stored, !own
			if s.Raced {
				s.Moves, s.Stayed = nil, nil
			}
			return nil
		}
		s = RankSlice{Check: *stored, Stayed: make(map[RankReason]int)}
		var ids []int64
		for _, m := range part {
			if m.writes() {
				ids = append(ids, m.MemberID)
			} else {
				s.stay(m.Reason)
			}
			s.Check.After = m.MemberID
		}
		if err := r.move(ctx, tx, now, &s, ids); err != nil {
			return err
		}
		if last {
			s.Check.FinishedAt = &now
		}
		return tx.PutRankCheck(ctx, s.Check)
	})
	return s, err
}

// move judges the members again, under their locks, and stores what changes.
func (r *rankChecker) move(ctx context.Context, tx Tx, now time.Time, s *RankSlice, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	members, err := tx.MembersByID(ctx, ids, true)
	if err != nil {
		return err
	}
	spend, err := tx.Spend(ctx, ids, s.Check.From, s.Check.Until)
	if err != nil {
		return err
	}
	by := AuditEntry{At: now, Dialect: Schedule}
	var changes []MemberChange
	var ranks []RankChange
	for _, m := range members {
		if !m.Status.checked() {
			continue // gone since the snapshot
		}
		move := RankMove{RankStanding: RankStanding{m.ID, m.Code, ladder.Standing{
			Rank: m.RankID, Minimum: m.MinimumRankID, SkipNext: m.SkipNextCheck, Spend: spend[m.ID],
		}}}
		move.To, move.Reason = s.Check.Rules.Programme.Judge(s.Check.Rules.Ranks, move.Standing)
		switch move.Reason {
		case ladder.EntryMet:
			s.Check.Risen++
		case ladder.MaintenanceMissed:
			s.Check.Fallen++
		default:
			s.stay(move.Reason)
		}
		if !move.writes() {
			continue
		}
		s.Moves = append(s.Moves, move)
		after := m
		after.RankID, after.SkipNextCheck = move.To, false
		changes = append(changes, MemberChange{m, after})
		if move.Moved() {
			ranks = append(ranks, RankChange{
				MemberID: m.ID, At: now, From: m.RankID, To: move.To, Reason: move.Reason, CheckAt: &s.Check.At,
				Spend: &move.Spend, By: by,
			})
		}
	}
	return lane{tx: tx, tenant: r.tenant, now: now}.storeMembers(ctx, changes, ranks, by)
}
