package recore

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"noren"
	"noren/web"
	"noren/wire"
)

// The request headers of the common page.
const (
	headerKey   = "X-Identification"
	headerStore = "X-Store-Id"
)

// clockSkew is how far the clock that issued a key may be ahead of ours.
const clockSkew = time.Minute

// claims are those that a key always has, and store_id. The client that a key belongs to is its jti.
type claims struct {
	CompanyID string `json:"company_id"`
	Scope     scopes `json:"scope"`
	StoreID   *int64 `json:"store_id,omitempty"`
	jwt.RegisteredClaims
}

// scopes is written as an array; one string with spaces is read too, because the page does not say which it is.
type scopes []string

// UnmarshalJSON reads both forms.
func (s *scopes) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*s = strings.Fields(text)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// Mint makes the API key of a client, signed with the tenant's secret named noren.SecretReCOREKeys. The same client and
// time make the same key. It works until the client is removed or the secret is replaced; what it may do is what the
// client may do at the time of the request.
func Mint(secret, contract string, client noren.Client, issued time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		CompanyID: contract, Scope: append(scopes{}, client.Scopes...), StoreID: client.StoreID,
		RegisteredClaims: jwt.RegisteredClaims{ID: client.Key, IssuedAt: jwt.NewNumericDate(issued)},
	})
	return token.SignedString([]byte(secret))
}

// Authenticate finds the client that the key names, then checks that the key was signed by its tenant.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	denied := func(err error) (noren.Caller, error) {
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Message: "the API key is missing, wrong or revoked", Err: err}
	}
	key := r.Header.Get(headerKey)
	var unproven claims
	if _, _, err := jwt.NewParser().ParseUnverified(key, &unproven); err != nil {
		return denied(err)
	}
	if unproven.ID == "" || !wire.Storable(unproven.ID) {
		return denied(errors.New("the key names no client"))
	}
	caller, err := d.Service.CallerByKey(ctx, noren.ReCORE, unproven.ID)
	if err != nil {
		return noren.Caller{}, err
	}
	secret, err := d.Service.TenantSecret(ctx, caller.Tenant.ID, noren.SecretReCOREKeys)
	if err != nil {
		return noren.Caller{}, err
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithTimeFunc(d.Service.Now),
		jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew),
	)
	var proven claims
	if _, err := parser.ParseWithClaims(key, &proven, func(*jwt.Token) (any, error) { return []byte(secret), nil }); err != nil {
		return denied(err)
	}
	if proven.CompanyID != caller.Tenant.Contract || proven.IssuedAt == nil {
		return denied(errors.New("company_id or iat is not right"))
	}
	return d.inStore(ctx, caller, r.Header)
}

// inStore restricts a caller whose key names no store to that of the header; where the key names one, the header does
// not count.
func (d *Dialect) inStore(ctx context.Context, caller noren.Caller, header http.Header) (noren.Caller, error) {
	values, given := header[headerStore]
	if !given || caller.Client.StoreID != nil {
		return caller, nil
	}
	facts := wire.Facts{Name: headerStore, Type: wire.TypeInteger, Min: 1, Max: maxID}
	id, code := wire.CheckInteger(&facts, values[0])
	if code != "" {
		return caller, invalid{{headerStore, words(&facts, code, values[0])}}
	}
	known, err := d.Service.StoreExists(ctx, caller.Tenant.ID, id)
	if err != nil {
		return caller, err
	}
	if !known {
		return caller, invalid{{headerStore, sentence(headerStore, "does not exist")}}
	}
	caller.Client.StoreID = &id
	return caller, nil
}
