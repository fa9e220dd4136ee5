package sqlstore

import (
	"context"
	"errors"

	"noren"
	"noren/search"
)

// errTooBig says that a tenant's index does not fit into the memory that there is for indexes.
var errTooBig = errors.New("the search index does not fit into its memory")

const (
	loadedMembers = 10_000 // read at once while an index is loaded
	loadedChanges = 20_000 // members read at once while it is brought up to date
	leastMember   = 32     // bytes that a member takes at least
)

// LoadSearch loads the search indexes of all tenants, as far as they fit. A server does so when it starts; without it a
// tenant's index is loaded when somebody searches. It returns early where ctx ends.
func (db *DB) LoadSearch(ctx context.Context) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return doing("load the search indexes", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Closing the database ends this as well as the caller's context does.
	defer context.AfterFunc(db.search.ctx, cancel)()
	var failed []error
	for _, t := range tenants {
		var err error
		// A search may have begun a tenant already, or finished it: then it is not for this to load.
		if s, ok := db.search.begin(t.ID); ok && s == nil {
			err = db.search.run(ctx, t.ID, nil, false)
		} else if ok {
			db.search.end(t.ID, s)
		}
		if err == nil || errors.Is(err, errTooBig) {
			continue
		}
		// One may be on a node that is down, which is not the others' business. A database that serves nobody is not asked for each.
		if failed = append(failed, err); len(failed) == maxUnloaded || ctx.Err() != nil {
			break
		}
	}
	return doing("load a search index", errors.Join(failed...))
}

// maxUnloaded is after how many tenants that cannot be read loading ends.
const maxUnloaded = 3

// load loads the tenant's index in the background, unless that is being done.
func (m *searchMemory) load(tenant noren.TenantID) {
	if m.wants(tenant) {
		m.catchUp(tenant)
	}
}

// catchUp brings the tenant's index up to date in the background, or loads it where there is none. Meanwhile there is none for
// others: it would have to be held twice.
func (m *searchMemory) catchUp(tenant noren.TenantID) {
	s, ok := m.begin(tenant)
	if !ok {
		return
	}
	go func() {
		select {
		case m.turns <- struct{}{}:
			_ = m.run(m.ctx, tenant, s, true) // rows are looked at instead, and the next search tries again
			<-m.turns
		case <-m.ctx.Done():
			m.end(tenant, nil)
		}
	}()
}

// begin takes the tenant's index out, to load it or to bring it up to date; false where somebody does so already. The caller
// must call end.
func (m *searchMemory) begin(tenant noren.TenantID) (s *searchState, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.of(tenant)
	if h.loading != nil || m.limit <= 0 || m.ctx.Err() != nil {
		return nil, false
	}
	m.work.Add(1)
	s, h.state, h.loading = h.state, nil, make(chan struct{})
	return s, true
}

// end puts an index that was begun into its place; nil where that has failed.
func (m *searchMemory) end(tenant noren.TenantID, s *searchState) {
	defer m.work.Done()
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.of(tenant)
	close(h.loading)
	if h.loading = nil; s != nil {
		m.put(h, s)
		return
	}
	// What was counted while it was loaded is free again.
	m.drop(h)
}

// grow counts what is being loaded.
func (m *searchMemory) grow(tenant noren.TenantID, size int64, evict bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.fit(m.of(tenant), size, evict) {
		return errTooBig
	}
	return nil
}

// run loads what was begun and puts it into its place.
func (m *searchMemory) run(ctx context.Context, tenant noren.TenantID, s *searchState, evict bool) (err error) {
	defer func() { m.end(tenant, s) }()
	if s != nil {
		if s, err = m.follow(ctx, tenant, s); s != nil || err != nil {
			return err
		}
	}
	// Reading in pieces takes a while, so what changed meanwhile is followed at the end.
	if s, err = m.read(ctx, tenant, evict); err == nil {
		s, err = m.follow(ctx, tenant, s)
	}
	return err
}

// read loads a tenant's members piece by piece, each from a snapshot of its own: one that lasts would keep the database from
// tidying up. The state has all that was there at its moment; of who changed after that, it may have any later haystack.
func (m *searchMemory) read(ctx context.Context, tenant noren.TenantID, evict bool) (*searchState, error) {
	var s searchState
	var b search.Builder
	for from, more := int64(0), true; more; {
		var piece []searched
		err := m.db.view(ctx, tenant, func(t *tx) (err error) {
			// In the first piece's snapshot: how many there are, so that a tenant that cannot fit is not begun, and the
			// moment from which changes are followed later.
			if from == 0 {
				var total int
				if total, err = t.membersTotal(ctx); err != nil {
					return err
				}
				if err = m.grow(tenant, int64(total)*leastMember, evict); err != nil {
					return err
				}
				if s.at, err = t.newestMemberChange(ctx); err != nil {
					return err
				}
			}
			piece, err = t.searchedFrom(ctx, from, loadedMembers)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, member := range piece {
			b.Add(member.id, member.haystack)
			from = member.id + 1
		}
		if err := m.grow(tenant, max(b.Size(), m.sizeOf(tenant)), evict); err != nil {
			return nil, err
		}
		more = len(piece) == loadedMembers
	}
	s.since, s.index = s.at, b.Index()
	return &s, nil
}

// sizeOf is what is counted for the tenant.
func (m *searchMemory) sizeOf(tenant noren.TenantID) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of(tenant).size
}

// follow brings a state up to date, step by step. The last step is one snapshot, later than all before: the state is then
// exactly what that snapshot has. It returns nil where the changes cannot be followed.
func (m *searchMemory) follow(ctx context.Context, tenant noren.TenantID, s *searchState) (*searchState, error) {
	for ended := false; !ended; {
		var next *searchState
		err := m.db.view(ctx, tenant, func(t *tx) error {
			next, ended = nil, true
			changes, known, err := t.memberChangesSince(ctx, s.at, missedChanges)
			if err != nil || !known {
				return err
			}
			if next = s; len(changes) == 0 {
				return nil
			}
			n, members := 0, 0
			// As many changes as name about so many members, whatever the number of changes.
			for n < len(changes) && members < loadedChanges {
				members += len(changes[n].members)
				n++
			}
			ended = n == len(changes) && n <= missedChanges
			haystacks, err := t.haystacks(ctx, changedIn(changes[:n]))
			if err == nil {
				next = s.with(changes[:n], haystacks)
			}
			return err
		})
		if err != nil || next == nil {
			return nil, err
		}
		s = next
	}
	return s, nil
}
