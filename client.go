package noren

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dialect names one of the APIs that clients speak.
type Dialect string

// The dialects.
const (
	Smaregi    Dialect = "smaregi"
	ReCORE     Dialect = "recore"
	EasyPoints Dialect = "easypoints"
	Shopify    Dialect = "shopify" // incoming webhooks only: it has no clients
	Console    Dialect = "console" // people with a browser
	Privacy    Dialect = "privacy" // our own: one person's data, handed out and erased
)

// ClientKind distinguishes an app, which sees the whole tenant, from a user of the Smaregi dialect, who may be
// restricted to one store.
type ClientKind string

// The kinds of client.
const (
	AppClient  ClientKind = "app"
	UserClient ClientKind = "user" // holds a user access token (ユーザーアクセストークン)
)

// Client holds credentials for one dialect.
type Client struct {
	ID         int64
	Name       string // unique within the tenant
	Dialect    Dialect
	Kind       ClientKind
	StoreID    *int64 // restricts what it sees and changes; nil: the whole tenant
	Scopes     []string
	Key        string // client_id or public key: globally unique, not secret
	SecretHash []byte `json:"-"` // HashSecret of the client secret; empty if the client has none
	// WebhookSecret signs callbacks to this client, in the form whsec_… of Standard Webhooks. Signing needs it in the
	// clear, so it is stored unhashed, in a table of its own.
	WebhookSecret string `json:"-"`

	APIKeys []APIKey `json:"-"` // those of ReCORE, in the order of their IDs

	LastUsedAt *time.Time `json:"-"` // accurate to a few minutes; nil: never used
	RevokedAt  *time.Time `json:"-"` // nil: not revoked
}

// ClientUse is when a client was last seen to call.
type ClientUse struct {
	ClientID int64
	At       time.Time
}

// Same reports whether c and d are equal except for when they were last used. An empty list of scopes equals a nil one.
func (c Client) Same(d Client) bool {
	return c.ID == d.ID && c.Name == d.Name && c.Dialect == d.Dialect && c.Kind == d.Kind &&
		Deref(c.StoreID) == Deref(d.StoreID) && (c.StoreID == nil) == (d.StoreID == nil) &&
		slices.Equal(c.Scopes, d.Scopes) && c.Key == d.Key && slices.Equal(c.SecretHash, d.SecretHash) &&
		c.WebhookSecret == d.WebhookSecret &&
		slices.EqualFunc(c.APIKeys, d.APIKeys, func(a, b APIKey) bool { return a.ID == b.ID && (a.RevokedAt == nil) == (b.RevokedAt == nil) })
}

// openScope ends a scope that stands for all of an API that is not served: order-shipment.* for order-shipment.stores:read.
const openScope = ".*"

// IsOpenScope reports whether the scope stands for others. A client cannot be given it, but each of those.
func IsOpenScope(scope string) bool { return strings.HasSuffix(scope, openScope) }

// ScopeKnown reports whether the scope is one of those known, or one that they stand for.
func ScopeKnown(scope string, known []string) bool {
	return slices.ContainsFunc(known, func(k string) bool {
		family, open := strings.CutSuffix(k, openScope)
		if !open {
			return scope == k
		}
		resource, what, _ := strings.Cut(scope, ":")
		// A name of small letters, so that a slip such as a blank is found although the family is open.
		name, within := strings.CutPrefix(resource, family+".")
		return within && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-_") == "" && (what == "read" || what == "write")
	})
}

// Token is a Bearer credential. Only its hash is stored.
type Token struct {
	Hash      []byte
	ClientID  int64
	Scopes    []string
	ExpiresAt *time.Time // nil: until it is revoked
	Named     TenantID   // that the secret names (TenantNamed); 0: none
}

// NewSecret makes a random credential of 256 bits: prefix and 43 characters of unpadded base64url.
func NewSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// secretLength is how many characters NewSecret adds to its prefix.
const secretLength = 43

// NewTenantSecret makes a credential that names its tenant, so that it can be looked up where the tenant's rows are: t, the
// tenant's number, an underscore, and what NewSecret makes. To whoever has it, it is one opaque word.
func NewTenantSecret(tenant TenantID) string {
	return NewSecret("t" + strconv.FormatInt(int64(tenant), 10) + "_")
}

// TenantNamed returns the tenant that a secret in the form of NewTenantSecret names. It returns 0 for all others: those that
// somebody gave, and those that earlier versions made. That a secret names a tenant does not mean that it is one of its own.
func TenantNamed(secret string) TenantID {
	head, tail, found := strings.Cut(secret, "_")
	digits, is := strings.CutPrefix(head, "t")
	tenant, err := strconv.ParseInt(digits, 10, 64)
	if !found || !is || err != nil || tenant < 1 || len(tail) != secretLength || digits != strconv.FormatInt(tenant, 10) {
		return 0
	}
	return TenantID(tenant)
}

// NewWebhookSecret makes a signing secret in the form of Standard Webhooks: whsec_ and 32 bytes in base64.
func NewWebhookSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

// MinSecret is how long a secret must be that somebody gives instead of having it made, in bytes. Only a hash without a salt
// is stored, and there is no other limit to guessing it by whoever has that.
const MinSecret = 16

// minWebhookKey is the shortest key of a webhook secret that Standard Webhooks allows, in bytes.
const minWebhookKey = 24

// IsWebhookSecret reports whether s has the form of a symmetric secret in Standard Webhooks.
func IsWebhookSecret(s string) bool {
	encoded, ok := strings.CutPrefix(s, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	return ok && err == nil && len(key) >= minWebhookKey
}

// HashSecret returns the form in which secrets are stored and looked up. A plain SHA-256 is enough for them: they are
// 256 random bits, so there is nothing to guess.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// SecretMatches compares in constant time, so that the time it takes says nothing about the secret.
func (c Client) SecretMatches(secret string) bool {
	return len(c.SecretHash) > 0 && subtle.ConstantTimeCompare(c.SecretHash, HashSecret(secret)) == 1
}

// ClientTx reads and writes clients and their tokens.
type ClientTx interface {
	Clients(ctx context.Context) ([]Client, error) // with their webhook secrets; by id
	// PutClients inserts or updates by id. Conflict if a key is taken by another client of any tenant. It neither revokes
	// a client nor changes when it was last used.
	PutClients(ctx context.Context, clients []Client) error
	// RevokeClient makes the client's key and tokens unknown from now on.
	RevokeClient(ctx context.Context, id int64, at time.Time) error
	// NoteClientUses stores when clients were last used.
	NoteClientUses(ctx context.Context, uses []ClientUse) error
	// AddToken stores the token, and replaces one with the same hash.
	AddToken(ctx context.Context, t Token) error
	// KeepTokens deletes the client's tokens except the one with the hash kept (nil: no exception), and returns how many.
	KeepTokens(ctx context.Context, client int64, kept []byte) (ended int, err error)
}
