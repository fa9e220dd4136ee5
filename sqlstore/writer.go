package sqlstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"noren"
)

// The bounds of group commit. A batch bounds how long the first closure waits for the last, and how much is run again when a
// batch is lost. One with closures of several tenants ends after batchTime, so that one tenant's many do not keep the few of
// another from their commit.
const (
	batchLimit = 128
	batchTime  = 2 * time.Millisecond
)

// writer is the one writer of a SQLite database. It takes the closures that wait, runs them one after another
// inside one transaction, commits once and lets all their callers return: one fsync for all. A closure that comes alone is
// run at once, without waiting for others.
//
// A closure that fails takes back what it did, and nothing else. Nearly all that fail have only read until then. If one has
// written, the batch is rolled back and run again with a savepoint for each closure. Not at once, because with a savepoint
// SQLite copies each page before it is first written: a quarter of what a bulk update costs.
type writer struct {
	db    *DB
	wait  time.Duration // for the lock of another process
	conn  *pinned
	queue *fairQueue
	ended chan struct{} // closed when the queue has been worked off after close

	// Only work looks at these.
	locked     bool          // the last batch has waited in vain
	checkpoint *checkpointer // nil: each commit sees to the log
	logged     int           // pages that were written since the log has been emptied
}

// call is one Update on its way through the writer.
type call struct {
	ctx      context.Context //nolint:containedctx // only asked whether the caller has gone before the closure starts
	tenant   noren.TenantID
	fn       func(*tx) error
	runs     int  // of the closure
	gone     bool // the caller went before the closure could start
	err      error
	panicked string // what the closure panicked with, and where
	done     chan struct{}
}

func newWriter(db *DB, conn *pinned, wait time.Duration, beside *checkpointer) *writer {
	w := &writer{db: db, wait: wait, conn: conn, queue: newFairQueue(), ended: make(chan struct{}), checkpoint: beside}
	go w.work()
	return w
}

// update runs fn in the next batch and returns when that is on disk. It always waits for its closure to be over,
// even if ctx ends meanwhile, because the closure writes into its caller's variables. A panic of fn comes out here.
func (w *writer) update(ctx context.Context, tenant noren.TenantID, fn func(*tx) error) error {
	c := &call{ctx: ctx, tenant: tenant, fn: fn, done: make(chan struct{})}
	if err := w.submit(c); err != nil {
		return err
	}
	<-c.done
	if c.panicked != "" {
		panic(c.panicked) // as if it had happened in this goroutine, which may be prepared for it
	}
	return timedOut(ctx, c.err)
}

// submit puts the call into the queue; Unavailable where that is full or closed. It never waits, so that a server
// under more load than its disk can take says so at once.
func (w *writer) submit(c *call) error { return w.queue.put(c) }

// close works off the queue and ends the writer. It is called once.
func (w *writer) close() {
	w.queue.close()
	<-w.ended
	if w.checkpoint != nil {
		w.checkpoint.close()
	}
}

// work is the writer's goroutine. Callers are let go only after their commit is on disk.
func (w *writer) work() {
	defer close(w.ended)
	defer w.conn.discard()
	for {
		batch := w.queue.take(batchLimit)
		if len(batch) == 0 {
			return
		}
		began := time.Now()
		done, outcome := w.commit(batch, false)
		if outcome == lost {
			if done, outcome = w.commit(batch, true); outcome == lost {
				w.oneByOne(batch)
				done = batch
			}
		}
		w.queue.back(batch[len(done):])
		w.queue.finished(done, time.Since(began))
		for _, c := range done {
			if c.panicked == "" && classify(c.err) != final {
				c.err = comeBack(c.err)
			}
			close(c.done)
		}
		w.tendLog()
	}
}

// tendLog has the checkpointer empty the log where it is long, and finishes that. Nobody waits for it but those who come next.
func (w *writer) tendLog() {
	if w.checkpoint == nil || w.conn.conn == nil {
		return
	}
	// The commit that has erased somebody is on the disk by now.
	if w.db.scrub.Swap(false) {
		w.checkpoint.scrub.Store(true)
		w.checkpoint.want()
	}
	n := w.conn.conn.pagesWritten()
	w.logged += n
	w.checkpoint.written.Add(int64(n))
	switch {
	case w.logged < checkpointFrom:
	case w.logged < checkpointMost && !w.checkpoint.nearly.Load():
		w.checkpoint.want()
	default:
		// Where it fails, as it does while the checkpointer is at it, the next commit tries again.
		if _, err := w.conn.conn.checkpoint(); err == nil {
			w.logged = 0
			w.checkpoint.nearly.Store(false)
		}
	}
}

// oneByOne runs the calls of a lost batch again, each in a transaction of its own, so that the one that cannot be
// written fails alone.
func (w *writer) oneByOne(batch []*call) {
	for _, c := range batch {
		if c.panicked == "" && !c.gone {
			w.commit([]*call{c}, false) // alone, it has its outcome whatever happens
		}
	}
}

// lost says that a transaction came to nothing: SQLite rolled it back while a closure ran, or it had to be rolled back for
// one. The calls are to be run again.
const lost = true

// commit runs the calls in one transaction and commits it, or only the first of them where those of several tenants take long.
// Each of the calls that it returns has its outcome, unless the transaction was lost.
func (w *writer) commit(calls []*call, savepoints bool) (done []*call, outcome bool) {
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		if classify(err) != passing {
			w.conn.discard() // what is wrong may be the connection
		}
		fail(calls, doing("beginning the transaction", err))
		return calls, !lost
	}
	wrote, began := false, time.Now()
	for i, c := range calls {
		var t *tx
		run := func() { t = w.run(c) }
		if savepoints {
			if w.inSavepoint(ctx, c, run) == lost {
				_ = w.conn.end(ctx, "ROLLBACK")
				return nil, lost
			}
		} else if run(); len(calls) > 1 && !c.succeeded() && t.dirty() {
			_ = w.conn.end(ctx, "ROLLBACK")
			return nil, lost
		}
		wrote = wrote || c.succeeded()
		if time.Since(began) > batchTime && w.queue.several() {
			calls = calls[:i+1]
			break
		}
	}
	if !wrote {
		_ = w.conn.end(ctx, "ROLLBACK") // nothing is lost if it fails: each call has its error
		return calls, !lost
	}
	if err := w.conn.end(ctx, "COMMIT"); err != nil {
		fail(calls, &commitError{err})
	}
	return calls, !lost
}

// The bounds of the wait for another process that holds SQLite's lock. Whoever comes behind a batch that has waited in vain
// does not wait as long again.
const (
	defaultLockWait = 5 * time.Second
	lockWaitAfter   = time.Second
	lockPoll        = time.Millisecond // between two tries, with as much again at random
)

// begin begins the batch's transaction. The other process may be as busy as this one and hold the lock nearly all the
// time: only who tries often meets the moment at which it is free.
func (w *writer) begin(ctx context.Context) error {
	wait := w.wait
	if w.locked {
		wait = min(wait, lockWaitAfter)
	}
	for began := time.Now(); ; {
		err := w.conn.begin(ctx, "BEGIN IMMEDIATE")
		if w.locked = classify(err) == passing; !w.locked || time.Since(began) > wait {
			return err
		}
		time.Sleep(lockPoll + rand.N(lockPoll))
	}
}

// run runs the closure of one call, unless its caller has gone or it has panicked before, and returns its transaction.
func (w *writer) run(c *call) *tx {
	began := time.Now()
	t := &tx{db: w.db, run: w.conn, tenant: c.tenant, awaited: func() bool { return time.Since(began) > batchTime && w.queue.several() }}
	if c.panicked != "" {
		return t
	}
	if c.err = c.ctx.Err(); c.err != nil {
		c.gone = true
		return t
	}
	c.runs++
	c.protect(t)
	return t
}

// dirty reports whether what a closure that failed did has to be taken back. After a statement that failed SQLite may have
// rolled back by itself, and what came next would no longer be part of any transaction.
func (t *tx) dirty() bool { return t.wrote || t.failed != nil }

// inSavepoint takes back what a call that fails in run does. A savepoint that is not there any more tells that the
// transaction was lost.
func (w *writer) inSavepoint(ctx context.Context, c *call, run func()) bool {
	if _, err := w.conn.exec(ctx, "SAVEPOINT closure", nil); err != nil {
		return lost
	}
	run()
	if !c.succeeded() {
		if _, err := w.conn.exec(ctx, "ROLLBACK TO closure", nil); err != nil {
			return lost
		}
	}
	if _, err := w.conn.exec(ctx, "RELEASE closure", nil); err != nil {
		return lost
	}
	return !lost
}

// protect runs the closure and keeps its panic for its caller: it must not take the neighbours along.
func (c *call) protect(t *tx) {
	defer func() {
		if r := recover(); r != nil {
			c.panicked = fmt.Sprintf("%v\n\nin a transaction:\n%s", r, debug.Stack())
		}
	}()
	c.err = t.outcome(c.fn(t))
}

// succeeded reports whether what the closure did is to be committed.
func (c *call) succeeded() bool { return c.err == nil && c.panicked == "" }

// fail gives the error to every call that would have been written, and to those that failed by themselves: they may
// have failed because of what a neighbour had written, which is not there any more.
func fail(calls []*call, err error) {
	for _, c := range calls {
		if !c.gone {
			c.err = err
		}
	}
}
