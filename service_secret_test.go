package noren_test

import (
	"strings"
	"sync"
	"testing"

	"noren"
)

// However many ask at once, they get one secret; other names and tenants have their own, and the audit log has none.
func TestTenantSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	service, engine := newService(t)
	if _, err := service.ApplyShop(t.Context(), shopWithEverything()); err != nil {
		t.Fatal(err)
	}
	tenant, err := service.TenantByContract(t.Context(), "sb_test")
	if err != nil {
		t.Fatal(err)
	}
	made := make([]string, 8)
	var wait sync.WaitGroup
	for i := range made {
		wait.Go(func() {
			var err error
			if made[i], err = service.TenantSecret(t.Context(), tenant.ID, noren.SecretReCOREKeys); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, secret := range made {
		if secret != made[0] || len(secret) != 43 {
			t.Errorf("%q and %q", made[0], secret)
		}
	}
	if links, err := service.TenantSecret(t.Context(), tenant.ID, noren.SecretFileLinks); err != nil || links == made[0] {
		t.Error(links, err)
	}
	recorded := 0
	for _, e := range audit(t, engine) {
		if e.Subject == "signing key" && (e.SubjectID == noren.SecretReCOREKeys || e.SubjectID == noren.SecretFileLinks) {
			recorded++
		}
		if strings.Contains(string(e.Changes), made[0]) {
			t.Error("the audit log has the secret")
		}
	}
	if recorded != 2 {
		t.Errorf("%d entries for two secrets", recorded)
	}
}

func TestCallerByKey(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	if _, err := service.ApplyShop(t.Context(), shopWithEverything()); err != nil {
		t.Fatal(err)
	}
	c, err := service.CallerByKey(t.Context(), noren.Smaregi, "pos-app")
	if err != nil || !c.HasScope("pos.stock:read") || c.Tenant.Contract != "sb_test" {
		t.Error(c, err)
	}
	for dialect, key := range map[noren.Dialect]string{noren.Smaregi: "nobody", noren.ReCORE: "pos-app"} {
		if _, err := service.CallerByKey(t.Context(), dialect, key); noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("%s of %s: %v", key, dialect, err)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	if _, err := service.ApplyShop(t.Context(), shopWithEverything()); err != nil {
		t.Fatal(err)
	}
	tenant, err := service.TenantByContract(t.Context(), "sb_test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Upload(t.Context(), tenant.ID, "nothing"); noren.KindOf(err) != noren.NotFound {
		t.Error(err)
	}
	for id, want := range map[int64]bool{1: true, 2: false} {
		if got, err := service.StoreExists(t.Context(), tenant.ID, id); err != nil || got != want {
			t.Error(id, got, err)
		}
	}
}
