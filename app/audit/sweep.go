package audit

import (
	"context"

	"noren"
)

// sweptEntries is how many entries one transaction of Sweep looks at.
const sweptEntries = 1000

// Sweep removes the values of the tenant's oldest entries, where the tenant keeps them for a set time only. Who did what and when
// stays. It returns how many entries it has looked at: a bounded number, 0 if none is left.
func (s *Service) Sweep(ctx context.Context, t noren.Tenant) (swept int, err error) {
	kept := t.Keep.AuditValues.Or(-1)
	if kept < 0 {
		return 0, nil
	}
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		swept, err = tx.SweepAudit(ctx, s.run.Now().Add(-kept), sweptEntries)
		return err
	})
	return swept, err
}
