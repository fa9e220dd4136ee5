// Package worker does the work in the background: it applies each tenant's bulk requests in order, delivers callbacks,
// applies imports, removes what has expired, and does what falls due by the calendar.
//
// It keeps no state that matters. What is to be done, and who is doing it, is in the database as rows, locks and
// leases, so a worker may be killed at any moment, and any number of them may share one database. Hints within the
// process make it fast; polling makes it complete.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/audit"
	"noren/app/bulk"
	"noren/app/imports"
	"noren/app/inbox"
	"noren/app/members"
	"noren/app/points"
	"noren/app/privacy"
	"noren/app/ranks"
)

// Rooms are the use cases that the worker drives by the clock.
type Rooms struct {
	Now     func() time.Time
	Access  *access.Service
	Audit   *audit.Service
	Bulk    *bulk.Service
	Imports *imports.Service
	Inbox   *inbox.Service
	Members *members.Service
	Points  *points.Service
	Privacy *privacy.Service
	Ranks   *ranks.Service
}

// Config is what a Worker is made from. A number or duration of 0 means its default.
type Config struct {
	Rooms Rooms
	// Send delivers a callback once and returns the attempt; the worker fills in At. It must end by itself within MaxSend,
	// and earlier if its context ends.
	Send func(ctx context.Context, c noren.Callback) noren.Attempt
	// RemoveFile removes the bytes of an uploaded file that nothing refers to. A file that is already gone is not an
	// error. nil: files are not swept.
	RemoveFile func(ctx context.Context, t noren.Tenant, fileKey string) error

	// Elapsed is the time by a clock that is never set, from any beginning; nil: the monotonic clock.
	Elapsed func() time.Duration

	Log     *slog.Logger // nil: slog.Default()
	Metrics Metrics      // nil: no metrics

	Poll    time.Duration // how often to look for work without a hint; 500 ms
	Lanes   int           // tenants whose requests are applied at the same time; 16
	Held    int           // callbacks held at the same time; 512
	PerHost int           // callbacks being sent to one host and port at the same time; 4
	Grace   time.Duration // how long deliveries may continue after ctx ends; 15 s
}

// MaxSend is the longest that Config.Send may take. It leaves half of a callback's lease for waiting behind others of
// the same host, and for recording the attempt in a slow database.
const MaxSend = noren.CallbackLease / 2

// Metrics receives what a worker measures. Its methods are called concurrently and must not block.
type Metrics interface {
	// Applied is called for each bulk request that succeeded or failed; took is the time since it was accepted.
	Applied(r noren.BulkRequest, took time.Duration)
	// ApplyError is called each time that applying failed with an error and will be tried again.
	ApplyError(tenant noren.TenantID, err error)
	// Attempted is called for each delivery. c is the callback after it: delivered, pending or given up. If the attempt
	// could not be recorded, c is the callback before it.
	Attempted(c noren.Callback, a noren.Attempt)
}

// Worker is made by New and runs once.
type Worker struct {
	Config
	clock *clock
}

// New makes a Worker.
func New(c Config) *Worker {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = unmeasured{}
	}
	orDefault(&c.Poll, 500*time.Millisecond)
	orDefault(&c.Lanes, 16)
	orDefault(&c.Held, 512)
	orDefault(&c.PerHost, 4)
	orDefault(&c.Grace, 15*time.Second)
	if c.Elapsed == nil {
		began := time.Now()
		c.Elapsed = func() time.Duration { return time.Since(began) }
	}
	return &Worker{Config: c, clock: newClock(c.Rooms.Now, c.Elapsed)}
}

func orDefault[T int | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// errStopped is why deliveries that outlast the grace time are aborted. It is recorded as their error.
var errStopped = errors.New("the server stopped before the receiver responded")

// recordGrace is how long after the grace time the last attempts may take to be recorded.
const recordGrace = 5 * time.Second

// Run works until ctx ends. Then it begins nothing new, lets running work finish within the grace time, aborts and
// records the deliveries that do not, and returns. What it cannot finish goes to the next worker when the leases end.
func (w *Worker) Run(ctx context.Context) {
	// Neither context ends with ctx: running work has the grace time, and recording a little longer.
	working, breakOff := context.WithCancelCause(context.WithoutCancel(ctx))
	defer breakOff(errStopped)
	recording, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()

	done := make(chan struct{})
	go func() {
		defer close(done)
		var parts sync.WaitGroup
		parts.Go(func() { newLanes(w).run(ctx, working) })
		parts.Go(func() { newDeliveries(w, working, recording).run(ctx) })
		parts.Go(func() { w.watchClock(ctx) })
		parts.Go(func() { w.keepHouse(ctx) })
		parts.Go(func() { w.sweepFiles(ctx) })
		parts.Go(func() { newSchedule(w).run(ctx) })
		parts.Go(func() { newRankChecks(w).run(ctx) })
		parts.Go(func() { w.noteUses(ctx) })
		parts.Go(func() { newImports(w).run(ctx, working) })
		parts.Wait()
	}()
	<-ctx.Done()
	select {
	case <-done:
		return
	case <-time.After(w.Grace):
	}
	breakOff(errStopped)
	select {
	case <-done:
		return
	case <-time.After(recordGrace):
	}
	giveUp()
	<-done
}

// houseInterval is how often expired tokens and kept answers are removed, and the bytes of files that nothing refers to.
const houseInterval = time.Minute

// keepHouse removes what has expired. Each call removes a bounded number, so it repeats until nothing is left.
func (w *Worker) keepHouse(ctx context.Context) {
	for w.awaitTrust(ctx) {
		n, err := safely(func() (int, error) { return w.Rooms.Access.DeleteExpired(ctx) })
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "removing expired tokens and kept answers", "error", err)
		}
		if n > 0 && err == nil && ctx.Err() == nil {
			continue
		}
		if !sleep(ctx, houseInterval) {
			return
		}
	}
}

// sweepFiles removes the files that nothing refers to any more, such as those of a person who was erased, within a minute. Nobody
// is served them by then.
func (w *Worker) sweepFiles(ctx context.Context) {
	for w.RemoveFile != nil && w.awaitTrust(ctx) {
		unswept, err := safely(func() ([]noren.TenantID, error) { return w.Rooms.Members.Unswept(ctx) })
		if err == nil && len(unswept) > 0 {
			err = w.sweepFilesOf(ctx, unswept)
		}
		wait := houseInterval
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "removing unused files", "error", err)
			// A bucket that is away is not asked for every file each minute.
			wait = scheduleInterval
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// sweepFilesOf removes the unused files of the tenants, a bounded number at a time. A tenant whose files cannot be removed does not
// keep the others.
func (w *Worker) sweepFilesOf(ctx context.Context, unswept []noren.TenantID) error {
	tenants, err := safely(func() ([]noren.Tenant, error) { return w.Rooms.Access.Tenants(ctx) })
	failed := []error{err}
	for _, t := range tenants {
		for slices.Contains(unswept, t.ID) && ctx.Err() == nil {
			swept, err := safely(func() (int, error) {
				return w.Rooms.Members.SweepUploads(ctx, t.ID, func(fileKey string) error { return w.RemoveFile(ctx, t, fileKey) })
			})
			if swept > 0 {
				w.Log.InfoContext(ctx, "unused files were removed", "tenant", t.Contract, "files", swept)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("tenant %s: %w", t.Contract, err))
			}
			if swept == 0 || err != nil {
				break
			}
		}
	}
	return errors.Join(failed...)
}

// usesInterval is how often the uses of clients are written: at most one write for each client in that time.
const usesInterval = 5 * time.Minute

// noteUses writes when clients were last used, including the last minutes before the end. It is a convenience for
// people: what cannot be written in time is lost.
func (w *Worker) noteUses(ctx context.Context) {
	for more := true; more; {
		more = sleep(ctx, usesInterval)
		storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordGrace)
		_, err := safely(func() (struct{}, error) { return struct{}{}, w.Rooms.Access.StoreUses(storing) })
		cancel()
		if err != nil {
			w.Log.ErrorContext(ctx, "storing when clients were last used", "error", err)
		}
	}
}

// safely calls f and turns a panic into an error with the stack, so that one bad row cannot crash the process.
func safely[T any](f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// unmeasured is the Metrics of a worker without metrics.
type unmeasured struct{}

func (unmeasured) Applied(noren.BulkRequest, time.Duration) {}
func (unmeasured) ApplyError(noren.TenantID, error)         {}
func (unmeasured) Attempted(noren.Callback, noren.Attempt)  {}
