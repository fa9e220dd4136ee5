package unit

import (
	"context"
	"errors"
	"time"

	"noren"
)

// tokenHeld is how long the mark of a write without an Idempotency-Key is kept: longer than any retry of its
// transaction.
const tokenHeld = 10 * time.Minute

// maxRuns is how often a write is run when it lost a race that shows only inside the transaction.
const maxRuns = 3

// ErrLinkedMeanwhile means that a Shopify customer whom no member had was linked to one while the counter of purchases
// was waited for. The member is not locked, and locking it now would be the wrong order, so everything is run again. A
// caller who has run it often enough may come back later.
var ErrLinkedMeanwhile error = &noren.Error{
	Kind: noren.Unavailable, RetryAfter: time.Second, Message: "members are being linked to Shopify customers; send it again",
}

// Rerun runs work until it no longer loses such a race, a few times at most.
func Rerun(work func() error) (err error) {
	for range maxRuns {
		if err = work(); !errors.Is(err, ErrLinkedMeanwhile) {
			return err
		}
	}
	return err
}

// Write runs work in one transaction for a synchronous request. What once renders from work's result is kept in the
// same transaction. If an answer is already kept, Write returns it and does not run work. The key is taken before work
// locks anything, so of two processes that get the same request at once, the second waits and then finds the answer of
// the first. Without once Write keeps a mark instead, where a commit may be in doubt: by it the next run knows that the
// commit went through.
//
// work gets the audit entry of the caller's writes, with everything but what is written.
func (r *Runner) Write(
	ctx context.Context, c noren.Caller, once *Once, work func(tx noren.Tx, by noren.AuditEntry) (any, error),
) (kept *noren.KeptAnswer, err error) {
	w := write{runner: r, caller: c, once: once, work: work}
	// Made once for all runs: after a commit in doubt, the next run finds the mark of the one before.
	w.mark = noren.IdempotencyKey{ClientID: c.Client.ID, Key: noren.NewID()}
	err = Rerun(func() error {
		return r.Update(ctx, c.Tenant.ID, func(tx noren.Tx) error {
			kept, err = w.run(ctx, tx)
			return err
		})
	})
	return kept, err
}

// write is one synchronous write while it runs, perhaps more than once.
type write struct {
	runner *Runner
	caller noren.Caller
	once   *Once
	mark   noren.IdempotencyKey
	work   func(tx noren.Tx, by noren.AuditEntry) (any, error)
}

func (w *write) run(ctx context.Context, tx noren.Tx) (*noren.KeptAnswer, error) {
	now := w.runner.Now()
	key := []noren.IdempotencyKey{w.mark}
	if w.once != nil {
		key[0] = w.once.Key
	}
	// Without a key there is something to find only where an earlier run's commit was in doubt.
	taken := w.once != nil || tx.Again()
	if taken {
		found, err := tx.TakeKeys(ctx, key, now)
		kept := found[key[0]]
		switch {
		case err != nil:
			return nil, err
		case kept != nil && w.once != nil:
			return kept, kept.Matches(w.once.BodyHash)
		case kept != nil:
			return nil, nil // an earlier run committed; its result is still in the caller's variables
		}
	}
	// Only now: what was found above means that the work has been done.
	result, err := w.work(tx, w.caller.Entry(now))
	if err != nil {
		return nil, err
	}
	answer := noren.KeptAnswer{BodyHash: []byte{}, ExpiresAt: now.Add(tokenHeld)}
	if w.once != nil {
		answer = w.runner.Answer(w.once, result, now)
	}
	// A commit that cannot be in doubt needs no mark, which would be one more row for each write.
	switch {
	case taken:
		return nil, tx.KeepAnswers(ctx, key, []noren.KeptAnswer{answer})
	case tx.Doubtful():
		return nil, tx.Mark(ctx, w.mark, answer)
	}
	return nil, nil
}
