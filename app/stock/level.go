package stock

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"
	"unicode/utf8"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Subject returns the name of a level in the audit log.
func Subject(key noren.StockKey) string { return fmt.Sprintf("%d:%d", key.ProductID, key.StoreID) }

// Record stores movements that have their numbers, with who made them, and sets the levels that they end at. levels has those
// that existed, as they were read for update. The audit log gets one entry for all of them: each level before and after.
func Record(ctx context.Context, tx Tx, movements []noren.StockMovement, levels []noren.StockLevel, by noren.AuditEntry) error {
	if len(movements) == 0 {
		return nil
	}
	changes := make(map[string][2]*int64, len(movements))
	// What was read goes in first, so that each movement finds the amount before it.
	for _, l := range levels {
		changes[Subject(l.StockKey)] = [2]*int64{&l.Amount, nil}
	}
	for i := range movements {
		m := &movements[i]
		m.ClientID, m.Login, m.Dialect = by.ClientID, by.Login, by.Dialect
		changes[Subject(m.StockKey)] = [2]*int64{changes[Subject(m.StockKey)][0], &m.AmountAfter}
	}
	maps.DeleteFunc(changes, func(_ string, c [2]*int64) bool { return c[1] == nil }) // read, and not moved
	if by.Subject = "stock"; len(changes) == 1 {
		by.SubjectID = Subject(movements[0].StockKey)
	}
	var err error
	if by.Changes, err = json.Marshal(changes); err != nil {
		return err
	}
	if err := tx.MoveStock(ctx, movements, levels); err != nil {
		return err
	}
	return tx.AddAudit(ctx, []noren.AuditEntry{by})
}

// LastChange returns who last set a level, and under which client's name; nobody if there was no movement. NotFound as for
// History.
func (s *Service) LastChange(ctx context.Context, c noren.Caller, key noren.StockKey) (last audit.LastChange, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if _, _, err := stockPlace(ctx, tx, c, key); err != nil {
			return err
		}
		// By number and not by time: numbers follow the order of commits, whatever the clocks say.
		newest := noren.MovementFilter{StockKey: key, Sort: []noren.Sort{{Column: "id", Desc: true}}, Page: noren.Page{Limit: 1}}
		movements, _, err := tx.Movements(ctx, newest)
		if err != nil || len(movements) == 0 {
			return err
		}
		m := movements[0]
		last.Entry = noren.AuditEntry{At: m.At, ClientID: m.ClientID, Login: m.Login, Dialect: m.Dialect}
		clients, err := audit.ClientNames(ctx, tx)
		last.Client = clients[noren.Deref(m.ClientID)]
		return err
	})
	return last, err
}

// Levels returns the stock levels that match and that the caller may see.
func (s *Service) Levels(ctx context.Context, c noren.Caller, f noren.StockFilter) (out noren.List[noren.StockLevel], err error) {
	if own := c.Client.StoreID; own != nil {
		// An empty list and not an error, so that nobody learns which stores exist.
		if f.StoreID != 0 && !noren.SeesStore(own, f.StoreID) {
			return noren.List[noren.StockLevel]{}, nil // as if the store had no stock
		}
		f.StoreID = *own
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Stock(ctx, f)
		return err
	})
	return out, err
}

// Movements returns the movements of one stock level. NotFound if the product or store does not exist, or the caller
// may not see the store.
func (s *Service) Movements(ctx context.Context, c noren.Caller, f noren.MovementFilter) (out noren.List[noren.StockMovement], err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if _, _, err := stockPlace(ctx, tx, c, f.StockKey); err != nil {
			return err
		}
		out.Items, out.Total, err = tx.Movements(ctx, f)
		return err
	})
	return out, err
}

// Limits of a table of stock, which has a cell for each product and store.
const (
	MaxProducts = 100
	MaxStores   = 24
)

// Query asks for a table of stock.
type Query struct {
	Keyword    string // part of a product's code or name
	StoreID    int64  // 0: the first MaxStores
	noren.Page        // a page of products
}

// Table has the stock levels of products by store.
type Table struct {
	Products noren.List[noren.Product]
	Stores   noren.List[noren.Store]             // the columns; Total is how many the tenant has
	Levels   map[noren.StockKey]noren.StockLevel // only levels that exist
}

// Table returns the levels of one page of products in the stores that the caller may see.
func (s *Service) Table(ctx context.Context, c noren.Caller, q Query) (out Table, err error) {
	// The table has a cell for each pair, so both sides are bounded.
	if q.Limit <= 0 || q.Limit > MaxProducts {
		q.Limit = MaxProducts
	}
	// A restriction of the caller overrides the query.
	stores := noren.CatalogueFilter{IDs: ownStore(c), Page: noren.Page{Limit: MaxStores}}
	if stores.IDs == nil && q.StoreID != 0 {
		stores.IDs = []int64{q.StoreID}
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Products.Items, out.Products.Total, err = tx.Products(ctx, noren.CatalogueFilter{
			Keyword: q.Keyword, Sort: []noren.Sort{{Column: "code"}}, Page: q.Page,
		})
		if err != nil {
			return err
		}
		if out.Stores.Items, out.Stores.Total, err = tx.Stores(ctx, stores); err != nil {
			return err
		}
		// One statement for all cells. Lists that are empty find nothing, which is right for a page without products.
		levels, _, err := tx.Stock(ctx, noren.StockFilter{ProductIDs: idsOf(out.Products.Items), StoreIDs: idsOf(out.Stores.Items)})
		out.Levels = make(map[noren.StockKey]noren.StockLevel, len(levels))
		for _, l := range levels {
			out.Levels[l.StockKey] = l
		}
		return err
	})
	return out, err
}

// idsOf returns the ids of products or stores.
func idsOf[T noren.Product | noren.Store](list []T) []int64 {
	ids := make([]int64, len(list))
	for i, x := range list {
		switch x := any(x).(type) {
		case noren.Product:
			ids[i] = x.ID
		case noren.Store:
			ids[i] = x.ID
		}
	}
	return ids
}

// History is one level with its history.
type History struct {
	Product   noren.Product
	Store     noren.Store
	Level     *noren.StockLevel // nil: no movement yet
	Course    []noren.StockPoint
	Movements noren.List[noren.StockMovement] // in the span, newest first
	Clients   map[int64]string                // the names of those who made them, by id
}

// coursePoints is the most points in the course of a level: more could not be told apart on a screen.
const coursePoints = 200

// History returns a level, its course through the span, and one page of the movements in it. NotFound if the
// product or store does not exist, or the caller may not see the store.
func (s *Service) History(ctx context.Context, c noren.Caller, key noren.StockKey, span noren.Span, p noren.Page) (out History, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Product, out.Store, err = stockPlace(ctx, tx, c, key); err != nil {
			return err
		}
		levels, err := tx.StockByKey(ctx, []noren.StockKey{key}, false)
		if err != nil {
			return err
		}
		if len(levels) == 1 {
			out.Level = &levels[0]
		}
		if out.Course, err = tx.StockCourse(ctx, key, span, coursePoints); err != nil {
			return err
		}
		out.Movements.Items, out.Movements.Total, err = tx.Movements(ctx, noren.MovementFilter{
			StockKey: key, At: span, Sort: []noren.Sort{{Column: "id", Desc: true}}, Page: p,
		})
		if err != nil {
			return err
		}
		out.Clients, err = audit.ClientNames(ctx, tx)
		return err
	})
	return out, err
}

// stockPlace reads the product and store of a level. NotFound if one does not exist, or the caller may not see it.
func stockPlace(ctx context.Context, tx Tx, c noren.Caller, key noren.StockKey) (noren.Product, noren.Store, error) {
	products, _, err := tx.Products(ctx, noren.CatalogueFilter{IDs: []int64{key.ProductID}})
	if err != nil {
		return noren.Product{}, noren.Store{}, err
	}
	stores, _, err := tx.Stores(ctx, noren.CatalogueFilter{IDs: []int64{key.StoreID}})
	if err != nil {
		return noren.Product{}, noren.Store{}, err
	}
	if len(products) == 0 {
		return noren.Product{}, noren.Store{}, noren.Missing("product", key.ProductID)
	}
	if len(stores) == 0 || !noren.SeesStore(c.Client.StoreID, key.StoreID) {
		return noren.Product{}, noren.Store{}, noren.Missing("store", key.StoreID)
	}
	return products[0], stores[0], nil
}

// Set sets one level to an absolute amount, as after counting. Refusals, with the fields amount and memo, if they
// are out of bounds, and with ReasonChanged, of the kind Conflict, if the amount is no longer the one Seen; NotFound as
// for History. once may be nil; its Render gets the StockMovement.
func (s *Service) Set(
	ctx context.Context, c noren.Caller, change noren.StockChange, once *unit.Once,
) (m noren.StockMovement, kept *noren.KeptAnswer, err error) {
	if refused := check(change); len(refused) > 0 {
		return noren.StockMovement{}, nil, refused
	}
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		if _, _, err := stockPlace(ctx, tx, c, change.StockKey); err != nil {
			return nil, err
		}
		moved, err := SetLevels(ctx, tx, unit.Unit{Tenant: c.Tenant, Now: by.At}, []noren.StockChange{change}, noren.StockDivisionCorrection, by)
		if err != nil {
			return nil, err
		}
		m = moved[0]
		return m, nil
	})
	if err != nil {
		return noren.StockMovement{}, nil, err
	}
	return m, kept, nil
}

// SetLevels sets levels whose products and stores exist.
//
// It takes the numbers of the movements before it reads the levels. That locks the counter's row until the commit, so
// of two transactions that set levels at once, the second sees what the first did, even if the level did not exist and
// could not be locked.
func SetLevels(
	ctx context.Context, tx Tx, u unit.Unit, changes []noren.StockChange, division string, by noren.AuditEntry,
) ([]noren.StockMovement, error) {
	movements := make([]noren.StockMovement, len(changes))
	keys := make([]noren.StockKey, len(changes))
	for i, c := range changes {
		keys[i] = c.StockKey
	}
	var levels []noren.StockLevel
	// In one round trip: the numbers first, whose counter is the lock, and the levels behind it.
	err := tx.Together(ctx, func() error {
		return unit.Number(ctx, tx, noren.CounterMovement, movements, func(m *noren.StockMovement) *int64 { return &m.ID })
	}, func() (err error) {
		levels, err = tx.StockByKey(ctx, keys, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	before := make(map[noren.StockKey]int64, len(levels))
	for _, level := range levels {
		before[level.StockKey] = level.Amount
	}
	for i, c := range changes {
		// Refused if somebody else has changed it, unless to what this caller wants as well.
		now, known := before[c.StockKey]
		if seen, some := c.Seen.Value(); c.Seen.Given() && (some != known || seen != now) && (!known || now != c.Amount) {
			return nil, noren.Refusals{{
				Kind: noren.Conflict, Reason: noren.ReasonChanged, Field: "amount", Value: strconv.FormatInt(now, 10),
				Message: "changed by somebody else since it was read",
			}}
		}
		movements[i] = noren.StockMovement{
			ID: movements[i].ID, StockKey: c.StockKey, Delta: c.Amount - before[c.StockKey], AmountAfter: c.Amount,
			Division: division, Memo: c.Memo, At: u.Now,
		}
	}
	return movements, Record(ctx, tx, movements, levels, by)
}

// LastDays returns the span of that many whole days in the tenant's zone, ending now.
func (s *Service) LastDays(t noren.Tenant, days int) noren.Span {
	now := s.run.Now().In(t.Location())
	// By the calendar, because days on which clocks change have 23 or 25 hours.
	from := time.Date(now.Year(), now.Month(), now.Day()-days+1, 0, 0, 0, 0, now.Location())
	return noren.Span{From: from, To: now}
}

// Judge lists the rules that the change breaks, given the products and stores that exist.
func Judge(c noren.StockChange, products []noren.Product, stores []noren.Store, callerStore *int64) []noren.Reason {
	var broken []noren.Reason
	if !noren.HasID(products, c.ProductID, func(p noren.Product) int64 { return p.ID }) {
		broken = append(broken, noren.ReasonProductUnknown)
	}
	// To a restricted caller, another store looks like one that does not exist.
	if !noren.HasID(stores, c.StoreID, func(s noren.Store) int64 { return s.ID }) || !noren.SeesStore(callerStore, c.StoreID) {
		broken = append(broken, noren.ReasonStoreUnknown)
	}
	return broken
}

// check refuses what is out of bounds whatever is stored.
func check(c noren.StockChange) noren.Refusals {
	var refused noren.Refusals
	if c.Amount < -noren.MaxStockAmount || c.Amount > noren.MaxStockAmount {
		refused = append(refused, &noren.Error{
			Kind: noren.Invalid, Reason: noren.ReasonOutOfRange, Field: "amount", Value: strconv.FormatInt(c.Amount, 10),
			Message: fmt.Sprintf("must be from %d to %d", -noren.MaxStockAmount, noren.MaxStockAmount),
		})
	}
	if c.Memo != nil && utf8.RuneCountInString(*c.Memo) > noren.MaxStockMemo {
		refused = append(refused, &noren.Error{
			Kind: noren.Invalid, Reason: noren.ReasonTooLong, Field: "memo",
			Message: fmt.Sprintf("must be at most %d characters", noren.MaxStockMemo),
		})
	}
	return refused
}
