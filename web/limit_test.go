package web

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"noren"
)

func memory(t *testing.T) func(clock func() time.Time) *PaceStore {
	return func(clock func() time.Time) *PaceStore {
		store, err := MemoryPaces(clock)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
}

func paced() []Route {
	return []Route{route("GET", "/r", AnyScope("reader", "writer"), echo), route("POST", "/w", AnyScope("reader", "writer"), echo)}
}

// burst sends n requests one after another and answers how many got through, and the last one's Retry-After.
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

func TestPaces(t *testing.T) {
	t.Parallel()
	b := setup(t, memory(t), paced()...)
	steps := []struct {
		wait                time.Duration
		method, path, token string
		through             int
	}{
		{0, "GET", "/toy/r", "reader", 3},
		{0, "POST", "/toy/w", "reader", 2}, // writes have a pace of their own
		{0, "GET", "/toy/r", "writer", 3},  // and so has each client
		{0, "GET", "/toy/r", "reader", 0},
		{time.Second / 3, "GET", "/toy/r", "reader", 1},
		{time.Minute, "GET", "/toy/r", "reader", 3},
	}
	for _, s := range steps {
		b.now.advance(s.wait)
		if through, retry := b.burst(5, s.method, s.path, s.token); through != s.through || retry != "1" {
			t.Errorf("%+v: %d through, Retry-After %q", s, through, retry)
		}
	}
}

func TestPacesCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, paced()...)
	if through, _ := b.burst(50, "GET", "/toy/r", "reader"); through != 50 {
		t.Errorf("%d of 50", through)
	}
}

func TestPacesOfATenant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pace          noren.Pace
		reads, writes int // of 20 that get through at once
	}{
		{noren.Pace{}, 3, 2},
		{noren.Pace{Times: 2}, 6, 4},
		{noren.Pace{Off: true}, 20, 20},
	} {
		b := setup(t, memory(t), paced()...)
		shop := noren.Shop{Contract: "shop1", Tenant: noren.TenantPatch{Pace: noren.Set(test.pace)}}
		if _, err := b.service.ApplyShop(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		reads, _ := b.burst(20, "GET", "/toy/r", "reader")
		writes, _ := b.burst(20, "POST", "/toy/w", "reader")
		if reads != test.reads || writes != test.writes {
			t.Errorf("%+v: %d reads and %d writes through, want %d and %d", test.pace, reads, writes, test.reads, test.writes)
		}
	}
}

func TestPacesUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := setup(t, memory(t), paced()...)
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
func TestPacesInRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.SetTime(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	store := func(func() time.Time) *PaceStore {
		s, err := RedisPaces("redis://" + server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	one, two := setup(t, store, paced()...), setup(t, store, paced()...)
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

func TestRedisAddress(t *testing.T) {
	t.Parallel()
	if _, err := RedisPaces("http://localhost"); err == nil {
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
