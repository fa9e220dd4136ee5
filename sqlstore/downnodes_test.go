package sqlstore

import (
	"slices"
	"testing"
	"time"

	"noren/pgtest"
)

// TestPingNamesNodesThatAreDown: readiness says which node does not respond, whether its connections are refused or it is frozen.
func TestPingNamesNodesThatAreDown(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.LikeCitus(t))
	db := b.connect(t)
	for _, c := range []struct {
		node, state string
		want        []string
	}{
		{"", "", nil},
		{"worker2", "down", []string{"worker2:5432"}},
		{"worker1", "frozen", []string{"worker1:5432", "worker2:5432"}},
		{"worker2", "up", []string{"worker1:5432"}},
		{"worker1", "up", nil},
	} {
		if _, err := db.ExecContext(t.Context(), "UPDATE pg_dist_node SET state = $2 WHERE nodename = $1", c.node, c.state); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		down, err := b.Ping(t.Context())
		if err != nil || !slices.Equal(down, c.want) {
			t.Errorf("%s is %s: %q do not respond, %v, want %q", c.node, c.state, down, err, c.want)
		}
		if took := time.Since(began); took > 10*time.Second { // on a busy machine
			t.Errorf("%s is %s: it took %s", c.node, c.state, took)
		}
	}
}
