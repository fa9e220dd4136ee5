package floor

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// sqliteWriter runs a prepared statement once for each row: calls are cheap where the engine is in the process.
type sqliteWriter struct {
	conn   *sql.Conn
	tenant int64
	texts  map[string]*sql.Stmt // they end with the connection
}

// each runs the statement for each row.
func (w *sqliteWriter) each(ctx context.Context, rows int, text string, args func(row int) []any) (err error) {
	// Prepared once, as an ordinary program would do it.
	stmt, known := w.texts[text]
	if !known {
		if stmt, err = w.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
		w.texts[text] = stmt
	}
	for row := range rows {
		if _, err := stmt.ExecContext(ctx, args(row)...); err != nil {
			return err
		}
	}
	return nil
}

func (w *sqliteWriter) updateMembers(ctx context.Context, now int64, ids []int64, columns []string, values [][]string) error {
	text := "UPDATE members SET " + strings.Join(columns, " = ?, ") + " = ?, updated_at = ? WHERE tenant_id = ? AND id = ?"
	return w.each(ctx, len(ids), text, func(row int) []any {
		args := make([]any, 0, len(columns)+3)
		for _, v := range values {
			args = append(args, v[row])
		}
		return append(args, now, w.tenant, ids[row])
	})
}

func (w *sqliteWriter) insertAudit(ctx context.Context, first, now int64, request string, ids []int64, changes []string) error {
	return w.each(ctx, len(ids), `INSERT INTO audit (tenant_id, id, at, client_id, dialect, subject, subject_id, request_id, changes)
		VALUES (?, ?, ?, ?, 'smaregi', 'member', ?, ?, ?)`, func(row int) []any {
		return []any{w.tenant, first + int64(row), now, Client, strconv.FormatInt(ids[row], 10), request, changes[row]}
	})
}
