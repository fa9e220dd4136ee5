package crashtest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"noren/pgtest"
)

// TestReceiverDown applies requests while no receiver accepts their callbacks, and then starts the receiver.
func TestReceiverDown(t *testing.T) {
	t.Parallel()
	in := install(t, sqliteURL(t), 1)
	l := newLoad(t, in)
	s := in.serve()
	l.hangUp()
	var first *order
	for range 40 {
		if o := l.send(in.clients[0]); o.status == http.StatusAccepted && first == nil {
			first = o
		}
	}
	l.await("an attempt to call back in vain", func() bool {
		var status struct {
			Callback struct{ Attempts []struct{ Error string } }
		}
		l.get(fmt.Sprintf("/%s/pos/bulk_requests/%d", in.clients[0].Tenant, first.requestID), &status)
		attempts := status.Callback.Attempts
		return len(attempts) > 0 && strings.Contains(attempts[0].Error, "connection refused")
	})
	up := time.Now()
	l.listen()
	l.settle()
	// Its rest is over within a few seconds, and then all are sent as soon as one has arrived.
	if took := time.Since(up); took > 30*time.Second {
		t.Errorf("it took %v to catch up", took)
	}
	s.stop()
	l.check(t)
}

// TestLocked has another program hold the database's write lock for longer than the server waits for it.
func TestLocked(t *testing.T) {
	t.Parallel()
	in := install(t, sqliteURL(t), 2)
	l := newLoad(t, in)
	other, err := sql.Open("sqlite", sqlitePath(in.database)+"?_pragma=busy_timeout(60000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	in.database += "?_pragma=busy_timeout(300)"
	s := in.serve()
	stop := l.start()
	l.awaitMore(20, http.StatusAccepted)
	lock, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	l.awaitMore(5, http.StatusServiceUnavailable)
	if status := l.read(); status != http.StatusOK {
		t.Errorf("while the database is locked a read gets %d", status)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	l.awaitMore(20, http.StatusAccepted)
	stop()
	l.settle()
	s.stop()
	l.check(t)
}

// TestDiskFull fills the database up to a size limit, like a full disk, and then lifts the limit.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	in := install(t, sqliteURL(t), 2)
	l := newLoad(t, in)
	unlimited := in.database
	in.database += fmt.Sprintf("?_pragma=max_page_count(%d)", pages(t, in.database)+40)
	s := in.serve()
	stop := l.start()
	l.awaitMore(1, http.StatusAccepted)
	l.awaitMore(20, http.StatusServiceUnavailable)
	if status := l.read(); status != http.StatusOK {
		t.Errorf("while the disk is full a read gets %d", status)
	}
	stop()
	s.stop()
	in.database = unlimited
	s = in.serve()
	stop = l.start()
	l.awaitMore(20, http.StatusAccepted)
	stop()
	l.settle()
	s.stop()
	l.check(t)
}

// pages is the size of a SQLite database, in pages.
func pages(t *testing.T, database string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", sqlitePath(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("PRAGMA page_count").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func sqlitePath(database string) string { return strings.TrimPrefix(database, "sqlite:") }

// TestPostgresCrashes crashes the database under load, several times.
func TestPostgresCrashes(t *testing.T) {
	t.Parallel()
	postgres := pgtest.NewServer(t)
	in := install(t, postgres.Database(t), 2)
	l := newLoad(t, in)
	s := in.serve()
	stop := l.start()
	for range 3 {
		l.awaitMore(20, http.StatusAccepted)
		time.Sleep(rand.N(200 * time.Millisecond))
		postgres.Restart(t, "immediate")
	}
	l.awaitMore(20, http.StatusAccepted)
	stop()
	l.settle()
	s.stop()
	l.check(t)
}
