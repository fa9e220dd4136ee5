package ranks

import (
	"context"
	"time"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/ladder"
)

// defaultSlice is how many members one transaction of a check changes: about half of what a bulk update may change,
// so that nobody waits longer for a check than for another bulk update.
const defaultSlice = 50

// Slice is one transaction of a check.
type Slice struct {
	Check noren.RankCheck  // after this transaction
	Moves []noren.RankMove // what it stored: changed ranks, and skips that were used up
	// Stayed counts the members who keep their rank, by reason.
	Stayed map[noren.RankReason]int
	Raced  bool // another process was faster; nothing was stored
}

// Due returns the time of the check of ranks that is due: one that has begun and is not finished, or else the
// first after the latest one whose time has come; nil if there is none.
func (s *Service) Due(ctx context.Context, t noren.Tenant) (*time.Time, error) {
	if t.Programme == nil {
		return nil, nil
	}
	var latest *noren.RankCheck
	err := s.run.View(ctx, t.ID, func(tx Tx) (err error) {
		latest, err = latestRankCheck(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	// One that was begun goes on, even where the programme has changed since, by the rules that it has stored.
	if latest != nil && latest.FinishedAt == nil {
		return &latest.At, nil
	}
	var at time.Time
	if latest != nil {
		at = latest.At
	}
	if c, due := t.Programme.Due(at, s.run.Now(), t.Location()); due {
		return &c.At, nil
	}
	return nil, nil
}

func latestRankCheck(ctx context.Context, tx Tx) (*noren.RankCheck, error) {
	checks, _, err := tx.RankChecks(ctx, noren.Page{Limit: 1})
	if err != nil || len(checks) == 0 {
		return nil, err
	}
	return &checks[0], nil
}

// CheckAt returns the progress of the tenant's check at that time; nil if it has not begun.
func (s *Service) CheckAt(ctx context.Context, t noren.Tenant, at time.Time) (c *noren.RankCheck, err error) {
	err = s.run.View(ctx, t.ID, func(tx Tx) error {
		c, err = rankCheckAt(ctx, tx, at)
		return err
	})
	return c, err
}

func rankCheckAt(ctx context.Context, tx Tx, at time.Time) (*noren.RankCheck, error) {
	c, err := tx.RankCheckAt(ctx, at, false)
	if noren.KindOf(err) == noren.NotFound {
		return nil, nil
	}
	return c, err
}

// Check runs the tenant's check of ranks at that time, or continues it, and returns it when it is finished.
// Running it again changes nothing. It may be run ahead of its time, and is then not run again. Several processes may
// work on it at once. It uses the programme and the ladder of the moment when it began. after, if not nil, is called
// after each slice; if it fails, the run ends, and the check can be continued later. Invalid if no check falls at that
// time, Conflict if a later one has begun or an earlier one is not finished.
func (s *Service) Check(ctx context.Context, t noren.Tenant, at time.Time, after func(Slice) error) (noren.RankCheck, error) {
	// Looked for first without a lock: a check that has begun is the usual case, and need not wait for the counter.
	check, err := s.CheckAt(ctx, t, at)
	if err == nil && check == nil {
		check, err = s.beginRankCheck(ctx, t, at)
	}
	if err != nil {
		return noren.RankCheck{}, err
	}
	r := checker{service: s, tenant: t, check: *check, after: after}
	for r.check.FinishedAt == nil {
		if err := r.page(ctx); err != nil {
			return r.check, err
		}
	}
	return r.check, nil
}

// beginRankCheck stores the check together with the rules it will use to the end.
func (s *Service) beginRankCheck(ctx context.Context, t noren.Tenant, at time.Time) (check *noren.RankCheck, err error) {
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		// The counter stays locked until the commit, so no other check can begin in the meantime.
		if _, err := tx.Reserve(ctx, noren.CounterSettings, 1); err != nil {
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
		// Under the lock, because another check may have begun since the caller looked.
		if err := follows(latest, at, t); err != nil {
			return err
		}
		ranks, err := tx.Ranks(ctx)
		if err != nil {
			return err
		}
		check = &noren.RankCheck{
			At: planned.At, From: planned.From, Until: planned.Until, StartedAt: s.run.Now(),
			Rules: noren.RankPlan{Programme: programme, Ranks: ranks},
		}
		return tx.BeginRankCheck(ctx, *check)
	})
	return check, err
}

// follows checks whether a check at that time may begin after the latest one.
func follows(latest *noren.RankCheck, at time.Time, t noren.Tenant) error {
	if latest == nil || latest.At.Before(at) && latest.FinishedAt != nil {
		return nil
	}
	// Checks run in the order of their times: each starts from the ranks that the one before it left.
	what := "a later check of ranks has already run: "
	if latest.At.Before(at) {
		what = "finish the earlier check of ranks first: "
	}
	return &noren.Error{
		Kind: noren.Conflict, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339),
		Message: what + latest.At.In(t.Location()).Format(time.RFC3339),
	}
}

// checker takes a check through its members. It judges a page of them from a snapshot, without holding the writer.
// Then it goes through the page in transactions that each change a bounded number of members; these are judged again
// while they are locked. Members who keep their rank are not judged again.
type checker struct {
	service *Service
	tenant  noren.Tenant
	check   noren.RankCheck // as last read or written
	after   func(Slice) error
}

// page continues the check by one page. It stops early if another process is ahead on the same check.
func (r *checker) page(ctx context.Context) error {
	var moves []noren.RankMove
	var more bool
	err := r.service.run.View(ctx, r.tenant.ID, func(tx Tx) error {
		c, err := tx.RankCheckAt(ctx, r.check.At, false)
		if err != nil {
			return err
		}
		// Read again: another process may have moved the check on.
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
		// Members who keep their rank cost no write, so a slice may pass over any number of them.
		n := r.cut(moves)
		slice, err := r.slice(ctx, moves[:n], n == len(moves) && !more)
		if err != nil {
			return err
		}
		r.check, moves = slice.Check, moves[n:]
		// After the commit, so what it is told has happened.
		if r.after != nil {
			if err := r.after(slice); err != nil {
				return err
			}
		}
		// After a race the rest of this page is out of date, so the next page is read from where the other process is.
		if slice.Raced || len(moves) == 0 {
			return nil
		}
	}
}

// cut returns how many of the moves belong in the next transaction.
func (r *checker) cut(moves []noren.RankMove) int {
	writes := 0
	for i, m := range moves {
		if !m.Writes() {
			continue
		}
		if writes++; writes > r.service.rankSlice {
			return i
		}
	}
	return len(moves)
}

func (s *Slice) stay(why noren.RankReason) {
	s.Check.Stayed++
	s.Stayed[why]++
}

// slice handles the members of part in one transaction, and finishes the check if it is the last.
func (r *checker) slice(ctx context.Context, part []noren.RankMove, last bool) (s Slice, err error) {
	err = r.service.run.Update(ctx, r.tenant.ID, func(tx Tx) error {
		now := r.service.run.Now()
		stored, err := tx.RankCheckAt(ctx, r.check.At, true)
		if err != nil {
			return err
		}
		if stored.After != r.check.After || stored.FinishedAt != nil {
			// Either another process was faster, or this is the second run after a commit that went through without our knowing.
			own := tx.Again() && stored.After == s.Check.After
			s.Check, s.Raced = *stored, !own
			if s.Raced {
				s.Moves, s.Stayed = nil, nil
			}
			return nil
		}
		// Counted from the stored state, not from s: a second run of this closure must not count twice.
		s = Slice{Check: *stored, Stayed: make(map[noren.RankReason]int)}
		var ids []int64
		for _, m := range part {
			if m.Writes() {
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

// move judges the members again, now that they are locked, and stores what changes.
func (r *checker) move(ctx context.Context, tx Tx, now time.Time, s *Slice, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	stored, err := tx.MembersByID(ctx, ids, true)
	if err != nil {
		return err
	}
	// Read again as well: a purchase may have been recorded since the page was judged.
	spend, err := tx.Spend(ctx, ids, s.Check.From, s.Check.Until)
	if err != nil {
		return err
	}
	by := noren.AuditEntry{At: now, Dialect: noren.Schedule}
	var changes []noren.MemberChange
	var ranks []noren.RankChange
	for _, m := range stored {
		if !m.Status.Checked() {
			continue // left or merged since the snapshot
		}
		move := noren.RankMove{RankStanding: noren.RankStanding{MemberID: m.ID, Code: m.Code, Standing: ladder.Standing{
			Rank: m.RankID, Minimum: m.MinimumRankID, SkipNext: m.SkipNextCheck, Spend: spend[m.ID],
		}}}
		// By the rules of the check and not by the tenant's, which may have changed while it runs.
		move.To, move.Reason = s.Check.Rules.Programme.Judge(s.Check.Rules.Ranks, move.Standing)
		switch move.Reason {
		case ladder.EntryMet:
			s.Check.Risen++
		case ladder.MaintenanceMissed:
			s.Check.Fallen++
		default:
			s.stay(move.Reason)
		}
		if !move.Writes() {
			continue
		}
		s.Moves = append(s.Moves, move)
		after := m
		// A skip is used up by the check that observes it.
		after.RankID, after.SkipNextCheck = move.To, false
		changes = append(changes, noren.MemberChange{Before: m, After: after})
		if move.Moved() {
			ranks = append(ranks, noren.RankChange{
				MemberID: m.ID, At: now, From: m.RankID, To: move.To, Reason: move.Reason, CheckAt: &s.Check.At,
				Spend: &move.Spend, By: by,
			})
		}
	}
	return members.Store(ctx, tx, unit.Unit{Tenant: r.tenant, Now: now}, changes, ranks, by)
}
