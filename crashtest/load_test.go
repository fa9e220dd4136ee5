package crashtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"noren/webhook"
)

// load sends bulk requests to an installation and receives their callbacks.
type load struct {
	*installation
	http     http.Client
	receiver *httptest.Server
	callback string       // the receiver's address
	via      string       // the address by which servers reach it; "": the same
	skewed   bool         // the servers' clocks may be wrong
	limited  bool         // the servers limit the rate of requests
	pause    pause        // between two requests of a sender
	tally    *tally       // nil: nothing is counted
	made     atomic.Int64 // orders
	calls    atomic.Int64 // callbacks that arrived

	mu     sync.Mutex
	orders map[string]*order // by mark, all that may have arrived
}

// sendersPerShop is the number of concurrent requests per shop.
const sendersPerShop = 4

// pause is the longest that a sender waits after each request; 0: it does not.
type pause time.Duration

func (p pause) take() {
	if p > 0 {
		time.Sleep(time.Duration(rand.Int64N(int64(p))))
	}
}

func newLoad(t testing.TB, in *installation) *load {
	l := &load{installation: in, callback: freeAddress(t), orders: make(map[string]*order)}
	l.http.Timeout = time.Minute
	l.http.Transport = &http.Transport{MaxIdleConnsPerHost: sendersPerShop * len(in.clients)}
	t.Cleanup(l.http.CloseIdleConnections)
	l.listen()
	t.Cleanup(l.hangUp)
	return l
}

// listen starts receiving callbacks.
func (l *load) listen() {
	l.t.Helper()
	listener, err := net.Listen("tcp", l.callback)
	if err != nil {
		l.t.Fatal(err)
	}
	l.receiver = &httptest.Server{Listener: listener, Config: &http.Server{Handler: l}}
	l.receiver.Start()
}

// hangUp stops receiving callbacks until listen is called.
func (l *load) hangUp() { l.receiver.Close() }

// start sends requests, several at a time from each shop, until stop is called.
func (l *load) start() (stop func()) {
	ctx, cancel := context.WithCancel(l.t.Context())
	var senders sync.WaitGroup
	for _, c := range l.clients {
		for range sendersPerShop {
			senders.Go(func() {
				for ctx.Err() == nil {
					if o := l.send(c); o == nil {
						time.Sleep(10 * time.Millisecond) // no server is listening; faster retries would only take its CPU time
					}
					l.pause.take()
				}
			})
		}
	}
	return func() {
		cancel()
		senders.Wait()
	}
}

// send sends one request and records the response. It returns nil if no server is listening: then there is nothing to
// record.
func (l *load) send(c client) *order {
	o := newOrder(c, fmt.Sprintf("order-%d", l.made.Add(1)))
	l.mu.Lock()
	l.orders[o.mark] = o // before sending: the callback may overtake the response
	l.mu.Unlock()
	began := time.Now()
	status, id, err := l.deliver(o)
	l.tally.operation("smaregi bulk", said(status, err), time.Since(began))
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.orders, o.mark)
		return nil
	case err == nil:
		o.answered(status, id)
	}
	return o
}

// said is the status for a tally.
func said(status int, err error) any {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case err != nil:
		return "lost"
	}
	return status
}

// deliver sends the order. An error means that the response did not arrive.
func (l *load) deliver(o *order) (status int, requestID int64, err error) {
	body := o.body("http://" + cmp.Or(l.via, l.callback) + "/" + o.mark)
	request, err := http.NewRequest(http.MethodPatch, "http://"+l.anyAddress()+o.path(), bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+o.client.AccessToken)
	request.Header.Set("Content-Type", "application/json")
	answer, err := l.http.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, 0, err
	}
	var accepted struct {
		RequestID int64 `json:"requestId"`
	}
	if answer.StatusCode == http.StatusAccepted {
		if err := json.Unmarshal(data, &accepted); err != nil {
			return 0, 0, err
		}
	}
	known := []int{http.StatusAccepted, http.StatusBadRequest, http.StatusServiceUnavailable}
	if l.limited {
		known = append(known, http.StatusTooManyRequests)
	}
	if !slices.Contains(known, answer.StatusCode) {
		l.t.Errorf(fmt.Sprint("a bulk request got ", answer.StatusCode)+": %s %s", o.mark, data)
	}
	return answer.StatusCode, accepted.RequestID, nil
}

// ServeHTTP receives callbacks. Now and then it refuses one or breaks off, and must receive it again.
func (l *load) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed
	}
	switch n := l.calls.Add(1); {
	case n%20 == 0:
		w.WriteHeader(http.StatusBadGateway)
		return
	case n%33 == 0:
		panic(http.ErrAbortHandler)
	}
	l.mu.Lock()
	o := l.orders[strings.TrimPrefix(r.URL.Path, "/")]
	l.mu.Unlock()
	if o == nil {
		l.t.Errorf("a callback came to %s", r.URL.Path)
		return
	}
	if err := webhook.Verify(o.client.WebhookSecret, r.Header, body, l.now(r)); err != nil {
		l.t.Errorf("the callback of %s: %v", o.mark, err)
	}
	if got := r.Header.Get("Content-Type"); got != webhook.ContentType {
		l.t.Errorf("the callback of %s has the content type %q", o.mark, got)
	}
	o.calledBack(string(body))
}

// now is the time at which a callback arrives: by its own word if the clocks may be wrong, for a signature is valid for
// some minutes only.
func (l *load) now(r *http.Request) time.Time {
	if sent, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64); err == nil && l.skewed {
		return time.Unix(sent, 0)
	}
	return time.Now()
}

// all returns the orders of a shop, in no particular order.
func (l *load) all(tenant string) []*order {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []*order
	for _, o := range l.orders {
		if o.client.Tenant == tenant {
			list = append(list, o)
		}
	}
	return list
}

// settle waits until the callback of every accepted request was delivered. A callback that a killed server had claimed is
// due again only after its lease has expired.
func (l *load) settle() {
	l.t.Helper()
	l.await("a callback for every accepted request", func() bool { return l.owed() == 0 })
}

// owed is how many accepted requests have not been called back.
func (l *load) owed() int {
	return l.count(func(o *order) bool { return o.status == http.StatusAccepted && len(o.bodies) == 0 })
}

// settleAfterKill is settle after a server was killed. With -short it only waits until every request has been applied:
// callbacks that the killed server had claimed may still be pending, and check allows for that.
func (l *load) settleAfterKill() {
	l.t.Helper()
	if !testing.Short() {
		l.settle()
		return
	}
	l.await("an empty queue of bulk requests", func() bool {
		answer, err := l.http.Get("http://" + l.address + "/metrics")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		metrics, err := io.ReadAll(answer.Body)
		return err == nil && strings.Contains(string(metrics), "noren_queue_waiting{queue=\"bulk\"} 0\n")
	})
}

// awaitMore waits until that many more requests got the status.
func (l *load) awaitMore(n, status int) {
	l.t.Helper()
	answered := func(o *order) bool { return o.status == status }
	before := l.count(answered)
	l.await(fmt.Sprintf("%d more answers %d", n, status), func() bool { return l.count(answered) >= before+n })
}

// await polls until the condition holds: other processes cannot signal it.
func (l *load) await(what string, come func() bool) {
	l.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !come() {
		if time.Now().After(deadline) {
			l.t.Fatalf("awaited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// count counts the orders for which the condition holds.
func (l *load) count(holds func(*order) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, o := range l.orders {
		o.mu.Lock()
		if holds(o) {
			n++
		}
		o.mu.Unlock()
	}
	return n
}

// read reads one member of the first shop and returns the status.
func (l *load) read() int {
	l.t.Helper()
	return l.get("/"+l.clients[0].Tenant+"/pos/customers/1", nil)
}

// get reads a path as the first shop's client, and decodes the JSON of the response into v unless v is nil.
func (l *load) get(path string, v any) (status int) {
	l.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+l.address+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+l.clients[0].AccessToken)
	answer, err := l.http.Do(request)
	if err != nil {
		l.t.Error(err)
		return 0
	}
	defer answer.Body.Close()
	if v != nil {
		if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
			l.t.Error(err)
		}
	}
	return answer.StatusCode
}
