package bulk

import (
	"context"
	"slices"
	"time"

	"noren"
	"noren/app/unit"
)

// Accepted is the result of Accept: the stored request, or the answer that is kept under its Idempotency-Key.
type Accepted struct {
	Request noren.BulkRequest
	Kept    *noren.KeptAnswer
}

// Accept makes a bulk request durable and numbers it; it takes effect later, in the order of the numbers. The
// caller sets Kind, Dialect, CallbackURL and Rows of the request; Accept fills in the rest. Invalid if the rows
// break a rule that needs no stored data; then nothing is stored. once may be nil.
func (s *Service) Accept(ctx context.Context, c noren.Caller, request noren.BulkRequest, once *unit.Once) (Accepted, error) {
	// Before it joins a group, which a request that is refused must not hold up.
	if err := validate(request); err != nil {
		return Accepted{}, err
	}
	// Also beforehand, by each caller for itself: within the group one would encode for all.
	rows, err := request.Rows.Encode()
	if err != nil {
		return Accepted{}, &noren.Error{Message: "encoding the rows of a bulk request", Err: err}
	}
	// The token is how a second run finds the request if the first one's commit went through unnoticed.
	request.Token, request.State = noren.NewID(), noren.BulkAccepted
	request.ClientID, request.StoreID, request.RequestID = c.Client.ID, c.Client.StoreID, c.RequestID
	from := noren.OriginOf(ctx)
	request.Address, request.ClientRequestID = from.Address, from.ClientRequestID
	a := &acceptance{request: request, rows: rows, once: once, done: make(chan struct{})}
	s.accepts.add(c.Tenant.ID, a, s.acceptGroup)
	select {
	case <-a.done:
		return Accepted{a.request, a.kept}, a.err
	case <-ctx.Done():
		// The request may still be accepted. The caller cannot know, as with any response that is lost.
		return Accepted{}, &noren.Error{Kind: noren.Unavailable, Message: "the caller left before the request was stored", Err: ctx.Err()}
	}
}

// acceptance is one request on its way into a group.
type acceptance struct {
	request noren.BulkRequest
	rows    []byte
	once    *unit.Once
	kept    *noren.KeptAnswer
	err     error
	done    chan struct{}
}

// acceptGroup stores the group with one commit and lets its callers return. It does not use the context of a caller:
// one that hangs up must not take its neighbours along. A panic becomes the error of all of them.
func (s *Service) acceptGroup(tenant noren.TenantID, group []*acceptance) {
	ctx, cancel := context.WithTimeout(context.Background(), groupPatience)
	defer cancel()
	fit, err := s.fitting(ctx, tenant, group)
	if err == nil && len(fit) > 0 {
		err = s.tryGroup(ctx, tenant, fit)
	}
	for i, a := range group {
		// Nothing was committed, whatever single requests were told; those that did not fit keep their own error.
		if err != nil && (i < len(fit) || len(fit) == 0) {
			a.kept, a.err = nil, err
		}
		close(a.done)
	}
	if err == nil && len(fit) > 0 {
		s.bulkReady.Give()
	}
}

// tryGroup stores the group. If no request has an Idempotency-Key, the engine does it in one round trip, without a
// transaction of ours.
func (s *Service) tryGroup(ctx context.Context, tenant noren.TenantID, group []*acceptance) (err error) {
	defer func() { err = caught(recover(), err, "accepting bulk requests", tenant) }()
	if !slices.ContainsFunc(group, func(a *acceptance) bool { return a.once != nil }) {
		return number(group, s.run.Now(), func(requests []noren.BulkRequest, rows [][]byte) ([]int64, error) {
			return s.directory.AcceptBulk(ctx, tenant, requests, rows)
		})
	}
	return s.run.Update(ctx, tenant, func(tx Tx) error { return s.storeGroup(ctx, tx, group) })
}

// number stores the requests of the group by calling store, and sets the numbers that it returns.
func number(group []*acceptance, now time.Time, store func([]noren.BulkRequest, [][]byte) ([]int64, error)) error {
	requests, rows := make([]noren.BulkRequest, len(group)), make([][]byte, len(group))
	for i, a := range group {
		// One time for the group: its requests are accepted by one commit.
		a.request.AcceptedAt = now
		requests[i], rows[i] = a.request, a.rows
	}
	ids, err := store(requests, rows)
	if err != nil {
		return err
	}
	for i, a := range group {
		a.request.ID = ids[i]
	}
	return nil
}

// storeGroup stores the requests without a kept answer, and keeps the answers of those with a key. The keys are taken
// first, so that a group of another process with one of them waits here and then finds its answer.
func (s *Service) storeGroup(ctx context.Context, tx Tx, group []*acceptance) error {
	now := s.run.Now()
	var keys []noren.IdempotencyKey
	first := make(map[noren.IdempotencyKey]*acceptance)
	for _, a := range group {
		a.kept, a.err = nil, nil // an earlier run of this transaction may have set them
		if a.once != nil && first[a.once.Key] == nil {
			first[a.once.Key] = a
			keys = append(keys, a.once.Key)
		}
	}
	kept, err := tx.TakeKeys(ctx, keys, now)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(group), func(a *acceptance) bool {
		if a.once == nil {
			return false
		}
		if a.kept = kept[a.once.Key]; a.kept != nil {
			a.err = a.kept.Matches(a.once.BodyHash)
		} else if first[a.once.Key] != a {
			// The same key twice in one group: the second has to wait for the answer of the first, like any other.
			a.err = unit.StillRunning()
		}
		return a.kept != nil || a.err != nil
	})
	if len(fresh) == 0 {
		return nil
	}
	err = number(fresh, now, func(requests []noren.BulkRequest, rows [][]byte) ([]int64, error) {
		return tx.AcceptBulk(ctx, requests, rows)
	})
	if err != nil {
		return err
	}
	// Of those that are stored now; the keys of the others have their answers.
	keys = keys[:0]
	var answers []noren.KeptAnswer
	for _, a := range fresh {
		if a.once != nil {
			keys, answers = append(keys, a.once.Key), append(answers, s.run.Answer(a.once, a.request, now))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return tx.KeepAnswers(ctx, keys, answers)
}
