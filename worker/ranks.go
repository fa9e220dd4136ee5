package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"noren"
	"noren/app/ranks"
)

const (
	rankInterval = time.Minute // how often to look for due checks, so also how late one may begin
	rankLook     = time.Hour   // how often to ask the database even though the calendar shows nothing due
	rankTenants  = 16          // tenants whose checks run at the same time
	rankRest     = 2           // the pause after a slice is this many times as long as the slice took
	rankPause    = time.Second // the longest pause
)

// rankChecks runs each tenant's checks of ranks when they fall due, and those missed while the server was down. Of
// several workers one gets ahead, and the others leave the check to it until they look again. Checks take turns slice
// by slice, so that a small tenant does not wait for a big one, and pause twice as long as they work, which leaves two
// thirds of the time to the rest of the server.
type rankChecks struct {
	*Worker
	turn sync.Mutex // held while working on a slice

	mu sync.Mutex
	// looked has the time at which a tenant had nothing due. Until the next check in its calendar there is nothing to look
	// for except a check that an operator began and did not finish. It is only kept in memory: after a restart every
	// tenant is looked at.
	looked map[noren.TenantID]time.Time
}

func newRankChecks(w *Worker) *rankChecks {
	return &rankChecks{Worker: w, looked: make(map[noren.TenantID]time.Time)}
}

// run looks at once and then every minute, until ctx ends. A check interrupted then continues at the next start.
func (r *rankChecks) run(ctx context.Context) {
	for r.awaitTrust(ctx) {
		tenants, err := safely(func() ([]noren.Tenant, error) { return r.Rooms.Access.Tenants(ctx) })
		r.complain(ctx, err, "listing the tenants")
		var group sync.WaitGroup
		room := make(chan struct{}, rankTenants)
		for _, t := range tenants {
			if !r.toLook(t) {
				continue
			}
			// Taken here, so that no more goroutines are made than may work.
			room <- struct{}{}
			group.Go(func() {
				defer func() { <-room }()
				r.check(ctx, t)
			})
		}
		group.Wait()
		if !sleep(ctx, rankInterval) {
			return
		}
	}
}

// toLook reports whether the tenant may have a check due, without asking the database.
func (r *rankChecks) toLook(t noren.Tenant) bool {
	if t.Programme == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	looked, now := r.looked[t.ID], r.Rooms.Now()
	return now.Sub(looked).Abs() >= rankLook || // also after the clock was set back
		!t.Programme.Next(looked, t.Location()).At.After(now)
}

// errElsewhere leaves a check to the worker that is ahead.
var errElsewhere = errors.New("another worker is running this check")

// check runs the tenant's due checks, one after another.
func (r *rankChecks) check(ctx context.Context, t noren.Tenant) {
	for ctx.Err() == nil && r.clock.trusted() {
		// Read before the look-up: a check that falls due in between must not be skipped.
		looked := r.Rooms.Now()
		at, err := safely(func() (*time.Time, error) { return r.Rooms.Ranks.Due(ctx, t) })
		if err != nil {
			r.complain(ctx, err, "looking for a due check of ranks", "tenant", t.Contract)
			return
		}
		if at == nil {
			r.mu.Lock()
			r.looked[t.ID] = looked
			r.mu.Unlock()
			return
		}
		done, err := safely(func() (noren.RankCheck, error) { return r.checkAt(ctx, t, *at) })
		if errors.Is(err, errElsewhere) {
			return
		}
		if err != nil {
			r.complain(ctx, err, "checking ranks", "tenant", t.Contract, "check", at.Format(time.RFC3339))
			return
		}
		r.Log.InfoContext(ctx, "ranks were checked", "tenant", t.Contract, "check", at.In(t.Location()).Format(time.RFC3339),
			"risen", done.Risen, "fallen", done.Fallen, "stayed", done.Stayed, "took", done.FinishedAt.Sub(done.StartedAt))
	}
}

// checkAt runs one check, slice by slice, when it is its turn.
func (r *rankChecks) checkAt(ctx context.Context, t noren.Tenant, at time.Time) (noren.RankCheck, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	began := time.Now()
	return r.Rooms.Ranks.Check(ctx, t, at, func(slice ranks.Slice) error {
		switch {
		case slice.Raced && slice.Check.FinishedAt == nil:
			return errElsewhere
		case slice.Check.FinishedAt != nil:
			return nil
		case !sleep(ctx, min(rankRest*time.Since(began), rankPause)):
			return ctx.Err()
		}
		// Let the others have their turn before the next slice.
		// A mutex of Go is handed to whoever has waited for longer than a millisecond, so the others do get it.
		r.turn.Unlock()
		r.turn.Lock()
		began = time.Now()
		return nil
	})
}

// complain logs an error, unless it only means that the worker is to stop. The next look tries again.
func (r *rankChecks) complain(ctx context.Context, err error, what string, about ...any) {
	if err != nil && ctx.Err() == nil {
		r.Log.ErrorContext(ctx, what, append(about, "error", err)...)
	}
}
