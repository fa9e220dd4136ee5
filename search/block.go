package search

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// The sizes of blocks. Small blocks make rare keywords cheap, because little text is read in vain; large ones need fewer
// marks.
const (
	blockMembers = 512              // in a new block
	maxMembers   = 2 * blockMembers // more than these are split
	maxLate      = 64               // changes kept beside the text; after more it is rebuilt
	maxStale     = 4                // how often it is rebuilt with the same marks, more and more of which are stale
	fewMembers   = 48               // of no more than these a block has no marks: they would be larger than the text, and no faster
)

// block holds the haystacks of members with consecutive ids. It never changes, except for bits that are set in marks: a
// changed block is a new one, which shares what did not change with the old one.
type block struct {
	*texts
	late  []entry // in order of id; each replaces the member's haystack in texts
	bytes int64   // how many the block takes
}

// texts is most of a block, which all of its successors share.
type texts struct {
	ids    []int64
	starts []uint32 // where each haystack begins, and where the last one ends
	text   string   // haystacks, each followed by a separator
	marks  marks    // of all haystacks, including late ones; nil in a small block
	stale  int      // how often the text was rebuilt with these marks
}

// entry is a member's haystack. An empty one matches nothing and stands for a member who does not exist.
type entry struct {
	id   int64
	text string
}

// newTexts joins entries, which are in order of id, without marks.
func newTexts(entries []entry) *texts {
	size := 0
	for _, e := range entries {
		size += len(e.text) + 1
	}
	t := &texts{ids: make([]int64, len(entries)), starts: make([]uint32, 1, len(entries)+1)}
	var b strings.Builder
	b.Grow(size)
	for i, e := range entries {
		t.ids[i] = e.id
		b.WriteString(e.text)
		b.WriteByte(separator)
		t.starts = append(t.starts, uint32(b.Len())) //nolint:gosec // a block has far less than 4 GB
	}
	t.text = b.String()
	return t
}

// newBlock makes a block of entries in order of id.
func newBlock(entries []entry) *block {
	t := newTexts(entries)
	if len(entries) > fewMembers {
		t.marks = newMarks()
		t.marks.add(t.text)
	}
	return t.with(nil)
}

// with returns the block of the text and the changes that came later.
func (t *texts) with(late []entry) *block {
	n := len(t.text) + 8*len(t.ids) + 4*len(t.starts) + 8*len(t.marks) + blockOverhead
	for _, e := range late {
		n += entryOverhead + len(e.text)
	}
	return &block{t, late, int64(n)}
}

// The bytes that blocks and entries take in addition to their contents: structs, headers, and the rounding up of
// allocations.
const (
	blockOverhead = 512
	entryOverhead = 40
)

// changed returns the blocks that replace this one after the changes, which are in order of id: more than one if it grew
// too large, none if no member is left.
func (b *block) changed(changes []entry) []*block {
	late := merged(b.late, changes)
	if len(late) <= maxLate {
		b.mark(changes)
		return []*block{b.texts.with(late)}
	}
	entries := slices.DeleteFunc(merged(b.entries(), late), func(e entry) bool { return e.text == "" })
	switch {
	case len(entries) > maxMembers:
		return blocksOf(entries, blockMembers)
	case len(entries) == 0 || b.stale >= maxStale || b.marks == nil:
		return blocksOf(entries, maxMembers)
	}
	b.mark(changes)
	t := newTexts(entries)
	t.marks, t.stale = b.marks, b.stale+1
	return []*block{t.with(nil)}
}

// mark adds the marks of changes. The block's predecessors share them: more bits than needed only cost a look in vain.
func (b *block) mark(changes []entry) {
	for _, e := range changes {
		b.marks.add(e.text)
	}
}

// blocksOf makes blocks of at most that many entries each.
func blocksOf(entries []entry, most int) []*block {
	var list []*block
	for part := range slices.Chunk(entries, most) {
		list = append(list, newBlock(part))
	}
	return list
}

// entries returns the members of the text, without late entries.
func (t *texts) entries() []entry {
	list := make([]entry, len(t.ids))
	for i, id := range t.ids {
		list[i] = entry{id, t.of(i)}
	}
	return list
}

// of returns the haystack of the i-th member of the text.
func (t *texts) of(i int) string { return t.text[t.starts[i] : t.starts[i+1]-1] }

// merged returns both lists in order of id. For a member in both, newer counts.
func merged(older, newer []entry) []entry {
	list := make([]entry, 0, len(older)+len(newer))
	for _, e := range older {
		for len(newer) > 0 && newer[0].id < e.id {
			list, newer = append(list, newer[0]), newer[1:]
		}
		if len(newer) > 0 && newer[0].id == e.id {
			continue
		}
		list = append(list, e)
	}
	return append(list, newer...)
}

// haystack returns the member's haystack; empty if there is no such member.
func (b *block) haystack(id int64) string {
	if i, found := findEntry(b.late, id); found {
		return b.late[i].text
	}
	if i, found := slices.BinarySearch(b.ids, id); found {
		return b.of(i)
	}
	return ""
}

func findEntry(list []entry, id int64) (int, bool) {
	return sort.Find(len(list), func(i int) int {
		switch {
		case id < list[i].id:
			return -1
		case id > list[i].id:
			return 1
		}
		return 0
	})
}

// may reports whether the block can have a hit.
func (b *block) may(q Query) bool {
	for _, w := range q.words {
		if !slices.ContainsFunc(w, func(f form) bool { return b.marks.may(f.grams) }) {
			return false
		}
	}
	return true
}

// appendHits appends the ids of the matching members, in order. The query must have a word.
func (b *block) appendHits(ids []int64, q Query) []int64 {
	if !b.may(q) {
		return ids
	}
	late := b.late
	rest := Query{q.words[1:]}
	first := b.scan(q.words[0])
	for i := first.from(0); i < len(b.ids); i = first.from(i + 1) {
		id := b.ids[i]
		for len(late) > 0 && late[0].id < id {
			ids, late = appendHit(ids, late[0], q), late[1:]
		}
		if len(late) > 0 && late[0].id == id {
			continue // the late entry counts, and is checked before the next
		}
		if rest.Empty() || rest.Matches(b.of(i)) {
			ids = append(ids, id)
		}
	}
	for _, e := range late {
		ids = appendHit(ids, e, q)
	}
	return ids
}

func appendHit(ids []int64, e entry, q Query) []int64 {
	if q.Matches(e.text) {
		return append(ids, e.id)
	}
	return ids
}

// scan goes through the text of a block for the forms of a word.
type scan struct {
	*texts
	forms []form
	found []int // for each form the member who has it next, from where it was looked for last
}

// scan begins at the first member. Forms that the block cannot have are left out.
func (b *block) scan(w word) scan {
	s := scan{texts: b.texts, forms: w}
	if len(w) > 1 {
		s.forms = slices.DeleteFunc(slices.Clone(w), func(f form) bool { return !b.marks.may(f.grams) })
	}
	s.found = make([]int, len(s.forms))
	for n := range s.found {
		s.found[n] = -1
	}
	return s
}

// from returns the first member from the i-th on who has one of the forms, or the number of members. i must not fall.
func (s scan) from(i int) int {
	first := len(s.ids)
	for n, f := range s.forms {
		if s.found[n] < i {
			s.found[n] = s.next(i, f.text)
		}
		first = min(first, s.found[n])
	}
	return first
}

// next returns the first member from the i-th on whose haystack in the text has the word, or the number of members if
// there is none.
func (t *texts) next(i int, word string) int {
	from := int(t.starts[i])
	at := indexOf(t.text[from:], word)
	if at < 0 {
		return len(t.ids)
	}
	for at += from; int(t.starts[i+1]) <= at; i++ { // the next call starts behind
	}
	return i
}

// indexOf is strings.Index, but if the word begins with a kanji or kana, it scans for the last byte of that character: the
// first byte is common to thousands of characters, so that scanning for it would stop at nearly each of them.
func indexOf(text, word string) int {
	_, size := utf8.DecodeRuneInString(word)
	if size == 1 {
		return strings.Index(text, word)
	}
	for from := size - 1; from < len(text); {
		at := strings.IndexByte(text[from:], word[size-1])
		if at < 0 {
			break
		}
		if at += from + 1 - size; strings.HasPrefix(text[at:], word) {
			return at
		}
		from = at + size
	}
	return -1
}
