package members

import (
	"context"
	"strconv"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// History lists who changed what of a member, newest first.
type History struct {
	Entries []noren.AuditEntry
	Clients map[int64]string // the names of the entries' clients, by id
}

// History returns one page of the audit log of a member, newest first. NotFound if the caller may not see the
// member.
func (s *Service) History(ctx context.Context, c noren.Caller, member int64, p noren.Page) (out History, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		f := noren.AuditFilter{Subject: "member", SubjectID: strconv.FormatInt(member, 10), Page: p}
		if out.Entries, err = tx.Audit(ctx, f); err != nil {
			return err
		}
		out.Clients, err = audit.ClientNames(ctx, tx)
		return err
	})
	return out, err
}

// LastChanges returns who last changed each column of a member, as far as the latest entries of the audit log
// show. NotFound if the caller may not see the member.
func (s *Service) LastChanges(ctx context.Context, c noren.Caller, member int64) (last map[string]audit.LastChange, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		last, err = audit.LastChanges(ctx, tx, "member", strconv.FormatInt(member, 10))
		return err
	})
	return last, err
}
