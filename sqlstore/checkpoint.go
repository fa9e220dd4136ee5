package sqlstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite would move what was committed from its log into the file within each commit that finds a thousand pages in the log:
// the commits behind it would wait for as many writes all over the file, and for the disk. So the checkpointer moves them
// beside the writer, on a connection of its own. What comes into the log meanwhile it moves as well, until little is left. That
// the writer moves itself, between two batches, because only a log of which nothing is left begins again at its start.

// The pages in the log at which something is done about it.
const (
	checkpointFrom = 4000  // SQLite would from 1,000 on, and others would wait four times as often for what the writer moves
	checkpointRest = 100   // so few that the writer may move them
	checkpointMost = 16000 // the writer moves them, whatever the checkpointer does
)

// checkpointPasses is how often the checkpointer moves what the writer has written since it began.
const checkpointPasses = 3

type checkpointer struct {
	conn    *pinned
	wanted  chan struct{} // receives when the log is long
	written atomic.Int64  // pages that the writer has written
	nearly  atomic.Bool   // all of a long log has been moved, but for a rest
	scrub   atomic.Bool   // the log has something of a person who was erased
	ended   chan struct{}
}

func newCheckpointer(source string) *checkpointer {
	c := &checkpointer{conn: &pinned{source: source}, wanted: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.work()
	return c
}

// want asks for a checkpoint. It does not wait.
func (c *checkpointer) want() {
	select {
	case c.wanted <- struct{}{}:
	default: // somebody has asked already
	}
}

// close ends the checkpointer. It is called once, when nobody writes any more.
func (c *checkpointer) close() {
	close(c.wanted)
	<-c.ended
}

// scrubAgain is how long the checkpointer waits where it could not empty the log because somebody was reading in it.
const scrubAgain = time.Second

// work moves pages when it is asked to. Where it fails the writer does it at last, and has the error at its next commit.
func (c *checkpointer) work() {
	defer close(c.ended)
	defer c.conn.discard()
	scrubbing, page := false, 0 // how far the unused room of the pages has been overwritten
	for {
		var again <-chan time.Time
		if scrubbing {
			again = time.After(scrubAgain)
		}
		select {
		case _, open := <-c.wanted:
			if !open {
				return
			}
		case <-again:
		}
		// Somebody was erased: from the beginning, because what they were may have been moved meanwhile.
		if c.scrub.Swap(false) {
			scrubbing, page = true, 0
		}
		if scrubbing {
			var err error
			if page, err = c.conn.overwriteGaps(context.Background(), page); err == nil {
				err = c.empty() // last, because all of that is in the log, too
			} else {
				c.conn.discard()
			}
			scrubbing = err != nil
		}
		c.shorten()
	}
}

// shorten moves pages until few are left.
func (c *checkpointer) shorten() {
	for range checkpointPasses {
		before := c.written.Load()
		logged, err := c.pass()
		if err != nil {
			c.conn.discard()
			return
		}
		if c.written.Load()-before <= checkpointRest {
			c.nearly.Store(logged >= checkpointFrom)
			return
		}
	}
}

// empty moves everything and cuts the log off, for what was written stays in it otherwise until something else is written in the same
// place. Who writes meanwhile waits, so it does not wait long for those who read.
func (c *checkpointer) empty() error {
	if err := c.conn.connect(); err != nil {
		return err
	}
	err := errors.Join(c.conn.conn.runOnce("PRAGMA busy_timeout = 100"), c.conn.conn.truncate())
	if err != nil {
		c.conn.discard()
	}
	return err
}

// pass moves what is in the log when it begins, and returns how many pages the log has.
func (c *checkpointer) pass() (logged int, err error) {
	if err := c.conn.connect(); err != nil {
		return 0, err
	}
	return c.conn.conn.checkpoint()
}

// checkpoint moves pages from the log into the file, as many as it can without waiting for anybody, and returns how many the
// log has.
func (c *sqliteConn) checkpoint() (logged int, err error) {
	code := sqlite3.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, sqlite3.SQLITE_CHECKPOINT_PASSIVE, c.out, 0)
	return int(*at[int32](c.out)), c.failure(code)
}

// truncate moves all pages from the log into the file, and makes the log empty. It fails where somebody reads in the log or writes.
func (c *sqliteConn) truncate() error {
	return c.failure(sqlite3.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, sqlite3.SQLITE_CHECKPOINT_TRUNCATE, 0, 0))
}

// pagesWritten is how many pages the connection has written since it was asked last.
func (c *sqliteConn) pagesWritten() int {
	counts := at[[2]int32](c.out)
	sqlite3.Xsqlite3_db_status(c.tls, c.db, sqlite3.SQLITE_DBSTATUS_CACHE_WRITE, c.out, c.out+unsafe.Sizeof(counts[0]), 1)
	return int(counts[0])
}
