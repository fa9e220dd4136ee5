package ladder

import (
	"fmt"
	"time"
)

// Programme says when ranks are checked and over which months spend counts.
type Programme struct {
	Start             Month  `json:"start"` // checks fall on the 1st, every CheckEveryMonths from here
	WindowMonths      int    `json:"window_months"`
	CheckEveryMonths  int    `json:"check_every_months"`
	NeverRankDown     bool   `json:"never_rank_down"`
	Demotion          string `json:"demotion"`            // OneStep | ToEarned
	EffectiveFromUnix int64  `json:"effective_from_unix"` // when Start and CheckEveryMonths were stored: checks until then are never due
}

// Month is a month of the calendar, written YYYY-MM. Months compare as strings do.
type Month string

// The years that months can be of. Months are compared as strings, and a window may begin a hundred years before its check.
const (
	firstYear = 1900
	lastYear  = 2999
)

// ParseMonth reads YYYY-MM.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse(monthLayout, s)
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is no month of the form YYYY-MM", s)
	case t.Year() < firstYear || t.Year() > lastYear:
		return "", fmt.Errorf("%q is no month of the years %d to %d", s, firstYear, lastYear)
	}
	return Month(s), nil
}

const monthLayout = "2006-01"

// MonthOf is the month that t falls in in zone.
func MonthOf(t time.Time, zone *time.Location) Month { return Month(t.In(zone).Format(monthLayout)) }

// date is the first day of the month. A month that was not made here may be no month: then it is the year 1.
func (m Month) date() time.Time {
	t, err := time.Parse(monthLayout, string(m))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add is the month n months later.
func (m Month) Add(n int) Month { return Month(m.date().AddDate(0, n, 0).Format(monthLayout)) }

// Since is how many months m is after n.
func (m Month) Since(n Month) int {
	a, b := m.date(), n.date()
	return (a.Year()-b.Year())*12 + int(a.Month()) - int(b.Month())
}

// Begin is the first instant of the month in zone: midnight, or where clocks are put forward over it, when they are. Where
// midnight comes twice, it is the first.
func (m Month) Begin(zone *time.Location) time.Time {
	midnight := m.date() // in UTC; in zone it comes less than a day earlier or later
	for t := midnight.AddDate(0, 0, -2).In(zone); ; {
		start, end := t.ZoneBounds()
		_, offset := t.Zone()
		begin := midnight.Add(-time.Duration(offset) * time.Second).In(zone)
		if begin.Before(start) {
			begin = start // clocks were put forward, from before midnight to after it
		}
		// Of the last day of a leap year Go says, where clocks change by a rule, that its offset ended when it began.
		if end.IsZero() || !end.After(t) || begin.Before(end) {
			return begin
		}
		t = end
	}
}

// Check is one check of a programme: when it falls, and the months whose spend counts, From ≤ month < Until.
type Check struct {
	At          time.Time
	From, Until Month
}

// check is the programme's check at the beginning of the month.
func (p Programme) check(m Month, zone *time.Location) Check {
	return Check{At: m.Begin(zone), From: m.Add(-p.WindowMonths), Until: m}
}

// Next is the first check after t, which is to be within the years that months can be of.
func (p Programme) Next(t time.Time, zone *time.Location) Check {
	every := max(p.CheckEveryMonths, 1)
	m := p.Start
	if passed := MonthOf(t, zone).Since(m); passed > 0 {
		m = m.Add(passed / every * every)
	}
	for !m.Begin(zone).After(t) {
		m = m.Add(every)
	}
	return p.check(m, zone)
}

// At is the check that falls at t exactly; false where none does, and then the check is the next after t.
func (p Programme) At(t time.Time, zone *time.Location) (Check, bool) {
	c := p.Next(t.Add(-time.Nanosecond), zone)
	return c, c.At.Equal(t)
}

// SameCalendar reports whether checks of q fall when those of p do.
func (p Programme) SameCalendar(q Programme) bool {
	return p.Start == q.Start && p.CheckEveryMonths == q.CheckEveryMonths
}

// Due is the next check that is to be run at now, given when the latest one that was run fell, or the zero time: false
// where none is, and then the check is the next to come. Checks until EffectiveFromUnix are never due.
func (p Programme) Due(latest, now time.Time, zone *time.Location) (Check, bool) {
	if stored := time.Unix(p.EffectiveFromUnix, 0); stored.After(latest) {
		latest = stored
	}
	c := p.Next(latest, zone)
	return c, !c.At.After(now)
}
