package sqlstore

import (
	"context"
	"database/sql"

	"noren"
)

const purchaseColumns = "id, source, external_id, member_id, shopify_customer_id, amount, credited, paid_at, month"

func scanPurchase(rows *sql.Rows) (p noren.Purchase, err error) {
	var member sql.NullInt64
	var customer sql.NullString
	var paidAt int64
	err = rows.Scan(&p.ID, &p.Source, &p.ExternalID, &member, &customer, &p.Amount, &p.Credited, &paidAt, &p.Month)
	p.MemberID, p.ShopifyCustomerID, p.PaidAt = member.Int64, customer.String, fromMicros(paidAt)
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
	rows, err = t.query(ctx, `SELECT source, purchase_id, external_id, amount, everything FROM purchase_refunds
		WHERE tenant_id = ? AND source = ? AND `+f.in("purchase_id"), t.tenant, source, f.list(ids))
	refunds, err := collect(rows, err, func(rows *sql.Rows) (r noren.Refund, err error) {
		err = rows.Scan(&r.Source, &r.PurchaseID, &r.ExternalID, &r.Amount, &r.All)
		return r, err
	})
	return purchases, refunds, doing("read refunds", err)
}

// HeldPurchases implements noren.PurchaseTx.
func (t *tx) HeldPurchases(ctx context.Context, customers []string) ([]noren.Purchase, error) {
	f := t.db.flavor
	rows, err := t.query(ctx, "SELECT "+purchaseColumns+" FROM purchases WHERE tenant_id = ? AND member_id IS NULL AND "+
		f.in("shopify_customer_id"), t.tenant, f.list(customers))
	list, err := collect(rows, err, scanPurchase)
	return list, doing("read held purchases", err)
}

// PutPurchases implements noren.PurchaseTx. What a purchase was paid never changes.
func (t *tx) PutPurchases(ctx context.Context, purchases []noren.Purchase) error {
	_, err := t.insertRows(ctx, "purchases", `ON CONFLICT (tenant_id, source, external_id)
		DO UPDATE SET member_id = excluded.member_id, credited = excluded.credited`, []column{
		{"source", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return p.Source })},
		{"external_id", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return p.ExternalID })},
		{"id", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.ID })},
		{"member_id", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return orNull(p.MemberID) })},
		{"shopify_customer_id", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return orNull(p.ShopifyCustomerID) })},
		{"amount", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Amount })},
		{"credited", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return p.Credited })},
		{"paid_at", kindInt, valuesOf(purchases, func(p *noren.Purchase) any { return micros(p.PaidAt) })},
		{"month", kindText, valuesOf(purchases, func(p *noren.Purchase) any { return string(p.Month) })},
	})
	return doing("write purchases", err)
}

// AddRefunds implements noren.PurchaseTx.
func (t *tx) AddRefunds(ctx context.Context, refunds []noren.Refund) error {
	_, err := t.insertRows(ctx, "purchase_refunds", "", []column{
		{"source", kindText, valuesOf(refunds, func(r *noren.Refund) any { return r.Source })},
		{"purchase_id", kindText, valuesOf(refunds, func(r *noren.Refund) any { return r.PurchaseID })},
		{"external_id", kindText, valuesOf(refunds, func(r *noren.Refund) any { return r.ExternalID })},
		{"amount", kindInt, valuesOf(refunds, func(r *noren.Refund) any { return r.Amount })},
		{"everything", kindBool, valuesOf(refunds, func(r *noren.Refund) any { return r.All })},
	})
	return doing("add refunds", err)
}

// AddSpend implements noren.PurchaseTx.
func (t *tx) AddSpend(ctx context.Context, deltas []noren.MonthlySpend) error {
	_, err := t.insertRows(ctx, "member_spend", `ON CONFLICT (tenant_id, member_id, month)
		DO UPDATE SET amount = member_spend.amount + excluded.amount`, []column{
		{"member_id", kindInt, valuesOf(deltas, func(d *noren.MonthlySpend) any { return d.MemberID })},
		{"month", kindText, valuesOf(deltas, func(d *noren.MonthlySpend) any { return string(d.Month) })},
		{"amount", kindInt, valuesOf(deltas, func(d *noren.MonthlySpend) any { return d.Amount })},
	})
	return doing("add to members' spend", err)
}

// Spend implements noren.PurchaseTx.
func (t *tx) Spend(ctx context.Context, members []int64, from, until noren.Month) (map[int64]int64, error) {
	f := t.db.flavor
	spend := make(map[int64]int64, len(members))
	rows, err := t.query(ctx, "SELECT member_id, CAST(SUM(amount) AS bigint) FROM member_spend WHERE tenant_id = ? AND "+
		f.in("member_id")+" AND month >= ? AND month < ? GROUP BY member_id", t.tenant, f.list(members), from, until)
	_, err = collect(rows, err, func(rows *sql.Rows) (id int64, err error) {
		var amount int64
		err = rows.Scan(&id, &amount)
		spend[id] = amount
		return id, err
	})
	return spend, doing("read members' spend", err)
}

// Purchases implements noren.PurchaseTx.
func (t *tx) Purchases(ctx context.Context, f noren.PurchaseFilter) ([]noren.Purchase, int, error) {
	w := t.where()
	equal(w, "member_id", f.MemberID)
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
