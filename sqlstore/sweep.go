package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"noren"
)

// What is done is removed after a while, a bounded number at a time.

// SweepBulk implements noren.BulkTx. Requests are removed from the first on, without leaving gaps, so that noren verify can tell
// what was removed from what was lost.
func (t *tx) SweepBulk(ctx context.Context, before time.Time, limit int) (int, error) {
	type old struct {
		id   int64
		done bool
	}
	at := micros(before)
	// The newest stays, however old it is: noren verify compares the last number with the counter.
	rows, err := t.query(ctx, `SELECT id, state, applied_at FROM bulk_requests
		WHERE tenant_id = ? AND id < (SELECT next - 1 FROM counters WHERE tenant_id = ? AND name = ?) ORDER BY id LIMIT ?`,
		t.tenant, t.tenant, noren.CounterBulk, limit)
	oldest, err := collect(rows, err, func(row scannable) (r old, err error) {
		var state noren.BulkState
		var applied sql.NullInt64
		err = row.Scan(&r.id, &state, &applied)
		r.done = state != noren.BulkAccepted && applied.Valid && applied.Int64 < at
		return r, err
	})
	if err != nil || len(oldest) == 0 || !oldest[0].done {
		return 0, doing("look for old bulk requests", err)
	}
	// Locked, because somebody may have a callback sent again: it either waits and finds nothing, or is seen here as
	// pending.
	pending := make(map[int64]bool)
	rows, err = t.query(ctx, `SELECT request_id, state FROM callbacks WHERE tenant_id = ? AND request_id <= ? ORDER BY request_id`+
		t.db.flavor.forUpdate(), t.tenant, oldest[len(oldest)-1].id)
	err = each(rows, err, func(row scannable) error {
		var id int64
		var state noren.DeliveryState
		err := row.Scan(&id, &state)
		pending[id] = state == noren.CallbackPending
		return err
	})
	if err != nil {
		return 0, doing("look for old callbacks", err)
	}
	n := 0
	// The first that has to stay keeps all behind it, or there would be a gap.
	for n < len(oldest) && oldest[n].done && !pending[oldest[n].id] {
		n++
	}
	if n == 0 {
		return 0, nil
	}
	last := oldest[n-1].id
	// What refers to a request goes before it does.
	for _, query := range []string{
		"DELETE FROM callback_attempts WHERE tenant_id = ? AND request_id <= ?",
		"DELETE FROM callbacks WHERE tenant_id = ? AND request_id <= ?",
		"DELETE FROM bulk_requests WHERE tenant_id = ? AND id <= ?",
	} {
		if _, err := t.exec(ctx, query, t.tenant, last); err != nil {
			return 0, doing("remove old bulk requests", err)
		}
	}
	// From here noren verify knows where the numbers begin.
	return n, t.Raise(ctx, noren.CounterBulkSwept, last)
}

// SweepWebhooks implements noren.WebhookTx.
func (t *tx) SweepWebhooks(ctx context.Context, before time.Time, limit int) (int, error) {
	// MATERIALIZED keeps PostgreSQL from running the limited query for each row, which would lock and remove more than
	// the limit.
	n, err := t.exec(ctx, `WITH found AS MATERIALIZED (SELECT source, id FROM webhooks WHERE tenant_id = ? AND at < ?
			ORDER BY at LIMIT ?`+t.db.flavor.skipLocked+`)
		DELETE FROM webhooks WHERE tenant_id = ? AND (source, id) IN (SELECT source, id FROM found)`,
		t.tenant, micros(before), limit, t.tenant)
	return int(n), doing("remove old webhooks", err)
}
