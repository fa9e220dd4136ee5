package sqlstore

import (
	linked "container/list"
	"context"
	"sync"
	"time"

	"noren"
)

// DefaultSearchMemory is the limit of what search indexes take where a Config has none.
const DefaultSearchMemory = 256 << 20

const (
	loadsAtOnce = 2           // tenants loaded in the background at the same time: each takes a connection
	fitPause    = time.Minute // after a tenant did not fit, until it is tried again
)

// searchMemory holds the search indexes of as many tenants as fit; those that were searched last stay. No lock is held while
// anything is read from the database.
type searchMemory struct {
	db     *DB
	limit  int64           // bytes; none or less: nothing is held
	ctx    context.Context //nolint:containedctx // of loading in the background, which outlives each search
	cancel context.CancelFunc
	work   sync.WaitGroup
	turns  chan struct{} // of those who load

	mu      sync.Mutex
	tenants map[noren.TenantID]*heldIndex
	used    int64       // bytes
	lately  linked.List // of *heldIndex that have a state, or whose state is being brought up to date: searched last comes first
}

// heldIndex is what is held of one tenant.
type heldIndex struct {
	state      *searchState    // nil while there is none
	size       int64           // bytes that are counted, also while it is loaded
	place      *linked.Element // in lately; nil where it is not there
	loading    chan struct{}   // closed when that has ended; nil while nobody loads
	ordering   bool            // an order is being read
	orderAfter time.Time       // when the next may be
	tooBig     time.Time       // when it did not fit
}

func newSearchMemory(db *DB, limit int64) *searchMemory {
	if limit == 0 {
		limit = DefaultSearchMemory
	}
	m := &searchMemory{
		db: db, limit: limit, turns: make(chan struct{}, loadsAtOnce), tenants: make(map[noren.TenantID]*heldIndex),
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// close ends all loading.
func (m *searchMemory) close() {
	m.mu.Lock()
	m.cancel()
	m.mu.Unlock()
	m.work.Wait()
}

// of returns what is held of the tenant. The lock is held.
func (m *searchMemory) of(tenant noren.TenantID) *heldIndex {
	h := m.tenants[tenant]
	if h == nil {
		h = &heldIndex{}
		m.tenants[tenant] = h
	}
	return h
}

// get returns the tenant's index for a search, or nil.
func (m *searchMemory) get(tenant noren.TenantID) *searchState {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.tenants[tenant]
	if h == nil {
		return nil
	}
	m.use(h)
	return h.state
}

// wants reports whether it is of use to load the tenant's index now.
func (m *searchMemory) wants(tenant noren.TenantID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wanted(m.of(tenant))
}

func (m *searchMemory) wanted(h *heldIndex) bool {
	if m.limit <= 0 || m.ctx.Err() != nil || h.state != nil || h.loading != nil {
		return false
	}
	return h.tooBig.IsZero() || m.db.clock().Sub(h.tooBig) >= fitPause
}

// replace puts a state in the place of the one that it was made of, unless another search was faster or it does not fit.
func (m *searchMemory) replace(tenant noren.TenantID, old, next *searchState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Another search may have put a later state there, which this one must not set back.
	if h := m.of(tenant); old != next && h.state == old && h.loading == nil {
		m.put(h, next)
	}
}

// put holds the state where it fits. The lock is held.
func (m *searchMemory) put(h *heldIndex, s *searchState) {
	if h.state = nil; m.fit(h, s.size(), true) {
		h.state = s
		if h.place == nil {
			h.place = m.lately.PushFront(h)
		}
		m.use(h)
	}
}

// use notes that the tenant was searched. The lock is held.
func (m *searchMemory) use(h *heldIndex) {
	if h.place != nil {
		m.lately.MoveToFront(h.place)
	}
}

// drop lets a state go, and what is counted for it. The lock is held.
func (m *searchMemory) drop(h *heldIndex) {
	m.used -= h.size
	h.state, h.size = nil, 0
	if h.place != nil {
		m.lately.Remove(h.place)
		h.place = nil
	}
}

// leastLately is the tenant that was searched least lately of all that have a state, but for one; nil where there is none. The
// lock is held.
func (m *searchMemory) leastLately(but *heldIndex) *heldIndex {
	for e := m.lately.Back(); e != nil; e = e.Prev() {
		// Those without a state are few: they are being brought up to date.
		if h, _ := e.Value.(*heldIndex); h != but && h.state != nil {
			return h
		}
	}
	return nil
}

// fit counts that the tenant takes so many bytes, and lets those go that were searched least lately where it is too much. What
// does not fit takes nothing. The lock is held.
func (m *searchMemory) fit(h *heldIndex, size int64, evict bool) bool {
	m.used += size - h.size
	h.size = size
	for m.used > m.limit {
		last := m.leastLately(h)
		// What is larger than the limit would push out all others and not fit even then.
		if last == nil || !evict || size > m.limit {
			m.drop(h)
			h.tooBig = m.db.clock()
			return false
		}
		m.drop(last)
	}
	h.tooBig = time.Time{}
	return true
}

// forget lets the tenant's index go.
func (m *searchMemory) forget(tenant noren.TenantID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// While it is being loaded there is none to let go, and what is counted for it is in use.
	if h := m.of(tenant); h.loading == nil {
		m.drop(h)
	}
}
