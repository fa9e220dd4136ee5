package floor

import "context"

// PointNote is written with each movement of points.
const PointNote = "計測"

// InsertLots runs the statement for each row. Lots and the entries that granted them are numbered from first and from entry.
func (w *sqliteWriter) InsertLots(ctx context.Context, first, entry, now int64, members []int64, amount int64) error {
	return w.each(ctx, len(members), `INSERT INTO point_lots (tenant_id, id, member_id, type, granted_at, expires_on, amount, remaining,
			entry_id)
		VALUES (?, ?, ?, 'DEFAULT', ?, NULL, ?, ?, ?)`, func(row int) []any {
		return []any{w.tenant, first + int64(row), members[row], now, amount, amount, entry + int64(row)}
	})
}

func (w *sqliteWriter) InsertEntries(ctx context.Context, first, now int64, members []int64, kind string, delta int64) error {
	return w.each(ctx, len(members), `INSERT INTO point_entries (tenant_id, id, member_id, type, kind, delta, note, at, client_id,
		dialect, request_id) VALUES (?, ?, ?, 'DEFAULT', ?, ?, ?, ?, ?, 'smaregi', ?)`, func(row int) []any {
		return []any{w.tenant, first + int64(row), members[row], kind, delta, PointNote, now, Client, RequestID}
	})
}

func (w *sqliteWriter) Burn(ctx context.Context, first int64, lots []int64, amount int64) error {
	err := w.each(ctx, len(lots), "INSERT INTO point_burns (tenant_id, entry_id, lot_id, amount) VALUES (?, ?, ?, ?)", func(row int) []any {
		return []any{w.tenant, first + int64(row), lots[row], amount}
	})
	if err != nil {
		return err
	}
	return w.each(ctx, len(lots), "UPDATE point_lots SET remaining = remaining - ? WHERE tenant_id = ? AND id = ?", func(row int) []any {
		return []any{amount, w.tenant, lots[row]}
	})
}

// InsertLots sends one statement.
func (w postgresWriter) InsertLots(ctx context.Context, first, entry, now int64, members []int64, amount int64) error {
	_, err := w.conn.ExecContext(ctx, `INSERT INTO point_lots (tenant_id, id, member_id, type, granted_at, expires_on, amount, remaining,
			entry_id)
		SELECT $1, v.id, v.member, 'DEFAULT', $2, NULL, $3, $3, v.entry
		FROM unnest($4::bigint[], $5::bigint[], $6::bigint[]) AS v (id, member, entry)`,
		w.tenant, now, amount, from(first, len(members)), members, from(entry, len(members)))
	return err
}

func (w postgresWriter) InsertEntries(ctx context.Context, first, now int64, members []int64, kind string, delta int64) error {
	_, err := w.conn.ExecContext(ctx, `INSERT INTO point_entries (tenant_id, id, member_id, type, kind, delta, note, at, client_id,
			dialect, request_id)
		SELECT $1, v.id, v.member, 'DEFAULT', $2, $3, $4, $5, $6, 'smaregi', $7 FROM unnest($8::bigint[], $9::bigint[]) AS v (id, member)`,
		w.tenant, kind, delta, PointNote, now, Client, RequestID, from(first, len(members)), members)
	return err
}

func (w postgresWriter) Burn(ctx context.Context, first int64, lots []int64, amount int64) error {
	_, err := w.conn.ExecContext(ctx, `INSERT INTO point_burns (tenant_id, entry_id, lot_id, amount)
		SELECT $1, v.entry, v.lot, $2 FROM unnest($3::bigint[], $4::bigint[]) AS v (entry, lot)`,
		w.tenant, amount, from(first, len(lots)), lots)
	if err != nil {
		return err
	}
	_, err = w.conn.ExecContext(ctx, "UPDATE point_lots SET remaining = remaining - $2 WHERE tenant_id = $1 AND id = ANY($3)",
		w.tenant, amount, lots)
	return err
}

// from returns n numbers, beginning with first.
func from(first int64, n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = first + int64(i)
	}
	return list
}
