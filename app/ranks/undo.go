package ranks

import (
	"context"
	"time"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/ladder"
)

// Undone is what Undo did to the members whose rank the check had changed.
type Undone struct {
	Restored int // got the rank back that they had before
	Kept     int // keep theirs, because it is another by now
}

// Undo takes back the tenant's latest check of ranks, finished or not, such as one that ran by a wrong clock. Afterwards it
// may run again, and will by itself if it is due. Skips that the check used up are not given back. It works in slices like
// the check, and may be interrupted: running it again goes on. NotFound if no check was begun at that time, Conflict if it
// is not the latest: each check starts from the ranks that the one before it left.
func (s *Service) Undo(ctx context.Context, t noren.Tenant, at time.Time) (u Undone, err error) {
	for more := true; more && err == nil; {
		var slice Undone
		slice, more, err = s.undoSlice(ctx, t, at)
		u.Restored, u.Kept = u.Restored+slice.Restored, u.Kept+slice.Kept
	}
	return u, err
}

// undoSlice takes back some of the check's changes in one transaction, the newest first, and then the check.
func (s *Service) undoSlice(ctx context.Context, t noren.Tenant, at time.Time) (u Undone, more bool, err error) {
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		u, more = Undone{}, false
		now := s.run.Now()
		check, err := tx.RankCheckAt(ctx, at, true)
		if err != nil {
			if noren.KindOf(err) == noren.NotFound && tx.Again() {
				return nil // the run before this one removed it
			}
			return err
		}
		latest, err := latestRankCheck(ctx, tx)
		if err != nil {
			return err
		}
		if latest.At.After(at) {
			return &noren.Error{
				Kind: noren.Conflict, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339),
				Message: "undo the later check of ranks first: " + latest.At.In(t.Location()).Format(time.RFC3339),
			}
		}
		changes, total, err := tx.RankChanges(ctx, noren.RankChangeFilter{CheckAt: &check.At, Page: noren.Page{Limit: s.rankSlice}})
		if err != nil {
			return err
		}
		if more = total > len(changes); len(changes) > 0 {
			if err := restore(ctx, tx, unit.Unit{Tenant: t, Now: now}, changes, &u); err != nil {
				return err
			}
		}
		// Last of all: as long as there are changes, the check is there to be undone further.
		if !more {
			return tx.RemoveRankCheck(ctx, check.At)
		}
		return tx.PutRankCheck(ctx, without(*check, changes, now))
	})
	return u, more, err
}

// without is the check when the changes are no longer counted. It is finished, so that no server goes on with it.
func without(c noren.RankCheck, changes []noren.RankChange, now time.Time) noren.RankCheck {
	for _, change := range changes {
		if change.Reason == ladder.EntryMet {
			c.Risen--
		} else {
			c.Fallen--
		}
	}
	if c.FinishedAt == nil {
		c.FinishedAt = &now
	}
	return c
}

// restore gives the members the ranks that they had before the changes, unless their rank was changed since.
func restore(ctx context.Context, tx Tx, u unit.Unit, changes []noren.RankChange, undone *Undone) error {
	ids, numbers := make([]int64, len(changes)), make([]int64, len(changes))
	before := make(map[int64]noren.RankChange, len(changes))
	for i, c := range changes {
		ids[i], numbers[i], before[c.MemberID] = c.MemberID, c.ID, c
	}
	stored, err := tx.MembersByID(ctx, ids, true)
	if err != nil {
		return err
	}
	var back []noren.MemberChange
	for _, m := range stored {
		// Somebody has given the member another rank since, and that was meant.
		if noren.Deref(m.RankID) != noren.Deref(before[m.ID].To) {
			undone.Kept++
			continue
		}
		undone.Restored++
		after := m
		after.RankID = before[m.ID].From
		back = append(back, noren.MemberChange{Before: m, After: after})
	}
	// The history stays as it was: the changes have happened, and their undoing is a change of its own.
	if err := tx.DetachRankChanges(ctx, numbers); err != nil {
		return err
	}
	return members.Change(ctx, tx, u, back, noren.AuditEntry{At: u.Now, Dialect: noren.Operator})
}
