package smaregi

import (
	"net/http"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Paths that other code refers to.
const (
	pathToken   = "/app/{contract_id}/token"
	pathRequest = "/bulk_requests/{request_id}"
)

// spec describes the dialect. The schemas of bodies and responses come from the tables that decode and write them, so
// they cannot differ from what is done.
func (d *Dialect) spec(version string) dialect.Spec {
	return dialect.Spec{
		Name: noren.Smaregi, Title: "Noren: Smaregi dialect", Version: version,
		Description: "スマレジ・プラットフォームAPI (POS) 互換のAPI。詳細は dialect/smaregi/README.md を参照してください。",
		Servers: []wire.APIServer{
			{URL: "/{contract_id}/pos", Variables: []wire.Pair{wire.P("contract_id", "sb_demo0001")}}, {URL: "/"},
		},
		// The documented limits of the production platform; requests for tokens count too.
		RateLimits: web.RateLimits{Read: web.RateLimit{PerSecond: 50}, Write: web.RateLimit{PerSecond: 20}},
		Security: []wire.Pair{wire.P("bearer", wire.Map{
			wire.P("type", "http"), wire.P("scheme", "bearer"),
			wire.P("description", "アプリアクセストークンまたはユーザーアクセストークン"),
		})},
		Names:     []wire.Parameter{{Name: "contract_id", Schema: wire.TextSchema("契約ID")}},
		Denied:    []int{http.StatusUnauthorized, http.StatusForbidden},
		Refusal:   &wire.Content{MediaType: mediaProblem, Schema: wire.Reference("Problem")},
		Schemas:   d.schemas(),
		Endpoints: d.endpoints(),
	}
}

// endpoints lists every endpoint with its permission. README.md has the same table with the sources.
func (d *Dialect) endpoints() []dialect.Endpoint {
	customers := web.AnyScope(scopeCustomersRead).On(customerPlans()...)
	stock, changes := web.AnyScope(scopeStockRead).On(stockPlans()...), web.AnyScope(scopeChangesRead).On(stockPlans()...)
	stores, products := web.AnyScope(scopeStoresRead), web.AnyScope(scopeProductsRead)
	l := d.lists
	return []dialect.Endpoint{
		d.tokenEndpoint(),
		// The two asynchronous updates.
		bulkUpdate("/customers/bulk", web.AnyScope(scopeCustomersWrite).On(customerPlans()...), d.patchCustomers, "CustomersBulk").
			Says("patchCustomersBulk", "会員一括更新"),
		bulkUpdate("/stock/bulk", web.AnyScope(scopeStockWrite).On(stockPlans()...), d.patchStock, "StockBulk").
			Says("patchStockBulk", "在庫一括更新"),
		// What a client reads to know what it updates.
		many("/customers", customers, d.getCustomers, "Customer").Says("getCustomers", "会員一覧取得").Asks(l.customers.parameters()...),
		one("/customers/{customer_id}", customers, d.getCustomer, "Customer").Says("getCustomer", "会員取得").
			Asks(l.customers.parametersOfOne()...),
		many("/stock", stock, d.getStock, "Stock").Says("getStock", "在庫一覧取得").Asks(l.stock.parameters()...),
		many("/stock/changes/{product_id}/{store_id}", changes, d.getStockChanges, "StockChange").
			Says("getStockChanges", "在庫変動履歴取得").Asks(l.changes.parameters()...),
		many("/stores", stores, d.getStores, "Store").Says("getStores", "店舗一覧取得").Asks(l.stores.parameters()...),
		one("/stores/{store_id}", stores, d.getStore, "Store").Says("getStore", "店舗取得").Asks(l.stores.parametersOfOne()...),
		many("/products", products, d.getProducts, "Product").Says("getProducts", "商品一覧取得").Asks(l.products.parameters()...),
		one("/products/{product_id}", products, d.getProduct, "Product").Says("getProduct", "商品取得").
			Asks(l.products.parametersOfOne()...),
		d.requestEndpoint(),
	}
}

// bulkUpdate is one of the two asynchronous updates.
func bulkUpdate(path string, p web.Permission, handle dialect.Handler, schema string) dialect.Endpoint {
	return dialect.Write(http.MethodPatch, path, p, handle).Takes(wire.JSONContent(wire.Reference(schema))).
		Returns(wire.Response{Status: http.StatusAccepted, Details: "処理受付完了", Content: wire.JSONContent(wire.Reference("Accepted"))}).
		Refuses(http.StatusBadRequest)
}

// many returns a bare array, as every list of the platform does; the counts are in headers.
func many(path string, p web.Permission, handle dialect.Handler, schema string) dialect.Endpoint {
	// A 404 is possible although a list may be empty: the paths of some lists name a product and a store.
	return dialect.Get(path, p, handle).Returns(dialect.OK(wire.ArrayOf(wire.Reference(schema)),
		wire.Parameter{Name: "Link", Schema: wire.TextSchema(""), Details: "next, prev, first, last (RFC 8288)"},
		wire.Parameter{Name: headerTotal, Schema: wire.IntegerSchema(""), Details: "全件数"},
	)).Refuses(http.StatusBadRequest, http.StatusNotFound)
}

// one returns a single entry, in the form it has in a list.
func one(path string, p web.Permission, handle dialect.Handler, schema string) dialect.Endpoint {
	return dialect.Get(path, p, handle).Returns(dialect.OK(wire.Reference(schema))).
		Refuses(http.StatusBadRequest, http.StatusNotFound)
}

// tokenEndpoint is where apps get their tokens. Its errors are those of OAuth.
func (d *Dialect) tokenEndpoint() dialect.Endpoint {
	refused := wire.JSONContent(wire.Reference("TokenError"))
	return dialect.Write(http.MethodPost, pathToken, web.Guarded(), d.issueToken).
		Says("postToken", "アプリアクセストークン取得").At(wire.APIServer{URL: "/"}).
		Takes(&wire.Content{MediaType: "application/x-www-form-urlencoded", Schema: tokenForm()}).
		Returns(
			wire.Response{Status: http.StatusOK, Details: "アクセストークン", Content: wire.JSONContent(wire.Reference("Token"))},
			wire.Response{Status: http.StatusBadRequest, Content: refused},
			wire.Response{Status: http.StatusUnauthorized, Content: refused},
		)
}

// requestEndpoint accepts any scope of bulk requests, because only the handler finds out which kind the request is.
func (d *Dialect) requestEndpoint() dialect.Endpoint {
	scopes := web.AnyScope(scopeCustomersRead, scopeCustomersWrite, scopeStockRead, scopeStockWrite)
	return dialect.Get(pathRequest, scopes, d.getBulkRequest).Says("getBulkRequest", "一括更新の状況取得 (Noren独自)").
		Returns(wire.Response{Status: http.StatusOK, Details: "状況", Content: wire.JSONContent(wire.Reference("BulkRequest"))}).
		Refuses(http.StatusBadRequest, http.StatusNotFound)
}
