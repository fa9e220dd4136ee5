package storetest

import (
	"testing"
	"time"

	"noren"
)

func catalogueChecks() []check {
	return []check{
		{"settings of the tenant", catalogueTenant},
		{"ranks are ordered by position", catalogueRanks},
		{"staff ranks and staff", catalogueStaff},
		{"stores and products are inserted and updated by id", cataloguePut},
		{"filters of stores and products", catalogueFilters},
		{"order and pages of stores and products", catalogueOrder},
		{"console users", catalogueConsoleUsers},
		{"signing keys", catalogueSigningKeys},
	}
}

// catalogueTenant checks that settings come back whole through both ways of reading them: in a transaction and
// by contract id.
func catalogueTenant(t *testing.T, b *bundle) {
	want := b.tenant
	want.Name, want.HeadquartersLinked = `"引用" ' \ 😀`, true
	want.Points = noren.PointSettings{Enabled: true, ExpiresAfterMonths: 12, DefaultTitle: "通常P", PaidTitle: "有償P"}
	want.Programme = &noren.RankProgramme{
		Start: "2026-01", WindowMonths: 12, CheckEveryMonths: 1, Demotion: "one_step", EffectiveFromUnix: Now().Unix(),
	}
	b.update(t, func(tx noren.Tx) error {
		before, err := tx.Tenant(b.ctx)
		same(t, "the tenant before", b.tenant, before)
		return firstError(err, tx.PutTenant(b.ctx, want))
	})
	b.view(t, func(tx noren.Tx) error {
		got, err := tx.Tenant(b.ctx)
		same(t, "the tenant after", want, got)
		return err
	})
	got, created, err := b.EnsureTenant(b.ctx, want.Contract)
	if err != nil || created {
		t.Errorf("EnsureTenant: created %t, error %v", created, err)
	}
	same(t, "the tenant by contract", want, got)
}

func catalogueRanks(t *testing.T, b *bundle) {
	b.update(t, func(tx noren.Tx) error {
		return tx.PutRanks(b.ctx, []noren.Rank{
			{ID: 9, UID: "b9e1a5a0-df4d-11ed-a2f0-787b8aae8c7a", Position: 4, Name: "Platinum", EntrySpend: 1 << 40, Ratio: 0.125},
			{ID: 1, UID: ranks()[0].UID, Position: 5, Name: "moved", MaintenanceSpend: 7, Ratio: 0.5},
		})
	})
	b.view(t, func(tx noren.Tx) error {
		got, err := tx.Ranks(b.ctx)
		same(t, "the ranks", []noren.Rank{
			ranks()[1], ranks()[2],
			{ID: 9, UID: "b9e1a5a0-df4d-11ed-a2f0-787b8aae8c7a", Position: 4, Name: "Platinum", EntrySpend: 1 << 40, Ratio: 0.125},
			{ID: 1, UID: ranks()[0].UID, Position: 5, Name: "moved", MaintenanceSpend: 7, Ratio: 0.5},
		}, got)
		return err
	})
}

func catalogueStaff(t *testing.T, b *bundle) {
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.PutStaffRanks(b.ctx, []noren.StaffRank{{ID: 2, Name: "部長"}, {ID: 3, Name: "店長"}}),
			tx.PutStaff(b.ctx, []noren.Staff{{ID: 2, Code: "S2", Name: "二"}, {ID: 1, Code: "S1", Name: "一", StoreID: new(int64(1))}}),
			tx.PutStaff(b.ctx, []noren.Staff{{ID: 2, Code: "S2", Name: "二郎", StoreID: new(int64(2))}}),
		)
	})
	b.view(t, func(tx noren.Tx) error {
		staffRanks, err := tx.StaffRanks(b.ctx)
		same(t, "the staff ranks", []noren.StaffRank{{ID: 1, Name: "社員"}, {ID: 2, Name: "部長"}, {ID: 3, Name: "店長"}}, staffRanks)
		staff, err2 := tx.Staff(b.ctx)
		same(t, "the staff", []noren.Staff{
			{ID: 1, Code: "S1", Name: "一", StoreID: new(int64(1))}, {ID: 2, Code: "S2", Name: "二郎", StoreID: new(int64(2))},
		}, staff)
		return firstError(err, err2)
	})
}

// cataloguePut updates one and inserts one in the same call, because a shop file does not know which is which.
func cataloguePut(t *testing.T, b *bundle) {
	store := noren.Store{ID: 2, Code: "020", Name: "新支店", Kind: noren.StoreOrder, CreatedAt: at(9), UpdatedAt: at(9)}
	product := noren.Product{ID: 2, Code: "P020", Name: "番茶", CreatedAt: at(9), UpdatedAt: at(9)}
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.PutStores(b.ctx, []noren.Store{{ID: 4, Code: "004", Name: "四", Kind: noren.StoreShop, CreatedAt: at(9), UpdatedAt: at(9)}, store}),
			tx.PutProducts(b.ctx, []noren.Product{product}),
		)
	})
	// An update does not change the time of creation.
	store.CreatedAt, product.CreatedAt = at(0), at(0)
	b.view(t, func(tx noren.Tx) error {
		gotStores, total, err := tx.Stores(b.ctx, noren.CatalogueFilter{})
		same(t, "the number of stores", 4, total)
		same(t, "the stores", []noren.Store{
			stores()[0], store, stores()[2],
			{ID: 4, Code: "004", Name: "四", Kind: noren.StoreShop, CreatedAt: at(9), UpdatedAt: at(9)},
		}, gotStores)
		gotProducts, total, err2 := tx.Products(b.ctx, noren.CatalogueFilter{})
		same(t, "the number of products", 3, total)
		same(t, "the products", []noren.Product{products()[0], product, products()[2]}, gotProducts)
		return firstError(err, err2)
	})
}

func catalogueFilters(t *testing.T, b *bundle) {
	for _, c := range []struct {
		name    string
		filter  noren.CatalogueFilter
		stores  []int64
		product []int64
	}{
		{"all", noren.CatalogueFilter{}, []int64{1, 2, 3}, []int64{1, 2, 3}},
		{"ids in any order, unknown ones left out", noren.CatalogueFilter{IDs: []int64{3, 99, 1}}, []int64{1, 3}, []int64{1, 3}},
		{"code of a store", noren.CatalogueFilter{Code: "002"}, []int64{2}, nil},
		{"code of a product", noren.CatalogueFilter{Code: "P002"}, nil, []int64{2}},
		{"a code is matched whole and by case", noren.CatalogueFilter{Code: "P-003"}, nil, nil},
		{"updated from", noren.CatalogueFilter{Updated: noren.Span{From: at(2)}}, []int64{2, 3}, []int64{2, 3}},
		{"updated to", noren.CatalogueFilter{Updated: noren.Span{To: at(2)}}, []int64{1, 2}, []int64{1, 2}},
		{"updated at an instant", noren.CatalogueFilter{Updated: noren.Span{From: at(2), To: at(2)}}, []int64{2}, []int64{2}},
		{"everything at once", noren.CatalogueFilter{IDs: []int64{1, 2}, Code: "002", Updated: noren.Span{From: at(1)}}, []int64{2}, nil},
	} {
		b.checkCatalogue(t, c.name, c.filter, c.stores, len(c.stores), c.product, len(c.product))
	}
}

// catalogueOrder includes codes whose order differs between bytes and a language: p-003 sorts before P001 in English.
func catalogueOrder(t *testing.T, b *bundle) {
	three := []int64{3, 2, 1}
	for _, c := range []struct {
		name   string
		filter noren.CatalogueFilter
		want   []int64
	}{
		{"id descending", noren.CatalogueFilter{Sort: []noren.Sort{{Column: "id", Desc: true}}}, three},
		{"updated descending", noren.CatalogueFilter{Sort: []noren.Sort{{Column: "updated_at", Desc: true}}}, three},
		{"code descending: small letters after capitals", noren.CatalogueFilter{Sort: []noren.Sort{{Column: "code", Desc: true}}}, three},
		{"first page", noren.CatalogueFilter{Page: noren.Page{Limit: 2}}, []int64{1, 2}},
		{"second page", noren.CatalogueFilter{Page: noren.Page{Limit: 2, Offset: 2}}, []int64{3}},
		{"offset without limit", noren.CatalogueFilter{Page: noren.Page{Offset: 1}}, []int64{2, 3}},
		{"behind the end", noren.CatalogueFilter{Page: noren.Page{Limit: 2, Offset: 9}}, nil},
		{"page of an order", noren.CatalogueFilter{Sort: []noren.Sort{{Column: "code", Desc: true}}, Page: noren.Page{Limit: 1, Offset: 1}}, []int64{2}},
	} {
		b.checkCatalogue(t, c.name, c.filter, c.want, 3, c.want, 3)
	}
}

// checkCatalogue lists stores and products with one filter and compares their ids, and the totals without paging.
func (b *bundle) checkCatalogue(
	t *testing.T, name string, f noren.CatalogueFilter, stores []int64, storeTotal int, products []int64, productTotal int,
) {
	t.Helper()
	b.view(t, func(tx noren.Tx) error {
		gotStores, total, err := tx.Stores(b.ctx, f)
		same(t, "stores, "+name, stores, idsOf(gotStores, func(s noren.Store) int64 { return s.ID }))
		same(t, "number of stores, "+name, storeTotal, total)
		gotProducts, total, err2 := tx.Products(b.ctx, f)
		same(t, "products, "+name, products, idsOf(gotProducts, func(p noren.Product) int64 { return p.ID }))
		same(t, "number of products, "+name, productTotal, total)
		return firstError(err, err2)
	})
}

func catalogueConsoleUsers(t *testing.T, b *bundle) {
	admin := noren.ConsoleUser{Login: "admin", PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", Role: "admin"}
	clerk := noren.ConsoleUser{Login: "clerk", PasswordHash: "$argon2id$…", Role: noren.Clerk, StoreID: new(int64(2))}
	b.update(t, func(tx noren.Tx) error { return tx.PutConsoleUsers(b.ctx, []noren.ConsoleUser{clerk, admin}) })
	clerk.Role, clerk.StoreID = noren.Viewer, nil
	b.update(t, func(tx noren.Tx) error { return tx.PutConsoleUsers(b.ctx, []noren.ConsoleUser{clerk}) })
	b.view(t, func(tx noren.Tx) error {
		got, err := tx.ConsoleUsers(b.ctx)
		same(t, "the console users", []noren.ConsoleUser{admin, clerk}, got)
		return err
	})
}

func catalogueSigningKeys(t *testing.T, b *bundle) {
	check := func(name string, want noren.SigningKey) {
		b.view(t, func(tx noren.Tx) error {
			alone, err := b.SigningKey(b.ctx, b.tenant.ID, name)
			same(t, "the key, outside a transaction", want, alone)
			if err != nil {
				return err
			}
			got, err := tx.SigningKey(b.ctx, name)
			same(t, "the signing key "+name, want, got)
			return err
		})
	}
	check(noren.SigningKeyShopify, noren.SigningKey{})
	first := noren.SigningKey{Secret: "first"}
	for _, key := range []noren.SigningKey{first, first.Rotated("second", at(60)), {Secret: "third"}} {
		b.update(t, func(tx noren.Tx) error { return tx.PutSigningKey(b.ctx, noren.SigningKeyShopify, key) })
		if key.Previous == "" {
			key.PreviousUntil = time.UnixMicro(0).UTC()
		}
		check(noren.SigningKeyShopify, key)
	}
	check("another", noren.SigningKey{})
}
