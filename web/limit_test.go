package web

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"noren"
	"noren/app/shop"
)

func memory(t *testing.T) func(clock func() time.Time) *RateStore {
	return func(clock func() time.Time) *RateStore {
		store, err := MemoryRates(clock)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
}

func limited() []Route {
	return []Route{route("GET", "/r", AnyScope("reader", "writer"), echo), route("POST", "/w", AnyScope("reader", "writer"), echo)}
}

// burst sends n requests one after another and returns how many were allowed, and the last one's Retry-After.
func (b *bundle) burst(n int, method, path, token string) (through int, retry string) {
	for range n {
		w := b.do(method, path, strings.NewReader(""), "X-Token: "+token)
		switch w.Code {
		case http.StatusOK:
			through++
		case http.StatusTooManyRequests:
			retry = w.Header().Get("Retry-After")
		default:
			b.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	return through, retry
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, memory(t), limited()...)
	steps := []struct {
		wait                time.Duration
		method, path, token string
		through             int
	}{
		{0, "GET", "/toy/r", "reader", 3},
		{0, "POST", "/toy/w", "reader", 2}, // writes have a rate limit of their own
		{0, "GET", "/toy/r", "writer", 3},  // and so has each client
		{0, "GET", "/toy/r", "reader", 0},
		{time.Second / 3, "GET", "/toy/r", "reader", 1},
		{time.Minute, "GET", "/toy/r", "reader", 3},
	}
	for _, s := range steps {
		b.clock.Advance(s.wait)
		if through, retry := b.burst(5, s.method, s.path, s.token); through != s.through || retry != "1" {
			t.Errorf("%+v: %d through, Retry-After %q", s, through, retry)
		}
	}
}

// TestRateLimitsOfAClockSetBack sets the clock that limits are counted by back by six hours, as that of Redis's machine may
// be: nobody is limited until it catches up.
func TestRateLimitsOfAClockSetBack(t *testing.T) {
	t.Parallel()
	b := setup(t, memory(t), limited()...)
	b.burst(5, "GET", "/toy/r", "reader")
	b.clock.Advance(-6 * time.Hour)
	if through, _ := b.burst(5, "GET", "/toy/r", "reader"); through != 5 {
		t.Errorf("%d of 5 through", through)
	}
	if !strings.Contains(b.log.String(), "the clock of the rate limits was set back") {
		t.Errorf("it is not logged: %s", b.log)
	}
}

func TestRateLimitsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, limited()...)
	if through, _ := b.burst(50, "GET", "/toy/r", "reader"); through != 50 {
		t.Errorf("%d of 50", through)
	}
}

func TestRateLimitsOfATenant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit         noren.RateLimit
		reads, writes int // of 20 that are allowed at once
	}{
		{noren.RateLimit{}, 3, 2},
		{noren.RateLimit{Times: 2}, 6, 4},
		{noren.RateLimit{Off: true}, 20, 20},
	} {
		b := setup(t, memory(t), limited()...)
		shop := shop.Shop{Contract: "shop1", Tenant: noren.TenantPatch{RateLimit: noren.Set(test.limit)}}
		if _, err := b.rooms.Shop.Apply(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		reads, _ := b.burst(20, "GET", "/toy/r", "reader")
		writes, _ := b.burst(20, "POST", "/toy/w", "reader")
		if reads != test.reads || writes != test.writes {
			t.Errorf("%+v: %d reads and %d writes through, want %d and %d", test.limit, reads, writes, test.reads, test.writes)
		}
	}
}

func TestRateLimitsUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := setup(t, memory(t), limited()...)
	var wg sync.WaitGroup
	var through atomic.Int32
	for range 40 {
		wg.Go(func() {
			if w := b.do("GET", "/toy/r", nil, "X-Token: reader"); w.Code == http.StatusOK {
				through.Add(1)
			}
		})
	}
	wg.Wait()
	if n := through.Load(); n != 3 {
		t.Errorf("%d requests got through", n)
	}
}

// Two nodes on one Redis share what they counted; without Redis everything goes through.
func TestRateLimitsInRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.SetTime(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	store := func(func() time.Time) *RateStore {
		s, err := RedisRates("redis://" + server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	one, two := setup(t, store, limited()...), setup(t, store, limited()...)
	first, _ := one.burst(2, "GET", "/toy/r", "reader")
	second, retry := two.burst(3, "GET", "/toy/r", "reader")
	if first != 2 || second != 1 || retry != "1" {
		t.Errorf("%d and %d through, Retry-After %q", first, second, retry)
	}
	server.Close()
	if through, _ := one.burst(2, "GET", "/toy/r", "reader"); through != 2 {
		t.Errorf("%d of 2 without Redis", through)
	}
	if !strings.Contains(one.log.String(), "a rate limit could not be counted") {
		t.Error("nobody is told that Redis is away")
	}
}

// A Redis that refuses connections, or accepts them and never replies, costs requests a moment each, and then none for a
// while. All of them go through.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]bool{"refuses": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			if !reply {
				_ = l.Close()
			}
			b := setup(t, func(func() time.Time) *RateStore {
				s, err := RedisRates("redis://" + l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				return s
			}, limited()...)
			began := time.Now()
			if through, _ := b.burst(1, "GET", "/toy/r", "reader"); through != 1 {
				t.Error("the first request did not get through")
			}
			// A few tries of it, and room for a slow machine: without the bound it took eight seconds.
			if took := time.Since(began); took > 40*redisPatience {
				t.Errorf("the first request took %v", took)
			}
			began = time.Now()
			if through, _ := b.burst(50, "GET", "/toy/r", "reader"); through != 50 {
				t.Errorf("%d of 50 got through", through)
			}
			// A few tries of it, and room for a slow machine: without the bound it took eight seconds.
			if took := time.Since(began); took > 40*redisPatience {
				t.Errorf("50 requests after it took %v", took)
			}
		})
	}
}

func TestRedisAddress(t *testing.T) {
	t.Parallel()
	if _, err := RedisRates("http://localhost"); err == nil {
		t.Error("an address that is not Redis's was taken")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Hour: "3600"} {
		if got := retryAfter(wait); got != want {
			t.Errorf("%v: %s", wait, got)
		}
	}
}
