package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"noren"
)

// LockMembers implements noren.PointTx. Each list is looked up in an index of its own.
func (t *tx) LockMembers(ctx context.Context, q noren.MemberQuery) ([]noren.MemberRef, error) {
	return t.memberRefs(ctx, q, t.db.flavor.forUpdate())
}

// MemberRefs implements noren.PointTx.
func (t *tx) MemberRefs(ctx context.Context, q noren.MemberQuery) ([]noren.MemberRef, error) {
	return t.memberRefs(ctx, q, "")
}

func (t *tx) memberRefs(ctx context.Context, q noren.MemberQuery, lock string) ([]noren.MemberRef, error) {
	f := t.db.flavor
	named := f.memberIDs("id") + " UNION ALL " + f.memberIDs("code") + " UNION ALL " + f.memberIDs("alias_code") +
		" UNION ALL " + f.memberIDs("shopify_customer_id") + " UNION ALL " + f.memberIDs("lower(email)") + " AND email IS NOT NULL"
	rows, err := t.query(ctx, "SELECT id, code, alias_code, shopify_customer_id, email, store_id FROM members"+
		" WHERE tenant_id = ? AND id IN ("+named+") ORDER BY id"+lock,
		t.tenant, t.tenant, f.list(q.IDs), t.tenant, f.list(q.Codes), t.tenant, f.list(q.AliasCodes),
		t.tenant, f.list(q.ShopifyIDs), t.tenant, f.list(lower(q.Emails)))
	list, err := collect(rows, err, func(rows *sql.Rows) (m noren.MemberRef, err error) {
		err = rows.Scan(&m.ID, &m.Code, &m.AliasCode, &m.ShopifyCustomerID, &m.Email, &m.StoreID)
		return m, err
	})
	return list, doing("look for members", err)
}

const lotColumns = "id, member_id, type, granted_at, expires_on, amount, remaining"

func scanLot(rows *sql.Rows) (l noren.PointLot, err error) {
	var grantedAt int64
	err = rows.Scan(&l.ID, &l.MemberID, &l.Type, &grantedAt, &l.ExpiresOn, &l.Amount, &l.Remaining)
	l.GrantedAt = fromMicros(grantedAt)
	return l, err
}

// OpenLots implements noren.PointTx.
func (t *tx) OpenLots(ctx context.Context, members []int64, pointType noren.PointType) ([]noren.PointLot, error) {
	f := t.db.flavor
	rows, err := t.query(ctx, "SELECT "+lotColumns+" FROM point_lots WHERE tenant_id = ? AND "+f.in("member_id")+
		" AND type = ? AND remaining > 0"+byID+f.forUpdate(), t.tenant, f.list(members), pointType)
	list, err := collect(rows, err, scanLot)
	return list, doing("read open lots of points", err)
}

// ExpiredLots implements noren.PointTx. They are found by day, so that a run reads no more than it expires, but locked
// in order of id, as whoever takes points locks them.
func (t *tx) ExpiredLots(
	ctx context.Context, today noren.Date, after noren.PointLot, limit int, forUpdate bool,
) ([]noren.PointLot, error) {
	var day noren.Date
	if after.ExpiresOn != nil {
		day = *after.ExpiresOn
	}
	query := "SELECT " + lotColumns + ` FROM point_lots WHERE tenant_id = ? AND remaining > 0 AND id IN (
		SELECT id FROM point_lots WHERE tenant_id = ? AND remaining > 0 AND expires_on < ? AND (expires_on, id) > (?, ?)
		ORDER BY expires_on, id LIMIT ?) ORDER BY id`
	if forUpdate {
		query += t.db.flavor.forUpdate()
	}
	rows, err := t.query(ctx, query, t.tenant, t.tenant, today, day, after.ID, limit)
	list, err := collect(rows, err, scanLot)
	slices.SortStableFunc(list, func(a, b noren.PointLot) int { return cmp.Compare(*a.ExpiresOn, *b.ExpiresOn) })
	return list, doing("read expired lots of points", err)
}

// MovePoints implements noren.PointTx.
func (t *tx) MovePoints(ctx context.Context, m noren.PointMovement) error {
	_, err := t.insertRows(ctx, "point_lots", "", []column{
		{"id", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.ID })},
		{"member_id", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.MemberID })},
		{"type", kindText, valuesOf(m.Lots, func(l *noren.PointLot) any { return string(l.Type) })},
		{"granted_at", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return micros(l.GrantedAt) })},
		{"expires_on", kindText, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.ExpiresOn })},
		{"amount", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.Amount })},
		{"remaining", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.Remaining })},
	})
	if err != nil {
		return doing("insert lots of points", err)
	}
	_, err = t.insertRows(ctx, "point_entries", "", []column{
		{"id", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.ID })},
		{"member_id", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.MemberID })},
		{"type", kindText, valuesOf(m.Entries, func(e *noren.PointEntry) any { return string(e.Type) })},
		{"kind", kindText, valuesOf(m.Entries, func(e *noren.PointEntry) any { return string(e.Kind) })},
		{"delta", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.Delta })},
		{"staff_id", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.StaffID })},
		{"note", kindText, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.Note })},
		{"at", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return micros(e.At) })},
		{"client_id", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.ClientID })},
		{"dialect", kindText, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.Dialect })},
		{"login", kindText, valuesOf(m.Entries, func(e *noren.PointEntry) any { return orNull(e.Login) })},
		{"request_id", kindText, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.RequestID })},
	})
	if err != nil {
		return doing("insert entries of points", err)
	}
	return t.burnPoints(ctx, m.Burns)
}

// burnPoints stores the burns and takes them off their lots. What a lot loses to several entries is taken at once,
// because one statement may not write a row twice.
func (t *tx) burnPoints(ctx context.Context, burns []noren.PointBurn) error {
	_, err := t.insertRows(ctx, "point_burns", "", []column{
		{"entry_id", kindInt, valuesOf(burns, func(b *noren.PointBurn) any { return b.EntryID })},
		{"lot_id", kindInt, valuesOf(burns, func(b *noren.PointBurn) any { return b.LotID })},
		{"amount", kindInt, valuesOf(burns, func(b *noren.PointBurn) any { return b.Amount })},
	})
	if err != nil {
		return doing("insert burns of points", err)
	}
	burnt := make(map[int64]int64, len(burns))
	for _, b := range burns {
		burnt[b.LotID] += b.Amount
	}
	lots := slices.Sorted(maps.Keys(burnt))
	reduced, err := t.subtractRows(ctx, "point_lots",
		column{"id", kindInt, valuesOf(lots, func(id *int64) any { return *id })},
		column{"remaining", kindInt, valuesOf(lots, func(id *int64) any { return burnt[*id] })})
	if err != nil {
		return doing("take points off their lots", err)
	}
	if reduced != int64(len(lots)) {
		return &noren.Error{
			Kind: noren.Conflict, Field: "points", Message: "a lot has fewer points than are to be taken off it",
		}
	}
	return nil
}

// PointBalances implements noren.PointTx. The inner query adds up each day's lots, of which the first is the next to
// expire, and never the last; the outer one adds up the days.
func (t *tx) PointBalances(ctx context.Context, members []int64, today noren.Date) ([]noren.PointBalance, error) {
	f := t.db.flavor
	rows, err := t.query(ctx, `SELECT member_id, type, CAST(SUM(points) AS bigint), MIN(expires_on),
			CAST(SUM(CASE WHEN place = 1 AND expires_on IS NOT NULL THEN points ELSE 0 END) AS bigint)
		FROM (SELECT member_id, type, expires_on, SUM(remaining) AS points,
				ROW_NUMBER() OVER (PARTITION BY member_id, type ORDER BY expires_on ASC NULLS LAST) AS place
			FROM point_lots
			WHERE tenant_id = ? AND `+f.in("member_id")+` AND remaining > 0 AND (expires_on IS NULL OR expires_on >= ?)
			GROUP BY member_id, type, expires_on) AS days
		GROUP BY member_id, type ORDER BY member_id, type`, t.tenant, f.list(members), today)
	list, err := collect(rows, err, func(rows *sql.Rows) (b noren.PointBalance, err error) {
		err = rows.Scan(&b.MemberID, &b.Type, &b.Total, &b.ExpiresOn, &b.ExpiresAmount)
		return b, err
	})
	return list, doing("read balances of points", err)
}

// PointLots implements noren.PointTx.
func (t *tx) PointLots(ctx context.Context, f noren.PointLotFilter) ([]noren.PointLot, error) {
	w := t.where()
	w.and("member_id = ?", f.MemberID)
	w.and("remaining > 0")
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, "SELECT "+lotColumns+" FROM point_lots"+w.String()+
		" ORDER BY expires_on ASC NULLS LAST, id ASC"+limit, append(w.args, args...)...)
	list, err := collect(rows, err, scanLot)
	return list, doing("read lots of points", err)
}

// PointEntries implements noren.PointTx.
func (t *tx) PointEntries(ctx context.Context, f noren.PointEntryFilter) ([]noren.PointEntry, error) {
	w := t.where()
	equal(w, "member_id", f.MemberID)
	if f.VisibleTo != nil {
		w.and("member_id IN (SELECT id FROM members WHERE tenant_id = ? AND (store_id = ? OR store_id IS NULL))", t.tenant, *f.VisibleTo)
	}
	w.span("at", f.At)
	oneOf(w, t.db.flavor, "kind", texts(f.Kinds))
	oneOf(w, t.db.flavor, "dialect", f.Dialects)
	order := " ORDER BY at ASC, id ASC"
	if f.Newest {
		order = " ORDER BY at DESC, id DESC"
	}
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, `SELECT id, member_id, type, kind, delta, staff_id, note, at, client_id, dialect,
		COALESCE(login, ''), request_id FROM point_entries`+w.String()+order+limit, append(w.args, args...)...)
	list, err := collect(rows, err, func(rows *sql.Rows) (e noren.PointEntry, err error) {
		var at int64
		err = rows.Scan(&e.ID, &e.MemberID, &e.Type, &e.Kind, &e.Delta, &e.StaffID, &e.Note, &at, &e.ClientID,
			&e.Dialect, &e.Login, &e.RequestID)
		e.At = fromMicros(at)
		return e, err
	})
	return list, doing("read movements of points", err)
}
