package pgtest_test

import (
	"database/sql"
	"os"
	"testing"

	"noren/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPostgresGivesEachTestItsOwnDatabase(t *testing.T) {
	t.Parallel()
	first, second := pgtest.Database(t), pgtest.Database(t)
	if first == second {
		t.Fatalf("two databases have one URL: %s", first)
	}
	exec(t, first, "CREATE TABLE probe (id bigint)")
	exec(t, second, "CREATE TABLE probe (id bigint)")
}

func TestServerKeepsCommitsThroughACrash(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	url := server.Database(t)
	exec(t, url, "CREATE TABLE probe (id bigint)")
	exec(t, url, "INSERT INTO probe VALUES (1)")

	server.Restart(t, "immediate")

	db := open(t, url)
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM probe").Scan(&n); err != nil || n != 1 {
		t.Fatalf("after the crash there are %d rows, error %v; want 1", n, err)
	}
	server.Stop(t, "fast")
	if err := db.PingContext(t.Context()); err == nil {
		t.Fatal("a stopped server responds")
	}
	server.Start(t)
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatalf("after the start: %v", err)
	}
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, url, statement string) {
	t.Helper()
	if _, err := open(t, url).ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
