package sqlstore

import (
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren/pgtest"
)

// emptyDatabases are the ways to the URL of a new database.
func emptyDatabases() map[string]func(t *testing.T) string {
	return map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "copy.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	}
}

// connectTo opens a database without this package.
func connectTo(t *testing.T, url string) *sql.DB {
	t.Helper()
	return (&bundle{url: url}).connect(t)
}

// fill writes rows whose keys are numbers, texts that languages sort otherwise than bytes, and bytes: of one table more than a
// batch has.
func fill(t *testing.T, url string) {
	t.Helper()
	db := connectTo(t, url)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"a", "B", "ab", "a b", "-", "_", "é", "店", "Z", "ア", "ｱ", "😀", "", "a\tb", "𠮷"}
	for tenant := range 3 {
		exec(`INSERT INTO tenants VALUES ($1, $2, '{}', 0, 0)`, tenant+1, fmt.Sprint("sb_", tenant+1))
		exec(`INSERT INTO tenant_rows VALUES ($1)`, tenant+1)
		for i, name := range names {
			exec(`INSERT INTO counters VALUES ($1, $2, $3)`, tenant+1, name, i)
			exec(`INSERT INTO ranks (tenant_id, id, uid, position, name, entry_spend, maintenance_spend, ratio) VALUES ($1, $2, '', 0, $3, 0, 0, $4)`,
				tenant+1, i, name, float64(i)/3)
			exec(`INSERT INTO access_tokens VALUES ($1, $2, 1, '[]', NULL)`, []byte{byte(tenant), 0, byte(255 - i), 0xff}, tenant+1)
			exec(`INSERT INTO kept_answers VALUES ($1, 1, $2, 'k', $3, 200, '', $4, 0)`, tenant+1, name, []byte{}, [][]byte{nil, {}, {0}}[i%3])
			exec(`INSERT INTO uploads VALUES ($1, $2, 'text/plain', 1, $3, 1, 0, 0, $4)`, tenant+1, name, i%2 == 0, i == 1)
			exec(`INSERT INTO member_attachments VALUES ($1, $2, 1, $3, 'PHOTO', NULL, '', 0)`, tenant+1, i, name)
		}
	}
	exec(`INSERT INTO member_spend WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ` + strconv.Itoa(2*batchRows+7) + `)
		SELECT 2, i / 3, CASE i % 3 WHEN 0 THEN 'é' WHEN 1 THEN 'B' ELSE 'a' END, i FROM n`)
	if err := errors.Join(tx.Commit(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// contents reads all tables, without what Transfer relies on: each row as a text, and the rows in the order of these.
func contents(t *testing.T, url string) map[string][]string {
	t.Helper()
	db := connectTo(t, url)
	defer db.Close()
	query := "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	if strings.HasPrefix(url, "sqlite:") {
		query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
	}
	var names []string
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if name != "goose_db_version" && name != "migration_lease" {
			names = append(names, name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for _, name := range names {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		all[name] = []string{}
		for rows.Next() {
			values, refs := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				refs[i] = &values[i]
			}
			if err := rows.Scan(refs...); err != nil {
				t.Fatal(err)
			}
			cells := make([]string, len(columns))
			for i, v := range values {
				if b, is := v.(bool); is {
					v = 0
					if b {
						v = 1
					}
				}
				cells[i] = fmt.Sprintf("%s=%T %[2]v", columns[i], v)
			}
			slices.Sort(cells)
			all[name] = append(all[name], strings.ReplaceAll(strings.Join(cells, " "), "=int64 ", "=int "))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(all[name])
	}
	return all
}

// TestTransferGoesOn stops copies at every batch, between each two engines: the last run finds the rest, and nothing is missing or
// there twice.
func TestTransferGoesOn(t *testing.T) {
	t.Parallel()
	for fromName, from := range emptyDatabases() {
		for toName, to := range emptyDatabases() {
			t.Run(fromName+" to "+toName, func(t *testing.T) {
				t.Parallel()
				from, to := from(t), to(t)
				openings(t, from, 1)
				fill(t, from)
				var told []Progress
				runs := 0
				for stopped := true; stopped; runs++ {
					stopped = false
					ctx, stop := context.WithCancel(t.Context())
					done, err := Transfer(ctx, from, to, func(p Progress) {
						if !slices.Contains(told, p) {
							told = append(told, p)
							stopped = true
							stop()
						}
					})
					stop()
					if stopped && !errors.Is(err, context.Canceled) {
						t.Fatalf("a copy that was stopped: %v", err)
					}
					if !stopped && (err != nil || done.Earlier != done.Rows || done.Files != 42) {
						t.Fatalf("the last run: %+v, %v", done, err)
					}
					if db, err := Open(t.Context(), Config{URL: to, ReadOnly: runs%2 == 0}); stopped != errors.Is(err, ErrUnfinishedCopy) {
						t.Fatalf("after a run that was stopped (%t), a server says %v", stopped, err)
					} else if err == nil {
						db.Close()
					}
				}
				if len(told) < 9 || runs != len(told)+1 {
					t.Errorf("%d runs were told %+v", runs, told)
				}
				if diff := cmp.Diff(contents(t, from), contents(t, to)); diff != "" {
					t.Errorf("the copy (-source +target):\n%s", diff)
				}
				if _, err := Transfer(t.Context(), from, to, nil); err == nil || !strings.Contains(err.Error(), "has to be new") {
					t.Errorf("a copy over a whole one: %v", err)
				}
			})
		}
	}
}

// TestTransferToASlowTarget: what is read waits for what is written, for longer than a request may be idle in a transaction.
func TestTransferToASlowTarget(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Database(t), emptyDatabases()["sqlite"](t)
	openings(t, from, 1)
	fill(t, from)
	slow := sync.OnceFunc(func() { time.Sleep(time.Second) })
	if _, err := Transfer(t.Context(), with(from, "idle_in_transaction_session_timeout=300"), to, func(Progress) { slow() }); err != nil {
		t.Error(err)
	}
}

// TestTransferOfTheReleaseBefore copies what that has stored, migrated, into tables that are distributed, as far as PostgreSQL
// stands for that.
func TestTransferOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	from, to := emptyDatabases()["sqlite"](t), pgtest.Citus(t)
	packed, err := os.Open(filepath.Join("..", "app", "testdata", "stored", "0.1.0.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacking, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := io.ReadAll(unpacking)
	if err == nil {
		err = os.WriteFile(strings.TrimPrefix(from, "sqlite:"), stored, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	openings(t, from, 1)
	if _, err := Transfer(t.Context(), from, to, nil); err != nil {
		t.Fatal(err)
	}
	var placed int
	if err := connectTo(t, to).QueryRow("SELECT COUNT(*) FROM citus_tables").Scan(&placed); err != nil || placed < len(transferred()) {
		t.Errorf("%d tables are distributed, error %v", placed, err)
	}
	got, full := contents(t, to), 0
	for table, rows := range contents(t, from) {
		if len(rows) > 0 {
			full++
		}
		if diff := cmp.Diff(rows, got[table]); diff != "" {
			t.Errorf("%s (-source +target):\n%s", table, diff)
		}
	}
	if full < 25 {
		t.Errorf("only %d tables have rows", full)
	}
}

// notMade fails where a database has anything of ours: a server would start on it as on a new one.
func notMade(t *testing.T, url string) {
	t.Helper()
	if file, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a target was made of a source that cannot be read: %v", err)
		}
		return
	}
	if tables := contents(t, url); len(tables) > 0 {
		t.Errorf("%d tables were made for a source that cannot be read", len(tables))
	}
}

// TestTransferRefuses looks at sources and targets that would not give, or be, a copy.
func TestTransferRefuses(t *testing.T) {
	t.Parallel()
	for name, empty := range emptyDatabases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := func(from, to, want string) {
				t.Helper()
				if _, err := Transfer(t.Context(), from, to, nil); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %s", err, want)
				}
			}
			exec := func(url, query string) {
				t.Helper()
				db := connectTo(t, url)
				if _, err := db.ExecContext(t.Context(), query); err != nil {
					t.Fatal(err)
				}
				db.Close()
			}
			from := empty(t)
			untouched := empty(t)
			refused(from, untouched, "this program needs")
			refused("sqlite:"+filepath.Join(t.TempDir(), "none.db"), untouched, "the source: ")
			notMade(t, untouched)
			openings(t, from, 1)
			fill(t, from)
			refused("mysql:x", empty(t), "sqlite:PATH or postgres://")
			refused(from, "sqlite:"+filepath.Join(t.TempDir(), "none", "x.db"), "the target: ")

			// A server is connected to the one or the other.
			to := empty(t)
			for _, running := range []string{from, to} {
				db, err := Open(t.Context(), Config{URL: running})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := db.Ping(t.Context()); err != nil {
					t.Fatal(err)
				}
				refused(from, to, "has it open")
				db.Close()
			}

			exec(to, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
			refused(from, to, "9999")
			exec(to, `DELETE FROM goose_db_version WHERE version_id = 9999`)
			refused(to, from, "the target: it has data already")

			// One run takes over from another, and the source is written to meanwhile.
			ctx, stop := context.WithCancel(t.Context())
			_, err := Transfer(ctx, from, to, func(Progress) {
				if strings.HasPrefix(to, "postgres") { // which two can have open
					exec(to, `UPDATE copying SET run = 'another'`)
				} else {
					stop()
				}
			})
			stop()
			if !errors.Is(err, errTakenOver) && !errors.Is(err, context.Canceled) {
				t.Errorf("of a run that was taken over: %v", err)
			}
			refused(to, empty(t), "noren copy again")
			exec(from, `UPDATE tenants SET settings = '{ }' WHERE id = 1`)
			refused(from, to, "differs from the source in tenants (3 rows in the source, 3 in the target)")
			if _, err := Open(t.Context(), Config{URL: to}); !errors.Is(err, ErrUnfinishedCopy) {
				t.Errorf("a server on a copy that differs: %v", err)
			}
		})
	}
}
