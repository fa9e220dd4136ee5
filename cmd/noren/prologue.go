package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"noren"
	"noren/app"
)

// The common beginning of the commands that work on stored data: the database, which must exist, and the tenants.

// openExisting opens the database for a command that does not create one. Nothing is logged: the command prints its
// results.
func (f databaseFlag) openExisting(ctx context.Context) (*house, error) {
	if err := f.mustExist(); err != nil {
		return nil, err
	}
	return openHouse(ctx, f.Database, slog.New(slog.DiscardHandler))
}

// tenantsFlags are the flags of commands that work on all tenants or on one.
type tenantsFlags struct {
	databaseFlag
	Tenant string `placeholder:"CONTRACT" help:"Only this tenant."`
}

// openTenants opens the database and returns the requested tenant, or all. lacks returns what a tenant lacks for the
// command, or "": a requested tenant that lacks something is an error, and among all tenants it is left out.
func (f tenantsFlags) openTenants(ctx context.Context, lacks func(noren.Tenant) string) (*house, []noren.Tenant, error) {
	h, err := f.openExisting(ctx)
	if err != nil {
		return nil, nil, err
	}
	tenants, err := f.tenants(ctx, h.rooms, lacks)
	if err != nil {
		h.close()
		return nil, nil, err
	}
	return h, tenants, nil
}

// tenants is openTenants without opening the database.
func (f tenantsFlags) tenants(ctx context.Context, rooms *app.App, lacks func(noren.Tenant) string) ([]noren.Tenant, error) {
	if f.Tenant != "" {
		t, err := tenantOf(ctx, rooms, f.Tenant)
		if err != nil {
			return nil, err
		}
		if reason := lacks(t); reason != "" {
			return nil, usageError{fmt.Errorf("--tenant: %s", reason)}
		}
		return []noren.Tenant{t}, nil
	}
	all, err := allTenants(ctx, rooms)
	if err != nil {
		return nil, err
	}
	var fit []noren.Tenant
	for _, t := range all {
		if lacks(t) == "" {
			fit = append(fit, t)
		}
	}
	return fit, nil
}

// anyTenant is the lacks of commands that work on every tenant.
func anyTenant(noren.Tenant) string { return "" }

// allTenants lists the tenants of the database.
func allTenants(ctx context.Context, rooms *app.App) ([]noren.Tenant, error) {
	all, err := rooms.Access.Tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the tenants: %w", err)
	}
	return all, nil
}

// tenantOf returns the tenant named by --tenant.
func tenantOf(ctx context.Context, rooms *app.App, contract string) (noren.Tenant, error) {
	t, err := rooms.Access.TenantByContract(ctx, contract)
	if err != nil {
		return t, unknownTenant(err, contract)
	}
	return t, nil
}

// tenantFlags are the flags of commands that work on one tenant.
type tenantFlags struct {
	databaseFlag
	Tenant string `placeholder:"CONTRACT" help:"The tenant; required if there are several."`
}

// openTenant opens the database and returns the tenant. The caller closes the house.
func (f tenantFlags) openTenant(ctx context.Context) (h *house, t noren.Tenant, err error) {
	if h, err = f.openExisting(ctx); err != nil {
		return nil, t, err
	}
	if t, err = soleTenant(ctx, h.rooms, f.Tenant); err != nil {
		h.close()
		return nil, t, err
	}
	return h, t, nil
}

// soleTenant returns the tenant named by --tenant or, without the flag, the only tenant of the database.
func soleTenant(ctx context.Context, rooms *app.App, contract string) (noren.Tenant, error) {
	if contract != "" {
		return tenantOf(ctx, rooms, contract)
	}
	all, err := allTenants(ctx, rooms)
	switch {
	case err != nil:
		return noren.Tenant{}, err
	case len(all) == 0:
		return noren.Tenant{}, usageError{errors.New("the database has no tenant yet; create one with noren apply")}
	case len(all) > 1:
		return noren.Tenant{}, usageError{fmt.Errorf("--tenant: required, because the database has %d tenants", len(all))}
	}
	return all[0], nil
}

// unknownTenant turns the error about a tenant that does not exist into one about --tenant.
func unknownTenant(err error, contract string) error {
	if noren.KindOf(err) == noren.NotFound {
		return usageError{fmt.Errorf("--tenant: no tenant %q in this database", contract)}
	}
	return fmt.Errorf("tenant %s: %w", contract, err)
}

// listFlags are the flags of commands that list entries of tenants.
type listFlags struct {
	tenantsFlags
	Limit int `default:"100" help:"Most entries to list for each tenant; 0 lists all."`
}

// page reads --limit as a page from the start of the list.
func (f listFlags) page() (noren.Page, error) {
	if f.Limit < 0 {
		return noren.Page{}, usageError{errors.New("--limit: must not be negative")}
	}
	return noren.Page{Limit: f.Limit}, nil
}
