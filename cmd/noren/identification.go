package main

import (
	"context"
	"fmt"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/shop"
	"noren/dialect/recore"
)

// identifications are API keys of ReCORE clients by client key. They are not stored, so each is shown once, when it is
// issued.
type identifications map[string]string

// identify issues an API key for every ReCORE client in the reports that was just made. On an error it returns the keys
// issued so far.
func identify(ctx context.Context, rooms *app.App, reports []shop.Report) (identifications, error) {
	keys := make(identifications)
	for _, r := range reports {
		for _, c := range r.Clients {
			if c.Dialect != noren.ReCORE || !c.Made {
				continue
			}
			key, _, err := identification(ctx, rooms, c.Key, nil)
			if err != nil {
				return keys, fmt.Errorf("issuing the API key of %s, client %s; noren keys issue makes another: %w", r.Contract, c.Name, err)
			}
			keys[c.Key] = key
		}
	}
	return keys, nil
}

// identification issues an API key of one ReCORE client. The signing secret is created when it is first needed.
func identification(ctx context.Context, rooms *app.App, client string, expires *time.Time) (string, noren.APIKey, error) {
	caller, err := rooms.Access.CallerByKey(ctx, noren.ReCORE, client)
	if err != nil {
		return "", noren.APIKey{}, err
	}
	secret, err := rooms.Access.TenantSecret(ctx, caller.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		return "", noren.APIKey{}, err
	}
	known, key, err := rooms.Access.IssueAPIKey(ctx, operator(caller.Tenant), caller.Client.ID, expires)
	if err != nil {
		return "", noren.APIKey{}, err
	}
	identification, err := recore.Mint(secret, caller.Tenant.Contract, known, key)
	return identification, key, err
}

// operator is the caller of commands that change something of a tenant.
func operator(t noren.Tenant) noren.Caller {
	return noren.Caller{Tenant: t, Client: noren.Client{Dialect: noren.Operator}}
}
