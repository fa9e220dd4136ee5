package worker

import (
	"context"
	"math/rand/v2"
	"time"

	"noren"
)

// backoff counts failures in a row and returns how long to wait after each. The wait starts at first and doubles up to
// longest; a random part of up to half is taken off, so that several workers do not retry in step.
type backoff struct {
	first, longest time.Duration
	failures       int
}

// whileUnavailable is the backoff while the database is unavailable, which usually ends within seconds.
func whileUnavailable() backoff {
	return backoff{first: 50 * time.Millisecond, longest: 3 * time.Second}
}

// afterError is the backoff after an unexpected error. A bulk request is given up after a few of them (see
// bulk.Service.ApplyLane), so the waits leave time for a passing problem to pass.
func afterError() backoff { return backoff{first: time.Second, longest: time.Minute} }

// next returns the wait after one more failure.
func (b *backoff) next() time.Duration {
	// The shift is bounded, because a larger one overflows.
	wait := min(b.first<<min(b.failures, 20), b.longest)
	b.failures++
	return wait/2 + rand.N(wait/2)
}

func (b *backoff) reset() { b.failures = 0 }

// waits chooses between the two by the kind of error.
type waits struct{ unavailable, unexpected backoff }

func newWaits() waits { return waits{whileUnavailable(), afterError()} }

func (p *waits) after(err error) time.Duration {
	if noren.KindOf(err) == noren.Unavailable {
		return p.unavailable.next()
	}
	return p.unexpected.next()
}

func (p *waits) reset() {
	p.unavailable.reset()
	p.unexpected.reset()
}

// sleep waits for d. It returns false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
