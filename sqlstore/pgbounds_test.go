package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

// with adds a parameter to a URL.
func with(url, parameter string) string {
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return url + separator + parameter
}

// TestConnectionsHaveBounds asks connections for their settings: what the server is told, and what an operator has said
// for the connection or the database instead.
func TestConnectionsHaveBounds(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	shown := func(b *bundle, name string) (value string) {
		err := b.read(t.Context(), func(tx *tx) error {
			return tx.queryRow(t.Context(), "SELECT current_setting(?)", name).Scan(&value)
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return value
	}
	b := setup(t, url)
	for _, s := range append(serverBounds(), setting{"jit", "off"}, setting{"random_page_cost", "1.1"}) {
		if strings.HasPrefix(s.name, "tcp_") {
			continue // over a socket of the same machine the server says 0
		}
		if got := shown(b, s.name); got != s.value {
			t.Errorf("%s is %s, want %s", s.name, got, s.value)
		}
	}
	var database string
	if err := b.connect(t).QueryRow("SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	if _, err := b.connect(t).Exec("ALTER DATABASE " + database + " SET idle_in_transaction_session_timeout = '77s'"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.connect(t).Exec("ALTER DATABASE " + database + " SET random_page_cost = 3"); err != nil {
		t.Fatal(err)
	}
	other := setup(t, with(url, "lock_timeout=7000"))
	for name, want := range map[string]string{
		"lock_timeout": "7s", "idle_in_transaction_session_timeout": "77s", "statement_timeout": "30s",
		"random_page_cost": "3",
	} {
		if got := shown(other, name); got != want {
			t.Errorf("where somebody has said so %s is %s, want %s", name, got, want)
		}
	}
}

// TestConnectionsNoticeALostMachine looks at the settings of the socket.
func TestConnectionsNoticeALostMachine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems do not tell")
	}
	_, proxied := pgtest.NewProxy(t, pgtest.Database(t)) // over TCP
	b := setup(t, proxied)
	conn, err := b.on.(*postgresBackend).pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	raw, err := conn.Conn().PgConn().Conn().(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for name, option := range socketOptions() {
		if got := option.read(t, raw); got != option.want {
			t.Errorf("%s is %d, want %d", name, got, option.want)
		}
	}
}

// comesBack checks that the error is one with which clients come back later.
func comesBack(t *testing.T, what string, err error) {
	t.Helper()
	if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Unavailable || e.RetryAfter == 0 {
		t.Errorf("%s: error %v, want Unavailable", what, err)
	}
}

// lockedKey stores a signing key of each of the tenants.
func lockedKey(t *testing.T, b *bundle, tenants ...noren.TenantID) {
	t.Helper()
	for _, id := range tenants {
		if err := b.update(t.Context(), id, put(t.Context(), "key")); err != nil {
			t.Fatal(err)
		}
	}
}

// touch changes the tenant's signing key.
func touch(ctx context.Context) func(*tx) error {
	return func(t *tx) error {
		_, err := t.exec(ctx, "UPDATE signing_keys SET secret = secret || 'x' WHERE tenant_id = ?", t.tenant)
		return err
	}
}

// TestLockedRowStopsNoOtherTenant has twenty writes of one tenant want a row that somebody keeps locked: they are told to come
// back within a bound, and meanwhile another tenant reads and writes as ever.
func TestLockedRowStopsNoOtherTenant(t *testing.T) {
	t.Parallel()
	b := setup(t, with(pgtest.Database(t), "lock_timeout=300"))
	b.on.(*postgresBackend).pooling = 2 * time.Second
	lockedKey(t, b, 1, 2)
	locked, err := b.connect(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Rollback()
	if _, err := locked.Exec("SELECT 1 FROM signing_keys WHERE tenant_id = 1 FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	var writes sync.WaitGroup
	for range 20 {
		writes.Go(func() {
			comesBack(t, "a write of the locked row", b.update(t.Context(), 1, touch(t.Context())))
			if took := time.Since(started); took > 15*time.Second {
				t.Errorf("a write of the locked row took %s", took)
			}
		})
	}
	time.Sleep(200 * time.Millisecond) // they wait now
	for range 20 {
		before := time.Now()
		err := errors.Join(b.update(t.Context(), 2, touch(t.Context())), b.view(t.Context(), 2, func(tx *tx) error {
			_, err := tx.SigningKey(t.Context(), "key")
			return err
		}))
		if took := time.Since(before); err != nil || took > time.Second {
			t.Errorf("another tenant waits %s, error %v", took, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	writes.Wait()
}

// TestStoppedHolderLosesItsLocks keeps a transaction open as a process does that was stopped: others get its locks within a
// bound, and when it goes on it runs again.
func TestStoppedHolderLosesItsLocks(t *testing.T) {
	t.Parallel()
	url := with(with(pgtest.Database(t), "lock_timeout=200"), "idle_in_transaction_session_timeout=1000")
	stopped, other := setup(t, url), setup(t, url)
	lockedKey(t, stopped, 1)
	holds, goOn := make(chan struct{}), make(chan struct{})
	runs, done := 0, make(chan error, 1)
	go func() {
		done <- stopped.update(context.WithoutCancel(t.Context()), 1, func(tx *tx) error {
			runs++
			err := touch(t.Context())(tx)
			if runs == 1 {
				close(holds)
				<-goOn
			}
			return err
		})
	}()
	<-holds
	started := time.Now()
	if err := other.update(t.Context(), 1, touch(t.Context())); err != nil {
		t.Errorf("the other process: %v", err)
	}
	if took := time.Since(started); took > 4*time.Second {
		t.Errorf("the other process waited %s", took)
	}
	close(goOn)
	if err := <-done; err != nil || runs != 2 {
		t.Errorf("the process that was stopped: %d runs, error %v", runs, err)
	}
	var secret string
	if err := other.read(t.Context(), func(tx *tx) error {
		return tx.queryRow(t.Context(), "SELECT secret FROM signing_keys WHERE tenant_id = 1").Scan(&secret)
	}); err != nil || secret != "secretxx" {
		t.Errorf("stored is %q, error %v: each write counts once", secret, err)
	}
}

// TestPoolIsBounded has more work than connections, all of which are held.
func TestPoolIsBounded(t *testing.T) {
	t.Parallel()
	b := &bundle{}
	db, err := Open(t.Context(), Config{URL: pgtest.Database(t), Clock: fixedClock, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	b.DB = db
	t.Cleanup(func() { _ = db.Close() })
	db.on.(*postgresBackend).pooling = 500 * time.Millisecond
	var held, ended sync.WaitGroup
	goOn := make(chan struct{})
	hold := func(tenant noren.TenantID) {
		held.Add(1)
		ended.Go(func() {
			err := b.view(context.WithoutCancel(t.Context()), tenant, func(tx *tx) error {
				_, err := tx.number(t.Context(), 1)
				held.Done()
				<-goOn
				return err
			})
			if err != nil {
				t.Errorf("who holds a connection: %v", err)
			}
		})
	}
	read := func(tenant noren.TenantID) error {
		return b.view(t.Context(), tenant, func(tx *tx) error {
			_, err := tx.number(t.Context(), 1)
			return err
		})
	}
	for range 3 {
		hold(1)
	}
	held.Wait()
	comesBack(t, "beyond the tenant's share", read(1))
	if err := read(2); err != nil {
		t.Errorf("another tenant: %v", err)
	}
	hold(2)
	held.Wait()
	comesBack(t, "beyond all connections", read(2))
	comesBack(t, "work across tenants", pinged(db))
	close(goOn)
	ended.Wait()
	if err := errors.Join(read(1), read(2)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	shares := &db.on.(*postgresBackend).shares
	for left, deadline := 1, time.Now().Add(5*time.Second); left > 0; { // nobody waits for the end of a view
		shares.mu.Lock()
		left = len(shares.held)
		shares.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatalf("%d shares are remembered that nobody uses", left)
		}
	}
}

func TestTenantShare(t *testing.T) {
	t.Parallel()
	for conns, want := range map[int]int{1: 1, 2: 1, 3: 2, 4: 3, 16: 12, 100: 75} {
		if got := tenantShare(conns); got != want {
			t.Errorf("of %d connections a tenant may hold %d, want %d", conns, got, want)
		}
	}
}

// TestSilentServer has a server that takes everything and sends nothing, as one does whose machine was stopped.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	proxy, proxied := pgtest.NewProxy(t, pgtest.Database(t))
	b := setup(t, with(proxied, "connect_timeout=1"))
	lockedKey(t, b, 1)
	b.on.(*postgresBackend).running = 500 * time.Millisecond
	proxy.Silence(true)
	for name, run := range map[string]func() error{
		"an update": func() error { return b.update(t.Context(), 1, touch(t.Context())) },
		"a view": func() error {
			return b.view(t.Context(), 1, func(tx *tx) error {
				_, err := tx.number(t.Context(), 1)
				return err
			})
		},
		"a single read": func() error { return pinged(b.DB) },
	} {
		started := time.Now()
		comesBack(t, name, run())
		if took := time.Since(started); took > 12*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	proxy.Silence(false)
	if err := b.update(t.Context(), 1, touch(t.Context())); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestVerifyIsUnbounded verifies for longer than a request may last: a table that the checks read is locked meanwhile.
func TestVerifyIsUnbounded(t *testing.T) {
	t.Parallel()
	const bound = 2 * time.Second
	b := setup(t, with(pgtest.Database(t), fmt.Sprintf("statement_timeout=%d&lock_timeout=0", bound.Milliseconds())))
	b.on.(*postgresBackend).running = bound
	locked, err := b.connect(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.ExecContext(t.Context(), "LOCK TABLE members"); err != nil {
		t.Fatal(err)
	}
	released := make(chan error, 1)
	go func() {
		time.Sleep(bound * 5 / 4)
		released <- locked.Rollback()
	}()
	if checks, err := b.Verify(t.Context()); err != nil || len(checks) == 0 {
		t.Errorf("%d checks, error %v", len(checks), err)
	}
	if err := <-released; err != nil {
		t.Error(err)
	}
}

// TestStatementTimeout bounds a statement that computes for too long.
func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, with(pgtest.Database(t), "statement_timeout=200"))
	comesBack(t, "a long statement", b.view(t.Context(), 1, func(tx *tx) error {
		return tx.queryRow(t.Context(), "SELECT COUNT(*) FROM generate_series(1, 1000000000)").Scan(new(int))
	}))
}

// TestPoolOfTheURL takes the number of connections from the URL where the program does not say.
func TestPoolOfTheURL(t *testing.T) {
	t.Parallel()
	for parameter, want := range map[string]int32{"pool_max_conns=7": 7, "connect_timeout=3": defaultConns} {
		b := setup(t, with(pgtest.Database(t), parameter))
		if got := b.on.(*postgresBackend).pool.Config().MaxConns; got != want {
			t.Errorf("%s: %d connections, want %d", parameter, got, want)
		}
	}
}
