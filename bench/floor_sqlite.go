package main

import (
	"context"
	"database/sql"
	"encoding/json"
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

func (w *sqliteWriter) updateSearch(ctx context.Context, change *work) error {
	ids, haystacks, tokens := change.members, change.haystacks, change.tokens
	err := w.each(ctx, len(ids), "UPDATE member_search SET haystack = ? WHERE tenant_id = ? AND member_id = ?", func(row int) []any {
		return []any{haystacks[row], w.tenant, ids[row]}
	})
	if err != nil {
		return err
	}
	rowids := make([]int64, len(ids))
	for i, id := range ids {
		rowids[i] = w.tenant<<34 | id
	}
	list, err := json.Marshal(rowids)
	if err != nil {
		return err
	}
	err = w.each(ctx, 1, "DELETE FROM member_tokens WHERE rowid IN (SELECT value FROM json_each(?))", func(int) []any {
		return []any{string(list)}
	})
	if err != nil {
		return err
	}
	return w.each(ctx, len(ids), "INSERT INTO member_tokens (rowid, tokens) VALUES (?, ?)", func(row int) []any {
		return []any{rowids[row], tokens[row]}
	})
}

func (w *sqliteWriter) insertAudit(ctx context.Context, first, now int64, request string, ids []int64, changes []string) error {
	return w.each(ctx, len(ids), `INSERT INTO audit (tenant_id, id, at, client_id, dialect, subject, subject_id, request_id, changes)
		VALUES (?, ?, ?, ?, 'smaregi', 'member', ?, ?, ?)`, func(row int) []any {
		return []any{w.tenant, first + int64(row), now, client, strconv.FormatInt(ids[row], 10), request, changes[row]}
	})
}
