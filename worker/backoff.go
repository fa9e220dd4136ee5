package worker

import (
	"context"
	"math/rand/v2"
	"time"

	"noren"
)

// backoff counts failures in a row and says how long to wait after each: from first on twice as long each time, up
// to longest, and between half and all of that at random, so that several workers do not come back in step.
type backoff struct {
	first, longest time.Duration
	failures       int
}

// whileUnavailable paces what meets a database that is away, which usually comes back within seconds.
func whileUnavailable() backoff {
	return backoff{first: 50 * time.Millisecond, longest: 3 * time.Second}
}

// afterError paces what met an error that nobody expected. A bulk request is given up after a few of them (see
// noren.Service.ApplyLane), so there should be time for a passing trouble to pass.
func afterError() backoff { return backoff{first: time.Second, longest: time.Minute} }

// next answers the wait after one more failure.
func (b *backoff) next() time.Duration {
	wait := min(b.first<<min(b.failures, 20), b.longest)
	b.failures++
	return wait/2 + rand.N(wait/2)
}

func (b *backoff) reset() { b.failures = 0 }

// pace chooses between the two by the kind of error.
type pace struct{ unavailable, unexpected backoff }

func newPace() pace { return pace{whileUnavailable(), afterError()} }

func (p *pace) after(err error) time.Duration {
	if noren.KindOf(err) == noren.Unavailable {
		return p.unavailable.next()
	}
	return p.unexpected.next()
}

func (p *pace) reset() {
	p.unavailable.reset()
	p.unexpected.reset()
}

// sleep waits, and answers false if ctx ended before.
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
