package web

import (
	"context"
	"fmt"
	"log/slog"
	"math"
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

// pace is the limit of one class of one dialect.
type pace struct {
	limiter *throttled.GCRARateLimiterCtx
	prefix  string
}

// paces makes the dialect's limits; all nil where there is no store.
func (s *PaceStore) paces(d Dialect) (limits [2]*pace, err error) {
	if s == nil {
		return limits, nil
	}
	documented := d.Paces()
	for class, p := range [2]Pace{Read: documented.Read, Write: documented.Write} {
		if p.PerSecond == 0 {
			continue
		}
		quota := throttled.RateQuota{MaxRate: throttled.PerSec(p.PerSecond), MaxBurst: p.PerSecond - 1}
		limiter, err := throttled.NewGCRARateLimiterCtx(s.store, quota)
		if err != nil {
			return limits, fmt.Errorf("making the rate limits of %s: %w", d.Name(), err)
		}
		limiter.SetMaxCASAttemptsLimit(casAttempts)
		limits[class] = &pace{limiter, fmt.Sprintf("%s:%d:", d.Name(), class)}
	}
	return limits, nil
}

// take counts the request; TooMany where it came too soon. A store that does not work lets everything through:
// serving too fast is better than not serving.
func (h *Handler) take(ctx context.Context, m *mounted, x *Request) error {
	limit := m.limits[x.Route.Class]
	if limit == nil {
		return nil
	}
	limited, result, err := limit.limiter.RateLimitCtx(ctx, limit.prefix+m.PaceKey(x), 1)
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
