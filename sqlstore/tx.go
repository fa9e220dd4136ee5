package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"noren"
)

// tx is one transaction of one tenant, or with tenant 0 one of a Directory method. A statement that fails spoils
// it on every engine alike, as PostgreSQL does: later statements answer the same error, and nothing is committed.
type tx struct {
	db     *DB
	run    runner
	tenant noren.TenantID
	again  bool
	failed error // of the first statement that failed
}

// runner sends statements over one connection, or over any where the order of statements does not matter.
// *sql.Tx, *sql.DB and *pinned are runners.
type runner interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Again implements noren.Tx.
func (t *tx) Again() bool { return t.again }

// takeNumbers answers the first of the numbers taken. Its arguments are tenant, counter, 1 + n, n and n.
const takeNumbers = `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
	ON CONFLICT (tenant_id, name) DO UPDATE SET next = counters.next + ? RETURNING next - ?`

// Reserve implements noren.Tx. The counter's row stays locked until the end, so numbers come in commit order.
func (t *tx) Reserve(ctx context.Context, counter noren.Counter, n int) (int64, error) {
	var first int64
	err := t.queryRow(ctx, takeNumbers, t.tenant, counter, 1+n, n, n).Scan(&first)
	return first, doing("take numbers", err)
}

// Raise implements noren.Tx.
func (t *tx) Raise(ctx context.Context, counter noren.Counter, used int64) error {
	_, err := t.exec(ctx, `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
		ON CONFLICT (tenant_id, name) DO UPDATE SET next = excluded.next WHERE counters.next < excluded.next`,
		t.tenant, counter, used+1)
	return doing("raise a counter", err)
}

// outcome settles what a closure came to, given the error it answered. A closure that went on after a statement had
// failed did not do its work; and where a failure may pass, that counts and not what the closure made of it.
func (t *tx) outcome(err error) error {
	if t.failed != nil && (err == nil || classify(err) == final && classify(t.failed) != final) {
		return t.failed
	}
	return err
}

// query sends a statement that answers rows. The caller closes them, best through collect.
func (t *tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if t.failed != nil {
		return nil, t.failed
	}
	t.db.sent(query)
	rows, err := t.run.QueryContext(ctx, t.db.flavor.bind(query), args...)
	t.failed = err
	return rows, err
}

// queryRow sends a statement that answers at most one row; Scan answers the error, sql.ErrNoRows where there is none.
func (t *tx) queryRow(ctx context.Context, query string, args ...any) row {
	if t.failed != nil {
		return row{err: t.failed}
	}
	t.db.sent(query)
	r := t.run.QueryRowContext(ctx, t.db.flavor.bind(query), args...)
	t.failed = r.Err()
	return row{Row: r, err: t.failed}
}

// row is a *sql.Row that can also stand for a statement that was not sent: after SQLite has rolled back by itself,
// a statement would no longer be part of any transaction.
type row struct {
	*sql.Row
	err error
}

// Scan reads the columns.
func (r row) Scan(refs ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.Row.Scan(refs...)
}

// exec sends a statement that answers no rows and tells how many it affected.
func (t *tx) exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	if t.failed != nil {
		return 0, t.failed
	}
	t.db.sent(query)
	return t.execQuietly(ctx, query, args...)
}

// execQuietly is exec without counting the statement: a batch is counted once, not once a row.
func (t *tx) execQuietly(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.run.ExecContext(ctx, t.db.flavor.bind(query), args...)
	if err != nil {
		t.failed = err
		return 0, err
	}
	return result.RowsAffected()
}

// collect reads all rows, given what query answered, and closes them.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

// micros is how a time is stored: microseconds since 1970.
func micros(t time.Time) int64 { return t.UnixMicro() }

// fromMicros reads what micros stored.
func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// orNull is how a value is stored whose absence is NULL in the schema and the zero value in the domain.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// nullMicros is micros, or nil for NULL.
func nullMicros(t *time.Time) any {
	if t == nil {
		return nil
	}
	return micros(*t)
}

// fromNullMicros reads what nullMicros stored.
func fromNullMicros(n sql.NullInt64) *time.Time {
	if !n.Valid {
		return nil
	}
	return new(fromMicros(n.Int64))
}
