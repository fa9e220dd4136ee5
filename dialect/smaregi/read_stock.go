package smaregi

import (
	"context"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// maxMovementID has the documented 12 digits.
const maxMovementID = 999_999_999_999

// noLayaway is how much is laid away (取置き): there is no layaway here.
const noLayaway = "0"

// getStock is GET /stock 在庫一覧取得.
func (d *Dialect) getStock(ctx context.Context, x *web.Request) (web.Answer, error) {
	l := d.lists.stock
	a, err := l.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	a.filter.Sort, a.filter.Page = a.sort, a.page
	found, err := d.rooms.Stock.Levels(ctx, x.Caller, a.filter)
	if err != nil {
		return web.Answer{}, err
	}
	return l.answer(x, a, inZone(found.Items, x.Caller.Tenant), found.Total), nil
}

// stockList has the documented page of GET /stock. A product has no entry for a store before its first movement there.
func stockList() list[noren.StockFilter, zoned[noren.StockLevel]] {
	type row = zoned[noren.StockLevel]
	span := func(f *noren.StockFilter) *noren.Span { return &f.Updated }
	return list[noren.StockFilter, row]{
		sortable: [][2]string{{"productId", "product"}, {"storeId", "store"}},
		filters: append([]filter[noren.StockFilter]{
			integerFilter("store_id", "店舗ID", 1, maxStoreID, func(f *noren.StockFilter, n int64) { f.StoreID = n }),
			integerFilter("product_id", "商品ID", 1, maxProductID, func(f *noren.StockFilter, n int64) { f.ProductID = n }),
		}, updatedFilters(span)...),
		span: span,
		view: wire.View[row]{
			always("storeId", "店舗ID", func(r row) any { return decimal(r.is.StoreID) }),
			always("productId", "商品ID", func(r row) any { return decimal(r.is.ProductID) }),
			always("stockAmount", "在庫数", func(r row) any { return decimal(r.is.Amount) }),
			always("layawayStockAmount", "取置き在庫数", func(row) any { return noLayaway }),
			always("updDateTime", "更新日時", func(r row) any { return stamp(r.is.UpdatedAt, r.zone) }),
		},
	}
}

// changeFilter is the filter of movements, and whether it asks for transfers between stores.
type changeFilter struct {
	noren.MovementFilter
	transfer bool // from_store_id or to_store_id was given
}

// getStockChanges is GET /stock/changes/{product_id}/{store_id} 在庫変動履歴取得.
func (d *Dialect) getStockChanges(ctx context.Context, x *web.Request) (web.Answer, error) {
	l := d.lists.changes
	product, err := dialect.PathID(x, "product_id", maxProductID)
	if err != nil {
		return web.Answer{}, err
	}
	store, err := dialect.PathID(x, "store_id", maxStoreID)
	if err != nil {
		return web.Answer{}, err
	}
	a, err := l.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	a.filter.StockKey = noren.StockKey{ProductID: product, StoreID: store}
	a.filter.Sort, a.filter.Page = a.sort, a.page
	// Asked even where nothing can be found, so that a product or store that does not exist is a 404 in any case.
	found, err := d.rooms.Stock.Movements(ctx, x.Caller, a.filter.MovementFilter)
	if err != nil {
		return web.Answer{}, err
	}
	if a.filter.transfer {
		found = noren.List[noren.StockMovement]{} // there are no transfers, so none comes from or goes to that store
	}
	return l.answer(x, a, inZone(found.Items, x.Caller.Tenant), found.Total), nil
}

// changeList has the filters and keys of the platform's stock changes. Those of sales and transfers are always null,
// because there are neither.
func changeList() list[changeFilter, zoned[noren.StockMovement]] {
	type row = zoned[noren.StockMovement]
	return list[changeFilter, row]{
		sortable: [][2]string{{"id", "id"}, {"updDateTime", "at"}, {"targetDateTime", "at"}},
		filters: []filter[changeFilter]{
			integerFilter("id", "在庫変動履歴ID", 1, maxMovementID, func(f *changeFilter, n int64) { f.ID = n }),
			dayFilter("target_date", "対象日", func(f *changeFilter) *noren.Span { return &f.At }),
			integerFilter("stock_amount", "処理後の在庫数", -noren.MaxStockAmount, noren.MaxStockAmount,
				func(f *changeFilter, n int64) { f.Amount = &n }),
			textFilter("stock_division", "在庫区分", 2, func(f *changeFilter) *string { return &f.Division }),
			integerFilter("from_store_id", "出庫元店舗ID", 1, maxStoreID, func(f *changeFilter, _ int64) { f.transfer = true }),
			integerFilter("to_store_id", "入庫先店舗ID", 1, maxStoreID, func(f *changeFilter, _ int64) { f.transfer = true }),
		},
		view: wire.View[row]{
			always("id", "在庫変動履歴ID", func(r row) any { return decimal(r.is.ID) }),
			always("updDateTime", "更新日時", func(r row) any { return stamp(r.is.At, r.zone) }),
			always("targetDateTime", "対象日時", func(r row) any { return stamp(r.is.At, r.zone) }),
			always("productId", "商品ID", func(r row) any { return decimal(r.is.ProductID) }),
			always("storeId", "店舗ID", func(r row) any { return decimal(r.is.StoreID) }),
			always("amount", "相対値", func(r row) any { return decimal(r.is.Delta) }),
			always("stockAmount", "処理後の在庫数", func(r row) any { return decimal(r.is.AmountAfter) }),
			always("layawayStockAmount", "取置き在庫数", func(row) any { return noLayaway }),
			always("stockDivision", "在庫区分 (15:スマレジAPI連携)", func(r row) any { return r.is.Division }),
			unknown[row]("fromStoreId", "出庫元店舗ID"),
			unknown[row]("toStoreId", "入庫先店舗ID"),
			unknown[row]("taxDivision", "税区分"),
			unknown[row]("price", "価格"),
			unknown[row]("cost", "原価"),
			maybe("memo", "メモ", func(r row) any { return r.is.Memo }),
			unknown[row]("staffId", "スタッフID"),
			unknown[row]("staffName", "スタッフ名"),
		},
	}
}
