package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
)

// tx is one transaction of one tenant, or with tenant 0 one of a Directory method. A statement that fails spoils
// it on every engine alike, as PostgreSQL does: later statements return the same error, and nothing is committed.
type tx struct {
	db     *DB
	run    runner
	tenant noren.TenantID
	home   bool // on the node of Citus that has the tenant's rows
	again  bool
	failed error // of the first statement that failed
	wrote  bool  // a statement was sent that may have written
	settled
	order
	ending
	awaitedLane    bool           // AwaitLane holds it
	impatient      bool           // it does not wait for an index that is being loaded
	changedMembers map[int64]bool // whom a keyword may find otherwise after this transaction
	inserted       map[string]int // rows by table, on PostgreSQL

	awaited func() bool // whether another tenant waits, or may come any moment; nil: transactions run side by side
	turn    *turn       // the function of Together that is running; nil outside of any
	patient bool        // Last is nothing but Together
}

// Again implements noren.CounterTx.
func (t *tx) Again() bool { return t.again }

// Doubtful implements noren.CounterTx. No network can lose the report of a commit to a file: SQLite's writer runs a closure again
// only after it has rolled the earlier run back.
func (t *tx) Doubtful() bool { return t.db.flavor.remote }

// Awaited implements noren.CounterTx.
func (t *tx) Awaited() bool { return t.awaited != nil && t.awaited() }

// takeNumbers returns the first of the numbers taken. Its arguments are tenant, counter, 1 + n, n and n.
const takeNumbers = `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
	ON CONFLICT (tenant_id, name) DO UPDATE SET next = counters.next + ? RETURNING next - ?`

// Reserve implements noren.CounterTx. The counter's row stays locked until the end, so numbers come in commit order.
func (t *tx) Reserve(ctx context.Context, counter noren.Counter, n int) (int64, error) {
	t.takesCounter(counter)
	t.forgetSettings()
	var first int64
	err := t.queryRow(ctx, takeNumbers, t.tenant, counter, 1+n, n, n).Scan(&first)
	return first, doing("take numbers", err)
}

// raiseCounter makes the last of its arguments, which are tenant, counter and number, the next number, unless a larger one is.
// It locks the counter's row either way.
const raiseCounter = `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
	ON CONFLICT (tenant_id, name) DO UPDATE SET next = excluded.next WHERE counters.next < excluded.next`

// Raise implements noren.CounterTx.
func (t *tx) Raise(ctx context.Context, counter noren.Counter, used int64) error {
	t.takesCounter(counter)
	t.forgetSettings()
	_, err := t.exec(ctx, raiseCounter, t.tenant, counter, used+1)
	return doing("raise a counter", err)
}

// outcome settles what a closure came to, given the error it returned. A closure that went on after a statement had
// failed did not do its work; and where a failure may pass, that counts and not what the closure made of it.
func (t *tx) outcome(err error) error {
	if t.failed != nil && (err == nil || classify(err) == final && classify(t.failed) != final) {
		return t.failed
	}
	return err
}

// query sends a statement that returns rows, for collect or each to read.
func (t *tx) query(ctx context.Context, query string, args ...any) (*result, error) {
	if t.failed != nil {
		return nil, t.failed
	}
	t.db.sent(query)
	rows, _, err := t.send(ctx, t.request(query, args))
	if err != nil {
		return nil, err
	}
	return &result{rows, t}, nil
}

// queryRow sends a statement that returns at most one row; Scan returns the error, sql.ErrNoRows where there is none.
func (t *tx) queryRow(ctx context.Context, query string, args ...any) row {
	r, err := t.query(ctx, query, args...)
	return row{r, err}
}

// exec sends a statement that returns no rows, and returns how many it affected.
func (t *tx) exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	if t.failed != nil {
		return 0, t.failed
	}
	t.db.sent(query)
	return t.execQuietly(ctx, query, args)
}

// execQuietly is exec without counting the statement: a batch is counted once, not once a row.
func (t *tx) execQuietly(ctx context.Context, query string, args []any) (int64, error) {
	r := t.request(query, args)
	r.exec = true
	_, affected, err := t.send(ctx, r)
	return affected, err
}

// request is a statement as it is sent. On the tenant's own node its id stands in the text: Citus plans a statement once for a shard
// that it reads there, and anew each time for one that it learns of with the arguments.
func (t *tx) request(query string, args []any) *request {
	if !t.home {
		return &request{text: t.db.flavor.bind(query), args: args}
	}
	text := number(query, func(i int) string {
		if tenant, ok := args[i].(noren.TenantID); ok {
			return "'" + strconv.FormatInt(int64(tenant), 10) + "'::bigint"
		}
		return ""
	})
	return &request{text: text, args: slices.DeleteFunc(slices.Clone(args), func(arg any) bool {
		_, tenant := arg.(noren.TenantID)
		return tenant
	})}
}

// send sends a statement, in its turn where a function of Together sends it. The first error is kept.
func (t *tx) send(ctx context.Context, r *request) (rows cursor, affected int64, err error) {
	t.wrote = t.wrote || r.exec || !strings.HasPrefix(r.text, "SELECT")
	switch {
	case t.turn != nil:
		err = t.turn.wait(r)
		rows, affected = r.rows, r.affected
	case r.exec:
		affected, err = t.run.exec(ctx, r.text, r.args)
	default:
		rows, err = t.run.query(ctx, r.text, r.args)
	}
	if err != nil && t.failed == nil {
		t.failed = err
	}
	return rows, affected, err
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
