package bulk

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"noren"
	"noren/app/unit"
)

const (
	laneBatch    = 16 // the most requests applied in one transaction
	maxBulkTries = 5  // unexpected errors after which a request fails, so that it does not block its lane
)

// Waiting lists the tenants with requests waiting in their lane.
func (s *Service) Waiting(ctx context.Context) ([]noren.TenantID, error) {
	return s.directory.TenantsWithBulk(ctx)
}

// ApplyLane applies the tenant's next bulk requests in order, each all or nothing, and stores the callback of each
// together with its effect. It returns the finished requests: none if none is waiting, or another process holds the
// lane. An error leaves everything unchanged.
func (s *Service) ApplyLane(ctx context.Context, tenant noren.TenantID) ([]noren.BulkRequest, error) {
	done, err := s.applyNext(ctx, tenant, s.paces.of(tenant))
	if err != nil && noren.KindOf(err) != noren.Unavailable && ctx.Err() == nil {
		// One of several requests made the transaction fail: find it by applying them one by one.
		s.log.ErrorContext(ctx, "applying bulk requests together failed; applying them one by one", "tenant", tenant, "error", err)
		// One by one, those before the culprit take effect, and the culprit is the first that is left.
		if done, err = s.applyNext(ctx, tenant, 1); err != nil && noren.KindOf(err) != noren.Unavailable && ctx.Err() == nil {
			s.countTry(ctx, tenant)
		}
	}
	if len(done) > 0 {
		s.callbackReady.Give()
	}
	return done, err
}

// applyNext is ApplyLane for up to limit requests. A panic counts as an error: it must not end the process, and the
// request that causes it must reach maxBulkTries like any other.
func (s *Service) applyNext(ctx context.Context, tenant noren.TenantID, limit int) (done []noren.BulkRequest, err error) {
	defer func() {
		if p := recover(); p != nil {
			done, err = nil, fmt.Errorf("applying bulk requests of tenant %d: panic: %v\n%s", tenant, p, debug.Stack())
		}
	}()
	var cut bool
	err = s.run.Update(ctx, tenant, func(tx Tx) error {
		done, cut = nil, false
		now := s.run.Now()
		var locked bool
		var requests []noren.BulkRequest
		u := unit.Unit{Now: now}
		// The requests are read after the lane is locked; if it is not, they are another process's.
		err := tx.Together(ctx, func() (err error) {
			locked, err = tx.LockLane(ctx)
			return err
		}, func() (err error) {
			requests, err = tx.NextBulk(ctx, limit)
			return err
		}, func() (err error) {
			u.Tenant, err = tx.Tenant(ctx)
			return err
		})
		if err != nil || !locked || len(requests) == 0 {
			return err
		}
		t := u.Tenant
		l := lane{tx: tx, Unit: u}
		if err := l.look(ctx, requests); err != nil {
			return err
		}
		callbacks := make([]noren.Callback, len(requests))
		for i := range requests {
			// The others are applied by the next transaction, and another tenant does not wait for all of them.
			if cut = i > 0 && tx.Awaited(); cut {
				requests, callbacks = requests[:i], callbacks[:i]
				break
			}
			r := &requests[i]
			outcome := Outcome{ID: r.ID, Kind: r.Kind, Failures: []noren.Failure{{Reason: noren.ReasonInternal}}}
			// After too many unexpected errors the request is not applied any more and fails with ReasonInternal.
			if r.Tries < maxBulkTries {
				if outcome, err = l.apply(ctx, *r); err != nil {
					return fmt.Errorf("applying bulk request %d of tenant %s: %w", r.ID, t.Contract, err)
				}
			}
			r.State, r.Failures, r.AppliedAt = noren.BulkSucceeded, outcome.Failures, &now
			if len(outcome.Failures) > 0 {
				r.State = noren.BulkFailed
			}
			// The exact bytes are stored with the effect, so that every attempt sends the same result.
			callbacks[i] = s.owe(t.ID, *r, outcome, now)
		}
		// applyNext returns them only if the commit succeeds.
		done = requests
		return tx.FinishBulk(ctx, requests, callbacks)
	})
	if err != nil {
		return nil, err
	}
	if limit > 1 {
		s.paces.set(tenant, len(done), cut)
	}
	return done, nil
}

// lanePaces remembers how many requests one transaction applies of a tenant: fewer than laneBatch while other tenants wait, so
// that what belongs to the requests is not read in vain.
type lanePaces struct {
	mu   sync.Mutex
	slow map[noren.TenantID]int // no entry: laneBatch
}

func (p *lanePaces) of(tenant noren.TenantID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, slow := p.slow[tenant]; slow {
		return n
	}
	return laneBatch
}

// set notes that a transaction has applied n requests; with cut, that others waited for it, otherwise that it might have
// applied more.
func (p *lanePaces) set(tenant noren.TenantID, n int, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slow == nil {
		p.slow = make(map[noren.TenantID]int)
	}
	switch {
	case cut:
		p.slow[tenant] = max(n, 2)
	case p.slow[tenant] >= laneBatch/2:
		delete(p.slow, tenant)
	case p.slow[tenant] > 0:
		p.slow[tenant] *= 2
	}
}

// countTry records that the lane's first request failed unexpectedly. It needs a transaction of its own, because the
// failed one was rolled back.
func (s *Service) countTry(ctx context.Context, tenant noren.TenantID) {
	err := s.run.Update(ctx, tenant, func(tx Tx) error {
		// If another process has the lane by now, the first that waits may be another request.
		if locked, err := tx.LockLane(ctx); err != nil || !locked {
			return err
		}
		next, err := tx.NextBulk(ctx, 1)
		if err != nil || len(next) == 0 {
			return err
		}
		return tx.CountBulkTry(ctx, next[0].ID)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "counting a failed try", "tenant", tenant, "error", err)
	}
}

// owe returns the callback that the finished request owes, due at once.
func (s *Service) owe(tenant noren.TenantID, r noren.BulkRequest, outcome Outcome, now time.Time) noren.Callback {
	host := r.CallbackURL
	if u, err := url.Parse(r.CallbackURL); err == nil {
		host = strings.ToLower(u.Host) // the same host, however it is written
	}
	return noren.Callback{
		TenantID: tenant, RequestID: r.ID, ClientID: r.ClientID, URL: r.CallbackURL, Host: host,
		Body: s.encoders[r.Dialect].EncodeCallback(outcome), State: noren.CallbackPending, OwedAt: now, NextAt: now,
	}
}
