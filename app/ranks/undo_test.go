package ranks_test

import (
	"errors"
	"testing"

	"noren"
	"noren/app/ranks"
)

// TestUndoACheck takes back a check that ran a month too early, by a clock that was wrong, and lets it run again.
func TestUndoACheck(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"finished": false, "half way": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRankShop(t, 9)
			s.spend(t, 2000)
			s.clock.Set(t, "2026-02-01 00:00:00")
			s.check(t, "2026-02", nil)
			s.clock.Set(t, "2026-03-01 00:00:00") // wrong: it is the 15th of February
			var after func(ranks.Slice) error
			if killed {
				slices := 0
				after = func(ranks.Slice) error {
					if slices++; slices == 2 {
						return errKilled
					}
					return nil
				}
			}
			if err := s.check(t, "2026-03", after); killed != errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			s.clock.Set(t, "2026-02-15 00:00:00")
			s.spend(t, 5000)
			// Somebody has given the first member another rank since.
			s.give(t, 1, 2)
			if _, err := s.checks.Ranks.Undo(s.ctx, s.tenant(t), s.at("2026-02")); noren.KindOf(err) != noren.Conflict {
				t.Errorf("an earlier check: %v", err)
			}
			want := ranks.Undone{Restored: 8, Kept: 1}
			if killed {
				want = ranks.Undone{Restored: 3, Kept: 1}
			}
			if undone, err := s.checks.Ranks.Undo(s.ctx, s.tenant(t), s.at("2026-03")); err != nil || undone != want {
				t.Errorf("undone: %+v, %v", undone, err)
			}
			sound(t, s.engine)
			if _, err := s.checks.Ranks.Undo(s.ctx, s.tenant(t), s.at("2026-03")); noren.KindOf(err) != noren.NotFound {
				t.Errorf("again: %v", err)
			}
			s.ranked(t, map[int64]int{1: 8, 2: 1})
			if at, err := s.checks.Ranks.Due(s.ctx, s.tenant(t)); at != nil || err != nil {
				t.Errorf("due %v, %v", at, err)
			}
			s.clock.Set(t, "2026-03-01 00:00:00")
			if at, err := s.checks.Ranks.Due(s.ctx, s.tenant(t)); err != nil || at == nil || !at.Equal(s.at("2026-03")) {
				t.Errorf("due %v, %v", at, err)
			}
			if err := s.check(t, "2026-03", nil); err != nil {
				t.Fatal(err)
			}
			s.ranked(t, map[int64]int{2: 9})
			sound(t, s.engine)
		})
	}
}

// check runs a check without the model.
func (s *rankShop) check(t *testing.T, month noren.Month, after func(ranks.Slice) error) error {
	t.Helper()
	_, err := s.checks.Ranks.Check(s.ctx, s.tenant(t), s.at(month), after)
	return err
}

// give sets a member's rank, like somebody in the console.
func (s *rankShop) give(t *testing.T, member, rank int64) {
	t.Helper()
	patch := noren.MemberPatch{ID: member, Rank: noren.Set(noren.Ref{ID: rank})}
	if _, _, err := s.Members.Update(s.ctx, s.caller, []noren.MemberPatch{patch}, nil); err != nil {
		t.Fatal(err)
	}
}

// ranked expects that many members in each rank.
func (s *rankShop) ranked(t *testing.T, want map[int64]int) {
	t.Helper()
	l, err := s.Ranks.Ladder(s.ctx, s.caller)
	if err != nil {
		t.Fatal(err)
	}
	for rank, n := range want {
		if l.Members[rank] != n {
			t.Errorf("%d members have the rank %d, want %d: %v", l.Members[rank], rank, n, l.Members)
		}
	}
}
