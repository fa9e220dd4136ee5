package noren

import (
	"context"
	"fmt"
)

// ClaimCallbacks leases up to limit callbacks that are due to this process, leaving out the hosts in busy. One that is
// neither delivered nor recorded as failed within CallbackLease is claimed again, by whichever process: at least once.
func (s *Service) ClaimCallbacks(ctx context.Context, busy []string, limit int) ([]Callback, error) {
	now := s.now()
	return s.engine.ClaimCallbacks(ctx, now, now.Add(CallbackLease), busy, limit)
}

// RecordAttempt stores what became of one delivery and decides what follows. It answers the callback as it stands then.
func (s *Service) RecordAttempt(ctx context.Context, c Callback, a Attempt) (Callback, error) {
	a.Number = c.Attempts + 1
	if len(a.Answer) > MaxAnswerBytes {
		a.Answer = a.Answer[:MaxAnswerBytes]
	}
	after := c.after(a, jitter())
	err := s.engine.Update(ctx, c.TenantID, func(tx Tx) error { return tx.RecordAttempt(ctx, after, a) })
	return after, err
}

// Callbacks lists callbacks of the tenant with that contract id, newest first.
func (s *Service) Callbacks(ctx context.Context, contract string, f CallbackFilter) (list []Callback, err error) {
	t, err := s.TenantByContract(ctx, contract)
	if err != nil {
		return nil, err
	}
	err = s.engine.View(ctx, t.ID, func(tx Tx) error {
		list, err = tx.Callbacks(ctx, f)
		return err
	})
	return list, err
}

// ResendCallbacks makes the callbacks that match due again at once, whatever became of them; it answers how many.
func (s *Service) ResendCallbacks(ctx context.Context, contract string, f CallbackFilter) (n int, err error) {
	t, err := s.TenantByContract(ctx, contract)
	if err != nil {
		return 0, err
	}
	err = s.engine.Update(ctx, t.ID, func(tx Tx) error {
		now := s.now()
		if n, err = tx.ResendCallbacks(ctx, f, now); err != nil || n == 0 {
			return err
		}
		return lane{tx: tx}.audit(ctx, []AuditEntry{{
			At: now, Dialect: Operator, Subject: "callbacks", SubjectID: fmt.Sprint(f.RequestID), Changes: change("sent again", nil, n),
		}})
	})
	if n > 0 {
		s.callbackReady.give()
	}
	return n, err
}

// Tenants lists all tenants by contract id.
func (s *Service) Tenants(ctx context.Context) ([]Tenant, error) { return s.engine.Tenants(ctx) }

// TenantByContract finds a tenant by its contract id. NotFound where there is none.
func (s *Service) TenantByContract(ctx context.Context, contract string) (Tenant, error) {
	return s.engine.TenantByContract(ctx, contract)
}
