package storetest

import (
	"testing"
	"time"

	"noren"
	"noren/ladder"
)

func rankChecks() []check {
	return []check{
		{"standings of members, in pages by id", rankStandings},
		{"standings count the spend of whole months", rankStandingsSpend},
		{"members are counted by rank", rankCounts},
		{"changes of ranks are kept as they were", rankChanges},
		{"changes of ranks by member, by check and in pages", rankChangesFilter},
		{"a check is begun once and remembers how far it is", rankCheckLifecycle},
		{"a check is removed, and its changes stay", rankCheckRemoved},
		{"a check that is locked is seen as its holder leaves it", rankCheckLocked},
	}
}

// standings reads a page of the members and what they spent in a window of months.
func (b *bundle) standings(t *testing.T, after int64, limit int, from, until noren.Month) (list []noren.RankStanding) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.RankStandings(b.ctx, after, limit, from, until)
		return err
	})
	return list
}

func standing(id int64, rank *int64, spend int64) noren.RankStanding {
	return noren.RankStanding{MemberID: id, Code: member(id).Code, Standing: ladder.Standing{Rank: rank, Spend: spend}}
}

func rankStandings(t *testing.T, b *bundle) {
	var members []noren.Member
	// One member of each status: checks pass over those who have left or were merged.
	for i, status := range noren.Statuses() {
		m := member(int64(i + 1))
		m.Status = status
		members = append(members, m)
	}
	members[1].RankID, members[1].MinimumRankID, members[1].SkipNextCheck = new(int64(3)), new(int64(2)), true
	b.insert(t, members...)
	b.other(t).insert(t, member(1), member(7))

	full := standing(2, new(int64(3)), 0)
	full.Minimum, full.SkipNext = new(int64(2)), true
	want := []noren.RankStanding{standing(1, nil, 0), full, standing(3, nil, 0), standing(4, nil, 0)} // members who left or were merged are left out
	same(t, "all", want, b.standings(t, 0, 10, "2026-01", "2026-04"))
	same(t, "the first two", want[:2], b.standings(t, 0, 2, "2026-01", "2026-04"))
	same(t, "the next two", want[2:], b.standings(t, 2, 2, "2026-01", "2026-04"))
	same(t, "how many are behind the last", 0, len(b.standings(t, 4, 2, "2026-01", "2026-04")))
}

func rankStandingsSpend(t *testing.T, b *bundle) {
	other := b.other(t)
	for _, tenant := range []*bundle{b, other} {
		tenant.insert(t, member(1), member(2), member(3))
	}
	spend := func(id int64, month noren.Month, amount int64) noren.MonthlySpend {
		return noren.MonthlySpend{MemberID: id, Month: month, Amount: amount}
	}
	b.update(t, func(tx noren.Tx) error {
		return tx.AddSpend(b.ctx, []noren.MonthlySpend{
			// Each month has a digit of its own, so that a sum tells which of them were counted; one takes more than 32
			// bits.
			spend(1, "2025-12", 1), spend(1, "2026-01", 20), spend(1, "2026-03", 300), spend(1, "2026-04", 4000),
			spend(2, "2026-02", 5), spend(3, "2026-04", 7), spend(3, "2025-12", 9_000_000_000_000),
		})
	})
	other.update(t, func(tx noren.Tx) error { return tx.AddSpend(b.ctx, []noren.MonthlySpend{spend(2, "2026-02", 1000)}) })
	same(t, "a window of three months", []noren.RankStanding{standing(1, nil, 320), standing(2, nil, 5), standing(3, nil, 0)},
		b.standings(t, 0, 10, "2026-01", "2026-04"))
	same(t, "over the turn of the year", []noren.RankStanding{standing(1, nil, 21), standing(2, nil, 0), standing(3, nil, 9_000_000_000_000)},
		b.standings(t, 0, 10, "2025-12", "2026-02"))
	same(t, "the other tenant", []noren.RankStanding{standing(1, nil, 0), standing(2, nil, 1000), standing(3, nil, 0)},
		other.standings(t, 0, 10, "2026-01", "2026-04"))
}

func rankCounts(t *testing.T, b *bundle) {
	other := b.other(t)
	want := make(map[int64]int)
	var list []noren.Member
	// Members of each status with each rank; 0: none. Who counts is what the check says.
	for _, status := range noren.Statuses() {
		for rank := range int64(3) {
			for range 1 + rank {
				m := member(int64(len(list) + 1))
				if m.Status = status; rank > 0 {
					m.RankID = new(rank)
				}
				if list = append(list, m); status.Checked() {
					want[rank]++
				}
			}
		}
	}
	b.insert(t, list...)
	counts := func(b *bundle) (counts map[int64]int) {
		b.view(t, func(tx noren.Tx) (err error) {
			counts, err = tx.RankCounts(b.ctx)
			return err
		})
		return counts
	}
	// Rank 0 stands for those who have none.
	same(t, "by rank", want, counts(b))
	same(t, "where nobody is", map[int64]int{}, counts(other))
}

// rankChange is a change of a member's rank: with an odd id by a check, with an even one by somebody.
func rankChange(id, member int64) noren.RankChange {
	c := noren.RankChange{ID: id, MemberID: member, At: at(int(id)), To: new(int64(2)), Reason: ladder.Set, By: noren.AuditEntry{
		ClientID: new(int64(1)), Dialect: "recore", RequestID: "r1",
	}}
	if id%2 == 1 {
		c.From, c.To, c.Reason, c.CheckAt, c.Spend = new(int64(3)), nil, ladder.MaintenanceMissed, new(at(0)), new(int64(0))
		c.By = noren.AuditEntry{Dialect: noren.Schedule}
	}
	return c
}

func (b *bundle) rankChanges(t *testing.T, f noren.RankChangeFilter) (list []noren.RankChange, total int) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, total, err = tx.RankChanges(b.ctx, f)
		return err
	})
	return list, total
}

func rankChanges(t *testing.T, b *bundle) {
	other := b.other(t)
	b.insert(t, member(1))
	other.insert(t, member(1))
	want := []noren.RankChange{rankChange(2, 1), rankChange(1, 1)}
	b.update(t, func(tx noren.Tx) error { return tx.AddRankChanges(b.ctx, []noren.RankChange{want[1], want[0]}) })
	got, total := b.rankChanges(t, noren.RankChangeFilter{})
	same(t, "the changes, newest first", want, got)
	same(t, "how many", 2, total)
	got, total = other.rankChanges(t, noren.RankChangeFilter{MemberID: 1})
	same(t, "the other tenant's", 0, len(got)+total)
	other.update(t, func(tx noren.Tx) error { return tx.AddRankChanges(b.ctx, []noren.RankChange{rankChange(2, 1)}) })
	got, _ = b.rankChanges(t, noren.RankChangeFilter{})
	same(t, "the changes after the other tenant wrote the same number", want, got)
}

func rankChangesFilter(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	var all []noren.RankChange
	for id := range int64(6) {
		all = append(all, rankChange(id+1, id/3+1))
	}
	b.update(t, func(tx noren.Tx) error { return tx.AddRankChanges(b.ctx, all) })
	for _, c := range []struct {
		name  string
		f     noren.RankChangeFilter
		want  []int64
		total int
	}{
		{"a member's", noren.RankChangeFilter{MemberID: 2}, []int64{6, 5, 4}, 3},
		{"a check's", noren.RankChangeFilter{CheckAt: new(at(0))}, []int64{5, 3, 1}, 3},
		{"another check's", noren.RankChangeFilter{CheckAt: new(at(1))}, nil, 0},
		{"a member's by a check", noren.RankChangeFilter{MemberID: 1, CheckAt: new(at(0))}, []int64{3, 1}, 2},
		{"a page", noren.RankChangeFilter{Page: noren.Page{Limit: 2, Offset: 1}}, []int64{5, 4}, 6},
	} {
		got, total := b.rankChanges(t, c.f)
		same(t, c.name, c.want, idsOf(got, func(c noren.RankChange) int64 { return c.ID }))
		same(t, c.name+", how many", c.total, total)
	}
}

// rankCheck is a check that was begun.
func rankCheck(when time.Time) noren.RankCheck {
	return noren.RankCheck{
		At: when, From: "2025-04", Until: "2026-04", StartedAt: at(1),
		Rules: noren.RankPlan{Programme: noren.RankProgramme{Start: "2026-01", WindowMonths: 12, CheckEveryMonths: 1}, Ranks: ranks()},
	}
}

func (b *bundle) rankCheckAt(t *testing.T, when time.Time, forUpdate bool) (c *noren.RankCheck) {
	t.Helper()
	b.update(t, func(tx noren.Tx) (err error) {
		if c, err = tx.RankCheckAt(b.ctx, when, forUpdate); noren.KindOf(err) == noren.NotFound {
			c, err = nil, nil
		}
		return err
	})
	return c
}

func rankCheckLifecycle(t *testing.T, b *bundle) {
	other := b.other(t)
	want := rankCheck(at(0))
	begin := func(b *bundle, c noren.RankCheck) {
		t.Helper()
		b.update(t, func(tx noren.Tx) error { return tx.BeginRankCheck(b.ctx, c) })
	}
	begin(b, want)
	same(t, "a check that was begun", &want, b.rankCheckAt(t, at(0), false))
	same(t, "the other tenant's", (*noren.RankCheck)(nil), other.rankCheckAt(t, at(0), false))
	same(t, "one of another time", (*noren.RankCheck)(nil), b.rankCheckAt(t, at(1), true))
	begin(other, rankCheck(at(0)))

	want.After, want.Risen, want.Fallen, want.Stayed, want.FinishedAt = 7, 1, 2, 3, new(at(5))
	b.update(t, func(tx noren.Tx) error { return tx.PutRankCheck(b.ctx, want) })
	// A check that goes on keeps the window and the progress of the first time, whatever the second run would begin
	// with.
	again := rankCheck(at(0))
	again.From, again.StartedAt = "2026-03", at(9)
	begin(b, again)
	same(t, "the check, begun again", &want, b.rankCheckAt(t, at(0), true))
	same(t, "the other tenant's after the first moved on", new(rankCheck(at(0))), other.rankCheckAt(t, at(0), true))

	begin(b, rankCheck(at(60)))
	begin(b, rankCheck(at(30)))
	b.view(t, func(tx noren.Tx) error {
		list, total, err := tx.RankChecks(b.ctx, noren.Page{Limit: 2})
		same(t, "the latest two", []noren.RankCheck{rankCheck(at(60)), rankCheck(at(30))}, list)
		same(t, "how many checks", 3, total)
		return err
	})
}

// rankCheckRemoved takes a check back: it may be begun again, and what it changed is still told.
func rankCheckRemoved(t *testing.T, b *bundle) {
	other := b.other(t)
	for _, tenant := range []*bundle{b, other} {
		tenant.insert(t, member(1), member(2))
		tenant.update(t, func(tx noren.Tx) error {
			return firstError(tx.BeginRankCheck(b.ctx, rankCheck(at(0))), tx.BeginRankCheck(b.ctx, rankCheck(at(60))),
				tx.AddRankChanges(b.ctx, []noren.RankChange{rankChange(1, 1), rankChange(3, 2)}))
		})
	}
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.DetachRankChanges(b.ctx, []int64{1, 99}), tx.RemoveRankCheck(b.ctx, at(60)))
	})
	want := rankChange(1, 1)
	want.CheckAt = nil
	got, _ := b.rankChanges(t, noren.RankChangeFilter{})
	same(t, "the changes", []noren.RankChange{rankChange(3, 2), want}, got)
	same(t, "the check that was removed", (*noren.RankCheck)(nil), b.rankCheckAt(t, at(60), false))
	same(t, "the other check", new(rankCheck(at(0))), b.rankCheckAt(t, at(0), false))
	got, _ = other.rankChanges(t, noren.RankChangeFilter{CheckAt: new(at(0))})
	same(t, "the other tenant's changes", []noren.RankChange{rankChange(3, 2), rankChange(1, 1)}, got)
	same(t, "the other tenant's check", new(rankCheck(at(60))), other.rankCheckAt(t, at(60), false))
}

// rankCheckLocked lets many take the same step at once; each must see the one before.
func rankCheckLocked(t *testing.T, b *bundle) {
	b.update(t, func(tx noren.Tx) error { return tx.BeginRankCheck(b.ctx, rankCheck(at(0))) })
	inParallel(20, func(int) {
		b.update(t, func(tx noren.Tx) error {
			c, err := tx.RankCheckAt(b.ctx, at(0), true)
			if err != nil {
				return err
			}
			c.After++
			return tx.PutRankCheck(b.ctx, *c)
		})
	})
	same(t, "how far the check is", int64(20), b.rankCheckAt(t, at(0), false).After)
}
