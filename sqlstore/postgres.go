package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"noren"
)

// postgresBackend runs each closure in a transaction of its own, on any of a pool's connections. pgx prepares each
// statement once on each connection.
type postgresBackend struct {
	db      *DB
	pool    *pgxpool.Pool
	homes   *homes // behind Citus
	shares  shares
	grown   *statistics
	closed  atomic.Bool
	pooling time.Duration // poolPatience
	running time.Duration // runPatience
}

const (
	defaultConns = 16
	maxConnAge   = 30 * time.Minute // so that connections move back after a fail-over
	maxConnIdle  = 5 * time.Minute
	serverName   = "noren" // of the connections, where the URL gives them none
)

// SQLSTATEs that are asked for by name.
const (
	readOnly = "25006" // a write in a transaction, or on a server, that takes none
	deadlock = "40P01"
)

// poolConfig is how connections are made to the database of the URL, or to another node of it.
func poolConfig(cfg Config, other *node) (*pgxpool.Config, error) {
	address := cfg.URL
	if other != nil {
		u, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		params := u.Query()
		params.Set("host", other.name) // they count before the host in front
		params.Set("port", strconv.Itoa(other.port))
		u.RawQuery = params.Encode()
		address = u.String()
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, connectTimeout)
	// By which operators tell our connections from others in pg_stat_activity.
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = serverName
	}
	config.ConnConfig.DialFunc = dial(config.ConnConfig.ConnectTimeout)
	// What the operator has written into the URL counts, unless the setting says otherwise.
	if cfg.MaxConns != 0 || !strings.Contains(cfg.URL, "pool_max_conns=") {
		config.MaxConns = int32(cmp.Or(cfg.MaxConns, defaultConns)) //nolint:gosec // a few
	}
	config.MaxConnLifetime, config.MaxConnIdleTime = maxConnAge, maxConnIdle
	config.AfterConnect = settle
	return config, nil
}

// openPostgres opens the database of the URL. With several hosts and target_session_attrs=read-write in it, pgx finds
// the leader of a cluster by itself.
func openPostgres(ctx context.Context, db *DB, cfg Config) (backend, error) {
	config, err := poolConfig(cfg, nil)
	if err != nil {
		return nil, err
	}
	// Before the migrations, behind which the tables are distributed there.
	sharded, err := behindCitus(ctx, config.ConnConfig)
	if err != nil {
		return nil, err
	}
	if sharded {
		db.flavor = newCitus()
	}
	if !cfg.ReadOnly {
		migrating := stdlib.OpenDB(*config.ConnConfig, stdlib.OptionAfterConnect(settleUnbounded))
		if err := errors.Join(migrate(ctx, migrating, db.flavor, db.clock), migrating.Close()); err != nil {
			return nil, err
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	var homes *homes
	if sharded {
		homes = newHomes(pool, func(n node) (*pgxpool.Config, error) { return poolConfig(cfg, &n) })
	}
	return &postgresBackend{
		db: db, pool: pool, homes: homes, pooling: poolPatience, running: runPatience, grown: newStatistics(pool),
		shares: shares{most: tenantShare(int(config.MaxConns)), held: make(map[noren.TenantID]*share)},
	}, nil
}

// update runs fn again where the failure may pass, such as a deadlock or a fail-over. READ COMMITTED suffices because
// what a closure changes it has locked first; a stricter level would only make it run again more often.
func (b *postgresBackend) update(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return b.retry(ctx, func(again bool) error { return b.attempt(ctx, &tx{tenant: tenant, again: again}, fn) })
}

// retry is retry that counts what PostgreSQL has ended as a deadlock.
func (b *postgresBackend) retry(ctx context.Context, attempt func(again bool) error) error {
	return retry(ctx, func(again bool) error {
		err := attempt(again)
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == deadlock {
			b.db.deadlocks.Add(1)
		}
		return err
	})
}

// single lets the server commit fn's statement by itself, without the round trips of BEGIN and COMMIT. Where the response
// is lost the statement may have gone through: the next run is told that it runs again, in a transaction, so that it
// can look first.
func (b *postgresBackend) single(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return b.retry(ctx, func(again bool) error {
		t := &tx{tenant: tenant, again: again}
		// The first run may have gone through, so this one has to be able to look before it writes.
		if again {
			return b.attempt(ctx, t, fn)
		}
		conn, home, err := b.acquire(ctx, tenant, tenant)
		if err != nil {
			return err
		}
		defer func() { b.release(conn, tenant, err) }()
		t.db, t.run, t.home = b.db, pgRunner{conn}, home
		if err = t.outcome(fn(t)); err != nil {
			return &commitError{err} // it may be that of the commit within the statement
		}
		return nil
	})
}

// attempt runs fn once in a transaction.
func (b *postgresBackend) attempt(ctx context.Context, t *tx, fn func(*tx) error) (err error) {
	conn, home, err := b.acquire(ctx, t.tenant, t.tenant)
	if err != nil {
		return err
	}
	share := t.tenant // fn may make the transaction another tenant's
	defer func() { b.release(conn, share, err) }()
	p := b.begin(conn, beginUpdate, home)
	defer p.abandon(ctx) // after a commit it does nothing
	t.db, t.run, t.home = b.db, p, home
	if err := t.outcome(fn(t)); err != nil {
		return err
	}
	if err := p.commit(ctx); err != nil {
		return err
	}
	b.grown.note(t.inserted)
	return nil
}

// begin is a transaction that has sent nothing yet.
func (b *postgresBackend) begin(conn *pgxpool.Conn, opening string, home bool) *pgTx {
	f := b.db.flavor
	return &pgTx{
		conn: conn.Conn(), opening: opening, view: opening == beginView, sharded: f.sharded, home: home, elsewhere: f.elsewhere,
	}
}

// view has one snapshot for all statements of fn. Nobody waits for its end, with which the connection goes back to the pool.
func (b *postgresBackend) view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	conn, home, err := b.acquire(ctx, tenant, tenant)
	if err != nil {
		return err
	}
	var p *pgTx
	defer func() {
		if p.over() {
			b.release(conn, tenant, nil)
			return
		}
		go func() {
			p.abandon(ctx)
			b.release(conn, tenant, nil)
		}()
	}()
	// The second run is for a view whose Last has sent more than was to be its last (together.go); on the same
	// connection.
	for _, patient := range []bool{false, true} {
		p = b.begin(conn, beginView, home)
		t := &tx{db: b.db, run: p, tenant: tenant, home: home, patient: patient}
		if err = t.outcome(fn(t)); !errors.Is(t.failed, errSentMore) {
			break
		}
	}
	if err == nil && len(p.queue) > 0 {
		err = p.commit(ctx)
	}
	if e, ok := readOnlyError(err); ok {
		return fmt.Errorf("a view cannot write: %s", e.Message) // not the server's doing: it would not pass
	}
	return err
}

// read needs no BEGIN: a single statement sees one snapshot anyway.
func (b *postgresBackend) read(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	conn, home, err := b.acquire(ctx, 0, tenant) // it is no part of the tenant's share, because it may be sent within a transaction
	if err != nil {
		return err
	}
	defer b.release(conn, 0, nil)
	t := &tx{db: b.db, run: pgRunner{conn}, tenant: tenant, home: home}
	return t.outcome(fn(t))
}

// acquire takes a connection, of one tenant's share, for one run; home: to the node of Citus that has the other one's rows.
func (b *postgresBackend) acquire(ctx context.Context, share, tenant noren.TenantID) (conn *pgxpool.Conn, home bool, err error) {
	if b.closed.Load() {
		return nil, false, comeBack(errClosed)
	}
	err = within(ctx, b.pooling, "waiting for a connection", func(ctx context.Context) error {
		// The share first: a caller waiting for it must not keep a connection from others meanwhile.
		if err := b.shares.enter(ctx, share); err != nil {
			return err
		}
		if conn, home, err = b.connect(ctx, tenant); err != nil {
			b.shares.leave(share)
		}
		return err
	})
	switch {
	case err != nil && b.closed.Load(): // meanwhile
		return nil, false, comeBack(errClosed)
	case err != nil:
		return nil, false, doing("connecting", err)
	}
	// A deadline of the socket, because a server that has gone without a word answers no cancellation either.
	_ = conn.Conn().PgConn().Conn().SetDeadline(time.Now().Add(b.running))
	return conn, home, nil
}

// connect takes a connection to the node that has the tenant's rows, or where none is known to the one that the URL names.
func (b *postgresBackend) connect(ctx context.Context, tenant noren.TenantID) (conn *pgxpool.Conn, home bool, err error) {
	if pool := b.homes.pool(tenant); pool != nil {
		if conn, err = pool.Acquire(ctx); err == nil || ctx.Err() != nil {
			return conn, true, err
		}
		b.homes.passOver(pool)
	}
	conn, err = b.pool.Acquire(ctx)
	return conn, false, err
}

// release gives the connection back after a run that has returned err. One whose server has become a standby is given up:
// the next run has to find the new leader.
func (b *postgresBackend) release(conn *pgxpool.Conn, tenant noren.TenantID, err error) {
	_ = conn.Conn().PgConn().Conn().SetDeadline(time.Time{})
	if _, standby := readOnlyError(err); standby {
		_ = conn.Conn().Close(context.Background())
	}
	// Before the place is given back, so that whoever gets it finds a connection free.
	conn.Release()
	b.shares.leave(tenant)
}

// readOnlyError finds the server's refusal to write in err's chain.
func readOnlyError(err error) (*pgconn.PgError, bool) {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return e, ok && e.Code == readOnly
}

// close waits for the connections that are in use.
func (b *postgresBackend) close() error {
	b.closed.Store(true)
	b.grown.close()
	b.homes.close()
	b.pool.Close()
	return nil
}
