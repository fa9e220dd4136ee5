package imports_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
)

// meanwhile is an engine that calls set once, after an import has read the levels and before it writes them.
type meanwhile struct {
	noren.Engine
	set  func()
	once *sync.Once
}

// Update implements noren.Engine.
func (e *meanwhile) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(readLevels{tx, e}) })
}

type readLevels struct {
	noren.Tx
	engine *meanwhile
}

// StockByKey implements noren.StockTx.
func (r readLevels) StockByKey(ctx context.Context, keys []noren.StockKey, forUpdate bool) ([]noren.StockLevel, error) {
	levels, err := r.Tx.StockByKey(ctx, keys, forUpdate)
	if r.engine.set != nil {
		r.engine.once.Do(r.engine.set)
	}
	return levels, err
}

// TestImportAndPersonCreateOneLevel has somebody set a level that does not exist yet while an import is about to create
// it. A row that does not exist cannot be locked, and still each of the two must see what the other has done.
func TestImportAndPersonCreateOneLevel(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		engine := &meanwhile{once: new(sync.Once)}
		b := apptest.SetupAt(t, url, func(e noren.Engine) noren.Engine {
			engine.Engine = e
			return engine
		})
		apptest.WithProducts(t, b)
		i := apptest.StartImport(t, b, b.Caller, noren.ImportStock, apptest.ImportFile("product_id,store_id,amount", "1,1,10"))
		var person sync.WaitGroup
		engine.set = func() {
			done := make(chan struct{})
			person.Go(func() {
				defer close(done)
				change := noren.StockChange{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}, Amount: 7}
				if _, _, err := b.Stock.Set(b.Ctx, b.Caller, change, nil); err != nil {
					t.Errorf("somebody sets the level: %v", err)
				}
			})
			select {
			case <-done:
			case <-time.After(300 * time.Millisecond): // it waits for the import, as it should
			}
		}
		apptest.RunImport(t, b, b.Caller, i.ID)
		person.Wait()
		b.Sound(t)
	})
}
