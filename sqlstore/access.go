package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"noren"
)

// clientSecret is the name of a client's webhook secret among the signing keys. Queries that join the two tables
// make the same name: 'client:' || the id.
func clientSecret(id int64) string { return noren.ClientSecretName(id) }

// Clients implements noren.ClientTx.
func (t *tx) Clients(ctx context.Context) ([]noren.Client, error) {
	rows, err := t.query(ctx, "SELECT "+clientColumns+`, COALESCE(k.secret, '') FROM clients c LEFT JOIN signing_keys k
		ON k.tenant_id = c.tenant_id AND k.name = 'client:' || CAST(c.id AS text)
		WHERE c.tenant_id = ? ORDER BY c.id`, t.tenant)
	list, err := collect(rows, err, func(row scannable) (noren.Client, error) {
		var r clientRow
		if err := row.Scan(append(r.refs(), &r.client.WebhookSecret)...); err != nil {
			return noren.Client{}, err
		}
		return r.read()
	})
	return list, doing("list clients", err)
}

// PutClients implements noren.ClientTx. Besides the key, the name may be taken: that is a Conflict too. The client
// itself, its secret and its place in the look-up by key are in three tables, each written by one statement.
func (t *tx) PutClients(ctx context.Context, clients []noren.Client) error {
	if len(clients) == 0 {
		return nil
	}
	t.changeSettings()
	if err := t.hold(ctx, noren.CounterClient); err != nil {
		return err
	}
	if err := t.putClients(ctx, clients); err != nil {
		if uniqueViolation(err) {
			return &noren.Error{Kind: noren.Conflict, Field: "name", Message: "another client has this name", Err: err}
		}
		return doing("store clients", err)
	}
	// Every client has a secret, so each has a row; a previous one is left as it is.
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
	scopes, keys := make([]any, len(clients)), make([]any, len(clients))
	for i, c := range clients {
		text, err := json.Marshal(c.Scopes)
		if err != nil {
			return err
		}
		scopes[i] = string(text)
		// Never null: the column is a list.
		if text, err = json.Marshal(append([]noren.APIKey{}, c.APIKeys...)); err != nil {
			return err
		}
		keys[i] = string(text)
	}
	of := func(value func(c *noren.Client) any) []any { return valuesOf(clients, value) }
	_, err := t.insertRows(ctx, "clients", `ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name,
		dialect = excluded.dialect, kind = excluded.kind, store_id = excluded.store_id, scopes = excluded.scopes,
		key = excluded.key, secret_hash = excluded.secret_hash, api_keys = excluded.api_keys`, []column{
		{"id", kindInt, of(func(c *noren.Client) any { return c.ID })},
		{"name", kindText, of(func(c *noren.Client) any { return c.Name })},
		{"dialect", kindText, of(func(c *noren.Client) any { return string(c.Dialect) })},
		{"kind", kindText, of(func(c *noren.Client) any { return string(c.Kind) })},
		{"store_id", kindInt, of(func(c *noren.Client) any { return c.StoreID })},
		{"scopes", kindText, scopes},
		{"key", kindText, of(func(c *noren.Client) any { return c.Key })},
		{"secret_hash", kindBytes, of(func(c *noren.Client) any { return c.SecretHash })},
		{"api_keys", kindText, keys},
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
		// Found here, because two rows with one key in one statement would be told as a conflict with somebody else's.
		if _, twice := owner[lookup]; twice {
			return keyTaken(i, c)
		}
		owner[lookup] = i
		keys, keyed = append(keys, c.Key), append(keyed, c)
	}
	f := t.db.flavor
	// A key that a client no longer has is free for others at once, in the same call too.
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
	_, err = collect(rows, err, func(row scannable) (struct{}, error) {
		var lookup [2]string
		var tenant noren.TenantID
		var id int64
		if err := row.Scan(&lookup[0], &lookup[1], &tenant, &id); err != nil {
			return struct{}{}, doing("read clients' keys", err)
		}
		if i, ours := owner[lookup]; ours && (tenant != t.tenant || id != clients[i].ID) {
			return struct{}{}, keyTaken(i, clients[i])
		}
		return struct{}{}, nil
	})
	return err
}

// RevokeClient implements noren.ClientTx. A token that is being stored by another transaction at this moment is of no
// use either: looking up a caller leaves out clients that are revoked.
func (t *tx) RevokeClient(ctx context.Context, id int64, at time.Time) error {
	t.changeSettings()
	if err := t.hold(ctx, noren.CounterClient); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE clients SET revoked_at = ? WHERE tenant_id = ? AND id = ?`, micros(at), t.tenant, id)
	if err != nil {
		return doing("revoke a client", err)
	}
	for _, table := range append(tokenTables(), "client_keys") {
		if _, err := t.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = ? AND client_id = ?", t.tenant, id); err != nil {
			return doing("remove a client's credentials", err)
		}
	}
	return nil
}

// KeepTokens implements noren.ClientTx.
func (t *tx) KeepTokens(ctx context.Context, client int64, kept []byte) (ended int, err error) {
	t.changeSettings()
	if kept == nil {
		kept = []byte{} // NULL differs from nothing, and would keep all
	}
	for _, table := range tokenTables() {
		n, err := t.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = ? AND client_id = ? AND hash <> ?", t.tenant, client, kept)
		if err != nil {
			return ended, doing("remove a client's tokens", err)
		}
		ended += int(n)
	}
	return ended, nil
}

// tokenTables are where a client's tokens are: those that name its tenant, and those that do not.
func tokenTables() []string { return []string{"tenant_tokens", "access_tokens"} }

// NoteClientUses implements noren.ClientTx.
func (t *tx) NoteClientUses(ctx context.Context, uses []noren.ClientUse) error {
	if err := t.hold(ctx, noren.CounterClient); err != nil {
		return err
	}
	return t.updateLater(ctx, deferred{doing: "note when clients were used"}, "clients",
		[]column{{"id", kindInt, valuesOf(uses, func(u *noren.ClientUse) any { return u.ClientID })}},
		[]column{{"last_used_at", kindInt, valuesOf(uses, func(u *noren.ClientUse) any { return micros(u.At) })}})
}

// keyTaken is the error for the key of the client at place i, from 0.
func keyTaken(i int, c noren.Client) error {
	return &noren.Error{
		Kind: noren.Conflict, Row: i + 1, Field: "key", Value: c.Key, Message: "another client has this key",
	}
}

// AddToken implements noren.ClientTx. Conflict where another tenant has a token with the same hash, which happens
// only to tokens given by hand. Such a token may be there already, or may have been: then it may be remembered somewhere,
// which a new one that expires, made at random, cannot be.
func (t *tx) AddToken(ctx context.Context, token noren.Token) error {
	scopes, err := json.Marshal(token.Scopes)
	if err != nil {
		return doing("write a token's scopes", err)
	}
	table, key := "access_tokens", "hash"
	if token.Named == t.tenant {
		table, key = "tenant_tokens", "tenant_id, hash"
	}
	n, err := t.exec(ctx, "INSERT INTO "+table+" (hash, tenant_id, client_id, scopes, expires_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT ("+key+
		") DO NOTHING", token.Hash, t.tenant, token.ClientID, string(scopes), nullMicros(token.ExpiresAt))
	if token.ExpiresAt == nil || n == 0 {
		t.changeSettings()
	}
	if err != nil || n == 1 {
		return doing("store a token", err)
	}
	// The tenant is in the condition, so a token of another tenant is never taken over.
	n, err = t.exec(ctx, "UPDATE "+table+" SET client_id = ?, scopes = ?, expires_at = ? WHERE hash = ? AND tenant_id = ?",
		token.ClientID, string(scopes), nullMicros(token.ExpiresAt), token.Hash, t.tenant)
	if err == nil && n == 0 {
		return &noren.Error{Kind: noren.Conflict, Row: 1, Field: "access_token", Message: "another tenant has this access token"}
	}
	return doing("store a token", err)
}
