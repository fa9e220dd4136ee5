package floor

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// postgresWriter sends one statement for each table, with an array for each column: a statement for each row would
// cost a round trip each. The driver prepares each text once.
type postgresWriter struct {
	conn   *sql.Conn
	tenant int64
}

func (w postgresWriter) updateMembers(ctx context.Context, now int64, ids []int64, columns []string, values [][]string) error {
	sets, arrays, names := make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns))
	// The first three placeholders are these, so those of the columns begin with $4.
	args := []any{w.tenant, now, ids}
	for i, c := range columns {
		sets[i] = c + " = v." + c
		arrays[i] = fmt.Sprintf("$%d::text[]", i+4)
		names[i] = c
		args = append(args, values[i])
	}
	_, err := w.conn.ExecContext(ctx, "UPDATE members AS m SET "+strings.Join(sets, ", ")+", updated_at = $2 FROM unnest($3::bigint[], "+
		strings.Join(arrays, ", ")+") AS v (id, "+strings.Join(names, ", ")+") WHERE m.tenant_id = $1 AND m.id = v.id", args...)
	return err
}

func (w postgresWriter) insertAudit(ctx context.Context, first, now int64, request string, ids []int64, changes []string) error {
	numbers, subjects := make([]int64, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		numbers[i], subjects[i] = first+int64(i), strconv.FormatInt(id, 10)
	}
	_, err := w.conn.ExecContext(ctx, `INSERT INTO audit (tenant_id, id, at, client_id, dialect, subject, subject_id, request_id, changes)
		SELECT $1, v.id, $2, $3, 'smaregi', 'member', v.subject, $4, v.changes
		FROM unnest($5::bigint[], $6::text[], $7::text[]) AS v (id, subject, changes)`,
		w.tenant, now, Client, request, numbers, subjects, changes)
	return err
}
