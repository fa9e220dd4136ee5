package floor

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren/bench/seed"
)

// TestMakerRepeatsItself checks that two makers make the same works, for Noren and the floor, and that a work changes
// something in each of its members.
func TestMakerRepeatsItself(t *testing.T) {
	t.Parallel()
	a, b := NewMaker(1, 500), NewMaker(1, 500)
	for _, c := range Changes() {
		first, again := a.Next(c), b.Next(c)
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(Work{})); diff != "" {
			t.Errorf("%s: two makers differ:\n%s", c, diff)
		}
		if len(first.Members) != 100 {
			t.Errorf("%s: %d members", c, len(first.Members))
		}
	}
	for round := range 1516 {
		if seed.NameOf(3, round) == seed.NameOf(3, 1516) {
			t.Fatalf("the names of round %d come again in round 1516", round)
		}
	}
}
