package floor_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren/bench/floor"
	"noren/bench/floor/floortest"
)

// TestFloorWritesWhatNorenWrites checks that both sides do the same work: otherwise a ratio of the two says nothing. Every
// table must have the same rows after both, except for times and random tokens.
func TestFloorWritesWhatNorenWrites(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range floortest.Places(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := floortest.Setup(t, newPlace(t), 150, 2)
			raw, err := s.Place.Open(s.URLs[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			before := floortest.Dump(t, raw)
			for _, c := range slices.Concat(floor.Changes(), floor.Changes()) {
				if _, _, err := s.MeasureApply(t.Context(), c, 2); err != nil {
					t.Fatal(err)
				}
				noren, floor := floortest.Dump(t, raw), floortest.Dump(t, s.DB)
				for _, table := range slices.Sorted(maps.Keys(noren)) {
					if diff := cmp.Diff(noren[table], floor[table]); diff != "" {
						t.Errorf("after %s, %s differs (-noren +floor):\n%s", c, table, diff)
					}
				}
			}
			after := floortest.Dump(t, raw)
			for _, table := range []string{"members", "member_changes", "audit", "bulk_requests", "callbacks", "counters"} {
				if cmp.Equal(before[table], after[table]) {
					t.Errorf("nothing was written to %s", table)
				}
			}
			checks, err := s.Noren.Service.Engine.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range checks {
				if c.Violated > 0 {
					t.Errorf("%s: %v", c.Name, c.Violations)
				}
			}
		})
	}
}

// TestFloorAcceptsAsNorenDoes checks that accepting by hand stores what Noren stores.
func TestFloorAcceptsAsNorenDoes(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range floortest.Places(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := floortest.Setup(t, newPlace(t), 10, 4)
			a, err := floor.NewAcceptors(t.Context(), s, 3)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			raw, err := s.Place.Open(s.URLs[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			for caller := range 3 {
				if err := a.Noren(t.Context(), caller); err != nil {
					t.Fatal(err)
				}
				if err := a.Numbered(t.Context(), caller); err != nil {
					t.Fatal(err)
				}
			}
			noren, floor := floortest.Dump(t, raw), floortest.Dump(t, s.DB)
			for _, table := range []string{"bulk_requests", "counters", "lanes"} {
				if len(noren[table]) == 0 {
					t.Errorf("%s is empty", table)
				}
				if diff := cmp.Diff(noren[table], floor[table]); diff != "" {
					t.Errorf("%s differs (-noren +floor):\n%s", table, diff)
				}
			}
		})
	}
}
