package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"noren"
)

// memberFloor does by hand what the ReCORE dialect's bulk writes do, on the floor's connection.
type memberFloor struct {
	*floor
	place  place
	points pointsByHand
	stmts  map[string]*sql.Stmt // by the names in memberStatements
	answer []*sql.Stmt          // of answerStatements
}

// pointsByHand writes many rows of the ledger in the way that is fastest on its engine.
type pointsByHand interface {
	insertLots(ctx context.Context, first, now int64, members []int64, amount int64) error
	insertEntries(ctx context.Context, first, now int64, members []int64, kind string, delta int64) error
	// burn takes amount off each of the lots, the first for the entry first.
	burn(ctx context.Context, first int64, lots []int64, amount int64) error
}

// memberStatements are all statements but those over many rows that neither answerStatements nor the floor has.
func memberStatements(p place) map[string]string {
	texts := map[string]string{
		"names": "SELECT id, code, alias_code, store_id FROM members WHERE tenant_id = ? AND id " + inList(p) + " ORDER BY id",
		"lots": `SELECT id, member_id, type, granted_at, expires_on, amount, remaining FROM point_lots
			WHERE tenant_id = ? AND member_id ` + inList(p) + " AND type = 'DEFAULT' AND remaining > 0 ORDER BY +id",
		"mark": `INSERT INTO kept_answers (tenant_id, client_id, route, key, body_hash, status, content_type, body, expires_at)
			VALUES (?, ?, '', ?, ?, 0, '', ?, ?)`,
	}
	if p.engine() == "postgres" {
		texts["names"] += " FOR UPDATE"
		texts["lots"] += " FOR UPDATE"
	}
	return texts
}

func newMemberFloor(ctx context.Context, p place, f *floor) (*memberFloor, error) {
	m := &memberFloor{floor: f, place: p, stmts: make(map[string]*sql.Stmt)}
	switch bulk := f.bulk.(type) {
	case *sqliteWriter:
		m.points = bulk
	case postgresWriter:
		m.points = bulk
	}
	prepare := func(text string) (*sql.Stmt, error) {
		if p.engine() == "postgres" {
			text = numbered(text)
		}
		stmt, err := f.conn.PrepareContext(ctx, text) // it ends with its connection
		return stmt, wrap("preparing "+text, err)
	}
	var err error
	for name, text := range memberStatements(p) {
		if m.stmts[name], err = prepare(text); err != nil { //nolint:sqlclosecheck // it ends with its connection
			return nil, err
		}
	}
	for _, text := range answerStatements(inList(p)) {
		stmt, err := prepare(text) //nolint:sqlclosecheck // it ends with its connection
		if err != nil {
			return nil, err
		}
		m.answer = append(m.answer, stmt)
	}
	return m, nil
}

// update does what Service.UpdateMembers does. It leaves out reading the members again once they are written, because
// it knows what was written.
func (m *memberFloor) update(ctx context.Context, w *work, now time.Time) error {
	return m.transaction(ctx, func() error {
		if err := m.changeMembers(ctx, now.UnixMicro(), w); err != nil {
			return err
		}
		for _, q := range answerQueries(m.answer, m.tenant, idList(m.place, w.members)) {
			if _, err := q.read(ctx); err != nil {
				return err
			}
		}
		return m.mark(ctx, now)
	})
}

// mark is what Noren knows by that a write went through whose commit was in doubt.
func (m *memberFloor) mark(ctx context.Context, now time.Time) error {
	_, err := m.stmts["mark"].ExecContext(ctx, m.tenant, client, noren.NewSecret(""), []byte{}, []byte{}, now.Add(10*time.Minute).UnixMicro())
	return err
}

// grant does what Service.AdjustPoints does to add points.
func (m *memberFloor) grant(ctx context.Context, members []int64, amount int64, now time.Time) error {
	return m.transaction(ctx, func() error {
		if _, err := (query{m.stmts["names"], []any{m.tenant, idList(m.place, members)}}).read(ctx); err != nil {
			return err
		}
		lot, err := m.numbers(ctx, noren.CounterPointLot, len(members))
		if err != nil {
			return err
		}
		entry, err := m.numbers(ctx, noren.CounterPointEntry, len(members))
		if err != nil {
			return err
		}
		return errors.Join(
			m.points.insertLots(ctx, lot, now.UnixMicro(), members, amount),
			m.points.insertEntries(ctx, entry, now.UnixMicro(), members, "granted", amount),
			m.mark(ctx, now),
		)
	})
}

// take does what Service.AdjustPoints does to take points that each member's first lot covers.
func (m *memberFloor) take(ctx context.Context, members []int64, amount int64, now time.Time) error {
	return m.transaction(ctx, func() error {
		if _, err := (query{m.stmts["names"], []any{m.tenant, idList(m.place, members)}}).read(ctx); err != nil {
			return err
		}
		lots, err := m.firstLots(ctx, members, amount)
		if err != nil {
			return err
		}
		entry, err := m.numbers(ctx, noren.CounterPointEntry, len(members))
		if err != nil {
			return err
		}
		return errors.Join(
			m.points.insertEntries(ctx, entry, now.UnixMicro(), members, "used", -amount),
			m.points.burn(ctx, entry, lots, amount),
			m.mark(ctx, now),
		)
	})
}

// numbers takes n numbers from a counter and answers the first.
func (m *memberFloor) numbers(ctx context.Context, counter noren.Counter, n int) (first int64, err error) {
	err = m.lane["number"].QueryRowContext(ctx, m.tenant, string(counter), n+1, n, n).Scan(&first)
	return first, err
}

// firstLots answers for each member the first lot, which has to have the amount.
func (m *memberFloor) firstLots(ctx context.Context, members []int64, amount int64) ([]int64, error) {
	rows, err := m.stmts["lots"].QueryContext(ctx, m.tenant, idList(m.place, members))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	first := make(map[int64]int64, len(members))
	for rows.Next() {
		var id, member, granted, whole, remaining int64
		var kind string
		var expires *string
		if err := rows.Scan(&id, &member, &kind, &granted, &expires, &whole, &remaining); err != nil {
			return nil, err
		}
		if first[member] == 0 && remaining >= amount {
			first[member] = id
		}
	}
	lots := make([]int64, len(members))
	for i, member := range members {
		if lots[i] = first[member]; lots[i] == 0 {
			return nil, fmt.Errorf("no lot of member %d has %d points", member, amount)
		}
	}
	return lots, rows.Err()
}
