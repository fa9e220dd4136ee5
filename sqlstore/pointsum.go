package sqlstore

import (
	"context"
	"time"

	"noren"
)

// seenBy is the condition that a store sees the member of a row of the table.
func seenBy(w *where, table string, store *int64) {
	if store != nil {
		w.and("EXISTS (SELECT 1 FROM members AS m WHERE m.tenant_id = "+table+".tenant_id AND m.id = "+table+
			".member_id AND (m.store_id = ? OR m.store_id IS NULL))", *store)
	}
}

// PointSums implements noren.PointSumTx. It reads the entries since from alone, by an index.
func (t *tx) PointSums(ctx context.Context, from, recent time.Time, visibleTo *int64) ([]noren.PointSum, error) {
	w := t.where()
	w.and("at >= ?", micros(from))
	seenBy(w, "point_entries", visibleTo)
	since := micros(recent)
	rows, err := t.query(ctx, `SELECT kind, CAST(SUM(CASE WHEN delta > 0 THEN delta ELSE 0 END) AS bigint),
		CAST(SUM(CASE WHEN delta < 0 THEN delta ELSE 0 END) AS bigint),
		CAST(SUM(CASE WHEN delta > 0 AND at >= ? THEN delta ELSE 0 END) AS bigint),
		CAST(SUM(CASE WHEN delta < 0 AND at >= ? THEN delta ELSE 0 END) AS bigint)
		FROM point_entries`+w.String()+" GROUP BY kind ORDER BY kind", append([]any{since, since}, w.args...)...)
	list, err := collect(rows, err, func(row scannable) (s noren.PointSum, err error) {
		err = row.Scan(&s.Kind, &s.Plus, &s.Minus, &s.PlusNow, &s.MinusNow)
		return s, err
	})
	return list, doing("add up movements of points", err)
}

// ExpiringPoints implements noren.PointSumTx.
func (t *tx) ExpiringPoints(ctx context.Context, from, until noren.Date, visibleTo *int64) (map[noren.Month]int64, error) {
	w := t.where()
	w.and("remaining > 0")
	w.and("expires_on >= ?", from)
	w.and("expires_on < ?", until)
	seenBy(w, "point_lots", visibleTo)
	months := make(map[noren.Month]int64)
	rows, err := t.query(ctx, "SELECT substr(expires_on, 1, 7) AS month, CAST(SUM(remaining) AS bigint) FROM point_lots"+w.String()+
		" GROUP BY substr(expires_on, 1, 7)", w.args...)
	err = each(rows, err, func(row scannable) error {
		var month noren.Month
		var points int64
		err := row.Scan(&month, &points)
		months[month] = points
		return err
	})
	return months, doing("add up points that expire", err)
}
