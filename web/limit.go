package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/goredisstore.v9"
	"github.com/throttled/throttled/v2/store/memstore"

	"noren"
)

// RateLimits are a dialect's rate limits for each class of requests.
type RateLimits struct{ Read, Write RateLimit }

// RateLimit is how many requests per second are allowed, which may come all at once. 0 means no limit.
type RateLimit struct{ PerSecond int }

// rateKeys is how many keys the memory store holds. The least recently used are dropped first, which forgets their
// count. To profit from that, more than this many clients would have to call within a second.
const rateKeys = 1 << 16

// casAttempts is how often counting a request is tried while other requests of the same key are being counted.
const casAttempts = 100

// RateStore counts requests for the rate limits.
type RateStore struct {
	store throttled.GCRAStoreCtx
	close func() error
	// failed is when it failed last; nil: it has not. A duration since then does not depend on the wall clock.
	failed atomic.Pointer[time.Time]
}

// MemoryRates counts in this process. A nil clock is one that is not set with the wall clock.
func MemoryRates(clock func() time.Time) (*RateStore, error) {
	if clock == nil {
		began := time.Now()
		clock = func() time.Time { return began.Add(time.Since(began)) }
	}
	store, err := memstore.New(rateKeys)
	if err != nil {
		return nil, fmt.Errorf("making the memory store of rate limits: %w", err)
	}
	store.SetTimeNow(clock)
	return &RateStore{store: throttled.WrapStoreWithContext(store), close: func() error { return nil }}, nil
}

// CheckRedis returns an error if RedisRates would refuse the address. It connects to nothing.
func CheckRedis(address string) error {
	_, err := parseRedis(address)
	return err
}

// parseRedis reads the address. The library takes redis:host for a Redis on this machine.
func parseRedis(address string) (*redis.Options, error) {
	scheme, _, whole := strings.Cut(address, "://")
	if !whole || !slices.Contains([]string{"redis", "rediss", "unix"}, strings.ToLower(scheme)) {
		return nil, errors.New("must be redis://HOST:PORT; rediss:// for TLS, unix:// for a socket") // it may hold a password
	}
	options, err := redis.ParseURL(strings.ToLower(scheme) + address[len(scheme):])
	if err != nil {
		return nil, fmt.Errorf("parsing the address of Redis: %w", err)
	}
	return options, nil
}

// RedisRates counts in a Redis server, which all nodes using it share. address is a redis:// URL. The time is that of
// Redis's machine, whose clock may be set.
func RedisRates(address string) (*RateStore, error) {
	options, err := parseRedis(address)
	if err != nil {
		return nil, err
	}
	// A rate limit must not cost more than it protects, so a Redis that does not reply soon is ignored. The client tries once:
	// each retry would cost another request the same wait.
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = redisPatience, redisPatience, redisPatience
	options.PoolTimeout, options.MaxRetries, options.DialerRetries = redisPatience, -1, 1
	client := redis.NewClient(options)
	store, err := goredisstore.NewCtx(client, "noren:rate:")
	if err != nil {
		return nil, fmt.Errorf("making the Redis store of rate limits: %w", err)
	}
	return &RateStore{store: store, close: client.Close}, nil
}

// longestWait is more than any limit asks to wait, because limits count per second. A longer wait means that the clock they
// count by was set back.
const longestWait = 2 * time.Second

// The bounds of what a Redis that is away costs: so much for one request, after which it is not asked for a while.
const (
	redisPatience = 100 * time.Millisecond
	redisRest     = 5 * time.Second
)

// resting reports whether the store is not to be asked because it has failed a moment ago.
func (s *RateStore) resting() bool {
	since := s.failed.Load()
	return since != nil && time.Since(*since) < redisRest
}

// fail notes an error of the store. Only one of the network makes it rest: that many requests of one client count at the
// same time must not turn off the limits of all.
func (s *RateStore) fail(err error) {
	if _, network := errors.AsType[net.Error](err); network || errors.Is(err, io.EOF) {
		s.failed.Store(new(time.Now()))
	}
}

// Close closes the connections to Redis.
func (s *RateStore) Close() error { return s.close() }

// limits are the rate limiters of one dialect. A tenant may have a multiple of the documented limit, so limiters are
// made when a tenant first needs them.
type limits struct {
	store   *RateStore
	dialect Dialect

	mu   sync.Mutex
	made map[limitKey]*throttled.GCRARateLimiterCtx
}

type limitKey struct {
	class Class
	times int
}

// limits returns the dialect's limiters; nil if there is no store.
func (s *RateStore) limits(d Dialect) *limits {
	if s == nil {
		return nil
	}
	return &limits{store: s, dialect: d, made: make(map[limitKey]*throttled.GCRARateLimiterCtx)}
}

// of returns the limiter for requests of the class, at times the documented limit; nil if none is documented.
func (l *limits) of(class Class, times int) (*throttled.GCRARateLimiterCtx, error) {
	documented := l.dialect.RateLimits()
	limit := documented.Read
	if class == Write {
		limit = documented.Write
	}
	if limit.PerSecond == 0 {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := limitKey{class, times}
	if limiter := l.made[key]; limiter != nil {
		return limiter, nil
	}
	perSecond := limit.PerSecond * times
	// A burst of a whole second's worth: the documents count per second, not evenly spaced.
	quota := throttled.RateQuota{MaxRate: throttled.PerSec(perSecond), MaxBurst: perSecond - 1}
	limiter, err := throttled.NewGCRARateLimiterCtx(l.store.store, quota)
	if err != nil {
		return nil, fmt.Errorf("making the rate limits of %s: %w", l.dialect.Name(), err)
	}
	limiter.SetMaxCASAttemptsLimit(casAttempts)
	l.made[key] = limiter
	return limiter, nil
}

// take counts the request. TooMany if it came too soon. If the store fails, every request is allowed: serving too much
// is better than not serving.
func (h *Handler) take(ctx context.Context, m *mounted, x *Request) error {
	limit := x.Caller.Tenant.RateLimit
	if m.limits == nil || limit.Off || m.limits.store.resting() {
		return nil
	}
	limiter, err := m.limits.of(x.Route.Class, max(limit.Times, 1))
	if err != nil || limiter == nil {
		return err
	}
	// The store is shared by all dialects and both classes.
	key := fmt.Sprintf("%s:%d:%s", m.Name(), x.Route.Class, m.RateKey(x))
	limited, result, err := limiter.RateLimitCtx(ctx, key, 1)
	if err != nil {
		// A client that has gone is not a failure of the store.
		if ctx.Err() == nil {
			m.limits.store.fail(err)
		}
		h.log.LogAttrs(ctx, slog.LevelWarn, "a rate limit could not be counted",
			slog.String("request_id", x.Reference()), slog.String("own_id", x.ID), slog.Any("error", err))
		return nil
	}
	if limited && result.RetryAfter > longestWait {
		m.limits.store.failed.Store(new(time.Now()))
		h.log.LogAttrs(ctx, slog.LevelWarn, "the clock of the rate limits was set back; they are passed over for a while",
			slog.String("request_id", x.ID), slog.Duration("by", result.RetryAfter))
		return nil
	}
	if limited {
		return &noren.Error{Kind: noren.TooMany, RetryAfter: max(result.RetryAfter, 0), Message: "too many requests per second"}
	}
	return nil
}

// retryAfter returns the value of the Retry-After header: whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.FormatInt(max(1, int64(math.Ceil(wait.Seconds()))), 10)
}
