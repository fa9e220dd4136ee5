package sqlstore

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"noren"
)

// queueLength bounds the calls that wait for the writer: about two seconds of work. A tenant has no more of it than is still
// free, so there is always room for others.
const queueLength = 2048

// How the writer's time is shared while several tenants write.
const (
	// recently is how long a tenant counts as one of those who write.
	recently = time.Second
	// restAfter is the time of a batch of the busiest tenant after which the writer rests for as long, but for what other tenants
	// want: who comes in between does not wait. So one tenant has no more than half of the writer's time while others write.
	restAfter = 3 * time.Millisecond
)

// fairQueue holds the calls that wait for the writer. Those of one tenant keep their order. The tenant that has had the
// least of the writer's time lately comes first.
type fairQueue struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting map[noren.TenantID][]*call
	turns   []noren.TenantID       // those with something waiting, the next first
	n       int                    // of all that waits
	begun   map[noren.TenantID]int // calls that wait or were taken and have not finished
	closed  bool

	used    map[noren.TenantID]usage // of the tenants that have written recently
	resting noren.TenantID           // whose calls wait until the rest is over; 0: nobody's
	rested  time.Time
}

// usage is what a tenant has had of the writer.
type usage struct {
	last time.Time     // when its last call ended
	time time.Duration // of its calls, half of which is forgotten within recently
	long bool          // its last calls took longer than batchTime each
}

// at is the usage at a later time.
func (u usage) at(now time.Time) time.Duration {
	return time.Duration(float64(u.time) * math.Exp2(-now.Sub(u.last).Seconds()/recently.Seconds()))
}

func newFairQueue() *fairQueue {
	q := &fairQueue{waiting: make(map[noren.TenantID][]*call), begun: make(map[noren.TenantID]int), used: make(map[noren.TenantID]usage)}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// put adds a call.
func (q *fairQueue) put(c *call) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.waiting[c.tenant]
	switch {
	case q.closed:
		return comeBack(errClosed)
	case len(own) >= queueLength-q.n:
		return comeBack(fmt.Errorf("%d writes are waiting already, %d of them of tenant %d", q.n, len(own), c.tenant))
	}
	if len(own) == 0 {
		q.turns = append(q.turns, c.tenant)
	}
	q.waiting[c.tenant] = append(own, c)
	q.n++
	q.begun[c.tenant]++
	q.changed.Signal()
	return nil
}

// take waits for a call and takes up to most of those that wait, of each tenant in turn. Long calls are not taken together with
// those of other tenants, which would wait for them to be committed. It returns none when the queue is closed and worked off.
func (q *fairQueue) take(most int) (calls []*call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == 0 || q.rests() {
		if q.n == 0 && q.closed {
			return nil
		}
		q.changed.Wait()
	}
	now := time.Now()
	slices.SortStableFunc(q.turns, func(a, b noren.TenantID) int { return cmp.Compare(q.used[a].at(now), q.used[b].at(now)) })
	for len(calls) < most && q.n > 0 {
		tenant := q.turns[0]
		if len(calls) > 0 && tenant != calls[0].tenant && (q.used[tenant].long || q.used[calls[0].tenant].long) {
			return calls
		}
		own := q.waiting[tenant]
		calls = append(calls, own[0])
		q.turns = q.turns[1:]
		q.n--
		if len(own) == 1 {
			delete(q.waiting, tenant)
			continue
		}
		q.waiting[tenant] = own[1:]
		q.turns = append(q.turns, tenant)
	}
	return calls
}

// rests reports whether the writer rests: nobody waits but the tenant that has had it for long.
func (q *fairQueue) rests() bool {
	return !q.closed && q.resting != 0 && len(q.turns) == 1 && q.turns[0] == q.resting && time.Now().Before(q.rested)
}

// back puts calls that were taken and not run in front of those that wait.
func (q *fairQueue) back(calls []*call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range slices.Backward(calls) {
		own := q.waiting[c.tenant]
		q.waiting[c.tenant] = append([]*call{c}, own...)
		if at := slices.Index(q.turns, c.tenant); at >= 0 {
			q.turns = slices.Delete(q.turns, at, at+1)
		}
		q.turns = append([]noren.TenantID{c.tenant}, q.turns...)
		q.n++
	}
}

// finished forgets calls that were taken, and notes how long the batch took that they were in.
func (q *fairQueue) finished(calls []*call, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, each := time.Now(), took/time.Duration(max(len(calls), 1))
	for _, c := range calls {
		if q.begun[c.tenant]--; q.begun[c.tenant] == 0 {
			delete(q.begun, c.tenant)
		}
		if c.tenant != 0 { // work across tenants is nobody's
			q.used[c.tenant] = usage{now, q.used[c.tenant].at(now) + each, each > batchTime}
		}
	}
	for tenant, u := range q.used {
		if now.Sub(u.last) > recently && q.begun[tenant] == 0 {
			delete(q.used, tenant)
		}
	}
	// Calls of others neither end a rest nor begin one: they are what it is for.
	if took > restAfter && q.busiest(calls, now) {
		q.resting, q.rested = calls[0].tenant, now.Add(took)
		time.AfterFunc(took, q.wake)
	}
}

// busiest reports whether the calls are all of one tenant, and of the others that have written recently, of whom there is at
// least one, none has had more of the writer's time.
func (q *fairQueue) busiest(calls []*call, now time.Time) bool {
	if len(calls) == 0 || len(q.used) < 2 {
		return false
	}
	tenant := calls[0].tenant
	own := q.used[tenant].at(now)
	for other, u := range q.used {
		if other != tenant && u.at(now) > own {
			return false
		}
	}
	return !slices.ContainsFunc(calls, func(c *call) bool { return c.tenant != tenant })
}

// wake lets take look again. It waits for a take that has looked and does not wait yet.
func (q *fairQueue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

// several reports whether calls of more than one tenant wait or are being run, or came so lately that the next may come any
// moment: it would wait for the commit of all that is taken together, and that takes the longer the more it is.
func (q *fairQueue) several() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.begun) > 1 || len(q.used) > 1
}

// length is how many calls wait.
func (q *fairQueue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n
}

// close lets take return none when nothing waits any more, and refuses further calls.
func (q *fairQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
