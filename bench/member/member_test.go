package member

import (
	"context"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/bench/figures"
	"noren/bench/floor/floortest"
	"noren/bench/seed"
)

// setup makes a shop with points and both sides of the comparison.
func setup(t testing.TB, p seed.Place, members int) *sides {
	t.Helper()
	url, err := seed.Seed(t.Context(), p, members, figures.Progress{To: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addShop(t.Context(), p, url, members); err != nil {
		t.Fatal(err)
	}
	s, err := newSides(t.Context(), p, url, members)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := p.Drop(context.Background(), url); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestMemberFloorWritesWhatNorenWrites checks the same as TestFloorWritesWhatNorenWrites for the bulk writes of the ReCORE
// dialect.
func TestMemberFloorWritesWhatNorenWrites(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range floortest.Places(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := setup(t, newPlace(t), 150)
			raw, err := s.Place.Open(s.URLs[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			ledger := []string{"point_lots", "point_entries", "point_burns"}
			before := floortest.Dump(t, raw, ledger...)
			for _, write := range s.writes() {
				if _, err := figures.Turns(t.Context(), 2, write.noren, write.floor); err != nil {
					t.Fatal(err)
				}
				noren, floor := floortest.Dump(t, raw, ledger...), floortest.Dump(t, s.DB, ledger...)
				delete(floor, "lanes") // the floor has a row from the beginning, Noren from its first bulk request on
				delete(noren, "lanes")
				for _, table := range slices.Sorted(maps.Keys(noren)) {
					if diff := cmp.Diff(noren[table], floor[table]); diff != "" {
						t.Errorf("after %s, %s differs (-noren +floor):\n%s", write.name, table, diff)
					}
				}
			}
			after := floortest.Dump(t, raw, ledger...)
			for _, table := range append(ledger, "members", "member_changes", "audit", "counters") {
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

// TestMemberReadsByHand checks that the reads by hand find every member.
func TestMemberReadsByHand(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range floortest.Places(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := setup(t, newPlace(t), 10)
			reads, err := NewReads(t.Context(), s.Place, s.URLs[1], 2)
			if err != nil {
				t.Fatal(err)
			}
			defer reads.Close()
			for id := range int64(10) {
				if err := reads.read(t.Context(), id+1); err != nil {
					t.Error(err)
				}
			}
			if err := reads.read(t.Context(), 12); err == nil {
				t.Error("a member was read that is not there")
			}
		})
	}
}

func TestKeywordsHaveTheirHits(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range floortest.Places(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			const members = 300
			s := setup(t, newPlace(t), members)
			for _, k := range keywords(members) {
				found, err := s.Noren.Service.Members.List(t.Context(), s.Noren.Caller, noren.MemberFilter{Keyword: k.text})
				if err != nil || k.hits == 0 || found.Total != k.hits || k.atMost == 0 || len([]rune(k.text)) != 2 {
					t.Errorf("%+v is found %d times, error %v", k, found.Total, err)
				}
			}
			for _, search := range searches(members) {
				found, err := s.Noren.Service.Members.List(t.Context(), s.Noren.Caller, search.filter)
				if err != nil || found.Total == 0 {
					t.Errorf("%s is found %d times, error %v", search.what, found.Total, err)
				}
			}
		})
	}
}
