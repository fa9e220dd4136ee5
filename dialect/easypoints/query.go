package easypoints

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"noren"
	"noren/dialect"
	"noren/wire"
)

// Paging as on the page about pagination.
const (
	maxPerPage = 250
	maxPage    = 1_000_000_000
)

// parameter is one query parameter; set receives its value and returns what is wrong with it.
type parameter struct {
	wire.Facts
	set func(q *query, text string) (detail string)
}

// query is a list request while it is being parsed, one parameter after another.
type query struct {
	noren.PointEntryFilter
	page int64 // from 1
}

// parameters are those of GET …/point_allotments.
func parameters() []parameter {
	bound := func(name, label string, set func(q *query, t time.Time)) parameter {
		facts := wire.Facts{Name: name, Type: wire.TypeText, Format: "date-time", Description: label}
		return parameter{facts, func(q *query, text string) string {
			t, err := parseTime(text)
			if err != nil {
				return `Invalid format. Expected "date-time", such as 2026-11-22T00:30:00Z`
			}
			set(q, t)
			return ""
		}}
	}
	number := func(name string, most int64, label string, set func(*query, int64)) parameter {
		facts := wire.Facts{Name: name, Type: wire.TypeWhole, Min: 1, Max: most, Description: label}
		return parameter{facts, func(q *query, text string) string {
			n, code := wire.CheckInteger(&facts, text)
			switch code {
			case "":
				set(q, n)
				return ""
			case wire.NotInRange:
				return rangeWords(&facts, text)
			default:
				return fmt.Sprintf("Invalid integer. Expected %d to %d", facts.Min, facts.Max)
			}
		}}
	}
	direction := wire.Facts{Name: "direction", Type: wire.TypeEnum, Enum: []string{"asc", "desc"}, Description: "並び順。省略時はasc"}
	kind := wire.Facts{Name: "type", Type: wire.TypeText, Description: "種別 (api, manual, fulfillment, expiration)"}
	return []parameter{
		{kind, func(q *query, text string) string {
			selectType(&q.PointEntryFilter, text)
			return ""
		}},
		// Stored times have microseconds, so the nearest time before the bound is one microsecond away.
		bound("before", "この日時より前の付与", func(q *query, t time.Time) { q.At.To = t.Add(-time.Microsecond) }),
		bound("after", "この日時より後の付与", func(q *query, t time.Time) { q.At.From = t.Add(time.Microsecond) }),
		number("page", maxPage, "ページ。省略時は1", func(q *query, n int64) { q.page = n }),
		number("per_page", maxPerPage, "1ページあたりの件数。省略時は250", func(q *query, n int64) { q.Limit = int(n) }),
		{direction, func(q *query, text string) string {
			q.Newest = strings.EqualFold(text, "desc")
			if !q.Newest && !strings.EqualFold(text, "asc") {
				return "Invalid value for enum. Expected asc or desc"
			}
			return ""
		}},
	}
}

// parseTime parses the forms of ISO 8601 that before and after may have. Without a zone they are in UTC, like
// responses. time.Parse accepts a fraction of a second after any of them. Some languages write the zone without its colon, and a
// plus sign that was not escaped arrives as a blank.
func parseTime(text string) (t time.Time, err error) {
	if strings.Contains(text, "T") { // only the form with a letter between day and time has a blank for nothing else
		text = strings.Replace(text, " ", "+", 1)
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err = time.Parse(form, text); err == nil && t.Year() >= 1 && t.Year() < 10_000 {
			return t, nil
		}
	}
	return t, fmt.Errorf("%q is not a time", text)
}

// readQuery parses the query and returns everything that is wrong with it. Parameters that the endpoint does not have have been
// refused before.
func readQuery(raw string) (noren.PointEntryFilter, error) {
	q := query{page: 1}
	// Without per_page a page is as large as it may be, as the page about pagination has it.
	q.Limit = maxPerPage
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q.PointEntryFilter, dialect.Wrong("/query", "Invalid query: it is not URL-encoded")
	}
	var wrong dialect.Complaints
	for _, p := range parameters() {
		given, known := values[p.Name]
		switch {
		// Present but empty is a value, and wrong: a client whose variable is empty would get the whole ledger.
		case !known:
		case len(given) > 1:
			wrong.Add("/"+p.Name, "Invalid value: it is given more than once")
		default:
			if detail := p.set(&q, given[0]); detail != "" {
				wrong.Add("/"+p.Name, detail)
			}
		}
	}
	// After all parameters, because page may stand before per_page.
	q.Offset = int(q.page-1) * q.Limit
	return q.PointEntryFilter, wrong.OrNil()
}
