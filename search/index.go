package search

import (
	"iter"
	"maps"
	"slices"
	"sort"
)

// Index holds the haystacks of many members and finds those that match a query. It never changes: With returns another
// one, which shares nearly everything with it. It is safe for concurrent use.
type Index struct {
	blocks []*block // in order of id; none is empty
	size   int64
}

// Builder makes an Index from members in order of id.
type Builder struct {
	index   Index
	entries []entry
}

// Add adds a member, whose id must be higher than all before.
func (b *Builder) Add(id int64, haystack string) {
	if haystack == "" {
		return
	}
	if b.entries = append(b.entries, entry{id, haystack}); len(b.entries) == blockMembers {
		b.flush()
	}
}

func (b *Builder) flush() {
	for _, made := range blocksOf(b.entries, blockMembers) {
		b.index.add(made)
	}
	b.entries = b.entries[:0]
}

// Size returns how many bytes the index takes so far.
func (b *Builder) Size() int64 { return b.index.size }

// Index returns the index of all added members. The builder must not be used afterwards.
func (b *Builder) Index() *Index {
	b.flush()
	return &b.index
}

func (x *Index) add(b *block) {
	x.blocks = append(x.blocks, b)
	x.size += b.bytes + pointerSize
}

// pointerSize is how many bytes an index takes for each block, in addition to the block.
const pointerSize = 8

// Size returns how many bytes the index takes, including what it shares with others.
func (x *Index) Size() int64 { return x.size }

// With returns an index in which the members, by id, have these haystacks. An empty one removes the member.
func (x *Index) With(haystacks map[int64]string) *Index {
	changes := make([]entry, 0, len(haystacks))
	for _, id := range slices.Sorted(maps.Keys(haystacks)) {
		changes = append(changes, entry{id, haystacks[id]})
	}
	after := &Index{blocks: make([]*block, 0, len(x.blocks)+1)}
	for i, b := range x.blocks {
		n := len(changes)
		if i+1 < len(x.blocks) {
			// Ids between two blocks belong to the first.
			n = sort.Search(n, func(n int) bool { return changes[n].id >= x.blocks[i+1].first() })
		}
		if n == 0 {
			after.add(b)
			continue
		}
		for _, made := range b.changed(changes[:n:n]) {
			after.add(made)
		}
		changes = changes[n:]
	}
	if len(x.blocks) == 0 {
		for _, made := range blocksOf(slices.DeleteFunc(changes, func(e entry) bool { return e.text == "" }), blockMembers) {
			after.add(made)
		}
	}
	return after
}

// first returns the lowest id in the block.
func (b *block) first() int64 {
	if len(b.late) > 0 && b.late[0].id < b.ids[0] {
		return b.late[0].id
	}
	return b.ids[0]
}

// Range is a range of ids, both ends included.
type Range struct{ From, To int64 }

// Has reports whether the member exists and matches.
func (x *Index) Has(q Query, id int64) bool {
	i := sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i].first() > id })
	if i == 0 {
		return false
	}
	haystack := x.blocks[i-1].haystack(id)
	return haystack != "" && q.Matches(haystack)
}

// Hits visits the ids of the matching members in the range, in ascending order, or descending if down is set. The query
// must not be empty. Little is read beyond the point where the caller stops.
func (x *Index) Hits(q Query, within Range, down bool) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		first := max(sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i].first() > within.From })-1, 0)
		end := sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i].first() > within.To })
		var ids []int64
		for n := range max(end-first, 0) {
			b := x.blocks[first+n]
			if down {
				b = x.blocks[end-1-n]
			}
			ids = b.appendHits(ids[:0], q)
			if down {
				slices.Reverse(ids)
			}
			for _, id := range ids {
				if id >= within.From && id <= within.To && !yield(id) {
					return
				}
			}
		}
	}
}

// Len returns approximately how many members there are: recent additions and removals may not be counted yet.
func (x *Index) Len() int {
	n := 0
	for _, b := range x.blocks {
		n += len(b.ids)
	}
	return n
}
