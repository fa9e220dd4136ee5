package smaregi

import (
	"fmt"

	"noren/app/bulk"
	"noren/wire"
)

// schemas are the components. Those of rows and entries come from the tables; the small fixed bodies are written out.
func (d *Dialect) schemas() []wire.Property {
	return []wire.Property{
		{Name: "CustomersBulk", Schema: bulkSchema("customers", d.customers.Schema(), d.envelope)},
		{Name: "StockBulk", Schema: bulkSchema("stock", d.stock.Schema(), d.envelope)},
		{Name: "Accepted", Schema: wire.ObjectOf(
			wire.Prop("requestId", wire.IntegerSchema("問い合わせ用ID")), wire.Prop("callbackUrl", wire.TextSchema("処理完了通知URL")),
		)},
		{Name: "Customer", Schema: d.lists.customers.schema()},
		{Name: "Stock", Schema: d.lists.stock.schema()},
		{Name: "StockChange", Schema: d.lists.changes.schema()},
		{Name: "Store", Schema: d.lists.stores.schema()},
		{Name: "Product", Schema: d.lists.products.schema()},
		{Name: "BulkRequest", Schema: bulkRequestSchema()},
		{Name: "Token", Schema: wire.ObjectOf(
			wire.Prop("scope", wire.TextSchema("空白区切り")), wire.Prop("token_type", wire.TextSchema("Bearer")),
			wire.Prop("expires_in", wire.IntegerSchema("秒")), wire.Prop("access_token", wire.TextSchema("アクセストークン")),
		)},
		{Name: "TokenError", Schema: wire.ObjectOf(
			wire.Prop("error", wire.TextSchema("RFC 6749 5.2")), wire.Prop("error_description", wire.TextSchema("")),
		)},
		{Name: "Problem", Schema: problemSchema()},
	}
}

// bulkSchema is the body of a bulk update: the rows of the table under their key, next to the envelope.
func bulkSchema(key string, row *wire.Schema, e wire.Table[envelope]) *wire.Schema {
	rows := wire.ArrayOf(row)
	rows.MinItems, rows.MaxItems = 1, bulk.MaxRows
	rows.Description = fmt.Sprintf("1件以上%d件以下。全ての要素のキーを揃えてください。", bulk.MaxRows)
	s := e.Schema()
	// The rows stand first, as in the document's example.
	s.Properties = append([]wire.Property{wire.Prop(key, rows)}, s.Properties...)
	s.Required = append([]string{key}, s.Required...)
	return s
}

// problemSchema covers the two forms of an error: all but 401 have detail, and only 401 has the last two.
func problemSchema() *wire.Schema {
	s := wire.ObjectOf(wire.Prop("type", wire.TextSchema("")), wire.Prop("title", wire.TextSchema("")),
		wire.Prop("status", wire.IntegerSchema("")))
	// Added behind ObjectOf, which requires every key that it is given.
	s.Properties = append(s.Properties, wire.Prop("detail", wire.TextSchema("")), wire.Prop("error", wire.TextSchema("401")),
		wire.Prop("error_description", wire.TextSchema("401")))
	return s
}

// bulkRequestSchema is what statusBody writes; a test checks responses against it.
func bulkRequestSchema() *wire.Schema {
	time := func(label string) *wire.Schema {
		return &wire.Schema{Types: []string{"string"}, Format: "date-time", Description: label}
	}
	result := wire.ObjectOf()
	for _, key := range []string{"customerId", "id", "productId", "storeId"} {
		result.Properties = append(result.Properties, wire.Prop(key, wire.TextSchema("")))
	}
	attempt := wire.ObjectOf(
		wire.Prop("number", wire.IntegerSchema("1から")), wire.Prop("at", time("")), wire.Prop("durationMs", wire.IntegerSchema("ミリ秒")),
		wire.Prop("status", wire.IntegerSchema("受信側の応答。nullは応答なし").OrNull()),
		wire.Prop("error", wire.TextSchema("応答がなかった理由").OrNull()), wire.Prop("answer", wire.TextSchema("応答の先頭512バイト")),
	)
	callback := wire.ObjectOf(
		wire.Prop("url", wire.TextSchema("")), wire.Prop("state", (&wire.Schema{
			Types: []string{"string"}, Enum: []any{"pending", "delivered", "given_up"}, Description: "nullは更新処理前",
		}).OrNull()),
		wire.Prop("nextAttemptAt", time("次の通知の予定").OrNull()), wire.Prop("attempts", wire.ArrayOf(attempt)),
	)
	failure := wire.ObjectOf(wire.Prop("row", wire.IntegerSchema("行番号")), wire.Prop("message", wire.TextSchema("")))
	s := wire.ObjectOf(
		wire.Prop("requestId", wire.IntegerSchema("問い合わせ用ID")),
		wire.Prop("kind", &wire.Schema{Types: []string{"string"}, Enum: []any{"customers", "stock"}}),
		wire.Prop("state", &wire.Schema{Types: []string{"string"}, Enum: []any{"accepted", "succeeded", "failed"}}),
		wire.Prop("acceptedAt", time("受付日時")), wire.Prop("appliedAt", time("更新日時").OrNull()),
		wire.Prop("rows", wire.IntegerSchema("件数")),
		wire.Prop("failures", wire.ArrayOf(failure)),
		wire.Prop("callback", callback),
	)
	// Not required: neither is there before the request was applied, and after it only one of the two.
	s.Properties = append(s.Properties, wire.Prop("result", wire.ArrayOf(result)), wire.Prop("message", wire.TextSchema("")))
	return s
}
