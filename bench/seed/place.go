package seed

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// Place is where databases to measure on are made: one for each engine.
type Place interface {
	// Engine names the engine: sqlite or postgres.
	Engine() string
	// Create makes an empty database and returns its URL for package sqlstore, which makes the tables.
	Create(ctx context.Context) (string, error)
	// Copied copies a database that nobody has open, and returns the URL of the copy.
	Copied(ctx context.Context, url string) (string, error)
	// Drop removes a database.
	Drop(ctx context.Context, url string) error
	// loading makes a database quick to fill until loaded is called.
	loading(ctx context.Context, url string) (loaded func(ctx context.Context) error, err error)
	// Open opens a database without anything of Noren, with at most conns connections.
	Open(url string, conns int) (*sql.DB, error)
}

// SQLite makes databases as files of one directory.
type SQLite struct{ Dir string }

func (p SQLite) Engine() string { return "sqlite" }

func (p SQLite) Create(context.Context) (string, error) {
	return "sqlite:" + filepath.Join(p.Dir, databaseName()+".db"), nil
}

func (p SQLite) Copied(ctx context.Context, from string) (string, error) {
	to, _ := p.Create(ctx) // never fails
	return to, copyFile(sqlitePath(from), sqlitePath(to))
}

func (p SQLite) Drop(_ context.Context, url string) error {
	path := sqlitePath(url)
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// loading does nothing: keeping the indexes up to date costs no more than building them afterwards.
func (p SQLite) loading(context.Context, string) (func(context.Context) error, error) {
	return func(context.Context) error { return nil }, nil
}

// Open uses the settings of package sqlstore, so that the engine works in the same way for both.
func (p SQLite) Open(url string, conns int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", sqlitePath(url)+"?_txlock=immediate&_pragma=busy_timeout(5000)"+
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"+
		"&_pragma=cache_size(-16384)&_pragma=journal_size_limit(67108864)")
	if err == nil {
		db.SetMaxOpenConns(conns)
	}
	return db, err
}

func sqlitePath(url string) string { return strings.TrimPrefix(url, "sqlite:") }

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	// On disk before it is measured, or the first commits would wait for it.
	return errors.Join(err, out.Sync(), out.Close())
}

// Postgres makes databases on one server.
type Postgres struct{ Admin string }

func (p Postgres) Engine() string { return "postgres" }

func (p Postgres) Create(ctx context.Context) (string, error) { return p.make(ctx, "") }

func (p Postgres) Copied(ctx context.Context, from string) (string, error) {
	name, err := postgresName(from)
	if err != nil {
		return "", err
	}
	// By files, because copying page by page goes through the log.
	return p.make(ctx, " TEMPLATE "+name+" STRATEGY FILE_COPY")
}

func (p Postgres) make(ctx context.Context, options string) (string, error) {
	u, err := url.Parse(p.Admin)
	if err != nil {
		return "", errors.New("the URL of the PostgreSQL server cannot be read") // the URL may contain a password
	}
	name := databaseName()
	u.Path = "/" + name
	return u.String(), p.exec(ctx, "CREATE DATABASE "+name+options)
}

func (p Postgres) Drop(ctx context.Context, url string) error {
	name, err := postgresName(url)
	if err != nil {
		return err
	}
	return p.exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

func (p Postgres) exec(ctx context.Context, statement string) error {
	db, err := p.Open(p.Admin, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	return Executed(ctx, db, statement)
}

func Executed(ctx context.Context, db *sql.DB, statement string) error {
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// loading drops the indexes of the members that no constraint needs, and makes them again at the end: that takes a fraction
// of the time of keeping them up to date.
func (p Postgres) loading(ctx context.Context, url string) (func(context.Context) error, error) {
	db, err := p.Open(url, 1)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var drop, create string
	err = db.QueryRowContext(ctx, `SELECT string_agg('DROP INDEX ' || indexname, '; '), string_agg(indexdef, '; ') FROM pg_indexes
		WHERE schemaname = current_schema() AND tablename = 'members' AND indexdef LIKE 'CREATE INDEX %'`).
		Scan(&drop, &create)
	if err != nil {
		return nil, fmt.Errorf("listing the indexes of the members: %w", err)
	}
	if err := Executed(ctx, db, drop); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		db, err := p.Open(url, 1)
		if err != nil {
			return err
		}
		defer db.Close()
		return Executed(ctx, db, "SET maintenance_work_mem = '256MB'; "+create+"; ANALYZE")
	}, nil
}

func (p Postgres) Open(url string, conns int) (*sql.DB, error) {
	db, err := sql.Open("pgx", url)
	if err == nil {
		db.SetMaxOpenConns(conns)
		// Kept open, as by a pool: making a connection costs more than most statements.
		db.SetMaxIdleConns(conns)
	}
	return db, err
}

func postgresName(databaseURL string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", errors.New("the URL of a PostgreSQL database cannot be read")
	}
	return strings.TrimPrefix(u.Path, "/"), nil
}

func databaseName() string { return "noren_bench_" + strings.ToLower(rand.Text()) }

// PlaceOf returns the place of an engine for databases that exist already; it cannot make any.
func PlaceOf(engine string) Place {
	if engine == "postgres" {
		return Postgres{}
	}
	return SQLite{}
}
