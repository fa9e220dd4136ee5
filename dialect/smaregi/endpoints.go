package smaregi

import (
	"net/http"

	"noren/web"
	"noren/wire"
)

// endpoint is a route with what its document says.
type endpoint struct {
	web.Route
	id, summary string
	parameters  []wire.Parameter
	body        *wire.Content
	success     wire.Response
	refusals    []int // statuses besides those that every endpoint has
}

// Paths that other code has to know.
const (
	pathToken   = "/app/{contract_id}/token"
	pathRequest = "/bulk_requests/{request_id}"
)

// newEndpoints lists every endpoint with its permission. README.md has the same table with the sources.
func (d *Dialect) newEndpoints() []endpoint {
	customers := web.AnyScope(scopeCustomersRead).On(customerPlans()...)
	stores, products := web.AnyScope(scopeStoresRead), web.AnyScope(scopeProductsRead)
	return []endpoint{
		{
			Route: web.Route{
				Method: http.MethodPost, Pattern: pathToken, Permission: web.Public(), Class: web.Write, Handle: d.issueToken,
			},
			id: "postToken", summary: "アプリアクセストークン取得",
			parameters: []wire.Parameter{{Name: "contract_id", In: "path", Schema: wire.TextSchema("契約ID")}},
			body:       &wire.Content{MediaType: "application/x-www-form-urlencoded", Schema: tokenForm()},
			success:    wire.Response{Status: http.StatusOK, Details: "アクセストークン", Content: jsonOf("Token")},
			refusals:   []int{http.StatusBadRequest, http.StatusUnauthorized},
		},
		// The two asynchronous updates.
		d.bulkEndpoint("/customers/bulk", "patchCustomersBulk", "会員一括更新", "CustomersBulk",
			web.AnyScope(scopeCustomersWrite).On(customerPlans()...), d.patchCustomers),
		d.bulkEndpoint("/stock/bulk", "patchStockBulk", "在庫一括更新", "StockBulk",
			web.AnyScope(scopeStockWrite).On(stockPlans()...), d.patchStock),
		// What a client reads to know what it updates.
		listEndpoint("/customers", "getCustomers", "会員一覧取得", "Customer", customers, d.getCustomers, d.lists.customers.parameters()),
		oneEndpoint("/customers/{customer_id}", "getCustomer", "会員取得", "Customer", customers, d.getCustomer, "customer_id"),
		listEndpoint("/stock", "getStock", "在庫一覧取得", "Stock",
			web.AnyScope(scopeStockRead).On(stockPlans()...), d.getStock, d.lists.stock.parameters()),
		listEndpoint("/stock/changes/{product_id}/{store_id}", "getStockChanges", "在庫変動履歴取得", "StockChange",
			web.AnyScope(scopeChangesRead).On(stockPlans()...), d.getStockChanges,
			append(pathIDs("product_id", "store_id"), d.lists.changes.parameters()...)),
		listEndpoint("/stores", "getStores", "店舗一覧取得", "Store", stores, d.getStores, d.lists.stores.parameters()),
		oneEndpoint("/stores/{store_id}", "getStore", "店舗取得", "Store", stores, d.getStore, "store_id"),
		listEndpoint("/products", "getProducts", "商品一覧取得", "Product", products, d.getProducts, d.lists.products.parameters()),
		oneEndpoint("/products/{product_id}", "getProduct", "商品取得", "Product", products, d.getProduct, "product_id"),
		{
			Route: web.Route{
				Method: http.MethodGet, Pattern: pathRequest, Class: web.Read, Handle: d.getBulkRequest,
				Permission: web.AnyScope(scopeCustomersRead, scopeCustomersWrite, scopeStockRead, scopeStockWrite),
			},
			id: "getBulkRequest", summary: "一括更新の状況取得 (Noren独自)",
			parameters: pathIDs("request_id"),
			success:    wire.Response{Status: http.StatusOK, Details: "状況", Content: jsonOf("BulkRequest")},
			refusals:   []int{http.StatusNotFound},
		},
	}
}

// bulkEndpoint is one of the two asynchronous updates. 409 comes from the Idempotency-Key alone.
func (d *Dialect) bulkEndpoint(path, id, summary, schema string, p web.Permission, handle handler) endpoint {
	return endpoint{
		Route: web.Route{Method: http.MethodPatch, Pattern: path, Permission: p, Class: web.Write, Handle: handle},
		id:    id, summary: summary,
		parameters: []wire.Parameter{{
			Name: web.IdempotencyHeader, In: "header", Schema: wire.TextSchema(""),
			Details: "同じキーと同じ内容の再送には24時間、最初の応答を返します。(Noren独自)",
		}},
		body:     jsonOf(schema),
		success:  wire.Response{Status: http.StatusAccepted, Details: "処理受付完了", Content: jsonOf("Accepted")},
		refusals: []int{http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge},
	}
}

// listEndpoint answers a bare array, as every list of the platform does; the counts are in headers.
func listEndpoint(path, id, summary, schema string, p web.Permission, handle handler, parameters []wire.Parameter) endpoint {
	return endpoint{
		Route: web.Route{Method: http.MethodGet, Pattern: path, Permission: p, Class: web.Read, Handle: handle},
		id:    id, summary: summary, parameters: parameters,
		success: wire.Response{
			Status: http.StatusOK, Details: summary,
			Headers: []wire.Parameter{
				{Name: "Link", Schema: wire.TextSchema(""), Details: "next, prev, first, last (RFC 8288)"},
				{Name: headerTotal, Schema: wire.IntegerSchema(""), Details: "全件数"},
			},
			Content: &wire.Content{MediaType: mediaJSON, Schema: wire.ArrayOf(wire.Reference(schema))},
		},
		refusals: []int{http.StatusBadRequest, http.StatusNotFound},
	}
}

// oneEndpoint answers the entry that a list would have, alone.
func oneEndpoint(path, id, summary, schema string, p web.Permission, handle handler, name string) endpoint {
	return endpoint{
		Route: web.Route{Method: http.MethodGet, Pattern: path, Permission: p, Class: web.Read, Handle: handle},
		id:    id, summary: summary,
		parameters: append(pathIDs(name), wire.Parameter{Name: "fields", In: "query", Schema: wire.TextSchema(""), Details: wordsFields}),
		success:    wire.Response{Status: http.StatusOK, Details: summary, Content: jsonOf(schema)},
		refusals:   []int{http.StatusBadRequest, http.StatusNotFound},
	}
}

// pathIDs describes ids in the path. In the path they are digits; only in bodies are they strings.
func pathIDs(names ...string) []wire.Parameter {
	parameters := make([]wire.Parameter, len(names))
	for i, name := range names {
		parameters[i] = wire.Parameter{Name: name, In: "path", Schema: wire.IntegerSchema("")}
	}
	return parameters
}

// jsonOf is a JSON body with the schema of that name.
func jsonOf(schema string) *wire.Content {
	return &wire.Content{MediaType: mediaJSON, Schema: wire.Reference(schema)}
}
