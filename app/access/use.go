package access

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"noren"
)

// NoteUse records in memory that a client called, which costs no statement. StoreUses writes it to the database.
func (s *Service) NoteUse(c noren.Caller) {
	if c.Login == "" && c.Client.ID != 0 {
		s.uses.note(c.Tenant.ID, c.Client.ID, s.run.Now())
	}
}

// StoreUses writes when clients were last used, for those used since the last call: one statement for each
// tenant. What cannot be written is left for the next call.
func (s *Service) StoreUses(ctx context.Context) error {
	var errs []error
	for tenant, uses := range s.uses.take() {
		list := make([]noren.ClientUse, 0, len(uses))
		for _, id := range slices.Sorted(maps.Keys(uses)) {
			list = append(list, noren.ClientUse{ClientID: id, At: uses[id]})
		}
		if err := s.run.Update(ctx, tenant, func(tx Tx) error { return tx.NoteClientUses(ctx, list) }); err != nil {
			errs = append(errs, err)
			// Back into memory. note keeps the later time, so a use that was recorded in between is not lost.
			for _, use := range list {
				s.uses.note(tenant, use.ClientID, use.At)
			}
		}
	}
	return errors.Join(errs...)
}

// clientUses holds the latest use of each client that is not stored yet.
type clientUses struct {
	mu    sync.Mutex
	noted map[noren.TenantID]map[int64]time.Time
}

func (u *clientUses) note(tenant noren.TenantID, client int64, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.noted == nil {
		u.noted = make(map[noren.TenantID]map[int64]time.Time)
	}
	if u.noted[tenant] == nil {
		u.noted[tenant] = make(map[int64]time.Time)
	}
	if before := u.noted[tenant][client]; before.Before(at) {
		u.noted[tenant][client] = at
	}
}

func (u *clientUses) last(tenant noren.TenantID, client int64) (time.Time, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	at, used := u.noted[tenant][client]
	return at, used
}

// take returns what was recorded, and clears it.
func (u *clientUses) take() map[noren.TenantID]map[int64]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	noted := u.noted
	u.noted = nil
	return noted
}
