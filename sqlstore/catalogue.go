package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"noren"
	"noren/search"
)

// Tenant implements noren.CatalogueTx.
func (t *tx) Tenant(ctx context.Context) (noren.Tenant, error) {
	var r tenantRow
	err := t.queryRow(ctx, "SELECT "+tenantColumns+" FROM tenants WHERE id = ?", t.tenant).Scan(r.refs()...)
	if errors.Is(err, sql.ErrNoRows) {
		return noren.Tenant{}, &noren.Error{
			Kind: noren.NotFound, Field: "tenant", Value: strconv.FormatInt(int64(t.tenant), 10), Message: "there is no such tenant",
		}
	}
	if err != nil {
		return noren.Tenant{}, doing("read the tenant", err)
	}
	return r.read()
}

// PutTenant implements noren.CatalogueTx. The contract id never changes.
func (t *tx) PutTenant(ctx context.Context, tenant noren.Tenant) error {
	settings, err := json.Marshal(tenant)
	if err != nil {
		return doing("encode the tenant's settings", err)
	}
	_, err = t.exec(ctx, "UPDATE tenants SET settings = ?, updated_at = ? WHERE id = ?",
		string(settings), micros(t.db.clock()), t.tenant)
	return doing("write the tenant", err)
}

// put inserts rows, or updates those whose key is stored already. When they were made stays as it is.
func (t *tx) put(ctx context.Context, table, key string, cols []column) error {
	var set []string
	for _, c := range cols {
		if c.name != key && c.name != "created_at" {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	_, err := t.insertRows(ctx, table, "ON CONFLICT (tenant_id, "+key+") DO UPDATE SET "+strings.Join(set, ", "), cols)
	return doing("write "+table, err)
}

// Ranks implements noren.CatalogueTx.
func (t *tx) Ranks(ctx context.Context) ([]noren.Rank, error) {
	rows, err := t.query(ctx, `SELECT id, uid, position, name, entry_spend, maintenance_spend, ratio
		FROM ranks WHERE tenant_id = ? ORDER BY position, id`, t.tenant)
	list, err := collect(rows, err, func(rows *sql.Rows) (r noren.Rank, err error) {
		err = rows.Scan(&r.ID, &r.UID, &r.Position, &r.Name, &r.EntrySpend, &r.MaintenanceSpend, &r.Ratio)
		return r, err
	})
	return list, doing("read ranks", err)
}

// PutRanks implements noren.CatalogueTx.
func (t *tx) PutRanks(ctx context.Context, ranks []noren.Rank) error {
	return t.put(ctx, "ranks", "id", []column{
		{"id", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.ID })},
		{"uid", kindText, valuesOf(ranks, func(r *noren.Rank) any { return r.UID })},
		{"position", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.Position })},
		{"name", kindText, valuesOf(ranks, func(r *noren.Rank) any { return r.Name })},
		{"entry_spend", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.EntrySpend })},
		{"maintenance_spend", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.MaintenanceSpend })},
		{"ratio", kindFloat, valuesOf(ranks, func(r *noren.Rank) any { return r.Ratio })},
	})
}

// StaffRanks implements noren.CatalogueTx.
func (t *tx) StaffRanks(ctx context.Context) ([]noren.StaffRank, error) {
	rows, err := t.query(ctx, "SELECT id, name FROM staff_ranks WHERE tenant_id = ? ORDER BY id", t.tenant)
	list, err := collect(rows, err, func(rows *sql.Rows) (r noren.StaffRank, err error) {
		err = rows.Scan(&r.ID, &r.Name)
		return r, err
	})
	return list, doing("read staff ranks", err)
}

// PutStaffRanks implements noren.CatalogueTx.
func (t *tx) PutStaffRanks(ctx context.Context, ranks []noren.StaffRank) error {
	return t.put(ctx, "staff_ranks", "id", []column{
		{"id", kindInt, valuesOf(ranks, func(r *noren.StaffRank) any { return r.ID })},
		{"name", kindText, valuesOf(ranks, func(r *noren.StaffRank) any { return r.Name })},
	})
}

// catalogued narrows a listing of stores or products to what the filter selects.
func (t *tx) catalogued(f noren.CatalogueFilter) *where {
	w := t.where()
	w.among(t.db.flavor, "id", f.IDs)
	equal(w, "code", f.Code)
	oneOf(w, t.db.flavor, "code", f.Codes)
	w.span("updated_at", f.Updated)
	if needle := search.NewQuery(f.Keyword).Needle; needle != "" {
		// Products are read one after another: a tenant has few of them beside its members. Those that an earlier program
		// stored are compared as they are, but for the case of ASCII letters.
		w.and(`(haystack LIKE ? ESCAPE '\' OR haystack = '' AND lower(code || ' ' || name) LIKE ? ESCAPE '\')`,
			likePattern(needle), likePattern(unfolded(f.Keyword)))
	}
	return w
}

// unfolded is a keyword as it was typed, in lower case, without what no name holds and no engine need take.
func unfolded(keyword string) string {
	keyword = strings.ToValidUTF8(keyword[:min(len(keyword), 4*search.MaxNeedle)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, strings.TrimSpace(keyword))
}

// catalogueSorts are the sort keys of noren.CatalogueFilter.
func catalogueSorts() map[string]string {
	return map[string]string{"id": "id", "code": "code", "name": "name", "updated_at": "updated_at"}
}

// Stores implements noren.CatalogueTx.
func (t *tx) Stores(ctx context.Context, f noren.CatalogueFilter) ([]noren.Store, int, error) {
	return listing[noren.Store]{
		table: "stores", columns: "id, code, name, kind, created_at, updated_at",
		sortable: catalogueSorts(), key: []string{"id"},
		scan: func(rows *sql.Rows) (s noren.Store, err error) {
			var createdAt, updatedAt int64
			err = rows.Scan(&s.ID, &s.Code, &s.Name, &s.Kind, &createdAt, &updatedAt)
			s.CreatedAt, s.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
			return s, err
		},
	}.page(ctx, t, t.catalogued(f), f.Sort, f.Page)
}

// PutStores implements noren.CatalogueTx.
func (t *tx) PutStores(ctx context.Context, stores []noren.Store) error {
	return t.put(ctx, "stores", "id", []column{
		{"id", kindInt, valuesOf(stores, func(s *noren.Store) any { return s.ID })},
		{"code", kindText, valuesOf(stores, func(s *noren.Store) any { return s.Code })},
		{"name", kindText, valuesOf(stores, func(s *noren.Store) any { return s.Name })},
		{"kind", kindText, valuesOf(stores, func(s *noren.Store) any { return s.Kind })},
		{"created_at", kindInt, valuesOf(stores, func(s *noren.Store) any { return micros(s.CreatedAt) })},
		{"updated_at", kindInt, valuesOf(stores, func(s *noren.Store) any { return micros(s.UpdatedAt) })},
	})
}

// Products implements noren.CatalogueTx.
func (t *tx) Products(ctx context.Context, f noren.CatalogueFilter) ([]noren.Product, int, error) {
	return listing[noren.Product]{
		table: "products", columns: "id, code, name, created_at, updated_at",
		sortable: catalogueSorts(), key: []string{"id"},
		scan: func(rows *sql.Rows) (p noren.Product, err error) {
			var createdAt, updatedAt int64
			err = rows.Scan(&p.ID, &p.Code, &p.Name, &createdAt, &updatedAt)
			p.CreatedAt, p.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
			return p, err
		},
	}.page(ctx, t, t.catalogued(f), f.Sort, f.Page)
}

// PutProducts implements noren.CatalogueTx.
func (t *tx) PutProducts(ctx context.Context, products []noren.Product) error {
	return t.put(ctx, "products", "id", []column{
		{"id", kindInt, valuesOf(products, func(p *noren.Product) any { return p.ID })},
		{"code", kindText, valuesOf(products, func(p *noren.Product) any { return p.Code })},
		{"name", kindText, valuesOf(products, func(p *noren.Product) any { return p.Name })},
		{"haystack", kindText, valuesOf(products, func(p *noren.Product) any { return search.Haystack(p.Code, p.Name) })},
		{"created_at", kindInt, valuesOf(products, func(p *noren.Product) any { return micros(p.CreatedAt) })},
		{"updated_at", kindInt, valuesOf(products, func(p *noren.Product) any { return micros(p.UpdatedAt) })},
	})
}

// Staff implements noren.CatalogueTx.
func (t *tx) Staff(ctx context.Context) ([]noren.Staff, error) {
	rows, err := t.query(ctx, "SELECT id, code, name, store_id FROM staff WHERE tenant_id = ? ORDER BY id", t.tenant)
	list, err := collect(rows, err, func(rows *sql.Rows) (s noren.Staff, err error) {
		err = rows.Scan(&s.ID, &s.Code, &s.Name, &s.StoreID)
		return s, err
	})
	return list, doing("read staff", err)
}

// PutStaff implements noren.CatalogueTx.
func (t *tx) PutStaff(ctx context.Context, staff []noren.Staff) error {
	return t.put(ctx, "staff", "id", []column{
		{"id", kindInt, valuesOf(staff, func(s *noren.Staff) any { return s.ID })},
		{"code", kindText, valuesOf(staff, func(s *noren.Staff) any { return s.Code })},
		{"name", kindText, valuesOf(staff, func(s *noren.Staff) any { return s.Name })},
		{"store_id", kindInt, valuesOf(staff, func(s *noren.Staff) any { return s.StoreID })},
	})
}

// ConsoleUsers implements noren.CatalogueTx.
func (t *tx) ConsoleUsers(ctx context.Context) ([]noren.ConsoleUser, error) {
	rows, err := t.query(ctx, "SELECT login, password_hash, role, store_id FROM console_users WHERE tenant_id = ? ORDER BY login", t.tenant)
	list, err := collect(rows, err, func(rows *sql.Rows) (u noren.ConsoleUser, err error) {
		err = rows.Scan(&u.Login, &u.PasswordHash, &u.Role, &u.StoreID)
		return u, err
	})
	return list, doing("read console users", err)
}

// PutConsoleUsers implements noren.CatalogueTx.
func (t *tx) PutConsoleUsers(ctx context.Context, users []noren.ConsoleUser) error {
	return t.put(ctx, "console_users", "login", []column{
		{"login", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return u.Login })},
		{"password_hash", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return u.PasswordHash })},
		{"role", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return string(u.Role) })},
		{"store_id", kindInt, valuesOf(users, func(u *noren.ConsoleUser) any { return u.StoreID })},
	})
}

// SigningKey implements noren.CatalogueTx.
func (t *tx) SigningKey(ctx context.Context, name string) (string, error) {
	var secret string
	err := t.queryRow(ctx, "SELECT secret FROM signing_keys WHERE tenant_id = ? AND name = ?", t.tenant, name).Scan(&secret)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return secret, doing("read a signing key", err)
}

// PutSigningKey implements noren.CatalogueTx.
func (t *tx) PutSigningKey(ctx context.Context, name, secret string) error {
	return t.put(ctx, "signing_keys", "name", []column{
		{"name", kindText, []any{name}}, {"secret", kindText, []any{secret}},
	})
}
