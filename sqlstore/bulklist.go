package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"noren"
)

// The queries of this file look at many requests. They read what the index bulk_requests_list has, and rows themselves
// only of the page that is shown.

// BulkRequests implements noren.BulkListTx. States are part of the text, not arguments, so that the partial indexes over
// what is rare can be used.
func (t *tx) BulkRequests(ctx context.Context, f noren.BulkFilter) ([]noren.BulkSummary, error) {
	w := t.where()
	oneOf(w, t.db.flavor, "id", f.IDs)
	switch f.State {
	case noren.BulkAccepted, noren.BulkSucceeded, noren.BulkFailed:
		w.and("state = '" + string(f.State) + "'")
	default:
		equal(w, "state", string(f.State))
	}
	equal(w, "kind", string(f.Kind))
	equal(w, "client_id", f.ClientID)
	if f.StoreID != nil {
		w.and("store_id = ?", *f.StoreID)
	}
	switch f.Delivery {
	case "":
	case noren.CallbackGivenUp:
		w.and("id IN (SELECT request_id FROM callbacks WHERE tenant_id = ? AND state = 'given_up')", t.tenant)
	default:
		w.and(`EXISTS (SELECT 1 FROM callbacks c WHERE c.tenant_id = bulk_requests.tenant_id AND c.request_id = bulk_requests.id
			AND c.state = ?)`, string(f.Delivery))
	}
	w.between(f.After, f.Before)
	// No offset: pages go on from the number that the last one ended with, however many requests are before it.
	limit, args := limitOffset(noren.Page{Limit: f.Limit})
	// The page's ids come from the index alone. Only for those are the long rows read, and their callbacks.
	args = append(append(w.args, args...), t.tenant)
	rows, err := t.query(ctx, `WITH page AS (SELECT id FROM bulk_requests`+w.String()+` ORDER BY id DESC`+limit+`)
		SELECT b.id, b.kind, b.dialect, b.client_id, b.store_id, b.request_id, b.callback_url, b.state, b.tries, b.accepted_at,
			b.applied_at, COALESCE(b.size, 0), COALESCE(c.state, ''), COALESCE(c.attempts, 0),
			CASE WHEN c.state = 'pending' THEN c.next_at END
		FROM page JOIN bulk_requests b ON b.tenant_id = ? AND b.id = page.id
		LEFT JOIN callbacks c ON c.tenant_id = b.tenant_id AND c.request_id = b.id ORDER BY b.id DESC`, args...)
	list, err := collect(rows, err, scanSummary)
	return list, doing("list bulk requests", err)
}

// scanSummary reads one row of BulkRequests.
func scanSummary(row scannable) (s noren.BulkSummary, err error) {
	r := &s.Request
	var acceptedAt int64
	var appliedAt, nextAt sql.NullInt64
	err = row.Scan(&r.ID, &r.Kind, &r.Dialect, &r.ClientID, &r.StoreID, &r.RequestID, &r.CallbackURL, &r.State, &r.Tries,
		&acceptedAt, &appliedAt, &s.Size, &s.Delivery, &s.Attempts, &nextAt)
	r.AcceptedAt, r.AppliedAt, s.NextAt = fromMicros(acceptedAt), fromNullMicros(appliedAt), fromNullMicros(nextAt)
	return s, err
}

// BulkQueue implements noren.BulkListTx. What waits is in partial indexes.
func (t *tx) BulkQueue(ctx context.Context) (q noren.BulkQueue, err error) {
	var bulk, callback sql.NullInt64
	err = t.queryRow(ctx, `SELECT
		COALESCE((SELECT next - 1 FROM counters WHERE tenant_id = ? AND name = ?), 0),
		(SELECT COUNT(*) FROM bulk_requests WHERE tenant_id = ? AND state = 'accepted'),
		(SELECT MIN(accepted_at) FROM bulk_requests WHERE tenant_id = ? AND state = 'accepted'),
		(SELECT COUNT(*) FROM callbacks WHERE tenant_id = ? AND state = 'pending'),
		(SELECT MIN(owed_at) FROM callbacks WHERE tenant_id = ? AND state = 'pending'),
		(SELECT COUNT(*) FROM callbacks WHERE tenant_id = ? AND state = 'given_up'),
		(SELECT COUNT(*) FROM bulk_requests WHERE tenant_id = ? AND state = 'failed')`,
		t.tenant, noren.CounterBulk, t.tenant, t.tenant, t.tenant, t.tenant, t.tenant, t.tenant).
		Scan(&q.Accepted, &q.Waiting, &bulk, &q.CallbacksWaiting, &callback, &q.GivenUp, &q.Failed)
	if bulk.Valid {
		q.WaitingSince = fromMicros(bulk.Int64)
	}
	if callback.Valid {
		q.CallbacksSince = fromMicros(callback.Int64)
	}
	return q, doing("count what waits", err)
}

// BulkFlows implements noren.BulkListTx. Requests are numbered in the order in which they were accepted, so the first of
// them is found by halving the numbers.
func (t *tx) BulkFlows(ctx context.Context, from time.Time, step time.Duration) ([]noren.BulkFlow, error) {
	// A minute earlier, because several processes accept, and their clocks differ a little.
	before, err := t.numberAt(ctx, "bulk_requests", "accepted_at", noren.CounterBulk, from.Add(-time.Minute))
	if err != nil {
		return nil, doing("find the first bulk request", err)
	}
	// The steps are worked out by the database, so that what is returned grows with their number and not with that of
	// the requests. -1 stands for a request that has not been applied.
	start, length := micros(from), step.Microseconds()
	rows, err := t.query(ctx, `SELECT accepted, applied, state, COUNT(*) FROM (
			SELECT (accepted_at - ?) / ? AS accepted, COALESCE((applied_at - ?) / ?, -1) AS applied, state
			FROM bulk_requests WHERE tenant_id = ? AND id > ? AND accepted_at >= ?
		) AS flow GROUP BY accepted, applied, state ORDER BY accepted, applied, state`,
		start, length, start, length, t.tenant, before, start)
	list, err := collect(rows, err, func(row scannable) (f noren.BulkFlow, err error) {
		err = row.Scan(&f.Accepted, &f.Applied, &f.State, &f.Requests)
		return f, err
	})
	return list, doing("count bulk requests by time", err)
}

// delivered is the condition that an attempt reached its receiver.
const delivered = "status >= 200 AND status < 300"

// DeliveryFlows implements noren.CallbackTx. That a callback arrived is told by the first attempt with such a response: what
// is sent again later says nothing of how long it took.
func (t *tx) DeliveryFlows(ctx context.Context, from time.Time, step time.Duration) ([]noren.DeliveryFlow, error) {
	start, length := micros(from), step.Microseconds()
	// By counting places: SQLite has nothing like PostgreSQL's aggregates for percentiles.
	rows, err := t.query(ctx, `WITH tried AS (
			SELECT (a.at - ?) / ? AS step, a.request_id, a.number, a.at + a.duration AS ended, a.status
			FROM callback_attempts a WHERE a.tenant_id = ? AND a.at >= ?
		), arrived AS (
			SELECT tried.step, tried.ended - b.accepted_at AS took FROM tried
			JOIN bulk_requests b ON b.tenant_id = ? AND b.id = tried.request_id
			WHERE `+delivered+` AND NOT EXISTS (SELECT 1 FROM callback_attempts e WHERE e.tenant_id = ?
				AND e.request_id = tried.request_id AND e.number < tried.number AND e.status >= 200 AND e.status < 300)
		), placed AS (
			SELECT step, took, ROW_NUMBER() OVER (PARTITION BY step ORDER BY took) AS place, COUNT(*) OVER (PARTITION BY step) AS n
			FROM arrived
		), times AS (
			SELECT step, MAX(CASE WHEN place = (n + 1) / 2 THEN took END) AS median,
				MAX(CASE WHEN place = (n * 95 + 99) / 100 THEN took END) AS slow FROM placed GROUP BY step
		)
		SELECT counted.step, counted.delivered, counted.failed, COALESCE(times.median, 0), COALESCE(times.slow, 0) FROM (
			SELECT step, COUNT(*) FILTER (WHERE `+delivered+`) AS delivered, COUNT(*) FILTER (WHERE NOT (`+delivered+`)) AS failed
			FROM tried GROUP BY step
		) AS counted LEFT JOIN times ON times.step = counted.step ORDER BY counted.step`,
		start, length, t.tenant, start, t.tenant, t.tenant)
	list, err := collect(rows, err, func(row scannable) (f noren.DeliveryFlow, err error) {
		var median, slow int64
		err = row.Scan(&f.Step, &f.Delivered, &f.Failed, &median, &slow)
		f.Median, f.Slow = time.Duration(median)*time.Microsecond, time.Duration(slow)*time.Microsecond
		return f, err
	})
	return list, doing("count deliveries by time", err)
}
