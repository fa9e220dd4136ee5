package sqlstore

import (
	"context"
	"slices"

	"noren"
	"noren/search"
)

// fewHits is up to how many hits are fetched and sorted at once. Of more, there are likely to be so many among the first
// walkedMembers in the order of a page that reading those fills the page sooner.
const (
	fewHits       = 4000
	walkedMembers = 20_000
	walkedPerHit  = 4 // members of the order that are read in the time in which a hit is fetched and sorted
)

// maxMemberID is the highest id that a member can have: ids have at most ten digits.
const maxMemberID = 9_999_999_999

// indexedSearch is a search whose result comes from memory.
type indexedSearch struct {
	*tx
	list listing[noren.Member]
	*searchState
	query  search.Query
	within search.Range
	filter noren.MemberFilter
	where  *where // what the filter says but for keyword and range of ids
}

// narrowed reports whether the rows have a say in what is found.
func (s *indexedSearch) narrowed() bool { return len(s.where.conditions) > 1 }

func (s *indexedSearch) hits(down bool) func(func(int64) bool) {
	return s.index.Hits(s.query, s.within, down)
}

// page begins an empty page.
func (s *indexedSearch) page() foundPage {
	return foundPage{Page: s.filter.Page, noTotal: s.filter.NoTotal}
}

// membersByIndex returns one page of the members that the index finds and the filter selects. The list is nil where the index
// has members who are not there.
//
// In the order of the ids, without another filter, memory knows the page. In an order that memory has, it knows who may be
// on it. Few hits are fetched and sorted otherwise. Where they are many, the beginning of the order is read and each member
// looked up in memory. Where that does not fill the page, more of the order is read, as long as that costs no more than to
// fetch and sort all hits, which is done at last.
func (t *tx) membersByIndex(
	ctx context.Context, l listing[noren.Member], state *searchState, q search.Query, f noren.MemberFilter,
) ([]noren.Member, int, error) {
	within := search.Range{From: f.IDFrom, To: maxMemberID}
	if f.IDTo != 0 {
		within.To = f.IDTo
	}
	f.IDFrom, f.IDTo = 0, 0
	s := &indexedSearch{t, l, state, q, within, f, t.memberConditions(f)}
	if sort := f.Sort; len(sort) == 0 || sort[0].Column == "id" {
		return s.byID(ctx, len(sort) > 0 && sort[0].Desc)
	}
	if list, total, done, err := s.ordered(ctx); done || err != nil {
		return list, total, err
	}
	return s.inOrder(ctx)
}

// byID returns a page in order of id: that of the index, or what the filter selects of as many hits as may fill it.
func (s *indexedSearch) byID(ctx context.Context, down bool) ([]noren.Member, int, error) {
	if !s.narrowed() {
		page := s.page()
		for id := range s.hits(down) {
			if !page.add(id) {
				break
			}
		}
		list, err := s.membersInOrder(ctx, page.ids)
		return list, page.total(), err
	}
	if s.filter.Limit > 0 && s.filter.NoTotal {
		var first []int64
		for id := range s.hits(down) {
			// A quarter, because it may be for nothing: where the filter selects few of them, all are looked at again.
			if first = append(first, id); len(first) == fewHits/4 {
				break
			}
		}
		list, total, err := s.sorted(ctx, first, len(first))
		if err != nil || len(list) == s.filter.Limit || len(first) < fewHits/4 {
			return list, total, err
		}
	}
	return s.inOrder(ctx)
}

// inOrder returns a page in any order: it lets the database sort the hits, if they are few.
func (s *indexedSearch) inOrder(ctx context.Context) ([]noren.Member, int, error) {
	var few []int64
	for id := range s.hits(false) {
		// Without a limit the page is all hits, so they are fetched however many there are.
		if few = append(few, id); len(few) > fewHits && s.filter.Limit > 0 {
			return s.ofMany(ctx)
		}
	}
	return s.sorted(ctx, few, len(few))
}

// sorted lets the database select and sort hits: all of them, of which there are so many, or at least those on the page.
func (s *indexedSearch) sorted(ctx context.Context, hits []int64, all int) ([]noren.Member, int, error) {
	if len(hits) == 0 {
		return []noren.Member{}, 0, nil
	}
	f := s.db.flavor
	w := &where{slices.Clip(s.where.conditions), slices.Clip(s.where.args)}
	w.and(f.in("id"), f.list(hits))
	l := s.list
	if l.hint = f.byKey; !s.narrowed() {
		l.count = func(context.Context) (int, error) { return all, nil }
	}
	list, total, err := l.page(ctx, s.tx, w, s.filter.Sort, s.filter.Page)
	if !s.narrowed() && total >= 0 {
		total = all
	}
	return append([]noren.Member{}, list...), total, err
}

// ofMany reads the order of the page for the first hits in it. To count the hits that a filter selects, all that it selects
// is read.
func (s *indexedSearch) ofMany(ctx context.Context) ([]noren.Member, int, error) {
	counting := s.narrowed() && !s.filter.NoTotal
	page, limit := s.page(), walkedMembers
	page.noTotal = !counting
	if counting {
		limit = maxMemberID
	}
	ended, err := s.walk(ctx, &page, limit)
	if err == nil && !ended && !page.full() {
		hits := slices.Collect(s.hits(false))
		page = s.page()
		page.noTotal = true
		ended, err = s.walk(ctx, &page, walkedPerHit*len(hits))
		if err == nil && !ended && !page.full() {
			return s.sorted(ctx, hits, len(hits))
		}
	}
	if err != nil {
		return nil, 0, err
	}
	total := page.total()
	if total < 0 && !s.filter.NoTotal {
		total = 0
		for range s.hits(false) {
			total++
		}
	}
	list, err := s.membersInOrder(ctx, page.ids)
	return list, total, err
}

// walk reads up to limit members that the filter selects, in the order of the page, and adds those that match. It tells
// whether all were read.
func (s *indexedSearch) walk(ctx context.Context, page *foundPage, limit int) (ended bool, err error) {
	order, err := s.list.order(s.filter.Sort)
	if err != nil {
		return false, err
	}
	read, stopped := 0, false
	rows, err := s.tx.query(ctx, "SELECT id FROM members"+s.where.String()+order+" LIMIT ?", append(slices.Clip(s.where.args), limit)...)
	err = until(rows, err, func(rows scannable) (more bool, err error) {
		var id int64
		err = rows.Scan(&id)
		read++
		if id >= s.within.From && id <= s.within.To && s.index.Has(s.query, id) {
			stopped = !page.add(id)
		}
		return err == nil && !stopped, err
	})
	return read < limit && !stopped, doing("search members", err)
}
