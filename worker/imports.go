package worker

import (
	"context"
	"time"

	"noren"
)

// imports applies imports: one piece of each tenant in turn, so that a large file does not hold up other tenants. One
// goroutine is enough, because nobody waits for an import as for a response.
type importRounds struct {
	*Worker
	resting map[noren.TenantID]*rest
}

// rest is how long a tenant whose import failed is left alone.
type rest struct {
	waits waits
	until time.Time
}

func newImports(w *Worker) *importRounds {
	return &importRounds{Worker: w, resting: make(map[noren.TenantID]*rest)}
}

// run looks for imports until ctx ends. A running transaction continues under working.
func (i *importRounds) run(ctx, working context.Context) {
	poll := time.NewTicker(i.Poll)
	defer poll.Stop()
	waits := newWaits()
	for {
		tenants, err := safely(func() ([]noren.TenantID, error) { return i.Rooms.Imports.Waiting(ctx) })
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			i.Log.ErrorContext(ctx, "looking for imports", "error", err)
			sleep(ctx, waits.after(err))
			continue
		}
		waits.reset()
		if i.round(ctx, working, tenants) {
			continue // there may be more, for the same or other tenants
		}
		select {
		case <-ctx.Done():
			return
		case <-i.Rooms.Imports.Ready():
		case <-poll.C:
		}
	}
}

// round applies one piece for each tenant, and reports whether there were any.
func (i *importRounds) round(ctx, working context.Context, tenants []noren.TenantID) (stepped bool) {
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
				r = &rest{waits: newWaits()}
				i.resting[tenant] = r
			}
			// Each tenant by itself: one whose import fails must not slow down the others.
			r.until = time.Now().Add(r.waits.after(err))
			continue
		}
		// The backoff starts over after a success.
		delete(i.resting, tenant)
		stepped = stepped || done
	}
	return stepped
}

// step applies the next piece of the tenant's import. It returns false if there is none, or another process is working
// on it.
func (i *importRounds) step(working context.Context, tenant noren.TenantID) (bool, error) {
	working, cancel := context.WithTimeout(working, maxApply)
	defer cancel()
	stepped, err := safely(func() (*noren.Import, error) { return i.Rooms.Imports.Step(working, tenant) })
	switch {
	case err != nil:
		i.Log.ErrorContext(working, "applying an import", "tenant", tenant, "error", err)
	case stepped != nil && stepped.State.Ended():
		i.Log.InfoContext(working, "an import ended", "tenant", tenant, "import", stepped.ID, "state", string(stepped.State),
			"lines", stepped.Processed, "refused", stepped.Refused)
	}
	return stepped != nil, err
}
