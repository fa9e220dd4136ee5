package worker

import (
	"context"
	"sync"
	"time"

	"noren"
)

// lanes applies bulk requests. Each tenant with work gets a goroutine of its own, which works the lane until it is
// empty; a limited number of them apply at the same time, and none keeps its turn while it waits after an error.
type lanes struct {
	*Worker
	turns chan struct{} // holds one value for each tenant that is applying now

	mu sync.Mutex
	// worked has an entry for each tenant that has a goroutine. True: there was news of the tenant meanwhile, so
	// the goroutine has to look once more before it leaves.
	worked map[noren.TenantID]bool
	group  sync.WaitGroup
}

// maxApply bounds one transaction of a lane, which takes milliseconds: one that hangs must not keep its turn.
const maxApply = 30 * time.Second

func newLanes(w *Worker) *lanes {
	return &lanes{Worker: w, turns: make(chan struct{}, w.Lanes), worked: make(map[noren.TenantID]bool)}
}

// run looks for tenants with work until ctx ends, then waits for the transactions that run under working.
func (l *lanes) run(ctx, working context.Context) {
	defer l.group.Wait()
	poll := time.NewTicker(l.Poll)
	defer poll.Stop()
	pace := newPace()
	for {
		tenants, err := safely(func() ([]noren.TenantID, error) { return l.Service.TenantsWithBulk(ctx) })
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			l.Log.ErrorContext(ctx, "looking for bulk requests", "error", err)
			sleep(ctx, pace.after(err))
			continue
		}
		pace.reset()
		for _, tenant := range tenants {
			l.begin(ctx, working, tenant)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.Service.BulkReady():
		case <-poll.C:
		}
	}
}

// begin sees to it that the tenant's lane is looked at after this call.
func (l *lanes) begin(ctx, working context.Context, tenant noren.TenantID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.worked[tenant]; ok {
		l.worked[tenant] = true
		return
	}
	l.worked[tenant] = false
	l.group.Go(func() { l.work(ctx, working, tenant) })
}

// leave answers false if there was news of the tenant, so that its goroutine has to look again.
func (l *lanes) leave(tenant noren.TenantID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worked[tenant] {
		l.worked[tenant] = false
		return false
	}
	delete(l.worked, tenant)
	return true
}

// work applies the tenant's requests until none waits or ctx ends.
func (l *lanes) work(ctx, working context.Context, tenant noren.TenantID) {
	pace := newPace()
	for ctx.Err() == nil {
		done, err := l.apply(ctx, working, tenant)
		switch {
		case err != nil && ctx.Err() == nil:
			l.Log.ErrorContext(ctx, "applying bulk requests", "tenant", tenant, "error", err)
			l.Metrics.ApplyError(tenant, err)
			sleep(ctx, pace.after(err))
		case len(done) == 0 && l.leave(tenant):
			return
		default:
			pace.reset()
		}
		for _, r := range done {
			l.Metrics.Applied(r, r.AppliedAt.Sub(r.AcceptedAt))
		}
	}
}

// apply takes its turn and applies the lane's next requests. A transaction that has begun is not broken off by ctx.
func (l *lanes) apply(ctx, working context.Context, tenant noren.TenantID) ([]noren.BulkRequest, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case l.turns <- struct{}{}:
	}
	defer func() { <-l.turns }()
	working, cancel := context.WithTimeout(working, maxApply)
	defer cancel()
	return safely(func() ([]noren.BulkRequest, error) { return l.Service.ApplyLane(working, tenant) })
}
