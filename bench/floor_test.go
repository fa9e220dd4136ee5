package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"noren/storetest"

	"github.com/google/go-cmp/cmp"
)

// testPlaces answers a place for each engine, on the server that tests use, where nothing is measured.
func testPlaces(t *testing.T) map[string]func(*testing.T) place {
	t.Helper()
	return map[string]func(*testing.T) place{
		"sqlite":   func(t *testing.T) place { return sqlitePlace{t.TempDir()} },
		"postgres": func(t *testing.T) place { return postgresPlace{storetest.SharedPostgres(t)} },
	}
}

// setup makes a shop of that many members and both sides of the comparison.
func setup(t testing.TB, p place, members, conns int) *sides {
	t.Helper()
	url, err := seed(t.Context(), p, members, progress{io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSides(t.Context(), p, url, members, conns)
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

// A ratio to the floor says something only if both do the same work. So every table has to hold the same rows after
// both, but for what is made up: times and random tokens.
func TestFloorWritesWhatNorenWrites(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range testPlaces(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := setup(t, newPlace(t), 150, 2)
			raw, err := s.place.open(s.urls[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			before := dump(t, raw, engine)
			for _, c := range slices.Concat(changes(), changes()) {
				if _, _, err := s.measureApply(t.Context(), c, 2); err != nil {
					t.Fatal(err)
				}
				noren, floor := dump(t, raw, engine), dump(t, s.db, engine)
				for _, table := range slices.Sorted(maps.Keys(noren)) {
					if diff := cmp.Diff(noren[table], floor[table]); diff != "" {
						t.Errorf("after %s, %s differs (-noren +floor):\n%s", c, table, diff)
					}
				}
			}
			after := dump(t, raw, engine)
			for _, table := range []string{"members", "member_search", "audit", "bulk_requests", "callbacks", "counters"} {
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

// Accepting by hand stores what Noren stores.
func TestFloorAcceptsAsNorenDoes(t *testing.T) {
	t.Parallel()
	for engine, newPlace := range testPlaces(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := setup(t, newPlace(t), 10, 4)
			a, err := newAcceptors(t.Context(), s, 3)
			if err != nil {
				t.Fatal(err)
			}
			defer a.close()
			raw, err := s.place.open(s.urls[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			for caller := range 3 {
				if err := a.noren(t.Context(), caller); err != nil {
					t.Fatal(err)
				}
				if err := a.numbered(t.Context(), caller); err != nil {
					t.Fatal(err)
				}
			}
			noren, floor := dump(t, raw, engine), dump(t, s.db, engine)
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

// madeUp are the columns that two runs never have in common.
var madeUp = []string{"token", "accepted_at", "applied_at", "at", "updated_at", "created_at", "owed_at", "next_at", "settings", "granted_at"}

// dump answers the rows of every table, and of more, as text, without what is made up.
func dump(t *testing.T, db *sql.DB, engine string, more ...string) map[string][]string {
	t.Helper()
	tables := append(more, "lanes", "counters", "members", "member_search", "audit", "bulk_requests", "callbacks", "callback_attempts")
	if engine == "sqlite" {
		tables = append(tables, "member_token_uses")
	} else {
		tables = append(tables, "token_members", "gram_blocks")
	}
	all := make(map[string][]string)
	for _, table := range tables {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		all[table] = texts(t, rows)
	}
	return all
}

func texts(t *testing.T, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for rows.Next() {
		row, dest := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var cells []string
		for i, name := range names {
			if text, ok := row[i].([]byte); ok {
				row[i] = string(text)
			}
			if row[i] != nil && !slices.Contains(madeUp, name) {
				cells = append(cells, fmt.Sprintf("%s=%v", name, row[i]))
			}
		}
		list = append(list, strings.Join(cells, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}
