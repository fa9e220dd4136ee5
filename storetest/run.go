// Package storetest is the conformance suite that every implementation of noren.Engine runs (Run).
package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"noren"
)

// Now is the time at which the suite runs. It has microseconds, as has what is stored.
func Now() time.Time { return time.Date(2026, time.April, 1, 3, 0, 0, 123_456_000, time.UTC) }

// Run checks that an implementation of noren.Engine does what its documentation says. open makes an engine on an
// empty database, whose own clock stands still at Now, and closes it when the test ends.
func Run(t *testing.T, open func(t *testing.T) noren.Engine) {
	groups := []group{
		{name: "transaction", checks: transactionChecks()},
		{name: "counter", checks: counterChecks()},
		{name: "catalogue", checks: catalogueChecks()},
		{name: "member", checks: memberChecks()},
		{name: "member filter", checks: memberFilterChecks()},
		{name: "member query", checks: memberQueryChecks()},
		{name: "keyword", checks: keywordChecks()},
		{name: "member search", checks: memberSearchChecks()},
		{name: "stock", checks: stockChecks()},
		{name: "bulk", checks: bulkChecks()},
		{name: "callback", checks: callbackChecks()},
		{name: "access", checks: accessChecks()},
		{name: "list", checks: listChecks()},
		{name: "point", checks: pointChecks()},
		{name: "point list", checks: pointListChecks()},
		{name: "file", checks: fileChecks()},
		{name: "takeover", checks: takeOverChecks()},
		{name: "rank", checks: rankChecks()},
		{name: "import", checks: importChecks()},
		{name: "purchase", checks: purchaseChecks()},
		{name: "webhook", checks: webhookChecks()},
		{name: "isolation", checks: isolationChecks()},
		{name: "directory", checks: directoryChecks(), alone: true},
		{name: "console", checks: consoleChecks(), alone: true},
		{name: "imports to work on", checks: importDirectoryChecks(), alone: true},
		{name: "claim", checks: claimChecks(), alone: true},
		{name: "verify", checks: verifyChecks(), alone: true},
		{name: "verify points and files", checks: verifyPointChecks(), alone: true},
		{name: "verify ranks", checks: verifyRankChecks(), alone: true},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			// Opened by the first check that needs it: migrating an empty database takes longer than most checks.
			engine := sync.OnceValue(func() noren.Engine { return open(t) })
			for _, c := range g.checks {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					if g.alone {
						c.run(t, setup(t, open(t)))
					} else {
						c.run(t, setup(t, engine()))
					}
				})
			}
		})
	}
}

// group is the checks of one noun. They share an engine, each with a tenant of its own, unless they look across
// tenants: then each runs alone.
type group struct {
	name   string
	checks []check
	alone  bool
}

type check struct {
	name string
	run  func(t *testing.T, b *bundle)
}

// at is the instant n minutes after Now.
func at(n int) time.Time { return Now().Add(time.Duration(n) * time.Minute) }

// bundle is an engine and a tenant that has three ranks, two staff ranks, three stores (the third a warehouse),
// three products and two clients, numbered from 1.
type bundle struct {
	noren.Engine
	tenant noren.Tenant
	ctx    context.Context // of the test
}

// contracts numbers the tenants, so that the tests that share an engine do not share a tenant.
var contracts atomic.Int64

func setup(t *testing.T, engine noren.Engine) *bundle {
	t.Helper()
	b := &bundle{Engine: engine, ctx: t.Context()}
	// Of one length, so that contracts sort in the order in which they were made.
	contract := fmt.Sprintf("sb_%06d", contracts.Add(1))
	tenant, created, err := engine.EnsureTenant(b.ctx, contract)
	if err != nil || !created {
		t.Fatalf("EnsureTenant(%s): created %t, error %v", contract, created, err)
	}
	b.tenant = noren.Tenant{
		ID: tenant.ID, Contract: contract, Name: "暖簾商店", Plan: noren.PlanPremiumPlus,
		Timezone: "Asia/Tokyo", Currency: "JPY", RequiredColumns: []string{"phoneNumber"},
		Points: noren.DefaultPoints(),
	}
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.PutTenant(b.ctx, b.tenant),
			tx.PutRanks(b.ctx, ranks()),
			tx.PutStaffRanks(b.ctx, []noren.StaffRank{{ID: 1, Name: "社員"}, {ID: 2, Name: "役員"}}),
			tx.PutStores(b.ctx, stores()),
			tx.PutProducts(b.ctx, products()),
			// As a shop file does, so that the numbers given by hand are not given again.
			tx.Raise(b.ctx, noren.CounterProduct, int64(len(products()))),
			tx.PutClients(b.ctx, []noren.Client{b.client(1), b.client(2)}),
		)
	})
	return b
}

// other is a second tenant of the same engine, made like the first.
func (b *bundle) other(t *testing.T) *bundle {
	t.Helper()
	return setup(t, b.Engine)
}

func ranks() []noren.Rank {
	return []noren.Rank{
		{ID: 1, UID: "dd5cc1f2-df4c-11ed-8376-787b8aae8c7a", Position: 1, Name: "Bronze", Ratio: 0.01},
		{ID: 2, UID: "08eeb334-df4d-11ed-ba1e-787b8aae8c7a", Position: 2, Name: "Silver", EntrySpend: 2000, MaintenanceSpend: 1000, Ratio: 0.03},
		{ID: 3, UID: "1f9b2a5c-df4d-11ed-9b0e-787b8aae8c7a", Position: 3, Name: "ゴールド", EntrySpend: 5000, MaintenanceSpend: 4000, Ratio: 0.1},
	}
}

func stores() []noren.Store {
	return []noren.Store{
		{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop, CreatedAt: at(0), UpdatedAt: at(1)},
		{ID: 2, Code: "002", Name: "支店", Kind: noren.StoreShop, CreatedAt: at(0), UpdatedAt: at(2)},
		{ID: 3, Code: "003", Name: "中央倉庫", Kind: noren.StoreWarehouse, CreatedAt: at(0), UpdatedAt: at(3)},
	}
}

func products() []noren.Product {
	return []noren.Product{
		{ID: 1, Code: "P001", Name: "緑茶", CreatedAt: at(0), UpdatedAt: at(1)},
		{ID: 2, Code: "P002", Name: "ほうじ茶", CreatedAt: at(0), UpdatedAt: at(2)},
		{ID: 3, Code: "p-003", Name: "湯呑", CreatedAt: at(0), UpdatedAt: at(3)},
	}
}

// client is the tenant's client with that id; its key is taken from the contract, because keys are unique over all tenants.
func (b *bundle) client(id int64) noren.Client {
	return noren.Client{
		ID: id, Name: fmt.Sprintf("client %d", id), Dialect: noren.Smaregi, Kind: noren.AppClient,
		Scopes:        []string{"pos.customers:write", "pos.stock:write"},
		Key:           fmt.Sprintf("%s-key-%d", b.tenant.Contract, id),
		SecretHash:    noren.HashSecret(fmt.Sprintf("secret %d", id)),
		WebhookSecret: fmt.Sprintf("whsec_%s_%d", b.tenant.Contract, id),
	}
}

// update runs fn in a transaction that must succeed.
func (b *bundle) update(t rapid.TB, fn func(tx noren.Tx) error) {
	t.Helper()
	if err := b.Update(b.ctx, b.tenant.ID, fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// view runs fn on a snapshot, which must succeed.
func (b *bundle) view(t rapid.TB, fn func(tx noren.Tx) error) {
	t.Helper()
	if err := b.View(b.ctx, b.tenant.ID, fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// same fails the test if got differs from want. Instants are compared regardless of their zone, and nil and empty lists
// are the same.
func same(t rapid.TB, what string, want, got any) {
	t.Helper()
	// Errorf and not Fatalf: one run then shows all that differs, and it may be called beside the test's own goroutine.
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// isKind fails the test if err is not of the kind.
func isKind(t rapid.TB, what string, kind noren.Kind, err error) {
	t.Helper()
	if err == nil || noren.KindOf(err) != kind {
		t.Errorf("%s: error %v of kind %v, want kind %v", what, err, noren.KindOf(err), kind)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// inParallel runs fn n times at once, with 0 to n-1, and returns when all have returned.
func inParallel(n int, fn func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { fn(i) })
	}
	group.Wait()
}

// idsOf lists the ids of what a list method returned, in its order.
func idsOf[T any](list []T, id func(T) int64) []int64 {
	ids := make([]int64, len(list))
	for i, x := range list {
		ids[i] = id(x)
	}
	return ids
}

// upTo is 1 to n.
func upTo(n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return ids
}
