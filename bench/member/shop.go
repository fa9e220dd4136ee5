package member

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/shop"
	"noren/bench/seed"
	"noren/dialect/recore"
	"noren/sqlstore"
)

// memberClient is the key of the client that speaks the ReCORE dialect.
const memberClient = "bench-members"

// startPoints is what each member has, in one lot, before anything is measured.
const startPoints = 1_000_000

// addShop adds to the seeded shop what the ReCORE dialect needs: a client of its own, whose API key it returns, points for
// each member, and the newcomers.
func addShop(ctx context.Context, p seed.Place, url string, members int) (identification string, err error) {
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	service := app.New(app.Config{Engine: engine})
	_, err = service.Shop.Apply(ctx, shop.Shop{Contract: seed.Contract, Clients: []access.ClientSpec{{
		Name: "bench members", Dialect: noren.ReCORE, Kind: noren.AppClient, Key: memberClient, Secret: seed.ClientSecret,
		Scopes: []string{"member:index", "member:show"},
	}}})
	if err != nil {
		return "", err
	}
	caller, err := engine.CallerByKey(ctx, noren.ReCORE, memberClient)
	if err != nil {
		return "", err
	}
	err = engine.Update(ctx, caller.Tenant.ID, func(tx noren.Tx) error {
		return errors.Join(
			// The start points are written by hand below, with these numbers.
			tx.Raise(ctx, noren.CounterPointLot, int64(members)), tx.Raise(ctx, noren.CounterPointEntry, int64(members)))
	})
	if err != nil {
		return "", err
	}
	for batch := range slices.Chunk(newcomers(members, time.Now()), seed.SeedBatch) {
		err := engine.Update(ctx, caller.Tenant.ID, func(tx noren.Tx) error {
			return errors.Join(tx.InsertMembers(ctx, batch), tx.Raise(ctx, noren.CounterMember, batch[len(batch)-1].ID))
		})
		if err != nil {
			return "", err
		}
	}
	if err := grantStartPoints(ctx, p, url, caller.Tenant.ID, members); err != nil {
		return "", err
	}
	// The secret of temporary addresses is made at its first use, which must not be measured.
	if _, err := service.Access.TenantSecret(ctx, caller.Tenant.ID, access.SecretFileLinks); err != nil {
		return "", err
	}
	secret, err := service.Access.TenantSecret(ctx, caller.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		return "", err
	}
	return recore.Mint(secret, seed.Contract, caller.Client, noren.APIKey{IssuedAt: time.Now()})
}

// grantStartPoints writes a lot and an entry for each member except the newcomers, both with the id of the member.
func grantStartPoints(ctx context.Context, p seed.Place, url string, tenant noren.TenantID, members int) error {
	db, err := p.Open(url, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	statements := []string{
		fmt.Sprintf(`INSERT INTO point_lots (tenant_id, id, member_id, type, granted_at, expires_on, amount, remaining)
			SELECT tenant_id, id, id, 'DEFAULT', created_at, NULL, %d, %[1]d FROM members
			WHERE tenant_id = %d AND id <= %d ORDER BY id`, startPoints, tenant, members),
		fmt.Sprintf(`INSERT INTO point_entries (tenant_id, id, member_id, type, kind, delta, note, at, dialect, request_id)
			SELECT tenant_id, id, id, 'DEFAULT', 'granted', %d, '', created_at, 'noren', '' FROM members
			WHERE tenant_id = %d AND id <= %d ORDER BY id`, startPoints, tenant, members),
	}
	// Or the plans would be those for empty tables.
	if p.Engine() == "postgres" {
		statements = append(statements, "ANALYZE")
	}
	for _, s := range statements {
		if err := seed.Executed(ctx, db, s); err != nil {
			return err
		}
	}
	return nil
}
