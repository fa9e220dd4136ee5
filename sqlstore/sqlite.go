package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"runtime"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite", for migrations

	"noren"
)

// errClosed is the cause of refusals after Close.
var errClosed = errors.New("the database is closed")

// sqliteBackend has one writer and some readers, which see the last commit while the writer works (WAL).
type sqliteBackend struct {
	*writer
	db      *DB
	readers chan *pinned
	shares  shares // of the readers
	source  string
}

// minReaders lets a few slow lists run beside quick look-ups, even on one processor.
const minReaders = 4

// openSQLite opens the file that rest, the URL after "sqlite:", names.
func openSQLite(ctx context.Context, db *DB, cfg Config, rest string) (backend, error) {
	source, err := sqliteSource(rest, cfg.ReadOnly)
	if err != nil {
		return nil, err
	}
	if !cfg.ReadOnly {
		if err := migrateSQLite(ctx, db, source); err != nil {
			return nil, err
		}
	}
	b := &sqliteBackend{db: db, source: source}
	n := max(minReaders, 2*runtime.GOMAXPROCS(0))
	b.shares = shares{most: tenantShare(n), held: make(map[noren.TenantID]*share)}
	b.readers = make(chan *pinned, n)
	for range n {
		b.readers <- &pinned{source: source + "&_pragma=query_only(1)"}
	}
	// The writer waits for the lock by itself, which SQLite would ask for ten times a second only.
	writing := strings.Replace(source, "busy_timeout(5000)", "busy_timeout(0)", 1)
	var beside *checkpointer
	if !cfg.ReadOnly && !strings.Contains(rest, "wal_autocheckpoint") { // which is the operator's way to have it otherwise
		writing += "&_pragma=wal_autocheckpoint(0)"
		beside = newCheckpointer(source)
	}
	b.writer = newWriter(db, &pinned{source: writing, detached: true}, cmp.Or(cfg.LockWait, defaultLockWait), beside)
	return b, nil
}

// migrateSQLite makes the file where there is none, and brings its schema up to date. It is over before anybody reads: a
// reader could not put a new file into WAL mode.
func migrateSQLite(ctx context.Context, db *DB, source string) error {
	file, err := sql.Open("sqlite", source)
	if err != nil {
		return err
	}
	file.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, file, db.flavor, db.clock), file.Close())
}

// single has nothing to save: BEGIN and COMMIT are no round trips here, and the writer shares its commit anyway.
func (b *sqliteBackend) single(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return b.update(ctx, tenant, fn)
}

// view runs fn on the snapshot of its first read.
func (b *sqliteBackend) view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	if err := b.shares.enter(ctx, tenant); err != nil {
		return err
	}
	defer b.shares.leave(tenant)
	return b.reader(ctx, func(p *pinned, t *tx) error {
		if err := p.begin(ctx, "BEGIN"); err != nil {
			return err
		}
		defer func() { _ = p.end(ctx, "ROLLBACK") }() // only reads: nothing to lose
		t.tenant = tenant
		return fn(t)
	})
}

// read needs no BEGIN: a single statement sees one snapshot anyway.
func (b *sqliteBackend) read(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return b.reader(ctx, func(_ *pinned, t *tx) error {
		t.tenant = tenant
		return fn(t)
	})
}

// reader takes a reading connection for fn, waiting for one where all are in use.
func (b *sqliteBackend) reader(ctx context.Context, fn func(*pinned, *tx) error) error {
	var p *pinned
	select {
	case taken, open := <-b.readers:
		if !open {
			return comeBack(errClosed)
		}
		p = taken
	case <-ctx.Done():
		return ctx.Err()
	}
	// Given back whatever happens, or in time none would be left.
	defer func() { b.readers <- p }()
	if err := p.connect(); err != nil {
		return err
	}
	defer p.conn.interruptedBy(ctx)()
	t := &tx{db: b.db, run: p}
	return t.outcome(fn(p, t))
}

// close waits for the writer and for every reader.
func (b *sqliteBackend) close() error {
	b.writer.close()
	// Each is waited for, because whoever has one puts it back.
	for range cap(b.readers) {
		if p, open := <-b.readers; open {
			p.discard()
		}
	}
	close(b.readers)
	return nil
}
