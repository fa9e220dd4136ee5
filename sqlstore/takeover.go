package sqlstore

import (
	"context"

	"noren"
)

// TakenOver implements noren.TakeOverTx.
func (t *tx) TakenOver(ctx context.Context, source string, ids []string) ([]noren.TakenOver, error) {
	// By the primary key, which begins with the source.
	listed, arg := isIn(t.db.flavor, "external_id", ids)
	rows, err := t.query(ctx, `SELECT source, external_id, member_id, type, amount, expires_on FROM taken_over
		WHERE tenant_id = ? AND source = ? AND `+listed+` ORDER BY external_id`, t.tenant, source, arg)
	list, err := collect(rows, err, func(row scannable) (o noren.TakenOver, err error) {
		err = row.Scan(&o.Source, &o.ExternalID, &o.MemberID, &o.Type, &o.Amount, &o.ExpiresOn)
		return o, err
	})
	return list, doing("read what was taken over", err)
}

// AddTakenOver implements noren.TakeOverTx.
func (t *tx) AddTakenOver(ctx context.Context, list []noren.TakenOver) error {
	return t.insertLater(ctx, deferred{doing: "add what was taken over"}, "taken_over", "", []column{
		{"source", kindText, valuesOf(list, func(o *noren.TakenOver) any { return o.Source })},
		{"external_id", kindText, valuesOf(list, func(o *noren.TakenOver) any { return o.ExternalID })},
		{"member_id", kindInt, valuesOf(list, func(o *noren.TakenOver) any { return o.MemberID })},
		{"type", kindText, valuesOf(list, func(o *noren.TakenOver) any { return string(o.Type) })},
		{"amount", kindInt, valuesOf(list, func(o *noren.TakenOver) any { return o.Amount })},
		{"expires_on", kindText, valuesOf(list, func(o *noren.TakenOver) any { return o.ExpiresOn })},
	})
}

// MovedPoints implements noren.TakeOverTx.
func (t *tx) MovedPoints(ctx context.Context, members []int64) ([]int64, error) {
	listed, arg := isIn(t.db.flavor, "member_id", members)
	// By the index point_entries_member, which has all that is asked for.
	rows, err := t.query(ctx, `SELECT DISTINCT member_id FROM point_entries
		WHERE tenant_id = ? AND `+listed+` ORDER BY member_id`, t.tenant, arg)
	list, err := collect(rows, err, func(row scannable) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	})
	return list, doing("read who has had points", err)
}

// AddNotes implements noren.TakeOverTx.
func (t *tx) AddNotes(ctx context.Context, notes []noren.Note) error {
	return t.insertLater(ctx, deferred{doing: "add notes"}, "member_notes", "", []column{
		{"id", kindInt, valuesOf(notes, func(n *noren.Note) any { return n.ID })},
		{"member_id", kindInt, valuesOf(notes, func(n *noren.Note) any { return n.MemberID })},
		{"staff_id", kindInt, valuesOf(notes, func(n *noren.Note) any { return n.StaffID })},
		{"note", kindText, valuesOf(notes, func(n *noren.Note) any { return n.Text })},
		{"created_at", kindInt, valuesOf(notes, func(n *noren.Note) any { return micros(n.CreatedAt) })},
	})
}
