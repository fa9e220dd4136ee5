package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"noren"
)

// postgresBackend runs each closure in a transaction of its own, on any of a pool's connections. pgx prepares each
// statement once on each connection.
type postgresBackend struct {
	db     *DB
	pool   *sql.DB
	closed atomic.Bool
}

const (
	defaultConns   = 16
	connectTimeout = 5 * time.Second  // where the URL does not say
	maxConnAge     = 30 * time.Minute // so that connections move back after a fail-over
	maxConnIdle    = 5 * time.Minute
)

// readOnly is the SQLSTATE of a write in a transaction, or on a server, that takes none.
const readOnly = "25006"

// openPostgres opens the database of the URL. With several hosts and target_session_attrs=read-write in it, pgx finds
// the leader of a cluster by itself.
func openPostgres(ctx context.Context, db *DB, url string, maxConns int) (backend, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, connectTimeout)
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "noren"
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(withoutJIT))
	pool.SetMaxOpenConns(cmp.Or(maxConns, defaultConns))
	pool.SetMaxIdleConns(cmp.Or(maxConns, defaultConns))
	pool.SetConnMaxLifetime(maxConnAge)
	pool.SetConnMaxIdleTime(maxConnIdle)
	if err := migrate(ctx, pool, db.flavor, db.clock); err != nil {
		_ = pool.Close()
		return nil, err
	}
	return &postgresBackend{db: db, pool: pool}, nil
}

// withoutJIT keeps PostgreSQL from compiling a statement whose plan seems to cost much: a page is there long before the
// compiler is. It is not a parameter of the connection, because poolers refuse those that they do not know, and what does
// not know the setting has no such compiler.
func withoutJIT(ctx context.Context, conn *pgx.Conn) error {
	_, _ = conn.Exec(ctx, "SET jit = off") // a connection that is broken fails with its first statement
	return nil
}

// update runs fn again where the failure may pass, such as a deadlock or a fail-over. READ COMMITTED suffices because
// what a closure changes it has locked first; a stricter level would only make it run again more often.
func (b *postgresBackend) update(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return retry(ctx, func(again bool) error {
		return b.attempt(ctx, sql.TxOptions{Isolation: sql.LevelReadCommitted}, &tx{tenant: tenant, again: again}, fn)
	})
}

// single lets the server commit fn's statement by itself, without the round trips of BEGIN and COMMIT. Where the answer
// is lost the statement may have gone through: the next run is told that it runs again, in a transaction, so that it
// can look first.
func (b *postgresBackend) single(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return retry(ctx, func(again bool) error {
		t := &tx{tenant: tenant, again: again}
		if again {
			return b.attempt(ctx, sql.TxOptions{Isolation: sql.LevelReadCommitted}, t, fn)
		}
		return b.connected(ctx, func(conn *sql.Conn) error {
			t.db, t.run = b.db, conn
			if err := t.outcome(fn(t)); err != nil {
				return &commitError{err} // it may be that of the commit within the statement
			}
			return nil
		})
	})
}

// view has one snapshot for all statements of fn: REPEATABLE READ in PostgreSQL is snapshot isolation.
func (b *postgresBackend) view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	options := sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return b.attempt(ctx, options, &tx{tenant: tenant}, fn)
}

// read may use any connection, and saves the round trips of BEGIN and COMMIT.
func (b *postgresBackend) read(ctx context.Context, fn func(*tx) error) error {
	if b.closed.Load() {
		return comeBack(errClosed)
	}
	t := &tx{db: b.db, run: b.pool}
	return t.outcome(fn(t))
}

// attempt runs fn once in a transaction.
func (b *postgresBackend) attempt(ctx context.Context, options sql.TxOptions, t *tx, fn func(*tx) error) error {
	return b.connected(ctx, func(conn *sql.Conn) error {
		transaction, err := conn.BeginTx(ctx, &options)
		if err != nil {
			return doing("beginning the transaction", err)
		}
		defer transaction.Rollback() // after a commit it does nothing
		t.db, t.run = b.db, transaction
		if err := t.outcome(fn(t)); err != nil {
			if e, ok := readOnlyError(err); ok && options.ReadOnly {
				return fmt.Errorf("a view cannot write: %s", e.Message) // not the server's doing: it would not pass
			}
			return err
		}
		if err := transaction.Commit(); err != nil {
			return &commitError{err}
		}
		return nil
	})
}

// connected gives do one of the pool's connections. Where the server has become a standby the connection is given up:
// the next run has to find the new leader.
func (b *postgresBackend) connected(ctx context.Context, do func(conn *sql.Conn) error) error {
	if b.closed.Load() {
		return comeBack(errClosed)
	}
	conn, err := b.pool.Conn(ctx)
	if err != nil {
		return doing("connecting", err)
	}
	defer conn.Close()
	err = do(conn)
	if _, standby := readOnlyError(err); standby {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// readOnlyError finds the server's refusal to write in err's chain.
func readOnlyError(err error) (*pgconn.PgError, bool) {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return e, ok && e.Code == readOnly
}

// close closes the connections that are idle at once, and each other when its transaction is over.
func (b *postgresBackend) close() error {
	b.closed.Store(true)
	return b.pool.Close()
}
