package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"noren"
)

func TestURLsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("not a database, and long enough to be told from one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"":                            "sqlite:PATH or postgres://",
		"mysql://root:hidden@host/db": "sqlite:PATH or postgres://",
		"noren.db":                    "sqlite:PATH or postgres://",
		"sqlite:":                     "does not name a file",
		"sqlite::memory:":             "does not name a file",
		"sqlite:file:noren.db":        "does not name a file",
		"sqlite:" + filepath.Join(dir, "missing", "x.db"): "no such file or directory",
		"sqlite:" + filepath.Join(file, "x.db"):           "not a directory",
		"sqlite:" + file:                                  "not a database",
		"sqlite:" + filepath.Join(dir, "x.db?_txlock=x"):  "",
		"postgres://user:hidden@127.0.0.1:1/db":           "connection refused",
		"postgres://user:hidden@[":                        "cannot parse",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			db, err := Open(t.Context(), Config{URL: url})
			switch {
			case want == "" && err == nil:
				db.Close()
			case want == "" || err == nil || !strings.Contains(err.Error(), want):
				t.Errorf("got %v, want %q", err, want)
			case strings.Contains(err.Error(), "hidden"):
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestSQLiteSettings(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t, "_pragma=cache_size(-4096)", "_pragma=busy_timeout(17)")
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "0", "busy_timeout": "17", "cache_size": "-4096",
	}
	for setting, want := range want {
		for _, run := range []func(fn func(*tx) error) error{
			func(fn func(*tx) error) error { return b.update(t.Context(), tenant, fn) },
			func(fn func(*tx) error) error { return b.view(t.Context(), tenant, fn) },
		} {
			var got any
			err := run(func(tx *tx) error { return tx.queryRow(t.Context(), "PRAGMA "+setting).Scan(&got) })
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s is %v (%v), want %s", setting, got, err, want)
			}
		}
	}
}

func TestViewCannotWrite(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		if err := b.view(t.Context(), tenant, put(t.Context(), "x")); err == nil {
			t.Error("a view wrote")
		}
		if err := b.update(t.Context(), tenant, put(t.Context(), "x")); err != nil {
			t.Errorf("after a view that failed: %v", err)
		}
	})
}

// TestFailedStatementSpoilsTheTransaction holds on every engine: what PostgreSQL does by itself.
func TestFailedStatementSpoilsTheTransaction(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		var first, second error
		err := b.update(ctx, tenant, func(tx *tx) error {
			if err := put(ctx, "x")(tx); err != nil {
				return err
			}
			first = put(ctx, "x")(tx)
			second = put(ctx, "y")(tx)
			return nil
		})
		if first == nil || second != first || err != first {
			t.Errorf("errors %v, then %v, then of the transaction %v", first, second, err)
		}
		if !uniqueViolation(first) {
			t.Errorf("not seen as a unique violation: %v", first)
		}
		if names := b.names(t); len(names) > 0 {
			t.Errorf("stored %q", names)
		}
	})
}

func TestStatementsOfAnAccept(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		for _, n := range []int{1, 1, 100} { // the first makes the lane
			requests, rows := make([]noren.BulkRequest, n), make([][]byte, n)
			for i := range requests {
				requests[i].Token, rows[i] = noren.NewSecret(""), []byte("{}")
			}
			b.statements.Store(0)
			err := b.Update(t.Context(), tenant, func(tx noren.Tx) error {
				_, err := tx.AcceptBulk(t.Context(), requests, rows)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := int64(2)
		if b.flavor.unnests {
			want = 1 // the numbers are taken where they are used
		}
		if sent := b.statements.Load(); sent != want {
			t.Errorf("%d statements, want %d", sent, want)
		}
	})
}

func TestClosedDatabaseRefuses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		for range 2 { // closing again changes nothing
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
		wantUnavailable(t, b.update(t.Context(), tenant, put(t.Context(), "x")))
		wantUnavailable(t, b.view(t.Context(), tenant, func(*tx) error { return nil }))
		wantUnavailable(t, pinged(b.DB))
	})
}

// TestNewFileIsItsOwners looks at the modes of the file and of those beside it, which hold members' data and secrets.
func TestNewFileIsItsOwners(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := Open(t.Context(), Config{URL: "sqlite:" + filepath.Join(dir, "noren.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.update(t.Context(), 1, func(x *tx) error {
		_, err := x.exec(t.Context(), "CREATE TABLE written (n bigint)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) < 2 {
		t.Fatalf("files %v, %v; want the database and its log", names, err)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v", name, info.Mode(), err)
		}
	}
}
