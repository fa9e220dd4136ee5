package web

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"noren"
)

// accepting is a handler that accepts a bulk request and keeps its answer with it; refusing is one that never does.
func accepting(b **bundle, calls *atomic.Int32) func(context.Context, *Request) (Answer, error) {
	answer := func(result any) Answer {
		return Answer{Status: http.StatusAccepted, ContentType: "text/plain", Body: []byte{byte('0' + result.(noren.BulkRequest).ID)}}
	}
	return func(ctx context.Context, x *Request) (Answer, error) {
		calls.Add(1)
		rows := noren.BulkRows{Stock: []noren.StockChange{{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}}}}
		accepted, err := (*b).service.AcceptBulk(ctx, x.Caller, noren.BulkRequest{
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

// While the first request of a key is running, a second one is told so.
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
