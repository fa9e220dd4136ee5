package noren

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// NoteUse notes that a client called. It costs no statement: StoreClientUses writes down what was noted.
func (s *Service) NoteUse(c Caller) {
	if c.Login == "" && c.Client.ID != 0 {
		s.uses.note(c.Tenant.ID, c.Client.ID, s.now())
	}
}

// StoreClientUses writes down when clients were last used, of those that were used since the last time: one statement
// for each tenant. What cannot be written is left for the next time.
func (s *Service) StoreClientUses(ctx context.Context) error {
	var errs []error
	for tenant, uses := range s.uses.take() {
		list := make([]ClientUse, 0, len(uses))
		for _, id := range slices.Sorted(maps.Keys(uses)) {
			list = append(list, ClientUse{id, uses[id]})
		}
		if err := s.engine.Update(ctx, tenant, func(tx Tx) error { return tx.NoteClientUses(ctx, list) }); err != nil {
			errs = append(errs, err)
			for _, use := range list {
				s.uses.note(tenant, use.ClientID, use.At)
			}
		}
	}
	return errors.Join(errs...)
}

// clientUses is when clients were last seen to call and this has not been written down yet. It holds one instant for
// each client of the database at most.
type clientUses struct {
	mu    sync.Mutex
	noted map[TenantID]map[int64]time.Time
}

func (u *clientUses) note(tenant TenantID, client int64, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.noted == nil {
		u.noted = make(map[TenantID]map[int64]time.Time)
	}
	if u.noted[tenant] == nil {
		u.noted[tenant] = make(map[int64]time.Time)
	}
	if before := u.noted[tenant][client]; before.Before(at) {
		u.noted[tenant][client] = at
	}
}

func (u *clientUses) last(tenant TenantID, client int64) (time.Time, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	at, used := u.noted[tenant][client]
	return at, used
}

// take answers what was noted, and forgets it.
func (u *clientUses) take() map[TenantID]map[int64]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	noted := u.noted
	u.noted = nil
	return noted
}
