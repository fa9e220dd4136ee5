package worker_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/app/bulk"
	"noren/webhook"
	"noren/worker"
)

// TestReceivers sends over real connections to receivers that fail once and succeed the second time. It
// runs outside a bubble, where a retry takes a second.
func TestReceivers(t *testing.T) {
	t.Parallel()
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken"
	scenarios := map[string]struct {
		first  func(net.Conn)
		status int
		err    string // part of what is recorded
	}{
		"down":          {first: nil, err: "connection refused"},
		"slow":          {first: func(c net.Conn) { io.Copy(io.Discard, c) }, err: "no response within"},
		"500":           {first: answering("HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops"), status: 500},
		"redirecting":   {first: answering("HTTP/1.1 302 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), status: 302},
		"closing early": {first: func(net.Conn) {}, err: "broke off"},
		"half an error": {first: answering("HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\nhal"), status: 503},
		"not HTTP":      {first: answering("hello\r\n"), err: "not valid HTTP"},
	}
	h := setup(t)
	client := webhook.NewClient(webhook.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 2 * time.Second, MaxAnswerBytes: bulk.MaxAnswerBytes,
	})
	t.Cleanup(client.Close)
	end := &ends{failed: make(map[int64]func()), news: make(chan struct{})}
	requests := make(map[string]int64)
	for name, s := range scenarios {
		address, up := receiver(t, s.first, answering(good))
		id := h.accept(t, "shop", "http://"+address+"/", map[int64]int64{1: 1})
		requests[name], end.failed[id] = id, up
	}
	stop := start(t, worker.Config{Rooms: roomsOf(h.App), Send: post(client), Metrics: end, Poll: time.Hour})
	end.await(len(scenarios))
	stop()
	for name, s := range scenarios {
		status := h.status(t, "shop", requests[name])
		if status.Callback.State != noren.CallbackDelivered || len(status.Attempts) != 2 {
			t.Errorf("%s: stored %+v, %+v", name, status.Callback, status.Attempts)
			continue
		}
		first, second := status.Attempts[0], status.Attempts[1]
		if first.Status != s.status || !strings.Contains(first.Error, s.err) || s.err == "" && first.Error != "" || first.Answer != nil {
			t.Errorf("%s: the first attempt was stored as %+v", name, first)
		}
		wait := second.At.Sub(first.At.Add(first.Duration))
		if wait < 700*time.Millisecond || wait > 10*time.Second || second.Status != 200 {
			t.Errorf("%s: the second attempt came after %v: %+v", name, wait, second)
		}
	}
}

// post wires package webhook to a worker.
func post(client *webhook.Client) func(context.Context, noren.Callback) noren.Attempt {
	return func(ctx context.Context, c noren.Callback) noren.Attempt {
		out := client.Post(ctx, webhook.Delivery{
			URL: c.URL, Body: c.Body, ID: strconv.FormatInt(c.RequestID, 10), Secret: c.Secret, Time: time.Now(),
		})
		attempt := noren.Attempt{Duration: out.Duration, Status: out.Status, Answer: out.Answer}
		if out.Err != nil {
			attempt.Error = out.Err.Error()
		}
		return attempt
	}
}

// ends counts the callbacks that were delivered, and calls what is to be called when one fails.
type ends struct {
	failed map[int64]func() // by request

	mu        sync.Mutex
	delivered int
	news      chan struct{}
}

func (e *ends) Applied(noren.BulkRequest, time.Duration) {}
func (e *ends) ApplyError(noren.TenantID, error)         {}

func (e *ends) Attempted(c noren.Callback, a noren.Attempt) {
	if !a.Delivered() {
		e.failed[c.RequestID]()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.State == noren.CallbackDelivered {
		e.delivered++
		close(e.news)
		e.news = make(chan struct{})
	}
}

func (e *ends) await(n int) {
	for {
		e.mu.Lock()
		delivered, news := e.delivered, e.news
		e.mu.Unlock()
		if delivered >= n {
			return
		}
		<-news
	}
}

func answering(answer string) func(net.Conn) {
	return func(c net.Conn) { io.WriteString(c, answer) }
}

// receiver listens on loopback, plays first to the first request and rest to all later ones. Where first is nil
// nobody listens until up is called.
func receiver(t *testing.T, first, rest func(net.Conn)) (address string, up func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if first != nil {
		serve(t, listener, first, rest)
		return address, func() {}
	}
	listener.Close()
	return address, func() {
		again, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		serve(t, again, rest, rest)
	}
}

func serve(t *testing.T, listener net.Listener, first, rest func(net.Conn)) {
	t.Cleanup(func() { listener.Close() })
	play := first
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			answer := play
			play = rest
			go func() {
				defer conn.Close()
				request, err := http.ReadRequest(bufio.NewReader(conn))
				if err == nil {
					_, err = io.Copy(io.Discard, request.Body)
				}
				if err == nil {
					answer(conn)
				}
			}()
		}
	}()
}
