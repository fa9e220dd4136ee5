package bulk

import (
	"context"
	"sync"
	"time"

	"noren"
)

// queueRetry is how long the sender of a request that did not fit into the queue is told to wait.
const queueRetry = 5 * time.Second

// queueShare is which part of the limit a server accepts without counting what waits: one of so many. Several servers
// together may exceed the limit by that much each.
const queueShare = 16

// queueLimit keeps what a tenant has waiting below a limit. What waits is counted only when a server has accepted as
// many requests as the last count left room for, so accepting costs no round trip more.
type queueLimit struct {
	most int // requests that one tenant may have waiting; 0: no limit

	mu   sync.Mutex
	left map[noren.TenantID]int // requests that may be accepted before the next count
}

// admit returns how many of n requests fit. Only one group of a tenant asks at a time. count counts what waits, up to a
// number.
func (q *queueLimit) admit(tenant noren.TenantID, n int, count func(most int) (int, error)) (int, error) {
	if q.most == 0 {
		return n, nil
	}
	share := max(1, q.most/queueShare)
	left, known := q.of(tenant)
	if !known {
		left = share // of a server that has just started
	}
	if n > left {
		waiting, err := count(q.most)
		if err != nil {
			return 0, err
		}
		room := q.most - waiting
		n = min(n, room)
		// No more than a share is taken in advance, since other servers count the same room.
		left = n + min(share, room-n)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.left == nil {
		q.left = make(map[noren.TenantID]int)
	}
	q.left[tenant] = left - n
	return n, nil
}

// of returns what was left the last time.
func (q *queueLimit) of(tenant noren.TenantID) (left int, known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	left, known = q.left[tenant]
	return left, known
}

// fitting returns the requests of the group that fit into the queue, and refuses the others: the last ones, because the
// first have waited longer.
func (s *Service) fitting(ctx context.Context, tenant noren.TenantID, group []*acceptance) ([]*acceptance, error) {
	n, err := s.limit.admit(tenant, len(group), func(most int) (waiting int, err error) {
		err = s.run.View(ctx, tenant, func(tx Tx) error {
			waiting, err = tx.BulkWaiting(ctx, most)
			return err
		})
		return waiting, err
	})
	if err != nil {
		return nil, err
	}
	for _, a := range group[n:] {
		a.err = &noren.Error{
			Kind: noren.TooMany, Reason: noren.ReasonQueueFull, RetryAfter: queueRetry,
			Message: "too many bulk requests are waiting to be applied",
		}
	}
	return group[:n], nil
}
