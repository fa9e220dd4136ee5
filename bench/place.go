package main

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

// place is where databases to measure on are made: one for each engine.
type place interface {
	// engine names the engine: sqlite or postgres.
	engine() string
	// create answers the URL, as package sqlstore takes it, of a new database; sqlstore makes its tables.
	create(ctx context.Context) (string, error)
	// copied answers the URL of a copy of a database that nobody has open.
	copied(ctx context.Context, url string) (string, error)
	// drop removes a database.
	drop(ctx context.Context, url string) error
	// loading makes a database quick to fill, until it is called.
	loading(ctx context.Context, url string) (loaded func(ctx context.Context) error, err error)
	// open opens a database with nothing of Noren in between, with at most conns connections.
	open(url string, conns int) (*sql.DB, error)
}

// sqlitePlace makes databases as files of one directory.
type sqlitePlace struct{ dir string }

func (p sqlitePlace) engine() string { return "sqlite" }

func (p sqlitePlace) create(context.Context) (string, error) {
	return "sqlite:" + filepath.Join(p.dir, databaseName()+".db"), nil
}

func (p sqlitePlace) copied(ctx context.Context, from string) (string, error) {
	to, _ := p.create(ctx) // never fails
	return to, copyFile(sqlitePath(from), sqlitePath(to))
}

func (p sqlitePlace) drop(_ context.Context, url string) error {
	path := sqlitePath(url)
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// loading has nothing to do: keeping the indexes up to date costs no more than building them afterwards.
func (p sqlitePlace) loading(context.Context, string) (func(context.Context) error, error) {
	return func(context.Context) error { return nil }, nil
}

// open takes the settings that package sqlstore takes, so that the engine works in the same way for both.
func (p sqlitePlace) open(url string, conns int) (*sql.DB, error) {
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
	return errors.Join(err, out.Sync(), out.Close())
}

// postgresPlace makes databases on one server.
type postgresPlace struct{ admin string }

func (p postgresPlace) engine() string { return "postgres" }

func (p postgresPlace) create(ctx context.Context) (string, error) { return p.make(ctx, "") }

func (p postgresPlace) copied(ctx context.Context, from string) (string, error) {
	name, err := postgresName(from)
	if err != nil {
		return "", err
	}
	return p.make(ctx, " TEMPLATE "+name+" STRATEGY FILE_COPY")
}

func (p postgresPlace) make(ctx context.Context, options string) (string, error) {
	u, err := url.Parse(p.admin)
	if err != nil {
		return "", errors.New("the URL of the PostgreSQL server cannot be read") // it may hold a password
	}
	name := databaseName()
	u.Path = "/" + name
	return u.String(), p.exec(ctx, "CREATE DATABASE "+name+options)
}

func (p postgresPlace) drop(ctx context.Context, url string) error {
	name, err := postgresName(url)
	if err != nil {
		return err
	}
	return p.exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

func (p postgresPlace) exec(ctx context.Context, statement string) error {
	db, err := p.open(p.admin, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	return executed(ctx, db, statement)
}

func executed(ctx context.Context, db *sql.DB, statement string) error {
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// loading drops the indexes of the members that no constraint needs, and makes them again in the end: that takes a
// fraction of the time of keeping them up to date.
func (p postgresPlace) loading(ctx context.Context, url string) (func(context.Context) error, error) {
	db, err := p.open(url, 1)
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
	if err := executed(ctx, db, drop); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		db, err := p.open(url, 1)
		if err != nil {
			return err
		}
		defer db.Close()
		return executed(ctx, db, "SET maintenance_work_mem = '256MB'; "+create+"; ANALYZE")
	}, nil
}

func (p postgresPlace) open(url string, conns int) (*sql.DB, error) {
	db, err := sql.Open("pgx", url)
	if err == nil {
		db.SetMaxOpenConns(conns)
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
