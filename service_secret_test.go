package noren_test

import (
	"slices"
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

// A pair of keys proves itself by both, or by the secret one alone, until that is replaced; and to its own dialect.
func TestPairsOfKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	apply := func(secret string, scopes ...string) {
		t.Helper()
		_, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Clients: []noren.ShopClient{
			{Name: "web", Dialect: noren.EasyPoints, Key: "public", Secret: secret, Scopes: scopes},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(name string, want bool, scopes []string, prove func() (noren.Caller, error)) {
		t.Helper()
		c, err := prove()
		if want && (err != nil || c.Client.Name != "web" || !slices.Equal(c.Scopes, scopes)) || !want && noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("%s: %+v, %v", name, c.Scopes, err)
		}
	}
	pair := func(dialect noren.Dialect, key, secret string) func() (noren.Caller, error) {
		return func() (noren.Caller, error) { return b.AuthenticateKey(b.ctx, dialect, key, secret) }
	}
	alone := func(dialect noren.Dialect, secret string) func() (noren.Caller, error) {
		return func() (noren.Caller, error) { return b.AuthenticateSecret(b.ctx, dialect, secret) }
	}
	apply("first", "read")
	check("both", true, []string{"read"}, pair(noren.EasyPoints, "public", "first"))
	check("the secret alone", true, []string{"read"}, alone(noren.EasyPoints, "first"))
	check("a wrong secret", false, nil, pair(noren.EasyPoints, "public", "x"))
	check("no secret", false, nil, pair(noren.EasyPoints, "public", ""))
	check("an unknown key", false, nil, pair(noren.EasyPoints, "x", "first"))
	check("another dialect's key", false, nil, pair(noren.Smaregi, "public", "first"))
	check("another dialect's secret", false, nil, alone(noren.Smaregi, "first"))
	check("the public key alone", false, nil, alone(noren.EasyPoints, "public"))
	apply("", "read", "write")
	check("more scopes", true, []string{"read", "write"}, alone(noren.EasyPoints, "first"))
	apply("second", "read")
	check("what was replaced, with the key", false, nil, pair(noren.EasyPoints, "public", "first"))
	check("what was replaced, alone", false, nil, alone(noren.EasyPoints, "first"))
	check("what replaced it", true, []string{"read"}, alone(noren.EasyPoints, "second"))
}
