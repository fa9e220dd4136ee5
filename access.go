package noren

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"
)

// Dialect names one of the APIs that clients speak.
type Dialect string

// The dialects.
const (
	Smaregi    Dialect = "smaregi"
	ReCORE     Dialect = "recore"
	EasyPoints Dialect = "easypoints"
	Shopify    Dialect = "shopify" // its webhooks, inwards; it has no clients
	Console    Dialect = "console" // people with a browser
)

// ClientKind tells an app, which sees the whole tenant, from a user of the Smaregi dialect, who may be bound to a store.
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
	SecretHash []byte `json:"-"` // HashSecret of the client secret; empty where the client has none
	// WebhookSecret signs callbacks to this client, in the form whsec_… of Standard Webhooks. It has to be read
	// again, so it is kept as it is, in a table of its own.
	WebhookSecret string `json:"-"`

	LastUsedAt *time.Time `json:"-"` // to within some minutes; nil: not yet
	RevokedAt  *time.Time `json:"-"` // nil: it may call
}

// ClientUse is when a client was last seen to call.
type ClientUse struct {
	ClientID int64
	At       time.Time
}

// same reports whether both say the same, whenever they were used; a list that is empty and one that is nil do.
func (c Client) same(d Client) bool {
	return c.ID == d.ID && c.Name == d.Name && c.Dialect == d.Dialect && c.Kind == d.Kind &&
		deref(c.StoreID) == deref(d.StoreID) && (c.StoreID == nil) == (d.StoreID == nil) &&
		slices.Equal(c.Scopes, d.Scopes) && c.Key == d.Key && slices.Equal(c.SecretHash, d.SecretHash) &&
		c.WebhookSecret == d.WebhookSecret
}

// Token is a Bearer credential. Only its hash is stored.
type Token struct {
	Hash      []byte
	ClientID  int64
	Scopes    []string
	ExpiresAt *time.Time // nil: until it is revoked
}

// Caller is who a request comes from: one tenant and one client of it.
type Caller struct {
	Tenant    Tenant
	Client    Client
	Scopes    []string // those of the credential used, not of the client
	Login     string   // of the console user who calls; "" where a program does
	RequestID string   // of the HTTP request, for logs and audit
}

// HasScope reports whether the credential carries at least one of the scopes.
func (c Caller) HasScope(any ...string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return slices.Contains(c.Scopes, s) })
}

// NewSecret makes a random credential of 256 bits: prefix and 43 characters of unpadded base64url.
func NewSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// NewWebhookSecret makes a signing secret in the form of Standard Webhooks: whsec_ and 32 bytes in base64.
func NewWebhookSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

// newID makes a random identifier of 128 bits in hexadecimal, to recognise one's own work after an unknown commit.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// HashSecret is the form in which secrets of 256 random bits are stored and looked up.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// secretMatches compares in constant time.
func (c Client) secretMatches(secret string) bool {
	return len(c.SecretHash) > 0 && subtle.ConstantTimeCompare(c.SecretHash, HashSecret(secret)) == 1
}
