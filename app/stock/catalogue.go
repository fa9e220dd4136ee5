package stock

import (
	"context"
	"slices"

	"noren"
)

// Catalogue is what a member can refer to.
type Catalogue struct {
	Ranks      []noren.Rank // from the lowest up
	StaffRanks []noren.StaffRank
	Stores     []noren.Store // shops only; for a caller restricted to one store, only that one
}

// Catalogue returns the choices of a form about members.
func (s *Service) Catalogue(ctx context.Context, c noren.Caller) (out Catalogue, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		if out.StaffRanks, err = tx.StaffRanks(ctx); err != nil {
			return err
		}
		stores, _, err := tx.Stores(ctx, noren.CatalogueFilter{})
		for _, store := range stores {
			// Warehouses and order-receiving stores cannot be a member's store.
			if store.Kind == noren.StoreShop && noren.SeesStore(c.Client.StoreID, store.ID) {
				out.Stores = append(out.Stores, store)
			}
		}
		return err
	})
	return out, err
}

// Staff returns the staff that the caller may see and all stores of the tenant, both ordered by id.
func (s *Service) Staff(ctx context.Context, c noren.Caller) (staff []noren.Staff, stores []noren.Store, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if staff, err = tx.Staff(ctx); err != nil {
			return err
		}
		staff = slices.DeleteFunc(slices.Clone(staff), func(s noren.Staff) bool { return !s.VisibleTo(c.Client.StoreID) })
		stores, _, err = tx.Stores(ctx, noren.CatalogueFilter{})
		return err
	})
	return staff, stores, err
}

// Stores returns the stores that match.
func (s *Service) Stores(ctx context.Context, c noren.Caller, f noren.CatalogueFilter) (out noren.List[noren.Store], err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Stores(ctx, f)
		return err
	})
	return out, err
}

// StoresWithStock returns the stores whose stock the caller may see.
func (s *Service) StoresWithStock(ctx context.Context, c noren.Caller) (noren.List[noren.Store], error) {
	return s.Stores(ctx, c, noren.CatalogueFilter{IDs: ownStore(c)})
}

// ownStore is the only store whose stock the caller may see; nil for a caller without a restriction.
func ownStore(c noren.Caller) []int64 {
	if c.Client.StoreID == nil {
		return nil
	}
	return []int64{*c.Client.StoreID}
}

// Products returns the products that match.
func (s *Service) Products(ctx context.Context, c noren.Caller, f noren.CatalogueFilter) (out noren.List[noren.Product], err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Products(ctx, f)
		return err
	})
	return out, err
}

// StoreExists reports whether the tenant has the store.
func (s *Service) StoreExists(ctx context.Context, tenant noren.TenantID, id int64) (found bool, err error) {
	err = s.run.View(ctx, tenant, func(tx Tx) error {
		// From memory, as a rule: this is asked by requests whose header names a store.
		stores, _, err := tx.Stores(ctx, noren.CatalogueFilter{IDs: []int64{id}})
		found = len(stores) > 0
		return err
	})
	return found, err
}
