package worker

import (
	"context"
	"sync"
	"time"
)

const (
	clockInterval = time.Second
	// strayInterval is how often to look for callbacks that a wrong clock keeps waiting: that of another server, or of this
	// one before it was started.
	strayInterval = time.Minute
	// clockStep is by how much the wall clock must differ from the monotonic one between two looks to have been set. Smaller
	// corrections do as little as a slow machine.
	clockStep = 10 * time.Second
	// clockDoubt is how long nothing is removed, expired or checked by the calendar after the clock was set forward: time
	// for an operator, or for the machine itself, to find out that it is wrong.
	clockDoubt = time.Hour
)

// clock notices that the wall clock is set. Waits of the process itself are measured by the monotonic clock and do not
// care; what is stored are instants of the wall clock, and those set before the step are now too far away or too near.
type clock struct {
	wall    func() time.Time
	elapsed func() time.Duration // by the monotonic clock

	mu        sync.Mutex
	wallThen  time.Time
	then      time.Duration
	doubted   bool
	doubtEnds time.Duration
}

func newClock(wall func() time.Time, elapsed func() time.Duration) *clock {
	return &clock{wall: wall, elapsed: elapsed, wallThen: wall().Round(0), then: elapsed()}
}

// step returns by how much the clock was set since the last look; the caller holds the lock.
func (c *clock) step() (step time.Duration, wall time.Time, now time.Duration) {
	wall, now = c.wall().Round(0), c.elapsed() // without its monotonic part, by which Sub would measure
	if step = wall.Sub(c.wallThen) - (now - c.then); step.Abs() < clockStep {
		step = 0
	}
	return step, wall, now
}

// look returns by how much the clock was set since the last look: 0, or at least clockStep in either direction.
func (c *clock) look() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	step, wall, now := c.step()
	// From here on the new time is the one that later looks are compared with.
	c.wallThen, c.then = wall, now
	if step != 0 {
		// Set back, the clock may be trusted at once: nothing that is removed or expired by it comes too early.
		c.doubted, c.doubtEnds = step > 0, now+clockDoubt
	}
	return step
}

// trusted reports whether the calendar may be acted on, also if the clock was set this moment.
func (c *clock) trusted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	step, _, now := c.step()
	return step == 0 && (!c.doubted || now >= c.doubtEnds)
}

// watchClock looks at the clock every second until ctx ends. When it was set back, callbacks that wait for instants of the
// old time become due.
func (w *Worker) watchClock(ctx context.Context) {
	strays := time.NewTicker(strayInterval)
	defer strays.Stop()
	owed, setBack := true, false // whether to hasten callbacks, and which
	waits := newWaits()
	for wait := time.Duration(0); sleep(ctx, wait); {
		step := w.clock.look()
		switch {
		case step == 0 && !owed:
			select {
			case <-strays.C:
				owed, setBack = true, false
			default:
			}
		case step > 0:
			w.Log.WarnContext(ctx, "the clock was set forward, or the machine slept; nothing is removed or done by the calendar for a while",
				"by", step.Round(time.Second), "while", clockDoubt)
		case step < 0:
			w.Log.WarnContext(ctx, "the clock was set back; callbacks that wait are sent again now", "by", (-step).Round(time.Second))
			owed, setBack = true, true
		}
		wait = clockInterval
		if !owed {
			continue
		}
		// Until it has succeeded: the database may be away when the clock is set.
		if err := w.hasten(ctx, setBack); err != nil {
			wait = waits.after(err)
			continue
		}
		owed = false
		waits.reset()
	}
}

// hasten makes callbacks due that a wrong clock would keep waiting.
func (w *Worker) hasten(ctx context.Context, setBack bool) error {
	n, err := safely(func() (int, error) { return w.Rooms.Bulk.HastenCallbacks(ctx, setBack) })
	if err != nil && ctx.Err() == nil {
		w.Log.ErrorContext(ctx, "looking for callbacks that wait too long", "error", err)
	}
	if n > 0 {
		w.Log.InfoContext(ctx, "callbacks that a wrong clock kept waiting are due now", "callbacks", n)
	}
	return err
}

// awaitTrust waits while the calendar may not be acted on. It returns false if ctx ends before.
func (w *Worker) awaitTrust(ctx context.Context) bool {
	for !w.clock.trusted() {
		if !sleep(ctx, clockInterval) {
			return false
		}
	}
	return true
}
