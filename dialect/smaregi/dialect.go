// Package smaregi implements the Smaregi Platform API (スマレジ・プラットフォームAPI, POS): bulk updates of customers and stock with
// their callbacks, the related lists, and access tokens. It has only words and conversions; the rules are in package
// noren. README.md lists every endpoint and field, and the decisions where the documents are silent.
package smaregi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"noren"
	"noren/app/access"
	"noren/app/bulk"
	"noren/app/members"
	"noren/app/stock"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Rooms are the use cases that the dialect speaks for.
type Rooms struct {
	Access  *access.Service
	Bulk    *bulk.Service
	Members *members.Service
	Stock   *stock.Service
}

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	*dialect.Table
	rooms     Rooms
	customers wire.Table[noren.MemberPatch]
	stock     wire.Table[noren.StockChange]
	envelope  wire.Table[envelope]
	lists     lists
}

// New makes the dialect. version is the server's, for the OpenAPI document.
func New(rooms Rooms, version string) *Dialect {
	d := &Dialect{
		rooms: rooms, customers: customerTable(), stock: stockTable(), envelope: envelopeTable(), lists: newLists(),
	}
	d.Table = dialect.New(d.spec(version))
	return d
}

// RateKey counts by contract and app. A request for a token has no known caller yet, so it counts by address.
func (d *Dialect) RateKey(x *web.Request) string {
	// The contract stands beside the address, so guessing at one contract does not slow down another behind the same
	// proxy.
	if x.Caller.Tenant.ID == 0 {
		return "token:" + x.Vars["contract_id"] + ":" + x.Address
	}
	return d.Table.RateKey(x)
}

// Claim accepts /{contract_id}/pos/… and the platform's other APIs, which are not served, the same paths without the prefix,
// and /app/{contract_id}/token. A trailing slash makes no difference: the documents' own examples have one (…/pos/products/).
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	path = strings.TrimSuffix(path, "/")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	// Before the shared names below: a contract could be called "stock".
	if len(segments) >= 2 && slices.Contains(otherAPIs(), segments[1]) {
		return web.Claim{Path: path, Contract: segments[0]}, true
	}
	if len(segments) >= 2 && segments[1] == "pos" {
		return web.Claim{Path: unserved("/" + strings.Join(segments[2:], "/")), Contract: segments[0]}, true
	}
	// Without the prefix only the documented first segments are ours, because other dialects have paths of their own.
	switch segments[0] {
	case "customers", "stock", "stores", "products", "bulk_requests":
		return web.Claim{Path: unserved(path), Shared: true}, true
	case "app":
		if len(segments) == 3 && segments[2] == "token" {
			return web.Claim{Path: path, Contract: segments[1]}, true
		}
	}
	return web.Claim{}, false
}

// unserved returns the path, but for that of the list of points: it is an API of its own that is not served, and no customer with
// the ID "point". A client is told so, and not which parameters a customer has.
func unserved(path string) string {
	if path == "/customers/point" {
		return "/points" // no route has it
	}
	return path
}

// otherAPIs are the first segments, behind the contract id, of the platform's APIs beside POS. Clients of them are told that they
// are not served here in the form that they can read.
func otherAPIs() []string { return []string{"order-shipment", "timecard", "waiter"} }

// Knows implements web.Knowing: a Bearer token of this dialect has no dots, unlike those of others.
func (d *Dialect) Knows(header http.Header) bool {
	token, ok := bearer(header)
	return ok && token != "" && !strings.Contains(token, ".")
}

// bearer returns the token of the Authorization header.
func bearer(header http.Header) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// Authenticate finds the holder of the Bearer token. A token of another contract than the path's is refused like an
// unknown one, so that nobody can find out which contracts exist.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, claim web.Claim) (noren.Caller, error) {
	// Without a token the empty one is looked up and not found, so the refusal is the same as for a wrong one.
	token, ok := bearer(r.Header)
	if !ok {
		token = ""
	}
	c, err := d.rooms.Access.Authenticate(ctx, token)
	if err != nil {
		return noren.Caller{}, err
	}
	if c.Client.Dialect != noren.Smaregi || claim.Contract != "" && claim.Contract != c.Tenant.Contract {
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Message: "the token belongs to another contract or dialect"}
	}
	return c, nil
}

// Plans that include an endpoint (対象プラン). customerPlans are those on every page about customers; stockPlans are all but
// the free one.
func customerPlans() []noren.Plan {
	return []noren.Plan{noren.PlanPremiumPlus, noren.PlanFoodBusiness, noren.PlanRetailBusiness}
}

func stockPlans() []noren.Plan {
	return []noren.Plan{
		noren.PlanStandard, noren.PlanPremium, noren.PlanPremiumPlus, noren.PlanFoodBusiness, noren.PlanRetailBusiness,
	}
}

// The scopes of the endpoints, as named on the developers' pages.
const (
	scopeCustomersRead  = "pos.customers:read"
	scopeCustomersWrite = "pos.customers:write"
	scopeStockRead      = "pos.stock:read"
	scopeStockWrite     = "pos.stock:write"
	scopeChangesRead    = "pos.stock-changes:read"
	scopeStoresRead     = "pos.stores:read"
	scopeProductsRead   = "pos.products:read"
)
