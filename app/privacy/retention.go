package privacy

import (
	"context"
	"time"

	"noren"
	"noren/app/unit"
)

// sweptMembers is how many members who left one transaction erases. Each reads every text that may name one of them.
const sweptMembers = 50

// leftBy returns the last day of leaving that is over; ok is false where the tenant keeps members who left for good.
func leftBy(t noren.Tenant, now time.Time) (day noren.Date, ok bool) {
	if t.Keep.LeftMembers <= 0 {
		return "", false
	}
	// Days are those of the tenant's zone, as the leave date is.
	return noren.DateOf(now.AddDate(0, 0, -int(t.Keep.LeftMembers)), t.Location()), true
}

// Sweep erases the tenant's members who left longer ago than the tenant keeps them, as Erase does, and returns how many. Those whom
// an import names that is not finished stay until the next time.
func (s *Service) Sweep(ctx context.Context, t noren.Tenant) (erased int, err error) {
	until, ok := leftBy(t, s.run.Now())
	// From the last one on, and not from the first: those who have to wait would be found again each time.
	for after := int64(0); ok && err == nil && ctx.Err() == nil; {
		var ids []int64
		var receipts []noren.Erasure
		err = s.run.Update(ctx, t.ID, func(tx Tx) error {
			if ids, err = tx.LeftMembers(ctx, until, after, sweptMembers); err != nil || len(ids) == 0 {
				return err
			}
			u := unit.Unit{Tenant: t, Now: s.run.Now().UTC().Truncate(time.Microsecond)}
			// Nobody has asked for it, so the receipt and the log name the schedule in the place of a login.
			receipts, _, err = erase(ctx, tx, u, noren.AuditEntry{At: u.Now, Dialect: noren.Schedule}, noren.Schedule, ids)
			return err
		})
		if err != nil || len(ids) == 0 {
			break
		}
		// Behind the commit: the transaction may run more than once, and only its last run counts.
		erased += len(receipts)
		after = ids[len(ids)-1]
	}
	return erased, err
}

// Due counts what is over by the tenant's own periods and, where it sets none, the server's: less than 0 for good. Nothing is
// changed.
func (s *Service) Due(ctx context.Context, t noren.Tenant, bulk, webhooks, imports time.Duration) (d noren.Due, err error) {
	now := s.run.Now()
	since := func(kept time.Duration) time.Time {
		// The zero time is before everything stored, so nothing is over.
		if kept < 0 {
			return time.Time{}
		}
		return now.Add(-kept)
	}
	e := noren.Expired{
		AuditValues: since(t.Keep.AuditValues.Or(-1)), Bulk: since(t.Keep.Bulk.Or(bulk)), Webhooks: since(t.Keep.Webhooks.Or(webhooks)),
		Imports: since(t.Keep.Imports.Or(imports)),
	}
	// The empty day, where they are kept for good, is before all days.
	e.LeftMembers, _ = leftBy(t, now)
	err = s.run.View(ctx, t.ID, func(tx Tx) error {
		d, err = tx.CountDue(ctx, e)
		return err
	})
	return d, err
}
