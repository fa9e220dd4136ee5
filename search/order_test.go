package search_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"noren/search"
)

// TestOrderKeepsTheFirst compares the candidates with sorting all hits.
func TestOrderKeepsTheFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		members := make([]int64, rapid.IntRange(0, 300).Draw(rt, "members"))
		for i := range members {
			members[i] = int64(i*3 + 1)
		}
		ordered := slices.Clone(members)
		random.Shuffle(len(ordered), func(i, j int) { ordered[i], ordered[j] = ordered[j], ordered[i] })
		o := search.NewOrder(ordered)
		var hits, late, want []int64
		for id := range int64(1000) {
			if random.IntN(4) == 0 {
				late = append(late, id)
			}
			if random.IntN(3) == 0 {
				hits = append(hits, id)
				if _, isLate := slices.BinarySearch(late, id); isLate || !slices.Contains(members, id) {
					want = append(want, id)
				}
			}
		}
		n, down := rapid.IntRange(0, 40).Draw(rt, "first"), rapid.Bool().Draw(rt, "down")
		asked := n
		if down {
			slices.Reverse(ordered)
		}
		for _, id := range ordered {
			_, isHit := slices.BinarySearch(hits, id)
			if _, isLate := slices.BinarySearch(late, id); isHit && !isLate && n > 0 {
				want = append(want, id)
				n--
			}
		}
		slices.Sort(want)
		got, total := o.First(slices.Values(hits), asked, down, late)
		slices.Sort(got)
		if !slices.Equal(got, want) || total != len(hits) {
			rt.Fatalf("the first %d are among %v of %d, want %v of %d", asked, got, total, want, len(hits))
		}
	})
}
