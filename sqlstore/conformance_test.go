package sqlstore_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"noren"
	"noren/pgtest"
	"noren/sharding"
	"noren/sqlstore"
	"noren/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// migrated returns copies of an empty database on PostgreSQL, or on one that stands for Citus.
var migrated, distributed = pgtest.Prepared(pgtest.Database, migrate), pgtest.PreparedCitus(migrate)

func migrate(url string) error {
	db, err := sqlstore.Open(context.Background(), sqlstore.Config{URL: url})
	if err != nil {
		return err
	}
	return db.Close()
}

// engines are the databases that everything has to be the same on. Each returns the URL of an empty one.
var engines = map[string]func(t *testing.T) string{
	"sqlite":   sqliteURL,
	"postgres": func(t *testing.T) string { return migrated(t) },
}

func sqliteURL(t *testing.T) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "noren.db")
}

// onEachEngine runs a test as a subtest of each engine.
func onEachEngine(t *testing.T, run func(t *testing.T, newURL func(t *testing.T) string)) {
	t.Helper()
	for name, newURL := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, newURL)
		})
	}
}

// open opens the database and closes it when the test ends. Statements to PostgreSQL pass the lint.
func open(t *testing.T, config sqlstore.Config) *sqlstore.DB {
	t.Helper()
	config.Clock = storetest.Now
	if strings.HasPrefix(config.URL, "postgres") {
		watch, told := sharding.NewWatch(func(what string) { t.Error(what) }), config.OnStatement
		watch.Behind.Store(strings.Contains(config.URL, pgtest.CitusName))
		config.OnStatement = func(query string) {
			watch.Sent(query)
			if told != nil {
				told(query)
			}
		}
	}
	db, err := sqlstore.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		storetest.Run(t, func(t *testing.T) noren.Engine { return open(t, sqlstore.Config{URL: newURL(t)}) })
	})
}

// TestConformanceBehindCitus runs the suite with the statements that are sent behind Citus, which the lint looks at. PostgreSQL
// runs them: what is tested is that they are right, and by the lint that each goes to one shard.
func TestConformanceBehindCitus(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) noren.Engine { return open(t, sqlstore.Config{URL: distributed(t)}) })
}

// newTenant makes a tenant.
func newTenant(t *testing.T, db *sqlstore.DB) noren.TenantID {
	t.Helper()
	tenant, _, err := db.EnsureTenant(t.Context(), "sb_"+rand.Text())
	if err != nil {
		t.Fatal(err)
	}
	return tenant.ID
}

// requests makes bulk requests with the tokens, and their rows as they are stored.
func requests(tokens ...string) (list []noren.BulkRequest, rows [][]byte) {
	for _, token := range tokens {
		list = append(list, noren.BulkRequest{
			Token: token, Kind: noren.BulkMembers, Dialect: noren.Smaregi, ClientID: 1, State: noren.BulkAccepted,
			CallbackURL: "https://example.com/", AcceptedAt: storetest.Now(),
		})
		rows = append(rows, []byte(`{"members":[{"id":1}]}`))
	}
	return list, rows
}

// accept stores a bulk request for each token and returns their numbers.
func accept(t *testing.T, db *sqlstore.DB, tenant noren.TenantID, tokens ...string) (ids []int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	requests, rows := requests(tokens...)
	err := db.Update(ctx, tenant, func(tx noren.Tx) (err error) {
		ids, err = tx.AcceptBulk(ctx, requests, rows)
		return err
	})
	if err != nil {
		t.Fatalf("AcceptBulk: %v", err)
	}
	return ids
}

// waitingBulk lists the numbers of the accepted requests.
func waitingBulk(t *testing.T, db *sqlstore.DB, tenant noren.TenantID) (ids []int64) {
	t.Helper()
	err := db.View(t.Context(), tenant, func(tx noren.Tx) error {
		list, err := tx.NextBulk(t.Context(), 1_000_000)
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		return err
	})
	if err != nil {
		t.Fatalf("NextBulk: %v", err)
	}
	return ids
}

// sound fails the test where an invariant of the stored data is violated.
func sound(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	checks, err := db.Verify(t.Context())
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			t.Errorf("%s: %d violations: %q", c.Name, c.Violated, c.Violations)
		}
	}
}
