package noren

import (
	"context"
	"slices"
	"time"
)

// MaxAuditList bounds a page of the audit log.
const MaxAuditList = 200

// clockSlack is by how much the times of entries may be out of the order of their numbers: no transaction lasts that
// long, and no two clocks of one cluster differ by as much.
const clockSlack = 5 * time.Minute

// AuditList is one page of the audit log.
type AuditList struct {
	Items   []AuditEntry
	Clients map[int64]string // the names of the clients among them
	Next    int64            // the number that the next page begins before; 0: this is the end
}

// AuditLog lists who wrote what, newest first. A page may be short, or empty, and yet have a next one: how far one call
// looks is bounded. Forbidden for a caller who is bound to a store, since the log is of all of them.
func (s *Service) AuditLog(ctx context.Context, c Caller, f AuditFilter) (out AuditList, err error) {
	if c.Client.StoreID != nil {
		return AuditList{}, wholeTenantOnly()
	}
	if f.Limit <= 0 || f.Limit > MaxAuditList {
		f.Limit = MaxAuditList
	}
	limit := f.Limit
	f.Limit++ // one more than asked for tells whether there is one more
	var cut bool
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if cut, err = f.locate(ctx, tx, s.now()); err != nil {
			return err
		}
		if out.Items, err = tx.Audit(ctx, f); err != nil {
			return err
		}
		out.Clients, err = clientNames(ctx, tx)
		return err
	})
	if err != nil {
		return AuditList{}, err
	}
	switch {
	case len(out.Items) > limit:
		out.Items = slices.Clip(out.Items[:limit])
		out.Next = out.Items[limit-1].ID
	case cut:
		out.Next = f.After + 1
	}
	return out, nil
}

// locate turns the span of the filter into numbers, and bounds how far is looked for what no index leads to; cut says
// that it did.
func (f *AuditFilter) locate(ctx context.Context, tx Tx, now time.Time) (cut bool, err error) {
	until := now
	if !f.At.To.IsZero() {
		until = f.At.To
	}
	last, err := tx.AuditNumber(ctx, until.Add(clockSlack))
	if err != nil {
		return false, err
	}
	if f.Before == 0 || f.Before > last {
		f.Before = last + 1
	}
	if !f.At.From.IsZero() {
		if f.After, err = tx.AuditNumber(ctx, f.At.From.Add(-clockSlack)); err != nil {
			return false, err
		}
	}
	indexed := f.Subject != "" && f.SubjectID != "" || f.Login != ""
	if end := f.Before - 1 - lookBack; !indexed && end > f.After {
		f.After, cut = end, true
	}
	return cut, nil
}
