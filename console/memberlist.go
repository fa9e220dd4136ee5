package console

import (
	"strconv"
	"strings"

	"noren"
	"noren/app/stock"
)

// statusFilter, rankFilter and storeFilter are the choices of the list's filters. The first choice is any value; the
// form's choice of no value is left out.
func (p *page) statusFilter() []choice {
	return append([]choice{{"", p.T("members.any_status")}}, p.choices(stock.Catalogue{}, "status")...)
}

func (p *page) rankFilter(c stock.Catalogue) []choice {
	return append([]choice{{"", p.T("members.any_rank")}}, p.choices(c, "rank_id")[1:]...)
}

func (p *page) storeFilter(c stock.Catalogue) []choice {
	return append([]choice{{"", p.T("members.any_store")}}, p.choices(c, "store_id")[1:]...)
}

// statusClass is the CSS class of a status.
func statusClass(s noren.Status) string {
	switch s {
	case noren.Active:
		return "status-good"
	case noren.Tentative:
		return "status-open"
	default:
		return "status-stop"
	}
}

// arrow shows the order of a column to those who see it; screen readers use aria-sort.
func arrow(order string) string {
	switch order {
	case "ascending":
		return "▲"
	case "descending":
		return "▼"
	}
	return ""
}

// paged is the address of a page of a list. The first page has no parameter, so that it has only one address.
func paged(path string, number int) string {
	if number == 1 {
		return path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "page=" + strconv.Itoa(number)
}

// firstOf is the first text that is set.
func firstOf(texts ...*string) string {
	for _, t := range texts {
		if or(t) != "" {
			return *t
		}
	}
	return ""
}
