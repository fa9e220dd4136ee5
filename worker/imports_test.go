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

// importStock starts an import that sets the first product's stock once a line, to 1 and 0 in turn.
func (h *house) importStock(t *testing.T, s *app.App, contract string, lines int) noren.Import {
	t.Helper()
	c := h.caller(t, contract)
	draft, err := s.Imports.Draft(t.Context(), c, noren.ImportStock, noren.ImportFile{
		Name: "stock.csv", Header: []string{"product", "store", "amount"}, Fields: []string{"product", "store", "amount"},
		Lines: func(yield func(noren.ImportLine, error) bool) {
			for i := range lines {
				if !yield(noren.ImportLine{Number: i + 2, Cells: []string{"P1", "本店", strconv.Itoa((i + 1) % 2)}}, nil) {
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

// imported returns an import, and how many movements the tenant's first product has.
func (h *house) imported(t *testing.T, contract string, id int64) (noren.Import, int) {
	t.Helper()
	c := h.caller(t, contract)
	i, err := h.Imports.Get(t.Context(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := h.Stock.Movements(t.Context(), c, noren.MovementFilter{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return i, moved.Total
}

// TestImportsByHint: an import that is started in this process is worked on at once.
func TestImportsByHint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: newReceivers(t).send, Poll: never})
		synctest.Wait()
		id := h.importStock(t, h.App, "shop", 250).ID
		synctest.Wait()
		if i, moved := h.imported(t, "shop", id); i.State != noren.ImportDone || i.Processed != 250 || moved != 250 {
			t.Errorf("%+v, %d movements", i, moved)
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
		first, second := h.importStock(t, h.App, "shop", 350), h.importStock(t, h.App, "other", 150)
		time.Sleep(time.Second)
		synctest.Wait()
		for contract, i := range map[string]noren.Import{"shop": first, "other": second} {
			if now, moved := h.imported(t, contract, i.ID); now.State != noren.ImportDone || moved != i.Total {
				t.Errorf("%s: %+v, %d movements", contract, now, moved)
			}
		}
	})
}

// TestImportTroubleIsOneTenants: where one tenant's lines cannot be applied, the others' go on, and in the end that
// import is given up.
func TestImportTroubleIsOneTenants(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		bad, good := h.importStock(t, h.App, "shop", 10), h.importStock(t, h.App, "other", 250)
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
		if i, moved := h.imported(t, "shop", bad.ID); i.State != noren.ImportDone || moved != 10 {
			t.Errorf("after it was mended: %+v, %d movements", i, moved)
		}
	})
}

// TestImportStopsAndGoesOn: a worker that is stopped leaves an import where it is, and the next one continues there.
func TestImportStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		const lines = 500
		id := h.importStock(t, h.App, "shop", lines).ID
		for range 100 {
			stop := start(t, worker.Config{Rooms: roomsOf(h.another()), Send: newReceivers(t).send})
			stop() // somewhere on the way
			i, moved := h.imported(t, "shop", id)
			if i.Processed != moved {
				t.Fatalf("%d lines are said to be processed, and there are %d movements", i.Processed, moved)
			}
			if i.State == noren.ImportDone {
				break
			}
		}
		start(t, worker.Config{Rooms: roomsOf(h.another()), Send: newReceivers(t).send})
		synctest.Wait()
		if i, moved := h.imported(t, "shop", id); i.State != noren.ImportDone || moved != lines {
			t.Errorf("%+v, %d movements", i, moved)
		}
		h.sound(t)
	})
}

// TestOldImportsAreSwept removes an import three months later.
func TestOldImportsAreSwept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		i := h.importStock(t, h.App, "shop", 10)
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
