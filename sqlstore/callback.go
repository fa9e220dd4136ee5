package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"noren"
)

// callbackColumns are what scanCallback reads, in its order. Those that the table shares with others are qualified.
const callbackColumns = "callbacks.tenant_id, callbacks.request_id, callbacks.client_id, url, host, body, state, " +
	"attempts, tries, owed_at, next_at"

// scanCallback reads callbackColumns, and what the query answers besides into more.
func scanCallback(rows *sql.Rows, more ...any) (c noren.Callback, err error) {
	var owedAt, nextAt int64
	err = rows.Scan(append([]any{
		&c.TenantID, &c.RequestID, &c.ClientID, &c.URL, &c.Host, &c.Body, &c.State, &c.Attempts, &c.Tries, &owedAt, &nextAt,
	}, more...)...)
	c.OwedAt, c.NextAt = fromMicros(owedAt), fromMicros(nextAt)
	return c, err
}

// due is the condition that a callback is to be delivered and nobody is about to: ? is now, twice.
const due = "callbacks.state = 'pending' AND callbacks.next_at <= ? AND callbacks.lease_until <= ?"

// ClaimCallbacks implements noren.Directory. It first looks, without a lock, whether anything is due, because most
// of the time nothing is, and then the one writer of SQLite is not troubled.
//
// SKIP LOCKED lets several processes claim side by side. The condition is said again outside because a row may be
// claimed by another between being found and being updated: without it most of a busy queue was claimed twice.
// MATERIALIZED makes the search run once; the planner may otherwise run it, and lock rows, for each row it joins.
func (db *DB) ClaimCallbacks(ctx context.Context, now, until time.Time, busy []string, limit int) ([]noren.Callback, error) {
	found, at, f := false, micros(now), db.flavor
	free := due + " AND NOT (" + f.in("callbacks.host") + ")"
	err := db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, "SELECT 1 FROM callbacks WHERE "+free+" LIMIT 1", at, at, f.list(busy))
		some, err := collect(rows, err, func(*sql.Rows) (bool, error) { return true, nil })
		found = len(some) > 0
		return doing("look for callbacks", err)
	})
	if err != nil || !found {
		return nil, err
	}
	var claimed []noren.Callback
	err = db.update(ctx, 0, func(t *tx) error {
		rows, err := t.query(ctx, `WITH found AS MATERIALIZED (SELECT tenant_id, request_id FROM callbacks WHERE `+free+`
			ORDER BY next_at, tenant_id, request_id LIMIT ?`+f.skipLocked+`)
			UPDATE callbacks SET lease_until = ? FROM found
			WHERE callbacks.tenant_id = found.tenant_id AND callbacks.request_id = found.request_id AND `+due+`
			RETURNING `+callbackColumns+`, COALESCE((SELECT k.secret FROM signing_keys k
				WHERE k.tenant_id = callbacks.tenant_id AND k.name = 'client:' || CAST(callbacks.client_id AS text)), '')`,
			at, at, f.list(busy), limit, micros(until), at, at)
		claimed, err = collect(rows, err, func(rows *sql.Rows) (noren.Callback, error) {
			var secret string
			c, err := scanCallback(rows, &secret)
			c.Secret = secret
			return c, err
		})
		return doing("claim callbacks", err)
	})
	// RETURNING has no order.
	slices.SortFunc(claimed, func(a, b noren.Callback) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.TenantID, b.TenantID), cmp.Compare(a.RequestID, b.RequestID))
	})
	return claimed, err
}

// oweCallbacks stores new callbacks, free to be claimed at once. A request that has one keeps it.
func (t *tx) oweCallbacks(ctx context.Context, callbacks []noren.Callback) error {
	if len(callbacks) == 0 {
		return nil
	}
	of := func(value func(c *noren.Callback) any) []any { return valuesOf(callbacks, value) }
	_, err := t.insertRows(ctx, "callbacks", "ON CONFLICT DO NOTHING", []column{
		{"request_id", kindInt, of(func(c *noren.Callback) any { return c.RequestID })},
		{"client_id", kindInt, of(func(c *noren.Callback) any { return c.ClientID })},
		{"url", kindText, of(func(c *noren.Callback) any { return c.URL })},
		{"host", kindText, of(func(c *noren.Callback) any { return c.Host })},
		{"body", kindBytes, of(func(c *noren.Callback) any { return c.Body })},
		{"state", kindText, of(func(c *noren.Callback) any { return string(c.State) })},
		{"attempts", kindInt, of(func(c *noren.Callback) any { return int64(c.Attempts) })},
		{"tries", kindInt, of(func(c *noren.Callback) any { return int64(c.Tries) })},
		{"owed_at", kindInt, of(func(c *noren.Callback) any { return micros(c.OwedAt) })},
		{"next_at", kindInt, of(func(c *noren.Callback) any { return micros(c.NextAt) })},
		{"lease_until", kindInt, of(func(*noren.Callback) any { return int64(0) })},
	})
	return doing("store callbacks", err)
}

// matching is the condition of a CallbackFilter, without its page.
func (t *tx) matching(f noren.CallbackFilter) *where {
	w := t.where()
	equal(w, "request_id", f.RequestID)
	oneOf(w, t.db.flavor, "request_id", f.RequestIDs)
	equal(w, "state", string(f.State))
	return w
}

// Callbacks implements noren.BulkTx. The clients' secrets are not filled in: they are for those who deliver.
func (t *tx) Callbacks(ctx context.Context, f noren.CallbackFilter) ([]noren.Callback, error) {
	w := t.matching(f)
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, "SELECT "+callbackColumns+" FROM callbacks"+w.String()+" ORDER BY request_id DESC"+limit,
		append(w.args, args...)...)
	list, err := collect(rows, err, func(rows *sql.Rows) (noren.Callback, error) { return scanCallback(rows) })
	return list, doing("list callbacks", err)
}

// RecordAttempt implements noren.BulkTx. Where two processes have delivered the same attempt, because a lease ran
// out, the record and the state of the first stay.
func (t *tx) RecordAttempt(ctx context.Context, c noren.Callback, a noren.Attempt) error {
	n, err := t.exec(ctx, `UPDATE callbacks SET state = ?, attempts = ?, tries = ?, next_at = ?, lease_until = 0
		WHERE tenant_id = ? AND request_id = ? AND attempts = ?`,
		string(c.State), c.Attempts, c.Tries, micros(c.NextAt), t.tenant, c.RequestID, a.Number-1)
	if err != nil || n == 0 {
		return doing("store a callback's state", err)
	}
	_, err = t.exec(ctx, `INSERT INTO callback_attempts (tenant_id, request_id, number, at, duration, status, error, answer)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.tenant, c.RequestID, a.Number, micros(a.At), a.Duration.Microseconds(), a.Status, a.Error, a.Answer)
	return doing("record an attempt", err)
}

// ResendCallbacks implements noren.BulkTx. What was tried before stays recorded, and counts no longer.
func (t *tx) ResendCallbacks(ctx context.Context, f noren.CallbackFilter, now time.Time) (int, error) {
	w := t.matching(f)
	n, err := t.exec(ctx, `UPDATE callbacks SET state = 'pending', tries = 0, owed_at = ?, next_at = ?, lease_until = 0`+
		w.String(), append([]any{micros(now), micros(now)}, w.args...)...)
	return int(n), doing("send callbacks again", err)
}

// attempts lists every delivery of the request's callback, the first first.
func (t *tx) attempts(ctx context.Context, requestID int64) ([]noren.Attempt, error) {
	rows, err := t.query(ctx, `SELECT number, at, duration, status, error, answer FROM callback_attempts
		WHERE tenant_id = ? AND request_id = ? ORDER BY number`, t.tenant, requestID)
	list, err := collect(rows, err, func(rows *sql.Rows) (a noren.Attempt, err error) {
		var at, duration int64
		err = rows.Scan(&a.Number, &at, &duration, &a.Status, &a.Error, &a.Answer)
		a.At, a.Duration = fromMicros(at), time.Duration(duration)*time.Microsecond
		return a, err
	})
	return list, doing("list attempts", err)
}
