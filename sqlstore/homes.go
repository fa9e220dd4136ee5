package sqlstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"noren"
)

// homes sends the transactions of a tenant to the node of Citus that has its rows. Every node can run every statement, and the one
// that has the rows runs it in place; any other plans it, writes it out as text and has that one plan it again. So nothing depends on
// what is known here: a tenant whose node is not known yet, or has moved, or cannot be reached from here, is worse off by a hop.
type homes struct {
	main   *pgxpool.Pool                       // of the node that the URL names
	config func(node) (*pgxpool.Config, error) // of a pool for another one
	wake   chan struct{}
	done   context.CancelFunc
	closed context.Context //nolint:containedctx // of what goes on in the background, for as long as the homes are there
	work   sync.WaitGroup

	mu    sync.Mutex
	again time.Duration           // after which a node that could not be reached is tried again
	of    map[noren.TenantID]node // the zero node: the main one, or not known yet
	fresh []noren.TenantID        // that nobody has looked for yet
	pools map[node]*nodePool
}

// nodePool is the connections to one node.
type nodePool struct {
	pool   *pgxpool.Pool // nil until it was reached for the first time
	usable bool
	trying bool
	tried  time.Time
}

const (
	homesAge  = time.Minute      // after which tenants are looked for again: they move seldom, and nothing breaks when they do
	homesWait = 10 * time.Second // of a look, of an attempt to reach a node, and between two of them
	homesMost = 1 << 14          // tenants that are remembered
)

var errOtherDatabase = errors.New("this is another database")

// newHomes looks for homes until it is closed.
func newHomes(main *pgxpool.Pool, config func(node) (*pgxpool.Config, error)) *homes {
	h := &homes{
		main: main, config: config, wake: make(chan struct{}, 1), again: homesWait,
		of: make(map[noren.TenantID]node), pools: make(map[node]*nodePool),
	}
	h.closed, h.done = context.WithCancel(context.Background())
	h.work.Go(func() {
		again := time.NewTicker(homesAge)
		defer again.Stop()
		for {
			select {
			case <-h.closed.Done():
				return
			case <-again.C:
				h.look(h.known())
			case <-h.wake:
				h.look(h.unknown())
			}
		}
	})
	return h
}

// pool is where the transactions of the tenant go.
func (h *homes) pool(tenant noren.TenantID) *pgxpool.Pool {
	if h == nil || tenant == 0 {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	home, known := h.of[tenant]
	if !known {
		if len(h.of) >= homesMost {
			clear(h.of)
		}
		h.of[tenant], h.fresh = node{}, append(h.fresh, tenant)
		select {
		case h.wake <- struct{}{}:
		default: // it is awake
		}
	}
	p := h.pools[home]
	switch {
	case p == nil:
		return nil
	case p.usable:
		return p.pool
	}
	h.try(home, p)
	return nil
}

// passOver goes without a node that could not be reached, until it can be.
func (h *homes) passOver(pool *pgxpool.Pool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.pools {
		if p.pool == pool {
			p.usable, p.tried = false, time.Now()
		}
	}
}

// known are all tenants that are known.
func (h *homes) known() []noren.TenantID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.of))
}

// unknown are those that nobody has looked for yet. One that cannot be found now is looked for with all others.
func (h *homes) unknown() []noren.TenantID {
	h.mu.Lock()
	defer h.mu.Unlock()
	fresh := h.fresh
	h.fresh = nil
	return fresh
}

// look looks for the nodes of tenants. Where that fails, what was known counts.
func (h *homes) look(tenants []noren.TenantID) {
	ctx, cancel := context.WithTimeout(h.closed, homesWait)
	defer cancel()
	// The node that is asked is not among them, nor is one that does not know where all shards are.
	rows, err := h.main.Query(ctx, `SELECT t.id, n.nodename, n.nodeport FROM unnest($1::bigint[]) AS t (id)
		JOIN pg_dist_placement AS p ON p.shardid = get_shard_id_for_distribution_column('members', t.id)
		JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.isactive AND n.noderole = 'primary' AND n.hasmetadata AND n.metadatasynced
		WHERE n.groupid <> (SELECT groupid FROM pg_dist_local_group)`, tenants)
	if err != nil {
		return
	}
	found := make(map[noren.TenantID]node)
	for rows.Next() {
		var tenant noren.TenantID
		var n node
		if rows.Scan(&tenant, &n.name, &n.port) == nil {
			found[tenant] = n
		}
	}
	if rows.Err() != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, tenant := range tenants {
		n := found[tenant]
		h.of[tenant] = n
		if n == (node{}) {
			continue
		}
		if h.pools[n] == nil {
			h.pools[n] = new(nodePool)
		}
		h.try(n, h.pools[n])
	}
}

// try tries in the background to reach a node that is not usable, if that is due. It is called with the lock.
func (h *homes) try(n node, p *nodePool) {
	if p.usable || p.trying || time.Since(p.tried) < h.again || h.closed.Err() != nil {
		return
	}
	p.trying = true
	h.work.Go(func() {
		pool, err := h.reach(n, p.pool)
		h.mu.Lock()
		defer h.mu.Unlock()
		p.trying, p.tried, p.usable = false, time.Now(), err == nil
		if pool != nil {
			p.pool = pool
		}
	})
}

// reach connects to a node, and makes sure that it is one of this database: a name such as localhost is that of another machine here.
func (h *homes) reach(n node, pool *pgxpool.Pool) (*pgxpool.Pool, error) {
	ctx, cancel := context.WithTimeout(h.closed, homesWait)
	defer cancel()
	if pool == nil {
		config, err := h.config(n)
		if err != nil {
			return nil, err
		}
		if pool, err = pgxpool.NewWithConfig(h.closed, config); err != nil {
			return nil, err
		}
	}
	// When the first migration ran, to the microsecond. Every node has that table.
	const made = "SELECT min(tstamp)::text FROM goose_db_version"
	var here, there string
	err := h.main.QueryRow(ctx, made).Scan(&here)
	if err == nil {
		err = pool.QueryRow(ctx, made).Scan(&there)
	}
	if err == nil && here != there {
		err = errOtherDatabase
	}
	return pool, err
}

// close waits for the connections that are in use.
func (h *homes) close() {
	if h == nil {
		return
	}
	h.done()
	h.work.Wait()
	for _, p := range h.pools {
		if p.pool != nil {
			p.pool.Close()
		}
	}
}
