// Package easypoints speaks the API of easyPoints (loyalty.slrs.io): the tiers of customers, their point balances and
// the allotments that these come from. It holds words and conversions only; the rules are in package noren. README.md
// lists every endpoint and field, and what was decided where the documents are silent.
package easypoints

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	service   *noren.Service
	endpoints []endpoint
	document  []byte
	tables    tables
}

// tables are the bodies that requests have.
type tables struct {
	tier      wire.Table[tierRequest]
	balance   wire.Table[balanceRequest]
	allotment wire.Table[allotmentRequest]
}

// New makes the dialect. version is the server's, for the OpenAPI document.
func New(service *noren.Service, version string) *Dialect {
	d := &Dialect{service: service, tables: tables{tier: tierTable(), balance: balanceTable(), allotment: allotmentTable()}}
	d.endpoints = d.newEndpoints()
	d.document = d.newDocument(version)
	return d
}

// Name is part of web.Dialect.
func (d *Dialect) Name() noren.Dialect { return noren.EasyPoints }

// OpenAPI is part of web.Dialect.
func (d *Dialect) OpenAPI() []byte { return d.document }

// Routes is part of web.Dialect.
func (d *Dialect) Routes() []web.Route {
	routes := make([]web.Route, len(d.endpoints))
	for i, e := range d.endpoints {
		routes[i] = e.Route
	}
	return routes
}

// base is where all paths of the dialect begin.
const base = "/api/shopify"

// Claim takes /api/shopify/…. A slash at the end makes no difference, and neither does the singular point_balance of
// the documents' own example.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	path = strings.TrimSuffix(path, "/")
	rest, mine := strings.CutPrefix(path, base)
	if !mine || rest != "" && rest[0] != '/' {
		return web.Claim{}, false
	}
	if after, singular := strings.CutPrefix(rest, "/point_balance/"); singular {
		rest = "/point_balances/" + after
	}
	return web.Claim{Path: base + rest}, true
}

// Paces are ours: the documents name none.
func (d *Dialect) Paces() web.Paces {
	return web.Paces{Read: web.Pace{PerSecond: 50}, Write: web.Pace{PerSecond: 20}}
}

// PaceKey counts by shop and key.
func (d *Dialect) PaceKey(x *web.Request) string {
	return strconv.FormatInt(int64(x.Caller.Tenant.ID), 10) + ":" + strconv.FormatInt(x.Caller.Client.ID, 10)
}

// Authenticate takes public and secret key as Basic credentials, or the secret key alone as a Bearer token.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	credentials = strings.TrimSpace(credentials)
	switch strings.ToLower(scheme) {
	case "basic":
		public, secret, ok := basicCredentials(credentials)
		if !ok {
			break
		}
		return d.service.AuthenticateKey(ctx, noren.EasyPoints, public, secret)
	case "bearer":
		return d.service.AuthenticateSecret(ctx, noren.EasyPoints, credentials)
	}
	return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Message: "the Authorization header is missing or cannot be read"}
}

// basicCredentials reads the two keys; false where they cannot be read, or no engine can look the first one up.
func basicCredentials(encoded string) (public, secret string, ok bool) {
	text, err := base64.StdEncoding.DecodeString(encoded)
	public, secret, divided := strings.Cut(string(text), ":")
	return public, secret, err == nil && divided && wire.Storable(public)
}

// The scopes of the endpoints, as the page on authentication names them. It is cut off behind the third.
const (
	scopeRead    = "read_point_balances"
	scopeWrite   = "write_point_balances"
	scopeHistory = "read_point_histories"
)
