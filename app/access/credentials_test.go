package access_test

import (
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
)

// TestCredentialsCanBeWithdrawn changes credentials in the shop file, and takes some out.
func TestCredentialsCanBeWithdrawn(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	file := func(token, secret string, users ...shop.ConsoleUser) {
		t.Helper()
		_, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", ConsoleUsers: users, Clients: []access.ClientSpec{
			{Name: "clerk", Dialect: noren.Smaregi, Kind: noren.UserClient, AccessToken: token},
			{Name: "till", Dialect: noren.Smaregi, Key: "till", Secret: secret, Scopes: []string{"pos.customers:read"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	good := func(token string) bool { _, err := b.Access.Authenticate(b.Ctx, token); return err == nil }
	file("token one", "secret one")
	issued, err := b.Access.IssueToken(b.Ctx, "sb_test", "till", "secret one", nil)
	if err != nil {
		t.Fatal(err)
	}
	file("token one", "secret one")
	if !good("token one") || !good(issued.Secret) {
		t.Fatal("applying the same file again withdraws credentials")
	}
	file("token two", "secret two")
	if good("token one") || !good("token two") || good(issued.Secret) {
		t.Errorf("after the file has others: the token before %t, the new one %t, one issued for the secret before %t",
			good("token one"), good("token two"), good(issued.Secret))
	}

	// A user's own password stays, until the file has another one. Who is taken out is switched off.
	signIn := func(login, password string) error {
		b.Clock.Advance(time.Hour) // past any wait after failures
		_, _, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: login, Password: password}, "")
		return err
	}
	hanako := shop.ConsoleUser{Login: "花子", Password: "ひらけごま、開けゴマ", Role: noren.Clerk}
	jiro := shop.ConsoleUser{Login: "次郎", Password: "ひらけごま、開けゴマ", Role: noren.Clerk}
	file("token two", "secret two", hanako, jiro)
	_, v, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: "花子", Password: hanako.Password}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Access.ChangePassword(b.Ctx, v, hanako.Password, "自分で決めた合い言葉です"); err != nil {
		t.Fatal(err)
	}
	file("token two", "secret two", hanako, jiro)
	if err := signIn("花子", "自分で決めた合い言葉です"); err != nil {
		t.Errorf("applying the same file sets the own password back: %v", err)
	}
	hanako.Password = "新しい合い言葉を配ります"
	file("token two", "secret two", hanako, jiro)
	if err := signIn("花子", hanako.Password); err != nil {
		t.Errorf("another password in the file is not set: %v", err)
	}
	secret, _, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: "花子", Password: hanako.Password}, "")
	if err != nil {
		t.Fatal(err)
	}
	file("token two", "secret two", jiro)
	_, err = b.Access.Visit(b.Ctx, secret)
	if signIn("花子", hanako.Password) == nil || noren.KindOf(err) != noren.Unauthenticated || signIn("次郎", jiro.Password) != nil {
		t.Errorf("after 花子 was taken out: the session %v", err)
	}
	file("token two", "secret two") // a file without users says nothing about them
	if signIn("次郎", jiro.Password) != nil {
		t.Error("a file without users has switched one off")
	}
	file("token two", "secret two", hanako, jiro)
	if err := signIn("花子", hanako.Password); err != nil {
		t.Errorf("back in the file: %v", err)
	}
	b.Sound(t)
}

// TestRotatedSecretsStay has a shop file that still has the secret before.
func TestRotatedSecretsStay(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	file := shop.Shop{Contract: "sb_test", SigningKeys: map[string]string{noren.SigningKeyShopify: "one"}}
	apply := func() []string {
		t.Helper()
		if _, err := b.Shop.Apply(b.Ctx, file); err != nil {
			t.Fatal(err)
		}
		_, valid, err := b.Inbox.Tenant(b.Ctx, "sb_test", noren.SigningKeyShopify)
		if err != nil {
			t.Fatal(err)
		}
		return valid
	}
	apptest.Same(t, "at first", []string{"one"}, apply())
	if _, _, err := b.Access.RotateSecret(b.Ctx, noren.Caller{Tenant: b.Caller.Tenant}, noren.SigningKeyShopify, "two", time.Hour); err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "both for an hour", []string{"two", "one"}, apply())
	// A third would end the first before its time.
	for _, kept := range []time.Duration{time.Hour, time.Second} {
		_, _, err := b.Access.RotateSecret(b.Ctx, noren.Caller{Tenant: b.Caller.Tenant}, noren.SigningKeyShopify, "three", kept)
		if noren.KindOf(err) != noren.Conflict {
			t.Errorf("a second rotation for %s: %v", kept, err)
		}
	}
	apptest.Same(t, "still both", []string{"two", "one"}, apply())
	b.Clock.Advance(time.Hour)
	_, valid, err := b.Inbox.Tenant(b.Ctx, "sb_test", noren.SigningKeyShopify)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "then the new one alone", []string{"two"}, valid)
	operator := noren.Caller{Tenant: b.Caller.Tenant}
	_, _, err = b.Access.RotateSecret(b.Ctx, operator, noren.SigningKeyShopify, "three", time.Hour)
	if err == nil {
		_, _, err = b.Access.RotateSecret(b.Ctx, operator, noren.SigningKeyShopify, "four", 0)
	}
	if err == nil {
		_, valid, err = b.Inbox.Tenant(b.Ctx, "sb_test", noren.SigningKeyShopify)
	}
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "a leak ends both at once", []string{"four"}, valid)
}

// TestCredentialsNameTheirTenant: each secret by which a request is found before its tenant is known names the tenant, where it is
// made and not given.
func TestCredentialsNameTheirTenant(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	report, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Clients: []access.ClientSpec{
		{Name: "till", Dialect: noren.Smaregi, Kind: noren.AppClient, Scopes: []string{"pos.stock:read"}},
		{Name: "made", Dialect: noren.Smaregi, Kind: noren.UserClient},
		{Name: "easy", Dialect: noren.EasyPoints, Kind: noren.AppClient},
		{Name: "given", Dialect: noren.Smaregi, Kind: noren.UserClient, AccessToken: "a token of our own"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tenant := b.Caller.Tenant.ID
	secrets := make(map[string]string)
	for _, c := range report.Clients {
		if secrets[c.Name] = c.AccessToken; c.Dialect == noren.EasyPoints {
			secrets[c.Name] = c.Secret
		}
		if c.Name == "till" {
			issued, err := b.Access.IssueToken(b.Ctx, "sb_test", c.Key, c.Secret, nil)
			if err != nil {
				t.Fatal(err)
			}
			secrets[c.Name] = issued.Secret
		}
	}
	_, made, _, err := b.Access.CreateClient(b.Ctx, b.Caller, newClient("new", noren.Smaregi, noren.UserClient), nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets["new"] = made.AccessToken
	for name, secret := range secrets {
		named := noren.TenantNamed(secret)
		if want := name != "given"; (named == tenant) != want {
			t.Errorf("the secret of %s names the tenant %d, want that of %d: %t", name, named, tenant, want)
		}
		if c, err := b.Access.Authenticate(b.Ctx, secret); err != nil || c.Client.Name != name {
			t.Errorf("%s comes as %s, %v", name, c.Client.Name, err)
		}
	}
	cookie, _, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "old password"}, "r1")
	if named := noren.TenantNamed(cookie); err != nil || named != tenant {
		t.Errorf("the session names the tenant %d, %v, want %d", named, err, tenant)
	}
}
