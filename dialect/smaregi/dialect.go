// Package smaregi speaks the Smaregi Platform API (スマレジ・プラットフォームAPI, POS): bulk updates of customers and
// stock with their callbacks, the lists that go with them, and access tokens. It holds words and conversions only;
// the rules are in package noren. README.md lists every endpoint and field, and what was decided where the documents
// are silent.
package smaregi

import (
	"context"
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
	customers wire.Table[noren.MemberPatch]
	stock     wire.Table[noren.StockChange]
	envelope  wire.Table[envelope]
	lists     lists
}

// New makes the dialect. version is the server's, for the OpenAPI document.
func New(service *noren.Service, version string) *Dialect {
	d := &Dialect{
		service: service, customers: customerTable(), stock: stockTable(), envelope: envelopeTable(), lists: newLists(),
	}
	d.endpoints = d.newEndpoints()
	d.document = d.newDocument(version)
	return d
}

// Name is part of web.Dialect.
func (d *Dialect) Name() noren.Dialect { return noren.Smaregi }

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

// Paces are those of the production platform: 50 reads and 20 writes a second; requests for tokens count too.
func (d *Dialect) Paces() web.Paces {
	return web.Paces{Read: web.Pace{PerSecond: 50}, Write: web.Pace{PerSecond: 20}}
}

// PaceKey counts by app and contract. Nobody is known yet where a token is asked for, so there it is the address.
func (d *Dialect) PaceKey(x *web.Request) string {
	if x.Caller.Tenant.ID == 0 {
		return "token:" + x.Vars["contract_id"] + ":" + x.Address
	}
	return strconv.FormatInt(int64(x.Caller.Tenant.ID), 10) + ":" + strconv.FormatInt(x.Caller.Client.ID, 10)
}

// Claim takes /{contract_id}/pos/…, the same paths without the prefix, and /app/{contract_id}/token. A slash at the
// end makes no difference: the documents' own examples have one (…/pos/products/).
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	path = strings.TrimSuffix(path, "/")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(segments) >= 2 && segments[1] == "pos" {
		return web.Claim{Path: "/" + strings.Join(segments[2:], "/"), Contract: segments[0]}, true
	}
	// Without the prefix only the documented first segments are ours: other dialects have paths of their own.
	switch segments[0] {
	case "customers", "stock", "stores", "products", "bulk_requests":
		return web.Claim{Path: path}, true
	case "app":
		if len(segments) == 3 && segments[2] == "token" {
			return web.Claim{Path: path, Contract: segments[1]}, true
		}
	}
	return web.Claim{}, false
}

// Authenticate finds the holder of the Bearer token. A token of another contract than the path's is refused just as
// an unknown one, so that nobody learns which contracts there are.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, claim web.Claim) (noren.Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	c, err := d.service.Authenticate(ctx, strings.TrimSpace(token))
	if err != nil {
		return noren.Caller{}, err
	}
	if c.Client.Dialect != noren.Smaregi || claim.Contract != "" && claim.Contract != c.Tenant.Contract {
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Message: "the token belongs to another contract or dialect"}
	}
	return c, nil
}

// Plans that include an endpoint (対象プラン). customerPlans are those of every page on customers; stockPlans are
// all but the free one.
func customerPlans() []noren.Plan {
	return []noren.Plan{noren.PlanPremiumPlus, noren.PlanFoodBusiness, noren.PlanRetailBusiness}
}

func stockPlans() []noren.Plan {
	return []noren.Plan{
		noren.PlanStandard, noren.PlanPremium, noren.PlanPremiumPlus, noren.PlanFoodBusiness, noren.PlanRetailBusiness,
	}
}

// The scopes of the endpoints, as the developers' pages name them.
const (
	scopeCustomersRead  = "pos.customers:read"
	scopeCustomersWrite = "pos.customers:write"
	scopeStockRead      = "pos.stock:read"
	scopeStockWrite     = "pos.stock:write"
	scopeChangesRead    = "pos.stock-changes:read"
	scopeStoresRead     = "pos.stores:read"
	scopeProductsRead   = "pos.products:read"
)
