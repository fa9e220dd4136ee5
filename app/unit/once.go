package unit

import (
	"context"
	"fmt"
	"sync"
	"time"

	"noren"
)

// KeyHeld is how long the answer to a request with an Idempotency-Key is replayed by default.
const KeyHeld = 24 * time.Hour

// Once is one use of an Idempotency-Key: its scope, the hash of the request's body, and how the dialect renders
// success. The rendered answer is kept in the same transaction as the effect, so a retry finds both or neither.
type Once struct {
	Key      noren.IdempotencyKey
	BodyHash []byte
	Render   func(result any) noren.KeptAnswer
}

// Answer is what is kept for a request that ended with result at now.
func (r *Runner) Answer(o *Once, result any, now time.Time) noren.KeptAnswer {
	answer := o.Render(result)
	answer.BodyHash, answer.ExpiresAt = o.BodyHash, now.Add(r.KeyHeld)
	return answer
}

// Replay begins a request that carries an Idempotency-Key. It returns the kept answer if there is one; otherwise the
// request is in flight until release is called. Conflict if the key was used with another body, or is in flight in this
// process; between processes the transaction decides that takes the key. bodyHash is called only if an answer is
// kept, because hashing an uploaded file means reading all of it.
func (r *Runner) Replay(
	ctx context.Context, c noren.Caller, key noren.IdempotencyKey, bodyHash func() ([]byte, error),
) (kept *noren.KeptAnswer, release func(), err error) {
	// In memory first, because two tries of one client mostly reach the same server, and the second need not wait for a
	// lock.
	release, ok := r.inFlight.begin(c.Tenant.ID, key)
	if !ok {
		return nil, nil, StillRunning()
	}
	err = r.View(ctx, c.Tenant.ID, func(tx noren.Tx) (err error) {
		kept, err = tx.KeptAnswer(ctx, key, r.now())
		return err
	})
	if err == nil && kept == nil {
		return nil, release, nil
	}
	release() // the request is not carried out, so it must not block another with the key
	if err != nil {
		return nil, nil, err
	}
	// Only now, because reading a file to its end is worth it only if there is an answer to compare it with.
	hash, err := bodyHash()
	if err != nil {
		return nil, nil, err
	}
	return kept, func() {}, kept.Matches(hash)
}

// StillRunning is the Conflict of a request whose Idempotency-Key belongs to a request that has no answer yet.
func StillRunning() error {
	return &noren.Error{
		Kind: noren.Conflict, Reason: noren.ReasonIdempotency, RetryAfter: time.Second,
		Message: "a request with this Idempotency-Key is still running; try again after it has finished",
	}
}

// KeepRefusal keeps the answer to a request that was refused, and returns nil. If another process has kept an answer under the key
// in the meantime, it returns what that has kept: the refusal may be nothing but its consequence, such as points that are
// no longer there. It needs a transaction of its own, because a refused request has none. Conflict as for Replay.
func (r *Runner) KeepRefusal(
	ctx context.Context, c noren.Caller, key noren.IdempotencyKey, a noren.KeptAnswer,
) (kept *noren.KeptAnswer, err error) {
	a.ExpiresAt = r.now().Add(r.KeyHeld)
	keys := []noren.IdempotencyKey{key}
	err = r.Update(ctx, c.Tenant.ID, func(tx noren.Tx) error {
		found, err := tx.TakeKeys(ctx, keys, r.now())
		if kept = found[key]; err != nil || kept != nil {
			return err
		}
		return tx.KeepAnswers(ctx, keys, []noren.KeptAnswer{a})
	})
	if err != nil {
		return nil, err
	}
	if kept != nil {
		err = kept.Matches(a.BodyHash)
	}
	return kept, err
}

// inFlight holds the idempotency keys whose first request is still running in this process.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (f *inFlight) begin(tenant noren.TenantID, key noren.IdempotencyKey) (release func(), ok bool) {
	k := fmt.Sprintf("%d %d %s %s", tenant, key.ClientID, key.Route, key.Key)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[k] {
		return nil, false
	}
	if f.keys == nil {
		f.keys = make(map[string]bool)
	}
	f.keys[k] = true
	// Once: a second call must not release the key for somebody who has taken it since.
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, k)
	}), true
}
