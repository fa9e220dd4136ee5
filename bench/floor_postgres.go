package main

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

func (w postgresWriter) updateSearch(ctx context.Context, change *work) error {
	_, err := w.conn.ExecContext(ctx, `UPDATE member_search AS s SET haystack = v.haystack
		FROM unnest($2::bigint[], $3::text[]) AS v (id, haystack)
		WHERE s.tenant_id = $1 AND s.member_id = v.id`, w.tenant, change.members, change.haystacks)
	if err != nil {
		return err
	}
	_, err = w.conn.ExecContext(ctx, `INSERT INTO token_members AS t (tenant_id, token, block, members)
		SELECT $1, v.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS v
		ON CONFLICT (tenant_id, token, block) DO UPDATE SET members = t.members | excluded.members`,
		w.tenant, change.gained.tokens, change.gained.blocks, change.gained.members)
	if err != nil {
		return err
	}
	if grams := change.grams; len(grams.tokens) > 0 {
		_, err = w.conn.ExecContext(ctx, `INSERT INTO gram_blocks AS n (tenant_id, gram, span, blocks)
			SELECT $1, v.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS v
			ON CONFLICT (tenant_id, gram, span) DO UPDATE SET blocks = n.blocks | excluded.blocks`,
			w.tenant, grams.tokens, grams.blocks, grams.members)
		if err != nil {
			return err
		}
	}
	_, err = w.conn.ExecContext(ctx, `UPDATE token_members AS t SET members = t.members & ~v.members
		FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS v (token, block, members)
		WHERE t.tenant_id = $1 AND t.token = v.token AND t.block = v.block`,
		w.tenant, change.lost.tokens, change.lost.blocks, change.lost.members)
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
		w.tenant, now, client, request, numbers, subjects, changes)
	return err
}
