package sqlstore_test

import (
	"slices"
	"sync"
	"testing"

	"noren"
	"noren/sqlstore"
	"noren/storetest"
)

// TestBalancesAreSetOneAfterAnother sets one member's balance from many sides at once: whatever the engine's locks, it
// ends as one of them has set it, and the ledger adds up to it.
func TestBalancesAreSetOneAfterAnother(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		db := open(t, sqlstore.Config{URL: newURL(t)})
		service := noren.NewService(noren.Config{Engine: db, Clock: storetest.Now})
		caller := noren.Caller{
			Tenant: noren.Tenant{ID: newTenant(t, db), Points: noren.PointSettings{Enabled: true}},
			Client: noren.Client{ID: 1, Dialect: noren.EasyPoints},
		}
		if err := createMembers(t.Context(), service, caller, 1); err != nil {
			t.Fatal(err)
		}
		wanted := []int64{0, 3, 17, 250}
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if _, _, err := service.SetPointBalance(t.Context(), caller, noren.MemberKey{ID: 1}, wanted[i%len(wanted)], nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		list, err := service.Member(t.Context(), caller, 1)
		if err != nil {
			t.Fatal(err)
		}
		var balance, sum int64
		for _, b := range list.Points[1] {
			balance += b.Total
		}
		ledger, err := service.PointLedger(t.Context(), caller, noren.PointEntryFilter{MemberID: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ledger.Entries {
			sum += e.Delta
		}
		if !slices.Contains(wanted, balance) || sum != balance {
			t.Errorf("the balance is %d, and the movements add up to %d", balance, sum)
		}
	})
}
