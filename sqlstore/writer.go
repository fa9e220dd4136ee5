package sqlstore

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"noren"
)

// The bounds of group commit. A full queue is about a second of work; a batch bounds how long the first closure
// waits for the last, and how much is run again when a batch is lost.
const (
	queueLength = 1024
	batchLimit  = 128
)

// writer is the one writer of a SQLite database. It takes the closures that wait, runs them one after another
// inside one transaction, each in a savepoint of its own, commits once and lets all their callers return: one
// fsync for all. A closure that comes alone is run at once, without waiting for others.
type writer struct {
	db    *DB
	conn  *pinned
	queue chan *call
	ended chan struct{} // closed when the queue has been worked off after close

	mu     sync.RWMutex
	closed bool
}

// call is one Update on its way through the writer.
type call struct {
	ctx      context.Context // only asked whether the caller has gone before the closure starts
	tenant   noren.TenantID
	fn       func(*tx) error
	runs     int  // of the closure
	gone     bool // the caller went before the closure could start
	err      error
	panicked string // what the closure panicked with, and where
	done     chan struct{}
}

func newWriter(db *DB, conn *pinned) *writer {
	w := &writer{db: db, conn: conn, queue: make(chan *call, queueLength), ended: make(chan struct{})}
	go w.work()
	return w
}

// update runs fn in the next batch and answers when that is on disk. It always waits for its closure to be over,
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
	return c.err
}

// submit puts the call into the queue; Unavailable where that is full or closed. It never waits, so that a server
// under more load than its disk can take says so at once.
func (w *writer) submit(c *call) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return comeBack(errClosed)
	}
	select {
	case w.queue <- c:
		return nil
	default:
		return comeBack(fmt.Errorf("%d writes are waiting already", queueLength))
	}
}

// close works off the queue and ends the writer. It is called once.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
}

// work is the writer's goroutine. Callers are let go only after their commit is on disk.
func (w *writer) work() {
	defer close(w.ended)
	defer w.conn.discard()
	for first := range w.queue {
		batch := w.gather(first)
		if lost := w.commit(batch); lost {
			w.oneByOne(batch)
		}
		for _, c := range batch {
			if c.panicked == "" && classify(c.err) != final {
				c.err = comeBack(c.err)
			}
			close(c.done)
		}
	}
}

// gather takes what waits behind first, without waiting for more.
func (w *writer) gather(first *call) []*call {
	batch := []*call{first}
	for len(batch) < batchLimit {
		select {
		case c, open := <-w.queue:
			if !open {
				return batch
			}
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// oneByOne runs the calls of a lost batch again, each in a transaction of its own, so that the one that cannot be
// written fails alone.
func (w *writer) oneByOne(batch []*call) {
	for _, c := range batch {
		if c.panicked == "" && !c.gone {
			w.commit([]*call{c}) // alone, it has its outcome whatever happens
		}
	}
}

// commit runs the calls in one transaction and commits it. Each call then has its outcome, unless the transaction was
// lost: SQLite rolled it back while a closure ran, and the calls are to be run again. BEGIN IMMEDIATE waits for other
// processes as long as busy_timeout says.
func (w *writer) commit(calls []*call) (lost bool) {
	ctx := context.Background()
	if err := w.conn.begin(ctx, "BEGIN IMMEDIATE"); err != nil {
		if classify(err) != passing {
			w.conn.discard() // what is wrong may be the connection
		}
		fail(calls, doing("beginning the transaction", err))
		return false
	}
	wrote := false
	for _, c := range calls {
		if lost := w.run(ctx, c, len(calls) > 1); lost {
			_ = w.conn.end(ctx, "ROLLBACK")
			return true
		}
		wrote = wrote || c.succeeded()
	}
	if !wrote {
		_ = w.conn.end(ctx, "ROLLBACK") // nothing is lost if it fails: each call has its error
		return false
	}
	if err := w.conn.end(ctx, "COMMIT"); err != nil {
		fail(calls, &commitError{err})
	}
	return false
}

// run runs the closure of one call, in a savepoint where it has neighbours. A savepoint that is not there any more
// tells that the transaction was lost.
func (w *writer) run(ctx context.Context, c *call, savepoint bool) (lost bool) {
	if c.err = c.ctx.Err(); c.err != nil {
		c.gone = true
		return false
	}
	if savepoint {
		if _, err := w.conn.ExecContext(ctx, "SAVEPOINT closure"); err != nil {
			return true
		}
	}
	c.runs++
	c.protect(&tx{db: w.db, run: w.conn, tenant: c.tenant, again: c.runs > 1})
	if !savepoint {
		return false
	}
	if !c.succeeded() {
		if _, err := w.conn.ExecContext(ctx, "ROLLBACK TO closure"); err != nil {
			return true
		}
	}
	_, err := w.conn.ExecContext(ctx, "RELEASE closure")
	return err != nil
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
