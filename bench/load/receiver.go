package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Receiver receives callbacks. Each bulk request has a callback URL of its own, so that its callback is recognised by the
// path.
type Receiver struct {
	Base   string
	server *http.Server

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan struct{}
}

func StartReceiver(ctx context.Context) (*Receiver, error) {
	listener, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	r := &Receiver{Base: "http://" + listener.Addr().String() + "/", waiting: make(map[int64]chan struct{})}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // ends with close
	return r, nil
}

func (r *Receiver) Close() { _ = r.server.Close() }

// listen takes any free port that only this machine can reach.
func listen(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
}

// Expect returns a new callback URL, and a channel that is closed when its callback has arrived.
func (r *Receiver) Expect() (url string, arrived <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	// Before the request is sent, so that no callback can be too early.
	come := make(chan struct{})
	r.waiting[r.last] = come
	return r.Base + strconv.FormatInt(r.last, 10), come
}

// ServeHTTP receives one callback. One that arrives twice counts once.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	_, _ = io.Copy(io.Discard, request.Body)
	n, err := strconv.ParseInt(request.URL.Path[1:], 10, 64)
	if err != nil {
		http.NotFound(w, request)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// One that comes again is not there any more, and is answered like the first.
	if come, ok := r.waiting[n]; ok {
		close(come)
		delete(r.waiting, n)
	}
}

// pending returns how many callbacks are still expected.
func (r *Receiver) pending() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// callbackPatience is how long a run waits for callbacks when nothing else goes on.
const callbackPatience = 2 * time.Minute

var errNoCallback = errors.New("a callback did not come")

// Await waits for one callback.
func Await(ctx context.Context, arrived <-chan struct{}) error {
	select {
	case <-arrived:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(callbackPatience):
		return fmt.Errorf("%w within %s", errNoCallback, callbackPatience)
	}
}

// Drained waits until every expected callback has arrived.
func (r *Receiver) Drained(ctx context.Context) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	left, since := r.pending(), time.Now()
	for left > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		// The patience begins anew with each that arrives: many callbacks may take longer than one.
		if now := r.pending(); now < left {
			left, since = now, time.Now()
		} else if time.Since(since) > callbackPatience {
			return fmt.Errorf("%w within %s: %d are missing", errNoCallback, callbackPatience, left)
		}
	}
	return nil
}
