package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"sync"

	"noren"
)

// memory is what this process keeps of what is stored, so that a request need not read it again. Nothing in it counts
// before a look at the version of the tenant's settings has told that it is still so.
type memory struct {
	settings bounded[noren.TenantID, *settings]
	// Whose each of these was when it was last looked for. What is not here is looked for in the database, so nobody can
	// fill the memory with what does not exist.
	keys      bounded[clientKey, noren.TenantID]
	contracts bounded[string, noren.TenantID]
	tokens    bounded[string, heldToken] // by hash
}

// heldToken is a token as it was stored under a version of its tenant's settings.
type heldToken struct {
	tenant  noren.TenantID
	version int64
	token   noren.Token
}

// What memory holds at most of each. A tenant with a dozen clients and stores takes some ten kilobytes.
const (
	maxSettings = 1 << 10
	maxHeld     = 1 << 16
)

func newMemory() *memory {
	return &memory{
		settings: bounded[noren.TenantID, *settings]{most: maxSettings},
		keys:     bounded[clientKey, noren.TenantID]{most: maxHeld}, contracts: bounded[string, noren.TenantID]{most: maxHeld},
		tokens: bounded[string, heldToken]{most: maxHeld},
	}
}

// bounded is a map that begins anew when it is full: what is in use is soon there again.
type bounded[K comparable, V any] struct {
	mu   sync.RWMutex
	most int
	held map[K]V
}

// get returns the zero value where the key is not there.
func (b *bounded[K, V]) get(key K) V {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.held[key]
}

func (b *bounded[K, V]) put(key K, v V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held == nil || len(b.held) >= b.most {
		b.held = make(map[K]V)
	}
	b.held[key] = v
}

// look is what one request has found out of tenants' settings, so that it asks once.
type look struct {
	trusting bool
	mu       sync.Mutex
	seen     map[noren.TenantID]*settings
	unproven map[noren.TenantID]bool
}

type lookKey struct{}

// OneLook implements noren.Engine.
func (db *DB) OneLook(ctx context.Context, trusting bool) (context.Context, func() bool) {
	l := &look{trusting: trusting, seen: make(map[noren.TenantID]*settings), unproven: make(map[noren.TenantID]bool)}
	return context.WithValue(ctx, lookKey{}, l), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.unproven) == 0
	}
}

// lookOf is the request's look; nil where nobody began one.
func lookOf(ctx context.Context) *look {
	l, _ := ctx.Value(lookKey{}).(*look)
	return l
}

// at returns what the request goes by; remembered is what this process has in memory, which counts where the look trusts.
func (l *look) at(tenant noren.TenantID, remembered *settings) *settings {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// What the request has found itself comes first, so that it goes by one state from its beginning to its end.
	if s := l.seen[tenant]; s != nil || !l.trusting || remembered == nil {
		return s
	}
	l.seen[tenant], l.unproven[tenant] = remembered, true
	return remembered
}

// saw notes what the request has found to be stored.
func (l *look) saw(tenant noren.TenantID, s *settings) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[tenant] = s
}

// trusted returns what the request has gone by without having looked; nil where there is no such thing.
func (l *look) trusted(tenant noren.TenantID) *settings {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.unproven[tenant] {
		return nil
	}
	return l.seen[tenant]
}

// proved notes that what the request has gone by is so.
func (l *look) proved(tenant noren.TenantID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.unproven, tenant)
}

// errChanged ends a view of a request that went by what is no longer so. It is not for clients: the request begins again.
var errChanged = errors.New("the settings have changed since they were remembered")

// prove checks, in the view's own snapshot and with its first statement, what the request has gone by. Until then the view
// goes by it too.
func (t *tx) prove(ctx context.Context, l *look) error {
	trusted := l.trusted(t.tenant)
	if trusted == nil {
		return nil
	}
	t.known = trusted
	return t.ahead(ctx, selectVersion, []any{t.tenant}, func(r row) error {
		version, err := scanVersion(r)
		switch {
		case err != nil:
			return err
		case version != trusted.version:
			return errChanged
		}
		l.proved(t.tenant)
		return nil
	})
}

// current returns the tenant's settings as they are now, or as the request has found them.
func (db *DB) current(ctx context.Context, tenant noren.TenantID) (*settings, error) {
	l, s := lookOf(ctx), db.memory.settings.get(tenant)
	if seen := l.at(tenant, s); seen != nil {
		return seen, nil
	}
	// A look at the version costs one read by primary key, and the settings themselves eight.
	if s != nil {
		var version int64
		err := db.readOf(ctx, tenant, func(t *tx) (err error) {
			version, err = t.version(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		if version == s.version {
			l.saw(tenant, s)
			return s, nil
		}
	}
	return db.found(ctx, func(*tx) (noren.TenantID, error) { return tenant, nil })
}

// found returns the settings of the tenant that find finds, read in the same snapshot.
func (db *DB) found(ctx context.Context, find func(t *tx) (noren.TenantID, error)) (s *settings, err error) {
	err = db.view(ctx, 0, func(t *tx) error {
		// The tenant is known from here on, and its settings are read in the same snapshot as the row that named it.
		if t.tenant, err = find(t); err != nil {
			return err
		}
		s, err = t.settings(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	lookOf(ctx).saw(s.tenant.ID, s)
	return s, nil
}

// noSuch is the NotFound of a look-up across tenants.
func noSuch(what, value string) error {
	return &noren.Error{Kind: noren.NotFound, Field: what, Value: value, Message: "there is no such " + what}
}

// owner reads the tenant that the query, by one row's key, finds.
func (t *tx) owner(ctx context.Context, what, value, query string, args ...any) (tenant noren.TenantID, err error) {
	err = t.queryRow(ctx, query, args...).Scan(&tenant)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, noSuch(what, value)
	}
	return tenant, doing("look for a "+what, err)
}

// TenantByContract implements noren.TenantDirectory. A contract id never changes hands, and no tenant goes.
func (db *DB) TenantByContract(ctx context.Context, contract string) (noren.Tenant, error) {
	if id := db.memory.contracts.get(contract); id != 0 {
		s, err := db.current(ctx, id)
		if err != nil {
			return noren.Tenant{}, err
		}
		return s.tenant, nil
	}
	s, err := db.found(ctx, func(t *tx) (noren.TenantID, error) {
		return t.owner(ctx, "tenant", contract, "SELECT id FROM tenants WHERE contract = ?", contract)
	})
	if err != nil {
		return noren.Tenant{}, err
	}
	// Only what was found: the next request for a contract that does not exist looks again.
	db.memory.contracts.put(contract, s.tenant.ID)
	return s.tenant, nil
}

// CallerByKey implements noren.ClientDirectory.
func (db *DB) CallerByKey(ctx context.Context, dialect noren.Dialect, key string) (noren.Caller, error) {
	k := clientKey{dialect, key}
	if tenant := db.memory.keys.get(k); tenant != 0 {
		s, err := db.current(ctx, tenant)
		if err != nil {
			return noren.Caller{}, err
		}
		// Where it has not, the key has been given to another client since, perhaps of another tenant.
		if client, has := s.keys[k]; has {
			return s.caller(client), nil
		}
	}
	s, err := db.found(ctx, func(t *tx) (noren.TenantID, error) {
		return t.owner(ctx, "client", "", "SELECT tenant_id FROM client_keys WHERE dialect = ? AND key = ?", dialect, key)
	})
	if err != nil {
		return noren.Caller{}, err
	}
	client, has := s.keys[k]
	if !has {
		return noren.Caller{}, noSuch("client", "")
	}
	// Only what exists is remembered, so that guessing does not push out what is in use.
	db.memory.keys.put(k, s.tenant.ID)
	return s.caller(client), nil
}

// CallerByToken implements noren.ClientDirectory. The caller, which knows the time, judges whether the token has expired.
// A new token makes no new version, since nobody can remember that it is not there.
func (db *DB) CallerByToken(ctx context.Context, named noren.TenantID, hash []byte) (noren.Caller, noren.Token, error) {
	held := db.memory.tokens.get(string(hash))
	if held.tenant != 0 {
		s, err := db.current(ctx, held.tenant)
		if err != nil {
			return noren.Caller{}, noren.Token{}, err
		}
		// Under another version the token may have been removed, which the settings do not have.
		if s.version == held.version {
			return s.holder(held.token)
		}
	}
	var token noren.Token
	s, err := db.found(ctx, func(t *tx) (tenant noren.TenantID, err error) {
		tenant, token, err = t.token(ctx, named, hash)
		return tenant, err
	})
	if err != nil {
		return noren.Caller{}, noren.Token{}, err
	}
	db.memory.tokens.put(string(hash), heldToken{s.tenant.ID, s.version, token})
	return s.holder(token)
}

// holder is whose the token is.
func (s *settings) holder(token noren.Token) (noren.Caller, noren.Token, error) {
	if _, calls := s.clients[token.ClientID]; !calls {
		return noren.Caller{}, noren.Token{}, noSuch("access token", "")
	}
	c := s.caller(token.ClientID)
	c.Scopes = token.Scopes
	return c, token, nil
}

// token reads the token and its tenant: where the tenant is that its secret names, and then among those whose secrets name none.
func (t *tx) token(ctx context.Context, named noren.TenantID, hash []byte) (tenant noren.TenantID, token noren.Token, err error) {
	const columns = "SELECT tenant_id, client_id, scopes, expires_at FROM "
	if named != 0 {
		tenant, token, err = readToken(t.queryRow(ctx, columns+"tenant_tokens WHERE tenant_id = ? AND hash = ?", named, hash))
		// One that somebody gave may look as if it named a tenant.
		if err == nil || noren.KindOf(err) != noren.NotFound {
			token.Hash, token.Named = hash, named
			return tenant, token, err
		}
	}
	tenant, token, err = readToken(t.queryRow(ctx, columns+"access_tokens WHERE hash = ?", hash))
	token.Hash, token.Named = hash, named
	return tenant, token, err
}

// readToken reads a row of either table of tokens, without its key.
func readToken(r row) (tenant noren.TenantID, token noren.Token, err error) {
	var scopes []byte
	var expires sql.NullInt64
	err = r.Scan(&tenant, &token.ClientID, &scopes, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, token, noSuch("access token", "")
	} else if err != nil {
		return 0, token, doing("look for an access token", err)
	}
	token.ExpiresAt = fromNullMicros(expires)
	return tenant, token, doing("read a token's scopes", json.Unmarshal(scopes, &token.Scopes))
}

// SigningKey implements noren.SecretTx.
func (db *DB) SigningKey(ctx context.Context, tenant noren.TenantID, name string) (noren.SigningKey, error) {
	s, err := db.current(ctx, tenant)
	if err != nil {
		return noren.SigningKey{}, err
	}
	return s.secrets[name], nil
}
