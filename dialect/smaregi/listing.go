package smaregi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"noren"
	"noren/web"
	"noren/wire"
)

// Paging as the common page documents it: limit 1 to 1000, 100 where it is not given; page from 1.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxPage      = 1_000_000_000
)

// maxSpan is the longest span that upd_date_time-from and -to may cover.
const maxSpan = 31 * 24 * time.Hour

// headerTotal carries how many entries there are on all pages.
const headerTotal = "X-Total-Count"

// Codes of parameters, beside those of package wire.
const (
	notATime    wire.Code = "time"
	notSortable wire.Code = "sort"
)

// list is one list endpoint: what it can be filtered and sorted by, and what its entries look like.
type list[F, T any] struct {
	sortable [][2]string // name in this API, canonical column
	filters  []filter[F]
	span     func(*F) *noren.Span // what upd_date_time-from and -to fill in; nil where there is none
	view     wire.View[T]
}

// filter is one query parameter that narrows a list.
type filter[F any] struct {
	wire.Facts
	set func(f *F, text string, zone *time.Location) wire.Code
}

// asked is a list request as it was understood.
type asked[F any] struct {
	filter F
	fields []string
	sort   []noren.Sort
	page   noren.Page
	number int // of the page, from 1
	query  url.Values
}

// read understands the query. Parameters that the endpoint does not have are ignored.
func (l list[F, T]) read(x *web.Request) (asked[F], error) {
	a := asked[F]{}
	var err error
	if a.query, err = readQuery(x); err != nil {
		return a, err
	}
	a.fields = commaList(a.query.Get("fields"))
	number, size := int64(1), int64(defaultLimit)
	for _, p := range []struct {
		facts wire.Facts
		to    *int64
	}{{limitFacts(), &size}, {pageFacts(), &number}} {
		if !a.query.Has(p.facts.Name) {
			continue
		}
		n, code := wire.CheckInteger(&p.facts, a.query.Get(p.facts.Name))
		if code != "" {
			return a, refuseParameter(&p.facts, code)
		}
		*p.to = n
	}
	// maxPage times maxLimit stays far below 64 bits.
	a.number = int(number)
	a.page = noren.Page{Limit: int(size), Offset: int((number - 1) * size)}
	if a.sort, err = l.readSort(a.query.Get("sort")); err != nil {
		return a, err
	}
	for i := range l.filters {
		f := &l.filters[i]
		if !a.query.Has(f.Name) {
			continue
		}
		if code := f.set(&a.filter, a.query.Get(f.Name), x.Caller.Tenant.Location()); code != "" {
			return a, refuseParameter(&f.Facts, code)
		}
	}
	// Both ends are known only now, in whichever order they were given.
	if l.span != nil {
		return a, checkSpan(*l.span(&a.filter))
	}
	return a, nil
}

// readQuery reads the query strictly: net/http would drop what it cannot read, and answer something else than asked.
func readQuery(x *web.Request) (url.Values, error) {
	query, err := url.ParseQuery(x.HTTP.URL.RawQuery)
	if err != nil {
		return nil, invalid("クエリ文字列がURLエンコードとして正しくありません。")
	}
	for name, values := range query {
		if code := checkQueryText(values[0]); code != "" {
			return nil, refuseParameter(&wire.Facts{Name: cut(strings.ToValidUTF8(name, "?"))}, code)
		}
	}
	return query, nil
}

// checkQueryText refuses what no engine can compare with: PostgreSQL answers an error for it, SQLite finds nothing.
func checkQueryText(text string) wire.Code {
	if !utf8.ValidString(text) {
		return wire.NotUTF8
	}
	return wire.CheckText(&wire.Facts{}, text)
}

// refuseParameter words a problem of a query parameter in the same words as that of a field.
func refuseParameter(facts *wire.Facts, code wire.Code) error {
	return invalid(fieldWords(&wire.Problem{Field: facts.Name, Code: code, Facts: facts}))
}

// commaList splits a list; none is no list rather than one empty name.
func commaList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// readSort reads name or name:desc, comma separated.
func (l list[F, T]) readSort(text string) ([]noren.Sort, error) {
	var sorts []noren.Sort
	for _, key := range commaList(text) {
		name, order, ordered := strings.Cut(key, ":")
		i := slices.IndexFunc(l.sortable, func(s [2]string) bool { return s[0] == name })
		if i < 0 || ordered && order != "desc" && order != "asc" {
			facts := l.sortFacts()
			return nil, refuseParameter(&facts, notSortable)
		}
		sorts = append(sorts, noren.Sort{Column: l.sortable[i][1], Desc: order == "desc"})
	}
	return sorts, nil
}

// checkSpan allows open ends: the platform wants both, so asking with one only is more than its clients do.
func checkSpan(s noren.Span) error {
	switch {
	case s.From.IsZero() || s.To.IsZero():
		return nil
	case s.To.Before(s.From):
		return invalid("upd_date_time-toはupd_date_time-from以降である必要があります。")
	case s.To.Sub(s.From) >= maxSpan+time.Second:
		return invalid("upd_date_time-fromからupd_date_time-toまでの期間は31日以下である必要があります。")
	}
	return nil
}

// answer writes one page with its headers.
func (l list[F, T]) answer(x *web.Request, a asked[F], items []T, total int) web.Answer {
	out := web.Answer{Status: http.StatusOK, ContentType: mediaJSON, Body: l.view.Only(a.fields).List(items)}
	out = out.With(headerTotal, strconv.Itoa(total))
	// Even an empty list has a first page, which is its last.
	last := max(1, (total+a.page.Limit-1)/a.page.Limit)
	var links []string
	link := func(rel string, page int, when bool) {
		if !when {
			return
		}
		// All other parameters are kept, so that following a link goes through the same list.
		query := make(url.Values, len(a.query)+1)
		for name, values := range a.query {
			query[name] = values
		}
		query.Set("page", strconv.Itoa(page))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", x.BaseURL, x.HTTP.URL.EscapedPath(), query.Encode(), rel))
	}
	link("next", a.number+1, a.number < last)
	// From a page behind the last, the way back leads to the last.
	link("prev", min(a.number-1, last), a.number > 1)
	link("first", 1, true)
	link("last", last, true)
	return out.With("Link", strings.Join(links, ", "))
}

// one answers a single entry.
func (l list[F, T]) one(x *web.Request, item T) (web.Answer, error) {
	query, err := readQuery(x)
	if err != nil {
		return web.Answer{}, err
	}
	body := l.view.Only(commaList(query.Get("fields"))).Append(nil, item)
	return web.Answer{Status: http.StatusOK, ContentType: mediaJSON, Body: body}, nil
}

// parameters describes the query.
func (l list[F, T]) parameters() []wire.Parameter {
	facts := []wire.Facts{{Name: "fields", Description: wordsFields}, l.sortFacts(), limitFacts(), pageFacts()}
	for _, f := range l.filters {
		facts = append(facts, f.Facts)
	}
	parameters := make([]wire.Parameter, len(facts))
	for i, f := range facts {
		details := f.Description
		f.Description = ""
		schema := f.Schema()
		if f.Type == wire.TypeInteger {
			schema.Types, schema.Pattern, schema.Description = []string{"integer"}, "", ""
		}
		parameters[i] = wire.Parameter{Name: f.Name, In: "query", Schema: schema, Details: details}
	}
	return parameters
}

// sortFacts describes sort. The names are for its words; it has no enumeration, because several can be given.
func (l list[F, T]) sortFacts() wire.Facts {
	facts := wire.Facts{Name: "sort", Description: "並び順。項目名または項目名:descをカンマ区切りで指定します。"}
	for _, s := range l.sortable {
		facts.Enum = append(facts.Enum, s[0])
	}
	return facts
}

// limitFacts describes limit. A limit out of range is refused rather than cut, so that nobody takes a part for the whole.
func limitFacts() wire.Facts {
	return wire.Facts{Name: "limit", Type: wire.TypeInteger, Min: 1, Max: maxLimit, Description: "1ページの件数。省略時は100"}
}

// pageFacts describes page. A page behind the last is empty, not an error.
func pageFacts() wire.Facts {
	return wire.Facts{Name: "page", Type: wire.TypeInteger, Min: 1, Max: maxPage, Description: "ページ番号。省略時は1"}
}

// pathID reads an id in the path. What cannot be an id is not found rather than wrong.
func pathID(x *web.Request, name string, highest int64) (int64, error) {
	id, code := wire.CheckInteger(&wire.Facts{Min: 1, Max: highest}, x.Vars[name])
	if code != "" {
		return 0, &noren.Error{Kind: noren.NotFound, Field: name}
	}
	return id, nil
}
