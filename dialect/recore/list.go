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
	"noren/web"
	"noren/wire"
)

// Paging as the common page documents it.
const (
	defaultLimit = 50
	maxLimit     = 250
	maxPage      = 1_000_000_000
)

// headerNext carries the cursor of the next call; it is absent at the end.
const headerNext = "X-Next-Cursor"

// notATime is the code of a time that is not YYYY-MM-DD HH:MM:SS.
const notATime wire.Code = "time"

// list is one list endpoint: what it can be narrowed by, and whether it can be walked with a cursor.
type list[F any] struct {
	filters []filter[F]
	cursor  bool
}

// filter is one query parameter. set is given the whole value; what it complains of is the part that it answers.
type filter[F any] struct {
	wire.Facts
	set func(f *F, text string, zone *time.Location) (bad string, code wire.Code)
}

// asked is a list request as it was understood.
type asked[F any] struct {
	filter  F
	page    noren.Page
	walking bool  // with a cursor
	after   int64 // walking: the id that the last call ended with
}

// read understands the query and complains of everything in it that is wrong. Parameters that the endpoint does not
// have are ignored.
func (l list[F]) read(x *web.Request) (asked[F], error) {
	a := asked[F]{page: noren.Page{Limit: defaultLimit}}
	query, wrong := readQuery(x)
	for i := range l.filters {
		f := &l.filters[i]
		if !query.Has(f.Name) {
			continue
		}
		if bad, code := f.set(&a.filter, query.Get(f.Name), x.Caller.Tenant.Location()); code != "" {
			wrong = append(wrong, complaint{f.Name, words(&f.Facts, code, bad)})
		}
	}
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
			wrong = append(wrong, complaint{p.facts.Name, words(&p.facts, code, query.Get(p.facts.Name))})
			continue
		}
		p.set(n)
	}
	a.page.Offset = int(number-1) * a.page.Limit
	if l.cursor && query.Has("cursor") {
		after, ok := readCursor(x.Caller.Tenant.Contract, query.Get("cursor"))
		if !ok {
			wrong = append(wrong, complaint{"cursor", sentence("cursor", "is invalid")})
		}
		if query.Has("page") {
			wrong = append(wrong, complaint{"cursor", sentence("cursor", "cannot be given together with page")})
		}
		a.walking, a.after = true, after
	}
	if len(wrong) > 0 {
		return a, wrong
	}
	return a, nil
}

// readQuery reads the query strictly: net/http would drop what it cannot read, and answer something else than asked.
func readQuery(x *web.Request) (url.Values, invalid) {
	query, err := url.ParseQuery(x.HTTP.URL.RawQuery)
	if err != nil {
		return nil, invalid{{"query", sentence("query", "is not a valid URL-encoded string")}}
	}
	var wrong invalid
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		name = cut(strings.ToValidUTF8(name, "?"))
		switch {
		case !utf8.ValidString(values[0]) || !wire.Storable(values[0]):
			wrong = append(wrong, complaint{name, sentence(name, "is invalid")})
		case len(values) > 1:
			wrong = append(wrong, complaint{name, sentence(name, "is given more than once")})
		}
	}
	return query, wrong
}

// walked cuts one entry too many off a walk's items, which says that there are more, and answers where to go on.
func walked[F, T any](a asked[F], items []T, contract string, id func(T) int64) ([]T, string) {
	if !a.walking || len(items) <= a.page.Limit {
		return items, ""
	}
	items = items[:a.page.Limit]
	return items, newCursor(contract, id(items[len(items)-1]))
}

// listed answers a list; next is the cursor, "" at the end.
func listed(body []byte, next string) web.Answer {
	a := web.Answer{Status: http.StatusOK, ContentType: mediaJSON, Body: body}
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
		details := f.Description
		f.Description = ""
		parameters[i] = wire.Parameter{Name: f.Name, In: "query", Schema: f.Schema(), Details: details}
	}
	return parameters
}

func limitFacts() wire.Facts {
	return wire.Facts{Name: "limit", Type: wire.TypeWhole, Min: 1, Max: maxLimit, Description: "1ページあたりの件数。省略時は50"}
}

func pageFacts() wire.Facts {
	return wire.Facts{Name: "page", Type: wire.TypeWhole, Min: 1, Max: maxPage, Description: "ページ。省略時は1"}
}

// pathID reads an id in the path. What cannot be an id is not found rather than wrong.
func pathID(x *web.Request, name string) (int64, error) {
	id, code := wire.CheckInteger(&wire.Facts{Min: 1, Max: maxID}, x.Vars[name])
	if code != "" {
		return 0, &noren.Error{Kind: noren.NotFound, Field: name}
	}
	return id, nil
}
