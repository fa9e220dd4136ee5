package sqlstore

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The bounds of asking for the nodes of Citus: of all at once, and of each by itself where that has not ended. Both together are less
// than readiness has.
const (
	askingAll  = time.Second
	askingEach = 500 * time.Millisecond
)

// otherNodes is behind SELECT: the nodes but for the one that is asked.
const otherNodes = ` FROM pg_dist_node WHERE isactive AND noderole = 'primary' AND groupid <> (SELECT groupid FROM pg_dist_local_group)`

// downNodes names the nodes of Citus that the one that this server is connected to cannot reach, as host:port. One statement asks for
// all. A node that is frozen keeps that from ending, and then each is asked by itself. Nothing where it cannot be found out.
func (db *DB) downNodes(ctx context.Context) (down []string) {
	const name = "SELECT nodename || ':' || nodeport"
	all, cancel := context.WithTimeout(ctx, askingAll)
	defer cancel()
	down, err := db.nodes(all, name+otherNodes+" AND NOT citus_check_connection_to_node(nodename, nodeport) ORDER BY 1")
	if err == nil || all.Err() == nil {
		return down
	}
	known, err := db.nodes(ctx, name+otherNodes+" ORDER BY 1")
	if err != nil {
		return nil
	}
	var work sync.WaitGroup
	answers := make([]bool, len(known))
	for i, node := range known {
		work.Go(func() {
			one, cancel := context.WithTimeout(ctx, askingEach)
			defer cancel()
			reached, err := db.nodes(one, name+otherNodes+" AND nodename || ':' || nodeport = ? AND citus_check_connection_to_node(nodename, nodeport)", node)
			answers[i] = err == nil && len(reached) == 1
		})
	}
	work.Wait()
	for i, node := range known {
		if !answers[i] {
			down = append(down, node)
		}
	}
	return slices.Compact(down)
}

// nodes reads names of nodes.
func (db *DB) nodes(ctx context.Context, query string, args ...any) (names []string, err error) {
	err = db.on.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, query, args...)
		names, err = collect(rows, err, func(row scannable) (name string, err error) {
			err = row.Scan(&name)
			return name, err
		})
		return err
	})
	return names, err
}
