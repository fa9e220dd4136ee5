package noren

import (
	"context"
	"errors"
	"time"
)

// tokenHeld is how long the mark of a synchronous write without an Idempotency-Key is kept: longer than any retry.
const tokenHeld = 10 * time.Minute

// write runs work in one transaction for a synchronous request, and keeps the answer that once renders from work's
// result in the same transaction. Where an answer was kept before, it is answered and work is not run. Without once
// a mark is kept instead, by which a run whose commit was in doubt knows that it went through.
func (s *Service) write(
	ctx context.Context, c Caller, once *Once, work func(tx Tx, by AuditEntry) (any, error),
) (kept *KeptAnswer, err error) {
	w := write{service: s, caller: c, once: once, work: work}
	w.mark = IdempotencyKey{ClientID: c.Client.ID, Key: newID()}
	for range 3 {
		err = s.engine.Update(ctx, c.Tenant.ID, func(tx Tx) error {
			kept, err = w.run(ctx, tx)
			return err
		})
		if !errors.Is(err, errKeptMeanwhile) && !errors.Is(err, errLinkedMeanwhile) {
			break
		}
	}
	return kept, err
}

type write struct {
	service *Service
	caller  Caller
	once    *Once
	mark    IdempotencyKey
	work    func(tx Tx, by AuditEntry) (any, error)
}

func (w *write) run(ctx context.Context, tx Tx) (*KeptAnswer, error) {
	now := w.service.now()
	key, answer := w.mark, KeptAnswer{BodyHash: []byte{}, ExpiresAt: now.Add(tokenHeld)}
	if w.once != nil {
		key = w.once.Key
	}
	if w.once != nil || tx.Again() {
		kept, err := tx.KeptAnswer(ctx, key, now)
		switch {
		case err != nil:
			return nil, err
		case kept != nil && w.once != nil:
			return kept, kept.matches(w.once.BodyHash)
		case kept != nil:
			return nil, nil // an earlier run went through; its result is still with the caller
		}
	}
	result, err := w.work(tx, w.caller.entry(now))
	if err != nil {
		return nil, err
	}
	if w.once != nil {
		answer = w.once.Render(result)
		answer.BodyHash, answer.ExpiresAt = w.once.BodyHash, now.Add(KeyHeld)
	}
	if kept, err := tx.KeepAnswer(ctx, key, answer); err != nil {
		return nil, err
	} else if !kept {
		return nil, errKeptMeanwhile
	}
	return nil, nil
}
