package console

import (
	"strconv"
	"strings"

	"noren"
)

// statusFilter, rankFilter and storeFilter are what the list can be narrowed to.
func (p *page) statusFilter() []choice {
	return append([]choice{{"", p.T("members.any_status")}}, p.choices(noren.Catalogue{}, "status")...)
}

func (p *page) rankFilter(c noren.Catalogue) []choice {
	return append([]choice{{"", p.T("members.any_rank")}}, p.choices(c, "rank_id")[1:]...)
}

func (p *page) storeFilter(c noren.Catalogue) []choice {
	return append([]choice{{"", p.T("members.any_store")}}, p.choices(c, "store_id")[1:]...)
}

// statusClass is the style of a status.
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

// arrow shows the eye how a column is sorted.
func arrow(order string) string {
	switch order {
	case "ascending":
		return "▲"
	case "descending":
		return "▼"
	}
	return ""
}

// paged is the address of a page of a list.
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

// firstOf is the first of the texts that is set.
func firstOf(texts ...*string) string {
	for _, t := range texts {
		if or(t) != "" {
			return *t
		}
	}
	return ""
}
