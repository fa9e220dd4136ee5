package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/shop"
)

// withBodies gives the handler a memory for bodies, and serves it on a socket.
func (b *bundle) withBodies(most int64) (bodies *Bodies, address string) {
	b.Helper()
	bodies = NewBodies(most)
	b.handler.bodies = bodies
	l := listen(b.T)
	go func() { _ = Serve(b.Context(), l, b.handler, ServerConfig{Grace: time.Millisecond, Log: quiet()}) }()
	return bodies, l.Addr().String()
}

// slowly opens a connection and sends a request with a body of that size, of which only the first bytes arrive.
func slowly(t *testing.T, address, token string, size, arrive int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_, err = fmt.Fprintf(c, "POST /toy/w HTTP/1.1\r\nHost: h\r\nX-Token: %s\r\nContent-Length: %d\r\n\r\n%s",
		token, size, strings.Repeat("x", arrive))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holds waits until bodies take as much memory.
func holds(t *testing.T, b *Bodies, want int64) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); b.Held() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("bodies take %d bytes, want %d", b.Held(), want)
		}
	}
}

// TestSlowBodies lets one tenant send many bodies that never end. They take no more than its share, and what they took is
// given back when they are gone; another tenant is served all the time.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, limited()...)
	_, err := b.rooms.Shop.Apply(t.Context(), shop.Shop{
		Contract: "shop2", Tenant: noren.TenantPatch{Name: noren.Set("Shop")},
		Clients: []access.ClientSpec{{Name: "other", Dialect: noren.Smaregi, Kind: noren.UserClient, AccessToken: "other", Scopes: []string{"writer"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const share = 1 << 20
	bodies, address := b.withBodies(shareOfBodies * share)
	const piece = 64 << 10 // what 40,000 bytes take
	var open []net.Conn
	for range share/piece - 1 { // one piece less, because a body that grows takes its copy too
		open = append(open, slowly(t, address, "writer", 3<<20, 40_000))
	}
	holds(t, bodies, int64(len(open))*piece)
	post := func(token string) (status int, retryAfter string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/toy/w", bytes.NewReader(make([]byte, 200_000)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Token", token)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		_, _ = io.Copy(io.Discard, got.Body)
		return got.StatusCode, got.Header.Get("Retry-After")
	}
	if status, after := post("writer"); status != http.StatusServiceUnavailable || after != "2" {
		t.Errorf("beyond the share: %d, Retry-After %q", status, after)
	}
	if status, _ := post("other"); status != http.StatusOK {
		t.Errorf("another tenant: %d", status)
	}
	for _, c := range open {
		c.Close()
	}
	holds(t, bodies, 0)
	if status, _ := post("writer"); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
	holds(t, bodies, 0)
}

// TestBodiesTogether: no number of tenants takes more than there is.
func TestBodiesTogether(t *testing.T) {
	t.Parallel()
	b := NewBodies(1000)
	for i := range 4 {
		holder := fmt.Sprint("tenant ", i)
		if err := b.take(holder, 250); err != nil {
			t.Fatal(err)
		}
		if err := b.take(holder, 1); noren.KindOf(err) != noren.Unavailable {
			t.Errorf("beyond the share of %s: %v", holder, err)
		}
	}
	if err := b.take("tenant 5", 1); noren.KindOf(err) != noren.Unavailable {
		t.Errorf("beyond the whole: %v", err)
	}
	b.give("tenant 1", 250)
	if err := b.take("tenant 5", 250); err != nil || b.Held() != 1000 {
		t.Errorf("after one was given back: %v, %d", err, b.Held())
	}
}

// TestReadBody reads bodies of every size around the sizes of pieces.
func TestReadBody(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, size := range []int{0, 1, firstPiece - 1, firstPiece, firstPiece + 1, 2 * firstPiece, 100_000, MaxBody - 1, MaxBody} {
		want := bytes.Repeat([]byte("text "), size/5+1)[:size]
		b := NewBodies(LeastBodies)
		got, held, err := b.read(bytes.NewReader(want), MaxBody, "tenant 1")
		if err != nil || !bytes.Equal(got, want) || held != b.Held() || held > MaxBody+1 || held < int64(size) {
			t.Errorf("%d bytes: %d read, %v, %d held, %d counted", size, len(got), err, held, b.Held())
		}
		_, again, err := b.read(io.MultiReader(bytes.NewReader(want), failingReader{broken}), MaxBody, "tenant 1")
		if !errors.Is(err, broken) || b.Held() != held+again {
			t.Errorf("%d bytes and an error: %v, %d held, %d counted", size, err, held+again, b.Held())
		}
	}
}

// failingReader is a reader that fails.
type failingReader struct{ err error }

func (e failingReader) Read([]byte) (int, error) { return 0, e.err }
