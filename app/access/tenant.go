package access

import (
	"context"

	"noren"
)

// Tenants lists all tenants by contract id.
func (s *Service) Tenants(ctx context.Context) ([]noren.Tenant, error) {
	return s.directory.Tenants(ctx)
}

// TenantByContract finds a tenant by its contract id. NotFound if there is none.
func (s *Service) TenantByContract(ctx context.Context, contract string) (noren.Tenant, error) {
	return s.directory.TenantByContract(ctx, contract)
}

// SoleContract returns the contract id if the database has exactly one tenant, so that nobody has to type it; else "".
func (s *Service) SoleContract(ctx context.Context) (string, error) {
	tenants, err := s.directory.Tenants(ctx)
	// With several, nobody is told which there are.
	if err != nil || len(tenants) != 1 {
		return "", err
	}
	return tenants[0].Contract, nil
}

// ConsoleUsers lists the tenant's console users by login, those that are switched off included.
func (s *Service) ConsoleUsers(ctx context.Context, tenant noren.TenantID) (users []noren.ConsoleUser, err error) {
	err = s.run.View(ctx, tenant, func(tx Tx) error {
		users, err = tx.ConsoleUsers(ctx)
		return err
	})
	return users, err
}
