package noren

import (
	"context"
	"time"
)

// AnswerTx reads and writes answers that are kept under Idempotency-Keys.
type AnswerTx interface {
	// KeptAnswer returns what is kept under the key, or nil.
	KeptAnswer(ctx context.Context, k IdempotencyKey, now time.Time) (*KeptAnswer, error)
	// TakeKeys takes the keys, each of which is named once, until the transaction ends, and returns the answers that are
	// already kept under them. Another transaction that takes one of them waits for this one to end, and then finds its
	// answer. So that two transactions never wait for each other, keys are taken before anything else is locked.
	TakeKeys(ctx context.Context, keys []IdempotencyKey, now time.Time) (map[IdempotencyKey]*KeptAnswer, error)
	// KeepAnswers stores an answer for each of the keys, all of which this transaction has taken and found free. A taken
	// key without an answer must not be committed.
	KeepAnswers(ctx context.Context, keys []IdempotencyKey, answers []KeptAnswer) error
	// Mark stores an answer under a key that is only this work's own, without taking the key first. If an earlier run of
	// the work has stored it, this one fails and nothing of it is committed.
	Mark(ctx context.Context, key IdempotencyKey, a KeptAnswer) error
}

// IdempotencyKey is the scope within which an Idempotency-Key header is unique.
type IdempotencyKey struct {
	ClientID int64
	Route    string // method and path
	Key      string
}

// KeptAnswer is the answer to a first request, replayed for a day to requests with the same key and body.
type KeptAnswer struct {
	BodyHash    []byte // SHA-256 of the request's body
	Status      int
	ContentType string
	Body        []byte
	ExpiresAt   time.Time
}

func (a *KeptAnswer) Matches(bodyHash []byte) error {
	if string(a.BodyHash) == string(bodyHash) {
		return nil
	}
	return &Error{
		Kind: Conflict, Reason: ReasonIdempotency,
		Message: "this Idempotency-Key was used with another body; use a new key for a new request",
	}
}
