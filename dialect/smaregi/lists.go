package smaregi

import (
	"time"

	"noren"
	"noren/wire"
)

// lists are the lists that this dialect has.
type lists struct {
	customers list[noren.MemberFilter, customer]
	stock     list[noren.StockFilter, zoned[noren.StockLevel]]
	changes   list[changeFilter, zoned[noren.StockMovement]]
	stores    list[noren.CatalogueFilter, zoned[noren.Store]]
	products  list[noren.CatalogueFilter, zoned[noren.Product]]
}

// zoned is an entry with the tenant's zone, in which its times are written.
type zoned[T any] struct {
	is   T
	zone *time.Location
}

// inZone pairs each item with the zone.
func inZone[T any](items []T, zone *time.Location) []zoned[T] {
	out := make([]zoned[T], len(items))
	for i, item := range items {
		out[i] = zoned[T]{item, zone}
	}
	return out
}

// stamp is YYYY-MM-DDThh:mm:ssTZD in the zone.
func stamp(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02T15:04:05-07:00")
}

// newLists makes the lists. What can be sorted by is what the domain's filters can sort by.
func newLists() lists {
	return lists{
		customers: customerList(), stock: stockList(), changes: changeList(),
		stores: list[noren.CatalogueFilter, zoned[noren.Store]]{
			sortable: [][2]string{{"storeId", "id"}, {"storeCode", "code"}, {"storeName", "name"}, {"updDateTime", "updated_at"}},
			filters:  catalogueFilters("store_code", "店舗コード"), span: catalogueSpan, view: storeView(),
		},
		products: list[noren.CatalogueFilter, zoned[noren.Product]]{
			sortable: [][2]string{{"productId", "id"}, {"productCode", "code"}, {"productName", "name"}, {"updDateTime", "updated_at"}},
			filters:  catalogueFilters("product_code", "商品コード"), span: catalogueSpan, view: productView(),
		},
	}
}

// catalogueSpan is what upd_date_time-from and -to fill in.
func catalogueSpan(f *noren.CatalogueFilter) *noren.Span { return &f.Updated }

// catalogueFilters are those of stores and of products; code is the name of theirs.
func catalogueFilters(code, label string) []filter[noren.CatalogueFilter] {
	return append([]filter[noren.CatalogueFilter]{
		textFilter(code, label, maxCode, func(f *noren.CatalogueFilter) *string { return &f.Code }),
	}, updatedFilters(catalogueSpan)...)
}

// always is a key that is never null; maybe is one that may be.
func always[T any](name, label string, value func(T) any) wire.Shown[T] {
	return wire.Shown[T]{Name: name, Value: value, Description: label}
}

func maybe[T any](name, label string, value func(T) any) wire.Shown[T] {
	return wire.Shown[T]{Name: name, Value: value, Description: label, Nullable: true}
}

// unknown is a documented key for which nothing is stored: always null.
func unknown[T any](name, label string) wire.Shown[T] {
	return maybe(name, label, func(T) any { return nil })
}

// storeView is the keys of a store for which something is stored, in the documented order. The page has many more, of
// receipts and taxes; a client that asks for those by fields gets the others.
func storeView() wire.View[zoned[noren.Store]] {
	type row = zoned[noren.Store]
	return wire.View[row]{
		always("storeId", "店舗ID", func(r row) any { return decimal(r.is.ID) }),
		always("storeCode", "店舗コード", func(r row) any { return r.is.Code }),
		always("storeName", "店舗名", func(r row) any { return r.is.Name }),
		maybe("division", "店舗区分 (1:通常店舗、2:倉庫、null:受注店舗)", func(r row) any { return division(r.is.Kind) }),
		always("insDateTime", "登録日時", func(r row) any { return stamp(r.is.CreatedAt, r.zone) }),
		always("updDateTime", "更新日時", func(r row) any { return stamp(r.is.UpdatedAt, r.zone) }),
	}
}

// division is the document's word; it has none for order-receiving stores.
func division(kind noren.StoreKind) any {
	switch kind {
	case noren.StoreShop:
		return "1"
	case noren.StoreWarehouse:
		return "2"
	default:
		return nil
	}
}

// productView is the keys of a product for which something is stored, in the documented order.
func productView() wire.View[zoned[noren.Product]] {
	type row = zoned[noren.Product]
	return wire.View[row]{
		always("productId", "商品ID", func(r row) any { return decimal(r.is.ID) }),
		always("productCode", "商品コード", func(r row) any { return r.is.Code }),
		always("productName", "商品名", func(r row) any { return r.is.Name }),
		always("insDateTime", "登録日時", func(r row) any { return stamp(r.is.CreatedAt, r.zone) }),
		always("updDateTime", "更新日時", func(r row) any { return stamp(r.is.UpdatedAt, r.zone) }),
	}
}
