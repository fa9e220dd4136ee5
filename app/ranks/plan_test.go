package ranks_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"noren"
	"noren/app/apptest"
)

// TestRatioAboveOne takes what a shop file may say: more than one point for a unit of currency.
func TestRatioAboveOne(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for ratio, broken := range map[float64]bool{2: false, noren.MaxRatio: false, noren.MaxRatio + 1: true, -1: true} {
		err := b.Ranks.SetPlan(b.Ctx, b.Caller, noren.RankPlan{
			Programme: noren.RankProgramme{Start: "2026-01", WindowMonths: 12, CheckEveryMonths: 1, Demotion: "one_step"},
			Ranks:     []noren.Rank{{ID: 1, Ratio: ratio}},
		}, nil)
		refused, _ := errors.AsType[noren.Refusals](err)
		if got := slices.ContainsFunc(refused, func(e *noren.Error) bool { return e.Field == "ratio" }); got != broken {
			t.Errorf("a ratio of %v: %v", ratio, err)
		}
	}
}

// TestLadderOutOfOrder checks at which ranks a ladder that does not rise is refused: where one has slipped.
func TestLadderOutOfOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ entries, want []int64 }{
		{[]int64{0, 10, 20, 30}, nil},
		{[]int64{0, 0, 20, 20}, nil},
		{[]int64{0, 1000, 20, 30}, []int64{2}}, // a digit too many: not the ranks above are wrong
		{[]int64{0, 10, 2, 30}, []int64{3}},
		{[]int64{20, 10}, []int64{2}},
		{[]int64{0, 10, 20, 5}, []int64{4}},
	} {
		b := apptest.Setup(t)
		plan := noren.RankPlan{Programme: noren.RankProgramme{Start: "2026-01", WindowMonths: 12, CheckEveryMonths: 1, Demotion: "one_step"}}
		for i, entry := range c.entries {
			plan.Ranks = append(plan.Ranks, noren.Rank{ID: int64(i + 1), EntrySpend: entry})
		}
		err := b.Ranks.SetPlan(b.Ctx, b.Caller, plan, nil)
		refused, _ := errors.AsType[noren.Refusals](err)
		var rows []int64
		for _, e := range refused {
			if e.Reason == noren.ReasonEntryOrder {
				rows = append(rows, int64(e.Row))
			}
		}
		apptest.Same(t, fmt.Sprint(c.entries), c.want, rows)
	}
}

// TestNumbersCountTheSameMembers compares the numbers of members by rank that the page of ranks and the forecast show: both leave out
// those who left or were merged.
func TestNumbersCountTheSameMembers(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	var patches []noren.MemberPatch
	for i, status := range noren.Statuses() {
		p := noren.MemberPatch{Code: noren.Set(fmt.Sprint("N", i)), Status: noren.Set(status), Rank: noren.Set(noren.Ref{ID: 1})}
		if status == noren.Left {
			p.LeaveDate = noren.Set(noren.Date("2026-01-01"))
		}
		patches = append(patches, p)
	}
	apptest.Create(t, b, patches...)
	ladder, err := b.Ranks.Ladder(b.Ctx, b.Caller)
	if err != nil {
		t.Fatal(err)
	}
	plan := noren.RankPlan{
		Programme: noren.RankProgramme{Start: "2026-01", WindowMonths: 12, CheckEveryMonths: 1, Demotion: "one_step"}, Ranks: ladder.Ranks,
	}
	f, err := b.Ranks.Forecast(b.Ctx, b.Caller, &plan)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the ladder and the forecast", ladder.Members, f.Before)
	sum := func(counts map[int64]int) (n int) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	if before, after := sum(f.Before), sum(f.After); before != after || before == 0 {
		t.Errorf("%d members before the check and %d after it", before, after)
	}
}
