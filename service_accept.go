package noren

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Accepted is the answer to AcceptBulk: the stored request, or the answer that was kept under its Idempotency-Key.
type Accepted struct {
	Request BulkRequest
	Kept    *KeptAnswer
}

// AcceptBulk makes a bulk request durable and gives it its number; it takes effect later, in the order of the
// numbers. Kind, Dialect, CallbackURL and Rows of the request are the caller's; the rest is filled in here.
// Invalid where the rows break a rule that needs no stored data: then nothing is stored. once may be nil.
func (s *Service) AcceptBulk(ctx context.Context, c Caller, request BulkRequest, once *Once) (Accepted, error) {
	if err := request.Validate(); err != nil {
		return Accepted{}, err
	}
	rows, err := request.Rows.Encode()
	if err != nil {
		return Accepted{}, &Error{Message: "encoding the rows of a bulk request", Err: err}
	}
	request.Token, request.State = newID(), BulkAccepted
	request.ClientID, request.StoreID, request.RequestID = c.Client.ID, c.Client.StoreID, c.RequestID
	a := &acceptance{request: request, rows: rows, once: once, done: make(chan struct{})}
	s.accepts.add(c.Tenant.ID, a, s.acceptGroup)
	select {
	case <-a.done:
		return Accepted{a.request, a.kept}, a.err
	case <-ctx.Done():
		// The request may still be accepted: the caller does not know, as with any answer that is lost.
		return Accepted{}, &Error{Kind: Unavailable, Message: "the request was given up before it was stored", Err: ctx.Err()}
	}
}

// acceptance is one request on its way through a group.
type acceptance struct {
	request BulkRequest
	rows    []byte
	once    *Once
	kept    *KeptAnswer
	err     error
	done    chan struct{}
}

// acceptGroups lets concurrent accepts of one tenant share one commit: while one group commits, the next
// gathers. A single caller waits for nobody. One group at a time for each tenant also makes the order of the
// numbers the order of the commits.
type acceptGroups struct {
	mu      sync.Mutex
	waiting map[TenantID][]*acceptance // an entry exists while somebody works for the tenant
}

// maxAcceptGroup bounds a group, and so how long its commit takes.
const maxAcceptGroup = 256

// add runs a at once in the caller's goroutine where nobody works for the tenant, and lets it wait for the next group
// otherwise. Either way a is over when its channel is closed.
func (g *acceptGroups) add(tenant TenantID, a *acceptance, run func(TenantID, []*acceptance)) {
	g.mu.Lock()
	if g.waiting == nil {
		g.waiting = make(map[TenantID][]*acceptance)
	}
	if waiting, working := g.waiting[tenant]; working {
		g.waiting[tenant] = append(waiting, a)
		g.mu.Unlock()
		return
	}
	g.waiting[tenant] = nil
	g.mu.Unlock()
	run(tenant, []*acceptance{a})
	if next := g.next(tenant); next != nil {
		go func() { // a caller does not work for others
			for ; next != nil; next = g.next(tenant) {
				run(tenant, next)
				runtime.Gosched() // those who have just been answered may come at once with their next
			}
		}()
	}
}

// next takes the group that gathered meanwhile; where there is none, nobody works for the tenant any more.
func (g *acceptGroups) next(tenant TenantID) []*acceptance {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.waiting[tenant]
	if len(all) == 0 {
		delete(g.waiting, tenant)
		return nil
	}
	n := min(len(all), maxAcceptGroup)
	g.waiting[tenant] = all[n:]
	return all[:n:n]
}

// acceptGroup stores the group with one commit and lets its callers return. It does not run under a caller's
// context: one that hangs up must not take its neighbours along. A panic is the error of all of them.
func (s *Service) acceptGroup(tenant TenantID, group []*acceptance) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := s.tryGroup(ctx, tenant, group)
	for _, a := range group {
		if err != nil {
			a.kept, a.err = nil, err
		}
		close(a.done)
	}
	if err == nil {
		s.bulkReady.give()
	}
}

// tryGroup stores the group; alone, without a transaction of ours, where no answers are to be kept with the requests.
func (s *Service) tryGroup(ctx context.Context, tenant TenantID, group []*acceptance) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("accepting bulk requests of tenant %d: panic: %v\n%s", tenant, p, debug.Stack())
		}
	}()
	if !slices.ContainsFunc(group, func(a *acceptance) bool { return a.once != nil }) {
		return number(group, s.now(), func(requests []BulkRequest, rows [][]byte) ([]int64, error) {
			return s.engine.AcceptBulk(ctx, tenant, requests, rows)
		})
	}
	for range 3 {
		err = s.engine.Update(ctx, tenant, func(tx Tx) error { return s.storeGroup(ctx, tx, group) })
		if !errors.Is(err, errKeptMeanwhile) {
			break
		}
	}
	return err
}

// number stores the requests of the group with store, and gives them the numbers that it answers.
func number(group []*acceptance, now time.Time, store func([]BulkRequest, [][]byte) ([]int64, error)) error {
	requests, rows := make([]BulkRequest, len(group)), make([][]byte, len(group))
	for i, a := range group {
		a.request.AcceptedAt = now
		requests[i], rows[i] = a.request, a.rows
	}
	ids, err := store(requests, rows)
	if err != nil {
		return err
	}
	for i, a := range group {
		a.request.ID = ids[i]
	}
	return nil
}

// storeGroup stores those of the group whose answer is not kept already, and keeps the answers of those with a key.
func (s *Service) storeGroup(ctx context.Context, tx Tx, group []*acceptance) error {
	now := s.now()
	fresh := make([]*acceptance, 0, len(group))
	for _, a := range group {
		a.kept, a.err = nil, nil
		if a.once != nil {
			kept, err := tx.KeptAnswer(ctx, a.once.Key, now)
			if err != nil {
				return err
			}
			if kept != nil {
				a.kept, a.err = kept, kept.matches(a.once.BodyHash)
				continue
			}
		}
		fresh = append(fresh, a)
	}
	if len(fresh) == 0 {
		return nil
	}
	err := number(fresh, now, func(requests []BulkRequest, rows [][]byte) ([]int64, error) {
		return tx.AcceptBulk(ctx, requests, rows)
	})
	if err != nil {
		return err
	}
	for _, a := range fresh {
		if a.once == nil {
			continue
		}
		answer := a.once.Render(a.request)
		answer.BodyHash, answer.ExpiresAt = a.once.BodyHash, now.Add(KeyHeld)
		if kept, err := tx.KeepAnswer(ctx, a.once.Key, answer); err != nil {
			return err
		} else if !kept {
			return errKeptMeanwhile
		}
	}
	return nil
}
