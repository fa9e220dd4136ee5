package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"noren"
)

// A key is taken by inserting its row without an answer. Whoever inserts the same row waits for the transaction that did so
// first, on every engine that speaks PostgreSQL's protocol, sharded or not; SQLite has one writer. A key that was
// taken and has no answer is never committed, so nobody but the transaction itself reads such a row.

// answerColumns are what KeptAnswers reads, in its order.
const answerColumns = "client_id, route, key, body_hash, status, content_type, body, expires_at"

// KeptAnswer implements noren.AnswerTx. An answer that has expired counts as not kept, deleted or not.
func (t *tx) KeptAnswer(ctx context.Context, k noren.IdempotencyKey, now time.Time) (*noren.KeptAnswer, error) {
	kept, err := t.keptAnswers(ctx, []noren.IdempotencyKey{k}, now)
	return kept[k], err
}

// keptAnswers returns what is kept under the keys.
func (t *tx) keptAnswers(
	ctx context.Context, keys []noren.IdempotencyKey, now time.Time,
) (map[noren.IdempotencyKey]*noren.KeptAnswer, error) {
	clients, routes, names := make([]int64, len(keys)), make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		clients[i], routes[i], names[i] = k.ClientID, k.Route, k.Key
	}
	// Each part by itself, so that the primary key is used; combinations that were not asked for are left out below.
	ofClient, client := isIn(t.db.flavor, "client_id", clients)
	ofRoute, route := isIn(t.db.flavor, "route", routes)
	ofKey, key := isIn(t.db.flavor, "key", names)
	rows, err := t.query(ctx, "SELECT "+answerColumns+" FROM kept_answers WHERE tenant_id = ? AND "+
		ofClient+" AND "+ofRoute+" AND "+ofKey+" AND expires_at > ?", t.tenant, client, route, key, micros(now))
	kept := make(map[noren.IdempotencyKey]*noren.KeptAnswer)
	err = each(rows, err, func(row scannable) error {
		var k noren.IdempotencyKey
		var a noren.KeptAnswer
		var expiresAt int64
		err := row.Scan(&k.ClientID, &k.Route, &k.Key, &a.BodyHash, &a.Status, &a.ContentType, &a.Body, &expiresAt)
		if err == nil && slices.Contains(keys, k) {
			a.ExpiresAt = fromMicros(expiresAt)
			kept[k] = &a
		}
		return err
	})
	return kept, doing("look for kept answers", err)
}

// TakeKeys implements noren.AnswerTx. An answer that has expired, and is not deleted yet, makes room. Where all keys are
// free, it is one statement.
func (t *tx) TakeKeys(
	ctx context.Context, keys []noren.IdempotencyKey, now time.Time,
) (map[noren.IdempotencyKey]*noren.KeptAnswer, error) {
	// In one order for all, so that two transactions never wait for each other's keys.
	keys = slices.SortedFunc(slices.Values(keys), func(a, b noren.IdempotencyKey) int {
		return cmp.Or(cmp.Compare(a.ClientID, b.ClientID), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Key, b.Key))
	})
	free := make([]noren.KeptAnswer, len(keys))
	for i := range free {
		free[i] = noren.KeptAnswer{BodyHash: []byte{}, ExpiresAt: now} // expired, so it is never read as an answer
	}
	t.takes(lockKeys, "Idempotency-Keys")
	taken, err := t.insertRows(ctx, "kept_answers", `ON CONFLICT (tenant_id, client_id, route, key) DO UPDATE
		SET expires_at = excluded.expires_at WHERE kept_answers.expires_at <= excluded.expires_at`,
		slices.Concat(keyColumns(keys), answerValues(free)))
	if err != nil || taken == int64(len(keys)) {
		return nil, doing("take Idempotency-Keys", err)
	}
	return t.keptAnswers(ctx, keys, now)
}

// KeepAnswers implements noren.AnswerTx.
func (t *tx) KeepAnswers(ctx context.Context, keys []noren.IdempotencyKey, answers []noren.KeptAnswer) error {
	return t.updateLater(ctx, deferred{doing: "keep answers"}, "kept_answers", keyColumns(keys), answerValues(answers))
}

// Mark implements noren.AnswerTx. It goes with the COMMIT: nobody waits for it, and where the key is there the server passes
// over the COMMIT too.
func (t *tx) Mark(ctx context.Context, key noren.IdempotencyKey, a noren.KeptAnswer) error {
	return t.insertLater(ctx, deferred{doing: "mark a write"}, "kept_answers", "",
		slices.Concat(keyColumns([]noren.IdempotencyKey{key}), answerValues([]noren.KeptAnswer{a})))
}

// keyColumns are the keys as a batch.
func keyColumns(keys []noren.IdempotencyKey) []column {
	return []column{
		{"client_id", kindInt, valuesOf(keys, func(k *noren.IdempotencyKey) any { return k.ClientID })},
		{"route", kindText, valuesOf(keys, func(k *noren.IdempotencyKey) any { return k.Route })},
		{"key", kindText, valuesOf(keys, func(k *noren.IdempotencyKey) any { return k.Key })},
	}
}

// answerValues are the other columns of their rows.
func answerValues(answers []noren.KeptAnswer) []column {
	return []column{
		{"body_hash", kindBytes, valuesOf(answers, func(a *noren.KeptAnswer) any { return a.BodyHash })},
		{"status", kindInt, valuesOf(answers, func(a *noren.KeptAnswer) any { return int64(a.Status) })},
		{"content_type", kindText, valuesOf(answers, func(a *noren.KeptAnswer) any { return a.ContentType })},
		{"body", kindBytes, valuesOf(answers, func(a *noren.KeptAnswer) any { return a.Body })},
		{"expires_at", kindInt, valuesOf(answers, func(a *noren.KeptAnswer) any { return micros(a.ExpiresAt) })},
	}
}
