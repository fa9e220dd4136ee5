package worker

import (
	"context"
	"time"

	"noren"
)

// imports works on files that are being imported: a stretch of lines of each tenant that has one, in turn, so that a
// large file holds up nobody else's. One goroutine does it, because nobody waits for an import as for an answer.
type imports struct {
	*Worker
	resting map[noren.TenantID]*rest
}

// rest is how long a tenant whose import met an error is left alone.
type rest struct {
	pace  pace
	until time.Time
}

func newImports(w *Worker) *imports {
	return &imports{Worker: w, resting: make(map[noren.TenantID]*rest)}
}

// run looks for imports until ctx ends. A transaction that has begun goes on under working.
func (i *imports) run(ctx, working context.Context) {
	poll := time.NewTicker(i.Poll)
	defer poll.Stop()
	pace := newPace()
	for {
		tenants, err := safely(func() ([]noren.TenantID, error) { return i.Service.TenantsWithImports(ctx) })
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			i.Log.ErrorContext(ctx, "looking for imports", "error", err)
			sleep(ctx, pace.after(err))
			continue
		}
		pace.reset()
		if i.round(ctx, working, tenants) {
			continue // there may be more, of the same or of others
		}
		select {
		case <-ctx.Done():
			return
		case <-i.Service.ImportReady():
		case <-poll.C:
		}
	}
}

// round works one stretch of lines of each tenant, and answers whether there were any.
func (i *imports) round(ctx, working context.Context, tenants []noren.TenantID) (stepped bool) {
	for _, tenant := range tenants {
		if ctx.Err() != nil {
			return false
		}
		r := i.resting[tenant]
		if r != nil && time.Now().Before(r.until) {
			continue
		}
		done, err := i.step(working, tenant)
		if err != nil {
			if r == nil {
				r = &rest{pace: newPace()}
				i.resting[tenant] = r
			}
			r.until = time.Now().Add(r.pace.after(err))
			continue
		}
		delete(i.resting, tenant)
		stepped = stepped || done
	}
	return stepped
}

// step applies the next lines of the tenant's import. It answers false where there was nothing to do, or another process
// is at it.
func (i *imports) step(working context.Context, tenant noren.TenantID) (bool, error) {
	working, cancel := context.WithTimeout(working, maxApply)
	defer cancel()
	stepped, err := safely(func() (*noren.Import, error) { return i.Service.StepImport(working, tenant) })
	switch {
	case err != nil:
		i.Log.ErrorContext(working, "applying an import", "tenant", tenant, "error", err)
	case stepped != nil && stepped.State.Ended():
		i.Log.InfoContext(working, "an import has ended", "tenant", tenant, "import", stepped.ID, "state", string(stepped.State),
			"lines", stepped.Processed, "refused", stepped.Refused)
	}
	return stepped != nil, err
}
