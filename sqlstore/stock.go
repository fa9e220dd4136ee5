package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"noren"
)

const levelColumns = "product_id, store_id, amount, updated_at"

// scanLevel reads levelColumns.
func scanLevel(row scannable) (l noren.StockLevel, err error) {
	var updatedAt int64
	err = row.Scan(&l.ProductID, &l.StoreID, &l.Amount, &updatedAt)
	l.UpdatedAt = fromMicros(updatedAt)
	return l, err
}

// StockByKey implements noren.StockTx. A level that does not exist yet cannot be locked. A transaction that makes one has
// taken the numbers of its movements before, and so holds the row of their counter: no other transaction makes the same level.
func (t *tx) StockByKey(ctx context.Context, keys []noren.StockKey, forUpdate bool) ([]noren.StockLevel, error) {
	f := t.db.flavor
	query := "SELECT " + levelColumns + " FROM stock_levels WHERE tenant_id = ? AND " + f.pairs("product_id", "store_id") +
		" ORDER BY product_id, store_id"
	if forUpdate {
		t.under(noren.CounterMovement, "stock levels")
		query += f.forUpdate()
	}
	rows, err := t.query(ctx, query, t.tenant, pairList(keys))
	list, err := collect(rows, err, scanLevel)
	return list, doing("read stock levels", err)
}

// Stock implements noren.StockTx. Every combination of the filter has an index.
func (t *tx) Stock(ctx context.Context, f noren.StockFilter) ([]noren.StockLevel, int, error) {
	w := t.where()
	equal(w, "product_id", f.ProductID)
	equal(w, "store_id", f.StoreID)
	oneOf(w, t.db.flavor, "product_id", f.ProductIDs)
	oneOf(w, t.db.flavor, "store_id", f.StoreIDs)
	w.span("updated_at", f.Updated)
	// The same span by days, which have an index; the times do not, so that setting a level again on the same day moves
	// nothing.
	w.days("updated_day", f.Updated)
	return listing[noren.StockLevel]{
		table: "stock_levels", columns: levelColumns, scan: scanLevel,
		sortable: map[string]string{"product": "product_id", "store": "store_id"},
		key:      []string{"product_id", "store_id"},
	}.page(ctx, t, w, f.Sort, f.Page)
}

// Movements implements noren.StockTx. Product and store are always part of the filter, so only the movements of one
// level are read.
func (t *tx) Movements(ctx context.Context, f noren.MovementFilter) ([]noren.StockMovement, int, error) {
	w := t.where()
	w.and("product_id = ?", f.ProductID)
	w.and("store_id = ?", f.StoreID)
	equal(w, "id", f.ID)
	equal(w, "division", f.Division)
	if f.Amount != nil {
		w.and("amount_after = ?", *f.Amount)
	}
	w.span("at", f.At)
	return listing[noren.StockMovement]{
		table: "stock_movements",
		columns: "id, product_id, store_id, delta, amount_after, division, memo, at, " +
			"client_id, COALESCE(login, ''), COALESCE(dialect, '')",
		sortable: map[string]string{"id": "id", "at": "at"}, key: []string{"id"},
		scan: func(row scannable) (m noren.StockMovement, err error) {
			var at int64
			err = row.Scan(&m.ID, &m.ProductID, &m.StoreID, &m.Delta, &m.AmountAfter, &m.Division, &m.Memo, &at, &m.ClientID, &m.Login, &m.Dialect)
			m.At = fromMicros(at)
			return m, err
		},
	}.page(ctx, t, w, f.Sort, f.Page)
}

// courseMovements is how many of a level's movements its course looks at, from the newest back.
const courseMovements = 20_000

// StockCourse implements noren.StockTx. The movements of one level are read by their numbers, which an index has, and
// not by their times, so that each movement that is made costs no more than before.
func (t *tx) StockCourse(ctx context.Context, key noren.StockKey, span noren.Span, n int) ([]noren.StockPoint, error) {
	from, to := micros(span.From), micros(span.To)
	// Rounded up, so that there are never more than n parts.
	part := max((to-from)/int64(n)+1, 1)
	rows, err := t.query(ctx, `SELECT last.at, first.amount_after - first.delta, last.amount_after, parts.movements FROM (
			SELECT MIN(id) AS first, MAX(id) AS last, COUNT(*) AS movements FROM (
				SELECT id, at FROM stock_movements WHERE tenant_id = ? AND product_id = ? AND store_id = ? ORDER BY id DESC LIMIT ?
			) AS newest WHERE at >= ? AND at <= ? GROUP BY (at - ?) / ?
		) AS parts
		JOIN stock_movements first ON first.tenant_id = ? AND first.id = parts.first
		JOIN stock_movements last ON last.tenant_id = ? AND last.id = parts.last ORDER BY last.id`,
		t.tenant, key.ProductID, key.StoreID, courseMovements, from, to, from, part, t.tenant, t.tenant)
	list, err := collect(rows, err, func(row scannable) (p noren.StockPoint, err error) {
		var at int64
		err = row.Scan(&at, &p.Before, &p.Amount, &p.Movements)
		p.At = fromMicros(at)
		return p, err
	})
	return list, doing("read the course of a stock level", err)
}

// MoveStock implements noren.StockTx. Of several movements of one level the last one sets it. The day of a level is left alone
// where it is the same, because it has an index.
func (t *tx) MoveStock(ctx context.Context, movements []noren.StockMovement, before []noren.StockLevel) error {
	of := func(value func(m *noren.StockMovement) any) []any { return valuesOf(movements, value) }
	err := t.insertLater(ctx, deferred{doing: "insert stock movements"}, "stock_movements", "", []column{
		{"id", kindInt, of(func(m *noren.StockMovement) any { return m.ID })},
		{"product_id", kindInt, of(func(m *noren.StockMovement) any { return m.ProductID })},
		{"store_id", kindInt, of(func(m *noren.StockMovement) any { return m.StoreID })},
		{"delta", kindInt, of(func(m *noren.StockMovement) any { return m.Delta })},
		{"amount_after", kindInt, of(func(m *noren.StockMovement) any { return m.AmountAfter })},
		{"division", kindText, of(func(m *noren.StockMovement) any { return m.Division })},
		{"memo", kindText, of(func(m *noren.StockMovement) any { return m.Memo })},
		{"at", kindInt, of(func(m *noren.StockMovement) any { return micros(m.At) })},
		{"client_id", kindInt, of(func(m *noren.StockMovement) any { return m.ClientID })},
		{"login", kindText, of(func(m *noren.StockMovement) any { return orNull(m.Login) })},
		{"dialect", kindText, of(func(m *noren.StockMovement) any { return orNull(m.Dialect) })},
	})
	if err != nil {
		return err
	}
	// What the caller has read under its lock, so that no statement has to ask for it.
	days := make(map[noren.StockKey]int64, len(before))
	for _, l := range before {
		days[l.StockKey] = dayOf(l.UpdatedAt)
	}
	var sameDay, anotherDay []noren.StockMovement
	for _, m := range lastMovements(movements) {
		if day, known := days[m.StockKey]; known && day == dayOf(m.At) {
			sameDay = append(sameDay, m)
		} else {
			anotherDay = append(anotherDay, m)
		}
	}
	// Two statements lock rows out of the order of their keys here. That is harmless: whoever sets levels holds the
	// counter of movements.
	if err := t.setLevels(ctx, sameDay, ""); err != nil {
		return err
	}
	return t.setLevels(ctx, anotherDay, ", updated_day = excluded.updated_day")
}

// setLevels sets levels to what their last movements say, and what else is to be set.
func (t *tx) setLevels(ctx context.Context, last []noren.StockMovement, besides string) error {
	of := func(value func(m *noren.StockMovement) any) []any { return valuesOf(last, value) }
	return t.insertLater(ctx, deferred{doing: "set stock levels"}, "stock_levels", `ON CONFLICT (tenant_id, product_id, store_id)
		DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at`+besides, []column{
		{"product_id", kindInt, of(func(m *noren.StockMovement) any { return m.ProductID })},
		{"store_id", kindInt, of(func(m *noren.StockMovement) any { return m.StoreID })},
		{"amount", kindInt, of(func(m *noren.StockMovement) any { return m.AmountAfter })},
		{"updated_at", kindInt, of(func(m *noren.StockMovement) any { return micros(m.At) })},
		{"updated_day", kindInt, of(func(m *noren.StockMovement) any { return dayOf(m.At) })},
	})
}

// microsADay turns a stored time into its day.
const microsADay = 24 * 60 * 60 * 1_000_000

// dayOf is the day of a time, counted from 1970 in UTC.
func dayOf(at time.Time) int64 { return micros(at) / microsADay }

// lastMovements returns the last movement of each level, in order of the levels' keys: one statement may not
// write a row twice, and rows are always locked in one order.
func lastMovements(movements []noren.StockMovement) []noren.StockMovement {
	last := slices.Clone(movements)
	slices.Reverse(last)
	byKey := func(a, b noren.StockMovement) int {
		return cmp.Or(cmp.Compare(a.ProductID, b.ProductID), cmp.Compare(a.StoreID, b.StoreID))
	}
	slices.SortStableFunc(last, byKey)
	return slices.CompactFunc(last, func(a, b noren.StockMovement) bool { return a.StockKey == b.StockKey })
}
