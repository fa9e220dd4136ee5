package sqlstore

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"noren"
	"noren/storetest"
)

// lossyProxy stands between a database and its server, and can lose one message or what is answered to it. It always
// loses requests to cancel, which pgx sends after a connection, so that what was sent goes on.
type lossyProxy struct {
	network, address string // of the server
	next             atomic.Pointer[loss]
}

// loss is of the first message with the bytes in it: the client's connection ends there. Where the message itself is
// not lost it reaches the server, which goes on as if somebody were there.
type loss struct {
	of      string
	message bool
}

// What messages are known by.
const (
	commit       = "commit\x00"
	cancellation = "\x00\x00\x00\x10\x04\xd2\x16\x2e"
)

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
	go func() {
		defer server.Close()
		_, _ = io.Copy(struct{ io.Writer }{client}, server) // hidden, because splicing would keep it open after Close
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			_ = server.Close()
			return
		}
		if bytes.HasPrefix(buffer[:n], []byte(cancellation)) {
			_ = server.Close()
			return
		}
		lost := p.next.Load()
		if lost != nil && (!bytes.Contains(buffer[:n], []byte(lost.of)) || !p.next.CompareAndSwap(lost, nil)) {
			lost = nil
		}
		if lost == nil || !lost.message {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if lost != nil {
			_ = client.Close() // and not the server's side, where the message may still be at work
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
	proxy.next.Store(&loss{of: commit})
	got := [][]int64{accept("first"), accept("second")}
	if diff := cmp.Diff([][]int64{{1}, {2}}, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{false, true, false}, again); diff != "" {
		t.Errorf("Again of each run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 first", "2 second"}, b.accepted(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
