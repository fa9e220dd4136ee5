package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"noren"
)

// maxExpired bounds how many of each kind one DeleteExpired removes.
const maxExpired = 1000

// tenantColumns and clientColumns are what tenantRow and clientRow read.
const (
	tenantColumns = "tenants.id, tenants.contract, tenants.settings"
	clientColumns = "c.id, c.name, c.dialect, c.kind, c.store_id, c.scopes, c.key, c.secret_hash, " +
		"c.last_used_at, c.revoked_at"
)

// tenantByContract answers tenantColumns of one tenant.
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
func scanTenant(rows *sql.Rows) (noren.Tenant, error) {
	var r tenantRow
	if err := rows.Scan(r.refs()...); err != nil {
		return noren.Tenant{}, err
	}
	return r.read()
}

// clientRow gathers the columns of a client while they are scanned.
type clientRow struct {
	client            noren.Client
	scopes            []byte
	usedAt, revokedAt sql.NullInt64
}

func (r *clientRow) refs() []any {
	c := &r.client
	return []any{&c.ID, &c.Name, &c.Dialect, &c.Kind, &c.StoreID, &r.scopes, &c.Key, &c.SecretHash, &r.usedAt, &r.revokedAt}
}

func (r *clientRow) read() (noren.Client, error) {
	r.client.LastUsedAt, r.client.RevokedAt = fromNullMicros(r.usedAt), fromNullMicros(r.revokedAt)
	err := json.Unmarshal(r.scopes, &r.client.Scopes)
	return r.client, doing("read a client's scopes", err)
}

// Tenants implements noren.Directory. The order is that of the bytes, on PostgreSQL by the column's collation.
func (db *DB) Tenants(ctx context.Context) (tenants []noren.Tenant, err error) {
	err = db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, "SELECT "+tenantColumns+" FROM tenants ORDER BY contract")
		tenants, err = collect(rows, err, scanTenant)
		return doing("list tenants", err)
	})
	return tenants, err
}

// TenantByContract implements noren.Directory.
func (db *DB) TenantByContract(ctx context.Context, contract string) (tenant noren.Tenant, err error) {
	err = db.read(ctx, func(t *tx) error {
		var r tenantRow
		err := t.queryRow(ctx, tenantByContract, contract).Scan(r.refs()...)
		if errors.Is(err, sql.ErrNoRows) {
			return &noren.Error{Kind: noren.NotFound, Field: "tenant", Value: contract, Message: "there is no such tenant"}
		} else if err != nil {
			return doing("look for a tenant", err)
		}
		tenant, err = r.read()
		return err
	})
	return tenant, err
}

// EnsureTenant implements noren.Directory. Two processes may make the same tenant, or give two the same number, at
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
				tenant, err = r.read()
				return err
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
			created = n == 1
		}
	})
	return tenant, created, err
}

// CallerByToken implements noren.Directory. Whether the token has expired is for the caller to judge, who has the time.
func (db *DB) CallerByToken(ctx context.Context, hash []byte) (noren.Caller, noren.Token, error) {
	token := noren.Token{Hash: hash}
	var scopes []byte
	var expires sql.NullInt64
	caller, err := db.caller(ctx, "access token", []any{&scopes, &expires}, `SELECT `+tenantColumns+`, `+clientColumns+`, a.scopes, a.expires_at
		FROM access_tokens a JOIN clients c ON c.tenant_id = a.tenant_id AND c.id = a.client_id
		JOIN tenants ON tenants.id = a.tenant_id WHERE a.hash = ? AND c.revoked_at IS NULL`, hash)
	if err != nil {
		return noren.Caller{}, noren.Token{}, err
	}
	if err := json.Unmarshal(scopes, &token.Scopes); err != nil {
		return noren.Caller{}, noren.Token{}, doing("read a token's scopes", err)
	}
	token.ClientID, token.ExpiresAt, caller.Scopes = caller.Client.ID, fromNullMicros(expires), token.Scopes
	return caller, token, nil
}

// CallerByKey implements noren.Directory.
func (db *DB) CallerByKey(ctx context.Context, dialect noren.Dialect, key string) (noren.Caller, error) {
	caller, err := db.caller(ctx, "client", nil, `SELECT `+tenantColumns+`, `+clientColumns+`
		FROM client_keys k JOIN clients c ON c.tenant_id = k.tenant_id AND c.id = k.client_id
		JOIN tenants ON tenants.id = k.tenant_id WHERE k.dialect = ? AND k.key = ? AND c.revoked_at IS NULL`, dialect, key)
	caller.Scopes = caller.Client.Scopes
	return caller, err
}

// SigningKey implements noren.Directory.
func (db *DB) SigningKey(ctx context.Context, tenant noren.TenantID, name string) (secret string, err error) {
	err = db.read(ctx, func(t *tx) error {
		t.tenant = tenant
		secret, err = t.SigningKey(ctx, name)
		return err
	})
	return secret, err
}

// caller reads the tenant and client that the query finds, and what it answers besides into more. It is on the path
// of every request: one statement, all of it by primary keys.
func (db *DB) caller(ctx context.Context, what string, more []any, query string, args ...any) (c noren.Caller, err error) {
	err = db.read(ctx, func(t *tx) error {
		var tenant tenantRow
		var client clientRow
		// The order of the query's columns: the tenant's, the client's, then more.
		err := t.queryRow(ctx, query, args...).Scan(slices.Concat(tenant.refs(), client.refs(), more)...)
		if errors.Is(err, sql.ErrNoRows) {
			return &noren.Error{Kind: noren.NotFound, Field: what, Message: "there is no such " + what}
		} else if err != nil {
			return doing("look for a caller", err)
		}
		if c.Tenant, err = tenant.read(); err != nil {
			return err
		}
		c.Client, err = client.read()
		return err
	})
	return c, err
}

// TenantsWithBulk implements noren.Directory. It asks each lane whether one request waits, rather than go through
// all that wait, because one tenant may have many of them.
func (db *DB) TenantsWithBulk(ctx context.Context) (tenants []noren.TenantID, err error) {
	err = db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, `SELECT l.tenant_id FROM lanes l WHERE EXISTS (
			SELECT 1 FROM bulk_requests b WHERE b.tenant_id = l.tenant_id AND b.state = 'accepted') ORDER BY l.tenant_id`)
		tenants, err = collect(rows, err, func(rows *sql.Rows) (id noren.TenantID, err error) {
			err = rows.Scan(&id)
			return id, err
		})
		return doing("look for bulk requests", err)
	})
	return tenants, err
}

// TenantsWithImports implements noren.Directory, from the index over the imports that wait or run.
func (db *DB) TenantsWithImports(ctx context.Context) (tenants []noren.TenantID, err error) {
	err = db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, "SELECT DISTINCT tenant_id FROM imports WHERE "+activeImport+" ORDER BY tenant_id")
		tenants, err = collect(rows, err, func(rows *sql.Rows) (id noren.TenantID, err error) {
			err = rows.Scan(&id)
			return id, err
		})
		return doing("look for imports", err)
	})
	return tenants, err
}

// QueueStats implements noren.Directory. Everything it counts is in partial indexes over what waits.
func (db *DB) QueueStats(ctx context.Context) (s noren.QueueStats, err error) {
	err = db.read(ctx, func(t *tx) error {
		var bulk, callback sql.NullInt64
		err := t.queryRow(ctx, `SELECT (SELECT COUNT(*) FROM bulk_requests WHERE state = 'accepted'),
			(SELECT MIN(accepted_at) FROM bulk_requests WHERE state = 'accepted'),
			(SELECT COUNT(*) FROM callbacks WHERE state = 'pending'),
			(SELECT MIN(owed_at) FROM callbacks WHERE state = 'pending')`).
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

// DeleteExpired implements noren.Directory. Kept answers are found tenant by tenant, through their index.
func (db *DB) DeleteExpired(ctx context.Context, now time.Time) (n int, err error) {
	err = db.update(ctx, 0, func(t *tx) error {
		n = 0
		// Bounded twice over, so that a backlog never makes a transaction long: the caller comes again.
		for _, query := range []string{
			`DELETE FROM access_tokens WHERE hash IN (
				SELECT hash FROM access_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
			`DELETE FROM kept_answers WHERE (tenant_id, client_id, route, key) IN (
				SELECT k.tenant_id, k.client_id, k.route, k.key FROM tenants t CROSS JOIN kept_answers k
				WHERE k.tenant_id = t.id AND k.expires_at <= ? LIMIT ?)`,
			`DELETE FROM console_sessions WHERE hash IN (
				SELECT hash FROM console_sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
			`DELETE FROM sign_in_failures WHERE subject IN (
				SELECT subject FROM sign_in_failures WHERE last_at <= ? ORDER BY last_at LIMIT ?)`,
		} {
			until := now
			if strings.Contains(query, "sign_in_failures") {
				until = now.Add(-noren.FailuresKept)
			}
			deleted, err := t.exec(ctx, query, micros(until), maxExpired)
			if err != nil {
				return fmt.Errorf("delete what has expired: %w", err)
			}
			n += int(deleted)
		}
		return nil
	})
	return n, err
}
