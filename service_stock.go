package noren

import (
	"context"
	"time"
)

// The bounds of a table of stock. It has a cell for each product and store.
const (
	MaxStockProducts = 100
	MaxStockStores   = 24
)

// StockQuery asks for a table of stock.
type StockQuery struct {
	Keyword string // part of a product's code or name
	StoreID int64  // 0: the first MaxStockStores
	Page           // of the products
}

// StockTable is what products there are in which stores.
type StockTable struct {
	Products List[Product]
	Stores   List[Store]             // in the columns; Total is how many the tenant has
	Levels   map[StockKey]StockLevel // those that exist
}

// StockTable answers the levels of one page of products in the stores that the caller may see.
func (s *Service) StockTable(ctx context.Context, c Caller, q StockQuery) (out StockTable, err error) {
	if q.Limit <= 0 || q.Limit > MaxStockProducts {
		q.Limit = MaxStockProducts
	}
	stores := CatalogueFilter{Page: Page{Limit: MaxStockStores}}
	if own := c.Client.StoreID; own != nil {
		stores.IDs = []int64{*own}
	} else if q.StoreID != 0 {
		stores.IDs = []int64{q.StoreID}
	}
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Products.Items, out.Products.Total, err = tx.Products(ctx, CatalogueFilter{
			Keyword: q.Keyword, Sort: []Sort{{Column: "code"}}, Page: q.Page,
		})
		if err != nil {
			return err
		}
		if out.Stores.Items, out.Stores.Total, err = tx.Stores(ctx, stores); err != nil {
			return err
		}
		levels, _, err := tx.Stock(ctx, StockFilter{ProductIDs: idsOf(out.Products.Items), StoreIDs: idsOf(out.Stores.Items)})
		out.Levels = make(map[StockKey]StockLevel, len(levels))
		for _, l := range levels {
			out.Levels[l.StockKey] = l
		}
		return err
	})
	return out, err
}

// idsOf lists the ids of products or stores.
func idsOf[T Product | Store](list []T) []int64 {
	ids := make([]int64, len(list))
	for i, x := range list {
		switch x := any(x).(type) {
		case Product:
			ids[i] = x.ID
		case Store:
			ids[i] = x.ID
		}
	}
	return ids
}

// StockHistory is one level and how it came to be.
type StockHistory struct {
	Product   Product
	Store     Store
	Level     *StockLevel // nil: nothing has moved yet
	Course    []StockPoint
	Movements List[StockMovement] // of the span, newest first
}

// coursePoints is how many points the course of a level has at most: more could not be told apart on a screen.
const coursePoints = 200

// StockHistory answers a level, its course through the span, and one page of its movements then. NotFound where the
// product or store does not exist, or the caller may not see the store.
func (s *Service) StockHistory(ctx context.Context, c Caller, key StockKey, span Span, p Page) (out StockHistory, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Product, out.Store, err = stockPlace(ctx, tx, c, key); err != nil {
			return err
		}
		levels, err := tx.StockByKey(ctx, []StockKey{key}, false)
		if err != nil {
			return err
		}
		if len(levels) == 1 {
			out.Level = &levels[0]
		}
		if out.Course, err = tx.StockCourse(ctx, key, span, coursePoints); err != nil {
			return err
		}
		out.Movements.Items, out.Movements.Total, err = tx.Movements(ctx, MovementFilter{
			StockKey: key, At: span, Sort: []Sort{{Column: "id", Desc: true}}, Page: p,
		})
		return err
	})
	return out, err
}

// stockPlace reads the product and store of a level. NotFound where one does not exist, or is not the caller's to see.
func stockPlace(ctx context.Context, tx Tx, c Caller, key StockKey) (Product, Store, error) {
	products, _, err := tx.Products(ctx, CatalogueFilter{IDs: []int64{key.ProductID}})
	if err != nil {
		return Product{}, Store{}, err
	}
	stores, _, err := tx.Stores(ctx, CatalogueFilter{IDs: []int64{key.StoreID}})
	if err != nil {
		return Product{}, Store{}, err
	}
	if len(products) == 0 {
		return Product{}, Store{}, notFound("product", key.ProductID)
	}
	if own := c.Client.StoreID; len(stores) == 0 || own != nil && *own != key.StoreID {
		return Product{}, Store{}, notFound("store", key.StoreID)
	}
	return products[0], stores[0], nil
}

// SetStock sets one level to an absolute amount, as a person does who has counted. Refusals, with the fields amount and
// memo, where they are out of bounds; NotFound as StockHistory. once may be nil; its Render gets the StockMovement.
func (s *Service) SetStock(ctx context.Context, c Caller, change StockChange, once *Once) (m StockMovement, kept *KeptAnswer, err error) {
	if refused := change.check(); len(refused) > 0 {
		return StockMovement{}, nil, refused
	}
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		if _, _, err := stockPlace(ctx, tx, c, change.StockKey); err != nil {
			return nil, err
		}
		moved, err := lane{tx: tx, tenant: c.Tenant, now: by.At}.setStock(ctx, []StockChange{change}, StockDivisionCorrection, by)
		if err != nil {
			return nil, err
		}
		m = moved[0]
		return m, nil
	})
	if err != nil {
		return StockMovement{}, nil, err
	}
	return m, kept, nil
}

// setStock sets levels, whose products and stores exist, and records each as somebody's doing.
//
// The numbers of the movements are taken before the levels are read: their counter's row is locked until the commit, so
// that of two who set levels at once the second sees what the first did, also where the level was not there to be locked.
func (l lane) setStock(ctx context.Context, changes []StockChange, division string, by AuditEntry) ([]StockMovement, error) {
	first, err := l.tx.Reserve(ctx, CounterMovement, len(changes))
	if err != nil {
		return nil, err
	}
	keys := make([]StockKey, len(changes))
	for i, c := range changes {
		keys[i] = c.StockKey
	}
	levels, err := l.tx.StockByKey(ctx, keys, true)
	if err != nil {
		return nil, err
	}
	before := make(map[StockKey]int64, len(levels))
	for _, level := range levels {
		before[level.StockKey] = level.Amount
	}
	movements := make([]StockMovement, len(changes))
	for i, c := range changes {
		movements[i] = StockMovement{
			ID: first + int64(i), StockKey: c.StockKey, Delta: c.Amount - before[c.StockKey], AmountAfter: c.Amount,
			Division: division, Memo: c.Memo, At: l.now,
		}
	}
	if err := l.tx.MoveStock(ctx, movements); err != nil {
		return nil, err
	}
	return movements, l.audit(ctx, stockAudit(movements, before, by))
}

// StockDivisions lists the reason codes of movements, as the Smaregi page of stock changes does.
func StockDivisions() []string {
	return []string{
		"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "12", "13", "14", "15", "16", "17", "18",
	}
}

// LastDays is the span of whole days in the tenant's zone that ends now.
func (s *Service) LastDays(t Tenant, days int) Span {
	now := s.now().In(t.Location())
	from := time.Date(now.Year(), now.Month(), now.Day()-days+1, 0, 0, 0, 0, now.Location())
	return Span{From: from, To: now}
}
