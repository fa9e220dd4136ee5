package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"runtime"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"noren"
)

// errClosed is the cause of refusals after Close.
var errClosed = errors.New("the database is closed")

// sqliteBackend has one writer and some readers, which see the last commit while the writer works (WAL).
type sqliteBackend struct {
	*writer
	db      *DB
	writing *sql.DB // of one connection
	reading *sql.DB
	readers chan *pinned
}

// minReaders lets a few slow lists run beside quick look-ups, even on one processor.
const minReaders = 4

// openSQLite opens the file that rest, the URL after "sqlite:", names.
func openSQLite(ctx context.Context, db *DB, rest string) (backend, error) {
	source, err := sqliteSource(rest)
	if err != nil {
		return nil, err
	}
	b := &sqliteBackend{db: db}
	if b.writing, err = sql.Open("sqlite", source); err != nil {
		return nil, err
	}
	b.writing.SetMaxOpenConns(1)
	if err := migrate(ctx, b.writing, db.flavor, db.clock); err != nil {
		_ = b.writing.Close()
		return nil, err
	}
	// After the migrations, so that the file is there and in WAL mode: a reader could not make it so.
	if b.reading, err = sql.Open("sqlite", source+"&_pragma=query_only(1)"); err != nil {
		_ = b.writing.Close()
		return nil, err
	}
	n := max(minReaders, 2*runtime.GOMAXPROCS(0))
	b.readers = make(chan *pinned, n)
	for range n {
		b.readers <- &pinned{pool: b.reading}
	}
	b.writer = newWriter(db, &pinned{pool: b.writing, detached: true})
	return b, nil
}

// single has nothing to save: BEGIN and COMMIT are no round trips here, and the writer shares its commit anyway.
func (b *sqliteBackend) single(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return b.update(ctx, tenant, fn)
}

// view runs fn on the snapshot of its first read.
func (b *sqliteBackend) view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
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
func (b *sqliteBackend) read(ctx context.Context, fn func(*tx) error) error {
	return b.reader(ctx, func(p *pinned, t *tx) error {
		if err := p.connect(ctx); err != nil {
			return err
		}
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
	defer func() { b.readers <- p }()
	t := &tx{db: b.db, run: p}
	return t.outcome(fn(p, t))
}

// close waits for the writer and for every reader.
func (b *sqliteBackend) close() error {
	b.writer.close()
	for range cap(b.readers) {
		if p, open := <-b.readers; open {
			p.discard()
		}
	}
	close(b.readers)
	return errors.Join(b.reading.Close(), b.writing.Close())
}
