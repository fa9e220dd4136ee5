// Package worker does what an accepted bulk request leaves to be done: it applies the requests of each tenant's
// lane in order, delivers the callbacks that are owed, and clears away what has expired. Beside that it works on files
// that are being imported, and does what falls due by the calendar.
//
// It holds no state that matters. What is to be done, and who is doing it, stands in the database as rows, locks
// and leases, so a worker may be killed at any moment, and any number of them may run on one database. Hints within
// the process make it fast; polling makes it complete.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"noren"
)

// Config is what a Worker needs. Where a number or duration is 0, its default is meant.
type Config struct {
	Service *noren.Service
	// Send delivers a callback once and tells what came of it; At is filled in by the worker. It ends by itself
	// within MaxSend, and earlier with its context.
	Send func(ctx context.Context, c noren.Callback) noren.Attempt
	// RemoveFile removes the bytes of an uploaded file that nothing refers to; one that is gone already is no error.
	// nil: files are not swept.
	RemoveFile func(ctx context.Context, t noren.Tenant, fileKey string) error

	Log     *slog.Logger // nil: slog.Default()
	Metrics Metrics      // nil: nothing is measured

	Poll    time.Duration // how often to look for work that no hint told of; 500 ms
	Lanes   int           // tenants whose requests are applied at the same time; 16
	Held    int           // callbacks that are held at the same time; 512
	PerHost int           // of those, how many are being sent to one host and port; 4
	Grace   time.Duration // how long deliveries may go on once Run is to end; 15 s
}

// MaxSend is the longest that Config.Send may take. It leaves half of a callback's lease for waiting behind others
// of the same host, and for recording the attempt on a database that is slow to answer.
const MaxSend = noren.CallbackLease / 2

// Metrics receives what a worker measures. Its methods are called concurrently and must not block.
type Metrics interface {
	// Applied is called for each bulk request that succeeded or failed; took is the time since it was accepted.
	Applied(r noren.BulkRequest, took time.Duration)
	// ApplyError is called each time that applying met an error, and will be tried again.
	ApplyError(tenant noren.TenantID, err error)
	// Attempted is called for each delivery. c is the callback after it: delivered, pending or given up; where the
	// attempt could not be recorded, the callback as it was before.
	Attempted(c noren.Callback, a noren.Attempt)
}

// Worker is made by New and runs once.
type Worker struct{ Config }

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
	return &Worker{c}
}

func orDefault[T int | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// errStopped is why deliveries are broken off that outlast the grace time. It is recorded as their outcome.
var errStopped = errors.New("the server was stopped before there was an answer")

// recordGrace is how long after the grace time the last attempts may take to be recorded.
const recordGrace = 5 * time.Second

// Run works until ctx ends. Then it begins nothing new, lets what runs finish within the grace time, breaks off and
// records the deliveries that do not, and returns. Whatever it cannot finish, leases give back to the next worker.
func (w *Worker) Run(ctx context.Context) {
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
		parts.Go(func() { w.keepHouse(ctx) })
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

// houseInterval is how often expired tokens and kept answers are removed.
const houseInterval = time.Minute

// keepHouse removes what has expired. Each call removes a bounded number, so it calls until nothing is left.
func (w *Worker) keepHouse(ctx context.Context) {
	for {
		n, err := safely(func() (int, error) { return w.Service.DeleteExpired(ctx) })
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "removing expired tokens and answers", "error", err)
		}
		if n > 0 && err == nil && ctx.Err() == nil {
			continue
		}
		if !sleep(ctx, houseInterval) {
			return
		}
	}
}

// usesInterval is how often it is written down which clients were used: at most one write for each of them in it.
const usesInterval = 5 * time.Minute

// noteUses writes down when clients were used, also of the last minutes before the end. It is a convenience for people:
// what cannot be written in time is lost.
func (w *Worker) noteUses(ctx context.Context) {
	for more := true; more; {
		more = sleep(ctx, usesInterval)
		storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordGrace)
		_, err := safely(func() (struct{}, error) { return struct{}{}, w.Service.StoreClientUses(storing) })
		cancel()
		if err != nil {
			w.Log.ErrorContext(ctx, "noting when clients were used", "error", err)
		}
	}
}

// safely calls f and turns a panic into an error with the stack, so that one bad row cannot take the process along.
func safely[T any](f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// unmeasured is the Metrics of a worker that was given none.
type unmeasured struct{}

func (unmeasured) Applied(noren.BulkRequest, time.Duration) {}
func (unmeasured) ApplyError(noren.TenantID, error)         {}
func (unmeasured) Attempted(noren.Callback, noren.Attempt)  {}
