package bulk

import (
	"context"
	"time"

	"noren"
)

// Kept is how long bulk requests, their callbacks and attempts stay stored by default.
const Kept = 90 * 24 * time.Hour

// sweptRequests is how many requests one transaction of Sweep removes.
const sweptRequests = 200

// Sweep removes the tenant's oldest requests that were applied long ago, with their callbacks and the attempts to deliver them,
// and returns how many: a bounded number. One whose callback is still pending stays, and so do all behind it.
func (s *Service) Sweep(ctx context.Context, t noren.Tenant) (swept int, err error) {
	kept := t.Keep.Bulk.Or(s.kept)
	if kept < 0 {
		return 0, nil
	}
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		swept, err = tx.SweepBulk(ctx, s.run.Now().Add(-kept), sweptRequests)
		return err
	})
	return swept, err
}
