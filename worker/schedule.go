package worker

import (
	"context"
	"time"

	"noren"
	"noren/app/points"
)

// scheduleInterval is how often the schedule looks for what is due, so also how late it can be. Nothing that clients
// read depends on it: balances are read by the clock.
const scheduleInterval = time.Hour

// schedule does for each tenant what falls due by the calendar: it writes the entries of expired points, and sweeps what was
// done long ago. Several workers may do it at once, and it may be interrupted anywhere; what is left is done the next time.
type schedule struct {
	*Worker
	// expired has the last day on which the expired points of a tenant were written. No more points can expire before the
	// next day, so there is nothing to do until then. It is only kept in memory: after a restart every tenant is looked
	// at.
	expired map[noren.TenantID]noren.Date
	// retained has the last day on which a tenant's old audit values and members who left were removed, with its periods.
	retained map[noren.TenantID]retained
}

// retained is what the daily run was done with.
type retained struct {
	day  noren.Date
	keep noren.Retention
}

func newSchedule(w *Worker) *schedule {
	return &schedule{Worker: w, expired: make(map[noren.TenantID]noren.Date), retained: make(map[noren.TenantID]retained)}
}

// run looks at once and then every hour, until ctx ends.
func (s *schedule) run(ctx context.Context) {
	for s.awaitTrust(ctx) {
		tenants, err := safely(func() ([]noren.Tenant, error) { return s.Rooms.Access.Tenants(ctx) })
		s.complain(ctx, err, "listing the tenants")
		for _, t := range tenants {
			if ctx.Err() != nil || !s.clock.trusted() {
				break
			}
			s.expire(ctx, t)
			s.sweepDone(ctx, t)
			s.retain(ctx, t)
		}
		if !sleep(ctx, scheduleInterval) {
			return
		}
	}
}

// expire writes the entries of the tenant's points that expired before today in its zone.
func (s *schedule) expire(ctx context.Context, t noren.Tenant) {
	today := noren.DateOf(s.Rooms.Now(), t.Location())
	if !t.Points.Enabled || s.expired[t.ID] == today {
		return
	}
	expired, err := safely(func() ([]points.Expiry, error) { return s.Rooms.Points.Expire(ctx, t, today, false) })
	// Also with an error: what was written before it stays.
	if n := len(expired); n > 0 {
		s.Log.InfoContext(ctx, "points have expired", "tenant", t.Contract, "day", string(today), "grants", n)
	}
	if err == nil {
		s.expired[t.ID] = today
	}
	s.complain(ctx, err, "expiring points", "tenant", t.Contract)
}

// sweepDone removes the tenant's old imports, bulk requests and messages, a bounded number of rows at a time, until nothing is
// left.
func (s *schedule) sweepDone(ctx context.Context, t noren.Tenant) {
	for _, room := range []struct {
		what  string
		sweep func(ctx context.Context, t noren.Tenant) (int, error)
	}{
		{"sweeping imports", s.Rooms.Imports.Sweep},
		{"sweeping bulk requests", s.Rooms.Bulk.Sweep},
		{"sweeping webhooks", s.Rooms.Inbox.Sweep},
	} {
		for ctx.Err() == nil {
			swept, err := safely(func() (int, error) { return room.sweep(ctx, t) })
			s.complain(ctx, err, room.what, "tenant", t.Contract)
			if swept == 0 || err != nil {
				break
			}
		}
	}
}

// retain removes old audit values and erases members who left, once on each day of the tenant, and again after it has changed how
// long it keeps them. Members who left are found by reading all of them, which is not for every hour.
func (s *schedule) retain(ctx context.Context, t noren.Tenant) {
	this := retained{noren.DateOf(s.Rooms.Now(), t.Location()), t.Keep}
	if s.retained[t.ID] == this {
		return
	}
	values, err := 0, error(nil)
	for n := -1; n != 0 && err == nil && ctx.Err() == nil; values += n {
		n, err = safely(func() (int, error) { return s.Rooms.Audit.Sweep(ctx, t) })
	}
	s.complain(ctx, err, "removing old audit values", "tenant", t.Contract)
	erased, leftErr := safely(func() (int, error) { return s.Rooms.Privacy.Sweep(ctx, t) })
	s.complain(ctx, leftErr, "erasing members who left", "tenant", t.Contract)
	if values > 0 || erased > 0 {
		s.Log.InfoContext(ctx, "what the tenant keeps no longer was removed", "tenant", t.Contract, "audit_entries", values, "members", erased)
	}
	if err == nil && leftErr == nil && ctx.Err() == nil {
		s.retained[t.ID] = this
	}
}

// complain logs an error, unless it only means that the worker is to stop. The next hour tries again.
func (s *schedule) complain(ctx context.Context, err error, what string, about ...any) {
	if err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, what, append(about, "error", err)...)
	}
}
