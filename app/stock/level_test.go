package stock_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/app/stock"
)

func TestSetStock(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.WithProducts(t, b)
	hanako := apptest.Person(b, "花子", 0)
	key := noren.StockKey{ProductID: 1, StoreID: 2}
	memo := "棚卸"
	change := noren.StockChange{StockKey: key, Amount: 12, Memo: &memo}
	show := func(any) string { return "done" }
	first, _, err := b.Stock.Set(b.Ctx, hanako, change, apptest.Once("k", "x", show))
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the movement", noren.StockMovement{
		ID: 1, StockKey: key, Delta: 12, AmountAfter: 12, Division: noren.StockDivisionCorrection, Memo: &memo, At: b.Clock.Read(),
		Login: "花子", Dialect: string(noren.Console),
	}, first)
	_, kept, err := b.Stock.Set(b.Ctx, hanako, change, apptest.Once("k", "x", show))
	if err != nil || kept == nil || string(kept.Body) != "done" {
		t.Errorf("the same form again: %v, %v", kept, err)
	}
	apptest.SetStock(t, b, hanako, 1, 2, -3)
	history, err := b.Stock.History(b.Ctx, hanako, key, b.Stock.LastDays(hanako.Tenant, 7), noren.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the level", int64(-3), history.Level.Amount)
	apptest.Same(t, "its movements, though the first form came twice", 2, history.Movements.Total)
	apptest.Same(t, "the newest", int64(-15), history.Movements.Items[0].Delta)
	apptest.Same(t, "names", "緑茶 支店", history.Product.Name+" "+history.Store.Name)
	b.Sound(t)
	var who []string
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "stock"})
		for _, e := range list {
			who = append(who, e.Login+" "+e.Dialect+" "+e.SubjectID+" "+string(e.Changes))
		}
		return err
	})
	apptest.Same(t, "the audit", []string{`花子 console 1:2 {"1:2":[12,-3]}`, `花子 console 1:2 {"1:2":[null,12]}`}, who)
}

func TestSetStockRefused(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.WithProducts(t, b)
	long := strings.Repeat("字", noren.MaxStockMemo+1)
	_, _, err := b.Stock.Set(b.Ctx, apptest.Person(b, "花子", 0), noren.StockChange{
		StockKey: noren.StockKey{ProductID: 1, StoreID: 1}, Amount: noren.MaxStockAmount + 1, Memo: &long,
	}, nil)
	apptest.Refused(t, "out of bounds", err,
		apptest.Refusal{Field: "amount", Value: "1000000000", Reason: noren.ReasonOutOfRange}, apptest.Refusal{Field: "memo", Reason: noren.ReasonTooLong})
	for name, c := range map[string]struct {
		caller         noren.Caller
		product, store int64
	}{
		"no such product": {apptest.Person(b, "花子", 0), 99, 1},
		"no such store":   {apptest.Person(b, "花子", 0), 1, 99},
		"another store":   {apptest.Person(b, "花子", 2), 1, 1},
	} {
		key := noren.StockKey{ProductID: c.product, StoreID: c.store}
		_, _, err := b.Stock.Set(b.Ctx, c.caller, noren.StockChange{StockKey: key}, nil)
		apptest.Same(t, name, noren.NotFound, noren.KindOf(err))
		_, err = b.Stock.History(b.Ctx, c.caller, key, noren.Span{}, noren.Page{})
		apptest.Same(t, name+", to look at", noren.NotFound, noren.KindOf(err))
	}
	apptest.SetStock(t, b, apptest.Person(b, "花子", 2), 1, 2, 5)
}

// TestSetStockAgain runs each transaction twice, as after a commit in doubt: the level moves once.
func TestSetStockAgain(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
	apptest.WithProducts(t, b)
	m := apptest.SetStock(t, b, apptest.Person(b, "花子", 0), 1, 1, 5)
	apptest.Same(t, "what the caller is told", int64(5), m.Delta)
	history, err := b.Stock.History(b.Ctx, b.Caller, m.StockKey, b.Stock.LastDays(b.Caller.Tenant, 1), noren.Page{})
	if err != nil || history.Movements.Total != 1 {
		t.Errorf("%d movements, error %v", history.Movements.Total, err)
	}
}

// TestSetStockAtOnce has people and the lane set a level that does not exist yet: the second one must see what
// the first did.
func TestSetStockAtOnce(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		b := &apptest.Bundle{Ctx: t.Context(), Clock: apptest.NewClock(time.Now())}
		b.App = apptest.Start(t, apptest.Config{URL: url, Config: app.Config{
			Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: apptest.PlainCallbacks{}},
		}})
		b.Engine = b.App.Engine
		_, err := b.Shop.Apply(b.Ctx, shop.Shop{
			Contract: "sb_test", Stores: []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}},
			Clients: []access.ClientSpec{{Name: "pos", Dialect: noren.Smaregi, Key: "pos"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		apptest.WithProducts(t, b)
		if b.Caller, err = b.Engine.CallerByKey(b.Ctx, noren.Smaregi, "pos"); err != nil {
			t.Fatal(err)
		}
		const n = 8
		var all sync.WaitGroup
		for i := range int64(n) {
			apptest.AcceptStock(t, b, b.Caller, 1, 1, 100+i)
			all.Go(func() {
				if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() { apptest.SetStock(t, b, apptest.Person(b, "花子", 0), 1, 1, i) })
		}
		all.Wait()
		b.Sound(t) // the level is the sum of its movements
	})
}

func TestStockTable(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.WithProducts(t, b)
	hanako := apptest.Person(b, "花子", 0)
	apptest.SetStock(t, b, hanako, 1, 1, 11)
	apptest.SetStock(t, b, hanako, 1, 2, 12)
	apptest.SetStock(t, b, hanako, 2, 2, 0)
	for _, c := range []struct {
		name     string
		caller   noren.Caller
		query    stock.Query
		products []int64
		stores   []int64
		levels   int
	}{
		{"all, by code", hanako, stock.Query{}, []int64{2, 1, 3}, []int64{1, 2}, 3},
		{"one store", hanako, stock.Query{StoreID: 2}, []int64{2, 1, 3}, []int64{2}, 2},
		{"a keyword", hanako, stock.Query{Keyword: "ホウジ"}, []int64{2}, []int64{1, 2}, 1},
		{"a page", hanako, stock.Query{Page: noren.Page{Limit: 1, Offset: 1}}, []int64{1}, []int64{1, 2}, 2},
		{"a caller restricted to one store", apptest.Person(b, "次郎", 2), stock.Query{}, []int64{2, 1, 3}, []int64{2}, 2},
		{"a caller restricted to one store who asks for another", apptest.Person(b, "次郎", 2), stock.Query{StoreID: 1}, []int64{2, 1, 3}, []int64{2}, 2},
	} {
		table, err := b.Stock.Table(b.Ctx, c.caller, c.query)
		if err != nil {
			t.Fatal(err)
		}
		var products, stores []int64
		for _, p := range table.Products.Items {
			products = append(products, p.ID)
		}
		for _, s := range table.Stores.Items {
			stores = append(stores, s.ID)
		}
		apptest.Same(t, c.name+": products", c.products, products)
		apptest.Same(t, c.name+": stores", c.stores, stores)
		apptest.Same(t, c.name+": levels", c.levels, len(table.Levels))
	}
}
