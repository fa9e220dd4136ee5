package ladder_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"noren/ladder"
)

// zone loads a zone of the tz database.
func zone(t rapid.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// zones are some in which a first of a month has begun later than midnight, or had two midnights.
func zones() []string {
	return []string{
		"UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Apia",
		"America/Sao_Paulo", "America/Asuncion", "America/Havana", "America/St_Johns", "America/Goose_Bay", "America/Scoresbysund",
		"Asia/Beirut", "Asia/Amman", "Asia/Damascus", "Asia/Tehran", "Asia/Gaza", "Africa/Cairo", "Africa/Casablanca",
		"Atlantic/Azores", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Kwajalein", "America/Punta_Arenas",
	}
}

// firstMinute looks minute by minute for the first at which zone's calendar has come to the 1st of the month.
func firstMinute(m ladder.Month, z *time.Location) time.Time {
	first, err := time.Parse("2006-01", string(m))
	if err != nil {
		panic(err)
	}
	for t := first.Add(-26 * time.Hour); ; t = t.Add(time.Minute) {
		if year, month, _ := t.In(z).Date(); year > first.Year() || year == first.Year() && month >= first.Month() {
			return t
		}
	}
}

func TestMonthBegins(t *testing.T) {
	t.Parallel()
	for _, name := range zones() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, name)
			for m := ladder.Month("1995-01"); m < "2042-01"; m = m.Add(1) {
				got, want := m.Begin(z), firstMinute(m, z)
				if !got.Equal(want) {
					t.Errorf("%s begins at %v, want %v", m, got, want.In(z))
				}
				if ladder.MonthOf(got, z) != m || ladder.MonthOf(got.Add(-time.Nanosecond), z) != m.Add(-1) {
					t.Errorf("%s begins at %v, which is not where the month before ends", m, got)
				}
			}
		})
	}
}

// These results were determined by hand, so that the search above cannot be wrong in the same way.
func TestMonthBeginsWhereClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, month, begins, why string }{
		{"Asia/Tokyo", "2026-12", "2026-11-30T15:00:00Z", "midnight"},
		{"America/Asuncion", "2017-10", "2017-10-01T04:00:00Z", "from 00:00 to 01:00: midnight is skipped"},
		{"Africa/Cairo", "2010-10", "2010-09-30T22:00:00Z", "at midnight back to 23:00: it comes an hour later"},
		{"Atlantic/Azores", "2026-11", "2026-11-01T01:00:00Z", "midnight"},
		{"America/Havana", "2026-11", "2026-11-01T04:00:00Z", "from 01:00 back to 00:00: midnight comes twice"},
		{"America/St_Johns", "2009-11", "2009-11-01T02:30:00Z", "from 00:01 back to 23:01: the month begins, stops and begins again"},
		{"Pacific/Apia", "2012-01", "2011-12-31T10:00:00Z", "two days after a day that was skipped"},
	} {
		if got := ladder.Month(c.month).Begin(zone(t, c.zone)).UTC().Format(time.RFC3339); got != c.begins {
			t.Errorf("%s in %s (%s) begins at %s, want %s", c.month, c.zone, c.why, got, c.begins)
		}
	}
}

func TestParseMonth(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1900-01", "2026-12", "2999-12"} {
		if m, err := ladder.ParseMonth(s); err != nil || string(m) != s {
			t.Errorf("ParseMonth(%q) = %q, %v", s, m, err)
		}
	}
	for _, s := range []string{"", "2026", "2026-13", "2026-00", "2026-1", "2026-01-01", "1899-12", "3000-01", "０１"} {
		if m, err := ladder.ParseMonth(s); err == nil || m != "" {
			t.Errorf("ParseMonth(%q) = %q, %v", s, m, err)
		}
	}
}

func TestMonthArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		year, month := rapid.IntRange(1900, 2900).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
		n := rapid.IntRange(-1200, 1188).Draw(t, "n")
		m := ladder.Month(fmt.Sprintf("%04d-%02d", year, month))
		months := year*12 + month - 1 + n
		want := ladder.Month(fmt.Sprintf("%04d-%02d", months/12, months%12+1))
		got := m.Add(n)
		if got != want || got.Since(m) != n || (got < m) != (n < 0) {
			t.Errorf("%s.Add(%d) = %s, want %s; since %d", m, n, got, want, got.Since(m))
		}
	})
}

// drawProgramme draws a programme whose checks fall at most some years apart.
func drawProgramme(t *rapid.T) ladder.Programme {
	return ladder.Programme{
		Start:            ladder.Month("2000-01").Add(rapid.IntRange(-60, 600).Draw(t, "start")),
		WindowMonths:     rapid.IntRange(1, 30).Draw(t, "window"),
		CheckEveryMonths: rapid.IntRange(1, 14).Draw(t, "every"),
	}
}

// drawTime draws an instant of some decades, often on one at which a month begins or beside it.
func drawTime(t *rapid.T, z *time.Location, label string) time.Time {
	m := ladder.Month("1995-01").Add(rapid.IntRange(0, 500).Draw(t, label+" month"))
	if rapid.Bool().Draw(t, label+" at the border") {
		return m.Begin(z).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, label+" ns")))
	}
	return m.Begin(z).Add(time.Duration(rapid.Int64Range(0, int64(28*24*time.Hour)).Draw(t, label+" in the month")))
}

// instants lists the programme's checks one by one from its start until one is after t, which is the last.
func instants(p ladder.Programme, z *time.Location, t time.Time) []ladder.Check {
	var list []ladder.Check
	for m := p.Start; ; m = m.Add(p.CheckEveryMonths) {
		list = append(list, ladder.Check{At: m.Begin(z), From: m.Add(-p.WindowMonths), Until: m})
		if m.Begin(z).After(t) {
			return list
		}
	}
}

func TestNextIsTheFirstInstantAfter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		p, now := drawProgramme(t), drawTime(t, z, "now")
		all := instants(p, z, now)
		want := all[len(all)-1]
		if got := p.Next(now, z); got != want {
			t.Fatalf("Next(%v) = %v, want %v", now, got, want)
		}
		for _, c := range all {
			if got, ok := p.At(c.At, z); !ok || got != c {
				t.Errorf("At(%v) = %v, %t", c.At, got, ok)
			}
			if got, ok := p.At(c.At.Add(1), z); ok {
				t.Errorf("a check falls a nanosecond after %v: %v", c.At, got)
			}
		}
	})
}

// Due returns every check once, in order, from the one after the programme was stored to the last before now.
func TestDueRunsThroughTheInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		p, now := drawProgramme(t), drawTime(t, z, "now")
		stored := drawTime(t, z, "stored")
		p.EffectiveFromUnix = stored.Unix()
		var want []ladder.Check
		for _, c := range instants(p, z, now) {
			if c.At.After(time.Unix(stored.Unix(), 0)) && !c.At.After(now) {
				want = append(want, c)
			}
		}
		var latest time.Time
		for i := 0; ; i++ {
			c, due := p.Due(latest, now, z)
			if !due {
				if i != len(want) || !c.At.After(now) {
					t.Fatalf("after %d checks the next is %v at %v, want %d before", i, c, now, len(want))
				}
				return
			}
			if i >= len(want) || c != want[i] {
				t.Fatalf("check %d is %v, want one of %v", i, c, want)
			}
			latest = c.At
		}
	})
}

func TestWindows(t *testing.T) {
	t.Parallel()
	tokyo := zone(t, "Asia/Tokyo")
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, tokyo)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name          string
		start         ladder.Month
		window, every int
		now, next     string
		from, until   ladder.Month
	}{
		{"every month over the last", "2026-08", 1, 1, "2026-08-15 00:00:00", "2026-09-01 00:00:00", "2026-08", "2026-09"},
		{"the start itself is a check", "2026-08", 1, 1, "2026-07-31 23:59:59", "2026-08-01 00:00:00", "2026-07", "2026-08"},
		{"a check is not after itself", "2026-08", 1, 1, "2026-08-01 00:00:00", "2026-09-01 00:00:00", "2026-08", "2026-09"},
		{"quarters judge their last month", "2026-01", 1, 3, "2026-02-10 00:00:00", "2026-04-01 00:00:00", "2026-03", "2026-04"},
		{"a start to come", "2027-05", 12, 6, "2026-02-10 00:00:00", "2027-05-01 00:00:00", "2026-05", "2027-05"},
		{"a start long past", "2000-11", 12, 12, "2026-02-28 23:59:59", "2026-11-01 00:00:00", "2025-11", "2026-11"},
		{"from a leap day", "2000-01", 24, 1, "2028-02-29 23:59:59", "2028-03-01 00:00:00", "2026-03", "2028-03"},
		{"over the end of a year", "2025-12", 3, 2, "2025-12-31 12:00:00", "2026-02-01 00:00:00", "2025-11", "2026-02"},
	} {
		p := ladder.Programme{Start: c.start, WindowMonths: c.window, CheckEveryMonths: c.every}
		want := ladder.Check{At: at(c.next), From: c.from, Until: c.until}
		if got := p.Next(at(c.now), tokyo); !got.At.Equal(want.At) || got.From != want.From || got.Until != want.Until {
			t.Errorf("%s: the next check is %v, want %v", c.name, got, want)
		}
	}
}
