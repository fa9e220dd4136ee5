// Package floortest has what the tests and benchmarks of bench have in common: a shop on each engine with both sides of
// the comparison, and the contents of their tables. Only tests import it.
package floortest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren/bench/figures"
	"noren/bench/floor"
	"noren/bench/seed"
	"noren/pgtest"
)

// Places returns a place for each engine, on the server that tests use. It is not fit for measuring.
func Places(t *testing.T) map[string]func(*testing.T) seed.Place {
	t.Helper()
	return map[string]func(*testing.T) seed.Place{
		"sqlite":   func(t *testing.T) seed.Place { return seed.SQLite{Dir: t.TempDir()} },
		"postgres": func(t *testing.T) seed.Place { return seed.Postgres{Admin: pgtest.Admin(t)} },
	}
}

// Setup makes a shop of that many members and both sides of the comparison.
func Setup(t testing.TB, p seed.Place, members, conns int) *floor.Sides {
	t.Helper()
	url, err := seed.Seed(t.Context(), p, members, figures.Progress{To: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	s, err := floor.NewSides(t.Context(), p, url, members, conns)
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

// madeUp are the columns whose values differ between any two runs.
var madeUp = []string{
	"token", "accepted_at", "applied_at", "at", "updated_at", "created_at", "owed_at", "next_at", "settings", "granted_at",
}

// Dump returns the rows of every table, and of the queries in more, as text, without the columns in madeUp.
func Dump(t *testing.T, db *sql.DB, more ...string) map[string][]string {
	t.Helper()
	tables := [...]string{"lanes", "counters", "members", "member_changes", "audit", "bulk_requests", "callbacks", "callback_attempts"}
	all := make(map[string][]string)
	for _, table := range append(more, tables[:]...) {
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
			// NULL is left out, so that a column that only Noren names is no difference.
			if row[i] != nil && !slices.Contains(madeUp, name) {
				cells = append(cells, fmt.Sprintf("%s=%v", name, row[i]))
			}
		}
		list = append(list, strings.Join(cells, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	// Without an order of its own: what matters is what is there.
	slices.Sort(list)
	return list
}

// envMembers is the environment variable for the number of members in the shop that benchmarks run on; 1000 if unset.
const envMembers = "NOREN_BENCH_MEMBERS"

// EachPlace runs a benchmark on each engine, on servers that flush what they commit.
func EachPlace(b *testing.B, run func(b *testing.B, p seed.Place, members int)) {
	members := 1000
	if text := os.Getenv(envMembers); text != "" {
		var err error
		if members, err = strconv.Atoi(text); err != nil || members < 1 {
			b.Fatalf("%s=%s is not a number of members", envMembers, text)
		}
	}
	b.Run("sqlite", func(b *testing.B) { run(b, seed.SQLite{Dir: b.TempDir()}, members) })
	b.Run("postgres", func(b *testing.B) {
		admin := os.Getenv(pgtest.EnvURL)
		if admin == "" {
			var stop func()
			var err error
			if admin, stop, err = pgtest.StartDurable(); err != nil {
				b.Skip(err)
			}
			b.Cleanup(stop)
		}
		run(b, seed.Postgres{Admin: admin}, members)
	})
}

// MedianOf reports the median of the times that do returns as the time of one operation.
func MedianOf(b *testing.B, do func(context.Context) (time.Duration, error)) {
	var took figures.Samples
	for b.Loop() {
		t, err := do(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, t)
	}
	b.ReportMetric(float64(took.Median().Nanoseconds()), "ns/op")
}
