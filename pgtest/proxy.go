package pgtest

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Proxy stands between a database and its server, and can lose one message or the response to it. It always
// loses requests to cancel, which pgx sends after a connection, so that what was sent goes on.
type Proxy struct {
	network, address string // of the server
	next             atomic.Pointer[Loss]
	silent           atomic.Bool
	roundTrips       atomic.Int64
	waiting          atomic.Int64 // round trips that the server has not finished
}

// Loss is of the first message to the server with the bytes Of, or from it with those of Response: the client's connection
// ends there. Where a message to the server is not lost itself it arrives, and the server goes on as if somebody were there. With
// a State, Response is that of a statement which is the last that was sent, in whose place the client gets an error: so a
// coordinator of Citus tells of a commit whose outcome it does not know.
type Loss struct {
	Of, Response string
	Message      bool
	State        string
}

// What messages are known by.
const (
	Begun        = "BEGIN\x00"
	Committed    = "COMMIT\x00"
	requests     = "SQ" // the types that make a server respond: Sync, which ends what was sent together, and Query
	ready        = "Z"  // the type with which a server ends its response
	cancellation = "\x00\x00\x00\x10\x04\xd2\x16\x2e"
)

// NewProxy returns a proxy and the URL of the same database through it. Where the server stands for Citus, it has the rows of all
// tenants behind the proxy, too.
func NewProxy(t *testing.T, serverURL string) (*Proxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{}
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
	if strings.Contains(serverURL, CitusName) {
		moveHome(t, serverURL, listener.Addr().(*net.TCPAddr))
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: listener.Addr().String(),
		Path: "/" + config.Database, RawQuery: "sslmode=disable",
	}
	return p, u.String()
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		return
	}
	go p.respond(client, server)
	var counted messages
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			_ = server.Close()
			return
		}
		// The statement that it would have ended goes on, as where the request is lost on its way.
		if bytes.HasPrefix(buffer[:n], []byte(cancellation)) {
			_ = server.Close()
			return
		}
		begun := counted.count(buffer[:n], requests)
		p.waiting.Add(begun) // before it is counted, so that Settle waits for all that RoundTrips tells
		p.roundTrips.Add(begun)
		lost := p.loses(buffer[:n], func(l *Loss) string { return l.Of })
		if lost == nil || !lost.Message {
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

// respond hands on what the server sends, until the connection ends or something is lost.
func (p *Proxy) respond(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	counted, greeted := messages{started: true}, false
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		said := buffer[:n]
		if lost := p.loses(said, func(l *Loss) string { return l.Response }); lost != nil {
			if lost.State == "" {
				return
			}
			// What came before is kept, such as the results of statements that were sent together with a COMMIT.
			before := bytes.Index(said, []byte(lost.Response)) - len("C....")
			said = append(bytes.Clone(said[:before]), failure(lost.State)...)
		}
		ended := counted.count(buffer[:n], ready)
		if ended > 0 && !greeted { // it says that it is ready once before anything was asked
			ended, greeted = ended-1, true
		}
		p.waiting.Add(-ended)
		// Read all the same, or the server would stop sending, and notice.
		if p.silent.Load() {
			continue
		}
		if _, err := client.Write(said); err != nil {
			return
		}
	}
}

// failure is the server's message of an error, and the one that it is ready, outside any transaction.
func failure(state string) []byte {
	fields := "SERROR\x00VERROR\x00C" + state + "\x00Mfaked by the tests\x00\x00"
	message := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(fields)))
	return append(append(message, fields...), 'Z', 0, 0, 0, 5, 'I')
}

// Lose makes the loss the next one; nil: none.
func (p *Proxy) Lose(l *Loss) { p.next.Store(l) }

// Next returns the loss that has not happened yet; nil if there is none.
func (p *Proxy) Next() *Loss { return p.next.Load() }

// Silence keeps back everything that the server says, or no longer does. What was kept back is lost.
func (p *Proxy) Silence(silent bool) { p.silent.Store(silent) }

// RoundTrips returns how many times a client has sent something and waited for what the server makes of it.
func (p *Proxy) RoundTrips() int64 { return p.roundTrips.Load() }

// quiet is how long nothing may be under way for Settle to return.
const quiet = 20 * time.Millisecond

// Settle waits until nothing is under way, so that nothing is counted that ends behind a caller's back.
func (p *Proxy) Settle() {
	for begun := int64(-1); ; {
		if now := p.roundTrips.Load(); now == begun && p.waiting.Load() == 0 {
			return
		} else {
			begun = now
		}
		time.Sleep(quiet)
	}
}

// loses returns the next loss where what is sent has its bytes, which is then no longer the next.
func (p *Proxy) loses(sent []byte, of func(*Loss) string) *Loss {
	// Compared and swapped, so that of two connections only one loses its message.
	lost := p.next.Load()
	if lost == nil || of(lost) == "" || !bytes.Contains(sent, []byte(of(lost))) || !p.next.CompareAndSwap(lost, nil) {
		return nil
	}
	return lost
}

// messages cuts what one side of a connection sends into the messages of the protocol.
type messages struct {
	rest    []byte
	started bool // a client's first message has no type
}

// count returns how many of the messages that are complete by now are of one of the types.
func (m *messages) count(sent []byte, types string) (n int64) {
	// A message may be cut anywhere, even within its length.
	m.rest = append(m.rest, sent...)
	for {
		header := 4
		if m.started {
			header = 5
		}
		if len(m.rest) < header {
			return n
		}
		length := header - 4 + int(binary.BigEndian.Uint32(m.rest[header-4:]))
		if len(m.rest) < length {
			return n
		}
		if m.started && strings.IndexByte(types, m.rest[0]) >= 0 {
			n++
		}
		m.started, m.rest = true, m.rest[length:]
	}
}
