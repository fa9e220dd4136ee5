package noren

import (
	"context"
	"strconv"
	"time"
)

// SigningKey is a secret that must be readable, such as the one that Shopify signs its webhooks with. After it was
// replaced, the one before stays valid for a while, so that both sides need not change it in the same moment.
type SigningKey struct {
	Secret        string // "": there is none
	Previous      string
	PreviousUntil time.Time
}

// Valid lists the secrets that are valid at now, the present one first.
func (k SigningKey) Valid(now time.Time) []string {
	switch {
	case k.Secret == "":
		return nil
	case k.Previous != "" && now.Before(k.PreviousUntil):
		return []string{k.Secret, k.Previous}
	}
	return []string{k.Secret}
}

// Rotated returns the key with a new secret. The present one stays valid until then; what was before it ends now.
func (k SigningKey) Rotated(secret string, until time.Time) SigningKey {
	return SigningKey{Secret: secret, Previous: k.Secret, PreviousUntil: until}
}

// SecretTx reads and writes secrets that have to be read again.
type SecretTx interface {
	// SigningKey returns the secret of that name; without one, the zero SigningKey.
	SigningKey(ctx context.Context, name string) (SigningKey, error)
	PutSigningKey(ctx context.Context, name string, key SigningKey) error
}

// ClientSecretName is the name of a client's webhook secret among the signing keys.
func ClientSecretName(client int64) string { return "client:" + strconv.FormatInt(client, 10) }

// APIKey is an API key that was issued to a client of ReCORE. The key itself is not stored: it is derived from this, the
// client and a secret of the tenant.
type APIKey struct {
	ID        int64      `json:"id"` // from 1, within the client; 0: a key of a version that did not count them
	IssuedAt  time.Time  `json:"issued_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil: it does not expire
	RevokedAt *time.Time `json:"revoked_at,omitempty"` // nil: it was not revoked
}

// Accepts reports whether the client's key with that ID has not been revoked. Keys of versions that did not count them are
// good until the ID 0 is revoked.
func (c Client) Accepts(id int64) bool {
	for _, k := range c.APIKeys {
		if k.ID == id {
			return k.RevokedAt == nil
		}
	}
	return id == 0
}
