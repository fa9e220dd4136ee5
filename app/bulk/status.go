package bulk

import (
	"context"

	"noren"
)

// Status is everything known about a bulk request.
type Status struct {
	Request  noren.BulkRequest
	Callback *noren.Callback // nil until the request has been applied
	Attempts []noren.Attempt
}

// Status returns the state of a bulk request and of its callback. NotFound if the tenant has no such request, or
// the caller may not see it.
func (s *Service) Status(ctx context.Context, c noren.Caller, id int64) (out Status, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Request, out.Callback, out.Attempts, err = tx.BulkByID(ctx, id)
		return err
	})
	// Checked afterwards, because the row itself says who sent the request. It is as if there were none, because an
	// answer of another kind would tell which numbers others have.
	if err == nil && !out.Request.VisibleTo(c) {
		return Status{}, noren.Missing("bulk request", id)
	}
	return out, err
}
