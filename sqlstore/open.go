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
	// OnStatement, where set, is told each statement that a transaction sends, a batch once, from any goroutine.
	OnStatement func(query string)
	// OnRemake, where set, is told while Open makes the search index of another version anew: after each slice, how
	// many members this process has done.
	OnRemake func(members int)
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	on          backend
	flavor      *flavor
	clock       func() time.Time
	onStatement func(query string)
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
	read(ctx context.Context, fn func(*tx) error) error
	// close finishes what was begun and refuses what comes later. It is called once.
	close() error
}

var _ noren.Engine = (*DB)(nil)

// Open opens the database and brings its schema and its search index up to date; several processes may do so at once. A
// SQLite file is made where there is none, its directory is not.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db := &DB{clock: cfg.Clock, onStatement: cfg.OnStatement}
	if db.clock == nil {
		db.clock = time.Now
	}
	scheme, rest, _ := strings.Cut(cfg.URL, ":")
	var err error
	switch scheme {
	case "sqlite":
		db.flavor = newSQLite()
		db.on, err = openSQLite(ctx, db, rest)
	case "postgres", "postgresql":
		db.flavor = newPostgres()
		db.on, err = openPostgres(ctx, db, cfg.URL, cfg.MaxConns)
	default:
		return nil, errors.New("the database has to be sqlite:PATH or postgres://…") // the URL may hold a password
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if err := db.remakeSearch(ctx, cfg.OnRemake); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", err), db.Close())
	}
	return db, nil
}

// sqliteSource answers the driver's name for the database: its path, the operator's parameters, and our settings
// where the operator gives none.
func sqliteSource(rest string) (string, error) {
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
	source := path + "?_txlock=immediate&" + params
	for _, pragma := range []struct{ name, value string }{
		{"busy_timeout", "5000"}, // milliseconds
		{"journal_mode", "WAL"},
		{"synchronous", "FULL"}, // what was committed survives a power cut
		{"foreign_keys", "1"},
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

// AcceptBulk implements noren.Engine.
func (db *DB) AcceptBulk(
	ctx context.Context, tenant noren.TenantID, requests []noren.BulkRequest, rows [][]byte,
) (ids []int64, err error) {
	err = db.on.single(ctx, tenant, func(t *tx) (err error) {
		ids, err = t.AcceptBulk(ctx, requests, rows)
		return err
	})
	return ids, err
}

// View implements noren.Engine.
func (db *DB) View(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return db.view(ctx, tenant, func(t *tx) error { return fn(t) })
}

// Ping implements noren.Engine. It reads a table, so it fails where the schema is missing too, and tries once:
// who asks wants to know how it is now.
func (db *DB) Ping(ctx context.Context) error {
	err := db.on.read(ctx, func(t *tx) error {
		var n int
		return t.queryRow(ctx, `SELECT COUNT(*) FROM tenants WHERE id = 0`).Scan(&n)
	})
	if classify(err) != final {
		return comeBack(err)
	}
	return doing("read the database", err)
}

func (db *DB) update(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return db.on.update(ctx, tenant, fn)
}

// view runs fn on a snapshot. It writes nothing, so it is run again freely.
func (db *DB) view(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	return retry(ctx, func(bool) error { return db.on.view(ctx, tenant, fn) })
}

// read sends a single statement outside any transaction.
func (db *DB) read(ctx context.Context, fn func(*tx) error) error {
	return retry(ctx, func(bool) error { return db.on.read(ctx, fn) })
}

// Close finishes the transactions that were begun and closes the database. Later calls answer Unavailable.
func (db *DB) Close() error {
	db.closing.Do(func() { db.closeErr = db.on.close() })
	return db.closeErr
}

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
