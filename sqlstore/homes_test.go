package sqlstore

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"noren"
	"noren/pgtest"
)

// gate lets connections to a server through while it is open.
type gate struct {
	network, address string
	port             int
	mu               sync.Mutex
	listener         net.Listener
	through          []net.Conn
}

func newGate(t *testing.T, c pgconn.Config) *gate {
	t.Helper()
	g := new(gate)
	g.network, g.address = pgconn.NetworkAddress(c.Host, c.Port)
	g.open(t)
	t.Cleanup(g.shut)
	return g
}

func (g *gate) open(t *testing.T) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: g.port})
	if err != nil {
		t.Fatal(err)
	}
	g.listener, g.port = listener, listener.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(g.network, g.address)
			if err != nil {
				_ = client.Close()
				continue
			}
			g.mu.Lock()
			g.through = append(g.through, client, server)
			g.mu.Unlock()
			go func() { _, _ = io.Copy(server, client) }()
			go func() { _, _ = io.Copy(client, server) }()
		}
	}()
}

// shut refuses new connections and cuts those that there are.
func (g *gate) shut() {
	_ = g.listener.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.through {
		_ = c.Close()
	}
	g.through = nil
}

func homesOf(b *bundle) *homes { return b.DB.on.(*postgresBackend).homes }

// isHome takes a number in a transaction of the tenant, and reports whether that was on the tenant's own node.
func (b *bundle) isHome(t *testing.T, tenant noren.TenantID) (home bool) {
	t.Helper()
	err := b.update(t.Context(), tenant, func(tx *tx) error {
		home = tx.home
		_, err := tx.Reserve(t.Context(), noren.CounterBulk, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return home
}

func (b *bundle) awaitHome(t *testing.T, tenant noren.TenantID, want bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); b.isHome(t, tenant) != want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after half a minute it is still not %v that tenant %d is worked on by its own node", want, tenant)
		}
	}
}

// TestTenantsGoToTheirNode: a tenant's transactions go to the node that has its rows as soon as it is known, through the coordinator
// while it cannot be reached, and to it again afterwards. No write is lost on the way, and none is made twice.
func TestTenantsGoToTheirNode(t *testing.T) {
	t.Parallel()
	server := pgtest.LikeCitus(t)
	b := setup(t, server)
	h := homesOf(b)
	h.mu.Lock()
	h.again = 20 * time.Millisecond
	h.mu.Unlock()
	g := newGate(t, h.main.Config().ConnConfig.Config)
	db := b.connect(t)
	for _, s := range []string{
		"DELETE FROM pg_dist_placement WHERE shardid = 3", "UPDATE pg_dist_placement SET groupid = 0 WHERE shardid = 2",
	} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE pg_dist_node SET nodename = '127.0.0.1', nodeport = $1 WHERE groupid = 3", g.port); err != nil {
		t.Fatal(err)
	}
	b.awaitHome(t, 1, true)
	for tenant := noren.TenantID(2); tenant <= 3; tenant++ { // of the coordinator's own, and nowhere
		for range 20 { // it is looked for in the background
			if b.isHome(t, tenant) {
				t.Errorf("tenant %d is worked on by the node of another", tenant)
			}
		}
	}
	next := func() (n int64) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT next FROM counters WHERE tenant_id = 1 AND name = $1", noren.CounterBulk).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := next()
	g.shut()
	const writes = 10
	for range writes {
		if b.isHome(t, 1) {
			t.Error("a transaction went to a node that cannot be reached")
		}
	}
	if n := next() - before; n != writes {
		t.Errorf("%d writes came to %d", writes, n)
	}
	g.open(t)
	b.awaitHome(t, 1, true)
}

// TestHomeIsOfThisDatabase: an address is not enough. A worker that is registered as localhost is another server from anywhere else.
func TestHomeIsOfThisDatabase(t *testing.T) {
	t.Parallel()
	here, there := setup(t, pgtest.LikeCitus(t)), setup(t, pgtest.LikeCitus(t))
	other := homesOf(there).main.Config()
	h := newHomes(homesOf(here).main, func(node) (*pgxpool.Config, error) { return other.Copy(), nil })
	defer h.close()
	pool, err := h.reach(node{"localhost", 5432}, nil)
	if pool != nil {
		defer pool.Close()
	}
	if !errors.Is(err, errOtherDatabase) {
		t.Errorf("another database was taken for a node: %v", err)
	}
}

// TestNodesHaveTheParametersOfTheURL: what the URL says of TLS, the user and the database holds for each node.
func TestNodesHaveTheParametersOfTheURL(t *testing.T) {
	t.Parallel()
	url := "postgres://shop:secret@db.example.com:6432/noren?sslmode=verify-full&application_name=till"
	c, err := poolConfig(Config{URL: url, MaxConns: 3}, &node{"worker-1.example.com", 5433})
	if err != nil {
		t.Fatal(err)
	}
	got := c.ConnConfig
	if got.Host != "worker-1.example.com" || got.Port != 5433 || len(got.Fallbacks) > 0 || got.User != "shop" || got.Password != "secret" ||
		got.Database != "noren" || got.TLSConfig == nil || got.TLSConfig.ServerName != "worker-1.example.com" || got.TLSConfig.InsecureSkipVerify ||
		got.RuntimeParams["application_name"] != "till" || c.MaxConns != 3 {
		t.Errorf("%+v, TLS %+v, %d connections", got.Config, got.TLSConfig, c.MaxConns)
	}
}

// TestElsewhere: a transaction that writes to another node, too, is committed in two phases, and waits for the disk.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"INSERT INTO tenants (id) VALUES ($1)":                            true,
		"UPDATE client_keys SET client_id = $1":                           true,
		"WITH gone AS (DELETE FROM access_tokens WHERE hash = $1) SELECT": true,
		"INSERT INTO sign_in_failures (subject) VALUES ($1)":              true,
		"SELECT id FROM tenants WHERE id = $1 FOR UPDATE":                 false,
		"UPDATE clients SET name = $1":                                    false,
		"INSERT INTO tenant_tokens (tenant_id) VALUES ('1'::bigint)":      false,
	} {
		p := &pgTx{home: true, elsewhere: newCitus().elsewhere}
		if p.note(text); p.spread != want {
			t.Errorf("%q writes elsewhere: %t", text, p.spread)
		}
	}
}
