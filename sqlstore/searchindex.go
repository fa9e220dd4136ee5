package sqlstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"noren/search"
)

// searchState is an index of a tenant's members as of a moment. It is never changed; a later moment has another.
type searchState struct {
	at    moment
	index *search.Index
	// The changes that led here from an earlier moment: a snapshot that is older than the index is found by them.
	since  moment
	recent []memberChange
	known  int // members in recent

	orders map[string]heldOrder // by what sorts them upwards
}

// The bounds of what is kept of recent changes: snapshots are milliseconds old.
const (
	recentChanges = 128
	recentMembers = 1 << 13
)

// The bounds of what a search fetches to bring the index up to date. Of more, it looks at the rows, and the index is brought
// up to date in the background.
const (
	missedChanges = 1000
	missedMembers = 5000
)

// size is how many bytes the state takes.
func (s *searchState) size() int64 {
	size := s.index.Size() + int64(len(s.recent))*changeSize + int64(s.known)*8
	for _, o := range s.orders {
		size += o.size()
	}
	return size
}

// changeSize is what a change takes besides the ids of its members.
const changeSize = 40

// with is the state after the changes, which are complete, given what the members are searched in afterwards.
func (s *searchState) with(changes []memberChange, haystacks map[int64]string) *searchState {
	next := &searchState{
		at: changes[len(changes)-1].moment, index: s.index.With(haystacks),
		since: s.since, recent: slices.Concat(s.recent, changes), known: s.known,
	}
	for _, c := range changes {
		next.known += len(c.members)
	}
	for len(next.recent) > recentChanges || next.known > recentMembers {
		next.since = next.recent[0].moment
		next.known -= len(next.recent[0].members)
		next.recent = next.recent[1:]
	}
	// Without what was cut off in front, whose memory would stay otherwise.
	next.recent = slices.Clone(next.recent)
	next.orders = ordersAfter(s.orders, changedIn(changes))
	return next
}

// after lists who changed between an earlier moment and that of the state; false where the moment is not among those that led
// here.
func (s *searchState) after(at moment) (members []int64, known bool) {
	if at == s.since {
		return changedIn(s.recent), true
	}
	for i, c := range s.recent {
		if c.moment == at {
			return changedIn(s.recent[i+1:]), true
		}
	}
	return nil, false
}

// changedIn lists who changed, each once.
func changedIn(changes []memberChange) []int64 {
	set := make(map[int64]bool)
	for _, c := range changes {
		for _, id := range c.members {
			set[id] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// searchState returns the state of the tenant's members exactly as this transaction's snapshot has them, or nil where there
// is none in memory. It sends one statement where nothing has changed since the last search, and another for what has.
//
// A transaction that writes has none: what it has written itself is in no index.
func (t *tx) searchState(ctx context.Context) (*searchState, error) {
	if !t.snapshot {
		return nil, nil
	}
	s := t.db.search.get(t.tenant)
	if s == nil {
		return t.loadIndex(ctx)
	}
	next, missed, err := t.advance(ctx, s, missedChanges, missedMembers)
	switch {
	case err != nil:
		return nil, err
	case next != nil:
		// Only in the place of s: another search may have brought it further meanwhile.
		t.db.search.replace(t.tenant, s, next)
		return next, nil
	case missed:
		t.db.search.catchUp(t.tenant)
		return nil, t.await()
	}
	return t.earlierState(ctx, s)
}

// advance returns the state at the moment of this transaction's snapshot, which may be s itself. It returns none where s has
// missed more than so much, or where the snapshot does not have the moment of s in its past.
func (t *tx) advance(ctx context.Context, s *searchState, changesLimit, membersLimit int) (next *searchState, missed bool, err error) {
	changes, known, err := t.memberChangesSince(ctx, s.at, changesLimit)
	if err != nil || !known {
		return nil, false, err
	}
	if len(changes) == 0 {
		return s, false, nil
	}
	members := changedIn(changes)
	if len(changes) > changesLimit || len(members) > membersLimit {
		return nil, true, nil
	}
	haystacks, err := t.haystacks(ctx, members)
	if err != nil {
		return nil, false, err
	}
	return s.with(changes, haystacks), false, nil
}

// earlierState returns the index at a moment before that of s: this transaction's snapshot was taken before another search
// brought the index further. If s does not follow from that moment, the database has gone back, for
// example because a backup was restored, and the index is loaded anew.
func (t *tx) earlierState(ctx context.Context, s *searchState) (*searchState, error) {
	at, err := t.newestMemberChange(ctx)
	if err != nil {
		return nil, err
	}
	members, known := s.after(at)
	if !known {
		t.db.search.forget(t.tenant)
		t.db.search.load(t.tenant)
		return nil, t.await()
	}
	haystacks, err := t.haystacks(ctx, members)
	if err != nil {
		return nil, err
	}
	// Used by this search alone, and not put into memory: what is there is newer.
	return &searchState{at: at, since: at, index: s.index.With(haystacks), orders: ordersAfter(s.orders, members)}, nil
}

// loadedAtOnce is up to how many members a search loads by itself: it would read as many rows without the index.
const loadedAtOnce = 2000

// loadPatience is how long a search waits for an index that is being loaded, before it looks at the rows. Many who look at all
// rows of a large tenant at once would keep each other, and who loads them, for far longer.
const loadPatience = 10 * time.Second

// awaited ends a view that needs an index that is being loaded. The view is run again when that has ended, so that nobody
// holds a connection meanwhile.
type awaited struct{ loaded chan struct{} }

func (awaited) Error() string { return "the search index is being loaded" }

// await ends the transaction where the tenant's index is being loaded, or was since the transaction looked for it, and there is
// patience left.
func (t *tx) await() error {
	t.db.search.mu.Lock()
	defer t.db.search.mu.Unlock()
	switch h := t.db.search.of(t.tenant); {
	case t.impatient || h.loading == nil && h.state == nil:
		return nil
	case h.loading == nil:
		t.failed = awaited{over()}
	default:
		t.failed = awaited{h.loading}
	}
	return t.failed
}

// over is a wait that has ended.
func over() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// patiently runs a view, and once more if it needs an index that is being loaded, when that has ended. It does not wait a second
// time: tenants that do not fit into the memory together would make each other wait for ever.
func patiently(ctx context.Context, view func(impatient bool) error) error {
	err := view(false)
	loading, ok := errors.AsType[awaited](err)
	if !ok {
		return err
	}
	patience := time.NewTimer(loadPatience)
	defer patience.Stop()
	select {
	case <-loading.loaded:
	case <-patience.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return view(true)
}

// loadIndex loads the tenant's index from this transaction's snapshot where it is small. A large one is loaded in the
// background.
func (t *tx) loadIndex(ctx context.Context) (*searchState, error) {
	if !t.db.search.wants(t.tenant) {
		return nil, t.await()
	}
	total, err := t.membersTotal(ctx)
	if err != nil {
		return nil, doing("count members", err)
	}
	if total > loadedAtOnce {
		t.db.search.load(t.tenant)
		return nil, t.await()
	}
	at, err := t.newestMemberChange(ctx)
	if err != nil {
		return nil, err
	}
	// In the same snapshot as the moment, so the index has exactly what that has.
	members, err := t.searchedFrom(ctx, 0, maxMemberID)
	if err != nil {
		return nil, err
	}
	var b search.Builder
	for _, m := range members {
		b.Add(m.id, m.haystack)
	}
	s := &searchState{at: at, since: at, index: b.Index()}
	t.db.search.replace(t.tenant, nil, s)
	return s, nil
}
