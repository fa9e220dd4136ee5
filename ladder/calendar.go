package ladder

import (
	"fmt"
	"time"
)

// Programme says when ranks are checked and over which months spend counts.
type Programme struct {
	Start             Month  `json:"start"` // checks fall on the 1st, every CheckEveryMonths months from here
	WindowMonths      int    `json:"window_months"`
	CheckEveryMonths  int    `json:"check_every_months"`
	NeverRankDown     bool   `json:"never_rank_down"`
	Demotion          string `json:"demotion"`            // OneStep | ToEarned
	EffectiveFromUnix int64  `json:"effective_from_unix"` // when Start and CheckEveryMonths were stored; checks up to then are never due
}

// Month is a calendar month, written YYYY-MM. Months compare as strings do.
type Month string

// The years of valid months. All have four digits, so that months compare as strings; a window may begin a hundred
// years before its check.
const (
	firstYear = 1900
	lastYear  = 2999
)

// ParseMonth parses YYYY-MM.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse(monthLayout, s)
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is not a month; write it as 2026-11", s)
	case t.Year() < firstYear || t.Year() > lastYear:
		return "", fmt.Errorf("%q is not in the years %d to %d", s, firstYear, lastYear)
	}
	return Month(s), nil
}

const monthLayout = "2006-01"

// MonthOf returns the month in which t falls in zone.
func MonthOf(t time.Time, zone *time.Location) Month { return Month(t.In(zone).Format(monthLayout)) }

// date returns the first day of the month. For a Month that did not come from ParseMonth or MonthOf and is not valid it
// returns the year 1.
func (m Month) date() time.Time {
	t, err := time.Parse(monthLayout, string(m))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add returns the month n months later.
func (m Month) Add(n int) Month { return Month(m.date().AddDate(0, n, 0).Format(monthLayout)) }

// Since returns how many months m is after n.
func (m Month) Since(n Month) int {
	a, b := m.date(), n.date()
	return (a.Year()-b.Year())*12 + int(a.Month()) - int(b.Month())
}

// Begin returns the first instant of the month in zone. That is midnight; if clocks are put forward over midnight, the
// moment they are; if midnight occurs twice, the first.
func (m Month) Begin(zone *time.Location) time.Time {
	midnight := m.date() // in UTC; in zone it is less than a day earlier or later
	for t := midnight.AddDate(0, 0, -2).In(zone); ; {
		start, end := t.ZoneBounds()
		_, offset := t.Zone()
		begin := midnight.Add(-time.Duration(offset) * time.Second).In(zone)
		if begin.Before(start) {
			begin = start // clocks were put forward, from before midnight to after it
		}
		// On the last day of a leap year, in zones whose clocks change by a rule, ZoneBounds returns an end equal to the
		// beginning.
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

// check returns the programme's check at the beginning of the month.
func (p Programme) check(m Month, zone *time.Location) Check {
	return Check{At: m.Begin(zone), From: m.Add(-p.WindowMonths), Until: m}
}

// Next returns the first check after t, which must be within the years of valid months.
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

// At returns the check that falls exactly at t and true, or else the next check after t and false.
func (p Programme) At(t time.Time, zone *time.Location) (Check, bool) {
	c := p.Next(t.Add(-time.Nanosecond), zone)
	return c, c.At.Equal(t)
}

// SameCalendar reports whether checks of p and q fall at the same times.
func (p Programme) SameCalendar(q Programme) bool {
	return p.Start == q.Start && p.CheckEveryMonths == q.CheckEveryMonths
}

// Due returns the next check and true if one is to be run at now, or else the next to come and false. latest is the
// time of the latest check that was run, or zero. Checks up to EffectiveFromUnix are never due.
func (p Programme) Due(latest, now time.Time, zone *time.Location) (Check, bool) {
	if stored := time.Unix(p.EffectiveFromUnix, 0); stored.After(latest) {
		latest = stored
	}
	c := p.Next(latest, zone)
	return c, !c.At.After(now)
}
