package audit

import (
	"context"

	"noren"
)

// Note records something that a caller has done without changing anything: what was seen, or taken out. changes says what,
// as Change returns it.
func (s *Service) Note(ctx context.Context, c noren.Caller, subject, id string, changes []byte) error {
	return s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		by := c.Entry(s.run.Now())
		by.Subject, by.SubjectID, by.Changes = subject, id, changes
		return tx.AddAudit(ctx, []noren.AuditEntry{by})
	})
}
