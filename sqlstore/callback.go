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
		for _, found := range t.dueOf(shares, at) {
			rows, err := t.query(ctx, `WITH found AS MATERIALIZED (`+found.text+`)
				UPDATE callbacks SET lease_until = ? FROM found
				WHERE callbacks.tenant_id = ? AND callbacks.request_id = found.request_id AND `+stillDue+f.unsynced+`
				RETURNING `+callbackColumns+`, COALESCE((SELECT k.secret FROM signing_keys k
					WHERE k.tenant_id = ? AND k.name = 'client:' || CAST(callbacks.client_id AS text)), ''),
					COALESCE((SELECT k.previous FROM signing_keys k WHERE k.tenant_id = ?
						AND k.name = 'client:' || CAST(callbacks.client_id AS text) AND k.previous_until > ?), '')`,
				append(found.args, micros(until), tenant, at, at, tenant, tenant, at)...)
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

// dueOf are the queries for the callbacks of each host that are due, at most as many as its share, so that a host with very many
// cannot take the places of the others. They are locked. PostgreSQL takes all hosts in one; behind Citus that would go to no one shard.
func (t *tx) dueOf(shares []noren.HostShare, at int64) (queries []query) {
	f := t.db.flavor
	ofHost := func(host, most string) string {
		return "SELECT request_id FROM callbacks WHERE callbacks.tenant_id = ? AND callbacks.host = " + host + " AND " + due +
			" ORDER BY next_at, request_id LIMIT " + most + f.skipLocked
	}
	if f.unnests && !f.sharded {
		hosts, most := make([]string, len(shares)), make([]int64, len(shares))
		for i, s := range shares {
			hosts[i], most[i] = s.Host, int64(s.Most)
		}
		return []query{{
			"SELECT c.request_id FROM unnest(CAST(? AS text[]), CAST(? AS bigint[])) AS s (host, most) CROSS JOIN LATERAL (" +
				ofHost("s.host", "s.most") + ") AS c",
			[]any{hosts, most, t.tenant, at, at},
		}}
	}
	for _, s := range shares {
		queries = append(queries, query{ofHost("?", "?"), []any{t.tenant, s.Host, at, at, s.Most}})
	}
	return queries
}

// query is a text with its arguments.
type query struct {
	text string
	args []any
}

// GiveUpCallbacks implements noren.CallbackTx.
func (t *tx) GiveUpCallbacks(ctx context.Context, host string, now, owed time.Time, limit int) (int, error) {
	at := micros(now)
	rows, err := t.query(ctx, `WITH found AS MATERIALIZED (SELECT request_id FROM callbacks
			WHERE callbacks.tenant_id = ? AND callbacks.host = ? AND `+due+` AND owed_at <= ? LIMIT ?`+t.db.flavor.skipLocked+`)
		UPDATE callbacks SET state = 'given_up' WHERE tenant_id = ? AND request_id IN (SELECT request_id FROM found)
		RETURNING request_id`, t.tenant, host, at, at, micros(owed), limit, t.tenant)
	ended, err := collect(rows, err, func(row scannable) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	})
	if err == nil {
		err = t.shortenEnded(ctx, ended)
	}
	return len(ended), doing("give callbacks up", err)
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

// RecordAttempts implements noren.CallbackTx. Where two processes have delivered the same attempt, because a lease ran
// out, the record and the state of the first stay.
func (t *tx) RecordAttempts(ctx context.Context, deliveries []noren.Delivery) error {
	if len(deliveries) == 0 {
		return nil
	}
	deliveries = slices.SortedFunc(slices.Values(deliveries), func(a, b noren.Delivery) int {
		return cmp.Compare(a.Callback.RequestID, b.Callback.RequestID)
	})
	of := func(value func(d *noren.Delivery) any) []any { return valuesOf(deliveries, value) }
	requests := column{"request_id", kindInt, of(func(d *noren.Delivery) any { return d.Callback.RequestID })}
	if f := t.db.flavor; f.remote && len(deliveries) > 1 {
		// Locked in the order of their numbers, as whoever sends them again does; an UPDATE has an order of its own.
		if err := t.later(ctx, deferred{
			doing: "lock callbacks", args: []any{t.tenant, f.list(array[int64](requests.values))},
			text: "SELECT request_id FROM callbacks WHERE tenant_id = ? AND " + f.in("request_id") + " ORDER BY request_id" + f.forUpdate(),
		}); err != nil {
			return err
		}
	}
	err := t.updateLater(ctx, deferred{doing: "store the states of callbacks"}, "callbacks", []column{
		requests,
		// Only the attempt that comes next changes the state: of two that have the same number, the second finds
		// another count.
		{"attempts", kindInt, of(func(d *noren.Delivery) any { return int64(d.Attempt.Number - 1) })},
	}, []column{
		{"state", kindText, of(func(d *noren.Delivery) any { return string(d.Callback.State) })},
		{"attempts", kindInt, of(func(d *noren.Delivery) any { return int64(d.Callback.Attempts) })},
		{"tries", kindInt, of(func(d *noren.Delivery) any { return int64(d.Callback.Tries) })},
		{"next_at", kindInt, of(func(d *noren.Delivery) any { return micros(d.Callback.NextAt) })},
		{"lease_until", kindInt, of(func(*noren.Delivery) any { return int64(0) })},
	})
	if err == nil {
		var ended []int64
		for _, d := range deliveries {
			if d.Callback.State != noren.CallbackPending {
				ended = append(ended, d.Callback.RequestID)
			}
		}
		err = t.shortenEnded(ctx, ended)
	}
	if err != nil {
		return err
	}
	return t.recordAttempts(ctx, []column{
		{"at", kindInt, of(func(d *noren.Delivery) any { return micros(d.Attempt.At) })},
		{"duration", kindInt, of(func(d *noren.Delivery) any { return d.Attempt.Duration.Microseconds() })},
		{"status", kindInt, of(func(d *noren.Delivery) any { return int64(d.Attempt.Status) })},
		{"error", kindText, of(func(d *noren.Delivery) any { return d.Attempt.Error })},
		{"answer", kindBytes, of(func(d *noren.Delivery) any { return bytesOrNull(d.Attempt.Answer) })},
		requests,
		{"number", kindInt, of(func(d *noren.Delivery) any { return int64(d.Attempt.Number) })},
	})
}

// shortenEnded replaces the URLs of callbacks that have ended by those of their requests, which are others where somebody was erased
// whom they name. The callbacks are locked, so an erasure is either done or finds that they have ended.
func (t *tx) shortenEnded(ctx context.Context, ended []int64) error {
	if len(ended) == 0 {
		return nil
	}
	listed, arg := isIn(t.db.flavor, "callbacks.request_id", ended)
	d := deferred{
		doing: "erase people from the URLs of callbacks", args: []any{t.tenant, t.tenant, arg},
		text: "UPDATE callbacks SET url = r.callback_url FROM bulk_requests AS r WHERE callbacks.tenant_id = ? AND r.tenant_id = ? AND " +
			listed + " AND r.id = callbacks.request_id AND callbacks.state <> 'pending' AND callbacks.url <> r.callback_url",
	}
	if t.db.flavor.remote {
		return t.later(ctx, d)
	}
	changed, err := t.exec(ctx, d.text, d.args...)
	if changed > 0 {
		t.db.scrub.Store(true)
	}
	return d.outcome(changed, err)
}

// recordAttempts inserts the attempts, each from its callback's own row, so that nothing is recorded of one that was swept meanwhile. Of
// two attempts with one number the first stays. The last two columns are those by which the row is found.
func (t *tx) recordAttempts(ctx context.Context, cols []column) error {
	const (
		into   = "INSERT INTO callback_attempts (tenant_id, request_id, number, at, duration, status, error, answer) "
		doing  = "record attempts"
		ignore = " ON CONFLICT DO NOTHING"
	)
	if t.db.flavor.unnests {
		return t.later(ctx, deferred{
			doing: doing, args: append(arrays(cols), t.tenant),
			text: into + "SELECT c.tenant_id, c.request_id, c.attempts, v.c0, v.c1, v.c2, v.c3, v.c4 FROM callbacks AS c JOIN " + unnest(cols, "") +
				" ON c.request_id = v.c5 AND c.attempts = v.c6 WHERE c.tenant_id = ?" + ignore,
		})
	}
	cols = append(cols, t.tenantColumn(len(cols[0].values)))
	return deferred{doing: doing}.outcome(t.eachRow(ctx, into+"SELECT tenant_id, request_id, attempts, ?, ?, ?, ?, ? FROM callbacks"+
		" WHERE request_id = ? AND attempts = ? AND tenant_id = ?"+ignore, cols))
}

// bytesOrNull is NULL for no bytes at all.
func bytesOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
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
