package apptest

import (
	"cmp"
	"slices"
	"testing"

	"noren"
	"noren/app"
)

// Claim claims every callback that is due, of all tenants, the longest due first.
func Claim(t testing.TB, a *app.App) (claimed []noren.Callback) {
	t.Helper()
	const all = 1000
	tenants, err := a.Bulk.TenantsDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		hosts, err := a.Bulk.CallbackHosts(t.Context(), tenant, "", all)
		if err != nil {
			t.Fatal(err)
		}
		shares := make([]noren.HostShare, len(hosts))
		for i, h := range hosts {
			shares[i] = noren.HostShare{Host: h.Host, Most: all}
		}
		list, err := a.Bulk.ClaimCallbacks(t.Context(), tenant, shares)
		if err != nil {
			t.Fatal(err)
		}
		claimed = append(claimed, list...)
	}
	// Each tenant's come in its own order; tests want one order over all of them.
	slices.SortStableFunc(claimed, func(a, b noren.Callback) int {
		return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.TenantID, b.TenantID))
	})
	return claimed
}
