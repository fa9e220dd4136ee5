package worker_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/worker"
)

// wallClock is the wall clock of a machine, which can be set; the time of the bubble is the monotonic one.
type wallClock struct{ off atomic.Int64 }

func (c *wallClock) now() time.Time { return time.Now().Add(time.Duration(c.off.Load())) }

func (c *wallClock) set(by time.Duration) { c.off.Add(int64(by)) }

// on is a service of the house by this clock.
func (c *wallClock) on(h *house) *app.App {
	return app.New(app.Config{
		Engine: h.engine, Clock: c.now, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: h.encoder},
		Log: slog.New(slog.DiscardHandler),
	})
}

// elapsed is the monotonic clock.
func elapsed() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// TestClockSetBackDelaysNoRetry sets the clock back by six hours while a callback waits for its retry, in the server that
// sends it, and in one that is started after that.
func TestClockSetBackDelaysNoRetry(t *testing.T) {
	t.Parallel()
	for name, restarted := range map[string]bool{"noticed": false, "while it was off": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *house) {
				c, log := new(wallClock), new(apptest.Log)
				r := newReceivers(t)
				r.hosts["pos"] = failing(6)
				config := worker.Config{Rooms: roomsOf(c.on(h)), Send: r.send, Log: log.Logger(), Elapsed: elapsed()}
				stop := start(t, config)
				id := h.accept(t, "shop", "http://pos/", map[int64]int64{1: 1})
				r.await("pos", 4)
				synctest.Wait()
				most := 12 * time.Second // the fourth wait is eight seconds
				if restarted {
					stop()
					most = 0
				}
				c.set(-6 * time.Hour)
				began := time.Now()
				if restarted {
					config.Elapsed = elapsed()
					start(t, config)
				}
				r.await("pos", 5)
				if took := time.Since(began); took > most {
					t.Errorf("the retry came after %v", took)
				}
				if !restarted && !strings.Contains(log.String(), "the clock was set back") {
					t.Errorf("it is not logged: %s", log)
				}
				r.await("pos", 7)
				synctest.Wait()
				if s := h.status(t, "shop", id); s.Callback.State != noren.CallbackDelivered {
					t.Errorf("%+v", s.Callback)
				}
			})
		})
	}
}

// TestClockSetForwardGivesNothingUp sets the clock forward by a week after three attempts to deliver a callback.
func TestClockSetForwardGivesNothingUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *house) {
		c := new(wallClock)
		r := newReceivers(t)
		r.hosts["pos"] = failing(9)
		start(t, worker.Config{Rooms: roomsOf(c.on(h)), Send: r.send, Elapsed: elapsed()})
		id := h.accept(t, "shop", "http://pos/", map[int64]int64{1: 1})
		r.await("pos", 3)
		c.set(7 * 24 * time.Hour)
		if got := r.await("pos", 10); got[9].attempt.Status != http.StatusOK {
			t.Errorf("%+v", got[9])
		}
		synctest.Wait()
		if s := h.status(t, "shop", id); s.Callback.State != noren.CallbackDelivered {
			t.Errorf("%+v", s.Callback)
		}
	})
}

// TestClockSetForwardIsDoubted sets the clock forward to a month whose check of ranks is not due, and back after half an
// hour. Nothing that cannot be taken back is done meanwhile. If it is not set back, everything is done after an hour.
func TestClockSetForwardIsDoubted(t *testing.T) {
	t.Parallel()
	for name, corrected := range map[string]bool{"corrected": true, "kept": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *house) {
				caller := h.ranked(t, "shop", 3)
				c, log := new(wallClock), new(apptest.Log)
				start(t, worker.Config{Rooms: roomsOf(c.on(h)), Poll: never, Log: log.Logger(), Elapsed: elapsed()})
				time.Sleep(time.Minute)
				swept := h.engine.expired.Load()
				c.set(40 * 24 * time.Hour)
				time.Sleep(30 * time.Minute)
				h.expectLadder(t, "doubted", caller, map[int64]int{0: 3})
				if n := h.engine.expired.Load() - swept; n > 1 { // one that had begun
					t.Errorf("it removed what expired %d times", n)
				}
				if !strings.Contains(log.String(), "the clock was set forward") {
					t.Errorf("it is not logged: %s", log)
				}
				if corrected {
					c.set(-40 * 24 * time.Hour)
				}
				time.Sleep(35 * time.Minute)
				synctest.Wait()
				if corrected {
					h.expectLadder(t, "corrected", caller, map[int64]int{0: 3})
				} else {
					h.expectLadder(t, "kept", caller, map[int64]int{2: 3}, "2000-02 +3 -0 =0 finished")
				}
				if n := h.engine.expired.Load() - swept; n < 3 {
					t.Errorf("it removed what expired only %d times after that", n)
				}
			})
		})
	}
}
