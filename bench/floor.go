package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
)

// floor does by hand what Noren does: the same reads and the same rows of all tables, as somebody would write it who
// knows beforehand what is to be written, with database/sql, prepared statements and nothing of Noren. It is the
// least that the same effect costs on the same engine.
type floor struct {
	conn   *sql.Conn
	tenant int64
	bulk   bulkWriter
	lane   map[string]*sql.Stmt // by the names in laneStatements
}

// bulkWriter writes many rows in the way that is fastest on its engine.
type bulkWriter interface {
	// updateMembers sets one column or more, and when the members were updated.
	updateMembers(ctx context.Context, now int64, ids []int64, columns []string, values [][]string) error
	// updateSearch changes what the search index says of the members.
	updateSearch(ctx context.Context, w *work) error
	insertAudit(ctx context.Context, first, now int64, request string, ids []int64, changes []string) error
}

// client is the id of the shop's only client.
const client = 1

// laneStatements are all statements but those over many rows, with ? for each argument.
func laneStatements() map[string]string {
	return map[string]string{
		"number": `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
			ON CONFLICT (tenant_id, name) DO UPDATE SET next = counters.next + ? RETURNING next - ?`,
		"request": `INSERT INTO bulk_requests (tenant_id, id, token, kind, dialect, client_id, request_id, callback_url,
			rows, state, tries, accepted_at, size) VALUES (?, ?, ?, 'members', 'smaregi', ?, ?, ?, ?, 'accepted', 0, ?, ?)`,
		"lock": `SELECT tenant_id FROM lanes WHERE tenant_id = ?`,
		"waiting": `SELECT id, token, kind, dialect, client_id, store_id, request_id, callback_url, rows, tries, accepted_at
			FROM bulk_requests WHERE tenant_id = ? AND state = 'accepted' ORDER BY id LIMIT 1`,
		"settings": `SELECT contract, settings FROM tenants WHERE id = ?`,
		"finish": `UPDATE bulk_requests SET state = 'succeeded', applied_at = ?
			WHERE tenant_id = ? AND id = ? AND state = 'accepted'`,
		"callback": `INSERT INTO callbacks (tenant_id, request_id, client_id, url, host, body, state, attempts, tries,
			owed_at, next_at, lease_until) VALUES (?, ?, ?, ?, '127.0.0.1:9', ?, 'pending', 0, 0, ?, ?, 0)`,
	}
}

// memberSelect reads members with all columns.
func memberSelect() string {
	names := make([]string, 0, 64)
	for _, c := range noren.MemberColumns() {
		names = append(names, c.Name)
	}
	return "SELECT id, " + strings.Join(names, ", ") + ", created_at, updated_at FROM members WHERE tenant_id = ? AND "
}

// newFloor prepares the statements on a connection of its own.
func newFloor(ctx context.Context, p place, db *sql.DB, tenant noren.TenantID) (*floor, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	f := &floor{conn: conn, tenant: int64(tenant), lane: make(map[string]*sql.Stmt)}
	texts := laneStatements()
	postgres := p.engine() == "postgres"
	if postgres {
		f.bulk = postgresWriter{conn, f.tenant}
		texts["lock"] += " FOR UPDATE SKIP LOCKED"
		texts["members"] = memberSelect() + "id = ANY(?) ORDER BY id FOR UPDATE"
	} else {
		f.bulk = &sqliteWriter{conn: conn, tenant: f.tenant, texts: make(map[string]*sql.Stmt)}
		texts["members"] = memberSelect() + "id IN (SELECT value FROM json_each(?)) ORDER BY id"
	}
	for name, text := range texts {
		if postgres {
			text = numbered(text)
		}
		f.lane[name], err = conn.PrepareContext(ctx, text) //nolint:sqlclosecheck // it ends with its connection
		if err != nil {
			return nil, errors.Join(fmt.Errorf("preparing %s: %w", text, err), conn.Close())
		}
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO lanes (tenant_id) VALUES (%d) ON CONFLICT DO NOTHING", tenant))
	return f, err
}

// numbered replaces each ? by $1, $2 and so on, which PostgreSQL wants.
func numbered(text string) string {
	parts := strings.Split(text, "?")
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i < len(parts)-1 {
			b.WriteString("$" + strconv.Itoa(i+1))
		}
	}
	return b.String()
}

// transaction runs do between begin and commit on the connection.
func (f *floor) transaction(ctx context.Context, do func() error) error {
	begin := "BEGIN"
	if _, ok := f.bulk.(*sqliteWriter); ok {
		begin = "BEGIN IMMEDIATE"
	}
	if _, err := f.conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	if err := do(); err != nil {
		_, rollbackErr := f.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollbackErr)
	}
	_, err := f.conn.ExecContext(ctx, "COMMIT")
	return err
}

// insertRequest is the least that accepting costs: one durable insert of the request, with a number that the caller
// has made up. The statement is its own transaction. size is how many rows there are.
func (f *floor) insertRequest(ctx context.Context, id int64, token string, rows []byte, size int, now time.Time) error {
	_, err := f.lane["request"].ExecContext(ctx, f.tenant, id, token, client, requestID, callbackURL, rows, now.UnixMicro(), size)
	return err
}

// requestID stands for the id of an HTTP request.
const requestID = "0198f2c4-7d1e-7c3a-9b60-3f6f0c2a11aa"

// accept stores the request as Noren does, with the tenant's next number.
func (f *floor) accept(ctx context.Context, token string, rows []byte, size int, now time.Time) error {
	return f.transaction(ctx, func() error {
		var id int64
		if err := f.lane["number"].QueryRowContext(ctx, f.tenant, "bulk", 2, 1, 1).Scan(&id); err != nil {
			return err
		}
		return f.insertRequest(ctx, id, token, rows, size, now)
	})
}

// apply does in one transaction what Service.ApplyLane does for the request that waits.
func (f *floor) apply(ctx context.Context, w *work, now time.Time) error {
	return f.transaction(ctx, func() error {
		micros := now.UnixMicro()
		var locked int64
		if err := f.lane["lock"].QueryRowContext(ctx, f.tenant).Scan(&locked); err != nil {
			return err
		}
		id, err := f.readRequest(ctx)
		if err != nil {
			return err
		}
		if err := f.changeMembers(ctx, micros, w); err != nil {
			return err
		}
		if _, err := f.lane["finish"].ExecContext(ctx, micros, f.tenant, id); err != nil {
			return err
		}
		_, err = f.lane["callback"].ExecContext(ctx, f.tenant, id, client, callbackURL, callbackBody(id, w.members), micros, micros)
		return err
	})
}

// changeMembers reads the members and writes the change: the members, the search index and the audit log.
func (f *floor) changeMembers(ctx context.Context, now int64, w *work) error {
	before, err := f.readMembers(ctx, w)
	if err != nil {
		return err
	}
	columns := w.change.columns()
	values := make([][]string, len(columns))
	for i, name := range columns {
		values[i] = w.values[name]
	}
	if err := f.bulk.updateMembers(ctx, now, w.members, columns, values); err != nil {
		return err
	}
	if w.change != changeNote {
		if err := f.bulk.updateSearch(ctx, w); err != nil {
			return err
		}
	}
	return f.writeAudit(ctx, now, w, columns, before)
}

// readRequest reads the request that waits, and the tenant's settings.
func (f *floor) readRequest(ctx context.Context) (id int64, err error) {
	var (
		token, kind, dialect, request, to, contract, settings string
		client, tries, acceptedAt                             int64
		store                                                 *int64
		rows                                                  []byte
	)
	err = f.lane["waiting"].QueryRowContext(ctx, f.tenant).
		Scan(&id, &token, &kind, &dialect, &client, &store, &request, &to, &rows, &tries, &acceptedAt)
	if err != nil {
		return 0, err
	}
	return id, f.lane["settings"].QueryRowContext(ctx, f.tenant).Scan(&contract, &settings)
}

// readMembers reads all columns of the members, and answers for each what is in the columns to be changed.
func (f *floor) readMembers(ctx context.Context, w *work) (before [][]string, err error) {
	var ids any = w.members
	if _, ok := f.bulk.(*sqliteWriter); ok {
		text, err := json.Marshal(w.members)
		if err != nil {
			return nil, err
		}
		ids = string(text)
	}
	rows, err := f.lane["members"].QueryContext(ctx, f.tenant, ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	row, dest := make([]any, len(names)), make([]any, len(names))
	for i := range row {
		dest[i] = &row[i]
	}
	columns := w.change.columns()
	at := make([]int, len(columns))
	for i, c := range columns {
		at[i] = slices.Index(names, c)
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		old := make([]string, len(at))
		for i, column := range at {
			old[i], _ = row[column].(string)
		}
		before = append(before, old)
	}
	return before, rows.Err()
}

func (f *floor) writeAudit(ctx context.Context, now int64, w *work, columns []string, before [][]string) error {
	n := len(w.members)
	var first int64
	if err := f.lane["number"].QueryRowContext(ctx, f.tenant, "audit", n+1, n, n).Scan(&first); err != nil {
		return err
	}
	changes := make([]string, n)
	for i := range changes {
		text := []byte{'{'}
		// Keys in the order of the alphabet, as Noren has them.
		for c := len(columns) - 1; c >= 0; c-- {
			text = fmt.Appendf(text, `"%s":["%s","%s"]`, columns[c], before[i][c], w.values[columns[c]][i])
			if c > 0 {
				text = append(text, ',')
			}
		}
		changes[i] = string(append(text, '}'))
	}
	return f.bulk.insertAudit(ctx, first, now, requestID, w.members, changes)
}

// callbackBody is what the Smaregi dialect tells of a success.
func callbackBody(request int64, members []int64) []byte {
	body := fmt.Appendf(nil, `{"requestId":%d,"result":[`, request)
	for i, id := range members {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"customerId":"%d"}`, id)
	}
	return append(body, "]}"...)
}
