package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"noren"
)

// accepting is a handler that accepts a bulk request and keeps the response with it.
func accepting(b **bundle, calls *atomic.Int32) func(context.Context, *Request) (Answer, error) {
	answer := func(result any) Answer {
		return Answer{Status: http.StatusAccepted, ContentType: "text/plain", Body: []byte{byte('0' + result.(noren.BulkRequest).ID)}}
	}
	return func(ctx context.Context, x *Request) (Answer, error) {
		calls.Add(1)
		rows := noren.BulkRows{Stock: []noren.StockChange{{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}}}}
		accepted, err := (*b).rooms.Bulk.Accept(ctx, x.Caller, noren.BulkRequest{
			Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: "https://example.com", Rows: rows,
		}, x.Once(answer))
		if err != nil {
			return Answer{}, err
		}
		if accepted.Kept != nil {
			return Replayed(accepted.Kept), nil
		}
		return answer(accepted.Request), nil
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	var b *bundle
	var calls, refusals, breaks atomic.Int32
	fail := func(kind noren.Kind, count *atomic.Int32) func(context.Context, *Request) (Answer, error) {
		return func(context.Context, *Request) (Answer, error) {
			count.Add(1)
			return Answer{}, &noren.Error{Kind: kind}
		}
	}
	b = setup(t, nil,
		route("POST", "/accept", AnyScope("writer"), accepting(&b, &calls)), route("POST", "/refuse", AnyScope("writer"), fail(noren.Invalid, &refusals)),
		route("POST", "/break", AnyScope("writer"), fail(noren.Unavailable, &breaks)), route("GET", "/read", AnyScope("writer"), echo))
	send := func(path, key, body string) (int, string, bool) {
		w := b.do("POST", "/toy"+path, strings.NewReader(body), "X-Token: writer", "Idempotency-Key: "+key)
		return w.Code, w.Body.String(), w.Header().Get("Idempotent-Replayed") == "true"
	}
	for _, s := range []struct {
		path, key, body string
		status          int
		want            string
		replayed        bool
		calls           *atomic.Int32
		called          int32
	}{
		{"/accept", "k", "x", 202, "1", false, &calls, 1},
		{"/accept", "k", "x", 202, "1", true, &calls, 1},
		{"/accept", "k", "y", 409, "conflict", false, &calls, 1},
		{"/accept", "k2", "x", 202, "2", false, &calls, 2},
		{"/refuse", "k", "x", 400, "invalid", false, &refusals, 1},
		{"/refuse", "k", "x", 400, "invalid", true, &refusals, 1},
		{"/break", "k", "x", 503, "unavailable", false, &breaks, 1},
		{"/break", "k", "x", 503, "unavailable", false, &breaks, 2},
		{"/accept", strings.Repeat("k", 256), "x", 400, "invalid", false, &calls, 2},
		{"/accept", "a\tb", "x", 400, "invalid", false, &calls, 2},
	} {
		status, body, replayed := send(s.path, s.key, s.body)
		if status != s.status || body != s.want || replayed != s.replayed || s.calls.Load() != s.called {
			t.Errorf("%s %.5s %s: %d %s, replayed %v, %d calls", s.path, s.key, s.body, status, body, replayed, s.calls.Load())
		}
	}
	if w := b.do("POST", "/toy/accept", strings.NewReader(""), "X-Token: writer", "Idempotency-Key: a", "Idempotency-Key: b"); w.Code != 400 {
		t.Errorf("two keys: %d", w.Code)
	}
	if w := b.do("GET", "/toy/read", nil, "X-Token: writer", "Idempotency-Key: k"); w.Code != 200 {
		t.Errorf("a read takes no notice of the key: %d", w.Code)
	}
}

// While the first request with a key is running, a second one gets a conflict.
func TestIdempotencyWhileRunning(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}), make(chan struct{})
	b := setup(t, nil, route("POST", "/slow", AnyScope("writer"), func(context.Context, *Request) (Answer, error) {
		started <- struct{}{}
		<-finish
		return Answer{Status: http.StatusOK}, nil
	}))
	done := make(chan int)
	send := func() int {
		return b.do("POST", "/toy/slow", strings.NewReader("x"), "X-Token: writer", "Idempotency-Key: k").Code
	}
	go func() { done <- send() }()
	<-started
	if w := b.do("POST", "/toy/slow", strings.NewReader("x"), "X-Token: writer", "Idempotency-Key: k"); w.Code != 409 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	close(finish)
	if code := <-done; code != 200 {
		t.Errorf("the first: %d", code)
	}
}

// TestIdempotencyOfStreams streams bodies whose first line is not what counts. A handler may refuse one before it has
// read it.
func TestIdempotencyOfStreams(t *testing.T) {
	t.Parallel()
	var b *bundle
	var calls atomic.Int32
	accept := accepting(&b, &calls)
	r := route("POST", "/stream", AnyScope("writer"), func(ctx context.Context, x *Request) (Answer, error) {
		head := make([]byte, 4)
		if _, err := io.ReadFull(x.Stream, head); err != nil || string(head) == "evil" {
			return Answer{}, errors.Join(err, &noren.Error{Kind: noren.Invalid})
		}
		if _, err := io.Copy(io.Discard, x.Stream); err != nil {
			return Answer{}, err
		}
		return accept(ctx, x)
	})
	r.BodyLimit = 20
	r.Stream = func(r *http.Request) (Stream, error) {
		lines := bufio.NewReader(r.Body)
		_, err := lines.ReadString('\n')
		return Stream{Reader: lines}, err
	}
	b = setup(t, nil, r)
	unsized := func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }
	for i, s := range []struct {
		key      string
		body     io.Reader
		status   int
		want     string
		replayed bool
		called   int32
	}{
		{"k", strings.NewReader("1\ngood, long"), 202, "1", false, 1},
		{"k", strings.NewReader("1\ngood, long"), 202, "1", true, 1},
		{"k", strings.NewReader("2\ngood, long"), 202, "1", true, 1},
		{"k", strings.NewReader("1\ngood, longer"), 409, "conflict", false, 1},
		{"k", strings.NewReader("1\nevil"), 409, "conflict", false, 1},
		{"k", unsized("1\ngood" + strings.Repeat(".", 20)), 413, "too large", false, 1},
		{"k", io.MultiReader(strings.NewReader("1\ngood"), failing{}), 400, "invalid", false, 1},
		{"k2", strings.NewReader("1\ngood, long"), 202, "2", false, 2},
		{"e", strings.NewReader("1\nevil, long"), 400, "invalid", false, 2},
		{"e", strings.NewReader("1\nevil, long"), 400, "invalid", true, 2},
		{"e", strings.NewReader("1\nevil, longer"), 409, "conflict", false, 2},
		{"big", unsized("1\nevil" + strings.Repeat(".", 20)), 400, "invalid", false, 2}, // its hash is not known, so it is not kept
		{"big", strings.NewReader("1\ngood"), 202, "3", false, 3},
		{"cut", io.MultiReader(strings.NewReader("1\ngood"), failing{}), 400, "invalid", false, 3},
		{"cut", strings.NewReader("1\ngood"), 202, "4", false, 4},
		{"a\tb", unread{t}, 400, "invalid", false, 4},
	} {
		w := b.do("POST", "/toy/stream", s.body, "X-Token: writer", "Idempotency-Key: "+s.key)
		replayed := w.Header().Get("Idempotent-Replayed") == "true"
		if w.Code != s.status || w.Body.String() != s.want || replayed != s.replayed || calls.Load() != s.called {
			t.Errorf("%d: %s: %d %s, replayed %v, %d calls", i, s.key, w.Code, w.Body, replayed, calls.Load())
		}
	}
}

// While the first stream of a key is being read, a second one is refused without being read.
func TestIdempotencyWhileStreaming(t *testing.T) {
	t.Parallel()
	r := route("POST", "/stream", AnyScope("writer"), func(_ context.Context, x *Request) (Answer, error) {
		_, err := io.Copy(io.Discard, x.Stream)
		return Answer{Status: http.StatusOK}, err
	})
	r.Stream = wholeBody
	b := setup(t, nil, r)
	body, writer := io.Pipe()
	done := make(chan int)
	go func() {
		done <- b.do("POST", "/toy/stream", body, "X-Token: writer", "Idempotency-Key: k").Code
	}()
	if _, err := io.WriteString(writer, "begun"); err != nil {
		t.Fatal(err)
	}
	if w := b.do("POST", "/toy/stream", unread{t}, "X-Token: writer", "Idempotency-Key: k"); w.Code != 409 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != 200 {
		t.Errorf("the first: %d", code)
	}
}
