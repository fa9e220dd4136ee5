package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"noren"
	"noren/search"
)

// Tenant implements noren.TenantTx.
func (t *tx) Tenant(ctx context.Context) (noren.Tenant, error) {
	if s, err := t.settings(ctx); err != nil {
		return noren.Tenant{}, err
	} else if s != nil && s.tenant.ID != 0 {
		return s.tenant, nil
	}
	return t.readTenant(ctx)
}

func (t *tx) readTenant(ctx context.Context) (noren.Tenant, error) {
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

// PutTenant implements noren.TenantTx. The contract id never changes.
func (t *tx) PutTenant(ctx context.Context, tenant noren.Tenant) error {
	t.takes(lockSettings, "settings")
	if err := t.changingSettings(ctx); err != nil {
		return err
	}
	settings, err := json.Marshal(tenant)
	if err != nil {
		return doing("encode the tenant's settings", err)
	}
	_, err = t.exec(ctx, "UPDATE tenants SET settings = ?, updated_at = ? WHERE id = ?",
		string(settings), micros(t.db.clock()), t.tenant)
	return doing("write the tenant", err)
}

// changingSettings is called by whatever writes the tenant, its ranks or its stores.
func (t *tx) changingSettings(ctx context.Context) error {
	t.changeSettings()
	return t.hold(ctx, noren.CounterSettings)
}

// put inserts rows, or updates those whose key is stored already. When they were made stays as it is.
func (t *tx) put(ctx context.Context, table, key string, cols []column) error {
	var set []string
	for _, c := range cols {
		// Every other column is set to what is given, so a row is the same whether it was there before or not.
		if c.name != key && c.name != "created_at" {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	return t.insertLater(ctx, deferred{doing: "write " + table}, table,
		"ON CONFLICT (tenant_id, "+key+") DO UPDATE SET "+strings.Join(set, ", "), cols)
}

// Ranks implements noren.RankTx.
func (t *tx) Ranks(ctx context.Context) ([]noren.Rank, error) {
	if s, err := t.settings(ctx); err != nil {
		return nil, err
	} else if s != nil {
		// What is in memory is everybody's, and a caller may sort or change its list.
		return slices.Clone(s.ranks), nil
	}
	return t.readRanks(ctx)
}

func (t *tx) readRanks(ctx context.Context) ([]noren.Rank, error) {
	rows, err := t.query(ctx, `SELECT id, uid, position, code, name, entry_spend, maintenance_spend, ratio
		FROM ranks WHERE tenant_id = ? ORDER BY position, id`, t.tenant)
	list, err := collect(rows, err, func(row scannable) (r noren.Rank, err error) {
		err = row.Scan(&r.ID, &r.UID, &r.Position, &r.Code, &r.Name, &r.EntrySpend, &r.MaintenanceSpend, &r.Ratio)
		return r, err
	})
	return list, doing("read ranks", err)
}

// PutRanks implements noren.RankTx.
func (t *tx) PutRanks(ctx context.Context, ranks []noren.Rank) error {
	if err := t.changingSettings(ctx); err != nil {
		return err
	}
	return t.put(ctx, "ranks", "id", []column{
		{"id", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.ID })},
		{"uid", kindText, valuesOf(ranks, func(r *noren.Rank) any { return r.UID })},
		{"position", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.Position })},
		{"code", kindText, valuesOf(ranks, func(r *noren.Rank) any { return r.Code })},
		{"name", kindText, valuesOf(ranks, func(r *noren.Rank) any { return r.Name })},
		{"entry_spend", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.EntrySpend })},
		{"maintenance_spend", kindInt, valuesOf(ranks, func(r *noren.Rank) any { return r.MaintenanceSpend })},
		{"ratio", kindFloat, valuesOf(ranks, func(r *noren.Rank) any { return r.Ratio })},
	})
}

// StaffRanks implements noren.StaffTx.
func (t *tx) StaffRanks(ctx context.Context) ([]noren.StaffRank, error) {
	if s, err := t.settings(ctx); err != nil {
		return nil, err
	} else if s != nil {
		return slices.Clone(s.staffRanks), nil
	}
	return t.readStaffRanks(ctx)
}

func (t *tx) readStaffRanks(ctx context.Context) ([]noren.StaffRank, error) {
	rows, err := t.query(ctx, "SELECT id, code, name FROM staff_ranks WHERE tenant_id = ? ORDER BY id", t.tenant)
	list, err := collect(rows, err, func(row scannable) (r noren.StaffRank, err error) {
		err = row.Scan(&r.ID, &r.Code, &r.Name)
		return r, err
	})
	return list, doing("read staff ranks", err)
}

// PutStaffRanks implements noren.StaffTx.
func (t *tx) PutStaffRanks(ctx context.Context, ranks []noren.StaffRank) error {
	if err := t.changingSettings(ctx); err != nil {
		return err
	}
	return t.put(ctx, "staff_ranks", "id", []column{
		{"id", kindInt, valuesOf(ranks, func(r *noren.StaffRank) any { return r.ID })},
		{"code", kindText, valuesOf(ranks, func(r *noren.StaffRank) any { return r.Code })},
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
	if needle := search.StoredNeedle(f.Keyword); needle != "" {
		// Products are read one after another: a tenant has few of them beside its members. Those that an earlier program
		// stored are compared as they are, but for the case of ASCII letters.
		w.and(`(haystack LIKE ? ESCAPE '\' OR haystack = '' AND lower(code || ' ' || name) LIKE ? ESCAPE '\')`,
			likePattern(needle), likePattern(unfolded(f.Keyword)))
	}
	return w
}

// unfolded is a keyword as it was typed, in lower case, without what no name holds and no engine need take.
func unfolded(keyword string) string {
	// Cut by bytes, which may divide a character; what is left of it goes.
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
	if s, err := t.settings(ctx); err != nil {
		return nil, 0, err
	} else if s != nil {
		// Any other filter and any page is the database's, which sorts and compares by its own rules.
		if picked, ok := storesIn(s.stores, f); ok {
			return picked, len(picked), nil
		}
	}
	return t.readStores(ctx, f)
}

func (t *tx) readStores(ctx context.Context, f noren.CatalogueFilter) ([]noren.Store, int, error) {
	return listing[noren.Store]{
		table: "stores", columns: "id, code, name, kind, created_at, updated_at",
		sortable: catalogueSorts(), key: []string{"id"},
		scan: func(row scannable) (s noren.Store, err error) {
			var createdAt, updatedAt int64
			err = row.Scan(&s.ID, &s.Code, &s.Name, &s.Kind, &createdAt, &updatedAt)
			s.CreatedAt, s.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
			return s, err
		},
	}.page(ctx, t, t.catalogued(f), f.Sort, f.Page)
}

// PutStores implements noren.CatalogueTx.
func (t *tx) PutStores(ctx context.Context, stores []noren.Store) error {
	if err := t.changingSettings(ctx); err != nil {
		return err
	}
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
		scan: func(row scannable) (p noren.Product, err error) {
			var createdAt, updatedAt int64
			err = row.Scan(&p.ID, &p.Code, &p.Name, &createdAt, &updatedAt)
			p.CreatedAt, p.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
			return p, err
		},
	}.page(ctx, t, t.catalogued(f), f.Sort, f.Page)
}

// PutProducts implements noren.CatalogueTx.
func (t *tx) PutProducts(ctx context.Context, products []noren.Product) error {
	// Imports make products too: both wait for the counter, and not in the middle of each other's rows.
	if err := t.hold(ctx, noren.CounterProduct); err != nil {
		return err
	}
	return t.put(ctx, "products", "id", []column{
		{"id", kindInt, valuesOf(products, func(p *noren.Product) any { return p.ID })},
		{"code", kindText, valuesOf(products, func(p *noren.Product) any { return p.Code })},
		{"name", kindText, valuesOf(products, func(p *noren.Product) any { return p.Name })},
		{"haystack", kindText, valuesOf(products, func(p *noren.Product) any { return search.Stored(p.Code, p.Name) })},
		{"created_at", kindInt, valuesOf(products, func(p *noren.Product) any { return micros(p.CreatedAt) })},
		{"updated_at", kindInt, valuesOf(products, func(p *noren.Product) any { return micros(p.UpdatedAt) })},
	})
}

// Staff implements noren.StaffTx.
func (t *tx) Staff(ctx context.Context) ([]noren.Staff, error) {
	rows, err := t.query(ctx, "SELECT id, code, name, store_id FROM staff WHERE tenant_id = ? ORDER BY id", t.tenant)
	list, err := collect(rows, err, func(row scannable) (s noren.Staff, err error) {
		err = row.Scan(&s.ID, &s.Code, &s.Name, &s.StoreID)
		return s, err
	})
	return list, doing("read staff", err)
}

// PutStaff implements noren.StaffTx.
func (t *tx) PutStaff(ctx context.Context, staff []noren.Staff) error {
	if err := t.hold(ctx, noren.CounterSettings); err != nil {
		return err
	}
	// Staff are not among what is remembered, so the settings need no new version.
	return t.put(ctx, "staff", "id", []column{
		{"id", kindInt, valuesOf(staff, func(s *noren.Staff) any { return s.ID })},
		{"code", kindText, valuesOf(staff, func(s *noren.Staff) any { return s.Code })},
		{"name", kindText, valuesOf(staff, func(s *noren.Staff) any { return s.Name })},
		{"store_id", kindInt, valuesOf(staff, func(s *noren.Staff) any { return s.StoreID })},
	})
}

// ConsoleUsers implements noren.UserTx.
func (t *tx) ConsoleUsers(ctx context.Context) ([]noren.ConsoleUser, error) {
	rows, err := t.query(ctx, `SELECT login, password_hash, role, store_id, file_hash, disabled_at
		FROM console_users WHERE tenant_id = ? ORDER BY login`, t.tenant)
	list, err := collect(rows, err, func(row scannable) (u noren.ConsoleUser, err error) {
		var disabled sql.NullInt64
		err = row.Scan(&u.Login, &u.PasswordHash, &u.Role, &u.StoreID, &u.FileHash, &disabled)
		u.DisabledAt = fromNullMicros(disabled)
		return u, err
	})
	return list, doing("read console users", err)
}

// PutConsoleUsers implements noren.UserTx.
func (t *tx) PutConsoleUsers(ctx context.Context, users []noren.ConsoleUser) error {
	return t.put(ctx, "console_users", "login", []column{
		{"login", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return u.Login })},
		{"password_hash", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return u.PasswordHash })},
		{"role", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return string(u.Role) })},
		{"store_id", kindInt, valuesOf(users, func(u *noren.ConsoleUser) any { return u.StoreID })},
		{"file_hash", kindText, valuesOf(users, func(u *noren.ConsoleUser) any { return u.FileHash })},
		{"disabled_at", kindInt, valuesOf(users, func(u *noren.ConsoleUser) any { return nullMicros(u.DisabledAt) })},
	})
}

// SigningKey implements noren.SecretTx.
func (t *tx) SigningKey(ctx context.Context, name string) (k noren.SigningKey, err error) {
	var until int64
	err = t.queryRow(ctx, "SELECT secret, previous, previous_until FROM signing_keys WHERE tenant_id = ? AND name = ?", t.tenant, name).
		Scan(&k.Secret, &k.Previous, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return noren.SigningKey{}, nil
	}
	k.PreviousUntil = fromMicros(until)
	return k, doing("read a signing key", err)
}

// PutSigningKey implements noren.SecretTx.
func (t *tx) PutSigningKey(ctx context.Context, name string, k noren.SigningKey) error {
	t.changeSettings()
	until := int64(0) // there is none
	// The time of a secret that was never replaced is the zero time, which is too early for a number of microseconds.
	if k.Previous != "" {
		until = micros(k.PreviousUntil)
	}
	return t.put(ctx, "signing_keys", "name", []column{
		{"name", kindText, []any{name}},
		{"secret", kindText, []any{k.Secret}},
		{"previous", kindText, []any{k.Previous}},
		{"previous_until", kindInt, []any{until}},
	})
}
