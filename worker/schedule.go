package worker

import (
	"context"
	"time"

	"noren"
)

// scheduleInterval is how often the schedule looks for what is due, so how late it can be. Nothing that clients read
// depends on it: balances are read by the clock, and unused files are seen by nobody.
const scheduleInterval = time.Hour

// schedule does for each tenant what falls due by the calendar: it writes the entries of points that have expired, and
// sweeps uploaded files that nothing refers to and imports that are old. Each of it may be done by several workers at once, and be cut short
// anywhere; what is left is done the next time.
type schedule struct {
	*Worker
	// expired has the day for which a tenant's points were seen to have expired. Points of another day cannot be added
	// after it has begun, so there is nothing to do until the next. It is a memory only: a restart looks again.
	expired map[noren.TenantID]noren.Date
}

func newSchedule(w *Worker) *schedule {
	return &schedule{Worker: w, expired: make(map[noren.TenantID]noren.Date)}
}

// run looks at once and then every hour, until ctx ends.
func (s *schedule) run(ctx context.Context) {
	for {
		tenants, err := safely(func() ([]noren.Tenant, error) { return s.Service.Tenants(ctx) })
		s.complain(ctx, err, "listing the tenants")
		for _, t := range tenants {
			if ctx.Err() != nil {
				return
			}
			s.expire(ctx, t)
			s.sweep(ctx, t)
			s.sweepImports(ctx, t)
		}
		if !sleep(ctx, scheduleInterval) {
			return
		}
	}
}

// expire writes the entries of the tenant's points that expired before today, in its zone.
func (s *schedule) expire(ctx context.Context, t noren.Tenant) {
	today := noren.DateOf(s.Service.Now(), t.Location())
	if !t.Points.Enabled || s.expired[t.ID] == today {
		return
	}
	expired, err := safely(func() ([]noren.PointExpiry, error) { return s.Service.ExpirePoints(ctx, t, today, false) })
	if n := len(expired); n > 0 {
		s.Log.InfoContext(ctx, "points have expired", "tenant", t.Contract, "day", string(today), "grants", n)
	}
	if err == nil {
		s.expired[t.ID] = today
	}
	s.complain(ctx, err, "expiring points", "tenant", t.Contract)
}

// sweep removes the tenant's unused files, a bounded number at a time until none is left or one cannot be removed.
func (s *schedule) sweep(ctx context.Context, t noren.Tenant) {
	if s.RemoveFile == nil {
		return
	}
	for {
		swept, err := safely(func() (int, error) {
			return s.Service.SweepUploads(ctx, t.ID, func(fileKey string) error { return s.RemoveFile(ctx, t, fileKey) })
		})
		if swept > 0 {
			s.Log.InfoContext(ctx, "unused files were removed", "tenant", t.Contract, "files", swept)
		}
		s.complain(ctx, err, "removing unused files", "tenant", t.Contract)
		if swept == 0 || err != nil {
			return
		}
	}
}

// sweepImports removes what is left of the tenant's old imports, a bounded number at a time until nothing is.
func (s *schedule) sweepImports(ctx context.Context, t noren.Tenant) {
	for ctx.Err() == nil {
		swept, err := safely(func() (int, error) { return s.Service.SweepImports(ctx, t.ID) })
		s.complain(ctx, err, "sweeping imports", "tenant", t.Contract)
		if swept == 0 || err != nil {
			return
		}
	}
}

// complain logs an error, unless it only says that the worker is to stop. The next hour tries again.
func (s *schedule) complain(ctx context.Context, err error, what string, about ...any) {
	if err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, what, append(about, "error", err)...)
	}
}
