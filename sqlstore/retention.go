package sqlstore

import (
	"context"

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
