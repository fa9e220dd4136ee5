package access_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
)

// All who ask at once get the same secret. Other names and tenants have their own, and no secret is in the audit log.
func TestTenantSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	rooms, engine := apptest.Rooms(t)
	if _, err := rooms.Shop.Apply(t.Context(), apptest.ShopWithEverything()); err != nil {
		t.Fatal(err)
	}
	tenant, err := rooms.Access.TenantByContract(t.Context(), "sb_test")
	if err != nil {
		t.Fatal(err)
	}
	made := make([]string, 8)
	var wait sync.WaitGroup
	for i := range made {
		wait.Go(func() {
			var err error
			if made[i], err = rooms.Access.TenantSecret(t.Context(), tenant.ID, access.SecretReCOREKeys); err != nil {
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
	if links, err := rooms.Access.TenantSecret(t.Context(), tenant.ID, access.SecretFileLinks); err != nil || links == made[0] {
		t.Error(links, err)
	}
	recorded := 0
	for _, e := range apptest.AuditOf(t, engine) {
		if e.Subject == "signing key" && (e.SubjectID == access.SecretReCOREKeys || e.SubjectID == access.SecretFileLinks) {
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
	rooms, _ := apptest.Rooms(t)
	if _, err := rooms.Shop.Apply(t.Context(), apptest.ShopWithEverything()); err != nil {
		t.Fatal(err)
	}
	c, err := rooms.Access.CallerByKey(t.Context(), noren.Smaregi, "pos-app")
	if err != nil || !c.HasScope("pos.stock:read") || c.Tenant.Contract != "sb_test" {
		t.Error(c, err)
	}
	for dialect, key := range map[noren.Dialect]string{noren.Smaregi: "nobody", noren.ReCORE: "pos-app"} {
		if _, err := rooms.Access.CallerByKey(t.Context(), dialect, key); noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("%s of %s: %v", key, dialect, err)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	rooms, _ := apptest.Rooms(t)
	if _, err := rooms.Shop.Apply(t.Context(), apptest.ShopWithEverything()); err != nil {
		t.Fatal(err)
	}
	tenant, err := rooms.Access.TenantByContract(t.Context(), "sb_test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rooms.Members.Upload(t.Context(), tenant.ID, "nothing"); noren.KindOf(err) != noren.NotFound {
		t.Error(err)
	}
	for id, want := range map[int64]bool{1: true, 2: false} {
		if got, err := rooms.Stock.StoreExists(t.Context(), tenant.ID, id); err != nil || got != want {
			t.Error(id, got, err)
		}
	}
}

// A client authenticates with both keys, or with its secret alone until that is replaced, and only in its own dialect.
func TestPairsOfKeys(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apply := func(secret string, scopes ...string) {
		t.Helper()
		_, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Clients: []access.ClientSpec{
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
		return func() (noren.Caller, error) { return b.Access.AuthenticateKey(b.Ctx, dialect, key, secret) }
	}
	alone := func(dialect noren.Dialect, secret string) func() (noren.Caller, error) {
		return func() (noren.Caller, error) { return b.Access.AuthenticateSecret(b.Ctx, dialect, secret) }
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

// A client of easyPoints made by a person sends its secret as a Bearer token, like one of a shop file, until it is revoked.
func TestSecretOfAClientThatAPersonMakes(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	tenant, err := b.Access.TenantByContract(b.Ctx, "sb_test")
	if err != nil {
		t.Fatal(err)
	}
	by := noren.Caller{Tenant: tenant, Login: "admin"}
	made, credentials, _, err := b.Access.CreateClient(b.Ctx, by, access.NewClient{
		Dialect: noren.EasyPoints, ClientSettings: access.ClientSettings{Name: "shop", Scopes: []string{"read"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Access.AuthenticateSecret(b.Ctx, noren.EasyPoints, credentials.Secret)
	if err != nil || c.Client.ID != made.ID || len(c.Scopes) != 1 {
		t.Errorf("%+v: %v", c, err)
	}
	if _, err := b.Access.RevokeClient(b.Ctx, by, made.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Access.AuthenticateSecret(b.Ctx, noren.EasyPoints, credentials.Secret); noren.KindOf(err) != noren.Unauthenticated {
		t.Errorf("a revoked client: %v", err)
	}
}

// TestAPIKeysAreLoggedByNumber issues a key and revokes it: the log says which.
func TestAPIKeysAreLoggedByNumber(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	c := noren.Caller{Tenant: b.Caller.Tenant}
	made, _, _, err := b.Access.CreateClient(b.Ctx, c, access.NewClient{ClientSettings: access.ClientSettings{Name: "keys"}, Dialect: noren.ReCORE}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := b.Access.IssueAPIKey(b.Ctx, c, made.ID, nil)
	if err == nil {
		err = b.Access.RevokeAPIKey(b.Ctx, c, made.ID, key.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	log, err := b.Audit.Log(b.Ctx, c, noren.AuditFilter{Subject: "client", SubjectID: "keys"})
	if err != nil {
		t.Fatal(err)
	}
	var logged []string
	for _, e := range log.Items {
		if strings.Contains(string(e.Changes), "api key") {
			logged = append(logged, string(e.Changes))
		}
	}
	slices.Reverse(logged) // the newest first
	apptest.Same(t, "the log", []string{fmt.Sprintf(`{"api key":[null,%d]}`, key.ID), fmt.Sprintf(`{"api key":[%d,null]}`, key.ID)}, logged)
}
