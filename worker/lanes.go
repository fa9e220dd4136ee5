package worker

import (
	"context"
	"sync"
	"time"

	"noren"
)

// lanes applies bulk requests. Each tenant with work gets a goroutine, which works on the lane until it is empty. A
// limited number of them apply at the same time, and none keeps its turn while it waits after an error.
type lanes struct {
	*Worker
	turns chan struct{} // holds one value for each tenant that is applying now

	mu sync.Mutex
	// worked has an entry for each tenant with a goroutine. True means that there was news of the tenant in the meantime,
	// so the goroutine must look once more before it ends.
	worked map[noren.TenantID]bool
	group  sync.WaitGroup
}

// maxApply bounds one transaction of a lane, which normally takes milliseconds: one that hangs must not keep its turn.
const maxApply = 30 * time.Second

func newLanes(w *Worker) *lanes {
	return &lanes{Worker: w, turns: make(chan struct{}, w.Lanes), worked: make(map[noren.TenantID]bool)}
}

// run looks for tenants with work until ctx ends, then waits for the transactions that run under working.
func (l *lanes) run(ctx, working context.Context) {
	defer l.group.Wait()
	poll := time.NewTicker(l.Poll)
	defer poll.Stop()
	waits := newWaits()
	for {
		tenants, err := safely(func() ([]noren.TenantID, error) { return l.Rooms.Bulk.Waiting(ctx) })
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			l.Log.ErrorContext(ctx, "looking for bulk requests", "error", err)
			sleep(ctx, waits.after(err))
			continue
		}
		waits.reset()
		for _, tenant := range tenants {
			l.begin(ctx, working, tenant)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.Rooms.Bulk.Ready():
		case <-poll.C:
		}
	}
}

// begin makes sure that the tenant's lane is looked at after this call.
func (l *lanes) begin(ctx, working context.Context, tenant noren.TenantID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Its goroutine may be about to end, having found nothing: the mark makes it look once more.
	if _, ok := l.worked[tenant]; ok {
		l.worked[tenant] = true
		return
	}
	l.worked[tenant] = false
	l.group.Go(func() { l.work(ctx, working, tenant) })
}

// leave ends the tenant's work. It returns false if there was news of the tenant, so that its goroutine must look
// again.
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

// work applies the tenant's requests until none is waiting or ctx ends.
func (l *lanes) work(ctx, working context.Context, tenant noren.TenantID) {
	waits := newWaits()
	for ctx.Err() == nil {
		done, err := l.apply(ctx, working, tenant)
		switch {
		case err != nil && ctx.Err() == nil:
			l.Log.ErrorContext(ctx, "applying bulk requests", "tenant", tenant, "error", err)
			l.Metrics.ApplyError(tenant, err)
			sleep(ctx, waits.after(err))
		// leave fails if there was news since the lane was found empty.
		case len(done) == 0 && l.leave(tenant):
			return
		default:
			waits.reset()
		}
		for _, r := range done {
			l.Metrics.Applied(r, max(0, r.AppliedAt.Sub(r.AcceptedAt))) // the clock may have been set back
		}
	}
}

// apply waits for its turn and applies the lane's next requests. A transaction that has begun is not interrupted by
// ctx.
func (l *lanes) apply(ctx, working context.Context, tenant noren.TenantID) ([]noren.BulkRequest, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case l.turns <- struct{}{}:
	}
	defer func() { <-l.turns }()
	working, cancel := context.WithTimeout(working, maxApply)
	defer cancel()
	return safely(func() ([]noren.BulkRequest, error) { return l.Rooms.Bulk.ApplyLane(working, tenant) })
}
