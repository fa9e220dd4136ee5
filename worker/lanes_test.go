package worker_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/app/access"
	"noren/worker"
)

// never is a polling interval at which polling finds nothing in time.
const never = 1000 * time.Hour

// TestAppliesAndCallsBack shows that hints alone carry a request through: no time passes.
func TestAppliesAndCallsBack(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		m := new(measured)
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Metrics: m, Poll: never})
		begin := time.Now()
		id := h.accept(t, "shop", "http://pos.example.com/hook", map[int64]int64{1: 10, 2: 20})
		got := r.await("", 1)[0]
		if got.body != `{"requestId":1,"failures":0}` || got.host != "pos.example.com" || time.Since(begin) != 0 {
			t.Errorf("delivered %+v after %v", got, time.Since(begin))
		}
		synctest.Wait()
		status := h.status(t, "shop", id)
		if status.Request.State != noren.BulkSucceeded || status.Callback.State != noren.CallbackDelivered || len(status.Attempts) != 1 {
			t.Errorf("stored %+v", status)
		}
		if diff := cmp.Diff([]string{"applied 1 succeeded after 0s", "attempted 1 delivered 200"}, m.seen()); diff != "" {
			t.Errorf("measured (-want +got):\n%s", diff)
		}
	})
}

// TestPollingFindsWhatNoHintToldOf accepts through another service, as another process would do.
func TestPollingFindsWhatNoHintToldOf(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		start(t, worker.Config{Rooms: roomsOf(h.another()), Send: r.send})
		synctest.Wait()
		begin := time.Now()
		h.accept(t, "shop", "http://pos.example.com/", map[int64]int64{1: 1})
		r.await("", 1)
		if took := time.Since(begin); took > 500*time.Millisecond {
			t.Errorf("found after %v", took)
		}
	})
}

// TestOrder accepts many requests of several tenants at once: each tenant's take effect in the order of their numbers.
func TestOrder(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Lanes: 2})
		const tenants, each = 4, 30
		last := acceptAtOnce(t, h, tenants, each)
		r.await("", tenants*each)
		checkMovements(t, h, last, each)
	})
}

// acceptAtOnce has each tenant send requests, concurrently, that set product 1 to a different amount each. It
// returns each tenant's amounts in the order of the requests' numbers.
func acceptAtOnce(t *testing.T, h *house, tenants, each int) map[string][]int64 {
	t.Helper()
	type numbered struct{ id, amount int64 }
	var mu sync.Mutex
	var group sync.WaitGroup
	sent := make(map[string][]numbered)
	for i := range tenants {
		contract := fmt.Sprint("shop", i)
		caller := h.caller(t, contract)
		for amount := range int64(each) {
			group.Go(func() {
				request := noren.BulkRequest{Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: fmt.Sprintf("http://host%d/", amount%3)}
				request.Rows.Stock = []noren.StockChange{{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}, Amount: amount}}
				accepted, err := h.Bulk.Accept(t.Context(), caller, request, nil)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				sent[contract] = append(sent[contract], numbered{accepted.Request.ID, amount})
			})
		}
	}
	group.Wait()
	amounts := make(map[string][]int64)
	for contract, list := range sent {
		slices.SortFunc(list, func(a, b numbered) int { return int(a.id - b.id) })
		for _, n := range list {
			amounts[contract] = append(amounts[contract], n.amount)
		}
	}
	return amounts
}

// checkMovements compares each tenant's movements of product 1 with the amounts, in order and each exactly once.
func checkMovements(t *testing.T, h *house, amounts map[string][]int64, each int) {
	t.Helper()
	for contract, want := range amounts {
		filter := noren.MovementFilter{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}}
		list, err := h.Stock.Movements(t.Context(), h.callers[contract], filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, m := range list.Items {
			got = append(got, m.AmountAfter)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) != each {
			t.Errorf("movements of %s (-requested +made):\n%s", contract, diff)
		}
	}
}

// TestTroubleStaysWithItsTenant gives one tenant a request that makes applying panic. The other tenant does not
// notice, and after a few tries the request fails and lets go of its lane.
func TestTroubleStaysWithItsTenant(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		m := new(measured)
		h.encoder.bad.Store(13)
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Metrics: m, Poll: never, Lanes: 1})
		begin := time.Now()
		h.accept(t, "bad", "http://bad/", map[int64]int64{1: 1})
		spoilt := h.accept(t, "bad", "http://bad/", map[int64]int64{13: 1})
		h.accept(t, "bad", "http://bad/", map[int64]int64{1: 2})
		h.accept(t, "good", "http://good/", map[int64]int64{1: 1})
		r.await("good", 1)
		if took := time.Since(begin); took != 0 {
			t.Errorf("the other tenant waited %v", took)
		}
		got := r.await("bad", 3)
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("the lane was blocked for %v", took)
		}
		for _, a := range got { // in no order: callbacks need none
			want := fmt.Sprintf(`{"requestId":%d,"failures":0}`, a.request)
			if a.request == spoilt {
				want = fmt.Sprintf(`{"requestId":%d,"failures":1}`, a.request)
			}
			if a.body != want {
				t.Errorf("called back %s, want %s", a.body, want)
			}
		}
		status := h.status(t, "bad", spoilt)
		if status.Request.State != noren.BulkFailed || status.Request.Failures[0].Reason != noren.ReasonInternal {
			t.Errorf("stored %+v", status.Request)
		}
		if !slices.Contains(m.seen(), "apply error") {
			t.Error("the errors were not measured")
		}
	})
}

// TestDatabaseAway checks that a failing database is tried less and less often, and that work continues soon
// after it is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		h.accept(t, "shop", "http://pos.example.com/", map[int64]int64{1: 1})
		h.engine.look.set(errAway)
		h.engine.claim.set(errAway)
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send})
		time.Sleep(5 * time.Minute)
		for name, f := range map[string]*fault{"lanes": &h.engine.look, "callbacks": &h.engine.claim} {
			// From one and a half to three seconds between two calls, once they have become rare.
			if n := f.count(); n < 100 || n > 220 {
				t.Errorf("%s: asked %d times in five minutes", name, n)
			}
			f.set(nil)
		}
		back := time.Now()
		r.await("", 1)
		if took := time.Since(back); took > 4*time.Second {
			t.Errorf("went on after %v", took)
		}
	})
}

func TestExpiredIsRemoved(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: newReceivers(t).send, Poll: time.Hour})
		h.caller(t, "shop")
		if _, err := h.Access.IssueToken(t.Context(), "shop", "shop-pos", "a secret", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(access.TokenLife + 2*time.Minute)
		n, err := h.Access.DeleteExpired(t.Context())
		if err != nil || n != 0 {
			t.Errorf("the worker left %d (%v)", n, err)
		}
		if calls := h.engine.expired.Load(); calls < 60 || calls > 70 {
			t.Errorf("%d calls in an hour", calls)
		}
	})
}

// measured keeps what a worker measures, in words.
type measured struct {
	mu   sync.Mutex
	list []string
}

func (m *measured) add(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, fmt.Sprintf(format, args...))
}

func (m *measured) seen() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.list)
}

func (m *measured) Applied(r noren.BulkRequest, took time.Duration) {
	m.add("applied %d %s after %v", r.ID, r.State, took)
}

func (m *measured) ApplyError(noren.TenantID, error) { m.add("apply error") }

func (m *measured) Attempted(c noren.Callback, a noren.Attempt) {
	m.add("attempted %d %s %d", c.RequestID, c.State, a.Status)
}
