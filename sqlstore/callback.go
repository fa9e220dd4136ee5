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

// scanCallback reads callbackColumns, and what the query returns besides into more.
func scanCallback(row scannable, more ...any) (c noren.Callback, err error) {
	var owedAt, nextAt int64
	err = row.Scan(append([]any{
		&c.TenantID, &c.RequestID, &c.ClientID, &c.URL, &c.Host, &c.Body, &c.State, &c.Attempts, &c.Tries, &owedAt, &nextAt,
	}, more...)...)
	c.OwedAt, c.NextAt = fromMicros(owedAt), fromMicros(nextAt)
	return c, err
}

// due is the condition that a callback is to be delivered and nobody is about to: ? is now, twice.
const due = "callbacks.state = 'pending' AND callbacks.next_at <= ? AND callbacks.lease_until <= ?"

// stillDue is due for a row that has been found by its key: the sign keeps SQLite from going through all that is due instead.
const stillDue = "callbacks.state = 'pending' AND +callbacks.next_at <= ? AND callbacks.lease_until <= ?"

// TenantsWithCallbacks implements noren.BulkDirectory. As TenantsWithBulk it asks each lane, and not all callbacks that are due:
// one tenant may have very many.
func (db *DB) TenantsWithCallbacks(ctx context.Context, now time.Time) (tenants []noren.TenantID, err error) {
	at := micros(now)
	return db.tenantsOf(ctx, "due callbacks", `SELECT l.tenant_id FROM lanes l WHERE EXISTS (
		SELECT 1 FROM callbacks WHERE callbacks.tenant_id = l.tenant_id AND `+due+`)`, "l.tenant_id", at, at)
}

// CallbackHosts implements noren.BulkDirectory. It goes from host to host through the index, and so never through the callbacks
// of one, however many there are.
func (db *DB) CallbackHosts(
	ctx context.Context, tenant noren.TenantID, now time.Time, after string, limit int,
) (hosts []noren.CallbackHost, err error) {
	at := micros(now)
	// Each step is one look into the index callbacks_host, at the first entry behind a host's.
	const next = "SELECT MIN(host) FROM callbacks WHERE tenant_id = ? AND state = 'pending' AND host > "
	err = db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, `WITH RECURSIVE hosts (host, n) AS (
				SELECT (`+next+`?), 1
				UNION ALL
				SELECT (`+next+`hosts.host), n + 1 FROM hosts WHERE host IS NOT NULL AND n < ?
			)
			SELECT hosts.host, (SELECT MIN(next_at) FROM callbacks
				WHERE tenant_id = ? AND callbacks.host = hosts.host AND `+due+`)
			FROM hosts WHERE hosts.host IS NOT NULL ORDER BY n`, tenant, after, tenant, limit, tenant, at, at)
		hosts, err = collect(rows, err, func(row scannable) (h noren.CallbackHost, err error) {
			var since sql.NullInt64
			err = row.Scan(&h.Host, &since)
			h.Due = fromNullMicros(since)
			return h, err
		})
		return doing("look for hosts of callbacks", err)
	})
	return hosts, err
}

// ClaimCallbacks implements noren.BulkDirectory.
//
// SKIP LOCKED lets several processes claim side by side. The condition is said again outside because a row may be
// claimed by another between being found and being updated: without it most of a busy queue was claimed twice.
// MATERIALIZED makes the search run once; the planner may otherwise run it, and lock rows, for each row it joins.
func (db *DB) ClaimCallbacks(
	ctx context.Context, tenant noren.TenantID, now, until time.Time, shares []noren.HostShare,
) (claimed []noren.Callback, err error) {
	at, f := micros(now), db.flavor
	// A claim whose response is lost holds its callbacks until the lease ends, as one does whose process dies. One that a crash
	// of the database forgets is made again: callbacks are delivered at least once.
	err = db.on.single(ctx, tenant, func(t *tx) error {
		// Of a run whose outcome was lost nothing counts.
		claimed = nil
		// A statement for each host, so that a host with very many cannot take the places of the others.
		for _, s := range shares {
			rows, err := t.query(ctx, `WITH found AS MATERIALIZED (SELECT request_id FROM callbacks
				WHERE callbacks.tenant_id = ? AND callbacks.host = ? AND `+due+` ORDER BY next_at, request_id LIMIT ?`+f.skipLocked+`)
				UPDATE callbacks SET lease_until = ? FROM found
				WHERE callbacks.tenant_id = ? AND callbacks.request_id = found.request_id AND `+stillDue+f.unsynced+`
				RETURNING `+callbackColumns+`, COALESCE((SELECT k.secret FROM signing_keys k
					WHERE k.tenant_id = ? AND k.name = 'client:' || CAST(callbacks.client_id AS text)), ''),
					COALESCE((SELECT k.previous FROM signing_keys k WHERE k.tenant_id = ?
						AND k.name = 'client:' || CAST(callbacks.client_id AS text) AND k.previous_until > ?), '')`,
				tenant, s.Host, at, at, s.Most, micros(until), tenant, at, at, tenant, tenant, at)
			list, err := collect(rows, err, func(row scannable) (noren.Callback, error) {
				var secret, previous string
				c, err := scanCallback(row, &secret, &previous)
				c.Secret, c.PreviousSecret = secret, previous
				return c, err
			})
			if err != nil {
				return doing("claim callbacks", err)
			}
			claimed = append(claimed, list...)
		}
		return nil
	})
	// RETURNING has no order.
	slices.SortFunc(claimed, func(a, b noren.Callback) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.RequestID, b.RequestID))
	})
	return claimed, err
}

// GiveUpCallbacks implements noren.CallbackTx.
func (t *tx) GiveUpCallbacks(ctx context.Context, host string, now, owed time.Time, limit int) (int, error) {
	at := micros(now)
	n, err := t.exec(ctx, `WITH found AS MATERIALIZED (SELECT request_id FROM callbacks
			WHERE callbacks.tenant_id = ? AND callbacks.host = ? AND `+due+` AND owed_at <= ? LIMIT ?`+t.db.flavor.skipLocked+`)
		UPDATE callbacks SET state = 'given_up' WHERE tenant_id = ? AND request_id IN (SELECT request_id FROM found)`,
		t.tenant, host, at, at, micros(owed), limit, t.tenant)
	return int(n), doing("give callbacks up", err)
}

// HastenCallbacks implements noren.BulkDirectory. It first looks without a lock, because there is nearly never one that waits too
// long, and then the one writer of SQLite is not troubled. What it finds it changes tenant by tenant.
func (db *DB) HastenCallbacks(ctx context.Context, now, retries, leases time.Time) (n int, err error) {
	const stray = "state = 'pending' AND (next_at > ? OR lease_until > ?)"
	tenants, err := db.tenantsOf(ctx, "stray callbacks", "SELECT DISTINCT tenant_id FROM callbacks WHERE "+stray, "tenant_id",
		micros(retries), micros(leases))
	for _, tenant := range tenants {
		var changed int64
		err := db.update(ctx, tenant, func(t *tx) (err error) {
			changed, err = t.exec(ctx, `UPDATE callbacks SET next_at = CASE WHEN next_at > ? THEN ? ELSE next_at END,
				lease_until = CASE WHEN lease_until > ? THEN 0 ELSE lease_until END WHERE tenant_id = ? AND `+stray,
				micros(retries), micros(now), micros(leases), tenant, micros(retries), micros(leases))
			return doing("hasten callbacks", err)
		})
		if err != nil {
			return n, err
		}
		n += int(changed)
	}
	return n, err
}

// oweCallbacks stores new callbacks, free to be claimed at once. A request that has one keeps it.
func (t *tx) oweCallbacks(ctx context.Context, callbacks []noren.Callback) error {
	if len(callbacks) == 0 {
		return nil
	}
	of := func(value func(c *noren.Callback) any) []any { return valuesOf(callbacks, value) }
	return t.insertLater(ctx, deferred{doing: "store callbacks"}, "callbacks", "ON CONFLICT DO NOTHING", []column{
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
}

// matching is the condition of a CallbackFilter, without its page.
func (t *tx) matching(f noren.CallbackFilter) *where {
	w := t.where()
	equal(w, "request_id", f.RequestID)
	oneOf(w, t.db.flavor, "request_id", f.RequestIDs)
	equal(w, "state", string(f.State))
	return w
}

// Callbacks implements noren.CallbackTx. The clients' secrets are not filled in: they are for those who deliver.
func (t *tx) Callbacks(ctx context.Context, f noren.CallbackFilter) ([]noren.Callback, error) {
	w := t.matching(f)
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, "SELECT "+callbackColumns+" FROM callbacks"+w.String()+" ORDER BY request_id DESC"+limit,
		append(w.args, args...)...)
	list, err := collect(rows, err, func(row scannable) (noren.Callback, error) { return scanCallback(row) })
	return list, doing("list callbacks", err)
}

// RecordAttempt implements noren.CallbackTx. Where two processes have delivered the same attempt, because a lease ran
// out, the record and the state of the first stay.
func (t *tx) RecordAttempt(ctx context.Context, c noren.Callback, a noren.Attempt) error {
	err := t.later(ctx, deferred{
		doing: "store a callback's state",
		text: `UPDATE callbacks SET state = ?, attempts = ?, tries = ?, next_at = ?, lease_until = 0
			WHERE tenant_id = ? AND request_id = ? AND attempts = ?`,
		// Only the attempt that comes next changes the state: of two that have the same number, the second finds
		// another count.
		args: []any{string(c.State), c.Attempts, c.Tries, micros(c.NextAt), t.tenant, c.RequestID, a.Number - 1},
	})
	if err != nil {
		return err
	}
	return t.later(ctx, deferred{
		// Inserted from the callback's own row, so that nothing is recorded of one that was swept meanwhile. Of two
		// attempts with one number the first stays.
		doing: "record an attempt",
		text: `INSERT INTO callback_attempts (tenant_id, request_id, number, at, duration, status, error, answer)
			SELECT tenant_id, request_id, attempts, CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint), CAST(? AS text),
				COALESCE(?, CAST(NULL AS bytea))
			FROM callbacks WHERE tenant_id = ? AND request_id = ? AND attempts = ? ON CONFLICT DO NOTHING`,
		args: []any{micros(a.At), a.Duration.Microseconds(), a.Status, a.Error, a.Answer, t.tenant, c.RequestID, a.Number},
	})
}

// ResendCallbacks implements noren.CallbackTx. What was tried before stays recorded, and counts no longer.
func (t *tx) ResendCallbacks(ctx context.Context, f noren.CallbackFilter, now time.Time) (int, error) {
	w := t.matching(f)
	// Locked in order of their numbers.
	n, err := t.exec(ctx, `UPDATE callbacks SET state = 'pending', tries = 0, owed_at = ?, next_at = ?, lease_until = 0
		WHERE tenant_id = ? AND request_id IN (SELECT request_id FROM callbacks`+w.String()+` ORDER BY request_id`+t.db.flavor.forUpdate()+`)`,
		append([]any{micros(now), micros(now), t.tenant}, w.args...)...)
	return int(n), doing("send callbacks again", err)
}

// attempts lists every delivery of the request's callback, the first first.
func (t *tx) attempts(ctx context.Context, requestID int64) ([]noren.Attempt, error) {
	rows, err := t.query(ctx, `SELECT number, at, duration, status, error, answer FROM callback_attempts
		WHERE tenant_id = ? AND request_id = ? ORDER BY number`, t.tenant, requestID)
	list, err := collect(rows, err, func(row scannable) (a noren.Attempt, err error) {
		var at, duration int64
		err = row.Scan(&a.Number, &at, &duration, &a.Status, &a.Error, &a.Answer)
		a.At, a.Duration = fromMicros(at), time.Duration(duration)*time.Microsecond
		return a, err
	})
	return list, doing("list attempts", err)
}
