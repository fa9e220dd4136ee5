package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	sqlite3 "modernc.org/sqlite/lib"

	"noren"
	"noren/pgtest"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return fmt.Errorf("doing: %w", &pgconn.PgError{Code: code}) }
	for name, c := range map[string]struct {
		err  error
		want verdict
	}{
		"nothing":                    {nil, final},
		"some error":                 {errors.New("x"), final},
		"of the domain":              {&noren.Error{Kind: noren.Conflict}, final},
		"serialization failure":      {state("40001"), passing},
		"deadlock":                   {state("40P01"), passing},
		"connection failure":         {state("08006"), passing},
		"shutdown":                   {state("57P01"), passing},
		"starting up":                {state("57P03"), passing},
		"read only":                  {state("25006"), passing},
		"lock timeout":               {state("55P03"), passing},
		"idle in a transaction":      {state("25P03"), passing},
		"idle for too long":          {state("57P05"), passing},
		"statement timeout":          {state("57014"), unavailable},
		"disk full":                  {state("53100"), unavailable},
		"too many connections":       {state("53300"), unavailable},
		"I/O error":                  {state("58030"), unavailable},
		"unique violation":           {state("23505"), final},
		"syntax error":               {state("42601"), final},
		"wrong password":             {state("28P01"), final},
		"could not commit":           {&commitError{state("XX000")}, passing},
		"internal error elsewhere":   {state("XX000"), final},
		"answer of COMMIT lost":      {&commitError{io.ErrUnexpectedEOF}, passing},
		"connection refused":         {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, passing},
		"connection lost":            {fmt.Errorf("reading: %w", io.EOF), passing},
		"connection unusable":        {driver.ErrBadConn, passing},
		"domain error with a cause":  {&noren.Error{Kind: noren.Conflict, Err: state("40001")}, passing},
		"caller has gone":            {context.Canceled, final},
		"caller's time has run out":  {context.DeadlineExceeded, final},
		"constraint behind a domain": {&noren.Error{Kind: noren.Conflict, Err: state("23505")}, final},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := classify(c.err); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestClassifySQLite(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]verdict{
		sqlite3.SQLITE_BUSY:              passing,
		sqlite3.SQLITE_BUSY_SNAPSHOT:     passing,
		sqlite3.SQLITE_FULL:              unavailable,
		sqlite3.SQLITE_IOERR_FSYNC:       unavailable,
		sqlite3.SQLITE_READONLY_DBMOVED:  unavailable,
		sqlite3.SQLITE_CANTOPEN:          unavailable,
		sqlite3.SQLITE_CONSTRAINT_UNIQUE: final,
		sqlite3.SQLITE_CORRUPT:           final,
		sqlite3.SQLITE_ERROR:             final,
	} {
		if got := classifySQLite(code); got != want {
			t.Errorf("code %d: got %d, want %d", code, got, want)
		}
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	passingError := &pgconn.PgError{Code: "40001"}
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		answers []error
		want    error // nil: success
		runs    int
	}{
		"at once":               {answers: []error{nil}, runs: 1},
		"the third time":        {answers: []error{passingError, passingError, nil}, runs: 3},
		"fails for good":        {answers: []error{broken}, want: broken, runs: 1},
		"fails for good later":  {answers: []error{passingError, broken}, want: broken, runs: 2},
		"nothing can be stored": {answers: []error{&pgconn.PgError{Code: "53100"}}, want: &noren.Error{Kind: noren.Unavailable}, runs: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var again []bool
			err := retry(t.Context(), func(a bool) error {
				again = append(again, a)
				return c.answers[len(again)-1]
			})
			if len(again) != c.runs {
				t.Errorf("%d runs, want %d", len(again), c.runs)
			}
			for i, a := range again {
				if a != (i > 0) {
					t.Errorf("run %d: again is %t", i, a)
				}
			}
			if e, ok := c.want.(*noren.Error); ok {
				if noren.KindOf(err) != e.Kind {
					t.Errorf("got %v, want %v", err, e.Kind)
				}
			} else if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRetryEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	err := retry(ctx, func(bool) error {
		runs++
		cancel()
		return driver.ErrBadConn
	})
	if !errors.Is(err, driver.ErrBadConn) || runs != 1 {
		t.Errorf("%d runs, error %v", runs, err)
	}
}

// TestRetryIsBounded outlasts a switch-over, of about three seconds, and no more.
func TestRetryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started, runs := time.Now(), 0
		wantUnavailable(t, retry(t.Context(), func(bool) error {
			runs++
			return driver.ErrBadConn
		}))
		if took := time.Since(started); runs != maxTries || took < 1500*time.Millisecond || took > 2*maxTrying {
			t.Errorf("%d runs in %v", runs, took)
		}
	})
}

// TestUpdateRunsAgain makes the first run fail in the ways of a cluster that is changing its leader.
func TestUpdateRunsAgain(t *testing.T) {
	t.Parallel()
	const kill = `SELECT pg_terminate_backend(pg_backend_pid())`
	for name, spoil := range map[string]struct{ inTransaction, alone string }{
		"connection killed": {kill, kill},
		"server read only":  {`SET TRANSACTION READ ONLY`, `SET default_transaction_read_only = on`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t, pgtest.Database(t)), t.Context()
			run := func(how func(context.Context, noren.TenantID, func(*tx) error) error, name, spoil string) {
				var again []bool
				err := how(ctx, tenant, func(t *tx) error {
					again = append(again, t.Again())
					if !t.Again() {
						if _, err := t.exec(ctx, spoil); err != nil {
							return err
						}
					}
					return put(ctx, name)(t)
				})
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if diff := cmp.Diff([]bool{false, true}, again); diff != "" {
					t.Errorf("%s: Again of each run (-want +got):\n%s", name, diff)
				}
			}
			run(b.update, "in a transaction", spoil.inTransaction)
			run(b.on.single, "alone", spoil.alone)
			if diff := cmp.Diff([]string{"alone", "in a transaction"}, b.names(t)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

// TestServerAway stops the server under an open database: it returns Unavailable, and recovers by itself.
func TestServerAway(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	b := setup(t, server.Database(t))
	ctx := t.Context()
	if err := b.update(ctx, tenant, put(ctx, "before")); err != nil {
		t.Fatal(err)
	}
	server.Stop(t, "immediate")
	wantUnavailable(t, b.update(ctx, tenant, put(ctx, "meanwhile")))
	wantUnavailable(t, pinged(b.DB))
	server.Start(t)
	if err := b.update(ctx, tenant, put(ctx, "after")); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"after", "before"}, b.names(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// TestDeadlock lets two transactions wait for each other: one of them is run again, and both succeed.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Database(t))
	ctx := t.Context()
	for _, name := range []string{"a", "b"} {
		if err := b.update(ctx, tenant, put(ctx, name)); err != nil {
			t.Fatal(err)
		}
	}
	lock := func(t *tx, name string) error {
		_, err := t.exec(ctx, `UPDATE signing_keys SET secret = 'locked' WHERE tenant_id = ? AND name = ?`, t.tenant, name)
		return err
	}
	var both sync.WaitGroup
	both.Add(2)
	var calls sync.WaitGroup
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		calls.Go(func() {
			err := b.update(ctx, tenant, func(t *tx) error {
				if err := lock(t, order[0]); err != nil {
					return err
				}
				if !t.Again() {
					both.Done()
					both.Wait()
				}
				return lock(t, order[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

// A text that PostgreSQL cannot store is the mistake of whoever sent it.
func TestUnstorableText(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Database(t))
	for _, text := range []string{"\xff", "a\x00"} {
		if err := b.update(t.Context(), tenant, putLong(t.Context(), "name", text)); noren.KindOf(err) != noren.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestTimeIsOver lets a database not respond until the time of the context is over. That is a bound of ours: whoever waits is
// told to come back. A caller that goes away gets its own error.
func TestTimeIsOver(t *testing.T) {
	t.Parallel()
	waits := func(ctx context.Context) error {
		return retry(ctx, func(bool) error {
			<-ctx.Done()
			return fmt.Errorf("committing: timeout: %w", ctx.Err())
		})
	}
	bounded, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := waits(bounded); noren.KindOf(err) != noren.Unavailable {
		t.Errorf("the time is over: %v", err)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := waits(left); !errors.Is(err, context.Canceled) || noren.KindOf(err) == noren.Unavailable {
		t.Errorf("the caller has left: %v", err)
	}
}

// TestTimeWasOver has a bound of ours pass before the database is asked, as it does after a process was stopped for a while: to try again
// helps, and it is no mistake.
func TestTimeWasOver(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		for what, err := range map[string]error{
			"writing": b.Update(ctx, tenant, func(noren.Tx) error { return nil }),
			"reading": b.View(ctx, tenant, func(tx noren.Tx) error {
				_, err := tx.Ranks(ctx)
				return err
			}),
			"accepting": func() error {
				list, rows := []noren.BulkRequest{{Token: "late"}}, [][]byte{[]byte("[]")}
				_, err := b.AcceptBulk(ctx, tenant, list, rows)
				return err
			}(),
			"looking": func() error {
				_, err := b.TenantsWithBulk(ctx)
				return err
			}(),
		} {
			if noren.KindOf(err) != noren.Unavailable {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
