package worker_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"noren"
	"noren/worker"
)

// TestDeadReceiversDelayNoOtherTenant has many hosts that never respond, so that a tenant with them could hold every place for
// callbacks ten times over, and then callbacks of another tenant: each is sent at once, and few claims are made meanwhile.
func TestDeadReceiversDelayNoOtherTenant(t *testing.T) {
	t.Parallel()
	for _, hosts := range []int{160, 700} {
		t.Run(strconv.Itoa(hosts), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *house) {
				r := newReceivers(t)
				for i := range hosts {
					r.hosts[deadHost(i)] = dead
					h.accept(t, "unlucky", "http://"+deadHost(i)+"/", map[int64]int64{1: int64(i)})
				}
				start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Held: 64})
				time.Sleep(time.Second)
				begun, claims := time.Now(), h.engine.claims.Load()
				for i := range int64(20) {
					sent := time.Now()
					h.accept(t, "lucky", "http://alive/", map[int64]int64{1: i})
					r.await("alive", int(i)+1)
					if took := time.Since(sent); took != 0 {
						t.Errorf("callback %d was delayed by %v", i, took)
					}
					time.Sleep(3 * time.Second)
				}
				if n := h.engine.claims.Load() - claims; n > 20+2*int64(hosts) {
					t.Errorf("%d claims in %v", n, time.Since(begun))
				}
			})
		})
	}
}

// TestRefusingHostsDelayNoOtherTenant has very many hosts that refuse connections, whose callbacks go as fast as they can be claimed:
// between two claims of theirs another tenant, with more callbacks than are sent to one receiver at once, has its turn.
func TestRefusingHostsDelayNoOtherTenant(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		const hosts, claiming = 1000, 10 * time.Millisecond
		r := newReceivers(t)
		for i := range hosts {
			r.hosts[deadHost(i)] = func(context.Context, noren.Callback) noren.Attempt { return noren.Attempt{Error: "connection refused"} }
			h.accept(t, "unlucky", "http://"+deadHost(i)+"/", map[int64]int64{1: int64(i)})
		}
		h.engine.claiming.Store(int64(claiming))
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send})
		for i := range int64(30) {
			sent := time.Now()
			h.accept(t, "lucky", "http://alive/", map[int64]int64{1: i})
			r.await("alive", int(i)+1)
			if took := time.Since(sent); took > 4*claiming {
				t.Errorf("callback %d was delayed by %v", i, took)
			}
		}
		if n := len(r.await("", 0)); n >= hosts {
			t.Error("all the others had gone before")
		}
	})
}

func deadHost(i int) string { return fmt.Sprintf("dead%04d", i) }

// TestRefusingReceiverIsLeftAlone has very many callbacks for a receiver that refuses connections, under several names: after the
// first tries it is tried ever less often, whatever is due, and when it is back it gets them all.
func TestRefusingReceiverIsLeftAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		back := time.Now().Add(30 * time.Minute)
		const names, each = 3, 100
		tries := func() (n int) {
			for i := range names {
				n += len(r.await(deadHost(i), 0))
			}
			return n
		}
		for i := range names {
			r.hosts[deadHost(i)] = func(context.Context, noren.Callback) noren.Attempt {
				a := noren.Attempt{Address: "192.0.2.1:80", Error: "connection refused"}
				if !time.Now().Before(back) {
					a.Status, a.Error = 200, ""
				}
				return a
			}
			for range each {
				h.accept(t, "unlucky", "http://"+deadHost(i)+"/", map[int64]int64{1: 1})
			}
		}
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send})
		for i := range int64(20) {
			sent := time.Now()
			h.accept(t, "lucky", "http://alive/", map[int64]int64{1: i})
			r.await("alive", int(i)+1)
			if took := time.Since(sent); took != 0 {
				t.Errorf("callback %d was delayed by %v", i, took)
			}
			time.Sleep(time.Minute)
		}
		// The names are tried at once, four each, before it is known that they are one receiver; then there is one try after each rest.
		if n := tries(); n > 4*names+40 {
			t.Errorf("%d tries in 20 minutes", n)
		}
		time.Sleep(time.Until(back) + 2*time.Minute)
		synctest.Wait()
		list, err := h.Bulk.Callbacks(t.Context(), h.callers["unlucky"].Tenant, noren.CallbackFilter{State: noren.CallbackPending})
		if err != nil || len(list) > 40 {
			t.Errorf("%d callbacks are left two minutes after it is back (%v)", len(list), err)
		}
	})
}

// TestUnreachableReceiverIsGivenUp gives up what has waited for a day at a receiver that never responded, without a try for each.
func TestUnreachableReceiverIsGivenUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		r := newReceivers(t)
		r.hosts["dead"] = func(context.Context, noren.Callback) noren.Attempt { return noren.Attempt{Error: "connection refused"} }
		const n = 3000
		for range n {
			h.accept(t, "unlucky", "http://dead/", map[int64]int64{1: 1})
		}
		start(t, worker.Config{Rooms: roomsOf(h.App), Send: r.send, Poll: time.Minute})
		time.Sleep(27 * time.Hour)
		list, err := h.Bulk.Callbacks(t.Context(), h.callers["unlucky"].Tenant, noren.CallbackFilter{State: noren.CallbackPending})
		if err != nil || len(list) > 0 {
			t.Errorf("%d are pending after 27 hours (%v)", len(list), err)
		}
		if tries := len(r.await("dead", 0)); tries > 27*60+20 {
			t.Errorf("%d tries", tries)
		}
	})
}
