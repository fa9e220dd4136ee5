package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"noren"
	"noren/search"
)

// searchedColumn reports whether a keyword looks at the column: names, kana, company, codes, telephone numbers and the
// first e-mail address. A change of another column leaves the search index alone. haystack reads the same columns.
func searchedColumn(name string) bool {
	switch name {
	case "last_name", "first_name", "last_kana", "first_kana", "company", "code", "alias_code", "phone", "mobile", "email":
		return true
	}
	return false
}

// haystack is what a keyword is compared with. Last and first name are one field, so that the full name is found
// however it is spaced.
func haystack(m *noren.Member) string {
	join := func(parts ...*string) string {
		var b strings.Builder
		for _, p := range parts {
			if p != nil {
				b.WriteString(*p)
			}
		}
		return b.String()
	}
	return search.Haystack(join(m.LastName, m.FirstName), join(m.LastKana, m.FirstKana), join(m.Company), m.Code,
		join(m.AliasCode), join(m.Phone), join(m.Mobile), join(m.Email))
}

// keyword is what is looked for in the search index.
type keyword struct {
	needle string
	tokens []string
	// grams tell PostgreSQL in which blocks to look; in SQLite they are tokens.
	grams []string
}

// enoughTokens is how many tokens find the member among the 64 of a block that grams led to, or nearly.
const enoughTokens = 8

// newKeyword asks package search what the text means. It answers nil for a keyword that says nothing.
func (f *flavor) newKeyword(text string) *keyword {
	q := search.NewQuery(text)
	switch {
	case q.Needle == "":
		return nil
	case len(q.Grams) == 0:
		return &keyword{needle: q.Needle, tokens: q.Tokens}
	case f.arrays:
		return &keyword{q.Needle, q.Tokens[:min(len(q.Tokens), enoughTokens)], q.Grams}
	case len(q.Grams) > 1:
		// Few have them all, and what else there is may be everybody's: long lists to read for nothing.
		return &keyword{needle: q.Needle, tokens: fewer(q.Grams)}
	}
	return &keyword{needle: q.Needle, tokens: slices.Concat(q.Grams, q.BesideGrams())}
}

// fewer leaves out grams that tell little beside the others, so that there are fewer lists to read: those with letters where
// there are two without; and, as each has three characters of the one before it, all but every fourth from the last on, and
// the first.
func fewer(grams []string) []string {
	numbers := slices.DeleteFunc(slices.Clone(grams), func(gram string) bool { return strings.ContainsAny(gram, "abcdefghijklmnopqrstuvwxyz") })
	if len(numbers) > 1 {
		grams = numbers
	}
	kept := []string{grams[0]}
	for i := len(grams) - 1; i > 0; i -= 4 {
		kept = append(kept, grams[i])
	}
	return kept
}

// certain reports whether whoever has the tokens has the keyword. Otherwise the haystack is to be looked at.
func (k *keyword) certain() bool { return k.tokens[0] == k.needle }

// likePattern is the pattern of what contains the needle. Everything in it is plain text.
func likePattern(needle string) string { return "%" + likeEscaper.Replace(needle) + "%" }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// hasNeedle is the condition that the haystack of the member with the id %s has the needle. A subquery that answers a
// value is looked at member by member and after all else, on either engine: one of EXISTS would be turned into a join, for
// which a planner may read all haystacks. Its arguments are the tenant and the likePattern.
const hasNeedle = `(SELECT s.haystack FROM member_search AS s WHERE s.tenant_id = ? AND s.member_id = %s) LIKE ? ESCAPE '\'`

// has adds that the member's haystack has the keyword.
func (w *where) has(tenant noren.TenantID, k *keyword) {
	w.and(strings.ReplaceAll(hasNeedle, "%s", "members.id"), tenant, likePattern(k.needle))
}

// fewHits is up to how many hits are fetched and sorted at once. Of more, there are likely to be so many among the first
// walkedMembers in the order of a page that reading those fills the page sooner.
const (
	fewHits       = 4000
	walkedMembers = 5000
)

// membersByKeyword answers one page of the members that w and the keyword select. In the order of the ids the index is
// read until the page is full. In another order a first statement finds out whether the hits are few; where they are many,
// a second one reads the beginning of the order. Where that does not fill the page, the hits and the members are counted: of
// what a quarter has, the order is read on, and of less all hits are fetched and sorted.
func (t *tx) membersByKeyword(ctx context.Context, l listing[noren.Member], w *where, k *keyword, f noren.MemberFilter) ([]noren.Member, int, error) {
	narrowed := len(w.conditions) > 1
	all, uncounted := t.hits(w, k), l
	l.count = func(ctx context.Context) (int, error) {
		if narrowed || !k.certain() {
			return uncounted.total(ctx, t, all)
		}
		return t.hitCount(ctx, k)
	}
	within := hitRange{from: max(f.IDFrom, 0), to: maxMemberID}
	if f.IDTo != 0 {
		within.to = min(f.IDTo, maxMemberID)
	}
	switch {
	case f.Limit == 0:
		return l.page(ctx, t, all, f.Sort, f.Page)
	case ascending(f.Sort, "id"):
		within.n = f.Offset + f.Limit
		return l.page(ctx, t, t.firstMembers(w, k, within), f.Sort, f.Page)
	}
	within.n = fewHits + 1
	ids, err := t.firstHits(ctx, k, within)
	if err != nil {
		return nil, 0, err
	}
	byKey := l
	byKey.hint = t.db.flavor.byKey
	if len(ids) <= fewHits {
		few := &where{slices.Clip(w.conditions), slices.Clip(w.args)}
		few.and(t.db.flavor.in("id"), t.db.flavor.list(ids))
		if !k.certain() {
			few.has(t.tenant, k)
		}
		return byKey.page(ctx, t, few, f.Sort, f.Page)
	}
	if beginning, ok := l.beginning(t, f.Sort, walkedMembers); ok {
		walked := &where{slices.Concat(w.conditions, beginning.conditions), slices.Concat(w.args, beginning.args)}
		walked.has(t.tenant, k)
		list, total, err := l.page(ctx, t, walked, f.Sort, f.Page)
		if err != nil || len(list) == f.Limit {
			return list, total, err
		}
	}
	hits, err := t.hitCount(ctx, k)
	if err != nil {
		return nil, 0, err
	}
	members, err := t.membersTotal(ctx)
	if err != nil {
		return nil, 0, err
	}
	if hits > members/4 {
		rest := &where{slices.Clip(w.conditions), slices.Clip(w.args)}
		rest.has(t.tenant, k)
		return l.page(ctx, t, rest, f.Sort, f.Page)
	}
	return byKey.page(ctx, t, all, f.Sort, f.Page)
}

// maxMemberID is the highest id that a member can have: ids have at most ten digits.
const maxMemberID = 9_999_999_999

// ascending reports whether an order is that of the column alone, from the lowest on, which is also that of no order.
func ascending(sort []noren.Sort, column string) bool {
	return len(sort) == 0 || sort[0].Column == column && !sort[0].Desc
}

// hits is w and that the member has the keyword.
func (t *tx) hits(w *where, k *keyword) *where {
	query, args := t.db.flavor.hits(t.tenant, k)
	all := &where{slices.Clip(w.conditions), slices.Clip(w.args)}
	all.and(t.db.flavor.selected("id", query), args...)
	if !k.certain() {
		all.has(t.tenant, k)
	}
	return all
}

// firstMembers selects the first members of a range that satisfy w and have the keyword.
func (t *tx) firstMembers(w *where, k *keyword, r hitRange) *where {
	condition, more := t.certainty(k)
	if len(w.conditions) > 1 { // every hit is a member of the tenant
		condition, more = condition+" AND (SELECT TRUE FROM members"+w.String()+" AND id = %s)", slices.Concat(more, w.args)
	}
	query, args := t.db.flavor.firstHits(t.tenant, k, r, condition, more)
	first := t.where()
	first.and(t.db.flavor.selected("id", query), args...)
	return first
}

// firstHits answers the ids of the first members in the range that have the keyword. Of a token alone, PostgreSQL's rows
// are taken apart here, which costs less than there.
func (t *tx) firstHits(ctx context.Context, k *keyword, r hitRange) (ids []int64, err error) {
	if k.certain() && t.db.flavor.arrays {
		rows, err := t.query(ctx, `SELECT block, members FROM token_members WHERE tenant_id = ? AND token = ? AND block >= ? AND block <= ?
			AND members <> 0 ORDER BY block ASC LIMIT ?`, t.tenant, k.needle, r.from>>blockBits, r.to>>blockBits, r.n)
		err = each(rows, err, func(rows *sql.Rows) error {
			var block, members int64
			err := rows.Scan(&block, &members)
			ids = appendMembers(ids, block, members)
			return err
		})
		return ids, doing("search members", err)
	}
	condition, more := t.certainty(k)
	query, args := t.db.flavor.firstHits(t.tenant, k, r, condition, more)
	rows, err := t.query(ctx, query, args...)
	ids, err = collect(rows, err, func(rows *sql.Rows) (id int64, err error) {
		err = rows.Scan(&id)
		return id, err
	})
	return ids, doing("search members", err)
}

// certainty is what a hit has to satisfy to have the keyword.
func (t *tx) certainty(k *keyword) (condition string, args []any) {
	if k.certain() {
		return "", nil
	}
	return " AND " + hasNeedle, []any{t.tenant, likePattern(k.needle)}
}

// hitCount counts whom the tokens are of, without looking at the members themselves.
func (t *tx) hitCount(ctx context.Context, k *keyword) (total int, err error) {
	query, args := t.db.flavor.hitCount(t.tenant, k)
	err = t.queryRow(ctx, query, args...).Scan(&total)
	return total, err
}
