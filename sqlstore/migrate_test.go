package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren/pgtest"
)

// openings opens the database n times at once, and closes it n times.
func openings(t *testing.T, url string, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			db, err := Open(t.Context(), Config{URL: url, Clock: fixedClock})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := db.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// versions lists the migrations that were run.
func (b *bundle) versions(t *testing.T) (versions []int64) {
	t.Helper()
	err := b.read(t.Context(), func(tx *tx) error {
		rows, err := tx.query(t.Context(), `SELECT version_id FROM goose_db_version ORDER BY id`)
		versions, err = collect(rows, err, func(row scannable) (v int64, err error) {
			err = row.Scan(&v)
			return v, err
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return versions
}

func TestEachMigrationRunsOnce(t *testing.T) {
	t.Parallel()
	want := map[string][]int64{
		"sqlite":   {0, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 20, 21, 22, 23, 28, 32, 33, 42, 48, 49, 52, 53, 58, 63, 68, 72, 74, 76},
		"postgres": {0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 23, 28, 32, 33, 42, 48, 49, 52, 53, 58, 63, 68, 72, 74, 76},
	}
	eachEngine(t, func(t *testing.T, b *bundle) {
		openings(t, b.url, 2)
		if diff := cmp.Diff(want[b.flavor.name], b.versions(t)); diff != "" {
			t.Errorf("migrations (-want +got):\n%s", diff)
		}
	})
}

func TestSeveralProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "noren.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := newURL(t)
			openings(t, url, 4)
			versions := setup(t, url).versions(t)
			if slices.Sort(versions); len(slices.Compact(slices.Clone(versions))) != len(versions) {
				t.Errorf("a migration was run twice: %v", versions)
			}
		})
	}
}

// A program that is older than the schema refuses to start, and says with what to start.
func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		if _, err := b.connect(t).Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
			t.Fatal(err)
		}
		for _, readOnly := range []bool{false, true} {
			_, err := Open(t.Context(), Config{URL: b.url, Clock: fixedClock, ReadOnly: readOnly})
			if err == nil || !strings.Contains(err.Error(), "version 9999") || !strings.Contains(err.Error(), "or a later one") {
				t.Errorf("read only %t: %v", readOnly, err)
			}
		}
	})
}

func TestLease(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		db := b.connect(t)
		ctx := t.Context()
		clock := fixedClock()
		one := &lease{db: db, flavor: b.flavor, clock: func() time.Time { return clock }, holder: "one"}
		two := &lease{db: db, flavor: b.flavor, clock: one.clock, holder: "two"}
		for i, step := range []struct {
			by    *lease
			after time.Duration
			held  bool
		}{
			{one, 0, true},
			{two, 0, false},
			{two, migrationLease - time.Second, false},
			{one, 0, true}, // extended
			{two, 2 * time.Second, false},
			{two, migrationLease, true}, // one has not extended it
			{one, 0, false},
		} {
			clock = clock.Add(step.after)
			if held, err := step.by.try(ctx); err != nil || held != step.held {
				t.Fatalf("step %d: held %t, error %v", i, held, err)
			}
		}
		if err := one.release(ctx); err != nil { // not its own any more
			t.Fatal(err)
		}
		if held, err := one.try(ctx); err != nil || held {
			t.Fatalf("took the lease of another: %t, %v", held, err)
		}
		if err := two.release(ctx); err != nil {
			t.Fatal(err)
		}
		if held, err := one.try(ctx); err != nil || !held {
			t.Fatalf("a lease that was given back is not free: %t, %v", held, err)
		}
	})
}

// TestLeaseOfTheDeadIsWaitedFor lets the time go on only while somebody asks for it.
func TestLeaseOfTheDeadIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	db := b.connect(t)
	dead := &lease{db: db, flavor: b.flavor, clock: fixedClock, holder: "dead"}
	if err := dead.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := 0
	heir := &lease{db: db, flavor: b.flavor, holder: "heir", clock: func() time.Time {
		asked++
		return fixedClock().Add(time.Duration(asked) * migrationLease / 3)
	}}
	if err := heir.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	if asked != 3 {
		t.Errorf("taken after asking %d times, want 3", asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dead.take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting without a caller: %v", err)
	}
}

// connect opens the database beside the bundle's own connections.
func (b *bundle) connect(t *testing.T) *sql.DB {
	t.Helper()
	driver, source := "pgx", b.url
	if path, ok := strings.CutPrefix(b.url, "sqlite:"); ok {
		driver = "sqlite"
		var err error
		if source, err = sqliteSource(path, false); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
