package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"noren"
	"noren/search"
)

// searchedFields are what a keyword looks at: names, kana, company, codes, telephone numbers and the first e-mail address; and then the
// keys that people look for in addition. Last and first name are one field, so that the full name is found however it is spaced, and
// whichever comes first.
var (
	searchedFields = [][]string{
		{"last_name", "first_name"},
		{"last_kana", "first_kana"},
		{"company"},
		{"code"},
		{"alias_code"},
		{"phone"},
		{"mobile"},
		{"email"},
		{"postal_code"},
		{"birth_date"},
		{"shopify_customer_id"},
		{"customer_no"},
	}
	searchedColumns = slices.Concat(searchedFields...)
	searchedSelect  = strings.Join(searchedColumns, ", ")
)

// Places in searchedFields.
const (
	phoneField = 5 // mobile is next
	firstKey   = 8 // postal code, birthday, Shopify's number and ours
)

// searchedColumn reports whether a keyword looks at the column.
func searchedColumn(name string) bool { return slices.Contains(searchedColumns, name) }

// searched is a member as a keyword sees it.
type searched struct {
	id       int64
	haystack string
}

// looksAtAll reports whether a keyword looks at every column that the index has.
func looksAtAll(unseen []string) bool { return !slices.ContainsFunc(unseen, searchedColumn) }

// searchedScanner returns a function that reads one row of id and searchedSelect, but for the columns that are unseen.
func searchedScanner(unseen ...string) func(scannable) (searched, error) {
	var s searched
	columns := make([]sql.NullString, len(searchedColumns))
	dest := []any{&s.id}
	for i := range columns {
		dest = append(dest, &columns[i])
	}
	fields := make([]string, len(searchedFields))
	return func(rows scannable) (searched, error) {
		if err := rows.Scan(dest...); err != nil {
			return searched{}, err
		}
		at := 0
		for i, names := range searchedFields {
			parts := [2]string{} // a column without a value is an empty text, which adds nothing to the field
			for n, name := range names {
				if !slices.Contains(unseen, name) {
					parts[n] = columns[at].String
				}
				at++
			}
			fields[i] = search.Name(parts[0], parts[1])
		}
		keys := search.Keys{
			Phones:     fields[phoneField : phoneField+2],
			PostalCode: fields[firstKey], BirthDate: fields[firstKey+1], ShopifyID: fields[firstKey+2],
			CustomerNo: fields[firstKey+3],
		}
		s.haystack = keys.With(search.Haystack(fields[:firstKey]...))
		return s, nil
	}
}

// searchedFrom reads up to limit of the tenant's members from the id on, in its order.
func (t *tx) searchedFrom(ctx context.Context, id int64, limit int) ([]searched, error) {
	rows, err := t.query(ctx, "SELECT id, "+searchedSelect+" FROM members WHERE tenant_id = ? AND id >= ? ORDER BY id ASC LIMIT ?",
		t.tenant, id, limit)
	list, err := collect(rows, err, searchedScanner())
	return list, doing("read what members are found by", err)
}

// haystacks returns what the members are searched in; it is empty for those who are not there.
func (t *tx) haystacks(ctx context.Context, ids []int64) (map[int64]string, error) {
	haystacks := make(map[int64]string, len(ids))
	for _, id := range ids {
		// An index takes an empty text for a member who is gone.
		haystacks[id] = ""
	}
	f := t.db.flavor
	rows, err := t.query(ctx, "SELECT id, "+searchedSelect+" FROM members WHERE tenant_id = ? AND "+f.in("id"), t.tenant, f.list(ids))
	scan := searchedScanner()
	err = each(rows, err, func(rows scannable) error {
		s, err := scan(rows)
		haystacks[s.id] = s.haystack
		return err
	})
	return haystacks, doing("read what members are found by", err)
}

// membersByKeyword returns one page of the members that the filter selects and the query finds. They are found in memory;
// where that does not have the tenant, by looking at each.
func (t *tx) membersByKeyword(
	ctx context.Context, l listing[noren.Member], q search.Query, f noren.MemberFilter,
) ([]noren.Member, int, error) {
	// A sort key that does not exist is refused before anything is read, and whichever way is taken below.
	if _, err := l.order(f.Sort); err != nil {
		return nil, 0, err
	}
	if !looksAtAll(f.Unseen) {
		return t.membersByRows(ctx, l, q, f)
	}
	state, err := t.searchState(ctx)
	if err != nil {
		return nil, 0, err
	}
	if state != nil {
		list, total, err := t.membersByIndex(ctx, l, state, q, f)
		if err != nil || list != nil {
			return list, total, err
		}
		t.db.search.forget(t.tenant) // somebody has removed members by hand
	}
	return t.membersByRows(ctx, l, q, f)
}

// foundPage gathers one page of what is found, in its order, and counts.
type foundPage struct {
	noren.Page
	noTotal bool
	ids     []int64
	found   int
	cut     bool // there may be more than was counted
}

// add takes the next that is found; false where no more are needed.
func (p *foundPage) add(id int64) bool {
	if p.found++; p.found > p.Offset && (p.Limit == 0 || len(p.ids) < p.Limit) {
		p.ids = append(p.ids, id)
	}
	p.cut = p.noTotal && p.full()
	return !p.cut
}

func (p *foundPage) full() bool { return p.Limit > 0 && len(p.ids) == p.Limit }

// total is how many were found; -1 where they were not all counted.
func (p *foundPage) total() int {
	if p.cut {
		return -1
	}
	return p.found
}

// membersInOrder reads the members in the order of the ids. It returns nil where one of them is not there.
func (t *tx) membersInOrder(ctx context.Context, ids []int64) ([]noren.Member, error) {
	list := make([]noren.Member, len(ids))
	if len(ids) == 0 {
		return list, nil
	}
	stored, err := t.MembersByID(ctx, ids, false)
	// One that is missing was removed by hand, and an index that has found it is not to be trusted.
	if err != nil || len(stored) < len(ids) {
		return nil, err
	}
	// They are read in order of id, which is then that of the page.
	if slices.IsSorted(ids) {
		return stored, nil
	}
	places := make(map[int64]int, len(ids))
	for i, id := range ids {
		places[id] = i
	}
	for _, m := range stored {
		list[places[m.ID]] = m
	}
	return list, nil
}

// membersByRows is membersByKeyword where the index is not in memory, or has columns that the keyword may not look at: it reads what
// all members are found by, among those that the filter selects, until the page is full or all are counted.
func (t *tx) membersByRows(
	ctx context.Context, l listing[noren.Member], q search.Query, f noren.MemberFilter,
) ([]noren.Member, int, error) {
	order, err := l.order(f.Sort)
	if err != nil {
		return nil, 0, err
	}
	page := foundPage{Page: f.Page, noTotal: f.NoTotal}
	w := t.memberConditions(f)
	// Only what is compared is read here, and whole members for the page alone.
	rows, err := t.query(ctx, "SELECT id, "+searchedSelect+" FROM members"+w.String()+order, w.args...)
	scan := searchedScanner(f.Unseen...)
	err = until(rows, err, func(rows scannable) (more bool, err error) {
		s, err := scan(rows)
		return err == nil && (!q.Matches(s.haystack) || page.add(s.id)), err
	})
	if err != nil {
		return nil, 0, doing("search members", err)
	}
	list, err := t.membersInOrder(ctx, page.ids)
	return list, page.total(), err
}

// until visits rows, given what query returned, as long as more are wanted, and ends the statement.
func until(r *result, err error, visit func(scannable) (more bool, err error)) error {
	if err != nil {
		return err
	}
	for more := true; more && r.next(); {
		if more, err = visit(r); err != nil {
			_ = r.close()
			return err
		}
	}
	return r.end()
}

// likePattern is the pattern of what contains the needle. Everything in it is plain text.
func likePattern(needle string) string { return "%" + likeEscaper.Replace(needle) + "%" }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
