package smaregi

import (
	"context"

	"noren"
	"noren/web"
	"noren/wire"
)

// maxProductID has the documented 15 digits.
const maxProductID = noren.MaxProductID

// keyHistory is the only nested object of a row.
const keyHistory = "stockHistory"

// stockTable has the fields of the rows of PATCH /stock/bulk.
func stockTable() wire.Table[noren.StockChange] {
	type change = noren.StockChange
	return wire.NewTable(
		wire.Integer("productId", wire.ToValue(func(c *change) *int64 { return &c.ProductID })).Between(1, maxProductID).Must().
			Says("商品ID", "1"),
		wire.Integer("storeId", wire.ToValue(func(c *change) *int64 { return &c.StoreID })).Between(1, maxStoreID).Must().
			Says("店舗ID", "123456789"),
		wire.Integer("stockAmount", wire.ToValue(func(c *change) *int64 { return &c.Amount })).
			Between(-noren.MaxStockAmount, noren.MaxStockAmount).Must().Says("在庫数", "123456789"),
		wire.Nested(keyHistory, wire.NewTable(
			wire.Text("memo", wire.ToPointer(func(c *change) **string { return &c.Memo })).AtMost(noren.MaxStockMemo).OrNull().
				Says("在庫変動履歴に設定するメモ", ""),
		)).OrNull().Says("在庫変動履歴", ""),
	)
}

// patchStock is PATCH /stock/bulk 在庫一括更新.
func (d *Dialect) patchStock(ctx context.Context, x *web.Request) (web.Answer, error) {
	words := stockWords()
	e, rows, err := d.readBulk(x.Body, words)
	if err != nil {
		return web.Answer{}, err
	}
	// After the keys of the rows and before any value, in the order of the document's list of errors.
	if !sameHistoryKeys(rows) {
		return web.Answer{}, invalid(wordsHistoryKeys)
	}
	changes, err := decodeRows(rows, d.stock, words)
	if err != nil {
		return web.Answer{}, err
	}
	return d.accept(ctx, x, words, e, noren.BulkRows{Stock: changes})
}

// sameHistoryKeys compares the keys of the rows' stockHistory; null has none. A value that is neither an object nor
// null is refused later, for its type.
func sameHistoryKeys(rows []wire.Object) bool {
	var first wire.Object
	// Either all rows have the key stockHistory or none; that has been checked before.
	for i, row := range rows {
		value := row.Get(keyHistory)
		history, ok := value.Object()
		switch {
		case !ok && value.Exists() && !value.IsNull():
			return true
		case i == 0:
			first = history
		case !first.SameNames(history):
			return false
		}
	}
	return true
}
