package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"noren"
	"noren/search"
)

// counterMembersTotal names the kept count of a tenant's members: counting them anew would read them all.
const counterMembersTotal = "members_total"

// MembersByID implements noren.MemberTx. Rows are locked in the order in which they are read, so two transactions
// that want the same members wait for each other instead of dying in a deadlock.
func (t *tx) MembersByID(ctx context.Context, ids []int64, forUpdate bool) ([]noren.Member, error) {
	f := t.db.flavor
	listed, arg := isIn(f, "id", ids)
	query := "SELECT " + memberSelect + " FROM members WHERE tenant_id = ? AND " + listed + " ORDER BY id"
	if forUpdate {
		t.takesMembers(lockMembers, ids...)
		query += f.forUpdate()
	}
	rows, err := t.query(ctx, query, t.tenant, arg)
	list, err := collect(rows, err, memberScanner())
	return list, doing("read members by id", err)
}

// MembersByCode implements noren.MemberTx. Codes are compared as they are, with case.
func (t *tx) MembersByCode(ctx context.Context, codes []string) ([]noren.Member, error) {
	listed, arg := isIn(t.db.flavor, "code", codes)
	rows, err := t.query(ctx, "SELECT "+memberSelect+" FROM members WHERE tenant_id = ? AND "+listed+byID, t.tenant, arg)
	list, err := collect(rows, err, memberScanner())
	return list, doing("read members by code", err)
}

// Members implements noren.MemberTx. How many there are is known without counting where nothing narrows the list.
func (t *tx) Members(ctx context.Context, f noren.MemberFilter) ([]noren.Member, int, error) {
	l := listing[noren.Member]{
		table: "members", columns: memberSelect, key: []string{"id"}, scan: memberScanner(), noTotal: f.NoTotal, reverses: true,
		sortable: map[string]string{
			"id": "id", "code": "code", "created_at": "created_at", "updated_at": "updated_at",
			"last_kana": "COALESCE(last_kana, '')", "first_kana": "COALESCE(first_kana, '')",
		},
	}
	q := search.NewQuery(f.Keyword)
	if f.Typed {
		q = search.Typed(f.Keyword)
	}
	if !q.Empty() {
		return t.membersByKeyword(ctx, l, q, f)
	}
	w := t.memberConditions(f)
	// Nothing but the tenant.
	if len(w.conditions) == 1 {
		l.count = t.membersTotal
	}
	return l.page(ctx, t, w, f.Sort, f.Page)
}

// memberConditions is what the filter says, but for the keyword.
func (t *tx) memberConditions(f noren.MemberFilter) *where {
	w := t.where()
	equal(w, "code", f.Code)
	equal(w, "customer_no", f.CustomerNo)
	if f.IDFrom != 0 {
		w.and("id >= ?", f.IDFrom)
	}
	if f.IDTo != 0 {
		w.and("id <= ?", f.IDTo)
	}
	oneOf(w, t.db.flavor, "id", f.IDs)
	t.named(w, "code", f.Codes)
	t.named(w, "alias_code", f.AliasCodes)
	t.named(w, "shopify_customer_id", f.ShopifyIDs)
	if f.Emails != nil {
		// In the words of the index members_email.
		t.named(w, "email IS NOT NULL AND lower(email)", lower(f.Emails))
	}
	oneOf(w, t.db.flavor, "status", texts(f.Statuses))
	oneOf(w, t.db.flavor, "rank_id", f.RankIDs)
	oneOf(w, t.db.flavor, "store_id", f.StoreIDs)
	w.span("created_at", f.Created)
	w.span("updated_at", f.Updated)
	if f.VisibleTo != nil {
		// A member of no store belongs to all of them.
		w.and("(store_id = ? OR store_id IS NULL)", *f.VisibleTo)
	}
	return w
}

// named adds that the member is one of those whose column is one of the values; nil means "any". Asked for beside an order
// by id, SQLite would not look the values up in the column's index. Nor would PostgreSQL, in a join, where many tenants have
// members of the same code: it reckons with all of them, and would rather read a large tenant from its first member on.
func (t *tx) named(w *where, column string, values []string) {
	if values != nil {
		listed, arg := isIn(t.db.flavor, column, values)
		w.and(fmt.Sprintf("id"+t.db.flavor.inRows, "SELECT id FROM members WHERE tenant_id = ? AND "+listed), t.tenant, arg)
	}
}

// lower folds e-mail addresses as lower() does on every engine, whatever its locale: the letters of ASCII alone.
func lower(emails []string) []string {
	folded := make([]string, len(emails))
	for i, email := range emails {
		folded[i] = noren.FoldEmail(email)
	}
	return folded
}

// texts takes the name off the type of a list's texts; nil stays nil.
func texts[T ~string](list []T) []string {
	if list == nil {
		return nil
	}
	made := make([]string, len(list))
	for i, s := range list {
		made[i] = string(s)
	}
	return made
}

// membersTotal reads the kept count; a tenant that never had a member has none.
func (t *tx) membersTotal(ctx context.Context) (total int, err error) {
	// SUM makes a row of none.
	err = t.queryRow(ctx, "SELECT COALESCE(SUM(next), 0) FROM counters WHERE tenant_id = ? AND name = ?",
		t.tenant, counterMembersTotal).Scan(&total)
	return total, err
}

// InsertMembers implements noren.MemberTx: four look-ups at most, then one statement for the members and one for
// their count. The ids come from the caller, who has reserved or raised the counter.
func (t *tx) InsertMembers(ctx context.Context, members []noren.Member) error {
	if len(members) == 0 {
		return nil
	}
	// Looking first tells which value of which row is taken; the insert's own error would not.
	if err := t.checkFree(ctx, members); err != nil {
		return err
	}
	cols := make([]column, 0, len(memberColumns)+3)
	cols = append(cols, column{"id", kindInt, valuesOf(members, func(m *noren.Member) any { return m.ID })})
	for _, c := range memberColumns {
		cols = append(cols, column{c.Name, c.kind, valuesOf(members, c.value)})
	}
	cols = append(cols,
		column{"created_at", kindInt, valuesOf(members, func(m *noren.Member) any { return micros(m.CreatedAt) })},
		column{"updated_at", kindInt, valuesOf(members, func(m *noren.Member) any { return micros(m.UpdatedAt) })})
	for i := range members {
		t.takesMembers(lockClaims, members[i].ID)
	}
	if err := t.insertLater(ctx, deferred{doing: "insert members", judge: lostRace}, "members", "", cols); err != nil {
		return err
	}
	if err := t.later(ctx, deferred{
		doing: "count members",
		text: `INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)
			ON CONFLICT (tenant_id, name) DO UPDATE SET next = counters.next + excluded.next`,
		args: []any{t.tenant, counterMembersTotal, len(members)},
	}); err != nil {
		return err
	}
	for i := range members {
		t.noteChanged(members[i].ID)
	}
	return nil
}

// UpdateMembers implements noren.MemberTx. A code that one member of the call gives up and another takes is a
// Conflict, because engines compare row by row. NotFound where a member is not there.
//
// One statement writes, in every row that changes, all columns that change in any: the values are those of After,
// so a column that differs in one row only is written as it was in the others.
func (t *tx) UpdateMembers(ctx context.Context, changes []noren.MemberChange) error {
	rows, cols := differing(changes)
	if len(rows) == 0 {
		return nil
	}
	if err := t.checkTaken(ctx, changes, cols); err != nil {
		return err
	}
	after := func(value func(*noren.Member) any) []any {
		return valuesOf(rows, func(c **noren.MemberChange) any { return value(&(*c).After) })
	}
	set := make([]column, 0, len(cols)+1)
	for _, c := range cols {
		set = append(set, column{c.Name, c.kind, after(c.value)})
	}
	set = append(set, column{"updated_at", kindInt, after(func(m *noren.Member) any { return micros(m.UpdatedAt) })})
	keys := []column{{"id", kindInt, after(func(m *noren.Member) any { return m.ID })}}
	if err := t.updateLater(ctx, deferred{doing: "update members", judge: lostRace, rows: int64(len(rows)), wrong: &noren.Error{
		Kind: noren.NotFound, Field: "member", Message: "a member that is to be changed is not there",
	}}, "members", keys, set); err != nil {
		return err
	}
	// Of all that changed, only what a keyword looks at makes the index of names read a member again.
	cols = slices.DeleteFunc(cols, func(c memberColumn) bool { return !searchedColumn(c.Name) })
	for _, c := range rows {
		if slices.ContainsFunc(cols, func(col memberColumn) bool { return !col.Equal(&c.Before, &c.After) }) {
			t.noteChanged(c.After.ID)
		}
	}
	return nil
}

// differing returns the changes that change anything, in order of id, and the columns in which any of them does. A
// change of nothing but the time of the last update is one, though no column is named for it.
func differing(changes []noren.MemberChange) (rows []*noren.MemberChange, cols []memberColumn) {
	differs := make([]bool, len(memberColumns))
	for i := range changes {
		c := &changes[i]
		changed := !c.Before.UpdatedAt.Equal(c.After.UpdatedAt)
		for j := range memberColumns {
			if !memberColumns[j].Equal(&c.Before, &c.After) {
				differs[j], changed = true, true
			}
		}
		if changed {
			rows = append(rows, c)
		}
	}
	slices.SortFunc(rows, func(a, b *noren.MemberChange) int { return cmp.Compare(a.After.ID, b.After.ID) })
	for j, c := range memberColumns {
		if differs[j] {
			cols = append(cols, c)
		}
	}
	return rows, cols
}

// valuesOf returns one value for each item.
func valuesOf[T any](items []T, value func(*T) any) []any {
	values := make([]any, len(items))
	for i := range items {
		values[i] = value(&items[i])
	}
	return values
}
