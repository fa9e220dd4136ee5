package shop

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"noren"
	"noren/app/audit"
)

// clients creates clients and changes their settings and keys. They are known by their names, because keys that the file
// leaves out are generated.
func (a *applier) clients(ctx context.Context) error {
	stored, err := a.tx.Clients(ctx)
	if err != nil {
		return err
	}
	byName := make(map[string]noren.Client, len(stored))
	for _, c := range stored {
		byName[c.Name] = c
	}
	var changed []noren.Client
	var changedRows []int // their entries in the file
	var tokens []noren.Token
	var tokenRows []int
	var withdrawn []noren.Client // those whose tokens so far are no longer good, because the file has another secret or token
	var created, updated int
	for i, wanted := range a.shop.Clients {
		before, known := byName[wanted.Name]
		// Its keys and scopes mean something in its own dialect alone.
		if known && before.Dialect != wanted.Dialect {
			a.refuse(&noren.Error{
				Kind: noren.Conflict, Row: i + 1, Field: "clients.dialect", Value: wanted.Name,
				Message: fmt.Sprintf("the client %q already exists with the dialect %s; give the new one another name", wanted.Name, before.Dialect),
			})
			continue
		}
		// It was revoked to stop its keys for good; a file that still has them must not bring them back.
		if before.RevokedAt != nil {
			a.refuse(&noren.Error{
				Kind: noren.Conflict, Reason: noren.ReasonRevoked, Row: i + 1, Field: "clients.name", Value: wanted.Name,
				Message: fmt.Sprintf("the client %q was revoked; remove it from the file, or give a new one another name", wanted.Name),
			})
			continue
		}
		// What the file leaves out keeps its value, or is generated for a new client.
		after, credentials := wanted.Over(a.current.ID, before, known)
		credentials.Tenant = a.shop.Contract
		if !known {
			if after.ID, err = a.tx.Reserve(ctx, noren.CounterClient, 1); err != nil {
				return err
			}
			created++
		}
		// A user's token is not made again: the one in use would not end by it.
		if wanted.Kind == noren.UserClient && (!known || wanted.AccessToken != "") {
			credentials.AccessToken = cmp.Or(wanted.AccessToken, noren.NewTenantSecret(a.current.ID))
		}
		if token := credentials.Token(after); token != nil {
			tokens, tokenRows = append(tokens, *token), append(tokenRows, i+1)
		}
		credentials.Made = !known
		a.report.Clients = append(a.report.Clients, credentials)
		if known && (credentials.AccessToken != "" || credentials.Secret != "" && !slices.Equal(before.SecretHash, after.SecretHash)) {
			withdrawn = append(withdrawn, after)
		}
		// What changes by itself, such as the time of the last use, does not count.
		if same := known && before.Same(after); !same {
			changed, changedRows = append(changed, after), append(changedRows, i+1)
			a.record("client", after.Name, nil, after) // its secrets are left out of JSON
			if known {
				updated++
			}
		}
	}
	if len(changed) > 0 {
		if err := a.tx.PutClients(ctx, changed); err != nil {
			return atRow(err, "clients", changedRows)
		}
	}
	// After the clients are stored, and before the new tokens: what is kept is named by its hash, which may be there
	// already.
	for _, c := range withdrawn {
		var kept []byte // applying the same file again withdraws nothing
		for _, token := range tokens {
			if token.ClientID == c.ID {
				kept = token.Hash
			}
		}
		ended, err := a.tx.KeepTokens(ctx, c.ID, kept)
		if err != nil {
			return err
		}
		// A token that was replaced is a change of its own: the client's row does not have it.
		if ended > 0 && !slices.ContainsFunc(changed, func(other noren.Client) bool { return other.ID == c.ID }) {
			updated++
			a.entries = append(a.entries, a.by("client", c.Name, audit.Change("secret", nil, "rotated")))
		}
	}
	a.line("clients", created, updated, len(a.shop.Clients))
	for i, token := range tokens {
		if err := a.tx.AddToken(ctx, token); err != nil {
			return atRow(err, "clients", tokenRows[i:])
		}
	}
	return nil
}
