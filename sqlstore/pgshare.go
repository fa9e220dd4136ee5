package sqlstore

import (
	"context"
	"sync"

	"noren"
)

// shares keeps connections free of each tenant: whoever waits for locks, or floods, holds no more than a tenant's share.
type shares struct {
	most int
	mu   sync.Mutex
	held map[noren.TenantID]*share
}

// share is one tenant's.
type share struct {
	places chan struct{}
	users  int // who hold a place or wait for one
}

// tenantShare is how many of so many connections one tenant may hold: three quarters, and never all where there are several.
func tenantShare(conns int) int { return max(1, min(conns*3/4, conns-1)) }

// enter takes one place of the tenant's share, waiting for it; leave gives it back. Work across tenants needs none.
func (s *shares) enter(ctx context.Context, tenant noren.TenantID) error {
	if tenant == 0 {
		return nil
	}
	s.mu.Lock()
	own := s.held[tenant]
	if own == nil {
		own = &share{places: make(chan struct{}, s.most)}
		s.held[tenant] = own
	}
	// Counted before it waits, so that nobody removes the share from under it.
	own.users++
	s.mu.Unlock()
	select {
	case own.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		s.drop(tenant)
		return ctx.Err()
	}
}

// leave gives a place back.
func (s *shares) leave(tenant noren.TenantID) {
	if tenant == 0 {
		return
	}
	s.mu.Lock()
	own := s.held[tenant]
	s.mu.Unlock()
	<-own.places
	s.drop(tenant)
}

// drop forgets a share that nobody uses.
func (s *shares) drop(tenant noren.TenantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.held[tenant]
	if own.users--; own.users == 0 {
		delete(s.held, tenant)
	}
}
