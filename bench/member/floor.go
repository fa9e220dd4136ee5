package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"noren"
	"noren/bench/floor"
	"noren/bench/seed"
)

// byHand does by hand what the ReCORE dialect's bulk writes do, on the floor's connection.
type byHand struct {
	*floor.Floor
	place  seed.Place
	stmts  map[string]*sql.Stmt // by the names in byHandStatements
	answer []*sql.Stmt          // of answerStatements
}

// byHandStatements are all statements but those over many rows that neither answerStatements nor the floor has.
func byHandStatements(p seed.Place) map[string]string {
	texts := map[string]string{
		"names": "SELECT id, code, alias_code, store_id FROM members WHERE tenant_id = ? AND id " + inList(p) + " ORDER BY id",
		"lots": `SELECT id, member_id, type, granted_at, expires_on, amount, remaining FROM point_lots
			WHERE tenant_id = ? AND member_id ` + inList(p) + " AND type = 'DEFAULT' AND remaining > 0 ORDER BY +id",
		"audit": `INSERT INTO audit (tenant_id, id, at, client_id, dialect, subject, subject_id, request_id, changes)
			VALUES (?, ?, ?, ?, 'smaregi', 'points', '', ?, ?)`,
		"mark": `INSERT INTO kept_answers (tenant_id, client_id, route, key, body_hash, status, content_type, body, expires_at)
			VALUES (?, ?, '', ?, ?, 0, '', ?, ?)`,
	}
	if p.Engine() == "postgres" {
		// Noren locks them too; on SQLite there is one writer, and nothing to lock.
		texts["names"] += " FOR UPDATE"
		texts["lots"] += " FOR UPDATE"
	}
	return texts
}

func newByHand(ctx context.Context, p seed.Place, f *floor.Floor) (*byHand, error) {
	m := &byHand{Floor: f, place: p, stmts: make(map[string]*sql.Stmt)}
	prepare := func(text string) (*sql.Stmt, error) {
		if p.Engine() == "postgres" {
			text = floor.Numbered(text)
		}
		stmt, err := f.Conn.PrepareContext(ctx, text) // it ends with its connection
		return stmt, floor.Wrap("preparing "+text, err)
	}
	var err error
	for name, text := range byHandStatements(p) {
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

// update does what members.Service.Update does, except for reading the members again after writing them: it knows what was
// written.
func (m *byHand) update(ctx context.Context, w *floor.Work, now time.Time) error {
	return m.Transaction(ctx, func() error {
		if err := m.ChangeMembers(ctx, now.UnixMicro(), w); err != nil {
			return err
		}
		for _, q := range answerQueries(m.answer, m.Tenant, idList(m.place, w.Members)) {
			if _, err := q.read(ctx); err != nil {
				return err
			}
		}
		return m.mark(ctx, now)
	})
}

// mark writes the row by which Noren recognises, after a commit in doubt, that the write went through.
func (m *byHand) mark(ctx context.Context, now time.Time) error {
	until := now.Add(10 * time.Minute).UnixMicro()
	_, err := m.stmts["mark"].ExecContext(ctx, m.Tenant, floor.Client, noren.NewSecret(""), []byte{}, []byte{}, until)
	return err
}

// audit writes what the audit log has of points that were moved.
func (m *byHand) audit(ctx context.Context, now time.Time, entries int, delta int64) error {
	number, err := m.Numbers(ctx, noren.CounterAudit, 1)
	if err != nil {
		return err
	}
	changes := fmt.Sprintf(`{"points":[null,{"delta":%d,"entries":%d}]}`, delta, entries)
	_, err = m.stmts["audit"].ExecContext(ctx, m.Tenant, number, now.UnixMicro(), floor.Client, floor.RequestID, changes)
	return err
}

// grant does what points.Service.Adjust does to add points.
func (m *byHand) grant(ctx context.Context, members []int64, amount int64, now time.Time) error {
	return m.Transaction(ctx, func() error {
		if _, err := (query{m.stmts["names"], []any{m.Tenant, idList(m.place, members)}}).read(ctx); err != nil {
			return err
		}
		// In the order in which Noren takes its locks (ADR 17).
		lot, err := m.Numbers(ctx, noren.CounterPointLot, len(members))
		if err != nil {
			return err
		}
		entry, err := m.Numbers(ctx, noren.CounterPointEntry, len(members))
		if err != nil {
			return err
		}
		return errors.Join(
			m.Bulk.InsertLots(ctx, lot, entry, now.UnixMicro(), members, amount),
			m.Bulk.InsertEntries(ctx, entry, now.UnixMicro(), members, "granted", amount),
			m.audit(ctx, now, len(members), amount*int64(len(members))),
			m.mark(ctx, now),
		)
	})
}

// take does what points.Service.Adjust does to take points that each member's first lot covers.
func (m *byHand) take(ctx context.Context, members []int64, amount int64, now time.Time) error {
	return m.Transaction(ctx, func() error {
		if _, err := (query{m.stmts["names"], []any{m.Tenant, idList(m.place, members)}}).read(ctx); err != nil {
			return err
		}
		lots, err := m.firstLots(ctx, members, amount)
		if err != nil {
			return err
		}
		entry, err := m.Numbers(ctx, noren.CounterPointEntry, len(members))
		if err != nil {
			return err
		}
		return errors.Join(
			m.Bulk.InsertEntries(ctx, entry, now.UnixMicro(), members, "used", -amount),
			m.Bulk.Burn(ctx, entry, lots, amount),
			m.audit(ctx, now, len(members), -amount*int64(len(members))),
			m.mark(ctx, now),
		)
	})
}

// firstLots returns the first lot of each member, which must have the amount.
func (m *byHand) firstLots(ctx context.Context, members []int64, amount int64) ([]int64, error) {
	rows, err := m.stmts["lots"].QueryContext(ctx, m.Tenant, idList(m.place, members))
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
		// Each member has a lot that is large enough, so there is nothing to divide.
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
