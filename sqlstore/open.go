// Package sqlstore keeps Noren's data in SQLite or PostgreSQL. It implements noren.Engine with one SQL text for
// every engine: flavor.go holds each difference between them, sqlite.go and postgres.go how each runs transactions.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"noren"
)

// Config says where the data is.
type Config struct {
	// URL is sqlite:PATH or postgres://…. The parameters of a PATH?… are those of the driver, such as
	// _pragma=cache_size(-65536); those of a postgres URL are libpq's.
	URL string
	// Clock is the time of what the engine stamps by itself; nil: time.Now.
	Clock func() time.Time
	// MaxConns bounds the connections to PostgreSQL; 0: 16. SQLite has one writer and a few readers.
	MaxConns int
	// LockWait is how long a write waits for another process that holds SQLite's lock; 0: 5 seconds. PostgreSQL's waits have
	// bounds of their own.
	LockWait time.Duration
	// ReadOnly opens a database that is there to read it. Nothing is written and the schema is not migrated: Open fails
	// unless it has the version that this program needs.
	ReadOnly bool
	// OnStatement, where set, is told each statement that a transaction sends, a batch once, from any goroutine.
	OnStatement func(query string)
	// OnDisorder, where set, is told each lock that a transaction takes against the order of locks, from any goroutine: with
	// another transaction it may end in a deadlock.
	OnDisorder func(what string)
	// SearchMemory bounds what is kept in memory to search members by keywords, in bytes; 0: DefaultSearchMemory. The members
	// of tenants that do not fit are looked at one by one, as are all where it is negative.
	SearchMemory int64
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	on          backend
	flavor      *flavor
	clock       func() time.Time
	onStatement func(query string)
	onDisorder  func(what string)
	search      *searchMemory
	memory      *memory
	deadlocks   atomic.Int64
	scrub       atomic.Bool // a person was erased, so what a SQLite file's log still has of them is to be removed
	closing     sync.Once
	closeErr    error
}

// backend runs closures in transactions of one engine.
type backend interface {
	// update is Engine.Update; tenant 0 is for work across tenants.
	update(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error
	// single is update for a closure that sends one statement; run again, it may send more.
	single(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error
	// view runs fn once, on a snapshot.
	view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error
	// read is view for a single statement, which is a snapshot without a transaction around it.
	read(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error
	// close finishes what was begun and refuses what comes later. It is called once.
	close() error
}

var _ noren.Engine = (*DB)(nil)

// Open opens the database and brings its schema up to date; several processes may do so at once. A SQLite file is made where
// there is none, its directory is not.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db := &DB{clock: cfg.Clock, onStatement: cfg.OnStatement, onDisorder: cfg.OnDisorder, memory: newMemory()}
	if db.clock == nil {
		db.clock = time.Now
	}
	db.search = newSearchMemory(db, cfg.SearchMemory)
	scheme, rest, _ := strings.Cut(cfg.URL, ":")
	var err error
	switch scheme {
	case "sqlite":
		db.flavor = newSQLite()
		db.on, err = openSQLite(ctx, db, cfg, rest)
	case "postgres", "postgresql":
		db.flavor = newPostgres()
		db.on, err = openPostgres(ctx, db, cfg)
	default:
		return nil, errors.New("the database has to be sqlite:PATH or postgres://…") // the URL may hold a password
	}
	if err == nil {
		if cfg.ReadOnly {
			err = db.checkVersion(ctx)
		}
		if err == nil {
			err = db.checkWhole(ctx)
		}
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return db, nil
}

// writable returns an error that names the file, or its directory, where SQLite could only read it. It opens such a file
// all the same, and each write would fail later. A file that is missing is made here, for its owner alone: SQLite would make
// it readable for everybody, and gives the files beside it the same mode.
func writable(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("the database file cannot be written: %w", err)
	}
	// The log of SQLite is a file beside it.
	probe, err := os.CreateTemp(filepath.Dir(path), ".noren-*")
	if err != nil {
		return fmt.Errorf("the directory of the database file cannot be written: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// sqliteSource returns the driver's name for the database: its path, the operator's parameters, and our settings
// where the operator gives none.
func sqliteSource(rest string, readOnly bool) (string, error) {
	path, params, _ := strings.Cut(rest, "?")
	if path == "" || path == ":memory:" || strings.HasPrefix(path, "file:") {
		return "", fmt.Errorf("sqlite:%s does not name a file: write sqlite:PATH", path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("the directory of the database file: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("%s, where the database file should be, is not a directory", dir)
	}
	given, err := url.ParseQuery(params)
	if err != nil {
		return "", fmt.Errorf("the parameters of the database file: %w", err)
	}
	if readOnly {
		// Settings of the file are left alone: journal_mode would write.
		return path + "?mode=ro&_pragma=busy_timeout(5000)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16384)&" + params, nil
	}
	if err := writable(path); err != nil {
		return "", err
	}
	source := path + "?_txlock=immediate&" + params
	for _, pragma := range []struct{ name, value string }{
		{"busy_timeout", "5000"}, // milliseconds
		{"journal_mode", "WAL"},
		{"synchronous", "FULL"}, // what was committed survives a power cut
		{"foreign_keys", "0"},   // whoever writes has looked, and noren verify looks at all: a look for each row is a sixth of a bulk
		{"secure_delete", "1"},  // what was removed is overwritten: nothing of a person who was erased is left in unused room
		{"temp_store", "MEMORY"},
		{"cache_size", "-16384"},           // KiB
		{"journal_size_limit", "67108864"}, // bytes: a burst does not leave a huge file behind
	} {
		// The driver sorts what it is given, so the last does not win.
		if !slices.ContainsFunc(given["_pragma"], func(p string) bool { return strings.HasPrefix(p, pragma.name) }) {
			source += "&_pragma=" + pragma.name + "(" + pragma.value + ")"
		}
	}
	return source, nil
}

// Update implements noren.Engine.
func (db *DB) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return db.update(ctx, tenant, func(t *tx) error { return fn(t) })
}

// OneWriter implements noren.Engine.
func (db *DB) OneWriter() bool { return db.flavor.lockRows == "" }

// AcceptBulk implements noren.Engine.
func (db *DB) AcceptBulk(
	ctx context.Context, tenant noren.TenantID, requests []noren.BulkRequest, rows [][]byte,
) (ids []int64, err error) {
	accept := func(t *tx) (err error) {
		ids, err = t.AcceptBulk(ctx, requests, rows)
		return err
	}
	if db.flavor.sharded {
		return ids, db.update(ctx, tenant, accept)
	}
	err = db.on.single(ctx, tenant, accept)
	return ids, err
}

// View implements noren.Engine.
func (db *DB) View(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return db.view(ctx, tenant, func(t *tx) error { return fn(t) })
}

// Ping implements noren.Engine. It reads a table, so it fails where the schema is missing too, and tries once:
// who asks wants to know how it is now.
func (db *DB) Ping(ctx context.Context) (down []string, err error) {
	err = db.on.read(ctx, 0, func(t *tx) error {
		var n int
		return t.queryRow(ctx, `SELECT COUNT(*) FROM tenants WHERE id = 0`).Scan(&n)
	})
	if err == nil && db.flavor.sharded {
		// What was read is on every node, so this is all that a node that is down can stop.
		return db.downNodes(ctx), nil
	}
	if classify(err) != final {
		return nil, comeBack(err)
	}
	return nil, doing("read the database", err)
}

func (db *DB) update(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return db.on.update(ctx, tenant, func(t *tx) error {
		if err := fn(t); err != nil {
			return err
		}
		return t.end(ctx)
	})
}

// view runs fn on a snapshot. It writes nothing, so it is run again freely.
func (db *DB) view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return patiently(ctx, func(impatient bool) error {
		return retry(ctx, func(bool) error {
			return db.on.view(ctx, tenant, func(t *tx) error {
				t.snapshot, t.impatient = true, impatient
				if err := t.prove(ctx, lookOf(ctx)); err != nil {
					return err
				}
				err := fn(t)
				if loading, ok := t.failed.(awaited); ok { //nolint:errorlint // it is not wrapped, but fn may have wrapped or lost it
					return loading
				}
				return err
			})
		})
	})
}

// read sends a single statement outside any transaction and of no tenant.
func (db *DB) read(ctx context.Context, fn func(*tx) error) error { return db.readOf(ctx, 0, fn) }

// once is read without another try.
func (db *DB) once(ctx context.Context, fn func(*tx) error) error { return db.on.read(ctx, 0, fn) }

// readOf is read of a tenant's rows.
func (db *DB) readOf(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return retry(ctx, func(bool) error { return db.on.read(ctx, tenant, fn) })
}

// Close finishes the transactions that were begun and closes the database. Later calls return Unavailable.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.search.close()
		db.closeErr = db.on.close()
	})
	return db.closeErr
}

// Deadlocks counts the transactions of this process that the database has ended because they waited for each other. They have
// been run again; there should be none.
func (db *DB) Deadlocks() int64 { return db.deadlocks.Load() }

// sent tells the statement to whoever counts.
func (db *DB) sent(query string) {
	if db.onStatement != nil {
		db.onStatement(query)
	}
}

// doing wraps an error once with what was being done.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
