package console

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
)

// unusable is a parameter of a list's address that means nothing: an unknown name, or a value that cannot be. A list that ignored it
// would show everything, and people would take that for what they asked.
type unusable struct {
	name, value string
	why         string // what would be right, in the user's language
}

// Error implements error.
func (u *unusable) Error() string { return u.name + "=" + u.value + " in the address cannot be used" }

// Unwrap gives the error its kind.
func (u *unusable) Unwrap() error {
	return &noren.Error{Kind: noren.Invalid, Field: u.name, Value: u.value, Message: u.Error()}
}

// cannotUse notes a parameter that cannot be used. The first is told; serve refuses the request.
func (p *page) cannotUse(name, why string) {
	if p.unusable == nil {
		p.unusable = &unusable{name, shortened(p.asked.Get(name)), why}
	}
}

// checkAddress notes what no list could use: parameters that it does not have, that are given twice, or that are too long.
func (p *page) checkAddress(known []string) {
	for _, name := range slices.Sorted(maps.Keys(p.asked)) {
		switch values := p.asked[name]; {
		// Mail programs and others add parameters of their own.
		case strings.HasPrefix(name, "_") || strings.HasPrefix(name, "utm_") || len(values) == 1 && values[0] == "":
		case !slices.Contains(known, name):
			p.cannotUse(name, p.T("address.unknown"))
		case len(values) > 1:
			p.cannotUse(name, p.T("address.twice"))
		case len(values[0]) > maxQuery:
			p.cannotUse(name, p.T("address.long"))
		}
	}
}

// chosen is a parameter whose value is one of the choices that the form offers under the label; "" if it is absent.
func (p *page) chosen(name, label string, choices []choice) string {
	value := p.query(name)
	if value != "" && !slices.ContainsFunc(choices, func(c choice) bool { return c.value == value }) {
		p.cannotUse(name, p.T("address.choice", label))
		return ""
	}
	return value
}

// chosenID is chosen for choices that are IDs; 0 if it is absent.
func (p *page) chosenID(name, label string, choices []choice) int64 {
	return positive(p.chosen(name, label, choices))
}

// place is a position in a list, a whole number from least to most; 0 if it is absent.
func (p *page) place(name string, least, most int64) int64 {
	text := p.query(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		p.cannotUse(name, p.T("address.place"))
		return 0
	}
	return n
}

// before is the entry before which a page of a log begins; 0 if the page is the first.
func (p *page) before() int64 { return p.place("before", 1, math.MaxInt64) }

// dayOf is a parameter that is a day: its start in the tenant's zone; false if it is absent.
func (p *page) dayOf(name string) (time.Time, bool) {
	text := p.query(name)
	day, ok := p.day(text)
	if text != "" && !ok {
		p.cannotUse(name, p.T("reason.not_a_date"))
	}
	return day, ok
}
