package worker_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"noren"
	"noren/app"
	"noren/app/imports"
	"noren/worker"
)

// importProducts starts an import that makes a product of each line.
func (h *house) importProducts(t *testing.T, s *app.App, contract string, lines int) noren.Import {
	t.Helper()
	c := h.caller(t, contract)
	draft, err := s.Imports.Draft(t.Context(), c, noren.ImportProducts, noren.ImportFile{
		Name: "products.csv", Header: []string{"code", "name"}, Fields: []string{"code", "name"},
		Lines: func(yield func(noren.ImportLine, error) bool) {
			for i := range lines {
				if !yield(noren.ImportLine{Number: i + 2, Cells: []string{"NEW" + strconv.Itoa(i), "煎茶"}}, nil) {
					return
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err := s.Imports.Start(t.Context(), c, draft.ID, imports.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// imported returns an import, and how many products there are that it has made.
func (h *house) imported(t *testing.T, contract string, id int64) (noren.Import, int) {
	t.Helper()
	c := h.caller(t, contract)
	i, err := h.Imports.Get(t.Context(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	made, err := h.Stock.Products(t.Context(), c, noren.CatalogueFilter{Page: noren.Page{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return i, made.Total - products
}

// TestImportsByHint: an import that is started in this process is worked on at once.
func TestImportsByHint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: newReceivers(t).send, Poll: never})
		synctest.Wait()
		id := h.importProducts(t, h.App, "shop", 250).ID
		synctest.Wait()
		if i, made := h.imported(t, "shop", id); i.State != noren.ImportDone || i.Processed != 250 || made != 250 {
			t.Errorf("%+v, %d products made", i, made)
		}
		h.sound(t)
	})
}

// TestImportsByPolling: one that another process has started is found, and two workers apply each line once.
func TestImportsByPolling(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		for range 2 {
			start(t, worker.Config{Rooms: roomsOf(h.another()), Send: newReceivers(t).send})
		}
		synctest.Wait()
		first, second := h.importProducts(t, h.App, "shop", 350), h.importProducts(t, h.App, "other", 150)
		time.Sleep(time.Second)
		synctest.Wait()
		for contract, i := range map[string]noren.Import{"shop": first, "other": second} {
			if now, made := h.imported(t, contract, i.ID); now.State != noren.ImportDone || made != i.Total {
				t.Errorf("%s: %+v, %d products made", contract, now, made)
			}
		}
	})
}

// TestImportTroubleIsOneTenants: where one tenant's lines cannot be applied, the others' go on, and in the end that
// import is given up.
func TestImportTroubleIsOneTenants(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		bad, good := h.importProducts(t, h.App, "shop", 10), h.importProducts(t, h.App, "other", 250)
		h.engine.broken.Store(int64(h.caller(t, "shop").Tenant.ID))
		start(t, worker.Config{Rooms: roomsOf(h.another()), Send: newReceivers(t).send})
		synctest.Wait()
		if i, _ := h.imported(t, "other", good.ID); i.State != noren.ImportDone {
			t.Errorf("the other's: %+v", i)
		}
		if i, _ := h.imported(t, "shop", bad.ID); i.State != noren.ImportWaiting {
			t.Errorf("the broken tenant's: %+v", i)
		}
		h.engine.broken.Store(0)
		time.Sleep(2 * time.Minute)
		if i, made := h.imported(t, "shop", bad.ID); i.State != noren.ImportDone || made != 10 {
			t.Errorf("after it was mended: %+v, %d products made", i, made)
		}
	})
}

// TestImportStopsAndGoesOn: a worker that is stopped leaves an import where it is, and the next one continues there.
func TestImportStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		const lines = 500
		id := h.importProducts(t, h.App, "shop", lines).ID
		for range 100 {
			stop := start(t, worker.Config{Rooms: roomsOf(h.another()), Send: newReceivers(t).send})
			stop() // somewhere on the way
			i, made := h.imported(t, "shop", id)
			if i.Processed != made {
				t.Fatalf("%d lines are said to be processed, and there are %d products", i.Processed, made)
			}
			if i.State == noren.ImportDone {
				break
			}
		}
		start(t, worker.Config{Rooms: roomsOf(h.another()), Send: newReceivers(t).send})
		synctest.Wait()
		if i, made := h.imported(t, "shop", id); i.State != noren.ImportDone || made != lines {
			t.Errorf("%+v, %d products made", i, made)
		}
		h.sound(t)
	})
}

// TestOldImportsAreSwept removes an import three months later.
func TestOldImportsAreSwept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		i := h.importProducts(t, h.App, "shop", 10)
		c := worker.Config{Rooms: roomsOf(h.App), Send: newReceivers(t).send, Poll: time.Hour}
		stop := start(t, c)
		synctest.Wait()
		stop() // for it looks around every minute
		time.Sleep(imports.Kept - 2*time.Hour)
		start(t, c)
		time.Sleep(time.Hour)
		if now, _ := h.imported(t, "shop", i.ID); now.State != noren.ImportDone {
			t.Errorf("%+v", now)
		}
		time.Sleep(3 * time.Hour)
		if _, err := h.Imports.Get(t.Context(), h.caller(t, "shop"), i.ID); noren.KindOf(err) != noren.NotFound {
			t.Errorf("it is still there: %v", err)
		}
	})
}
