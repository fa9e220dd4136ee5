package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"noren"
)

// clientSecret is the name of a client's webhook secret among the signing keys. Queries that join the two tables
// make the same name: 'client:' || the id.
func clientSecret(id int64) string { return "client:" + strconv.FormatInt(id, 10) }

// Clients implements noren.AccessTx.
func (t *tx) Clients(ctx context.Context) ([]noren.Client, error) {
	rows, err := t.query(ctx, "SELECT "+clientColumns+`, COALESCE(k.secret, '') FROM clients c LEFT JOIN signing_keys k
		ON k.tenant_id = c.tenant_id AND k.name = 'client:' || CAST(c.id AS text)
		WHERE c.tenant_id = ? ORDER BY c.id`, t.tenant)
	list, err := collect(rows, err, func(rows *sql.Rows) (noren.Client, error) {
		var r clientRow
		if err := rows.Scan(append(r.refs(), &r.client.WebhookSecret)...); err != nil {
			return noren.Client{}, err
		}
		return r.read()
	})
	return list, doing("list clients", err)
}

// PutClients implements noren.AccessTx. Besides the key, the name may be taken: that is a Conflict too. The client
// itself, its secret and its place in the look-up by key are in three tables, each written by one statement.
func (t *tx) PutClients(ctx context.Context, clients []noren.Client) error {
	if len(clients) == 0 {
		return nil
	}
	if err := t.putClients(ctx, clients); err != nil {
		if uniqueViolation(err) {
			return &noren.Error{Kind: noren.Conflict, Field: "name", Message: "another client has this name", Err: err}
		}
		return doing("store clients", err)
	}
	_, err := t.insertRows(ctx, "signing_keys", "ON CONFLICT (tenant_id, name) DO UPDATE SET secret = excluded.secret", []column{
		{"name", kindText, valuesOf(clients, func(c *noren.Client) any { return clientSecret(c.ID) })},
		{"secret", kindText, valuesOf(clients, func(c *noren.Client) any { return c.WebhookSecret })},
	})
	if err != nil {
		return doing("store clients' webhook secrets", err)
	}
	return t.putKeys(ctx, clients)
}

// putClients writes the table of clients alone. Its error is the driver's.
func (t *tx) putClients(ctx context.Context, clients []noren.Client) error {
	scopes := make([]any, len(clients))
	for i, c := range clients {
		text, err := json.Marshal(c.Scopes)
		if err != nil {
			return err
		}
		scopes[i] = string(text)
	}
	of := func(value func(c *noren.Client) any) []any { return valuesOf(clients, value) }
	_, err := t.insertRows(ctx, "clients", `ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name,
		dialect = excluded.dialect, kind = excluded.kind, store_id = excluded.store_id, scopes = excluded.scopes,
		key = excluded.key, secret_hash = excluded.secret_hash`, []column{
		{"id", kindInt, of(func(c *noren.Client) any { return c.ID })},
		{"name", kindText, of(func(c *noren.Client) any { return c.Name })},
		{"dialect", kindText, of(func(c *noren.Client) any { return string(c.Dialect) })},
		{"kind", kindText, of(func(c *noren.Client) any { return string(c.Kind) })},
		{"store_id", kindInt, of(func(c *noren.Client) any { return c.StoreID })},
		{"scopes", kindText, scopes},
		{"key", kindText, of(func(c *noren.Client) any { return c.Key })},
		{"secret_hash", kindBytes, of(func(c *noren.Client) any { return c.SecretHash })},
	})
	return err
}

// putKeys replaces the clients' entries in the look-up across tenants. The insert leaves out what is taken, and a look
// at what is there then tells whose each key is: an error of the insert would say neither which key nor which row.
func (t *tx) putKeys(ctx context.Context, clients []noren.Client) error {
	owner := make(map[[2]string]int, len(clients)) // dialect and key → which of the clients
	ids, keys := make([]int64, len(clients)), make([]string, 0, len(clients))
	var keyed []noren.Client
	for i, c := range clients {
		ids[i] = c.ID
		if c.Key == "" {
			continue // it holds an access token only
		}
		lookup := [2]string{string(c.Dialect), c.Key}
		if _, twice := owner[lookup]; twice {
			return keyTaken(i, c)
		}
		owner[lookup] = i
		keys, keyed = append(keys, c.Key), append(keyed, c)
	}
	f := t.db.flavor
	_, err := t.exec(ctx, "DELETE FROM client_keys WHERE tenant_id = ? AND "+f.in("client_id"), t.tenant, f.list(ids))
	if err != nil || len(keyed) == 0 {
		return doing("remove clients' keys", err)
	}
	_, err = t.insertRows(ctx, "client_keys", "ON CONFLICT DO NOTHING", []column{
		{"client_id", kindInt, valuesOf(keyed, func(c *noren.Client) any { return c.ID })},
		{"dialect", kindText, valuesOf(keyed, func(c *noren.Client) any { return string(c.Dialect) })},
		{"key", kindText, valuesOf(keyed, func(c *noren.Client) any { return c.Key })},
	})
	if err != nil {
		return doing("store clients' keys", err)
	}
	// The one statement that reads other tenants' rows: keys are unique across tenants.
	rows, err := t.query(ctx, "SELECT dialect, key, tenant_id, client_id FROM client_keys WHERE "+f.in("key"), f.list(keys))
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var lookup [2]string
		var tenant noren.TenantID
		var id int64
		if err := rows.Scan(&lookup[0], &lookup[1], &tenant, &id); err != nil {
			return struct{}{}, doing("read clients' keys", err)
		}
		if i, ours := owner[lookup]; ours && (tenant != t.tenant || id != clients[i].ID) {
			return struct{}{}, keyTaken(i, clients[i])
		}
		return struct{}{}, nil
	})
	return err
}

// RevokeClient implements noren.AccessTx. A token that is being stored by another transaction at this moment is of no
// use either: who looks a caller up leaves out clients that are revoked.
func (t *tx) RevokeClient(ctx context.Context, id int64, at time.Time) error {
	_, err := t.exec(ctx, `UPDATE clients SET revoked_at = ? WHERE tenant_id = ? AND id = ?`, micros(at), t.tenant, id)
	if err != nil {
		return doing("revoke a client", err)
	}
	for _, table := range []string{"access_tokens", "client_keys"} {
		if _, err := t.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = ? AND client_id = ?", t.tenant, id); err != nil {
			return doing("remove a client's credentials", err)
		}
	}
	return nil
}

// NoteClientUses implements noren.AccessTx.
func (t *tx) NoteClientUses(ctx context.Context, uses []noren.ClientUse) error {
	_, err := t.updateRows(ctx, "clients",
		[]column{{"id", kindInt, valuesOf(uses, func(u *noren.ClientUse) any { return u.ClientID })}},
		[]column{{"last_used_at", kindInt, valuesOf(uses, func(u *noren.ClientUse) any { return micros(u.At) })}})
	return doing("note when clients were used", err)
}

// keyTaken is the error for the key of the client at place i, from 0.
func keyTaken(i int, c noren.Client) error {
	return &noren.Error{
		Kind: noren.Conflict, Row: i + 1, Field: "key", Value: c.Key, Message: "another client has this key",
	}
}

// AddToken implements noren.AccessTx. Conflict where another tenant has a token with the same hash, which happens
// only to tokens given by hand.
func (t *tx) AddToken(ctx context.Context, token noren.Token) error {
	scopes, err := json.Marshal(token.Scopes)
	if err != nil {
		return doing("write a token's scopes", err)
	}
	n, err := t.exec(ctx, `INSERT INTO access_tokens (hash, tenant_id, client_id, scopes, expires_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET client_id = excluded.client_id, scopes = excluded.scopes,
		expires_at = excluded.expires_at WHERE access_tokens.tenant_id = excluded.tenant_id`,
		token.Hash, t.tenant, token.ClientID, string(scopes), nullMicros(token.ExpiresAt))
	if err == nil && n == 0 {
		return &noren.Error{Kind: noren.Conflict, Field: "access_token", Message: "another tenant has this access token"}
	}
	return doing("store a token", err)
}

// KeptAnswer implements noren.AccessTx. An answer that has expired counts as not kept, deleted or not.
func (t *tx) KeptAnswer(ctx context.Context, k noren.IdempotencyKey, now time.Time) (*noren.KeptAnswer, error) {
	var a noren.KeptAnswer
	var expiresAt int64
	err := t.queryRow(ctx, `SELECT body_hash, status, content_type, body, expires_at FROM kept_answers
		WHERE tenant_id = ? AND client_id = ? AND route = ? AND key = ? AND expires_at > ?`,
		t.tenant, k.ClientID, k.Route, k.Key, micros(now)).
		Scan(&a.BodyHash, &a.Status, &a.ContentType, &a.Body, &expiresAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, doing("look for a kept answer", err)
	}
	a.ExpiresAt = fromMicros(expiresAt)
	return &a, nil
}

// KeepAnswer implements noren.AccessTx. An answer that has expired, and is not deleted yet, is replaced. Of two
// transactions with the same key at once the second waits for the first, and then finds its answer.
func (t *tx) KeepAnswer(ctx context.Context, k noren.IdempotencyKey, a noren.KeptAnswer) (bool, error) {
	n, err := t.exec(ctx, `INSERT INTO kept_answers
		(tenant_id, client_id, route, key, body_hash, status, content_type, body, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, client_id, route, key) DO UPDATE SET body_hash = excluded.body_hash,
		status = excluded.status, content_type = excluded.content_type, body = excluded.body,
		expires_at = excluded.expires_at WHERE kept_answers.expires_at <= ?`,
		t.tenant, k.ClientID, k.Route, k.Key, a.BodyHash, a.Status, a.ContentType, a.Body, micros(a.ExpiresAt),
		micros(t.db.clock()))
	return n == 1, doing("keep an answer", err)
}
