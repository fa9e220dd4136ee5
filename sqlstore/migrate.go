package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// migrationFiles are never edited once released: a schema that has run one would differ from the file.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

const (
	migrationLease = 15 * time.Second      // how long a process that died keeps others waiting
	leasePoll      = 50 * time.Millisecond // between two attempts to take it
	leaseTries     = 5                     // attempts that may fail, as when several processes make its table at once
)

// migrate brings the schema up to date, one migration after another. Processes that start at the same time take
// turns through a lease row: advisory locks are per node on a cluster. A schemaError where the schema is newer than this
// program: what a later migration has added this program would not keep up.
func migrate(ctx context.Context, db *sql.DB, f *flavor, clock func() time.Time) error {
	return migrateWith(ctx, db, f, clock, func(string) {})
}

// migrateWith is migrate that also tells what distributes the tables behind Citus: that comes after the last migration, in the
// same turn.
func migrateWith(ctx context.Context, db *sql.DB, f *flavor, clock func() time.Time, tell func(string)) error {
	files, others, newest, err := f.migrations()
	if err != nil {
		return doing("reading the migrations", err)
	}
	var current int64
	switch err = db.QueryRowContext(ctx, versionQuery).Scan(&current); {
	case err == nil && current > newest:
		return schemaError{current, newest}
	// The usual start takes no lease, so that many processes may begin at once.
	case err == nil && current == newest:
		return nil
	}
	if err := db.PingContext(ctx); err != nil {
		return err // not the missing table of a new database
	}
	if f.sharded {
		if err := onCoordinator(ctx, db); err != nil {
			return err
		}
	}
	l := &lease{db: db, flavor: f, clock: clock, holder: rand.Text()}
	for {
		// Before each migration anew: the lease may have run out while the one before it was under way.
		if err := l.take(ctx); err != nil {
			return doing("waiting for the turn to migrate", err)
		}
		more, err := l.step(ctx, files, others)
		if err == nil && !more && f.sharded {
			err = distribute(ctx, db, true, tell)
		}
		if err != nil || !more {
			return errors.Join(err, l.release(ctx))
		}
	}
}

// migrations returns the directory, the names in it that are for other engines, and the newest version for this one.
func (f *flavor) migrations() (files fs.FS, others []string, newest int64, err error) {
	files, err = fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, nil, 0, err
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, nil, 0, err
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, nil, 0, err
		}
		// 00002_search.sqlite.sql is for one engine, 00001_foundation.sql for all.
		if _, engine, some := strings.Cut(strings.TrimSuffix(name, ".sql"), "."); some && engine != f.name {
			others = append(others, name)
			continue
		}
		newest = max(newest, version)
	}
	return files, others, newest, nil
}

// lease is the turn of one process to migrate.
type lease struct {
	db     *sql.DB
	flavor *flavor
	clock  func() time.Time
	holder string
}

// take waits until the lease is free, or extends it where this process has it. A holder that died frees it by not
// extending it.
func (l *lease) take(ctx context.Context) error {
	failures := 0
	for {
		held, err := l.try(ctx)
		if held {
			return nil
		}
		if err != nil {
			if failures++; failures == leaseTries {
				return err
			}
		}
		select {
		case <-time.After(leasePoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// try takes or extends the lease if it can be had now, making its table and row where they are missing.
func (l *lease) try(ctx context.Context) (held bool, err error) {
	for _, statement := range []string{
		`CREATE TABLE IF NOT EXISTS migration_lease (id bigint NOT NULL PRIMARY KEY, holder text NOT NULL, lease_until bigint NOT NULL)`,
		`INSERT INTO migration_lease (id, holder, lease_until) VALUES (1, '', 0) ON CONFLICT DO NOTHING`,
	} {
		if _, err := l.db.ExecContext(ctx, statement); err != nil {
			return false, err
		}
	}
	return l.extend(ctx)
}

// extend is try where table and row are known to be there. That it is one statement decides between two processes.
func (l *lease) extend(ctx context.Context) (held bool, err error) {
	now := l.clock()
	result, err := l.db.ExecContext(ctx, l.flavor.bind(
		`UPDATE migration_lease SET holder = ?, lease_until = ? WHERE id = 1 AND (holder = ? OR lease_until <= ?)`),
		l.holder, micros(now.Add(migrationLease)), l.holder, micros(now))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// step runs the next migration, extending the lease while it lasts; more is false where there was none.
func (l *lease) step(ctx context.Context, files fs.FS, others []string) (more bool, err error) {
	provider, err := goose.NewProvider(l.flavor.dialect, l.db, files, goose.WithExcludeNames(others))
	if err != nil {
		return false, err
	}
	defer l.keep(ctx)()
	_, err = provider.UpByOne(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return false, nil
	}
	return err == nil, doing("migrating the schema", err)
}

// keep extends the lease until stop is called. On SQLite it waits for the migration, whose transaction keeps others
// from taking the lease as well; take then comes before the next migration.
func (l *lease) keep(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(migrationLease / 3)
		defer tick.Stop()
		for {
			select {
			// Three times in the length of a lease, so that one that fails leaves it held.
			case <-tick.C:
				_, _ = l.extend(ctx) // one that fails is followed by another
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// release lets others take the lease at once.
func (l *lease) release(ctx context.Context) error {
	_, err := l.db.ExecContext(ctx, l.flavor.bind(`UPDATE migration_lease SET lease_until = 0 WHERE id = 1 AND holder = ?`), l.holder)
	return doing("ending the turn to migrate", err)
}
