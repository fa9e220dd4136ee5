package ladder_test

import (
	"testing"

	"pgregory.net/rapid"

	"noren/ladder"
)

// steps is a ladder of four, on which the ids do not go with the positions.
func steps() []ladder.Rank {
	return []ladder.Rank{
		{ID: 40, Position: 1, Name: "Bronze"},
		{ID: 30, Position: 2, Name: "Silver", EntrySpend: 2000, MaintenanceSpend: 1000},
		{ID: 20, Position: 5, Name: "Gold", EntrySpend: 5000, MaintenanceSpend: 5000},
		{ID: 10, Position: 6, Name: "Platinum", EntrySpend: 9000, MaintenanceSpend: 4000},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const none, bronze, silver, gold, platinum, unknown = 0, 40, 30, 20, 10, 99
	oneStep, earned := ladder.Programme{Demotion: ladder.OneStep}, ladder.Programme{Demotion: ladder.ToEarned}
	for _, c := range []struct {
		name      string
		programme ladder.Programme
		rank, min int64
		skip      bool
		spend     int64
		want      int64
		why       ladder.Reason
	}{
		{"a rank that is reached exactly", oneStep, bronze, none, false, 2000, silver, ladder.EntryMet},
		{"one yen short", oneStep, bronze, none, false, 1999, bronze, ladder.Kept},
		{"over several at once", oneStep, bronze, none, false, 100_000, platinum, ladder.EntryMet},
		{"nobody without a rank stays so", oneStep, none, none, false, 0, bronze, ladder.EntryMet},
		{"a rank that does not exist counts as none", oneStep, unknown, none, false, 5000, gold, ladder.EntryMet},
		{"maintenance met exactly", oneStep, silver, none, false, 1000, silver, ladder.Kept},
		{"maintenance missed by one", oneStep, silver, none, false, 999, bronze, ladder.MaintenanceMissed},
		{"a rank above what is earned is kept while maintenance is met", earned, platinum, none, false, 4000, platinum, ladder.Kept},
		{"one step", oneStep, platinum, none, false, 0, gold, ladder.MaintenanceMissed},
		{"to what was earned", earned, platinum, none, false, 3999, silver, ladder.MaintenanceMissed},
		{"to the lowest", earned, platinum, none, false, 0, bronze, ladder.MaintenanceMissed},
		{"the lowest cannot be left", oneStep, bronze, none, false, -1, bronze, ladder.AtLowest},
		{"a minimum stops the fall", earned, platinum, gold, false, 0, gold, ladder.MaintenanceMissed},
		{"at the minimum", oneStep, gold, gold, false, 0, gold, ladder.AtMinimum},
		{"a minimum below the step does not lift", oneStep, platinum, silver, false, 0, gold, ladder.MaintenanceMissed},
		{"a minimum above the rank keeps it", oneStep, silver, platinum, false, 0, silver, ladder.AtMinimum},
		{"a minimum does not promote", oneStep, bronze, gold, false, 1999, bronze, ladder.Kept},
		{"a minimum that does not exist is none", oneStep, gold, unknown, false, 0, silver, ladder.MaintenanceMissed},
		{"a skip keeps from falling", oneStep, gold, none, true, 0, gold, ladder.Skipped},
		{"a skip keeps from rising", oneStep, bronze, none, true, 9000, bronze, ladder.Skipped},
		{"a skip leaves nobody without a rank", oneStep, none, none, true, 9000, none, ladder.Skipped},
		{"never down", ladder.Programme{NeverRankDown: true}, gold, none, false, 0, gold, ladder.NeverDown},
		{"never down still rises", ladder.Programme{NeverRankDown: true}, silver, none, false, 9000, platinum, ladder.EntryMet},
	} {
		s := ladder.Standing{SkipNext: c.skip, Spend: c.spend}
		if c.rank != none {
			s.Rank = &c.rank
		}
		if c.min != none {
			s.Minimum = &c.min
		}
		got, why := c.programme.Judge(steps(), s)
		if idOf(got) != c.want || why != c.why {
			t.Errorf("%s: %d, %s; want %d, %s", c.name, idOf(got), why, c.want, c.why)
		}
	}
}

func idOf(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

func TestJudgeOnOddLadders(t *testing.T) {
	t.Parallel()
	two := int64(2)
	for _, c := range []struct {
		name  string
		ranks []ladder.Rank
		s     ladder.Standing
		want  int64
		why   ladder.Reason
	}{
		{"no ladder", nil, ladder.Standing{Spend: 100}, 0, ladder.Kept},
		{"nothing is free", []ladder.Rank{{ID: 1, EntrySpend: 10}}, ladder.Standing{Spend: 9}, 0, ladder.Kept},
		{"of equal entries the highest", []ladder.Rank{{ID: 1, EntrySpend: 10}, {ID: 2, EntrySpend: 10}}, ladder.Standing{Spend: 10}, 2, ladder.EntryMet},
		{"a higher rank that is easier", []ladder.Rank{{ID: 1, EntrySpend: 10}, {ID: 2, EntrySpend: 5}}, ladder.Standing{Spend: 7}, 2, ladder.EntryMet},
		{
			"maintenance above entry",
			[]ladder.Rank{{ID: 1}, {ID: 2, EntrySpend: 10, MaintenanceSpend: 20}},
			ladder.Standing{Rank: &two, Spend: 15},
			1, ladder.MaintenanceMissed,
		},
	} {
		if got, why := (ladder.Programme{Demotion: ladder.ToEarned}).Judge(c.ranks, c.s); idOf(got) != c.want || why != c.why {
			t.Errorf("%s: %d, %s; want %d, %s", c.name, idOf(got), why, c.want, c.why)
		}
	}
}

// restated implements the rules a second time, rank by rank, as plainly as possible.
func restated(p ladder.Programme, ranks []ladder.Rank, s ladder.Standing) (int64, ladder.Reason) {
	if s.SkipNext {
		return idOf(s.Rank), ladder.Skipped
	}
	at, minimum := 0, 0 // positions from 1; 0: no rank
	for i, r := range ranks {
		if r.ID == idOf(s.Rank) {
			at = i + 1
		}
		if r.ID == idOf(s.Minimum) {
			minimum = i + 1
		}
	}
	for i := len(ranks); i > at; i-- {
		if s.Spend >= ranks[i-1].EntrySpend {
			return ranks[i-1].ID, ladder.EntryMet
		}
	}
	switch {
	case at == 0 || s.Spend >= ranks[at-1].MaintenanceSpend:
		return idOf(s.Rank), ladder.Kept
	case p.NeverRankDown:
		return idOf(s.Rank), ladder.NeverDown
	case at == 1:
		return idOf(s.Rank), ladder.AtLowest
	case at <= minimum:
		return idOf(s.Rank), ladder.AtMinimum
	}
	for to := at - 1; ; to-- {
		if p.Demotion == ladder.OneStep || s.Spend >= ranks[to-1].EntrySpend || to == minimum || to == 1 {
			return ranks[to-1].ID, ladder.MaintenanceMissed
		}
	}
}

func drawLadder(t *rapid.T) []ladder.Rank {
	ranks := make([]ladder.Rank, rapid.IntRange(0, 6).Draw(t, "ranks"))
	for i := range ranks {
		ranks[i] = ladder.Rank{
			ID: int64(20 - i), Position: int64(i + 1),
			EntrySpend: rapid.Int64Range(0, 12).Draw(t, "entry"), MaintenanceSpend: rapid.Int64Range(0, 12).Draw(t, "maintenance"),
		}
	}
	return ranks
}

func drawStanding(t *rapid.T) ladder.Standing {
	id := rapid.Ptr(rapid.Int64Range(14, 21), true)
	return ladder.Standing{
		Rank: id.Draw(t, "rank"), Minimum: id.Draw(t, "minimum"), Spend: rapid.Int64Range(0, 13).Draw(t, "spend"),
		SkipNext: rapid.IntRange(0, 5).Draw(t, "skip") == 0,
	}
}

func TestJudgeIsTheRulesRestated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ranks, s := drawLadder(t), drawStanding(t)
		p := ladder.Programme{
			NeverRankDown: rapid.Bool().Draw(t, "never down"),
			Demotion:      rapid.SampledFrom([]string{ladder.OneStep, ladder.ToEarned}).Draw(t, "demotion"),
		}
		got, why := p.Judge(ranks, s)
		want, because := restated(p, ranks, s)
		if idOf(got) != want || why != because {
			t.Fatalf("%d, %s; want %d, %s", idOf(got), why, want, because)
		}
		moved := idOf(got) != idOf(s.Rank)
		if moved != (why == ladder.EntryMet || why == ladder.MaintenanceMissed) {
			t.Errorf("from %d to %d because of %s", idOf(s.Rank), idOf(got), why)
		}
	})
}

// heights are the positions of the ranks, by which a rise differs from a fall.
func heights(ranks []ladder.Rank) map[int64]int {
	at := make(map[int64]int)
	for i, r := range ranks {
		at[r.ID] = i + 1
	}
	return at
}

// What a member may count on, whatever the ladder.
func TestNobodyFallsFurtherThanPromised(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ranks, s := drawLadder(t), drawStanding(t)
		at := heights(ranks)
		before := at[idOf(s.Rank)]
		oneStep, _ := ladder.Programme{Demotion: ladder.OneStep}.Judge(ranks, s)
		earned, _ := ladder.Programme{Demotion: ladder.ToEarned}.Judge(ranks, s)
		never, _ := ladder.Programme{Demotion: ladder.ToEarned, NeverRankDown: true}.Judge(ranks, s)
		for what, to := range map[string]int{"one step": at[idOf(oneStep)], "to earned": at[idOf(earned)], "never": at[idOf(never)]} {
			if to < min(before, at[idOf(s.Minimum)]) {
				t.Errorf("%s: fell to %d, below the minimum %d", what, to, at[idOf(s.Minimum)])
			}
			if before > 0 && to == 0 {
				t.Errorf("%s: fell off the ladder", what)
			}
		}
		if at[idOf(oneStep)] < before-1 || at[idOf(earned)] > at[idOf(oneStep)] || at[idOf(never)] < before {
			t.Errorf("from %d: one step to %d, to what was earned %d, never down %d",
				before, at[idOf(oneStep)], at[idOf(earned)], at[idOf(never)])
		}
	})
}

func TestShownAndAbove(t *testing.T) {
	t.Parallel()
	ranks := steps()
	for _, c := range []struct {
		id    int64
		shown string
		above int
	}{{0, "Bronze", 3}, {99, "Bronze", 3}, {40, "Bronze", 3}, {20, "Gold", 1}, {10, "Platinum", 0}} {
		id := &c.id
		if c.id == 0 {
			id = nil
		}
		if shown, above := ladder.Shown(ranks, id), ladder.Above(ranks, id); shown.Name != c.shown || len(above) != c.above {
			t.Errorf("rank %d is shown as %s with %d above", c.id, shown.Name, len(above))
		}
	}
	if ladder.Shown(nil, nil) != nil || ladder.Above(nil, nil) != nil {
		t.Error("there is a rank where there is no ladder")
	}
}
