package sqlstore

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"noren"
	"noren/storetest"
)

// lossyProxy stands between a database and its server. Once armed it lets the next COMMIT through and loses the answer.
type lossyProxy struct {
	network, address string // of the server
	armed            atomic.Bool
}

// startProxy answers a proxy and the URL of the same database through it.
func startProxy(t *testing.T, serverURL string) (*lossyProxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &lossyProxy{}
	p.network, p.address = pgconn.NetworkAddress(config.Host, config.Port)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go p.serve(client)
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: listener.Addr().String(),
		Path: "/" + config.Database, RawQuery: "sslmode=disable",
	}
	return p, u.String()
}

func (p *lossyProxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		return
	}
	defer server.Close()
	var losing atomic.Bool
	go func() {
		defer server.Close()
		forward(server, client, func(message []byte) bool {
			if bytes.Contains(message, []byte("commit\x00")) && p.armed.CompareAndSwap(true, false) {
				losing.Store(true)
			}
			return true
		})
	}()
	forward(client, server, func([]byte) bool { return !losing.Load() })
}

// forward copies what it reads while pass says so.
func forward(to io.Writer, from io.Reader, pass func(message []byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || !pass(buffer[:n]) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswerOfCommit accepts a request whose commit goes through unseen: the closure is run again, and finds its
// own work by the token.
func TestLostAnswerOfCommit(t *testing.T) {
	t.Parallel()
	proxy, proxied := startProxy(t, storetest.Postgres(t))
	b := setup(t, proxied)
	var again []bool
	accept := func(token string) (ids []int64) {
		err := b.Update(t.Context(), tenant, func(tx noren.Tx) (err error) {
			again = append(again, tx.Again())
			ids, err = tx.AcceptBulk(t.Context(), []noren.BulkRequest{{Token: token}}, [][]byte{[]byte("{}")})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return ids
	}
	proxy.armed.Store(true)
	got := [][]int64{accept("first"), accept("second")}
	if diff := cmp.Diff([][]int64{{1}, {2}}, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{false, true, false}, again); diff != "" {
		t.Errorf("Again of each run (-want +got):\n%s", diff)
	}
	var stored []string
	err := b.View(t.Context(), tenant, func(tx noren.Tx) error {
		requests, err := tx.NextBulk(t.Context(), 10)
		for _, r := range requests {
			stored = append(stored, strconv.FormatInt(r.ID, 10)+" "+r.Token)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1 first", "2 second"}, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
