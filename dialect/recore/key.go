package recore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"noren"
	"noren/app/access"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// The request headers of the common page, and the one that is read if there is no key in its own.
const (
	headerKey           = "X-Identification"
	headerAuthorization = "Authorization"
	headerStore         = "X-Store-Id"
)

// presented returns the key that the headers have, "" if none: in X-Identification, or else in Authorization, where libraries
// put keys unless told otherwise, with and without the word Bearer.
func presented(header http.Header) string {
	if key := header.Get(headerKey); key != "" {
		return key
	}
	key := strings.TrimSpace(header.Get(headerAuthorization))
	// The name of the scheme is compared without case, as HTTP has it.
	if scheme, token, divided := strings.Cut(key, " "); divided && strings.EqualFold(scheme, "Bearer") {
		key = strings.TrimSpace(token)
	}
	return key
}

// Knows implements web.Knowing. A key has its own header, or is a JWT: three parts between two dots.
func (d *Dialect) Knows(header http.Header) bool {
	// Anything in the own header counts, even a broken key: its sender means this API and should read this API's
	// refusal.
	return header.Get(headerKey) != "" || strings.Count(presented(header), ".") == 2
}

// clockSkew is how long a key with exp or nbf, which we do not issue, is valid beyond them.
const clockSkew = time.Minute

// claims are the claims that every key has, and store_id. The jti is the client that a key belongs to.
type claims struct {
	CompanyID string `json:"company_id"`
	Scope     scopes `json:"scope"`
	StoreID   *int64 `json:"store_id,omitempty"`
	KeyID     int64  `json:"key_id,omitempty"` // of the APIKey; 0: a version issued it that did not count them
	jwt.RegisteredClaims
}

// scopes is written as one string with spaces, as OAuth does, because clients split it. An array is read too: keys had one
// before, and the page does not say which it is.
type scopes []string

// MarshalJSON writes the string.
func (s scopes) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Join(s, " ")) }

// UnmarshalJSON reads both forms.
func (s *scopes) UnmarshalJSON(data []byte) error {
	var text string
	// Fields and not Split: a key without scopes has an empty text, which is no scope and not one empty scope.
	if json.Unmarshal(data, &text) == nil {
		*s = strings.Fields(text)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// Mint returns the API key of a client, signed with the tenant's secret named access.SecretReCOREKeys. The same arguments
// give the same key. It works until it expires, it or the client is revoked, or the secret is replaced; its permissions are
// those of the client at the time of the request.
func Mint(secret, contract string, client noren.Client, key noren.APIKey) (string, error) {
	said := claims{
		CompanyID: contract, Scope: append(scopes{}, client.Scopes...), StoreID: client.StoreID, KeyID: key.ID,
		RegisteredClaims: jwt.RegisteredClaims{ID: client.Key, IssuedAt: jwt.NewNumericDate(key.IssuedAt)},
	}
	if key.ExpiresAt != nil {
		said.ExpiresAt = jwt.NewNumericDate(*key.ExpiresAt)
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, said).SignedString([]byte(secret))
}

// Authenticate finds the client that the key names, then checks that the key was signed by its tenant.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	caller, said, err := d.prove(ctx, presented(r.Header))
	// Signed with the right secret, but perhaps not in the form in which this server issues keys.
	if err == nil && (said.CompanyID != caller.Tenant.Contract || said.IssuedAt == nil) {
		err = denied(errors.New("company_id or iat is wrong"))
	}
	// Asked each time and never remembered with the key: revoking has to take effect with the next request.
	if err == nil && !caller.Client.Accepts(said.KeyID) {
		err = denied(errors.New("this key of the client was revoked"))
	}
	if err != nil {
		return noren.Caller{}, err
	}
	return d.inStore(ctx, caller, r.Header)
}

func denied(cause error) error {
	return &noren.Error{Kind: noren.Unauthenticated, Message: "the API key is missing, wrong or revoked", Err: cause}
}

// prove returns the client that the key names and what the key says, which its tenant has signed. A key whose signature
// has been checked before is not read again: whether the client may still call, the secret is still the same and the
// times are right is asked each time.
func (d *Dialect) prove(ctx context.Context, key string) (caller noren.Caller, said claims, err error) {
	rules := []jwt.ParserOption{
		// One method only: a key must not choose how it is checked. When it was issued is not compared with the clock: the
		// signature says that it was, and a clock that was set back since would refuse every key.
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithTimeFunc(d.Rooms.Now), jwt.WithLeeway(clockSkew),
		jwt.WithStrictDecoding(), // a key has one spelling
	}
	// A secret that was replaced is no longer among those of the tenant, and the key is read anew, which refuses it.
	if before, ok := d.proven.get(key); ok {
		caller, secrets, err := d.signer(ctx, before.claims.ID)
		if err != nil {
			return noren.Caller{}, claims{}, err
		}
		if slices.Contains(secrets, before.secret) {
			if err := jwt.NewValidator(rules...).Validate(before.claims); err != nil {
				return noren.Caller{}, claims{}, denied(err)
			}
			return caller, before.claims, nil
		}
	}
	var secrets []string
	// The parser asks for the secret after it has read the claims and before it has checked anything: the claims say whose
	// secret it is.
	_, failed := jwt.NewParser(rules...).ParseWithClaims(key, &said, func(*jwt.Token) (any, error) {
		// The claims are not proven yet and come from anybody: PostgreSQL would refuse some texts with an error that
		// looks like ours.
		if said.ID == "" || !wire.Storable(said.ID) {
			return nil, errors.New("the key does not name a client")
		}
		if caller, secrets, err = d.signer(ctx, said.ID); err != nil {
			return nil, err
		}
		// While a secret is being replaced there are two, and keys signed with either are valid.
		var keys jwt.VerificationKeySet
		for _, secret := range secrets {
			keys.Keys = append(keys.Keys, []byte(secret))
		}
		return keys, nil
	})
	switch {
	// An error of the database is not the fault of the key. The parser would wrap it in one of its own, which says that
	// it is.
	case err != nil:
		return noren.Caller{}, claims{}, err
	case failed != nil:
		return noren.Caller{}, claims{}, denied(failed)
	}
	// Which of the secrets it was, the parser does not tell.
	signed, sum := key[:strings.LastIndexByte(key, '.')], key[strings.LastIndexByte(key, '.')+1:]
	for _, secret := range secrets {
		if mac, err := jwt.SigningMethodHS256.Sign(signed, []byte(secret)); err == nil && base64.RawURLEncoding.EncodeToString(mac) == sum {
			d.proven.put(key, provenKey{said, secret})
		}
	}
	return caller, said, nil
}

// signer finds the client with the key and the secrets by which its tenant has signed what is valid now.
func (d *Dialect) signer(ctx context.Context, client string) (caller noren.Caller, secrets []string, err error) {
	if caller, err = d.Rooms.Access.CallerByKey(ctx, noren.ReCORE, client); err != nil {
		return noren.Caller{}, nil, err
	}
	secrets, err = d.Rooms.Access.TenantSecrets(ctx, caller.Tenant.ID, access.SecretReCOREKeys)
	return caller, secrets, err
}

// inStore restricts a caller whose key names no store to the store of the header. If the key names one, the header is
// ignored.
func (d *Dialect) inStore(ctx context.Context, caller noren.Caller, header http.Header) (noren.Caller, error) {
	values, given := header[headerStore]
	if !given || caller.Client.StoreID != nil {
		return caller, nil
	}
	// The first value counts if the header is repeated, as Header.Get has it.
	facts := wire.Facts{Name: headerStore, Type: wire.TypeInteger, Min: 1, Max: maxID}
	id, code := wire.CheckInteger(&facts, values[0])
	if code != "" {
		return caller, dialect.Wrong(headerStore, words(&facts, code, values[0]))
	}
	known, err := d.Rooms.Stock.StoreExists(ctx, caller.Tenant.ID, id)
	if err != nil {
		return caller, err
	}
	if !known {
		return caller, dialect.Wrong(headerStore, sentence(headerStore, "does not exist"))
	}
	// The client is a copy of what is kept in memory, so the restriction ends with this request.
	caller.Client.StoreID = &id
	return caller, nil
}
