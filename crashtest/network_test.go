//go:build linux

package crashtest

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"noren/pgtest"
)

// link is a network between a server and something that it calls. It can be cut: then nothing passes in either direction,
// and nobody is told, as when a switch fails.
type link struct {
	address string // to call instead of the other end
	network string // of the other end
	other   string

	mu    sync.Mutex
	whole chan struct{} // closed while it is whole
	open  map[net.Conn]bool
}

// newLink makes a whole link to the address.
func newLink(t testing.TB, network, other string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{address: listener.Addr().String(), network: network, other: other, whole: make(chan struct{}), open: make(map[net.Conn]bool)}
	close(l.whole)
	t.Cleanup(func() {
		listener.Close()
		l.heal()
		l.mu.Lock()
		defer l.mu.Unlock()
		for c := range l.open {
			c.Close()
		}
	})
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go l.connect(near)
		}
	}()
	return l
}

// lead lets new connections go to another address.
func (l *link) lead(other string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.other = other
}

// connect joins a connection to one of its own to the other end.
func (l *link) connect(near net.Conn) {
	l.pass()
	l.mu.Lock()
	other := l.other
	l.mu.Unlock()
	far, err := net.Dial(l.network, other)
	if err != nil {
		near.Close()
		return
	}
	l.mu.Lock()
	l.open[near], l.open[far] = true, true
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.carry(near, far) })
	both.Go(func() { l.carry(far, near) })
	both.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, near)
	delete(l.open, far)
}

// carry passes on what one end sends, and its end.
func (l *link) carry(from, to net.Conn) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		l.pass()
		if n > 0 {
			if _, failed := to.Write(piece[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			if err != io.EOF {
				from.Close()
			}
			to.Close()
			return
		}
	}
}

// pass waits until the link is whole.
func (l *link) pass() {
	l.mu.Lock()
	whole := l.whole
	l.mu.Unlock()
	<-whole
}

// cut stops everything that is on its way. It must be whole.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole = make(chan struct{})
}

// heal lets everything pass again.
func (l *link) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.whole:
	default:
		close(l.whole)
	}
}

// overNetwork is the URL of a PostgreSQL database that is reached over a link, which pgtest reaches by a socket.
func overNetwork(t testing.TB, database string) (string, *link) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	l := newLink(t, "unix", filepath.Join(q.Get("host"), ".s.PGSQL.5432"))
	host, port, err := net.SplitHostPort(l.address)
	if err != nil {
		t.Fatal(err)
	}
	q.Set("host", host)
	q.Set("port", port)
	u.RawQuery = q.Encode()
	return u.String(), l
}

// TestNetworkCut cuts one of two nodes from PostgreSQL for longer than that keeps the locks of a silent server, and from its
// receivers. The other node goes on meanwhile, and nothing that either has acknowledged is lost.
func TestNetworkCut(t *testing.T) {
	t.Parallel()
	in := install(t, pgtest.Database(t), 2)
	far := *in
	far.address = freeAddress(t)
	in.also = []string{far.address}
	var postgres *link
	far.database, postgres = overNetwork(t, in.database)
	l := newLoad(t, in)
	receivers := newLink(t, "tcp", l.callback)
	l.via = receivers.address
	near, cutOff := in.serve(), far.serve()
	stop := l.start()
	l.awaitMore(50, http.StatusAccepted)
	postgres.cut()
	receivers.cut()
	lasts := 15 * time.Second // a server that is silent in a transaction loses its locks after ten
	if testing.Short() {
		lasts = 2 * time.Second
	}
	time.Sleep(lasts)
	// Of the senders some wait for the node that is cut off; the others get on.
	l.awaitMore(20, http.StatusAccepted)
	receivers.heal()
	postgres.heal()
	l.awaitMore(50, http.StatusAccepted)
	stop()
	l.settle()
	near.stop()
	cutOff.stop()
	l.check(t)
}
