package worker_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"noren"
	"noren/worker"
)

// TestRetriesArePunctual lets a receiver fail four times, and polling find nothing: retries come when they are due,
// after about 1, 2, 4 and 8 seconds.
func TestRetriesArePunctual(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		r.hosts["pos"] = failing(4)
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: never})
		id := h.accept(t, "shop", "http://pos/", map[int64]int64{1: 1})
		got := r.await("pos", 5)
		synctest.Wait()
		status := h.status(t, "shop", id)
		if status.Callback.State != noren.CallbackDelivered || len(status.Attempts) != 5 {
			t.Errorf("stored %+v", status.Callback)
		}
		for i := range 4 {
			wait, want := got[i+1].at.Sub(got[i].at).Seconds(), float64(int(1)<<i)
			if wait < 0.8*want || wait > 1.2*want+0.01 {
				t.Errorf("retry %d came after %.3f s, want about %v s", i+1, wait, want)
			}
			if !status.Attempts[i].At.Equal(got[i].at.Truncate(time.Microsecond)) || status.Attempts[i].Status != http.StatusInternalServerError {
				t.Errorf("attempt %d was stored as %+v", i+1, status.Attempts[i])
			}
		}
	})
}

// TestGivesUp lets a receiver fail for more than a day.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		r.hosts["pos"] = failing(1000)
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: 10 * time.Minute})
		id := h.accept(t, "shop", "http://pos/", map[int64]int64{1: 1})
		time.Sleep(30 * time.Hour) // it looks every ten minutes only
		callback := h.status(t, "shop", id).Callback
		if callback.State != noren.CallbackGivenUp || callback.Attempts < 30 || callback.Attempts > 50 {
			t.Fatalf("after 30 hours: %+v", callback)
		}
		n, err := h.Bulk.Resend(t.Context(), h.callers["shop"].Tenant, noren.CallbackFilter{RequestID: id})
		if err != nil || n != 1 {
			t.Fatalf("resend: %d, %v", n, err)
		}
		synctest.Wait()
		if after := h.status(t, "shop", id).Callback; after.Attempts != callback.Attempts+1 || after.State != noren.CallbackPending {
			t.Errorf("sent again: %+v", after)
		}
	})
}

// TestDeadHostDelaysNobody has very many callbacks for hosts that do not respond, and then a few for others.
func TestDeadHostDelaysNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		r.hosts["dead"] = dead
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: 5 * time.Second})
		const toDead = 60
		for i := range int64(toDead) {
			h.accept(t, "unlucky", "http://dead/", map[int64]int64{1: i})
		}
		synctest.Wait()
		for i := range int64(30) {
			begin := time.Now()
			host := fmt.Sprint("alive", i%3)
			h.accept(t, "lucky", "http://"+host+"/", map[int64]int64{1: i})
			r.await(host, int(i/3)+1)
			if took := time.Since(begin); took != 0 {
				t.Errorf("callback %d was delayed by %v", i, took)
			}
			time.Sleep(time.Second)
		}
		r.await("dead", toDead)
		if n := r.most("dead"); n != 4 {
			t.Errorf("%d calls at the same time to one host", n)
		}
		tried := make(map[int64]bool)
		for _, a := range r.await("dead", 3*toDead) {
			tried[a.request] = true
		}
		if len(tried) != toDead {
			t.Errorf("only %d of %d callbacks were tried", len(tried), toDead)
		}
	})
}

// TestSlowHostIsUsedFully checks that a host with room gets the next callback as soon as it has responded to one.
func TestSlowHostIsUsedFully(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		r.hosts["slow"] = func(context.Context, noren.Callback) noren.Attempt {
			time.Sleep(time.Second)
			return noren.Attempt{Status: http.StatusAccepted}
		}
		const n = 100
		for i := range int64(n) {
			h.accept(t, "shop", "http://slow/", map[int64]int64{1: i})
		}
		begin := time.Now()
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: never})
		r.await("slow", n)
		if took := time.Since(begin); took != n/4*time.Second {
			t.Errorf("%d callbacks of a second each, four at a time, took %v", n, took)
		}
	})
}

// TestClaimingOfOneTenantFails lets the callbacks of one tenant be out of reach, as behind Citus where its worker is down: those of the
// others are delivered meanwhile, and its own when it is back.
func TestClaimingOfOneTenantFails(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		h.caller(t, "down") // the first whose turn it is
		h.engine.unclaimable.Store(int64(h.caller(t, "down").Tenant.ID))
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: time.Second})
		h.accept(t, "down", "http://down/", map[int64]int64{1: 1})
		for i := range int64(3) {
			h.accept(t, fmt.Sprint("up", i), fmt.Sprintf("http://up%d/", i), map[int64]int64{1: 1})
		}
		for i := range 3 {
			r.await(fmt.Sprint("up", i), 1)
		}
		h.engine.unclaimable.Store(0)
		r.await("down", 1)
	})
}

// TestRecordingFails keeps the database from recording deliveries, for a moment or for longer than a lease.
func TestRecordingFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		away           time.Duration
		fewest, most   int
		attemptsStored int
	}{
		"for a moment":        {noren.CallbackLease / 2, 1, 1, 1},
		"longer than a lease": {5 * noren.CallbackLease / 2, 2, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *house) {
				r := newReceivers(t)
				h.engine.record.set(errAway)
				start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send})
				id := h.accept(t, "shop", "http://pos/", map[int64]int64{1: 1})
				time.Sleep(c.away)
				h.engine.record.set(nil)
				time.Sleep(5 * time.Minute)
				if n := len(r.await("pos", 1)); n < c.fewest || n > c.most {
					t.Errorf("delivered %d times, want %d to %d", n, c.fewest, c.most)
				}
				status := h.status(t, "shop", id)
				if status.Callback.State != noren.CallbackDelivered || len(status.Attempts) != c.attemptsStored {
					t.Errorf("stored %+v %+v", status.Callback, status.Attempts)
				}
			})
		})
	}
}

// TestDeliveriesShareACommit ends many deliveries at the same time: they are stored together, and one that cannot be stored takes no
// other along.
func TestDeliveriesShareACommit(t *testing.T) {
	t.Parallel()
	const n = 40
	for name, c := range map[string]struct {
		wrong int // of the deliveries
		most  int // transactions
	}{
		"all":     {-1, n / 2}, // a few, as they are claimed
		"but one": {n / 2, 3 * n},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *house) {
				r := newReceivers(t)
				ids := make([]int64, n)
				for i := range n {
					r.hosts[deadHost(i)] = func(context.Context, noren.Callback) noren.Attempt {
						time.Sleep(time.Second)
						return noren.Attempt{Status: 200}
					}
					ids[i] = h.accept(t, "shop", "http://"+deadHost(i)+"/", map[int64]int64{1: int64(i)})
				}
				if c.wrong >= 0 {
					h.engine.unrecordable.Store(ids[c.wrong])
				}
				h.engine.recording.Store(int64(10 * time.Millisecond))
				start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send})
				r.await("", n)
				time.Sleep(time.Second)
				for i, id := range ids {
					status := h.status(t, "shop", id)
					if done := status.Callback.State == noren.CallbackDelivered; done != (i != c.wrong) || done && len(status.Attempts) != 1 {
						t.Errorf("callback %d of %d: stored %+v %+v", i, n, status.Callback, status.Attempts)
					}
				}
				if calls := h.engine.record.count(); calls > c.most {
					t.Errorf("%d transactions, want at most %d", calls, c.most)
				}
			})
		})
	}
}

// TestSendingPanics treats a panic as a failed attempt.
func TestSendingPanics(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		first := true
		send := func(ctx context.Context, c noren.Callback) noren.Attempt {
			if first {
				first = false
				panic("cannot send")
			}
			return r.send(ctx, c)
		}
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: send})
		id := h.accept(t, "shop", "http://pos/", map[int64]int64{1: 1})
		r.await("pos", 1)
		synctest.Wait()
		status := h.status(t, "shop", id)
		if len(status.Attempts) != 2 || status.Attempts[0].Error == "" || status.Callback.State != noren.CallbackDelivered {
			t.Errorf("stored %+v %+v", status.Callback, status.Attempts)
		}
	})
}

// TestTwoWorkers lets two workers share a database: nothing is applied twice or out of order, and no callback is
// delivered by both at the same time, or again after it was delivered.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		for host := range 3 {
			r.hosts[fmt.Sprint("host", host)] = func(context.Context, noren.Callback) noren.Attempt {
				time.Sleep(20 * time.Millisecond)
				return noren.Attempt{Status: http.StatusOK}
			}
		}
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: 100 * time.Millisecond})
		start(t, worker.Config{Rooms: roomsOf(h.another()), Send: r.send, Poll: 100 * time.Millisecond})
		const tenants, each = 5, 40
		amounts := acceptAtOnce(t, h, tenants, each)
		r.await("", tenants*each)
		time.Sleep(2 * noren.CallbackLease)
		checkMovements(t, h, amounts, each)
		if n := len(r.await("", tenants*each)); n != tenants*each {
			t.Errorf("%d deliveries of %d callbacks", n, tenants*each)
		}
		for contract := range amounts {
			if list, err := h.Bulk.Callbacks(t.Context(), h.callers[contract].Tenant, noren.CallbackFilter{State: noren.CallbackPending}); err != nil || len(list) > 0 {
				t.Errorf("%s: %d callbacks are left (%v)", contract, len(list), err)
			}
		}
	})
}

// TestStop ends a worker while deliveries run: those that end within the grace time are recorded as they ended,
// the others as broken off, and are due again a moment later.
func TestStop(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		r.hosts["soon"] = func(context.Context, noren.Callback) noren.Attempt {
			time.Sleep(2 * time.Second)
			return noren.Attempt{Status: http.StatusOK}
		}
		r.hosts["late"] = func(ctx context.Context, _ noren.Callback) noren.Attempt {
			<-ctx.Done()
			return noren.Attempt{Error: context.Cause(ctx).Error()}
		}
		stop := start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Grace: 3 * time.Second})
		soon := h.accept(t, "shop", "http://soon/", map[int64]int64{1: 1})
		late := h.accept(t, "shop", "http://late/", map[int64]int64{1: 2})
		synctest.Wait()
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if c := h.status(t, "shop", soon).Callback; c.State != noren.CallbackDelivered {
			t.Errorf("the delivery that ended in time: %+v", c)
		}
		status := h.status(t, "shop", late)
		if len(status.Attempts) != 1 || status.Attempts[0].Error != "the server stopped before the receiver responded" {
			t.Fatalf("the delivery that did not: %+v", status.Attempts)
		}
		waiting := h.accept(t, "shop", "http://other/", map[int64]int64{1: 3})
		time.Sleep(time.Minute)
		if s := h.status(t, "shop", waiting); s.Request.State != noren.BulkAccepted {
			t.Errorf("a stopped worker applied %+v", s.Request)
		}
		delete(r.hosts, "late")
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send})
		r.await("late", 2)
		r.await("other", 1)
	})
}

// TestStopIsPromptWhenIdle has nothing to wait for.
func TestStopIsPromptWhenIdle(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		stop := start(t, worker.Config{Rooms: roomsOf(h.App), Send: newReceivers(t).send})
		synctest.Wait()
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}
