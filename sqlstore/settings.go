package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"

	"noren"
)

// settings is what changes rarely of a tenant and nearly every request asks for, as it is stored under one version. It
// is shared by all who ask, so nobody changes it.
type settings struct {
	version    int64
	tenant     noren.Tenant // zero where there is no such tenant
	clients    map[int64]noren.Client
	keys       map[clientKey]int64         // which of the clients has the key
	secrets    map[string]noren.SigningKey // signing keys by name, but for those of clients
	ranks      []noren.Rank
	staffRanks []noren.StaffRank
	stores     []noren.Store
}

// clientKey is by what a client is known across tenants.
type clientKey struct {
	dialect noren.Dialect
	key     string
}

// caller is the client, which is one of those that may call.
func (s *settings) caller(client int64) noren.Caller {
	c := s.clients[client]
	return noren.Caller{Tenant: s.tenant, Client: c, Scopes: c.Scopes}
}

// settled is what a transaction knows of its tenant's settings.
type settled struct {
	snapshot bool      // every statement sees the same, and only what is committed
	changed  bool      // this transaction has changed them
	known    *settings // as this transaction sees them; nil: not asked yet
}

// changeSettings has to be called by whatever writes one of the tables that readSettings reads.
func (t *tx) changeSettings() { t.changed, t.known = true, nil }

// newVersion ends a transaction that has changed settings. It comes last, so that the version's row is locked only
// for the commit, and by transactions that wait for nothing more: those of one tenant's settings are one after another.
func (t *tx) newVersion(ctx context.Context) error {
	if !t.changed {
		return nil
	}
	return t.later(ctx, deferred{
		doing: "give the settings another version",
		text: `INSERT INTO settings_versions (tenant_id, version) VALUES (?, ?)
		ON CONFLICT (tenant_id) DO UPDATE SET version = excluded.version`, args: []any{t.tenant, rand.Int64()},
	})
}

// version reads that of the tenant's settings.
func (t *tx) version(ctx context.Context) (version int64, err error) {
	return scanVersion(t.queryRow(ctx, selectVersion, t.tenant))
}

const selectVersion = "SELECT version FROM settings_versions WHERE tenant_id = ?"

func scanVersion(r row) (version int64, err error) {
	err = r.Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return version, doing("look at the version of the settings", err)
}

// settings returns the tenant's settings as this transaction sees them: from memory where that has the version that is
// stored, which costs one look a transaction. A view reads them otherwise and leaves them in memory. A transaction that
// writes gets nil then, and reads the rows that it needs: it may see what is never committed.
func (t *tx) settings(ctx context.Context) (*settings, error) {
	if t.known != nil || t.changed {
		return t.known, nil
	}
	version, err := t.version(ctx)
	if err != nil {
		return nil, err
	}
	s := t.db.memory.settings.get(t.tenant)
	if s == nil || s.version != version {
		// It sees each statement's own moment, and what it has written itself: neither is for others.
		if !t.snapshot {
			return nil, nil
		}
		if s, err = t.readSettings(ctx); err != nil {
			return nil, err
		}
		s.version = version
		t.db.memory.settings.put(t.tenant, s)
	}
	t.known = s
	return s, nil
}

// forgetSettings makes a transaction that has waited for a lock look again: the holder of the lock may have changed them.
// Where there is one writer nobody can have.
func (t *tx) forgetSettings() {
	if t.db.flavor.lockRows != "" && !t.snapshot {
		t.known = nil
	}
}

// readSettings reads everything but the version.
func (t *tx) readSettings(ctx context.Context) (*settings, error) {
	s := &settings{clients: make(map[int64]noren.Client), keys: make(map[clientKey]int64), secrets: make(map[string]noren.SigningKey)}
	var err error
	// That there is no such tenant is remembered as well, as settings without a tenant.
	if s.tenant, err = t.readTenant(ctx); err != nil && noren.KindOf(err) != noren.NotFound {
		return nil, err
	}
	if s.ranks, err = t.readRanks(ctx); err != nil {
		return nil, err
	}
	if s.staffRanks, err = t.readStaffRanks(ctx); err != nil {
		return nil, err
	}
	if s.stores, _, err = t.readStores(ctx, noren.CatalogueFilter{}); err != nil {
		return nil, err
	}
	if err := t.readCallers(ctx, s); err != nil {
		return nil, err
	}
	rows, err := t.query(ctx, `SELECT name, secret, previous, previous_until FROM signing_keys
		WHERE tenant_id = ? AND name NOT LIKE 'client:%'`, t.tenant)
	err = each(rows, err, func(rows scannable) error {
		var name string
		var k noren.SigningKey
		var until int64
		err := rows.Scan(&name, &k.Secret, &k.Previous, &until)
		k.PreviousUntil = fromMicros(until)
		s.secrets[name] = k
		return err
	})
	return s, doing("read signing keys", err)
}

// readCallers reads the clients that may call, and their keys. When they were last used is left out: that changes often.
func (t *tx) readCallers(ctx context.Context, s *settings) error {
	rows, err := t.query(ctx, "SELECT "+clientColumns+" FROM clients c WHERE c.tenant_id = ? AND c.revoked_at IS NULL", t.tenant)
	err = each(rows, err, func(rows scannable) error {
		var r clientRow
		if err := rows.Scan(r.refs()...); err != nil {
			return err
		}
		c, err := r.read()
		c.LastUsedAt = nil
		s.clients[c.ID] = c
		return err
	})
	if err != nil {
		return doing("read clients", err)
	}
	rows, err = t.query(ctx, "SELECT dialect, key, client_id FROM client_keys WHERE tenant_id = ?", t.tenant)
	err = each(rows, err, func(rows scannable) error {
		var k clientKey
		var client int64
		err := rows.Scan(&k.dialect, &k.key, &client)
		// A key whose client was revoked is passed over: nobody may call with it.
		if _, calls := s.clients[client]; calls {
			s.keys[k] = client
		}
		return err
	})
	return doing("read clients' keys", err)
}

// storesIn picks what a filter by ids alone, or none at all, selects of stores in the order of ids; not ok where it asks for more.
func storesIn(stores []noren.Store, f noren.CatalogueFilter) (picked []noren.Store, ok bool) {
	// What is compared or sorted as text is left to the database, so that there is one order.
	if f.Code != "" || f.Keyword != "" || f.Codes != nil || f.Updated != (noren.Span{}) || len(f.Sort) > 0 || f.Page != (noren.Page{}) {
		return nil, false
	}
	if len(f.IDs) == 0 {
		return slices.Clone(stores), true
	}
	for _, s := range stores {
		if slices.Contains(f.IDs, s.ID) {
			picked = append(picked, s)
		}
	}
	return picked, true
}
