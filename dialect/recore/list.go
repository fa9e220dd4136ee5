package recore

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Paging as on the common page.
const (
	defaultLimit = 50
	maxLimit     = 250
	maxPage      = 1_000_000_000
)

// headerNext has the cursor for the next call; it is absent at the end.
const headerNext = "X-Next-Cursor"

// notATime is the code of a time that is not YYYY-MM-DD HH:MM:SS.
const notATime wire.Code = "time"

// list is one list endpoint: its filters, and whether it can be walked with a cursor.
type list[F any] struct {
	filters []filter[F]
	cursor  bool
}

// filter is one query parameter. set receives the whole value and returns the part of it that is wrong.
type filter[F any] struct {
	wire.Facts
	set func(f *F, text string, zone *time.Location) (bad string, code wire.Code)
}

// asked is a parsed list request.
type asked[F any] struct {
	filter  F
	page    noren.Page
	walking bool  // with a cursor
	after   int64 // when walking: the id that the last call ended with
}

// read parses the query and returns everything that is wrong with it. Parameters that the endpoint does not have have been
// refused before.
func (l list[F]) read(x *web.Request) (asked[F], error) {
	a := asked[F]{page: noren.Page{Limit: defaultLimit}}
	query, wrong := readQuery(x)
	for i := range l.filters {
		f := &l.filters[i]
		// What is given and empty is a value for the filter to judge: taken as absent, ids= would return everybody.
		if !query.Has(f.Name) {
			continue
		}
		if bad, code := f.set(&a.filter, query.Get(f.Name), x.Caller.Tenant.Location()); code != "" {
			wrong.Add(f.Name, words(&f.Facts, code, bad))
		}
	}
	// The number of the page is kept until the limit is known too, whichever comes first in the query.
	number := int64(1)
	for _, p := range []struct {
		facts wire.Facts
		set   func(int64)
	}{
		{pageFacts(), func(n int64) { number = n }},
		{limitFacts(), func(n int64) { a.page.Limit = int(n) }},
	} {
		if !query.Has(p.facts.Name) {
			continue
		}
		n, code := wire.CheckInteger(&p.facts, query.Get(p.facts.Name))
		if code != "" {
			wrong.Add(p.facts.Name, words(&p.facts, code, query.Get(p.facts.Name)))
			continue
		}
		p.set(n)
	}
	// It cannot overflow: maxPage times maxLimit fits into 64 bits.
	a.page.Offset = int(number-1) * a.page.Limit
	if l.cursor && query.Has("cursor") {
		after, ok := readCursor(x.Caller.Tenant.Contract, query.Get("cursor"))
		if !ok {
			wrong.Add("cursor", sentence("cursor", "is invalid; give "+headerNext+" of the call before, or nothing at first"))
		}
		if query.Has("page") {
			wrong.Add("cursor", sentence("cursor", "cannot be given together with page"))
		}
		// An empty cursor begins a walk, so what counts is that it was given, and not what it is.
		a.walking, a.after = true, after
	}
	return a, wrong.OrNil()
}

// readQuery parses the query strictly: net/http would drop what it cannot read, and the response would not be what was
// asked for.
func readQuery(x *web.Request) (url.Values, dialect.Complaints) {
	query, err := url.ParseQuery(x.HTTP.URL.RawQuery)
	if err != nil {
		return nil, dialect.Wrong("query", sentence("query", "is not a valid URL-encoded string"))
	}
	var wrong dialect.Complaints
	// Sorted, so that the same query always gets the same messages in the same order.
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		// The name becomes a key of the response, which is JSON, and so has to be UTF-8 and short.
		name = dialect.Cut(strings.ToValidUTF8(name, "?"))
		switch {
		case !utf8.ValidString(values[0]) || !wire.Storable(values[0]):
			wrong.Add(name, sentence(name, "is invalid"))
		case len(values) > 1:
			wrong.Add(name, sentence(name, "is given more than once"))
		}
	}
	return query, wrong
}

// walked removes the extra entry that shows that there are more, and returns the cursor with which to continue.
func walked[F, T any](a asked[F], items []T, contract string, id func(T) int64) ([]T, string) {
	if !a.walking || len(items) <= a.page.Limit {
		return items, ""
	}
	items = items[:a.page.Limit]
	return items, newCursor(contract, id(items[len(items)-1]))
}

// listed returns a list; next is the cursor, "" at the end.
func listed(body []byte, next string) web.Answer {
	a := dialect.JSON(http.StatusOK, body)
	if next != "" {
		a = a.With(headerNext, next)
	}
	return a
}

// parameters describes the query.
func (l list[F]) parameters() []wire.Parameter {
	var facts []wire.Facts
	for _, f := range l.filters {
		facts = append(facts, f.Facts)
	}
	facts = append(facts, pageFacts(), limitFacts())
	if l.cursor {
		facts = append(facts, wire.Facts{
			Name: "cursor", Type: wire.TypeText, Description: "ページカーソル。最初は空文字、以降は" + headerNext + "の値を指定します。pageとは併用できません。",
		})
	}
	parameters := make([]wire.Parameter, len(facts))
	for i, f := range facts {
		parameters[i] = wire.QueryParameter(f)
	}
	return parameters
}

func limitFacts() wire.Facts {
	return wire.Facts{Name: "limit", Type: wire.TypeWhole, Min: 1, Max: maxLimit, Description: "1ページあたりの件数。省略時は50"}
}

func pageFacts() wire.Facts {
	return wire.Facts{Name: "page", Type: wire.TypeWhole, Min: 1, Max: maxPage, Description: "ページ。省略時は1"}
}

// pathID parses an id in the path.
func pathID(x *web.Request, name string) (int64, error) { return dialect.PathID(x, name, maxID) }
