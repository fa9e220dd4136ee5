package sqlstore

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
	"noren/sharding"
)

// tenant is whose rows the tests of this package write; none of the tables they use refers to tenants.
const tenant noren.TenantID = 1

// bundle is an open database, with short ways to write and read signing keys, the plainest of the tables.
type bundle struct {
	*DB
	url        string
	statements atomic.Int64 // sent so far
}

// setupSQLite opens a new SQLite database. params are added to its URL.
func setupSQLite(t testing.TB, params ...string) *bundle {
	return setup(t, "sqlite:"+filepath.Join(t.TempDir(), "noren.db")+"?"+strings.Join(params, "&"))
}

// eachEngine runs a test on a new database of each engine.
func eachEngine(t *testing.T, run func(t *testing.T, b *bundle)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, setupSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, setup(t, pgtest.Database(t)))
	})
}

func setup(t testing.TB, url string) *bundle {
	t.Helper()
	b := &bundle{url: url}
	watch := sharding.NewWatch(func(what string) {
		if !strings.Contains(what, "batch") { // a table that tests make
			t.Error(what)
		}
	})
	db, err := Open(t.Context(), Config{URL: url, Clock: fixedClock, OnStatement: func(query string) {
		b.statements.Add(1)
		if strings.HasPrefix(url, "postgres") {
			watch.Sent(query)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	b.DB = db
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func fixedClock() time.Time { return time.Date(2026, time.April, 1, 3, 0, 0, 0, time.UTC) }

// put returns a closure that stores a signing key.
func put(ctx context.Context, name string) func(*tx) error {
	return putLong(ctx, name, "secret")
}

func putLong(ctx context.Context, name, secret string) func(*tx) error {
	return func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO signing_keys (tenant_id, name, secret) VALUES (?, ?, ?)`, t.tenant, name, secret)
		return err
	}
}

// names lists the signing keys that are committed.
func (b *bundle) names(t testing.TB) (names []string) {
	t.Helper()
	err := b.view(t.Context(), tenant, func(tx *tx) error {
		rows, err := tx.query(t.Context(), `SELECT name FROM signing_keys WHERE tenant_id = ? ORDER BY name`, tenant)
		names, err = collect(rows, err, func(row scannable) (name string, err error) {
			err = row.Scan(&name)
			return name, err
		})
		return err
	})
	if err != nil {
		t.Error(err) // not Fatal: closures ask too, on the writer's goroutine
	}
	return names
}

// pinged is the error of Ping.
func pinged(db *DB) error {
	_, err := db.Ping(context.Background())
	return err
}
