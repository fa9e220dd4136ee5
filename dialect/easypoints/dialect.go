// Package easypoints implements the API of easyPoints (loyalty.slrs.io): the tiers of customers, their point balances
// and the allotments behind those. It has only words and conversions; the rules are in package noren. README.md lists
// every endpoint and field, and the decisions where the documents are silent.
package easypoints

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"noren"
	"noren/app/access"
	"noren/app/members"
	"noren/app/points"
	"noren/app/ranks"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Rooms are the use cases that the dialect speaks for.
type Rooms struct {
	Access  *access.Service
	Members *members.Service
	Points  *points.Service
	Ranks   *ranks.Service
}

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	*dialect.Table
	rooms  Rooms
	tables tables
}

// tables decode the bodies of requests.
type tables struct {
	tier      wire.Table[tierRequest]
	balance   wire.Table[balanceRequest]
	allotment wire.Table[allotmentRequest]
}

// New makes the dialect. version is the server's, for the OpenAPI document.
func New(rooms Rooms, version string) *Dialect {
	d := &Dialect{rooms: rooms, tables: tables{tier: tierTable(), balance: balanceTable(), allotment: allotmentTable()}}
	d.Table = dialect.New(d.spec(version))
	return d
}

// base is the prefix of all paths of the dialect.
const base = "/api/shopify"

// Claim accepts /api/shopify/…. A trailing slash makes no difference, nor does the singular point_balance of the
// documents' own example.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	rest, mine := dialect.Under(base, path)
	if !mine {
		return web.Claim{}, false
	}
	// Rewritten here, so that the table of endpoints has each path once.
	if after, singular := strings.CutPrefix(rest, "/point_balance/"); singular {
		rest = "/point_balances/" + after
	}
	return web.Claim{Path: base + rest}, true
}

// Authenticate accepts public and secret key as Basic credentials, or the secret key alone as a Bearer token.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	credentials = strings.TrimSpace(credentials)
	switch strings.ToLower(scheme) {
	case "basic":
		public, secret, ok := basicCredentials(credentials)
		// Nothing is looked up for it: it is refused below like a header that is missing.
		if !ok {
			break
		}
		return d.rooms.Access.AuthenticateKey(ctx, noren.EasyPoints, public, secret)
	case "bearer":
		// The client is found by its secret alone, which is why no two clients may have the same.
		return d.rooms.Access.AuthenticateSecret(ctx, noren.EasyPoints, credentials)
	}
	return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Message: "the Authorization header is missing or cannot be read"}
}

// basicCredentials parses the two keys; false if they cannot be parsed, or no engine can look up the first one.
func basicCredentials(encoded string) (public, secret string, ok bool) {
	text, err := base64.StdEncoding.DecodeString(encoded)
	public, secret, divided := strings.Cut(string(text), ":")
	return public, secret, err == nil && divided && wire.Storable(public)
}

// The scopes of the endpoints, as named on the page on authentication, which is cut off after the third.
const (
	scopeRead    = "read_point_balances"
	scopeWrite   = "write_point_balances"
	scopeHistory = "read_point_histories"
)
