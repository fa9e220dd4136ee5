package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"noren"
)

// How long a closure is run again before its caller is told to come back later. A switch-over of a PostgreSQL
// cluster takes about three seconds, which the pauses of all tries together outlast.
const (
	maxTries   = 10
	maxTrying  = 5 * time.Second
	firstPause = 10 * time.Millisecond
	maxPause   = time.Second
	retryAfter = time.Second // what callers are told
)

// verdict is what an error says about running the closure again. What is not known to pass is final: running it
// again would only hide it.
type verdict uint8

const (
	final       verdict = iota // the error is returned
	passing                    // the next run may succeed
	unavailable                // nothing can be written for now, but later
)

// classify judges the first error of a driver in err's chain, so a closure may wrap errors as it likes. Errors of
// a context are not judged here: whether they are the caller's own is for retry to see.
func classify(err error) verdict {
	if e, ok := errors.AsType[*sqliteError](err); ok {
		return classifySQLite(e.code)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if _, committing := errors.AsType[*commitError](err); committing && e.Code == "XX000" {
			return passing // "could not commit": behind Citus a worker was lost, and what it did is unknown
		}
		return classifyPostgres(e.Code)
	}
	// The server responded to neither a statement nor a COMMIT. What had been begun is rolled back by the server; whether a COMMIT
	// went through is unknown, which is why the next run is told that it runs again.
	_, dialing := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	switch {
	case err == nil:
		return final
	case dialing, network, pgconn.SafeToRetry(err), errors.Is(err, errLostRace),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return passing
	default:
		return final
	}
}

// IsDamaged reports whether SQLite found that its file is not what it has written.
func IsDamaged(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// sqliteCode is the result code of SQLite, without detail; 0 for other errors.
func sqliteCode(err error) int {
	code := 0
	if e, ok := errors.AsType[*sqliteError](err); ok {
		code = e.code
	} else if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code = e.Code()
	}
	return code & 0xff
}

// IsLocked reports whether another program kept SQLite from its file for longer than it waits.
func IsLocked(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY }

// IsUnreachable reports whether PostgreSQL did not accept a connection: it is not there, or knows no such database, user or password.
func IsUnreachable(err error) bool {
	_, dialing := errors.AsType[*pgconn.ConnectError](err)
	return dialing
}

// classifySQLite judges a result code; what is above its lowest byte is detail.
func classifySQLite(code int) verdict {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return passing
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT:
		return unavailable // no room, no memory, no file handles, or a disk that went read-only
	default:
		return final
	}
}

// classifyPostgres judges a SQLSTATE (PostgreSQL manual, appendix A).
func classifyPostgres(state string) verdict {
	switch state {
	case "40001", deadlock, // serialization failure
		"55P03",          // lock not available, or not within lock_timeout
		"25P03", "57P05", // idle for too long in a transaction or outside of any: this process was stopped
		readOnly,                  // this server has just become a standby
		"57P01", "57P02", "57P03": // shutdown, crash, starting up
		return passing
	case "57014": // cancelled by the server's operator or statement_timeout
		return unavailable
	}
	switch {
	case strings.HasPrefix(state, "08"): // connection lost; behind Citus also that of a worker
		return passing
	case strings.HasPrefix(state, "53"), strings.HasPrefix(state, "58"): // disk full, too many connections, I/O error
		return unavailable
	default:
		return final
	}
}

// commitError is an error of COMMIT: the work may be committed all the same.
type commitError struct{ err error }

func (e *commitError) Error() string { return "committing: " + e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

// retry runs attempt until it succeeds, fails for good, or has been tried long enough. again is false only for
// the first run. Errors that pass become Unavailable; one met because ctx is done is returned as
// it is, unless its time is over.
func retry(ctx context.Context, attempt func(again bool) error) error {
	started := time.Now() // to measure how long it has been tried
	for try := 1; ; try++ {
		err := attempt(try > 1)
		judged := classify(err)
		switch {
		case err == nil, judged == final, ctx.Err() != nil:
			return timedOut(ctx, unstorable(err))
		case judged == unavailable, try == maxTries, time.Since(started) > maxTrying:
			return comeBack(err)
		}
		// From half to one and a half of the pause: those that were in each other's way do not meet again.
		pause := min(firstPause<<(try-1), maxPause)
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return timedOut(ctx, err)
		}
	}
}

// timedOut is an error because the time of ctx is over as Unavailable: it is a bound of ours, which a database that does not
// respond outlasts, and no mistake of anybody.
func timedOut(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return comeBack(err)
	}
	return err
}

// unstorable is an error as the mistake of whoever sent a text that PostgreSQL cannot store. The server refuses such texts
// where they come in; one that nobody has thought of is no error of ours all the same.
func unstorable(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "22021" {
		return err
	}
	return &noren.Error{Kind: noren.Invalid, Message: "a text must be UTF-8 without the character NUL", Err: err}
}

// comeBack is the Unavailable that tells the caller to send it again, with the cause for the log.
func comeBack(cause error) error {
	return &noren.Error{
		Kind: noren.Unavailable, RetryAfter: retryAfter, Message: "the database cannot take this now", Err: cause,
	}
}

// uniqueViolation reports whether err says that a unique column is taken. Which column has to be looked up: behind
// Citus the name of the constraint is empty or has a suffix.
func uniqueViolation(err error) bool {
	if e, ok := errors.AsType[*sqliteError](err); ok {
		return e.code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505"
}
