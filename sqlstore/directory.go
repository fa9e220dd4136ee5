package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"noren"
	"noren/sharding"
)

// maxExpired bounds how many of each kind one DeleteExpired removes.
const maxExpired = 1000

// tenantColumns and clientColumns are what tenantRow and clientRow read.
const (
	tenantColumns = "tenants.id, tenants.contract, tenants.settings"
	clientColumns = "c.id, c.name, c.dialect, c.kind, c.store_id, c.scopes, c.key, c.secret_hash, " +
		"c.api_keys, c.last_used_at, c.revoked_at"
)

// tenantByContract returns tenantColumns of one tenant.
const tenantByContract = "SELECT " + tenantColumns + " FROM tenants WHERE contract = ?"

// tenantRow gathers the columns of a tenant while they are scanned. Everything but number and contract id is one
// column of JSON, because no query looks for it and settings come and go.
type tenantRow struct {
	tenant   noren.Tenant
	settings []byte
}

func (r *tenantRow) refs() []any { return []any{&r.tenant.ID, &r.tenant.Contract, &r.settings} }

func (r *tenantRow) read() (noren.Tenant, error) {
	err := json.Unmarshal(r.settings, &r.tenant)
	return r.tenant, doing("read a tenant's settings", err)
}

// scanTenant reads tenantColumns.
func scanTenant(row scannable) (noren.Tenant, error) {
	var r tenantRow
	if err := row.Scan(r.refs()...); err != nil {
		return noren.Tenant{}, err
	}
	return r.read()
}

// clientRow gathers the columns of a client while they are scanned.
type clientRow struct {
	client            noren.Client
	scopes, keys      []byte
	usedAt, revokedAt sql.NullInt64
}

func (r *clientRow) refs() []any {
	c := &r.client
	return []any{&c.ID, &c.Name, &c.Dialect, &c.Kind, &c.StoreID, &r.scopes, &c.Key, &c.SecretHash, &r.keys, &r.usedAt, &r.revokedAt}
}

func (r *clientRow) read() (noren.Client, error) {
	r.client.LastUsedAt, r.client.RevokedAt = fromNullMicros(r.usedAt), fromNullMicros(r.revokedAt)
	err := errors.Join(json.Unmarshal(r.scopes, &r.client.Scopes), json.Unmarshal(r.keys, &r.client.APIKeys))
	// As it was given, so that what is read can be compared with what was written.
	if len(r.client.APIKeys) == 0 {
		r.client.APIKeys = nil
	}
	return r.client, doing("read a client's scopes and keys", err)
}

// Tenants implements noren.TenantDirectory. The order is that of the bytes, on PostgreSQL by the column's collation.
func (db *DB) Tenants(ctx context.Context) (tenants []noren.Tenant, err error) {
	err = db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, "SELECT "+tenantColumns+" FROM tenants ORDER BY contract")
		tenants, err = collect(rows, err, scanTenant)
		return doing("list tenants", err)
	})
	return tenants, err
}

// EnsureTenant implements noren.TenantDirectory. Two processes may make the same tenant, or give two the same number, at
// once: one of them inserts nothing and looks again.
func (db *DB) EnsureTenant(ctx context.Context, contract string) (tenant noren.Tenant, created bool, err error) {
	err = db.update(ctx, 0, func(t *tx) error {
		tenant, created = noren.Tenant{Contract: contract}, false // of an earlier run nothing counts
		settings, err := json.Marshal(tenant)
		if err != nil {
			return doing("write a tenant's settings", err)
		}
		for {
			var r tenantRow
			err := t.queryRow(ctx, tenantByContract, contract).Scan(r.refs()...)
			if err == nil {
				if tenant, err = r.read(); err != nil {
					return err
				}
				// A tenant that a server of an earlier version has made has no row here yet.
				_, err = t.exec(ctx, `INSERT INTO tenant_rows (tenant_id) VALUES (?) ON CONFLICT DO NOTHING`, tenant.ID)
				return doing("make a tenant", err)
			} else if !errors.Is(err, sql.ErrNoRows) {
				return doing("look for a tenant", err)
			}
			now := micros(db.clock())
			// WHERE true keeps SQLite from reading ON CONFLICT as a join.
			n, err := t.exec(ctx, `INSERT INTO tenants (id, contract, settings, created_at, updated_at)
				SELECT COALESCE(MAX(id), 0) + 1, CAST(? AS text), CAST(? AS text), CAST(? AS bigint), CAST(? AS bigint)
				FROM tenants WHERE true ON CONFLICT DO NOTHING`, contract, string(settings), now, now)
			if err != nil {
				return doing("make a tenant", err)
			}
			// Read in the next turn, whoever made it.
			created = n == 1
		}
	})
	return tenant, created, err
}

// TenantsWithBulk implements noren.BulkDirectory. It asks each lane whether one request waits, rather than go through
// all that wait, because one tenant may have many of them.
func (db *DB) TenantsWithBulk(ctx context.Context) (tenants []noren.TenantID, err error) {
	return db.tenantsOf(ctx, "due bulk", `SELECT l.tenant_id FROM lanes l WHERE EXISTS (
		SELECT 1 FROM bulk_requests b WHERE b.tenant_id = l.tenant_id AND b.state = 'accepted')`, "l.tenant_id")
}

// TenantsWithImports implements noren.ImportDirectory, from the index over the imports that wait or run.
func (db *DB) TenantsWithImports(ctx context.Context) (tenants []noren.TenantID, err error) {
	return db.tenantsOf(ctx, "due imports", "SELECT DISTINCT tenant_id FROM imports WHERE "+activeImport, "tenant_id")
}

// tenantsOf reads the tenants that a query over all of them finds, without a lock. The query ends in the conditions of its WHERE,
// column is the tenant's, and name is the reason on the list of package sharding.
//
// Behind Citus such a query fails while any worker is down. Then each tenant is asked by itself, once, and those that cannot be
// asked are left out: the work of all others goes on. An error where nobody could be asked.
func (db *DB) tenantsOf(ctx context.Context, name, query, column string, args ...any) (tenants []noren.TenantID, err error) {
	what, all := "look at all tenants for "+name, query+" ORDER BY "+column+sharding.Across(name)
	if !db.flavor.sharded {
		return db.tenantsIn(ctx, db.read, what, all, args...)
	}
	tenants, err = db.tenantsIn(ctx, db.once, what, all, args...)
	if classify(err) == final { // nil is final too
		return tenants, err
	}
	known, err := db.tenantsIn(ctx, db.read, "list the tenants", `SELECT id FROM tenants ORDER BY id`)
	if err != nil {
		return nil, err
	}
	var failed error
	asked := 0
	for _, tenant := range known {
		found, err := db.tenantsIn(ctx, db.once, what, query+" AND "+column+" = ?", append(slices.Clone(args), tenant)...)
		switch {
		case err == nil:
			asked++
			tenants = append(tenants, found...)
		case ctx.Err() != nil || classify(err) == final:
			return nil, err
		default:
			failed = err
		}
	}
	if asked == 0 && failed != nil {
		return nil, comeBack(failed)
	}
	return tenants, nil
}

// tenantsIn reads a list of tenants by one statement, in one of the ways to read.
func (db *DB) tenantsIn(
	ctx context.Context, read func(context.Context, func(*tx) error) error, what, query string, args ...any,
) (tenants []noren.TenantID, err error) {
	err = read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, query, args...)
		tenants, err = collect(rows, err, func(row scannable) (id noren.TenantID, err error) {
			err = row.Scan(&id)
			return id, err
		})
		return doing(what, err)
	})
	return tenants, err
}

// QueueStats implements noren.BulkDirectory. Everything it counts is in partial indexes over what waits.
func (db *DB) QueueStats(ctx context.Context) (s noren.QueueStats, err error) {
	err = db.read(ctx, func(t *tx) error {
		var bulk, callback sql.NullInt64
		err := t.queryRow(ctx, `SELECT (SELECT COUNT(*) FROM bulk_requests WHERE state = 'accepted'),
			(SELECT MIN(accepted_at) FROM bulk_requests WHERE state = 'accepted'),
			(SELECT COUNT(*) FROM callbacks WHERE state = 'pending'),
			(SELECT MIN(owed_at) FROM callbacks WHERE state = 'pending')`+sharding.Across("queue statistics")).
			Scan(&s.BulkWaiting, &bulk, &s.CallbacksWaiting, &callback)
		if err != nil {
			return doing("count what waits", err)
		}
		if bulk.Valid {
			s.BulkOldest = fromMicros(bulk.Int64)
		}
		if callback.Valid {
			s.CallbacksOldest = fromMicros(callback.Int64)
		}
		return nil
	})
	return s, err
}

// DeleteExpired implements noren.Directory. Each statement is bounded, so that a backlog never makes a transaction long: the
// caller comes again.
func (db *DB) DeleteExpired(ctx context.Context, now time.Time) (n int, err error) {
	for _, s := range []struct{ table, key string }{
		{"kept_answers", "client_id, route, key"}, {"tenant_tokens", "hash"}, {"tenant_sessions", "hash"},
	} {
		deleted, err := db.deleteOfTenants(ctx, s.table, s.key, now)
		if n += deleted; err != nil {
			return n, err
		}
	}
	err = db.update(ctx, 0, func(t *tx) error {
		deleted := 0
		for _, s := range []struct {
			table, key, time string
			until            time.Time
		}{
			{"access_tokens", "hash", "expires_at", now},
			{"console_sessions", "hash", "expires_at", now},
			{"sign_in_failures", "subject", "last_at", now.Add(-noren.FailuresKept)},
		} {
			// What others hold is passed over. Those of one time are in one order, for on a table that every node has, each node
			// chooses for itself.
			affected, err := t.exec(ctx, "WITH found AS MATERIALIZED (SELECT "+s.key+" FROM "+s.table+" WHERE "+s.time+" <= ? ORDER BY "+
				s.time+", "+s.key+" LIMIT ?"+db.flavor.skipAcross+") DELETE FROM "+s.table+" WHERE "+s.key+" IN (SELECT "+s.key+" FROM found)"+
				sharding.Across("expired"), micros(s.until), maxExpired)
			if err != nil {
				return fmt.Errorf("delete what has expired: %w", err)
			}
			deleted += int(affected)
		}
		// Added when all has gone well: a closure that is run again begins its own count anew.
		n += deleted
		return nil
	})
	return n, err
}

// deleteOfTenants removes rows of a table of tenants that have expired, tenant by tenant through their index by time.
func (db *DB) deleteOfTenants(ctx context.Context, table, key string, now time.Time) (n int, err error) {
	tenants, err := db.tenantsOf(ctx, "expired rows", "SELECT r.tenant_id FROM "+db.flavor.tenantRows+
		" WHERE EXISTS (SELECT 1 FROM "+table+" k WHERE k.tenant_id = r.tenant_id AND k.expires_at <= ?)", "r.tenant_id", micros(now))
	for _, tenant := range tenants {
		// The rest is for the next call, as above.
		if n >= maxExpired {
			break
		}
		var deleted int64
		err := db.update(ctx, tenant, func(t *tx) (err error) {
			deleted, err = t.exec(ctx, "WITH found AS MATERIALIZED (SELECT "+key+" FROM "+table+
				" WHERE tenant_id = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?"+db.flavor.skipLocked+
				") DELETE FROM "+table+" WHERE tenant_id = ? AND ("+key+") IN (SELECT "+key+" FROM found)",
				tenant, micros(now), maxExpired, tenant)
			return doing("delete what has expired", err)
		})
		if err != nil {
			return n, err
		}
		n += int(deleted)
	}
	return n, err
}
