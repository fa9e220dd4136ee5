package noren

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func TestNewSecret(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 100 {
		secret := NewSecret("smaregi_")
		random, ok := strings.CutPrefix(secret, "smaregi_")
		raw, err := base64.RawURLEncoding.DecodeString(random)
		if !ok || err != nil || len(raw) != 32 || len(random) != 43 {
			t.Fatalf("%q is not the prefix and 256 bits in base64url: %v", secret, err)
		}
		if seen[secret] {
			t.Fatalf("%q was made twice", secret)
		}
		seen[secret] = true
	}
}

func TestTenantNamed(t *testing.T) {
	t.Parallel()
	plain := NewSecret("")
	for secret, want := range map[string]TenantID{
		NewTenantSecret(1): 1, NewTenantSecret(1 << 40): 1 << 40, NewTenantSecret(9223372036854775807): 9223372036854775807,
		// What earlier versions made, and what somebody may give.
		plain: 0, "": 0, "t7_": 0, "t7_secret": 0, "t7_" + plain + "x": 0, "t07_" + plain: 0, "t0_" + plain: 0, "t-7_" + plain: 0,
		"t+7_" + plain: 0, "T7_" + plain: 0, "7_" + plain: 0, "t_" + plain: 0, "t9223372036854775808_" + plain: 0, " t7_" + plain: 0,
		"smaregi_" + plain: 0, "t7_" + plain[:40]: 0,
	} {
		if got := TenantNamed(secret); got != want {
			t.Errorf("%q names %d, want %d", secret, got, want)
		}
	}
	if one := NewTenantSecret(7); one == NewTenantSecret(7) {
		t.Error("the same secret was made twice")
	}
}

// TestNewWebhookSecret checks the form that Standard Webhooks gives to symmetric secrets: whsec_ and padded base64.
func TestNewWebhookSecret(t *testing.T) {
	t.Parallel()
	secret := NewWebhookSecret()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if !strings.HasPrefix(secret, "whsec_") || err != nil || len(raw) != 32 {
		t.Errorf("%q is not whsec_ and 32 bytes in base64: %v", secret, err)
	}
	if secret == NewWebhookSecret() {
		t.Error("the same secret was made twice")
	}
}

// TestHashSecret pins the hash, because it is stored. The vector is from FIPS 180-2.
func TestHashSecret(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := hex.EncodeToString(HashSecret("abc")); got != want {
		t.Errorf("HashSecret(abc) = %s, want %s", got, want)
	}
}

func TestSecretMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		hash   []byte
		secret string
		want   bool
	}{
		{"the secret", HashSecret("right"), "right", true},
		{"another", HashSecret("right"), "wrong", false},
		{"none given", HashSecret("right"), "", false},
		{"a client without secret", nil, "", false},
		{"a client without secret, one given", []byte{}, "right", false},
		{"the hash itself", HashSecret("right"), string(HashSecret("right")), false},
	} {
		if got := (Client{SecretHash: c.hash}).SecretMatches(c.secret); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

func TestCallerHasScope(t *testing.T) {
	t.Parallel()
	c := Caller{
		Client: Client{Scopes: []string{"pos.stock:write"}},
		Scopes: []string{"pos.customers:read", "pos.customers:write"},
	}
	for _, test := range []struct {
		any  []string
		want bool
	}{
		{[]string{"pos.customers:write"}, true},
		{[]string{"pos.stock:write", "pos.customers:read"}, true},
		{[]string{"pos.stock:write"}, false}, // the client has it, but the credential does not
		{[]string{"pos.customers"}, false},
		{nil, false},
	} {
		if got := c.HasScope(test.any...); got != test.want {
			t.Errorf("HasScope(%q) = %t", test.any, got)
		}
	}
}
