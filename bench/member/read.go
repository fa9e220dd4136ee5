package member

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"noren"
	"noren/app/access"
	"noren/bench/floor"
	"noren/bench/seed"
	"noren/sqlstore"
)

// answerStatements are the reads that a response with members needs besides the members: their ranks, points and
// attachments. members is the condition on the list of members.
func answerStatements(members string) []string {
	return []string{
		"SELECT id, uid, position, name, entry_spend, maintenance_spend, ratio FROM ranks WHERE tenant_id = ? ORDER BY position, id",
		"SELECT id, name FROM staff_ranks WHERE tenant_id = ? ORDER BY id",
		`SELECT member_id, type, CAST(SUM(points) AS bigint), MIN(expires_on),
				CAST(SUM(CASE WHEN place = 1 AND expires_on IS NOT NULL THEN points ELSE 0 END) AS bigint)
			FROM (SELECT member_id, type, expires_on, SUM(remaining) AS points,
					ROW_NUMBER() OVER (PARTITION BY member_id, type ORDER BY expires_on ASC NULLS LAST) AS place
				FROM point_lots WHERE tenant_id = ? AND member_id ` + members + `
					AND remaining > 0 AND (expires_on IS NULL OR expires_on >= ?)
				GROUP BY member_id, type, expires_on) AS days
			GROUP BY member_id, type ORDER BY member_id, type`,
		`SELECT id, member_id, file_key, tag, file_name, mime_type, created_at FROM member_attachments
			WHERE tenant_id = ? AND member_id ` + members + " ORDER BY +id",
	}
}

// query is a prepared statement with its arguments.
type query struct {
	stmt *sql.Stmt
	args []any
}

// answerQueries fills in the arguments of answerStatements.
func answerQueries(stmts []*sql.Stmt, tenant int64, list any) []query {
	today := time.Now().Format(time.DateOnly)
	return []query{
		{stmts[0], []any{tenant}}, {stmts[1], []any{tenant}}, {stmts[2], []any{tenant, list, today}}, {stmts[3], []any{tenant, list}},
	}
}

// read runs the query and scans every column of every row.
func (q query) read(ctx context.Context) (values int, err error) {
	rows, err := q.stmt.QueryContext(ctx, q.args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	// Scanned into interfaces, as no one type fits all of the statements.
	names, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	row, dest := make([]any, len(names)), make([]any, len(names))
	for i := range row {
		dest[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return 0, err
		}
		values += len(row)
	}
	return values, rows.Err()
}

// Reads does by hand the reads of GET /members/{id}: the client of the key, both secrets, the member, and what is shown with
// it.
type Reads struct {
	db     *sql.DB
	tenant int64
	list   func(id int64) any // the argument that is a list of one member
	stmts  []*sql.Stmt
}

func NewReads(ctx context.Context, p seed.Place, url string, conns int) (*Reads, error) {
	tenant, err := benchTenant(ctx, url)
	if err != nil {
		return nil, err
	}
	db, err := p.Open(url, conns)
	if err != nil {
		return nil, err
	}
	r := &Reads{db: db, tenant: int64(tenant)}
	secret := "SELECT secret FROM signing_keys WHERE tenant_id = ? AND name = ?"
	texts := []string{
		`SELECT tenants.id, tenants.contract, tenants.settings, c.id, c.name, c.dialect, c.kind, c.store_id, c.scopes, c.key, c.secret_hash
			FROM client_keys k JOIN clients c ON c.tenant_id = k.tenant_id AND c.id = k.client_id
			JOIN tenants ON tenants.id = k.tenant_id WHERE k.dialect = ? AND k.key = ?`,
		secret, secret, floor.MemberSelect() + "id " + inList(p) + " ORDER BY id",
	}
	for _, text := range append(texts, answerStatements(inList(p))...) {
		if p.Engine() == "postgres" {
			text = floor.Numbered(text)
		}
		stmt, err := db.PrepareContext(ctx, text) //nolint:sqlclosecheck // it ends with its connection
		if err != nil {
			_ = db.Close() // the error of preparing is returned
			return nil, fmt.Errorf("preparing %s: %w", text, err)
		}
		r.stmts = append(r.stmts, stmt)
	}
	r.list = func(id int64) any { return idList(p, []int64{id}) }
	return r, nil
}

// benchTenant returns the tenant ID of the shop.
func benchTenant(ctx context.Context, url string) (noren.TenantID, error) {
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return 0, err
	}
	defer engine.Close()
	caller, err := engine.CallerByKey(ctx, noren.ReCORE, memberClient)
	return caller.Tenant.ID, err
}

// inList returns the condition that a column is in a list, which is one argument; idList returns the argument.
func inList(p seed.Place) string {
	if p.Engine() == "postgres" {
		return "= ANY(?)"
	}
	return "IN (SELECT value FROM json_each(?))"
}

func idList(p seed.Place, ids []int64) any {
	if p.Engine() == "postgres" {
		return ids
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic("bench: integers that JSON cannot hold: " + err.Error())
	}
	return string(text)
}

// Close closes the connections.
func (r *Reads) Close() { _ = r.db.Close() }

// read does all reads for the member in one transaction.
func (r *Reads) read(ctx context.Context, id int64) error {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	list := r.list(id)
	queries := append([]query{
		{r.stmts[0], []any{"recore", memberClient}},
		{r.stmts[1], []any{r.tenant, access.SecretReCOREKeys}},
		{r.stmts[2], []any{r.tenant, access.SecretFileLinks}},
		{r.stmts[3], []any{r.tenant, list}},
	}, answerQueries(r.stmts[4:], r.tenant, list)...)
	for i, q := range queries {
		q.stmt = tx.StmtContext(ctx, q.stmt)
		values, err := q.read(ctx)
		if err != nil {
			return err
		}
		// The first four statements find something for every member; points and files may be missing.
		if values == 0 && i < 4 {
			return fmt.Errorf("nothing was read by statement %d for member %d", i+1, id)
		}
	}
	return tx.Commit()
}
