package sqlstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// deferred is a write whose outcome nobody waits for.
type deferred struct {
	doing string // what is being done, for its error
	text  string
	args  []any
	// wrong, where it is set, is the error where the statement does not affect as many rows as rows says.
	wrong error
	rows  int64
	// judge, where it is set, makes another error of the statement's.
	judge func(error) error
}

// later sends the write no later than the next statement, or at last with the COMMIT. On PostgreSQL that saves its round trip;
// its error is then that of the next statement, or of the transaction. On SQLite it is sent at once.
func (t *tx) later(ctx context.Context, w deferred) error {
	p, ok := t.run.(*pgTx)
	if !ok {
		affected, err := t.exec(ctx, w.text, w.args...)
		return w.outcome(affected, err)
	}
	if t.failed != nil {
		return t.failed
	}
	t.db.sent(w.text)
	// On PostgreSQL nobody is there to count when the statement has run, so it counts by itself.
	if w.wrong != nil {
		w.text, w.args = counted(w.text), append(w.args, w.rows)
	}
	r := t.request(w.text, w.args)
	r.exec, r.check = true, func(r *request) error {
		if e, ok := errors.AsType[*pgconn.PgError](r.err); ok && e.Code == divisionByZero && w.wrong != nil {
			return w.wrong
		}
		return w.outcome(w.rows, r.err)
	}
	p.queue = append(p.queue, r)
	return nil
}

// outcome is what becomes of the write once it was sent.
func (w deferred) outcome(affected int64, err error) error {
	switch {
	case err != nil && w.judge != nil:
		return doing(w.doing, w.judge(err))
	case err != nil:
		return doing(w.doing, err)
	case w.wrong != nil && affected != w.rows:
		return w.wrong
	}
	return nil
}

// divisionByZero is the SQLSTATE of a counted write that affects another number of rows.
const divisionByZero = "22012"

// counted makes a write fail on PostgreSQL where it does not affect as many rows as its last argument says. The COMMIT that may
// be under way behind it does not take place then.
func counted(text string) string {
	return "WITH done AS (" + text + " RETURNING 1) SELECT 1 / CAST(COUNT(*) = ? AS integer) FROM done"
}

// ahead sends a read whose row is looked at no later than the outcome of the next statement: an error of look is then its
// error. On SQLite it is sent at once.
func (t *tx) ahead(ctx context.Context, query string, args []any, look func(row) error) error {
	p, ok := t.run.(*pgTx)
	if !ok {
		return look(t.queryRow(ctx, query, args...))
	}
	if t.failed != nil {
		return t.failed
	}
	t.db.sent(query)
	r := t.request(query, args)
	r.check = func(r *request) error {
		return look(row{&result{r.rows, t}, r.err})
	}
	p.queue = append(p.queue, r)
	return nil
}
