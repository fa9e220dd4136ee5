package sqlstore

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// The bounds of asking for the nodes of Citus: of all at once, and of each by itself where that has not ended. Both together are less
// than readiness has.
const (
	askingAll  = time.Second
	askingEach = 500 * time.Millisecond
)

// node is one of Citus.
type node struct {
	name string
	port int
}

// otherNodes reads the nodes but for the one that is asked.
const otherNodes = `SELECT nodename, nodeport FROM pg_dist_node
	WHERE isactive AND noderole = 'primary' AND groupid <> (SELECT groupid FROM pg_dist_local_group)`

// downNodes names the nodes of Citus that the one that this server is connected to cannot reach, as host:port. One statement asks for
// all. A node that is frozen keeps that from ending, and then each is asked by itself. Nothing where it cannot be found out.
func (db *DB) downNodes(ctx context.Context) (names []string) {
	all, cancel := context.WithTimeout(ctx, askingAll)
	defer cancel()
	down, err := db.nodes(all, otherNodes+" AND NOT citus_check_connection_to_node(nodename, nodeport) ORDER BY 1, 2")
	if err != nil && all.Err() != nil {
		down = db.unreached(ctx)
	}
	for _, n := range down {
		names = append(names, fmt.Sprintf("%s:%d", n.name, n.port))
	}
	return names
}

// unreached asks for each of the nodes by itself, at the same time.
func (db *DB) unreached(ctx context.Context) (down []node) {
	known, err := db.nodes(ctx, otherNodes+" ORDER BY 1, 2")
	if err != nil {
		return nil
	}
	reached := make([]bool, len(known))
	var work sync.WaitGroup
	for i, n := range known {
		work.Go(func() {
			one, cancel := context.WithTimeout(ctx, askingEach)
			defer cancel()
			// Not with a condition on the table of nodes, of which another node might be asked first.
			err := db.on.read(one, 0, func(t *tx) error {
				return t.queryRow(one, "SELECT citus_check_connection_to_node(?, ?)", n.name, n.port).Scan(&reached[i])
			})
			reached[i] = reached[i] && err == nil
		})
	}
	work.Wait()
	for i, n := range known {
		if !reached[i] {
			down = append(down, n)
		}
	}
	return down
}

// nodes reads names of nodes.
func (db *DB) nodes(ctx context.Context, query string) (list []node, err error) {
	err = db.on.read(ctx, 0, func(t *tx) error {
		rows, err := t.query(ctx, query)
		list, err = collect(rows, err, func(row scannable) (n node, err error) {
			err = row.Scan(&n.name, &n.port)
			return n, err
		})
		return err
	})
	return list, err
}
