package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
)

// setupMembers makes a shop with points and both sides of the comparison.
func setupMembers(t testing.TB, p place, members int) *memberSides {
	t.Helper()
	url, err := seed(t.Context(), p, members, progress{io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addMemberShop(t.Context(), p, url, members); err != nil {
		t.Fatal(err)
	}
	s, err := newMemberSides(t.Context(), p, url, members)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := p.drop(context.Background(), url); err != nil {
			t.Error(err)
		}
	})
	return s
}

// What TestFloorWritesWhatNorenWrites says holds for the bulk writes of the ReCORE dialect too.
func TestMemberFloorWritesWhatNorenWrites(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range testPlaces(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := setupMembers(t, newPlace(t), 150)
			raw, err := s.place.open(s.urls[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			ledger := []string{"point_lots", "point_entries", "point_burns"}
			before := dump(t, raw, engine, ledger...)
			for _, write := range s.writes() {
				if _, err := turns(t.Context(), 2, write.noren, write.floor); err != nil {
					t.Fatal(err)
				}
				noren, floor := dump(t, raw, engine, ledger...), dump(t, s.db, engine, ledger...)
				delete(floor, "lanes") // the floor has an entry from the beginning, Noren since its first bulk request
				delete(noren, "lanes")
				for _, table := range slices.Sorted(maps.Keys(noren)) {
					if diff := cmp.Diff(noren[table], floor[table]); diff != "" {
						t.Errorf("after %s, %s differs (-noren +floor):\n%s", write.name, table, diff)
					}
				}
			}
			after := dump(t, raw, engine, ledger...)
			for _, table := range append(ledger, "members", "member_search", "audit", "counters") {
				if cmp.Equal(before[table], after[table]) {
					t.Errorf("nothing was written to %s", table)
				}
			}
			checks, err := s.noren.service.Verify(t.Context())
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

// The reads by hand find every member.
func TestMemberReadsByHand(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range testPlaces(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := setupMembers(t, newPlace(t), 10)
			reads, err := newMemberReads(t.Context(), s.place, s.urls[1], 2)
			if err != nil {
				t.Fatal(err)
			}
			defer reads.db.Close()
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
	for engine, newPlace := range testPlaces(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			const members = 300
			s := setupMembers(t, newPlace(t), members)
			for _, k := range keywords(members) {
				found, err := s.noren.service.Members(t.Context(), s.noren.caller, noren.MemberFilter{Keyword: k.text})
				if err != nil || k.hits == 0 || found.Total != k.hits || k.atMost == 0 || len([]rune(k.text)) != 2 {
					t.Errorf("%+v is found %d times, error %v", k, found.Total, err)
				}
			}
			for _, search := range searches(members) {
				found, err := s.noren.service.Members(t.Context(), s.noren.caller, search.filter)
				if err != nil || found.Total == 0 {
					t.Errorf("%s is found %d times, error %v", search.what, found.Total, err)
				}
			}
		})
	}
}
