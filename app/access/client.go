package access

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Limits of what describes a client.
const (
	MaxClientName   = 100 // characters
	MaxClientScopes = 100
	maxScope        = 100 // bytes
)

// ClientSettings are the settings of a client that can be changed later.
type ClientSettings struct {
	Name    string // unique within the tenant
	StoreID *int64 // restricts what it sees and changes; nil: the whole tenant
	Scopes  []string
	Seen    *ClientSettings // as the caller read them: what was left as it is stays as it is stored; nil: everything is set
}

// NewClient describes a client to be created. Its credentials are generated.
type NewClient struct {
	Dialect noren.Dialect
	Kind    noren.ClientKind // UserClient only for Smaregi
	ClientSettings
}

// ClientList has the clients of a tenant, including revoked ones, and its stores.
type ClientList struct {
	Clients []noren.Client // by id, without their webhook secrets
	Stores  []noren.Store
}

// Clients lists the clients of the tenant. LastUsedAt includes uses that this process has not stored yet. Forbidden for
// a caller restricted to one store.
func (s *Service) Clients(ctx context.Context, c noren.Caller) (out ClientList, err error) {
	if err := c.WholeTenant(); err != nil {
		return ClientList{}, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Clients, err = tx.Clients(ctx); err != nil {
			return err
		}
		out.Stores, _, err = tx.Stores(ctx, noren.CatalogueFilter{})
		return err
	})
	for i := range out.Clients {
		client := &out.Clients[i]
		client.WebhookSecret = "" // a list is shown to people, and the secret is shown once, when it is made
		if at, used := s.uses.last(c.Tenant.ID, client.ID); used && (client.LastUsedAt == nil || client.LastUsedAt.Before(at)) {
			client.LastUsedAt = &at
		}
	}
	return out, err
}

// CreateClient creates a client and returns its credentials, which cannot be shown again. Refusals, with the fields
// name, dialect, kind, store and scopes, if the settings are wrong; Forbidden for a caller restricted to one store.
// once may be nil; its Render gets the Client without its secrets, because what it renders is stored. If an answer was
// already kept, there are no credentials.
func (s *Service) CreateClient(
	ctx context.Context, c noren.Caller, n NewClient, once *unit.Once,
) (made noren.Client, credentials ClientCredentials, kept *noren.KeptAnswer, err error) {
	refused := n.check()
	// Permission first: to somebody without it, what is wrong with the form is of no use.
	if err := c.WholeTenant(); err != nil {
		return noren.Client{}, ClientCredentials{}, nil, err
	} else if len(refused) > 0 {
		return noren.Client{}, ClientCredentials{}, nil, refused
	}
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		id, err := tx.Reserve(ctx, noren.CounterClient, 1) // also locks the counter, so that clients are written one at a time
		if err != nil {
			return nil, err
		}
		if err := n.fits(ctx, tx, id); err != nil {
			return nil, err
		}
		made, credentials = ClientSpec{
			Name: n.Name, Dialect: n.Dialect, Kind: n.Kind, StoreID: n.StoreID, Scopes: n.Scopes,
		}.Over(c.Tenant.ID, noren.Client{}, false)
		made.ID, credentials.Tenant = id, c.Tenant.Contract
		if err := tx.PutClients(ctx, []noren.Client{made}); err != nil {
			return nil, err
		}
		if made.Kind == noren.UserClient {
			credentials.AccessToken = noren.NewTenantSecret(c.Tenant.ID)
		}
		if token := credentials.Token(made); token != nil {
			if err := tx.AddToken(ctx, *token); err != nil {
				return nil, err
			}
		}
		return made, auditClient(ctx, tx, by, made.Name, audit.Change("value", nil, made))
	})
	if err != nil {
		return noren.Client{}, ClientCredentials{}, nil, err
	}
	return made, credentials, kept, nil
}

// UpdateClient changes a client's name, store and scopes. They apply from its next request on, whichever credential it
// uses. Refusals as for CreateClient, with ReasonRevoked if it was revoked, and with ReasonChanged, of kind Conflict, for each
// setting that somebody else changed since Seen; NotFound if the tenant has no such client.
func (s *Service) UpdateClient(
	ctx context.Context, c noren.Caller, id int64, settings ClientSettings, once *unit.Once,
) (*noren.KeptAnswer, error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	return s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		before, err := clientToChange(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if before.RevokedAt != nil {
			return nil, noren.Refusals{{Kind: noren.Conflict, Reason: noren.ReasonRevoked, Message: "a revoked client cannot be changed"}}
		}
		wanted := NewClient{before.Dialect, before.Kind, settings}
		if refused := wanted.check(); len(refused) > 0 {
			return nil, refused
		}
		// The clients are locked, so of two who change the same setting at once, the second sees what the first did.
		if refused := wanted.merge(before); len(refused) > 0 {
			return nil, refused
		}
		if err := wanted.fits(ctx, tx, id); err != nil {
			return nil, err
		}
		after := before
		after.Name, after.StoreID, after.Scopes = wanted.Name, wanted.StoreID, wanted.Scopes
		// Saving a form without changes writes nothing, not even to the audit log.
		if before.Same(after) {
			return after, nil
		}
		if err := tx.PutClients(ctx, []noren.Client{after}); err != nil {
			return nil, err
		}
		return after, auditClient(ctx, tx, by, before.Name, audit.Change("value", before, after))
	})
}

// RevokeClient revokes a client: its key and tokens are unknown from the next request on, in every dialect. What it
// sent stays, and its callbacks are still delivered. A client that was revoked before stays as it is.
func (s *Service) RevokeClient(ctx context.Context, c noren.Caller, id int64, once *unit.Once) (*noren.KeptAnswer, error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	return s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		client, err := clientToChange(ctx, tx, id)
		if err != nil || client.RevokedAt != nil {
			return client, err
		}
		if err := tx.RevokeClient(ctx, id, by.At); err != nil {
			return nil, err
		}
		return client, auditClient(ctx, tx, by, client.Name, audit.Change("revoked", nil, by.At.UTC()))
	})
}

// clientToChange locks the tenant's clients and reads one of them.
func clientToChange(ctx context.Context, tx Tx, id int64) (noren.Client, error) {
	// Raising the counter by nothing locks its row, and every change of a client takes that lock first.
	if err := tx.Raise(ctx, noren.CounterClient, 0); err != nil {
		return noren.Client{}, err
	}
	// All of them, since a tenant has few, and its names are compared with all.
	all, err := tx.Clients(ctx)
	if err != nil {
		return noren.Client{}, err
	}
	i := slices.IndexFunc(all, func(c noren.Client) bool { return c.ID == id })
	if i < 0 {
		return noren.Client{}, noren.Missing("client", id)
	}
	return all[i], nil
}

func auditClient(ctx context.Context, tx Tx, by noren.AuditEntry, name string, changes []byte) error {
	by.Subject, by.SubjectID, by.Changes = "client", name, changes
	return tx.AddAudit(ctx, []noren.AuditEntry{by})
}

// check refuses what is wrong whatever is stored, and normalizes name, kind and scopes.
func (n *NewClient) check() (refused noren.Refusals) {
	refuse := func(field, value string, reason noren.Reason, message string) {
		refused = append(refused, &noren.Error{Kind: noren.Invalid, Reason: reason, Field: field, Value: value, Message: message})
	}
	n.Kind = cmp.Or(n.Kind, noren.AppClient)
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Name == "":
		refuse("name", "", noren.ReasonMissing, "must not be empty")
	case utf8.RuneCountInString(n.Name) > MaxClientName:
		refuse("name", "", noren.ReasonTooLong, fmt.Sprintf("must be at most %d characters", MaxClientName))
	// No engine could store the first, and the second would break a line of a log.
	case !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, unicode.IsControl):
		refuse("name", "", noren.ReasonUnknownWord, "must not contain control characters")
	}
	if n.Dialect != noren.Smaregi && n.Dialect != noren.ReCORE && n.Dialect != noren.EasyPoints && n.Dialect != noren.Privacy {
		refuse("dialect", string(n.Dialect), noren.ReasonUnknownWord, "must be smaregi, recore, easypoints or privacy")
	}
	if n.Kind != noren.AppClient && (n.Kind != noren.UserClient || n.Dialect != noren.Smaregi) {
		refuse("kind", string(n.Kind), noren.ReasonUnknownWord, "must be app, or user with the dialect smaregi")
	}
	// In a fixed order and each once: the order in which a form sends them means nothing.
	n.Scopes = slices.Compact(slices.Sorted(slices.Values(n.Scopes)))
	if len(n.Scopes) > MaxClientScopes {
		refuse("scopes", "", noren.ReasonTooLong, fmt.Sprintf("must be at most %d", MaxClientScopes))
	}
	// RFC 6749 separates scopes by spaces, so a scope must not contain any.
	for _, scope := range n.Scopes {
		if scope == "" || len(scope) > maxScope || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' }) {
			refuse("scopes", scope, noren.ReasonUnknownWord, fmt.Sprintf("must be 1 to %d visible ASCII characters", maxScope))
		}
	}
	return refused
}

// merge takes over what is stored of the settings that the caller left as they were seen, and refuses those that somebody
// else has changed since.
func (n *NewClient) merge(before noren.Client) (refused noren.Refusals) {
	if n.Seen == nil {
		return nil
	}
	mergeSetting(&refused, "name", n.Seen.Name, before.Name, &n.Name, func(a, b string) bool { return a == b })
	mergeSetting(&refused, "store", n.Seen.StoreID, before.StoreID, &n.StoreID, func(a, b *int64) bool {
		return noren.Deref(a) == noren.Deref(b)
	})
	mergeSetting(&refused, "scopes", n.Seen.Scopes, before.Scopes, &n.Scopes, func(a, b []string) bool {
		// Without regard to order, which clients made from a shop file keep from there.
		return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	})
	return refused
}

func mergeSetting[T any](refused *noren.Refusals, field string, seen, now T, wanted *T, equal func(a, b T) bool) {
	switch {
	case equal(*wanted, seen):
		*wanted = now
	case !equal(seen, now) && !equal(*wanted, now):
		*refused = append(*refused, &noren.Error{
			Kind: noren.Conflict, Reason: noren.ReasonChanged, Field: field, Message: "changed by somebody else since it was read",
		})
	}
}

// LastSettings returns who last changed the client that had this name, under "value". Forbidden for a caller restricted to
// one store.
func (s *Service) LastSettings(ctx context.Context, c noren.Caller, name string) (last map[string]audit.LastChange, err error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		last, err = audit.LastChanges(ctx, tx, "client", name)
		return err
	})
	return last, err
}

// fits refuses what contradicts the tenant's stores and other clients.
func (n *NewClient) fits(ctx context.Context, tx Tx, id int64) error {
	var refused noren.Refusals
	clients, err := tx.Clients(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(clients, func(c noren.Client) bool { return c.Name == n.Name && c.ID != id }) {
		refused = append(refused, &noren.Error{
			Kind: noren.Conflict, Reason: noren.ReasonTaken, Field: "name", Value: n.Name,
			Message: "another client, perhaps a revoked one, already has this name",
		})
	}
	if n.StoreID != nil {
		stores, _, err := tx.Stores(ctx, noren.CatalogueFilter{IDs: []int64{*n.StoreID}})
		if err != nil {
			return err
		}
		if len(stores) == 0 {
			refused = append(refused, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonStoreUnknown, Field: "store", Value: strconv.FormatInt(*n.StoreID, 10),
			})
		}
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}

// Over returns the tenant's client with the wanted settings on top of the stored ones, and the credentials that can be shown.
func (w ClientSpec) Over(tenant noren.TenantID, before noren.Client, known bool) (noren.Client, ClientCredentials) {
	after := before
	after.Name, after.Dialect, after.Kind = w.Name, w.Dialect, cmp.Or(w.Kind, noren.AppClient)
	after.StoreID, after.Scopes = w.StoreID, w.Scopes
	// Left out, the stored one stays: a file need not name what was generated.
	after.Key = cmp.Or(w.Key, before.Key)
	secret, webhookSecret := w.Secret, w.WebhookSecret
	if !known {
		after.Key = cmp.Or(after.Key, noren.NewSecret(string(w.Dialect)+"_"))
		made := noren.NewSecret("")
		if w.Dialect == noren.EasyPoints { // whose secret is a Bearer token too
			made = noren.NewTenantSecret(tenant)
		}
		secret = cmp.Or(secret, made)
		webhookSecret = cmp.Or(webhookSecret, noren.NewWebhookSecret())
	}
	if secret != "" {
		after.SecretHash = noren.HashSecret(secret)
	}
	after.WebhookSecret = cmp.Or(webhookSecret, before.WebhookSecret)
	return after, ClientCredentials{
		Name: w.Name, Dialect: w.Dialect, Kind: after.Kind, Key: after.Key, Secret: secret, WebhookSecret: webhookSecret,
	}
}

// ClientSpec is a client in a shop file, identified by name. Empty credentials are generated when the client is new.
type ClientSpec struct {
	Name          string
	Dialect       noren.Dialect
	Kind          noren.ClientKind
	StoreID       *int64
	Scopes        []string
	Key           string // client_id, public_key
	Secret        string // client_secret, secret_key
	WebhookSecret string
	AccessToken   string // of a user client
}

// ClientCredentials are what the owner of a client needs. A secret is there only if it was just generated or is in the
// shop file, because only its hash is stored.
type ClientCredentials struct {
	Tenant        string // contract id
	Name          string
	Dialect       noren.Dialect
	Kind          noren.ClientKind
	Key           string
	Secret        string
	WebhookSecret string
	AccessToken   string
	Made          bool // the client has just been made
}

// Token returns the Bearer token that the client has with these credentials, which is valid until the client is revoked; nil if
// none of them is one. A user has nothing to exchange for a token, so it has one from the beginning. An easyPoints client may
// send its secret as a Bearer token, and tokens are found by their hash.
func (k ClientCredentials) Token(c noren.Client) *noren.Token {
	secret := k.AccessToken
	if c.Dialect == noren.EasyPoints {
		secret = k.Secret
	}
	if secret == "" {
		return nil
	}
	return new(newToken(secret, c.ID, c.Scopes))
}
