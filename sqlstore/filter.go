package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"noren"
)

// where gathers the conditions of a query, one by one, with their arguments. What a caller gives is always an
// argument; only texts of this package become SQL.
type where struct {
	conditions []string
	args       []any
}

// where begins with the condition that every query has.
func (t *tx) where() *where {
	return &where{conditions: []string{"tenant_id = ?"}, args: []any{t.tenant}}
}

// and adds a condition with one ? for each argument. Conditions are counted, so there is one for each thing that
// a filter says.
func (w *where) and(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// equal adds column = v unless v is the zero value, which filters mean by "any".
func equal[T comparable](w *where, column string, v T) {
	var none T
	if v != none {
		w.and(column+" = ?", v)
	}
}

// span adds From ≤ column ≤ To. Stored times have microseconds, so a finer end includes what it rounds down to.
func (w *where) span(column string, s noren.Span) {
	if !s.From.IsZero() {
		w.and(column+" >= ?", micros(s.From))
	}
	if !s.To.IsZero() {
		w.and(column+" <= ?", micros(s.To))
	}
}

// days adds the days of From and To to a condition on times: what an index by day needs to find them.
func (w *where) days(column string, s noren.Span) {
	if !s.From.IsZero() {
		w.and(column+" >= ?", dayOf(s.From))
	}
	if !s.To.IsZero() {
		w.and(column+" <= ?", dayOf(s.To))
	}
}

// between adds after < id < before; 0 ends are open.
func (w *where) between(after, before int64) {
	if after > 0 {
		w.and("id > ?", after)
	}
	if before > 0 {
		w.and("id < ?", before)
	}
}

// among adds that column is one of ids, unless there are none, which filters mean by "any".
func (w *where) among(f *flavor, column string, ids []int64) {
	if len(ids) > 0 {
		w.and(isIn(f, column, ids))
	}
}

// oneOf adds that column is one of values, given as []int64 or []string. Unlike with among, an empty list has none;
// nil means "any".
func oneOf[T int64 | string](w *where, f *flavor, column string, values []T) {
	if values != nil {
		w.and(isIn(f, column, values))
	}
}

// String is the clause. Its text depends on which conditions there are and not on their values, so that each
// combination is prepared once.
func (w *where) String() string { return " WHERE " + strings.Join(w.conditions, " AND ") }

// byID orders by id what another index finds. The sign changes nothing but SQLite's mind, which would rather read all
// of a tenant's rows in the order of their key than look up a list and sort what it finds.
const byID = " ORDER BY +id"

// listing is a table that is read page by page.
type listing[T any] struct {
	table    string
	hint     string            // to the engine, behind the table
	columns  string            // what scan reads
	sortable map[string]string // canonical name of a sort key → column
	key      []string          // the default order, and what settles ties
	scan     func(scannable) (T, error)
	count    func(context.Context) (int, error) // how many match in all, where it is known; nil: they are counted
	noTotal  bool                               // rather -1 than a statement to count
	reverses bool                               // a descending order is the ascending one backwards, ties and all
}

// page returns one page of what matches, and how many match in all. Invalid where a sort key is unknown.
//
// Counting reads everything that matches, so it is left out where the page shows the end of the list: the total is
// then the offset and what the page holds. An empty page behind the end shows nothing and is counted.
func (l listing[T]) page(ctx context.Context, t *tx, w *where, sort []noren.Sort, p noren.Page) ([]T, int, error) {
	order, err := l.order(sort)
	if err != nil {
		return nil, 0, err
	}
	limit, args := limitOffset(p)
	query := "SELECT " + l.columns + " FROM " + l.table + l.hint + w.String() + order + limit
	rows, err := t.query(ctx, query, append(slices.Clip(w.args), args...)...)
	list, err := collect(rows, err, l.scan)
	if err != nil {
		return nil, 0, doing("read "+l.table, err)
	}
	if ended := p.Limit == 0 || len(list) < p.Limit; ended && (p.Offset == 0 || len(list) > 0) {
		return list, p.Offset + len(list), nil
	}
	if l.noTotal {
		return list, -1, nil
	}
	total, err := l.total(ctx, t, w)
	return list, total, doing("count "+l.table, err)
}

// total counts what matches on all pages.
func (l listing[T]) total(ctx context.Context, t *tx, w *where) (total int, err error) {
	if l.count != nil {
		return l.count(ctx)
	}
	err = t.queryRow(ctx, "SELECT COUNT(*) FROM "+l.table+w.String(), w.args...).Scan(&total)
	return total, err
}

// order is the ORDER BY for the sort keys. Ties are settled by the listing's key, so that pages do not overlap; where
// the listing reverses, in the direction of the last sort key, so that an index over both can be read either way. A name
// that the listing does not know never reaches the database. ASC is written out, because some engines of the PostgreSQL
// protocol need to be told how a range is read.
func (l listing[T]) order(sort []noren.Sort) (string, error) {
	var terms, sorted []string
	direction := " ASC"
	for _, s := range sort {
		column, known := l.sortable[s.Column]
		if !known {
			return "", &noren.Error{
				Kind: noren.Invalid, Field: "sort", Value: s.Column,
				Message: fmt.Sprintf("%s cannot be sorted by %q", l.table, s.Column),
			}
		}
		if direction = " ASC"; s.Desc {
			direction = " DESC"
		}
		terms, sorted = append(terms, column+direction), append(sorted, column)
	}
	if !l.reverses {
		direction = " ASC"
	}
	for _, column := range l.key {
		if !slices.Contains(sorted, column) {
			terms = append(terms, column+direction)
		}
	}
	return " ORDER BY " + strings.Join(terms, ", "), nil
}

// limitOffset is the clause for a page. SQLite knows OFFSET only behind LIMIT, so an offset alone gets a limit
// that no table reaches.
func limitOffset(p noren.Page) (string, []any) {
	const unlimited = 1 << 53
	switch {
	case p.Limit == 0 && p.Offset == 0:
		return "", nil
	case p.Limit == 0:
		return " LIMIT ? OFFSET ?", []any{int64(unlimited), p.Offset}
	default:
		return " LIMIT ? OFFSET ?", []any{p.Limit, p.Offset}
	}
}
