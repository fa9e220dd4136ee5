package audit

import (
	"context"
	"slices"
	"time"

	"noren"
)

// MaxList bounds a page of the audit log.
const MaxList = 200

// clockSlack bounds how far the times of entries may be out of the order of their numbers: no transaction lasts that
// long, and no two clocks of a cluster differ that much.
const clockSlack = 5 * time.Minute

// List is one page of the audit log.
type List struct {
	Items   []noren.AuditEntry
	Clients map[int64]string // the names of the clients in Items, by id
	Next    int64            // number before which the next page begins; 0: this is the last page
}

// Log lists who wrote what, newest first. A page may be short, or even empty, and still have a next one, because
// one call reads a bounded number of entries. Forbidden for a caller restricted to one store, because the log covers
// all stores.
func (s *Service) Log(ctx context.Context, c noren.Caller, f noren.AuditFilter) (out List, err error) {
	if err := c.WholeTenant(); err != nil {
		return List{}, err
	}
	if f.Limit <= 0 || f.Limit > MaxList {
		f.Limit = MaxList
	}
	limit := f.Limit
	f.Limit++ // one more than asked for shows whether there is a next page
	var cut bool
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if cut, err = locate(ctx, &f, tx, s.run.Now()); err != nil {
			return err
		}
		if out.Items, err = tx.Audit(ctx, f); err != nil {
			return err
		}
		out.Clients, err = ClientNames(ctx, tx)
		return err
	})
	if err != nil {
		return List{}, err
	}
	switch {
	case len(out.Items) > limit:
		out.Items = slices.Clip(out.Items[:limit])
		out.Next = out.Items[limit-1].ID
	// Nothing more matched in what was read, but older entries were not read.
	case cut:
		out.Next = f.After + 1
	}
	return out, nil
}

// locate turns the filter's span of time into numbers. If no index supports the filter, it also bounds how many entries
// are read; cut reports that it did.
func locate(ctx context.Context, f *noren.AuditFilter, tx Tx, now time.Time) (cut bool, err error) {
	until := now
	if !f.At.To.IsZero() {
		until = f.At.To
	}
	// Numbers and not times, because the log has no index by time: each write would have to pay for it.
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
	// The table has indexes for these two filters. Any other filter has to read entry after entry.
	indexed := f.Subject != "" && f.SubjectID != "" || f.Login != ""
	// Otherwise a filter that matches nothing would read the whole log for one page.
	if end := f.Before - 1 - noren.LookBack; !indexed && end > f.After {
		f.After, cut = end, true
	}
	return cut, nil
}
