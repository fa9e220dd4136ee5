package noren_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/sqlstore"
)

// person is a console user, bound to a store unless that is 0.
func (b *bundle) person(login string, store int64) noren.Caller {
	c := noren.Caller{Tenant: b.caller.Tenant, Client: noren.Client{Name: login, Dialect: noren.Console}, Login: login, RequestID: "r2"}
	if store != 0 {
		c.Client.StoreID = &store
	}
	return c
}

// withProducts adds products to the bundle's tenant.
func (b *bundle) withProducts(t *testing.T) {
	t.Helper()
	_, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Products: []noren.Product{
		{ID: 1, Code: "P2", Name: "緑茶"}, {ID: 2, Code: "P1", Name: "ほうじ茶"}, {ID: 3, Code: "X", Name: "湯呑"},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) setStock(t *testing.T, c noren.Caller, product, store, amount int64) noren.StockMovement {
	t.Helper()
	m, kept, err := b.SetStock(b.ctx, c, noren.StockChange{StockKey: noren.StockKey{ProductID: product, StoreID: store}, Amount: amount}, nil)
	if err != nil || kept != nil {
		t.Fatalf("SetStock: %v, %v", kept, err)
	}
	return m
}

func TestSetStock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withProducts(t)
	hanako := b.person("花子", 0)
	key := noren.StockKey{ProductID: 1, StoreID: 2}
	memo := "棚卸"
	change := noren.StockChange{StockKey: key, Amount: 12, Memo: &memo}
	show := func(any) string { return "done" }
	first, _, err := b.SetStock(b.ctx, hanako, change, once("k", "x", show))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the movement", noren.StockMovement{
		ID: 1, StockKey: key, Delta: 12, AmountAfter: 12, Division: noren.StockDivisionCorrection, Memo: &memo, At: b.clock.read(),
	}, first)
	_, kept, err := b.SetStock(b.ctx, hanako, change, once("k", "x", show))
	if err != nil || kept == nil || string(kept.Body) != "done" {
		t.Errorf("the same form again: %v, %v", kept, err)
	}
	b.setStock(t, hanako, 1, 2, -3)
	history, err := b.StockHistory(b.ctx, hanako, key, b.LastDays(hanako.Tenant, 7), noren.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the level", int64(-3), history.Level.Amount)
	same(t, "its movements, though the first form came twice", 2, history.Movements.Total)
	same(t, "the newest", int64(-15), history.Movements.Items[0].Delta)
	same(t, "names", "緑茶 支店", history.Product.Name+" "+history.Store.Name)
	b.sound(t)
	var who []string
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: "stock"})
		for _, e := range list {
			who = append(who, e.Login+" "+e.Dialect+" "+e.SubjectID+" "+string(e.Changes))
		}
		return err
	})
	same(t, "the audit", []string{`花子 console 1:2 {"amount":[12,-3]}`, `花子 console 1:2 {"amount":[null,12]}`}, who)
}

func TestSetStockRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withProducts(t)
	long := strings.Repeat("字", noren.MaxStockMemo+1)
	_, _, err := b.SetStock(b.ctx, b.person("花子", 0), noren.StockChange{
		StockKey: noren.StockKey{ProductID: 1, StoreID: 1}, Amount: noren.MaxStockAmount + 1, Memo: &long,
	}, nil)
	refused(t, "out of bounds", err,
		refusal{Field: "amount", Value: "1000000000", Reason: noren.ReasonOutOfRange}, refusal{Field: "memo", Reason: noren.ReasonTooLong})
	for name, c := range map[string]struct {
		caller         noren.Caller
		product, store int64
	}{
		"no such product": {b.person("花子", 0), 99, 1},
		"no such store":   {b.person("花子", 0), 1, 99},
		"another store":   {b.person("花子", 2), 1, 1},
	} {
		key := noren.StockKey{ProductID: c.product, StoreID: c.store}
		_, _, err := b.SetStock(b.ctx, c.caller, noren.StockChange{StockKey: key}, nil)
		same(t, name, noren.NotFound, noren.KindOf(err))
		_, err = b.StockHistory(b.ctx, c.caller, key, noren.Span{}, noren.Page{})
		same(t, name+", to look at", noren.NotFound, noren.KindOf(err))
	}
	b.setStock(t, b.person("花子", 2), 1, 2, 5)
}

// TestSetStockAgain runs each transaction twice, as where the answer of a commit was lost: the level moves once.
func TestSetStockAgain(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lostAnswers{e} })
	b.withProducts(t)
	m := b.setStock(t, b.person("花子", 0), 1, 1, 5)
	same(t, "what the caller is told", int64(5), m.Delta)
	history, err := b.StockHistory(b.ctx, b.caller, m.StockKey, b.LastDays(b.caller.Tenant, 1), noren.Page{})
	if err != nil || history.Movements.Total != 1 {
		t.Errorf("%d movements, error %v", history.Movements.Total, err)
	}
}

// TestSetStockAtOnce lets people and the lane set one level that is not there yet: whoever comes second has to see what
// the first did.
func TestSetStockAtOnce(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, url string) {
		db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		b := &bundle{engine: db, ctx: t.Context(), clock: &clock{now: time.Now()}}
		b.Service = noren.NewService(noren.Config{
			Engine: db, Encoders: map[noren.Dialect]noren.CallbackEncoder{noren.Smaregi: plainCallbacks{}},
		})
		_, err = b.ApplyShop(b.ctx, noren.Shop{
			Contract: "sb_test", Stores: []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}},
			Clients: []noren.ShopClient{{Name: "pos", Dialect: noren.Smaregi, Key: "pos"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.withProducts(t)
		if b.caller, err = db.CallerByKey(b.ctx, noren.Smaregi, "pos"); err != nil {
			t.Fatal(err)
		}
		const n = 8
		var all sync.WaitGroup
		for i := range int64(n) {
			b.acceptStock(t, b.caller, 1, 1, 100+i)
			all.Go(func() {
				if _, err := b.ApplyLane(b.ctx, b.caller.Tenant.ID); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() { b.setStock(t, b.person("花子", 0), 1, 1, i) })
		}
		all.Wait()
		b.sound(t) // the level is the sum of its movements
	})
}

// plainCallbacks write callbacks that nobody reads.
type plainCallbacks struct{}

func (plainCallbacks) EncodeCallback(noren.BulkOutcome) []byte { return []byte("{}") }

func TestStockTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withProducts(t)
	hanako := b.person("花子", 0)
	b.setStock(t, hanako, 1, 1, 11)
	b.setStock(t, hanako, 1, 2, 12)
	b.setStock(t, hanako, 2, 2, 0)
	for _, c := range []struct {
		name     string
		caller   noren.Caller
		query    noren.StockQuery
		products []int64
		stores   []int64
		levels   int
	}{
		{"all, by code", hanako, noren.StockQuery{}, []int64{2, 1, 3}, []int64{1, 2}, 3},
		{"one store", hanako, noren.StockQuery{StoreID: 2}, []int64{2, 1, 3}, []int64{2}, 2},
		{"a keyword", hanako, noren.StockQuery{Keyword: "ホウジ"}, []int64{2}, []int64{1, 2}, 1},
		{"a page", hanako, noren.StockQuery{Page: noren.Page{Limit: 1, Offset: 1}}, []int64{1}, []int64{1, 2}, 2},
		{"who is bound to a store", b.person("次郎", 2), noren.StockQuery{}, []int64{2, 1, 3}, []int64{2}, 2},
		{"who is bound to a store and asks for another", b.person("次郎", 2), noren.StockQuery{StoreID: 1}, []int64{2, 1, 3}, []int64{2}, 2},
	} {
		table, err := b.StockTable(b.ctx, c.caller, c.query)
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
		same(t, c.name+": products", c.products, products)
		same(t, c.name+": stores", c.stores, stores)
		same(t, c.name+": levels", c.levels, len(table.Levels))
	}
}
