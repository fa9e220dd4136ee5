package bulk

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"noren"
)

// groups lets concurrent writes of one tenant share a commit: while one group commits, the next gathers. A single caller never
// waits for others, and only one group of a tenant runs at a time.
type groups[T any] struct {
	mu      sync.Mutex
	waiting map[noren.TenantID][]T // a tenant has an entry while a group of it is running
}

// maxGroup bounds a group, and with it the time that its commit takes.
const maxGroup = 256

// groupPatience bounds the storing of a group, which outlives its callers.
const groupPatience = 30 * time.Second

// add runs a at once in the caller's goroutine if no group of the tenant is running; otherwise a waits for the next
// group. Either way run has been called with it sooner or later.
func (g *groups[T]) add(tenant noren.TenantID, a T, run func(noren.TenantID, []T)) {
	g.mu.Lock()
	if g.waiting == nil {
		g.waiting = make(map[noren.TenantID][]T)
	}
	if waiting, working := g.waiting[tenant]; working {
		g.waiting[tenant] = append(waiting, a)
		g.mu.Unlock()
		return
	}
	g.waiting[tenant] = nil
	g.mu.Unlock()
	run(tenant, []T{a})
	if next := g.next(tenant); next != nil {
		go func() { // not in this goroutine: its caller would wait for other callers' writes
			for ; next != nil; next = g.next(tenant) {
				run(tenant, next)
				runtime.Gosched() // callers that just returned often write again at once, and can join the group
			}
		}()
	}
}

// next returns the group that has gathered, or, if there is none, marks the tenant as idle and returns nil.
func (g *groups[T]) next(tenant noren.TenantID) []T {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.waiting[tenant]
	if len(all) == 0 {
		delete(g.waiting, tenant)
		return nil
	}
	n := min(len(all), maxGroup)
	g.waiting[tenant] = all[n:]
	// With its capacity cut, so that what is appended later does not write into this group.
	return all[:n:n]
}

// caught makes an error of a panic that was recovered; without one it is err. A group's goroutine is nobody's, and would end the process.
func caught(panicked any, err error, doing string, tenant noren.TenantID) error {
	if panicked == nil {
		return err
	}
	return fmt.Errorf("%s of tenant %d: panic: %v\n%s", doing, tenant, panicked, debug.Stack())
}
