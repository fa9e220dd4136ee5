package smaregi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Paging as on the common page: limit is 1 to 1000, 100 if not given; page starts at 1.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxPage      = 1_000_000_000
)

// maxSpan is the longest span that upd_date_time-from and -to may cover.
const maxSpan = 31 * 24 * time.Hour

// headerTotal has the number of entries on all pages.
const headerTotal = "X-Total-Count"

// Codes for parameters, in addition to those of package wire.
const (
	notATime wire.Code = "time"
	repeated wire.Code = "repeated"
)

// list is one list endpoint: its filters and sort keys, and what its entries look like.
type list[F, T any] struct {
	sortable [][2]string // name in this API, canonical column
	filters  []filter[F]
	span     func(*F) *noren.Span // what upd_date_time-from and -to fill in; nil if there is no such filter
	view     wire.View[T]
	extras   []extra[T]
}

// filter is one query parameter that narrows a list.
type filter[F any] struct {
	wire.Facts
	set func(f *F, text string, zone *time.Location) wire.Code
}

// asked is a parsed list request.
type asked[F any] struct {
	filter F
	fields []string
	sort   []noren.Sort
	page   noren.Page
	number int // of the page, from 1
	query  url.Values
}

// read parses the query. Parameters that the endpoint does not have have been refused before.
func (l list[F, T]) read(x *web.Request) (asked[F], error) {
	a := asked[F]{}
	var err error
	if a.query, err = readQuery(x); err != nil {
		return a, err
	}
	if a.fields, err = l.readFields(a.query); err != nil {
		return a, err
	}
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
	if a.sort, err = l.readSort(listed(a.query, "sort")); err != nil {
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
	if err := l.readSwitches(a.query); err != nil {
		return a, err
	}
	// Only now are both ends known, in whichever order they were given.
	if l.span != nil {
		return a, checkSpan(*l.span(&a.filter))
	}
	return a, nil
}

// readQuery parses the query strictly: net/http would drop what it cannot read, and all but the first of a repeated parameter,
// and the response would not be what was asked for. Lists may be repeated as well as joined by commas.
func readQuery(x *web.Request) (url.Values, error) {
	query, err := url.ParseQuery(x.HTTP.URL.RawQuery)
	if err != nil {
		return nil, invalid("クエリ文字列がURLエンコードとして正しくありません。")
	}
	// Sorted, because only the first problem is told, and the same query has to get the same words.
	for _, name := range slices.Sorted(maps.Keys(query)) {
		facts := wire.Facts{Name: dialect.Cut(strings.ToValidUTF8(name, "?"))}
		for _, value := range query[name] {
			if code := checkQueryText(value); code != "" {
				return nil, refuseParameter(&facts, code)
			}
		}
		if len(query[name]) > 1 && name != "fields" && name != "sort" {
			return nil, refuseParameter(&facts, repeated)
		}
	}
	return query, nil
}

// checkQueryText refuses what no engine can compare with: PostgreSQL returns an error for it, SQLite finds nothing.
func checkQueryText(text string) wire.Code {
	if !utf8.ValidString(text) {
		return wire.NotUTF8
	}
	return wire.CheckText(&wire.Facts{}, text)
}

// refuseParameter words a problem of a query parameter like that of a field.
func refuseParameter(facts *wire.Facts, code wire.Code) error {
	return invalid(fieldWords(&wire.Problem{Field: facts.Name, Code: code, Facts: facts}))
}

// listed returns all of a list, however often the parameter is repeated.
func listed(query url.Values, name string) string { return strings.Join(query[name], ",") }

// commaList splits a list. Blanks around its parts and empty parts mean nothing.
func commaList(facts *wire.Facts, text string) (list []string, code wire.Code) {
	if strings.Count(text, ",") >= facts.MaxItems {
		return nil, wire.TooManyItems
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list, ""
}

// readFields parses the names of the keys that are asked for. A name that no response has is refused: without it, nothing or
// too little would be left of each entry.
func (l list[F, T]) readFields(query url.Values) ([]string, error) {
	facts := l.fieldsFacts()
	names, code := commaList(&facts, listed(query, "fields"))
	if code != "" {
		return nil, refuseParameter(&facts, code)
	}
	for _, e := range l.extras { // keys of the response where they are asked for
		if query.Get(e.Name) == "all" {
			facts.Enum = append(facts.Enum, e.key.Name)
		}
	}
	for _, name := range names {
		if !slices.Contains(facts.Enum, name) {
			return nil, invalid(fmt.Sprintf("fieldsに指定された項目「%s」はありません。指定できる項目は%sです。",
				dialect.Cut(name), strings.Join(facts.Enum, "、")))
		}
	}
	return names, nil
}

// readSort parses name or name:desc, comma separated. A column that is named again orders nothing that its first mention
// has not ordered.
func (l list[F, T]) readSort(text string) ([]noren.Sort, error) {
	facts := l.sortFacts()
	keys, code := commaList(&facts, text)
	if code != "" {
		return nil, refuseParameter(&facts, code)
	}
	var sorts []noren.Sort
	for _, key := range keys {
		name, order, ordered := strings.Cut(key, ":")
		i := slices.IndexFunc(l.sortable, func(s [2]string) bool { return strings.EqualFold(s[0], name) })
		desc := strings.EqualFold(order, "desc")
		if i < 0 || ordered && !desc && !strings.EqualFold(order, "asc") {
			return nil, invalid(fmt.Sprintf("sortに指定された「%s」では並べ替えられません。指定できる項目は%sです。降順は「項目:desc」と指定してください。",
				dialect.Cut(key), strings.Join(facts.Enum, "、")))
		}
		column := l.sortable[i][1]
		// Compared by column and not by name, because two names may stand for one column, as storeId and
		// displaySequence do.
		if !slices.ContainsFunc(sorts, func(s noren.Sort) bool { return s.Column == column }) {
			sorts = append(sorts, noren.Sort{Column: column, Desc: desc})
		}
	}
	return sorts, nil
}

// checkSpan allows open ends. The platform requires both ends, so its clients always send both.
func checkSpan(s noren.Span) error {
	switch {
	case s.From.IsZero() || s.To.IsZero():
		return nil
	case s.To.Before(s.From):
		return invalid("upd_date_time-toはupd_date_time-from以降である必要があります。")
	// The end includes its whole second, so a span of exactly 31 days is nearly a second longer.
	case s.To.Sub(s.From) >= maxSpan+time.Second:
		return invalid("upd_date_time-fromからupd_date_time-toまでの期間は31日以下である必要があります。")
	}
	return nil
}

// answer writes one page with its headers.
func (l list[F, T]) answer(x *web.Request, a asked[F], items []T, total int) web.Answer {
	out := dialect.JSON(http.StatusOK, l.shown(a.query, a.fields).List(items))
	out = out.With(headerTotal, strconv.Itoa(total))
	// Even an empty list has a first page, which is also its last.
	last := max(1, (total+a.page.Limit-1)/a.page.Limit)
	var links []string
	length := 0
	link := func(rel string, page int, when bool) {
		if !when {
			return
		}
		// All other parameters of the endpoint are kept, so that the links go through the same list.
		query := make(url.Values, len(a.query)+1)
		for _, p := range l.facts() {
			if a.query.Has(p.Name) {
				query.Set(p.Name, listed(a.query, p.Name))
			}
		}
		query.Set("page", strconv.Itoa(page))
		text := fmt.Sprintf("<%s%s?%s>; rel=%q", x.BaseURL, x.HTTP.URL.EscapedPath(), query.Encode(), rel)
		// A link that does not fit counts too: none behind it may take its place, or the neighbours could go before the
		// last page does.
		if length += len(text); length <= maxLinks {
			links = append(links, text)
		}
	}
	link("next", a.number+1, a.number < last)
	// From a page beyond the last, prev leads to the last.
	link("prev", min(a.number-1, last), a.number > 1)
	link("first", 1, true)
	link("last", last, true)
	if links == nil {
		return out
	}
	return out.With("Link", strings.Join(links, ", "))
}

// maxLinks bounds the links of a response, in bytes: a long query would stand in each of them, and proxies refuse responses
// with long headers. Links that do not fit are left out, those to the neighbours last.
const maxLinks = 6 << 10

// one returns a single entry.
func (l list[F, T]) one(x *web.Request, item T) (web.Answer, error) {
	query, err := readQuery(x)
	if err != nil {
		return web.Answer{}, err
	}
	fields, err := l.readFields(query)
	if err != nil {
		return web.Answer{}, err
	}
	if err := l.readSwitches(query); err != nil {
		return web.Answer{}, err
	}
	return dialect.JSON(http.StatusOK, l.shown(query, fields).Append(nil, item)), nil
}

// extra is a key that a response has only where a parameter asks for it, with all; none is the default.
type extra[T any] struct {
	wire.Facts
	key wire.Shown[T]
}

// readSwitches refuses a value of these parameters that is neither all nor none.
func (l list[F, T]) readSwitches(query url.Values) error {
	for _, e := range l.extras {
		if query.Has(e.Name) && !slices.Contains(e.Enum, query.Get(e.Name)) {
			return refuseParameter(&e.Facts, wire.NotInEnum)
		}
	}
	return nil
}

// shown is what is written of each entry: the keys that fields names, or all, and those that a parameter asks for.
func (l list[F, T]) shown(query url.Values, fields []string) wire.View[T] {
	// A key that a parameter asks for is shown even where fields does not name it: it was asked for by itself.
	view := l.view.Only(fields)
	for _, e := range l.extras {
		if query.Get(e.Name) == "all" {
			view = append(slices.Clip(view), e.key)
		}
	}
	return view
}

// schema describes an entry with all keys.
func (l list[F, T]) schema() *wire.Schema {
	view := slices.Clip(l.view)
	for _, e := range l.extras {
		view = append(view, e.key)
	}
	return view.Schema()
}

// parameters describes the query of a list.
func (l list[F, T]) parameters() []wire.Parameter { return queryParameters(l.facts()) }

// parametersOfOne describes the query of a single entry.
func (l list[F, T]) parametersOfOne() []wire.Parameter {
	return queryParameters(append([]wire.Facts{l.fieldsFacts()}, l.switches()...))
}

func queryParameters(facts []wire.Facts) []wire.Parameter {
	parameters := make([]wire.Parameter, len(facts))
	for i, f := range facts {
		parameters[i] = wire.QueryParameter(f)
	}
	return parameters
}

// facts describes every parameter of the query.
func (l list[F, T]) facts() []wire.Facts {
	facts := []wire.Facts{l.fieldsFacts(), l.sortFacts(), limitFacts(), pageFacts()}
	for _, f := range l.filters {
		facts = append(facts, f.Facts)
	}
	return append(facts, l.switches()...)
}

func (l list[F, T]) switches() (facts []wire.Facts) {
	for _, e := range l.extras {
		facts = append(facts, e.Facts)
	}
	return facts
}

// fieldsFacts describes fields. The names are for its words; it has no enumeration, because several can be given.
func (l list[F, T]) fieldsFacts() wire.Facts {
	facts := wire.Facts{Name: "fields", MaxItems: noren.MaxNamed, Description: wordsFields}
	for _, key := range l.view {
		facts.Enum = append(facts.Enum, key.Name)
	}
	return facts
}

// sortFacts describes sort. The names are for its words; it has no enumeration, because several can be given.
func (l list[F, T]) sortFacts() wire.Facts {
	facts := wire.Facts{Name: "sort", MaxItems: noren.MaxNamed, Description: "並び順。項目名または項目名:descをカンマ区切りで指定します。"}
	for _, s := range l.sortable {
		facts.Enum = append(facts.Enum, s[0])
	}
	return facts
}

// limitFacts describes limit. A limit out of range is refused rather than cut, so that nobody mistakes a part for the
// whole.
func limitFacts() wire.Facts {
	return wire.Facts{Name: "limit", Type: wire.TypeInteger, Min: 1, Max: maxLimit, Description: "1ページの件数。省略時は100"}
}

// pageFacts describes page. A page beyond the last is empty, not an error.
func pageFacts() wire.Facts {
	return wire.Facts{Name: "page", Type: wire.TypeInteger, Min: 1, Max: maxPage, Description: "ページ番号。省略時は1"}
}
