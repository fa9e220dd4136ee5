package noren

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of what is said of a client.
const (
	MaxClientName   = 100 // characters
	MaxClientScopes = 100
	maxScope        = 100 // bytes
)

// ClientSettings is what may be said of a client, and said differently later.
type ClientSettings struct {
	Name    string // unique within the tenant
	StoreID *int64 // restricts what it sees and changes; nil: the whole tenant
	Scopes  []string
}

// NewClient asks for a client. Its credentials are made up.
type NewClient struct {
	Dialect Dialect
	Kind    ClientKind // UserClient only for Smaregi
	ClientSettings
}

// ClientList is the clients of a tenant, revoked ones among them, and its stores.
type ClientList struct {
	Clients []Client // by id, without their webhook secrets
	Stores  []Store
}

// Clients lists the clients of the tenant, with when they were last used as far as this process knows. Forbidden for a
// caller who is bound to a store.
func (s *Service) Clients(ctx context.Context, c Caller) (out ClientList, err error) {
	if c.Client.StoreID != nil {
		return ClientList{}, wholeTenantOnly()
	}
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Clients, err = tx.Clients(ctx); err != nil {
			return err
		}
		out.Stores, _, err = tx.Stores(ctx, CatalogueFilter{})
		return err
	})
	for i := range out.Clients {
		client := &out.Clients[i]
		client.WebhookSecret = ""
		if at, used := s.uses.last(c.Tenant.ID, client.ID); used && (client.LastUsedAt == nil || client.LastUsedAt.Before(at)) {
			client.LastUsedAt = &at
		}
	}
	return out, err
}

// CreateClient makes a client and answers its credentials, which cannot be had again. Refusals, with the fields name,
// dialect, kind, store and scopes, where the client cannot be like that; Forbidden for a caller who is bound to a store.
// once may be nil; its Render gets the Client and not its secrets, because what it renders is kept. Where an answer was
// kept before, there are no credentials.
func (s *Service) CreateClient(
	ctx context.Context, c Caller, n NewClient, once *Once,
) (made Client, credentials ClientCredentials, kept *KeptAnswer, err error) {
	refused := n.check()
	if c.Client.StoreID != nil {
		return Client{}, ClientCredentials{}, nil, wholeTenantOnly()
	} else if len(refused) > 0 {
		return Client{}, ClientCredentials{}, nil, refused
	}
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		id, err := tx.Reserve(ctx, CounterClient, 1) // which also lets one write clients at a time
		if err != nil {
			return nil, err
		}
		if err := n.fits(ctx, tx, id); err != nil {
			return nil, err
		}
		made, credentials = ShopClient{
			Name: n.Name, Dialect: n.Dialect, Kind: n.Kind, StoreID: n.StoreID, Scopes: n.Scopes,
		}.over(Client{}, false)
		made.ID, credentials.Tenant = id, c.Tenant.Contract
		if err := tx.PutClients(ctx, []Client{made}); err != nil {
			return nil, err
		}
		if made.Kind == UserClient {
			credentials.AccessToken = NewSecret("")
			token := Token{Hash: HashSecret(credentials.AccessToken), ClientID: id, Scopes: made.Scopes}
			if err := tx.AddToken(ctx, token); err != nil {
				return nil, err
			}
		}
		return made, auditClient(ctx, tx, by, made.Name, change("value", nil, made))
	})
	if err != nil {
		return Client{}, ClientCredentials{}, nil, err
	}
	return made, credentials, kept, nil
}

// UpdateClient changes what a client is called and may do, from its next request on, whatever credential it calls with.
// Refusals as CreateClient, and with ReasonRevoked where it was revoked; NotFound where the tenant has no such client.
func (s *Service) UpdateClient(ctx context.Context, c Caller, id int64, settings ClientSettings, once *Once) (*KeptAnswer, error) {
	if c.Client.StoreID != nil {
		return nil, wholeTenantOnly()
	}
	return s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		before, err := clientToChange(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if before.RevokedAt != nil {
			return nil, Refusals{{Kind: Conflict, Reason: ReasonRevoked, Message: "the client was revoked"}}
		}
		wanted := NewClient{before.Dialect, before.Kind, settings}
		if refused := wanted.check(); len(refused) > 0 {
			return nil, refused
		}
		if err := wanted.fits(ctx, tx, id); err != nil {
			return nil, err
		}
		after := before
		after.Name, after.StoreID, after.Scopes = wanted.Name, wanted.StoreID, wanted.Scopes
		if before.same(after) {
			return after, nil
		}
		if err := tx.PutClients(ctx, []Client{after}); err != nil {
			return nil, err
		}
		return after, auditClient(ctx, tx, by, before.Name, change("value", before, after))
	})
}

// RevokeClient ends a client: its key and tokens are unknown from the next request on, in every dialect. What it sent
// stays, and so does the callback that is owed for it. A client that was revoked before stays as it is.
func (s *Service) RevokeClient(ctx context.Context, c Caller, id int64, once *Once) (*KeptAnswer, error) {
	if c.Client.StoreID != nil {
		return nil, wholeTenantOnly()
	}
	return s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		client, err := clientToChange(ctx, tx, id)
		if err != nil || client.RevokedAt != nil {
			return client, err
		}
		if err := tx.RevokeClient(ctx, id, by.At); err != nil {
			return nil, err
		}
		return client, auditClient(ctx, tx, by, client.Name, change("revoked", nil, by.At.UTC()))
	})
}

// clientToChange reads a client after it is certain that nobody else changes the tenant's clients.
func clientToChange(ctx context.Context, tx Tx, id int64) (Client, error) {
	// Raising a counter by nothing locks its row.
	if err := tx.Raise(ctx, CounterClient, 0); err != nil {
		return Client{}, err
	}
	all, err := tx.Clients(ctx)
	if err != nil {
		return Client{}, err
	}
	i := slices.IndexFunc(all, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, notFound("client", id)
	}
	return all[i], nil
}

func auditClient(ctx context.Context, tx Tx, by AuditEntry, name string, changes []byte) error {
	by.Subject, by.SubjectID, by.Changes = "client", name, changes
	return lane{tx: tx}.audit(ctx, []AuditEntry{by})
}

// check refuses what is wrong whatever is stored, and brings name and scopes into the form in which they are stored.
func (n *NewClient) check() (refused Refusals) {
	refuse := func(field, value string, reason Reason, message string) {
		refused = append(refused, &Error{Kind: Invalid, Reason: reason, Field: field, Value: value, Message: message})
	}
	n.Kind = cmp.Or(n.Kind, AppClient)
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Name == "":
		refuse("name", "", ReasonMissing, "is empty")
	case utf8.RuneCountInString(n.Name) > MaxClientName:
		refuse("name", "", ReasonTooLong, fmt.Sprintf("is longer than %d characters", MaxClientName))
	case !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, unicode.IsControl):
		refuse("name", "", ReasonUnknownWord, "has characters that cannot be seen")
	}
	if n.Dialect != Smaregi && n.Dialect != ReCORE && n.Dialect != EasyPoints {
		refuse("dialect", string(n.Dialect), ReasonUnknownWord, "is none that clients speak")
	}
	if n.Kind != AppClient && (n.Kind != UserClient || n.Dialect != Smaregi) {
		refuse("kind", string(n.Kind), ReasonUnknownWord, "is none of the dialect's")
	}
	n.Scopes = slices.Compact(slices.Sorted(slices.Values(n.Scopes)))
	if len(n.Scopes) > MaxClientScopes {
		refuse("scopes", "", ReasonTooLong, fmt.Sprintf("are more than %d", MaxClientScopes))
	}
	for _, scope := range n.Scopes {
		if scope == "" || len(scope) > maxScope || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' }) {
			refuse("scopes", scope, ReasonUnknownWord, "is no scope")
		}
	}
	return refused
}

// fits refuses what contradicts the tenant's stores and other clients.
func (n *NewClient) fits(ctx context.Context, tx Tx, id int64) error {
	var refused Refusals
	clients, err := tx.Clients(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(clients, func(c Client) bool { return c.Name == n.Name && c.ID != id }) {
		refused = append(refused, &Error{
			Kind: Conflict, Reason: ReasonTaken, Field: "name", Value: n.Name, Message: "another client has this name, or had it until it was revoked",
		})
	}
	if n.StoreID != nil {
		stores, _, err := tx.Stores(ctx, CatalogueFilter{IDs: []int64{*n.StoreID}})
		if err != nil {
			return err
		}
		if len(stores) == 0 {
			refused = append(refused, &Error{Kind: Invalid, Reason: ReasonStoreUnknown, Field: "store", Value: fmt.Sprint(*n.StoreID)})
		}
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}
