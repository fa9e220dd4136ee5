package main

import (
	"context"
	"fmt"
	"time"

	"noren"
	"noren/dialect/recore"
)

// identifications are the API keys of ReCORE clients, by the key of the client. They are not stored: they are made
// from the tenant's signing secret whenever they are asked for, and each that was ever made works.
type identifications map[string]string

// identify makes the API key of every ReCORE client of the reports, as of now.
func identify(ctx context.Context, service *noren.Service, reports []noren.ShopReport, now time.Time) (identifications, error) {
	keys := make(identifications)
	for _, r := range reports {
		for _, c := range r.Clients {
			if c.Dialect != noren.ReCORE {
				continue
			}
			key, err := identification(ctx, service, c.Key, now)
			if err != nil {
				return keys, fmt.Errorf("making the API key of %s, client %s: %w", r.Contract, c.Name, err)
			}
			keys[c.Key] = key
		}
	}
	return keys, nil
}

func identification(ctx context.Context, service *noren.Service, client string, now time.Time) (string, error) {
	caller, err := service.CallerByKey(ctx, noren.ReCORE, client)
	if err != nil {
		return "", err
	}
	secret, err := service.TenantSecret(ctx, caller.Tenant.ID, noren.SecretReCOREKeys)
	if err != nil {
		return "", err
	}
	return recore.Mint(secret, caller.Tenant.Contract, caller.Client, now)
}
