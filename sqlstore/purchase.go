package sqlstore

import (
	"context"
	"database/sql"

	"noren"
)

const purchaseColumns = "id, source, external_id, member_id, shopify_customer_id, amount, credited, paid_at, month, " +
	"tax, used_points, earn_rule, earn_counted, earned, returned, lapsed, forgiven, owed"

func scanPurchase(row scannable) (p noren.Purchase, err error) {
	var member sql.NullInt64
	var customer, rule sql.NullString
	var paidAt int64
	e := &p.Earning
	err = row.Scan(&p.ID, &p.Source, &p.ExternalID, &member, &customer, &p.Amount, &p.Credited, &paidAt, &p.Month,
		&p.Tax, &p.UsedPoints, &rule, &e.Counted, &e.Granted, &e.Returned, &e.Lapsed, &e.Forgiven, &e.Owed)
	if err != nil {
		return p, err
	}
	p.MemberID, p.ShopifyCustomerID, p.PaidAt = member.Int64, customer.String, fromMicros(paidAt)
	e.Rule, err = noren.DecodeEarnRule(rule.String)
	return p, err
}

// PurchasesByExternalID implements noren.PurchaseTx. Nothing is locked: whoever is about to change what it reads has
// taken the counter of purchases.
func (t *tx) PurchasesByExternalID(ctx context.Context, source string, ids []string) ([]noren.Purchase, []noren.Refund, error) {
	f := t.db.flavor
	rows, err := t.query(ctx, "SELECT "+purchaseColumns+" FROM purchases WHERE tenant_id = ? AND source = ? AND "+
		f.in("external_id"), t.tenant, source, f.list(ids))
	purchases, err := collect(rows, err, scanPurchase)
	if err != nil {
		return nil, nil, doing("read purchases", err)
	}
	// Both by the beginning of their primary keys, whose columns are in this order.
	rows, err = t.query(ctx, `SELECT source, purchase_id, external_id, refunded_at, amount, everything, so_far FROM purchase_refunds
		WHERE tenant_id = ? AND source = ? AND `+f.in("purchase_id"), t.tenant, source, f.list(ids))
	refunds, err := collect(rows, err, func(row scannable) (r noren.Refund, err error) {
		var at sql.NullInt64
		if err = row.Scan(&r.Source, &r.PurchaseID, &r.ExternalID, &at, &r.Amount, &r.All, &r.SoFar); at.Valid {
			r.At = fromMicros(at.Int64)
		}
		return r, err
	})
	return purchases, refunds, doing("read refunds", err)
}

// HeldPurchases implements noren.PurchaseTx.
func (t *tx) HeldPurchases(ctx context.Context, customers []string) ([]noren.Purchase, error) {
	f := t.db.flavor
	// In the words of the index purchases_held, which has only what waits for its member.
	rows, err := t.query(ctx, "SELECT "+purchaseColumns+" FROM purchases WHERE tenant_id = ? AND member_id IS NULL AND "+
		f.in("shopify_customer_id"), t.tenant, f.list(customers))
	list, err := collect(rows, err, scanPurchase)
	return list, doing("read held purchases", err)
}

// OwingPurchases implements noren.PurchaseTx.
func (t *tx) OwingPurchases(ctx context.Context, members []int64) ([]noren.Purchase, error) {
	f := t.db.flavor
	// In the words of the index purchases_owed; most purchases owe nothing.
	rows, err := t.query(ctx, "SELECT "+purchaseColumns+" FROM purchases WHERE tenant_id = ? AND owed > 0 AND "+
		f.in("member_id")+byID, t.tenant, f.list(members))
	list, err := collect(rows, err, scanPurchase)
	return list, doing("read purchases of which points are owed", err)
}

// PutPurchases implements noren.PurchaseTx. What a purchase was paid never changes.
func (t *tx) PutPurchases(ctx context.Context, purchases []noren.Purchase) error {
	return t.insertLater(ctx, deferred{doing: "write purchases"}, "purchases", `ON CONFLICT (tenant_id, source, external_id)
		DO UPDATE SET member_id = excluded.member_id, credited = excluded.credited, earn_rule = excluded.earn_rule,
			earn_counted = excluded.earn_counted, earned = excluded.earned, returned = excluded.returned, lapsed = excluded.lapsed,
			forgiven = excluded.forgiven, owed = excluded.owed`, []column{
		{"source", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return p.Source })},
		{"external_id", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return p.ExternalID })},
		{"id", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.ID })},
		{"member_id", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return orNull(p.MemberID) })},
		{"shopify_customer_id", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return orNull(p.ShopifyCustomerID) })},
		{"amount", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Amount })},
		{"credited", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Credited })},
		{"paid_at", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return micros(p.PaidAt) })},
		{"month", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return string(p.Month) })},
		{"tax", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Tax })},
		{"used_points", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.UsedPoints })},
		{"earn_rule", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return orNull(p.Earning.Rule.Encode()) })},
		{"earn_counted", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Earning.Counted })},
		{"earned", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Earning.Granted })},
		{"returned", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Earning.Returned })},
		{"lapsed", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Earning.Lapsed })},
		{"forgiven", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Earning.Forgiven })},
		{"owed", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Earning.Owed })},
	})
}

// AddRefunds implements noren.PurchaseTx.
func (t *tx) AddRefunds(ctx context.Context, refunds []noren.Refund) error {
	// Nothing for a conflict: whoever records refunds holds the counter of purchases, and has read which there are.
	return t.insertLater(ctx, deferred{doing: "add refunds"}, "purchase_refunds", "", []column{
		{"source", kindText, valuesOf(refunds, func(r *noren.Refund) any { return r.Source })},
		{"purchase_id", kindText, valuesOf(refunds, func(r *noren.Refund) any { return r.PurchaseID })},
		{"external_id", kindText, valuesOf(refunds, func(r *noren.Refund) any { return r.ExternalID })},
		{"amount", kindInt, valuesOf(refunds, func(r *noren.Refund) any { return r.Amount })},
		{"everything", kindBool, valuesOf(refunds, func(r *noren.Refund) any { return r.All })},
		{"so_far", kindBool, valuesOf(refunds, func(r *noren.Refund) any { return r.SoFar })},
		{"refunded_at", kindInt, valuesOf(refunds, func(r *noren.Refund) any {
			if r.At.IsZero() {
				return nil
			}
			return micros(r.At)
		})},
	})
}

// AddSpend implements noren.PurchaseTx.
func (t *tx) AddSpend(ctx context.Context, deltas []noren.MonthlySpend) error {
	// Added by the database, so that no sum has to be read first.
	return t.insertLater(ctx, deferred{doing: "add to members' spend"}, "member_spend", `ON CONFLICT (tenant_id, member_id, month)
		DO UPDATE SET amount = member_spend.amount + excluded.amount`, []column{
		{"member_id", kindInt, valuesOf(deltas, func(d *noren.MonthlySpend) any { return d.MemberID })},
		{"month", kindText, valuesOf(deltas, func(d *noren.MonthlySpend) any { return string(d.Month) })},
		{"amount", kindInt, valuesOf(deltas, func(d *noren.MonthlySpend) any { return d.Amount })},
	})
}

// Spend implements noren.PurchaseTx.
func (t *tx) Spend(ctx context.Context, members []int64, from, until noren.Month) (map[int64]int64, error) {
	f := t.db.flavor
	spend := make(map[int64]int64, len(members))
	// PostgreSQL adds up bigints to a numeric, which is read back as an integer only after the CAST.
	rows, err := t.query(ctx, "SELECT member_id, CAST(SUM(amount) AS bigint) FROM member_spend WHERE tenant_id = ? AND "+
		f.in("member_id")+" AND month >= ? AND month < ? GROUP BY member_id", t.tenant, f.list(members), from, until)
	_, err = collect(rows, err, func(row scannable) (id int64, err error) {
		var amount int64
		err = row.Scan(&id, &amount)
		spend[id] = amount
		return id, err
	})
	return spend, doing("read members' spend", err)
}

// Purchases implements noren.PurchaseTx.
func (t *tx) Purchases(ctx context.Context, f noren.PurchaseFilter) ([]noren.Purchase, int, error) {
	w := t.where()
	equal(w, "member_id", f.MemberID)
	// Each order is that of an index: purchases_id for all, purchases_member for those of one member.
	sort := noren.Sort{Column: "id", Desc: true}
	if f.MemberID != 0 {
		sort.Column = "paid_at"
	}
	if f.Held {
		w.and("member_id IS NULL")
	}
	return listing[noren.Purchase]{
		table: "purchases", columns: purchaseColumns, key: []string{"id"}, scan: scanPurchase,
		sortable: map[string]string{"id": "id", "paid_at": "paid_at"},
	}.page(ctx, t, w, []noren.Sort{sort, {Column: "id", Desc: true}}, f.Page)
}
