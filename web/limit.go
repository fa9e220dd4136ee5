package web

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/goredisstore.v9"
	"github.com/throttled/throttled/v2/store/memstore"

	"noren"
)

// Paces are a dialect's limits for each class of requests.
type Paces struct{ Read, Write Pace }

// Pace is how many requests a second are let through, all of them at once if need be. 0 is no limit.
type Pace struct{ PerSecond int }

// paceKeys is how many keys the memory store remembers. Those used least recently are forgotten first, and with them
// that they were used at all: more than this many clients within a second would be needed to profit.
const paceKeys = 1 << 16

// casAttempts is how often a pace is tried to be counted while other requests of the same key are counted too.
const casAttempts = 100

// PaceStore remembers how fast each client has been.
type PaceStore struct {
	store throttled.GCRAStoreCtx
	close func() error
}

// MemoryPaces keeps the paces in this process.
func MemoryPaces(clock func() time.Time) (*PaceStore, error) {
	store, err := memstore.New(paceKeys)
	if err != nil {
		return nil, fmt.Errorf("making the memory store of rate limits: %w", err)
	}
	store.SetTimeNow(clock)
	return &PaceStore{throttled.WrapStoreWithContext(store), func() error { return nil }}, nil
}

// RedisPaces keeps the paces in a Redis server, shared by all nodes that use it. address is a redis:// URL.
// The clock that counts is Redis's own.
func RedisPaces(address string) (*PaceStore, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("reading the address of Redis: %w", err)
	}
	// A rate limit must not cost more than it protects: a Redis that does not answer soon is passed over.
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = time.Second, time.Second, time.Second
	client := redis.NewClient(options)
	store, err := goredisstore.NewCtx(client, "noren:pace:")
	if err != nil {
		return nil, fmt.Errorf("making the Redis store of rate limits: %w", err)
	}
	return &PaceStore{store, client.Close}, nil
}

// Close ends the connections to Redis.
func (s *PaceStore) Close() error { return s.close() }

// limits are the paces of one dialect. A tenant may have a multiple of what is documented, so they are made as tenants
// need them.
type limits struct {
	store   throttled.GCRAStoreCtx
	dialect Dialect

	mu   sync.Mutex
	made map[limitKey]*throttled.GCRARateLimiterCtx
}

type limitKey struct {
	class Class
	times int
}

// limits makes the dialect's limits; nil where there is no store.
func (s *PaceStore) limits(d Dialect) *limits {
	if s == nil {
		return nil
	}
	return &limits{store: s.store, dialect: d, made: make(map[limitKey]*throttled.GCRARateLimiterCtx)}
}

// of answers the limiter for requests of the class, at times the documented pace; nil where none is documented.
func (l *limits) of(class Class, times int) (*throttled.GCRARateLimiterCtx, error) {
	documented := l.dialect.Paces()
	pace := documented.Read
	if class == Write {
		pace = documented.Write
	}
	if pace.PerSecond == 0 {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := limitKey{class, times}
	if limiter := l.made[key]; limiter != nil {
		return limiter, nil
	}
	perSecond := pace.PerSecond * times
	quota := throttled.RateQuota{MaxRate: throttled.PerSec(perSecond), MaxBurst: perSecond - 1}
	limiter, err := throttled.NewGCRARateLimiterCtx(l.store, quota)
	if err != nil {
		return nil, fmt.Errorf("making the rate limits of %s: %w", l.dialect.Name(), err)
	}
	limiter.SetMaxCASAttemptsLimit(casAttempts)
	l.made[key] = limiter
	return limiter, nil
}

// take counts the request; TooMany where it came too soon. A store that does not work lets everything through:
// serving too fast is better than not serving.
func (h *Handler) take(ctx context.Context, m *mounted, x *Request) error {
	pace := x.Caller.Tenant.Pace
	if m.limits == nil || pace.Off {
		return nil
	}
	limiter, err := m.limits.of(x.Route.Class, max(pace.Times, 1))
	if err != nil || limiter == nil {
		return err
	}
	key := fmt.Sprintf("%s:%d:%s", m.Name(), x.Route.Class, m.PaceKey(x))
	limited, result, err := limiter.RateLimitCtx(ctx, key, 1)
	if err != nil {
		h.log.LogAttrs(ctx, slog.LevelWarn, "a rate limit could not be counted",
			slog.String("request_id", x.ID), slog.Any("error", err))
		return nil
	}
	if limited {
		return &noren.Error{Kind: noren.TooMany, RetryAfter: max(result.RetryAfter, 0), Message: "too many requests a second"}
	}
	return nil
}

// retryAfter is the Retry-After header's value: whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return fmt.Sprint(max(1, int64(math.Ceil(wait.Seconds()))))
}
