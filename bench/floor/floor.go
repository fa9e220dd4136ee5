// Package floor does the same work as Noren without Noren, as it would be written by hand, and keeps both side by side on
// copies of one database.
package floor

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/bench/seed"
)

// Floor does by hand what Noren does: the same reads, and the same rows of all tables, with database/sql, prepared
// statements and nothing of Noren. It knows beforehand what is to be written. So it is the least that the same effect costs
// on the same engine.
type Floor struct {
	Conn   *sql.Conn
	Tenant int64
	Bulk   bulkWriter
	Lane   map[string]*sql.Stmt // by the names in laneStatements
}

// bulkWriter writes many rows in the way that is fastest on its engine.
type bulkWriter interface {
	// updateMembers sets one column or more, and when the members were updated.
	updateMembers(ctx context.Context, now int64, ids []int64, columns []string, values [][]string) error
	insertAudit(ctx context.Context, first, now int64, request string, ids []int64, changes []string) error
	InsertLots(ctx context.Context, first, entry, now int64, members []int64, amount int64) error
	InsertEntries(ctx context.Context, first, now int64, members []int64, kind string, delta int64) error
	// Burn takes amount from each of the lots. The first lot is burnt by the entry first, the next by the one after it.
	Burn(ctx context.Context, first int64, lots []int64, amount int64) error
}

// Client is the id of the shop's only client.
const Client = 1

// laneStatements are all statements but those over many rows, with ? for each argument.
func laneStatements() map[string]string {
	return map[string]string{
		"number": `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
			ON CONFLICT (tenant_id, name) DO UPDATE SET next = counters.next + ? RETURNING next - ?`,
		"request": `INSERT INTO bulk_requests (tenant_id, id, token, kind, dialect, client_id, request_id, callback_url,
			rows, state, tries, accepted_at, size) VALUES (?, ?, ?, 'members', 'smaregi', ?, ?, ?, ?, 'accepted', 0, ?, ?)`,
		"changed": `INSERT INTO member_changes (tenant_id, number, token, members) VALUES (?, ?, ?, ?)`,
		"lock":    `SELECT tenant_id FROM lanes WHERE tenant_id = ?`,
		"waiting": `SELECT id, token, kind, dialect, client_id, store_id, request_id, callback_url, rows, tries, accepted_at
			FROM bulk_requests WHERE tenant_id = ? AND state = 'accepted' ORDER BY id LIMIT 1`,
		"settings": `SELECT contract, settings FROM tenants WHERE id = ?`,
		"finish": `UPDATE bulk_requests SET state = 'succeeded', applied_at = ?
			WHERE tenant_id = ? AND id = ? AND state = 'accepted'`,
		"callback": `INSERT INTO callbacks (tenant_id, request_id, client_id, url, host, body, state, attempts, tries,
			owed_at, next_at, lease_until) VALUES (?, ?, ?, ?, '127.0.0.1:9', ?, 'pending', 0, 0, ?, ?, 0)`,
	}
}

// MemberSelect reads members with all columns.
func MemberSelect() string {
	names := make([]string, 0, 64)
	for _, c := range noren.MemberColumns() {
		names = append(names, c.Name)
	}
	return "SELECT id, " + strings.Join(names, ", ") + ", created_at, updated_at FROM members WHERE tenant_id = ? AND "
}

// New prepares the statements on a connection of its own.
func New(ctx context.Context, p seed.Place, db *sql.DB, tenant noren.TenantID) (*Floor, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	f := &Floor{Conn: conn, Tenant: int64(tenant), Lane: make(map[string]*sql.Stmt)}
	texts := laneStatements()
	postgres := p.Engine() == "postgres"
	if postgres {
		f.Bulk = postgresWriter{conn, f.Tenant}
		// The locks that Noren takes are part of what the effect costs.
		texts["lock"] += " FOR UPDATE SKIP LOCKED"
		texts["members"] = MemberSelect() + "id = ANY(?) ORDER BY id FOR UPDATE"
	} else {
		f.Bulk = &sqliteWriter{conn: conn, tenant: f.Tenant, texts: make(map[string]*sql.Stmt)}
		texts["members"] = MemberSelect() + "id IN (SELECT value FROM json_each(?)) ORDER BY id"
	}
	for name, text := range texts {
		if postgres {
			text = Numbered(text)
		}
		f.Lane[name], err = conn.PrepareContext(ctx, text) //nolint:sqlclosecheck // it ends with its connection
		if err != nil {
			return nil, errors.Join(fmt.Errorf("preparing %s: %w", text, err), conn.Close())
		}
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO lanes (tenant_id) VALUES (%d) ON CONFLICT DO NOTHING", tenant))
	return f, err
}

// Numbered replaces each ? by $1, $2 and so on, which PostgreSQL wants.
func Numbered(text string) string {
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

// Transaction runs do between begin and commit on the connection.
func (f *Floor) Transaction(ctx context.Context, do func() error) error {
	begin := "BEGIN"
	if _, ok := f.Bulk.(*sqliteWriter); ok {
		// As Noren does: a transaction that begins by reading could not wait for the lock later.
		begin = "BEGIN IMMEDIATE"
	}
	if _, err := f.Conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	if err := do(); err != nil {
		_, rollbackErr := f.Conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollbackErr)
	}
	_, err := f.Conn.ExecContext(ctx, "COMMIT")
	return err
}

// insertRequest is the least that accepting costs: one durable insert of the request, with a number that the caller
// has made up. The statement is its own transaction. size is how many rows there are.
func (f *Floor) insertRequest(ctx context.Context, id int64, token string, rows []byte, size int, now time.Time) error {
	_, err := f.Lane["request"].ExecContext(ctx, f.Tenant, id, token, Client, RequestID, CallbackURL, rows, now.UnixMicro(), size)
	return err
}

// RequestID stands for the id of an HTTP request.
const RequestID = "0198f2c4-7d1e-7c3a-9b60-3f6f0c2a11aa"

// accept stores the request as Noren does, with the tenant's next number.
func (f *Floor) accept(ctx context.Context, token string, rows []byte, size int, now time.Time) error {
	return f.Transaction(ctx, func() error {
		var id int64
		if err := f.Lane["number"].QueryRowContext(ctx, f.Tenant, "bulk", 2, 1, 1).Scan(&id); err != nil {
			return err
		}
		return f.insertRequest(ctx, id, token, rows, size, now)
	})
}

// apply does in one transaction what bulk.Service.ApplyLane does for the waiting request.
func (f *Floor) apply(ctx context.Context, w *Work, now time.Time) error {
	return f.Transaction(ctx, func() error {
		micros := now.UnixMicro()
		var locked int64
		if err := f.Lane["lock"].QueryRowContext(ctx, f.Tenant).Scan(&locked); err != nil {
			return err
		}
		id, err := f.readRequest(ctx)
		if err != nil {
			return err
		}
		// In the order in which Noren writes, so that both lock alike.
		if err := f.ChangeMembers(ctx, micros, w); err != nil {
			return err
		}
		if _, err := f.Lane["finish"].ExecContext(ctx, micros, f.Tenant, id); err != nil {
			return err
		}
		_, err = f.Lane["callback"].ExecContext(ctx, f.Tenant, id, Client, CallbackURL, callbackBody(id, w.Members), micros, micros)
		return err
	})
}

// ChangeMembers reads the members and writes the change: the members, the note for searches, and the audit log.
func (f *Floor) ChangeMembers(ctx context.Context, now int64, w *Work) error {
	before, err := f.readMembers(ctx, w)
	if err != nil {
		return err
	}
	columns := w.change.columns()
	values := make([][]string, len(columns))
	for i, name := range columns {
		values[i] = w.Values[name]
	}
	if err := f.Bulk.updateMembers(ctx, now, w.Members, columns, values); err != nil {
		return err
	}
	// Notes are not searched, so Noren stores no change for them either.
	if w.change != ChangeNote {
		number, err := f.Numbers(ctx, "member_change", 1)
		if err != nil {
			return err
		}
		if _, err := f.Lane["changed"].ExecContext(ctx, f.Tenant, number, rand.Int64(), w.packed); err != nil {
			return err
		}
	}
	return f.writeAudit(ctx, now, w, columns, before)
}

// readRequest reads the waiting request and the tenant's settings.
func (f *Floor) readRequest(ctx context.Context) (id int64, err error) {
	var (
		token, kind, dialect, request, to, contract, settings string
		client, tries, acceptedAt                             int64
		store                                                 *int64
		rows                                                  []byte
	)
	err = f.Lane["waiting"].QueryRowContext(ctx, f.Tenant).
		Scan(&id, &token, &kind, &dialect, &client, &store, &request, &to, &rows, &tries, &acceptedAt)
	if err != nil {
		return 0, err
	}
	return id, f.Lane["settings"].QueryRowContext(ctx, f.Tenant).Scan(&contract, &settings)
}

// readMembers reads all columns of the members, and returns for each the values of the columns to be changed.
func (f *Floor) readMembers(ctx context.Context, w *Work) (before [][]string, err error) {
	var ids any = w.Members
	if _, ok := f.Bulk.(*sqliteWriter); ok {
		text, err := json.Marshal(w.Members)
		if err != nil {
			return nil, err
		}
		ids = string(text)
	}
	rows, err := f.Lane["members"].QueryContext(ctx, f.Tenant, ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	// Every column is read, although few are used: Noren has to, as it does not know which.
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

func (f *Floor) writeAudit(ctx context.Context, now int64, w *Work, columns []string, before [][]string) error {
	n := len(w.Members)
	var first int64
	if err := f.Lane["number"].QueryRowContext(ctx, f.Tenant, "audit", n+1, n, n).Scan(&first); err != nil {
		return err
	}
	changes := make([]string, n)
	for i := range changes {
		text := []byte{'{'}
		// Keys in alphabetical order, as Noren writes them.
		for c, column := range slices.Backward(columns) {
			text = fmt.Appendf(text, `"%s":["%s","%s"]`, column, before[i][c], w.Values[column][i])
			if c > 0 {
				text = append(text, ',')
			}
		}
		changes[i] = string(append(text, '}'))
	}
	return f.Bulk.insertAudit(ctx, first, now, RequestID, w.Members, changes)
}

// Numbers takes n numbers from a counter and returns the first.
func (f *Floor) Numbers(ctx context.Context, counter noren.Counter, n int) (first int64, err error) {
	err = f.Lane["number"].QueryRowContext(ctx, f.Tenant, string(counter), n+1, n, n).Scan(&first)
	return first, err
}

// callbackBody is the callback of a successful request in the Smaregi dialect.
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
