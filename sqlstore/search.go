package sqlstore

import (
	"context"
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
	needle     string
	candidates string // a SELECT of the members that may have it
	args       []any
	certain    bool // the candidates have it; otherwise their haystacks are to be looked at
}

// newKeyword asks package search what the text means. It answers nil for a keyword that says nothing.
func newKeyword(t *tx, text string) *keyword {
	needle, tokens := search.Query(text)
	if needle == "" {
		return nil
	}
	k := &keyword{needle: needle}
	k.candidates, k.args, k.certain = t.db.flavor.candidates(t.tenant, needle, tokens)
	return k
}

// first is the keyword for a page in order of id that nothing else narrows: of candidates that are certain, only the
// first n from an id on are looked at. SQLite would otherwise gather all of them before it answers the page; its token
// index is in the order of the ids and stops when it has enough. PostgreSQL's is not.
func (k *keyword) first(t *tx, id int64, n int) *keyword {
	if t.db.flavor.arrays || !k.certain {
		return k
	}
	cut := *k
	cut.candidates += " AND rowid >= ? ORDER BY rowid LIMIT ?"
	cut.args = append(slices.Clip(cut.args), tokenRow(t.tenant, id), n)
	return &cut
}

// likePattern is the pattern of what contains the needle. Everything in it is plain text.
func likePattern(needle string) string { return "%" + likeEscaper.Replace(needle) + "%" }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// keyword adds that the member matches. A candidate's haystack is looked at last, so that a page ends where it is full.
func (w *where) keyword(t *tx, k *keyword) {
	w.and("id IN ("+k.candidates+")", k.args...)
	if !k.certain {
		w.and(`EXISTS (SELECT 1 FROM member_search AS s WHERE s.tenant_id = ? AND s.member_id = members.id
			AND s.haystack LIKE ? ESCAPE '\')`, t.tenant, likePattern(k.needle))
	}
}

// keywordTotal counts the members that match, without looking at the members themselves.
func (t *tx) keywordTotal(ctx context.Context, k *keyword) (total int, err error) {
	query, args := "SELECT COUNT(*) FROM ("+k.candidates+") AS c", k.args
	if !k.certain {
		query = `SELECT COUNT(*) FROM member_search WHERE tenant_id = ? AND member_id IN (` + k.candidates + `)
			AND haystack LIKE ? ESCAPE '\'`
		args = slices.Concat([]any{t.tenant}, k.args, []any{likePattern(k.needle)})
	}
	err = t.queryRow(ctx, query, args...).Scan(&total)
	return total, err
}

// searchRows are the rows of the search index that are to be written.
type searchRows struct {
	members, haystacks, tokens []any
	tokenRows                  []int64 // SQLite's rowids
}

// add appends the rows of one member. The tokens are made here once for either engine.
func (r *searchRows) add(tenant noren.TenantID, member int64, haystack string) {
	r.members = append(r.members, member)
	r.haystacks = append(r.haystacks, haystack)
	r.tokens = append(r.tokens, strings.Join(storedTokens(tenant, search.Tokens(haystack)), " "))
	r.tokenRows = append(r.tokenRows, tokenRow(tenant, member))
}

// writeSearch brings the search index to what the rows say. fresh says that their members are new.
//
// PostgreSQL has the tokens beside the haystack. SQLite has them in an FTS5 table, which knows no ON CONFLICT and
// finds a row by its rowid only: what is there is removed first, which a new member does not need.
func (t *tx) writeSearch(ctx context.Context, r searchRows, fresh bool) error {
	if len(r.members) == 0 {
		return nil
	}
	f := t.db.flavor
	set, cols := "haystack = excluded.haystack", []column{
		{"member_id", kindInt, r.members}, {"haystack", kindText, r.haystacks},
	}
	if f.arrays {
		set, cols = set+", tokens = excluded.tokens", append(cols, column{"tokens", kindText, r.tokens})
	}
	_, err := t.insertRows(ctx, "member_search", "ON CONFLICT (tenant_id, member_id) DO UPDATE SET "+set, cols)
	if err != nil || f.arrays {
		return doing("write the search index", err)
	}
	if !fresh {
		if _, err := t.exec(ctx, "DELETE FROM member_tokens WHERE "+f.in("rowid"), f.list(r.tokenRows)); err != nil {
			return doing("remove tokens", err)
		}
	}
	rowids := make([]any, len(r.tokenRows))
	for i, row := range r.tokenRows {
		rowids[i] = row
	}
	_, err = t.insertRows(ctx, "member_tokens", "", []column{{"rowid", kindInt, rowids}, {"tokens", kindText, r.tokens}})
	return doing("write tokens", err)
}
