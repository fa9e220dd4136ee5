package sqlstore

import (
	"context"
	"time"

	"noren"
)

// endOfTimes is later than every stored time.
const endOfTimes = 1<<63 - 1

// CountDue implements noren.RetentionTx. It counts by the rules of SweepBulk, SweepWebhooks, SweepImports, SweepAudit and
// LeftMembers.
func (t *tx) CountDue(ctx context.Context, e noren.Expired) (d noren.Due, err error) {
	auditLast, err := t.AuditNumber(ctx, e.AuditValues)
	if err != nil {
		return d, err
	}
	for _, c := range []struct {
		to    *int
		query string
		args  []any
	}{{
		// Up to the first that stays: one that is not over, or whose callback is pending, keeps all behind it.
		&d.Bulk, `SELECT COUNT(*) FROM bulk_requests WHERE tenant_id = ?
				AND id < (SELECT next - 1 FROM counters WHERE tenant_id = ? AND name = ?)
				AND id < (SELECT COALESCE(MIN(id), CAST(? AS bigint)) FROM bulk_requests WHERE tenant_id = ?
					AND (state = ? OR applied_at IS NULL OR applied_at >= ?))
				AND id < (SELECT COALESCE(MIN(request_id), CAST(? AS bigint)) FROM callbacks WHERE tenant_id = ? AND state = ?)`,
		[]any{
			t.tenant, t.tenant, noren.CounterBulk, int64(endOfTimes), t.tenant, noren.BulkAccepted, micros(e.Bulk),
			int64(endOfTimes), t.tenant, noren.CallbackPending,
		},
	}, {
		&d.Webhooks, "SELECT COUNT(*) FROM webhooks WHERE tenant_id = ? AND at < ?", []any{t.tenant, micros(e.Webhooks)},
	}, {
		&d.Imports, "SELECT COUNT(*) FROM imports WHERE tenant_id = ? AND id IN (" + endedImports + " AND created_at < ?)",
		[]any{t.tenant, t.tenant, micros(e.Imports)},
	}, {
		&d.AuditValues, "SELECT COUNT(*) FROM audit WHERE tenant_id = ? AND id <= ? AND at < ? AND changes <> '{}'",
		[]any{t.tenant, auditLast, micros(e.AuditValues)},
	}, {
		&d.LeftMembers, "SELECT COUNT(*) FROM members WHERE tenant_id = ? AND " + leftUntil,
		[]any{t.tenant, noren.Left, e.LeftMembers},
	}} {
		if err := t.queryRow(ctx, c.query, c.args...).Scan(c.to); err != nil {
			return d, doing("count what is over", err)
		}
	}
	return d, nil
}

// SweepAudit implements noren.RetentionTx. How far it is, is a counter: every write would have to pay for an index.
func (t *tx) SweepAudit(ctx context.Context, before time.Time, limit int) (int, error) {
	last, err := t.AuditNumber(ctx, before)
	if err != nil {
		return 0, err
	}
	var first int64
	err = t.queryRow(ctx, "SELECT COALESCE((SELECT next FROM counters WHERE tenant_id = ? AND name = ?), 1)",
		t.tenant, noren.CounterAuditSwept).Scan(&first)
	if err != nil {
		return 0, doing("look for old audit values", err)
	}
	// Entries are counted by number and not by what there is to remove, so each call looks at a bounded part of the
	// log.
	last = min(last, first+int64(limit)-1)
	if last < first {
		return 0, nil
	}
	// Before the entries, because the counter's row keeps a sweep of another server away from them.
	if err := t.Raise(ctx, noren.CounterAuditSwept, last); err != nil {
		return 0, err
	}
	// The time is asked as well: numbers follow it only as well as the clocks of several servers agree.
	_, err = t.exec(ctx, "UPDATE audit SET changes = '{}' WHERE tenant_id = ? AND id >= ? AND id <= ? AND at < ? AND changes <> '{}'",
		t.tenant, first, last, micros(before))
	return int(last - first + 1), doing("remove old audit values", err)
}

// leftUntil selects members who left by a day and have not been erased since.
const leftUntil = `status = ? AND leave_date <= ? AND NOT EXISTS (SELECT 1 FROM erasures AS e
	WHERE e.tenant_id = members.tenant_id AND e.member_id = members.id AND e.at >= members.updated_at)`

// LeftMembers implements noren.RetentionTx. It reads the tenant's members in the order of their key: this is looked for once a
// day, and an index would cost every write of a member.
func (t *tx) LeftMembers(ctx context.Context, until noren.Date, after int64, limit int) ([]int64, error) {
	rows, err := t.query(ctx, "SELECT id FROM members WHERE tenant_id = ? AND id > ? AND "+leftUntil+" ORDER BY id LIMIT ?",
		t.tenant, after, noren.Left, until, limit)
	list, err := collect(rows, err, func(row scannable) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	})
	return list, doing("look for members who left", err)
}
