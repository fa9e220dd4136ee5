package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"noren"
)

// LockMembers implements noren.MemberTx. Each list is looked up in an index of its own.
func (t *tx) LockMembers(ctx context.Context, q noren.MemberQuery) ([]noren.MemberRef, error) {
	found, err := t.memberRefs(ctx, q, t.db.flavor.forUpdate())
	for _, m := range found {
		t.takesMembers(lockMembers, m.ID)
	}
	return found, err
}

// MemberRefs implements noren.MemberTx.
func (t *tx) MemberRefs(ctx context.Context, q noren.MemberQuery) ([]noren.MemberRef, error) {
	return t.memberRefs(ctx, q, "")
}

func (t *tx) memberRefs(ctx context.Context, q noren.MemberQuery, lock string) ([]noren.MemberRef, error) {
	var named []string
	var args []any
	add := func(column string, values []string) {
		if len(values) > 0 { // only what is asked for, since each is a look-up of its own
			listed, arg := isIn(t.db.flavor, column, values)
			named, args = append(named, "SELECT id FROM members WHERE tenant_id = ? AND "+listed), append(args, t.tenant, arg)
		}
	}
	add("code", q.Codes)
	add("alias_code", q.AliasCodes)
	add("shopify_customer_id", q.ShopifyIDs)
	// The condition is that of the index members_email, so that it is used.
	add("email IS NOT NULL AND lower(email)", lower(q.Emails))
	these, ids := isIn(t.db.flavor, "id", q.IDs)
	args = append([]any{t.tenant, ids}, args...)
	if len(named) > 0 {
		// One statement for all lists, so that all rows are locked in order of id. UNION ALL may find a member twice,
		// which IN does not mind.
		these = "id IN (SELECT id FROM members WHERE tenant_id = ? AND " + these + " UNION ALL " + strings.Join(named, " UNION ALL ") + ")"
		args = append([]any{t.tenant}, args...)
	}
	rows, err := t.query(ctx, "SELECT id, code, alias_code, shopify_customer_id, email, store_id FROM members"+
		" WHERE tenant_id = ? AND "+these+" ORDER BY id"+lock, args...)
	list, err := collect(rows, err, func(row scannable) (m noren.MemberRef, err error) {
		err = row.Scan(&m.ID, &m.Code, &m.AliasCode, &m.ShopifyCustomerID, &m.Email, &m.StoreID)
		return m, err
	})
	return list, doing("look for members", err)
}

const lotColumns = "id, member_id, type, granted_at, usable_from, expires_on, amount, remaining, " +
	"COALESCE(purchase_id, 0), COALESCE(entry_id, 0)"

func scanLot(row scannable) (l noren.PointLot, err error) {
	var grantedAt int64
	err = row.Scan(&l.ID, &l.MemberID, &l.Type, &grantedAt, &l.UsableFrom, &l.ExpiresOn, &l.Amount, &l.Remaining, &l.PurchaseID, &l.EntryID)
	l.GrantedAt = fromMicros(grantedAt)
	return l, err
}

// OpenLots implements noren.PointTx.
func (t *tx) OpenLots(ctx context.Context, members []int64, pointType noren.PointType, forUpdate bool) ([]noren.PointLot, error) {
	f := t.db.flavor
	query := "SELECT " + lotColumns + " FROM point_lots WHERE tenant_id = ? AND " + f.in("member_id") +
		" AND type = ? AND remaining > 0" + byID
	if forUpdate {
		t.takes(lockLots, "lots of points")
		query += f.forUpdate()
	}
	rows, err := t.query(ctx, query, t.tenant, f.list(members), pointType)
	list, err := collect(rows, err, scanLot)
	return list, doing("read open lots of points", err)
}

// BurntLots implements noren.PointTx.
func (t *tx) BurntLots(ctx context.Context, entry int64, forUpdate bool) ([]noren.BurntLot, error) {
	query := "SELECT " + lotColumns + `,
		(SELECT b.amount FROM point_burns AS b WHERE b.tenant_id = ? AND b.entry_id = ? AND b.lot_id = point_lots.id),
		EXISTS (SELECT 1 FROM point_entries AS e WHERE e.tenant_id = ? AND e.reverses = point_lots.entry_id)
		FROM point_lots WHERE tenant_id = ? AND id IN (SELECT lot_id FROM point_burns WHERE tenant_id = ? AND entry_id = ?)` + byID
	if forUpdate {
		t.takes(lockLots, "lots of points")
		query += t.db.flavor.forUpdate()
	}
	rows, err := t.query(ctx, query, t.tenant, entry, t.tenant, t.tenant, t.tenant, entry)
	list, err := collect(rows, err, func(row scannable) (l noren.BurntLot, err error) {
		l.PointLot, err = scanLot(followed{followed{row, &l.Withdrawn}, &l.Burnt})
		return l, err
	})
	return list, doing("read which lots an entry took points from", err)
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
	// That something remains is asked again outside: on PostgreSQL only that is looked at once more after waiting for a
	// lock, and the lot may have been used up meanwhile. The empty day is before all others.
	query := "SELECT " + lotColumns + ` FROM point_lots WHERE tenant_id = ? AND remaining > 0 AND id IN (
		SELECT id FROM point_lots WHERE tenant_id = ? AND remaining > 0 AND expires_on < ? AND (expires_on, id) > (?, ?)
		ORDER BY expires_on, id LIMIT ?) ORDER BY id`
	if forUpdate {
		t.takes(lockLots, "lots of points")
		query += t.db.flavor.forUpdate()
	}
	rows, err := t.query(ctx, query, t.tenant, t.tenant, today, day, after.ID, limit)
	list, err := collect(rows, err, scanLot)
	// Back in the order in which the caller goes on, which is by day.
	slices.SortStableFunc(list, func(a, b noren.PointLot) int { return cmp.Compare(*a.ExpiresOn, *b.ExpiresOn) })
	return list, doing("read expired lots of points", err)
}

// LapsedPoints implements noren.PointTx. What an entry burnt is found by the member's entries, because burns have no index by
// lot.
func (t *tx) LapsedPoints(ctx context.Context, purchases []int64) (map[int64]int64, error) {
	f := t.db.flavor
	lapsed := make(map[int64]int64)
	rows, err := t.query(ctx, `SELECT l.purchase_id, CAST(SUM(b.amount) AS bigint) FROM point_lots AS l
		JOIN point_entries AS e ON e.tenant_id = l.tenant_id AND e.member_id = l.member_id AND e.kind = 'expired'
		JOIN point_burns AS b ON b.tenant_id = e.tenant_id AND b.entry_id = e.id AND b.lot_id = l.id
		WHERE l.tenant_id = ? AND l.purchase_id IS NOT NULL AND `+f.in("l.purchase_id")+` GROUP BY l.purchase_id`, t.tenant, f.list(purchases))
	err = each(rows, err, func(row scannable) error {
		var id, amount int64
		err := row.Scan(&id, &amount)
		lapsed[id] = amount
		return err
	})
	return lapsed, doing("read which points of purchases have expired", err)
}

// MovePoints implements noren.PointTx.
func (t *tx) MovePoints(ctx context.Context, m noren.PointMovement) error {
	// All three go with the next statement or the COMMIT: nothing is read of what is written here.
	err := t.insertLater(ctx, deferred{doing: "insert lots of points"}, "point_lots", "", []column{
		{"id", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.ID })},
		{"member_id", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.MemberID })},
		{"type", kindText, valuesOf(m.Lots, func(l *noren.PointLot) any { return string(l.Type) })},
		{"granted_at", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return micros(l.GrantedAt) })},
		{"usable_from", kindText, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.UsableFrom })},
		{"expires_on", kindText, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.ExpiresOn })},
		{"amount", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.Amount })},
		{"remaining", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return l.Remaining })},
		{"purchase_id", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return orNull(l.PurchaseID) })},
		{"entry_id", kindInt, valuesOf(m.Lots, func(l *noren.PointLot) any { return orNull(l.EntryID) })},
	})
	if err != nil {
		return err
	}
	err = t.insertLater(ctx, deferred{doing: "insert entries of points"}, "point_entries", "", []column{
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
		{"purchase_id", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return orNull(e.Purchase.ID) })},
		{"reverses", kindInt, valuesOf(m.Entries, func(e *noren.PointEntry) any { return orNull(e.Reverses) })},
		{"taken_over", kindBool, valuesOf(m.Entries, func(e *noren.PointEntry) any { return e.TakenOver })},
	})
	if err != nil {
		return err
	}
	return t.burnPoints(ctx, m.Burns)
}

// burnPoints stores the burns and takes them off their lots. What a lot loses to several entries is taken at once,
// because one statement may not write a row twice.
func (t *tx) burnPoints(ctx context.Context, burns []noren.PointBurn) error {
	err := t.insertLater(ctx, deferred{doing: "insert burns of points"}, "point_burns", "", []column{
		{"entry_id", kindInt, valuesOf(burns, func(b *noren.PointBurn) any { return b.EntryID })},
		{"lot_id", kindInt, valuesOf(burns, func(b *noren.PointBurn) any { return b.LotID })},
		{"amount", kindInt, valuesOf(burns, func(b *noren.PointBurn) any { return b.Amount })},
	})
	if err != nil {
		return err
	}
	burnt := make(map[int64]int64, len(burns))
	for _, b := range burns {
		burnt[b.LotID] += b.Amount
	}
	// Sorted, as all lists whose rows are locked. The condition on what is left makes the number of rows too small
	// where a lot has not enough, and then the movement is refused.
	lots := slices.Sorted(maps.Keys(burnt))
	return t.subtractLater(ctx, deferred{doing: "take points off their lots", rows: int64(len(lots)), wrong: &noren.Error{
		Kind: noren.Conflict, Field: "points", Message: "a lot has fewer points than are to be taken off it",
	}}, "point_lots",
		column{"id", kindInt, valuesOf(lots, func(id *int64) any { return *id })},
		column{"remaining", kindInt, valuesOf(lots, func(id *int64) any { return burnt[*id] })})
}

// PointBalances implements noren.PointTx. A member has few open lots: to find them is the database's part, and to sort
// them by day and add them up costs less here.
func (t *tx) PointBalances(ctx context.Context, members []int64, today noren.Date) ([]noren.PointBalance, error) {
	listed, arg := isIn(t.db.flavor, "member_id", members)
	rows, err := t.query(ctx, `SELECT member_id, type, expires_on, remaining FROM point_lots
		WHERE tenant_id = ? AND `+listed+` AND remaining > 0 AND (expires_on IS NULL OR expires_on >= ?)
			AND (usable_from IS NULL OR usable_from <= ?)`, t.tenant, arg, today, today)
	// Each lot is read as a balance of its own, for balances to add up.
	lots, err := collect(rows, err, func(row scannable) (b noren.PointBalance, err error) {
		err = row.Scan(&b.MemberID, &b.Type, &b.ExpiresOn, &b.Total)
		return b, err
	})
	return balances(lots), doing("read balances of points", err)
}

// balances adds up lots, each given as a balance, to one balance for each member and type, in their order.
func balances(lots []noren.PointBalance) (list []noren.PointBalance) {
	slices.SortFunc(lots, func(a, b noren.PointBalance) int {
		return cmp.Or(cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Type, b.Type), cmp.Compare(lastDay(a), lastDay(b)))
	})
	for _, lot := range lots {
		last := len(list) - 1
		if last < 0 || list[last].MemberID != lot.MemberID || list[last].Type != lot.Type {
			list = append(list, noren.PointBalance{MemberID: lot.MemberID, Type: lot.Type, ExpiresOn: lot.ExpiresOn})
			last++
		}
		b := &list[last]
		b.Total += lot.Total
		if lot.ExpiresOn != nil && *lot.ExpiresOn == *b.ExpiresOn { // the first lot's, which is the next to expire
			b.ExpiresAmount += lot.Total
		}
	}
	return list
}

// lastDay is the lot's for sorting; what never expires comes behind all days.
func lastDay(lot noren.PointBalance) noren.Date {
	if lot.ExpiresOn == nil {
		return "never"
	}
	return *lot.ExpiresOn
}

// PointLots implements noren.PointTx.
func (t *tx) PointLots(ctx context.Context, f noren.PointLotFilter) ([]noren.PointLot, error) {
	w := t.where()
	w.and("remaining > 0")
	// Written out, because SQLite takes NULL for the smallest and PostgreSQL for the largest of all.
	order := " ORDER BY expires_on ASC NULLS LAST, id ASC"
	if f.Expires == "" {
		w.and("member_id = ?", f.MemberID)
	} else {
		equal(w, "member_id", f.MemberID)
		w.and("expires_on >= ?", f.Expires)
		w.and("expires_on < ?", f.Till)
		order = " ORDER BY expires_on ASC, id ASC" // as the index has them
	}
	seenBy(w, "point_lots", f.VisibleTo)
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, "SELECT "+lotColumns+" FROM point_lots"+w.String()+order+limit, append(w.args, args...)...)
	list, err := collect(rows, err, scanLot)
	return list, doing("read lots of points", err)
}

// flowing is the condition that an entry counts in the direction; "": any does.
func flowing(w *where, flow noren.PointFlow) {
	if flow == "" {
		return
	}
	var either []string
	var args []any
	for _, kind := range noren.PointEntryKinds() {
		switch plus, minus := noren.FlowOf(kind, 1) == flow, noren.FlowOf(kind, -1) == flow; {
		case plus && minus:
			either = append(either, "kind = ?")
		case plus:
			either = append(either, "kind = ? AND delta > 0")
		case minus:
			either = append(either, "kind = ? AND delta < 0")
		default:
			continue
		}
		args = append(args, kind)
	}
	w.and("("+strings.Join(either, " OR ")+")", args...)
}

// PointEntries implements noren.PointTx.
func (t *tx) PointEntries(ctx context.Context, f noren.PointEntryFilter) ([]noren.PointEntry, error) {
	w := t.where()
	equal(w, "id", f.ID)
	equal(w, "member_id", f.MemberID)
	if f.VisibleTo != nil {
		// A sub-select and not a join, like those for the purchase below: the conditions name their columns without a
		// table.
		w.and("member_id IN (SELECT id FROM members WHERE tenant_id = ? AND (store_id = ? OR store_id IS NULL))", t.tenant, *f.VisibleTo)
	}
	w.span("at", f.At)
	oneOf(w, t.db.flavor, "kind", texts(f.Kinds))
	oneOf(w, t.db.flavor, "dialect", f.Dialects)
	flowing(w, f.Flow)
	switch {
	case f.Earned == nil:
	case *f.Earned:
		w.and("purchase_id IS NOT NULL")
	default:
		w.and("purchase_id IS NULL")
	}
	order := " ORDER BY at ASC, id ASC"
	if f.Newest {
		order = " ORDER BY at DESC, id DESC"
	}
	limit, args := limitOffset(f.Page)
	undone := func(column, otherwise string) string {
		return "COALESCE((SELECT u." + column + " FROM point_entries AS u WHERE u.tenant_id = ? AND u.id = point_entries.reverses), " +
			otherwise + "), "
	}
	rows, err := t.query(ctx, `SELECT id, member_id, type, kind, delta, staff_id, note, at, client_id, dialect,
		COALESCE(login, ''), request_id, COALESCE(purchase_id, 0),
		COALESCE((SELECT p.source FROM purchases AS p WHERE p.tenant_id = ? AND p.id = point_entries.purchase_id), ''),
		COALESCE((SELECT p.external_id FROM purchases AS p WHERE p.tenant_id = ? AND p.id = point_entries.purchase_id), ''),
		COALESCE(reverses, 0), `+undone("at", "0")+undone("kind", "''")+undone("delta", "0")+undone("note", "''")+`taken_over,
		EXISTS (SELECT 1 FROM point_entries AS r WHERE r.tenant_id = ? AND r.reverses = point_entries.id)
		FROM point_entries`+w.String()+order+limit, slices.Concat(slices.Repeat([]any{t.tenant}, 7), w.args, args)...)
	list, err := collect(rows, err, func(row scannable) (e noren.PointEntry, err error) {
		var at, undone int64
		err = row.Scan(&e.ID, &e.MemberID, &e.Type, &e.Kind, &e.Delta, &e.StaffID, &e.Note, &at, &e.ClientID,
			&e.Dialect, &e.Login, &e.RequestID, &e.Purchase.ID, &e.Purchase.Source, &e.Purchase.ExternalID,
			&e.Reverses, &undone, &e.Undone.Kind, &e.Undone.Delta, &e.Undone.Note, &e.TakenOver, &e.Reversed)
		e.At = fromMicros(at)
		if e.Reverses != 0 {
			e.Undone.At = fromMicros(undone)
		}
		return e, err
	})
	return list, doing("read movements of points", err)
}
