package smaregi

import (
	"context"

	"noren"
	"noren/dialect"
	"noren/web"
)

// getStores is GET /stores 店舗一覧取得.
func (d *Dialect) getStores(ctx context.Context, x *web.Request) (web.Answer, error) {
	return listCatalogue(ctx, x, d.lists.stores, d.rooms.Stock.Stores)
}

// getStore is GET /stores/{store_id} 店舗取得.
func (d *Dialect) getStore(ctx context.Context, x *web.Request) (web.Answer, error) {
	return oneOfCatalogue(ctx, x, d.lists.stores, "store_id", maxStoreID, d.rooms.Stock.Stores)
}

// getProducts is GET /products 商品一覧取得.
func (d *Dialect) getProducts(ctx context.Context, x *web.Request) (web.Answer, error) {
	return listCatalogue(ctx, x, d.lists.products, d.rooms.Stock.Products)
}

// getProduct is GET /products/{product_id} 商品取得.
func (d *Dialect) getProduct(ctx context.Context, x *web.Request) (web.Answer, error) {
	return oneOfCatalogue(ctx, x, d.lists.products, "product_id", maxProductID, d.rooms.Stock.Products)
}

// catalogueQuery is stock.Service.Stores or Products.
type catalogueQuery[T any] func(context.Context, noren.Caller, noren.CatalogueFilter) (noren.List[T], error)

// listCatalogue is a list of stores or products.
func listCatalogue[T any](
	ctx context.Context, x *web.Request, l list[noren.CatalogueFilter, zoned[T]], query catalogueQuery[T],
) (web.Answer, error) {
	a, err := l.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	a.filter.Sort, a.filter.Page = a.sort, a.page
	found, err := query(ctx, x.Caller, a.filter)
	if err != nil {
		return web.Answer{}, err
	}
	return l.answer(x, a, inZone(found.Items, x.Caller.Tenant), found.Total), nil
}

// oneOfCatalogue is one store or product: a list filtered by its id. NotFound if the list is empty.
func oneOfCatalogue[T any](
	ctx context.Context, x *web.Request, l list[noren.CatalogueFilter, zoned[T]], name string, highest int64, query catalogueQuery[T],
) (web.Answer, error) {
	id, err := dialect.PathID(x, name, highest)
	if err != nil {
		return web.Answer{}, err
	}
	// The same query as for the list, so that what a restricted caller may see is decided in one place.
	found, err := query(ctx, x.Caller, noren.CatalogueFilter{IDs: []int64{id}})
	if err != nil {
		return web.Answer{}, err
	}
	if len(found.Items) == 0 {
		return web.Answer{}, &noren.Error{Kind: noren.NotFound, Field: name}
	}
	return l.one(x, inZone(found.Items, x.Caller.Tenant)[0])
}
