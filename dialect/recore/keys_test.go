package recore

import (
	"testing"
	"time"

	"noren"
	"noren/app/access"
)

// TestKeysOneByOne issues keys, lets one expire, revokes one, and replaces the secret that signs them.
func TestKeysOneByOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	caller, err := b.Rooms.Access.CallerByKey(t.Context(), noren.ReCORE, "app-A")
	if err != nil {
		t.Fatal(err)
	}
	mint := func(expires *time.Time) (string, noren.APIKey) {
		t.Helper()
		client, key, err := b.Rooms.Access.IssueAPIKey(t.Context(), noren.Caller{Tenant: caller.Tenant}, caller.Client.ID, expires)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := b.Rooms.Access.TenantSecret(t.Context(), caller.Tenant.ID, access.SecretReCOREKeys)
		if err != nil {
			t.Fatal(err)
		}
		text, err := Mint(secret, caller.Tenant.Contract, client, key)
		if err != nil {
			t.Fatal(err)
		}
		return text, key
	}
	status := func(key string) int {
		b.Clock.Advance(time.Second) // another second of the rate limit
		return b.Do(request{Method: "GET", Path: "/members", Header: map[string]string{headerKey: key}}).Status
	}
	first, one := mint(nil)
	// The last character of a signature has bits that say nothing.
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if other := first[:len(first)-1] + string(c); other != first && status(other) != 403 {
			t.Errorf("a key that ends in %c is taken for the one that ends in %s", c, first[len(first)-1:])
		}
	}
	second, _ := mint(new(b.Clock.Read().Add(time.Hour)))
	for range 2 { // the second time from memory
		if status(first) != 200 || status(second) != 200 {
			t.Fatal("new keys are refused")
		}
	}
	if err := b.Rooms.Access.RevokeAPIKey(t.Context(), noren.Caller{Tenant: caller.Tenant}, caller.Client.ID, one.ID); err != nil {
		t.Fatal(err)
	}
	if status(first) != 403 || status(second) != 200 {
		t.Errorf("after revoking the first: %d and %d", status(first), status(second))
	}
	b.Clock.Advance(time.Hour + 2*time.Minute)
	if status(second) != 403 {
		t.Error("a key is accepted after its end")
	}
	third, _ := mint(nil)
	if status(third) != 200 {
		t.Fatal("a new key is refused")
	}
	if _, _, err := b.Rooms.Access.RotateSecret(t.Context(), noren.Caller{Tenant: caller.Tenant}, access.SecretReCOREKeys, "", time.Hour); err != nil {
		t.Fatal(err)
	}
	fourth, _ := mint(nil)
	if status(third) != 200 || status(fourth) != 200 {
		t.Errorf("both secrets should be valid: %d and %d", status(third), status(fourth))
	}
	b.Clock.Advance(time.Hour)
	if status(third) != 403 || status(fourth) != 200 {
		t.Errorf("after the time that the secret before was kept: %d and %d", status(third), status(fourth))
	}
	// Keys of versions that did not count them end all together.
	if err := b.Rooms.Access.RevokeAPIKey(t.Context(), noren.Caller{Tenant: caller.Tenant}, caller.Client.ID, 0); err != nil {
		t.Fatal(err)
	}
	if got := b.Do(request{Method: "GET", Path: "/members", As: "a"}).Status; got != 403 {
		t.Errorf("a key without a number: %d", got)
	}
	if status(fourth) != 200 {
		t.Error("the others stay valid")
	}
}
