package noren

import (
	"cmp"
	"context"
	"fmt"
)

func (a *shopApplier) clients(ctx context.Context) error {
	stored, err := a.tx.Clients(ctx)
	if err != nil {
		return err
	}
	byName := make(map[string]Client, len(stored))
	for _, c := range stored {
		byName[c.Name] = c
	}
	var changed []Client
	var tokens []Token
	var created, updated int
	for _, wanted := range a.shop.Clients {
		before, known := byName[wanted.Name]
		if known && before.Dialect != wanted.Dialect {
			return &Error{
				Kind: Conflict, Field: "clients", Value: wanted.Name,
				Message: fmt.Sprintf("the client %q speaks %s; give the new one another name", wanted.Name, before.Dialect),
			}
		}
		if before.RevokedAt != nil {
			return &Error{
				Kind: Conflict, Reason: ReasonRevoked, Field: "clients", Value: wanted.Name,
				Message: fmt.Sprintf("the client %q was revoked; leave it out, or give a new one another name", wanted.Name),
			}
		}
		after, credentials := wanted.over(before, known)
		credentials.Tenant = a.shop.Contract
		if !known {
			if after.ID, err = a.tx.Reserve(ctx, CounterClient, 1); err != nil {
				return err
			}
			created++
		}
		if wanted.Kind == UserClient && (!known || wanted.AccessToken != "") {
			credentials.AccessToken = cmp.Or(wanted.AccessToken, NewSecret(""))
			tokens = append(tokens, Token{Hash: HashSecret(credentials.AccessToken), ClientID: after.ID, Scopes: after.Scopes})
		}
		if wanted.Dialect == EasyPoints && credentials.Secret != "" { // it is a Bearer token too, and found as one
			tokens = append(tokens, Token{Hash: HashSecret(credentials.Secret), ClientID: after.ID, Scopes: after.Scopes})
		}
		a.report.Clients = append(a.report.Clients, credentials)
		if same := known && before.same(after); !same {
			changed = append(changed, after)
			a.record("client", after.Name, nil, after)
			if known {
				updated++
			}
		}
	}
	a.line("clients", created, updated, len(a.shop.Clients))
	if len(changed) > 0 {
		if err := a.tx.PutClients(ctx, changed); err != nil {
			return err
		}
	}
	for _, token := range tokens {
		if err := a.tx.AddToken(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

// over answers the client as wanted, on top of what is stored, with the credentials that can be shown.
func (w ShopClient) over(before Client, known bool) (Client, ClientCredentials) {
	after := before
	after.Name, after.Dialect, after.Kind = w.Name, w.Dialect, cmp.Or(w.Kind, AppClient)
	after.StoreID, after.Scopes = w.StoreID, w.Scopes
	after.Key = cmp.Or(w.Key, before.Key)
	secret, webhookSecret := w.Secret, w.WebhookSecret
	if !known {
		after.Key = cmp.Or(after.Key, NewSecret(string(w.Dialect)+"_"))
		secret = cmp.Or(secret, NewSecret(""))
		webhookSecret = cmp.Or(webhookSecret, NewWebhookSecret())
	}
	if secret != "" {
		after.SecretHash = HashSecret(secret)
	}
	after.WebhookSecret = cmp.Or(webhookSecret, before.WebhookSecret)
	return after, ClientCredentials{
		Name: w.Name, Dialect: w.Dialect, Kind: after.Kind, Key: after.Key, Secret: secret, WebhookSecret: webhookSecret,
	}
}
