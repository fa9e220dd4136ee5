package scale

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"noren/app"
	"noren/bench/floor"
	"noren/bench/seed"
	"noren/sqlstore"
)

const (
	products = 20 // of each tenant, each with stock in its five stores
	// What each member has besides the row of its own.
	purchases = 2
	lots      = 2
	entries   = 2 // of the audit log
)

// token is the access token of a tenant's client.
func token(tenant int) string { return fmt.Sprintf("token-%d", tenant) }

// makeDatabase makes a database of tenants with so many members each. With an error it also returns what is to be removed.
func makeDatabase(ctx context.Context, place seed.Postgres, members []int) (*database, error) {
	url, err := place.Create(ctx)
	if err != nil {
		return nil, err
	}
	d := &database{url: url, tenants: len(members), members: members}
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return d, err
	}
	shop := seed.File()
	shop.Products = shop.Products[:products]
	_, err = app.New(app.Config{Engine: engine}).Shop.Apply(ctx, shop)
	if err = errors.Join(err, engine.Close()); err != nil {
		return d, err
	}
	db, err := place.Open(url, 1)
	if err != nil {
		return d, err
	}
	defer db.Close()
	if err := fill(ctx, db, members); err != nil {
		return d, err
	}
	d.Subject, err = floor.OpenSubject(ctx, url)
	return d, err
}

// fill copies the first tenant's settings for the others, and gives all of them members with nothing but SQL.
func fill(ctx context.Context, db *sql.DB, members []int) error {
	each := make([]string, len(members))
	for i, n := range members {
		each[i] = fmt.Sprintf("(%d, %d)", i+1, n)
	}
	statements := []string{
		"CREATE TEMPORARY TABLE t AS SELECT tenant, size FROM (VALUES " + strings.Join(each, ", ") + ") AS t (tenant, size)",
		`CREATE TEMPORARY TABLE m AS SELECT tenant AS tenant_id, i, row_number() OVER (PARTITION BY tenant ORDER BY i) AS n
			FROM t CROSS JOIN LATERAL generate_series(1, size) AS i`,
		`INSERT INTO tenants SELECT tenant, contract || '_' || tenant, settings, created_at, updated_at
			FROM tenants CROSS JOIN t WHERE id = 1 AND tenant > 1`,
		"INSERT INTO client_keys SELECT dialect, key || '-' || tenant, tenant, client_id FROM client_keys CROSS JOIN t WHERE tenant > 1",
		"INSERT INTO lanes SELECT tenant FROM t ON CONFLICT DO NOTHING",
		`INSERT INTO access_tokens SELECT sha256(convert_to('token-' || tenant, 'UTF8')), tenant, 1, '["pos.customers:write"]', NULL FROM t`,
	}
	for table, columns := range map[string]string{
		"tenant_rows": "", "ranks": "id, uid, position, name, entry_spend, maintenance_spend, ratio, code", "staff_ranks": "id, name, code",
		"stores": "id, code, name, kind, created_at, updated_at", "products": "id, code, name, created_at, updated_at, haystack",
		"clients":           "id, name, dialect, kind, store_id, scopes, key, secret_hash, last_used_at, revoked_at, api_keys",
		"settings_versions": "version", "signing_keys": "name, secret, previous, previous_until",
	} {
		if columns != "" {
			columns = ", " + columns
		}
		if table == "clients" { // whose keys are not those of another tenant
			columns = strings.Replace(columns, ", key,", ", key || '-' || tenant AS key,", 1)
		}
		into := strings.Replace(columns, "key || '-' || tenant AS key", "key", 1)
		statements = append(statements, "INSERT INTO "+table+" (tenant_id"+into+") SELECT tenant"+columns+" FROM "+table+
			" CROSS JOIN t WHERE tenant_id = 1 AND tenant > 1")
	}
	statements = append(statements, rows()...)
	for _, s := range append(statements, "VACUUM ANALYZE", "CHECKPOINT") {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("filling the tenants: %.100s: %w", s, err)
		}
	}
	return nil
}

// rows are the statements that write what members and stock consist of, about as full as shops fill them in.
func rows() []string {
	const at = "1800000000000000"
	pick := func(texts string) string { return "(CAST('{" + texts + "}' AS text[]))[1 + (i * 7 + tenant_id) % 8]" }
	return []string{
		`INSERT INTO members (tenant_id, id, code, customer_no, last_name, first_name, last_kana, first_kana, postal_code, prefecture,
			address1, phone, mobile, email, sex, birth_date, entry_date, mail_opt_in, note, status, rank_id, store_id, is_invoice_provider,
			created_at, updated_at)
		SELECT tenant_id, i, 'MB' || lpad(CAST(i AS text), 10, '0'), lpad(CAST(i AS text), 8, '0'), ` +
			pick("山田,鈴木,佐藤,田中,髙橋,渡邉,伊藤,小林") + ", " + pick("花子,太郎,一郎,美咲,翔太,陽子,健,さくら") + `, 'ヤマダ', 'ハナコ',
			lpad(CAST(i % 9999999 AS text), 7, '0'), '東京都', '千代田区丸の内' || i % 9 || '丁目' || i % 30 || '番',
			'03' || lpad(CAST(CAST(i AS bigint) * 7919 % 100000000 AS text), 8, '0'),
			'090' || lpad(CAST(CAST(i AS bigint) * 104729 % 100000000 AS text), 8, '0'),
			'member' || i || '@example.com', 'FEMALE', '1980-04-01', '2024-04-01', i % 2 = 0, 'お得意様', 'ACTIVE', i % 2 + 1, i % 5 + 1,
			false, ` + at + " + i, " + at + " + i FROM m",
		fmt.Sprintf(`INSERT INTO purchases (tenant_id, source, external_id, id, member_id, amount, credited, paid_at, month)
			SELECT tenant_id, 'shopify', CAST(5000000000000 + n * %d + p AS text), n * %[1]d + p, i, 3300, 3300, %s + n, '2026-0' || p + 1
			FROM m CROSS JOIN generate_series(0, %[1]d - 1) AS p`, purchases, at),
		fmt.Sprintf(`INSERT INTO member_spend (tenant_id, member_id, month, amount)
			SELECT tenant_id, i, '2026-0' || p + 1, 3300 FROM m CROSS JOIN generate_series(0, %d - 1) AS p`, purchases),
		fmt.Sprintf(`INSERT INTO point_lots (tenant_id, id, member_id, type, granted_at, expires_on, amount, remaining)
			SELECT tenant_id, n * %d + p, i, 'DEFAULT', %s, '2027-0' || p + 1 || '-28', 100, 100
			FROM m CROSS JOIN generate_series(0, %[1]d - 1) AS p`, lots, at),
		fmt.Sprintf(`INSERT INTO point_entries (tenant_id, id, member_id, type, kind, delta, note, at, client_id, dialect, request_id)
			SELECT tenant_id, n * %d + p, i, 'DEFAULT', 'granted', 100, '', %s + n, 1, 'smaregi', 'd1b8b6b0c4f14c0e9c1e0f6a'
			FROM m CROSS JOIN generate_series(0, %[1]d - 1) AS p`, lots, at),
		fmt.Sprintf(`INSERT INTO audit (tenant_id, id, at, client_id, dialect, subject, subject_id, request_id, changes, address)
			SELECT tenant_id, 1000 + n * %d + p, %s + n, 1, 'smaregi', 'member', CAST(i AS text), 'd1b8b6b0c4f14c0e9c1e0f6a',
				'{"last_name": ["山田", "鈴木"], "phone": ["0312345678", "0398765432"], "rank": [1, 2]}', '192.0.2.1'
			FROM m CROSS JOIN generate_series(0, %[1]d - 1) AS p`, entries, at),
		fmt.Sprintf(`INSERT INTO stock_levels (tenant_id, product_id, store_id, amount, updated_at, updated_day)
			SELECT tenant, p, s, 100, %s, %[1]s / 86400000000 FROM t CROSS JOIN generate_series(1, %d) AS p CROSS JOIN generate_series(1, 5) AS s`,
			at, products),
		fmt.Sprintf(`INSERT INTO stock_movements (tenant_id, id, product_id, store_id, delta, amount_after, division, at, client_id, dialect)
			SELECT tenant, p * 5 + s, p, s, 100, 100, '01', %s, 1, 'smaregi'
			FROM t CROSS JOIN generate_series(1, %d) AS p CROSS JOIN generate_series(1, 5) AS s`, at, products),
		// Above all numbers that are in use.
		`INSERT INTO counters (tenant_id, name, next) SELECT tenant, name, 1000000000
			FROM t CROSS JOIN unnest(CAST('{member,movement,audit,point_lot,point_entry,purchase}' AS text[])) AS c (name)
			ON CONFLICT (tenant_id, name) DO UPDATE SET next = excluded.next`,
	}
}

// measuredTables are those whose rows are measured.
func measuredTables() []string {
	return []string{
		"members", "purchases", "member_spend", "point_lots", "point_entries", "audit", "stock_levels", "stock_movements", "bulk_requests",
		"tenants",
	}
}
