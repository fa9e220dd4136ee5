package sqlstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// statistics has PostgreSQL take new statistics of a table that has doubled, as tables do several times while a shop is first
// loaded. It would do so by itself, but once a minute: until then each statement keeps the plan that was made for an empty
// table, reads all of it, and costs more with every batch.
type statistics struct {
	mu      sync.Mutex
	tables  map[string]*growth
	due     chan string
	closed  bool
	working sync.WaitGroup
}

// growth is what is known of a table's rows.
type growth struct {
	inserted int64 // by this process since the statistics were looked at
	counted  int64 // in the newest statistics
	due      bool
}

const (
	// statisticsFrom is how many rows hurt in a plan that was made for none of them.
	statisticsFrom = 1024
	// statisticsPatience bounds one look at a table. It reads 30,000 of its rows at most.
	statisticsPatience = 10 * time.Second
	// statisticsWaiting is more than there are tables.
	statisticsWaiting = 128
)

// newStatistics looks at tables on connections of the pool until it is closed.
func newStatistics(pool *pgxpool.Pool) *statistics {
	s := &statistics{tables: make(map[string]*growth), due: make(chan string, statisticsWaiting)}
	s.working.Go(func() {
		for table := range s.due {
			if !s.isClosed() {
				s.take(pool, table)
			}
		}
	})
	return s
}

// note notes what a committed transaction has inserted, by table.
func (s *statistics) note(inserted map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for table, n := range inserted {
		g := s.tables[table]
		if g == nil {
			g = new(growth)
			s.tables[table] = g
		}
		g.inserted += int64(n)
		if g.due || g.inserted < max(statisticsFrom, g.counted) {
			continue
		}
		select {
		case s.due <- table:
			g.due = true
		default: // there are never so many; the next transaction tries again
		}
	}
}

// take takes the statistics of one table, unless it has fewer new rows than old ones. Where that fails it is tried again when the
// table has grown by as much again: plans stay right without it, and PostgreSQL looks at the table by itself before long.
func (s *statistics) take(pool *pgxpool.Pool, table string) {
	ctx, cancel := context.WithTimeout(context.Background(), statisticsPatience)
	defer cancel()
	var counted int64
	err := pool.QueryRow(ctx, "SELECT CAST(GREATEST(reltuples, 0) AS bigint) FROM pg_class WHERE oid = to_regclass($1)", table).Scan(&counted)
	s.mu.Lock()
	g := s.tables[table]
	inserted := g.inserted
	s.mu.Unlock()
	if err == nil && inserted >= counted {
		if _, err = pool.Exec(ctx, "ANALYZE "+table); err == nil {
			counted += inserted
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.inserted -= inserted
	g.counted, g.due = max(counted, g.counted), false
}

// isClosed reports whether nobody wants statistics any more.
func (s *statistics) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// close lets the look that is going on end: PostgreSQL would go on with one that is cancelled, on a connection that nobody has any more.
// What is noted later is forgotten.
func (s *statistics) close() {
	s.mu.Lock()
	s.closed = true
	close(s.due)
	s.mu.Unlock()
	s.working.Wait()
}
