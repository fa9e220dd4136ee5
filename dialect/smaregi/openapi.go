package smaregi

import (
	"fmt"
	"net/http"
	"strings"

	"noren"
	"noren/wire"
)

// newDocument describes the dialect. The schemas of bodies and answers are those of the tables that decode and write
// them, so they cannot differ from what is done.
func (d *Dialect) newDocument(version string) []byte {
	doc := wire.Document{
		Title: "Noren: Smaregi dialect", Version: version,
		Description: "スマレジ・プラットフォームAPI (POS) 互換のAPI。詳細は dialect/smaregi/README.md を参照してください。",
		Servers: []wire.APIServer{
			{URL: "/{contract_id}/pos", Variables: []wire.Pair{wire.P("contract_id", "sb_demo0001")}}, {URL: "/"},
		},
		Schemas: d.schemas(),
		Security: []wire.Pair{wire.P("bearer", wire.Map{
			wire.P("type", "http"), wire.P("scheme", "bearer"),
			wire.P("description", "アプリアクセストークンまたはユーザーアクセストークン"),
		})},
	}
	for _, e := range d.endpoints {
		doc.Operations = append(doc.Operations, e.operation())
	}
	return doc.JSON()
}

// operation describes the endpoint. The refusals that every endpoint has are added here, once.
func (e endpoint) operation() wire.Operation {
	op := wire.Operation{
		Method: e.Method, Path: e.Pattern, ID: e.id, Summary: e.summary, Details: e.plans(),
		Parameters: e.parameters, Body: e.body, Responses: []wire.Response{e.success},
	}
	refusals := append([]int{}, e.refusals...)
	if e.Pattern == pathToken {
		op.Servers = []wire.APIServer{{URL: "/"}}
	} else {
		op.Scheme, op.Scopes = "bearer", e.Permission.Scopes()
		refusals = append(refusals, http.StatusUnauthorized, http.StatusForbidden)
	}
	for _, status := range append(refusals, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable) {
		content := &wire.Content{MediaType: mediaProblem, Schema: wire.Reference("Problem")}
		if e.Pattern == pathToken && status < http.StatusTooManyRequests {
			content = jsonOf("TokenError")
		}
		op.Responses = append(op.Responses, wire.Response{Status: status, Details: http.StatusText(status), Content: content})
	}
	return op
}

// plans names the plans that include the endpoint.
func (e endpoint) plans() string {
	plans := e.Permission.Plans()
	if len(plans) == 0 {
		return ""
	}
	names := make([]string, len(plans))
	for i, p := range plans {
		names[i] = string(p)
	}
	return "対象プラン: " + strings.Join(names, ", ")
}

// schemas are the components. Those of rows and entries come from the tables; the small fixed bodies are written out.
func (d *Dialect) schemas() []wire.Property {
	return []wire.Property{
		{Name: "CustomersBulk", Schema: bulkSchema("customers", d.customers.Schema(), d.envelope)},
		{Name: "StockBulk", Schema: bulkSchema("stock", d.stock.Schema(), d.envelope)},
		{Name: "Accepted", Schema: object(
			property("requestId", wire.IntegerSchema("問い合わせ用ID")), property("callbackUrl", wire.TextSchema("処理完了通知URL")),
		)},
		{Name: "Customer", Schema: d.lists.customers.view.Schema()},
		{Name: "Stock", Schema: d.lists.stock.view.Schema()},
		{Name: "StockChange", Schema: d.lists.changes.view.Schema()},
		{Name: "Store", Schema: d.lists.stores.view.Schema()},
		{Name: "Product", Schema: d.lists.products.view.Schema()},
		{Name: "BulkRequest", Schema: bulkRequestSchema()},
		{Name: "Token", Schema: object(
			property("scope", wire.TextSchema("空白区切り")), property("token_type", wire.TextSchema("Bearer")),
			property("expires_in", wire.IntegerSchema("秒")), property("access_token", wire.TextSchema("アクセストークン")),
		)},
		{Name: "TokenError", Schema: object(
			property("error", wire.TextSchema("RFC 6749 5.2")), property("error_description", wire.TextSchema("")),
		)},
		{Name: "Problem", Schema: problemSchema()},
	}
}

// property shortens what follows.
func property(name string, schema *wire.Schema) wire.Property {
	return wire.Property{Name: name, Schema: schema}
}

// object is an object all of whose properties are always there.
func object(properties ...wire.Property) *wire.Schema {
	s := &wire.Schema{Types: []string{"object"}, Properties: properties}
	for _, p := range properties {
		s.Required = append(s.Required, p.Name)
	}
	return s
}

// bulkSchema is the body of a bulk update: the rows of the table under their key, beside the envelope.
func bulkSchema(key string, row *wire.Schema, e wire.Table[envelope]) *wire.Schema {
	rows := wire.ArrayOf(row)
	rows.MinItems, rows.MaxItems = 1, noren.MaxBulkRows
	rows.Description = fmt.Sprintf("1件以上%d件以下。全ての要素のキーを揃えてください。", noren.MaxBulkRows)
	s := e.Schema()
	s.Properties = append([]wire.Property{property(key, rows)}, s.Properties...)
	s.Required = append([]string{key}, s.Required...)
	return s
}

// problemSchema covers the two forms of an error: detail is in all but 401, and the last two are in 401 only.
func problemSchema() *wire.Schema {
	s := object(property("type", wire.TextSchema("")), property("title", wire.TextSchema("")),
		property("status", wire.IntegerSchema("")))
	s.Properties = append(s.Properties, property("detail", wire.TextSchema("")), property("error", wire.TextSchema("401")),
		property("error_description", wire.TextSchema("401")))
	return s
}

// bulkRequestSchema is what statusBody writes; a test holds answers against it.
func bulkRequestSchema() *wire.Schema {
	time := func(label string) *wire.Schema {
		return &wire.Schema{Types: []string{"string"}, Format: "date-time", Description: label}
	}
	result := object()
	for _, key := range []string{"customerId", "id", "productId", "storeId"} {
		result.Properties = append(result.Properties, property(key, wire.TextSchema("")))
	}
	attempt := object(
		property("number", wire.IntegerSchema("1から")), property("at", time("")), property("durationMs", wire.IntegerSchema("ミリ秒")),
		property("status", wire.IntegerSchema("受信側の応答。nullは応答なし").OrNull()),
		property("error", wire.TextSchema("応答がなかった理由").OrNull()), property("answer", wire.TextSchema("応答の先頭512バイト")),
	)
	callback := object(
		property("url", wire.TextSchema("")), property("state", (&wire.Schema{
			Types: []string{"string"}, Enum: []any{"pending", "delivered", "given_up"}, Description: "nullは更新処理前",
		}).OrNull()),
		property("nextAttemptAt", time("次の通知の予定").OrNull()), property("attempts", wire.ArrayOf(attempt)),
	)
	s := object(
		property("requestId", wire.IntegerSchema("問い合わせ用ID")),
		property("kind", &wire.Schema{Types: []string{"string"}, Enum: []any{"customers", "stock"}}),
		property("state", &wire.Schema{Types: []string{"string"}, Enum: []any{"accepted", "succeeded", "failed"}}),
		property("acceptedAt", time("受付日時")), property("appliedAt", time("更新日時").OrNull()),
		property("rows", wire.IntegerSchema("件数")),
		property("failures", wire.ArrayOf(object(property("row", wire.IntegerSchema("行番号")), property("message", wire.TextSchema(""))))),
		property("callback", callback),
	)
	s.Properties = append(s.Properties, property("result", wire.ArrayOf(result)), property("message", wire.TextSchema("")))
	return s
}
