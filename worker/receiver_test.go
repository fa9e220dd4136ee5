package worker_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"noren"
)

// receivers are the hosts that callbacks are sent to, each with its way to respond. Its send is a worker's Send.
type receivers struct {
	t     *testing.T
	hosts map[string]func(ctx context.Context, c noren.Callback) noren.Attempt // others respond with 200 at once

	mu      sync.Mutex
	arrived []arrival
	sending map[string]int // by host
	busiest map[string]int // the most that was sent to a host at the same time
	running map[string]bool
	news    chan struct{} // renewed and closed with each arrival
}

// arrival is one delivery that ended.
type arrival struct {
	tenant  noren.TenantID
	request int64
	host    string
	body    string
	at      time.Time // when it began
	attempt noren.Attempt
}

func newReceivers(t *testing.T) *receivers {
	return &receivers{
		t: t, hosts: make(map[string]func(context.Context, noren.Callback) noren.Attempt),
		sending: make(map[string]int), busiest: make(map[string]int), running: make(map[string]bool),
		news: make(chan struct{}),
	}
}

// send fails the test when one callback is being delivered twice at the same time.
func (r *receivers) send(ctx context.Context, c noren.Callback) noren.Attempt {
	at, key := time.Now(), fmt.Sprint(c.TenantID, "/", c.RequestID)
	r.mu.Lock()
	if r.running[key] {
		r.t.Errorf("callback %s is delivered twice at the same time", key)
	}
	r.running[key] = true
	r.sending[c.Host]++
	r.busiest[c.Host] = max(r.busiest[c.Host], r.sending[c.Host])
	r.mu.Unlock()

	attempt := noren.Attempt{Status: http.StatusOK}
	if answer := r.hosts[c.Host]; answer != nil {
		attempt = answer(ctx, c)
	}
	attempt.Duration = time.Since(at)

	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, key)
	r.sending[c.Host]--
	r.arrived = append(r.arrived, arrival{c.TenantID, c.RequestID, c.Host, string(c.Body), at, attempt})
	close(r.news)
	r.news = make(chan struct{})
	return attempt
}

// await waits until n deliveries to the host ended, or to any if it is "", and returns them in order.
func (r *receivers) await(host string, n int) []arrival {
	r.t.Helper()
	late := time.After(48 * time.Hour) // of a bubble; the test binary's own timeout bounds tests outside
	for {
		r.mu.Lock()
		var got []arrival
		for _, a := range r.arrived {
			if host == "" || a.host == host {
				got = append(got, a)
			}
		}
		news := r.news
		r.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-news:
		case <-late:
			r.t.Fatalf("%d deliveries to %q, want %d", len(got), host, n)
		}
	}
}

// most is how many deliveries to the host have run at the same time.
func (r *receivers) most(host string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busiest[host]
}

// dead is a host that lets every call run into the timeout.
func dead(ctx context.Context, _ noren.Callback) noren.Attempt {
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
	}
	return noren.Attempt{Error: "no response"}
}

// failing responds with 500 that many times, then with 200.
func failing(times int) func(context.Context, noren.Callback) noren.Attempt {
	var mu sync.Mutex
	return func(context.Context, noren.Callback) noren.Attempt {
		mu.Lock()
		defer mu.Unlock()
		if times--; times >= 0 {
			return noren.Attempt{Status: http.StatusInternalServerError}
		}
		return noren.Attempt{Status: http.StatusOK}
	}
}
