package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"noren"
)

const (
	rankInterval = time.Minute // how often to look whether a check of ranks has fallen due, so how late one may begin
	rankLook     = time.Hour   // how often to ask the database although the calendar says that nothing is due
	rankTenants  = 16          // tenants whose checks run at the same time
	rankRest     = 2           // how many times as long as a slice took the pause after it is
	rankPause    = time.Second // the longest pause
)

// rankChecks runs each tenant's checks of ranks when their time has come, and those that a server which was down has
// missed. Of several workers one gets ahead, and the others leave the check to it until the next look. Checks take turns
// slice by slice, so that a small tenant does not wait for a big one, and rest twice as long as they work, which
// leaves two thirds to the rest of the server.
type rankChecks struct {
	*Worker
	turn sync.Mutex // of who works on a slice

	mu sync.Mutex
	// looked has when a tenant was seen to have nothing due. Until the next instant of its calendar there is nothing to
	// look for, but what an operator began and did not finish. It is a memory only: a restart looks again.
	looked map[noren.TenantID]time.Time
}

func newRankChecks(w *Worker) *rankChecks {
	return &rankChecks{Worker: w, looked: make(map[noren.TenantID]time.Time)}
}

// run looks at once and then every minute, until ctx ends. What is cut short then goes on at the next start.
func (r *rankChecks) run(ctx context.Context) {
	for {
		tenants, err := safely(func() ([]noren.Tenant, error) { return r.Service.Tenants(ctx) })
		r.complain(ctx, err, "listing the tenants")
		var group sync.WaitGroup
		room := make(chan struct{}, rankTenants)
		for _, t := range tenants {
			if !r.toLook(t) {
				continue
			}
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
	looked, now := r.looked[t.ID], r.Service.Now()
	return now.Sub(looked) >= rankLook || !t.Programme.Next(looked, t.Location()).At.After(now)
}

// errElsewhere leaves a check to the worker that was found to be ahead.
var errElsewhere = errors.New("another worker is at this check")

// check runs what the tenant is due, one check after another.
func (r *rankChecks) check(ctx context.Context, t noren.Tenant) {
	for ctx.Err() == nil {
		looked := r.Service.Now()
		at, err := safely(func() (*time.Time, error) { return r.Service.DueRankCheck(ctx, t) })
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

// checkAt runs one check, slice by slice as its turn comes.
func (r *rankChecks) checkAt(ctx context.Context, t noren.Tenant, at time.Time) (noren.RankCheck, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	began := time.Now()
	return r.Service.CheckRanks(ctx, t, at, func(slice noren.RankSlice) error {
		switch {
		case slice.Raced && slice.Check.FinishedAt == nil:
			return errElsewhere
		case slice.Check.FinishedAt != nil:
			return nil
		case !sleep(ctx, min(rankRest*time.Since(began), rankPause)):
			return ctx.Err()
		}
		r.turn.Unlock()
		r.turn.Lock()
		began = time.Now()
		return nil
	})
}

// complain logs an error, unless it only says that the worker is to stop. The next look tries again.
func (r *rankChecks) complain(ctx context.Context, err error, what string, about ...any) {
	if err != nil && ctx.Err() == nil {
		r.Log.ErrorContext(ctx, what, append(about, "error", err)...)
	}
}
