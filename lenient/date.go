package lenient

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"noren"
)

// eras are the Japanese eras in which people and shops of today have days, with their first year.
var eras = map[string]int{
	"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019,
	"M": 1868, "T": 1912, "S": 1926, "H": 1989, "R": 2019,
}

// Parts of days and times. A blank may stand between any of them.
const (
	eraPart   = `(?:(明治|大正|昭和|平成|令和|[MTSHR]) ?\.? ?)?`
	yearPart  = `(元|[0-9]{1,4}) ?[年./-] ?`
	monthPart = `([0-9]{1,2})`
	dayPart   = ` ?[月./-] ?([0-9]{1,2}) ?日? ?(?:\([月火水木金土日](?:曜日?)?\)|[月火水木金土日]曜日?)?`
	clockPart = `(?:[ T] ?|)(午前|午後|AM|PM)? ?([0-9]{1,2})(?:(?:[:時] ?([0-9]{1,2}))(?:[:分] ?([0-9]{1,2})(?:\.[0-9]+)?)?[分秒]?|時) ?(AM|PM)?` +
		` ?(Z|UTC|JST|[+-][0-9]{2}:?(?:[0-9]{2})?)?`
)

var (
	dayForm    = regexp.MustCompile(`^` + eraPart + yearPart + monthPart + dayPart)
	monthForm  = regexp.MustCompile(`^` + eraPart + yearPart + monthPart + ` ?月?$`)
	plainDay   = regexp.MustCompile(`^()([0-9]{4})([0-9]{2})([0-9]{2})`) // 20261102, and perhaps a time
	plainMonth = regexp.MustCompile(`^()([0-9]{4})([0-9]{2})$`)
	clockForm  = regexp.MustCompile(`^` + clockPart + `$`)
	plainClock = regexp.MustCompile(`^ ?()([0-9]{2})([0-9]{2})([0-9]{2})?()()$`) // 100500
	yearLast   = regexp.MustCompile(`^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}`)   // month or day first: nobody can tell
	manyBlanks = regexp.MustCompile(`\s+`)
)

const (
	hoursOfHalf   = 12
	shortYearSays = "the year has two digits, so that it is not certain; write it as 2026-11-02"
)

// dated returns a text about a day or a time in plain letters: 令和8年11月2日 also where 令和 is one sign and the digits are wide.
func dated(s string) string {
	s = strings.ToUpper(norm.NFKC.String(digits(s)))
	return strings.ReplaceAll(manyBlanks.ReplaceAllString(s, " "), "時半", "時30分")
}

// yearOf returns the year in the calendar. short reports whether it has two digits and no era, so that nobody can tell.
func yearOf(era, year string) (n int, short bool) {
	n, err := strconv.Atoi(year)
	if err != nil { // 元年, the first year
		n = 1
	}
	const digitsOfYear = 4
	switch first, known := eras[era]; {
	case known && len(year) < digitsOfYear:
		return first + n - 1, false
	case known || len(year) == digitsOfYear-1 || year == "元":
		return 0, false // no year
	}
	return n, len(year) < digitsOfYear
}

// day reads the day that begins the text, and returns what stands behind it.
func day(text, reason string) (d time.Time, rest string, wrong *Wrong) {
	none := &Wrong{noren.ReasonNotDate, "", reason}
	// In English the month is a word, so that it is not taken for the day.
	if strings.ContainsAny(text, "JFMASOND") {
		for _, form := range []string{"2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006"} {
			if d, err := time.Parse(form, text); err == nil {
				return d, "", nil
			}
		}
	}
	m := dayForm.FindStringSubmatch(text)
	if m == nil {
		m = plainDay.FindStringSubmatch(text)
	}
	if m == nil || yearLast.MatchString(text) {
		return d, "", none
	}
	year, short := yearOf(m[1], m[2])
	if short {
		return d, "", &Wrong{noren.ReasonShortYear, "", shortYearSays}
	}
	d, err := time.Parse("2006-1-2", fmt.Sprintf("%04d-%s-%s", year, strings.TrimLeft(m[3], "0"), strings.TrimLeft(m[4], "0")))
	if err != nil || d.Year() < 1 {
		return d, "", none
	}
	return d, text[len(m[0]):], nil
}

// clock reads a time of day, with its zone where it has one; nothing is midnight.
func clock(text string, zone *time.Location) (sinceMidnight time.Duration, in *time.Location, ok bool) {
	if text == "" {
		return 0, zone, true
	}
	m := clockForm.FindStringSubmatch(text)
	if m == nil {
		m = plainClock.FindStringSubmatch(text)
	}
	if m == nil {
		return 0, zone, false
	}
	part := func(i int) int {
		n, _ := strconv.Atoi(m[i]) // "" is 0
		return n
	}
	hour, minute, second := part(2), part(3), part(4)
	const hours, sixty = 24, 60
	switch half := m[1] + m[5]; half {
	case "":
	case "午前", "AM", "午後", "PM":
		if hour > hoursOfHalf {
			return 0, zone, false
		}
		if hour %= hoursOfHalf; half == "午後" || half == "PM" {
			hour += hoursOfHalf
		}
	default:
		return 0, zone, false
	}
	if hour >= hours || minute >= sixty || second >= sixty {
		return 0, zone, false
	}
	since := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	switch name := strings.ReplaceAll(m[6], ":", ""); name {
	case "":
	case "Z", "UTC":
		zone = time.UTC
	case "JST":
		zone = time.FixedZone(name, 9*60*60)
	default:
		t, err := time.Parse("-0700", (name + "00")[:5])
		if err != nil {
			return 0, zone, false
		}
		zone = t.Location()
	}
	return since, zone, true
}

// Date reads a day: 2026-11-02, 2026/11/2, 2026.11.2, 20261102, 2026年11月2日(月), 令和8年11月2日 or R8.11.2. A time of day behind it,
// which programs add, is left out.
func Date(s string) (noren.Date, *Wrong) {
	// By itself, because most files have it so, and telling the other forms apart takes ten times as long.
	if d, err := time.Parse(time.DateOnly, s); err == nil && d.Year() >= 1 {
		return noren.Date(s), nil
	}
	const says = "not a date; write it as 2026-11-02"
	d, rest, wrong := day(dated(s), says)
	if wrong != nil {
		return "", wrong
	}
	if _, _, ok := clock(rest, time.UTC); !ok {
		return "", &Wrong{noren.ReasonNotDate, "", says}
	}
	return noren.Date(d.Format(time.DateOnly)), nil
}

// eldest is how many years ago somebody may have been born.
const eldest = 150

// Birthday reads the day on which somebody was born, today or before.
func Birthday(s string, today noren.Date) (noren.Date, *Wrong) {
	day, wrong := Date(s)
	if wrong != nil {
		return "", wrong
	}
	if day > today {
		return "", &Wrong{noren.ReasonFuture, "", "must not be after today"}
	}
	year := func(d noren.Date) int {
		n, _ := strconv.Atoi(string(d[:4])) // Date has read them
		return n
	}
	if first := year(today) - eldest; year(day) < first {
		return "", &Wrong{noren.ReasonOutOfRange, fmt.Sprintf("%d–%d", first, year(today)), fmt.Sprintf("must not be before %d", first)}
	}
	return day, nil
}

// Time reads a time: RFC 3339, the form of Shopify's files, or a day as Date reads it, with or without a time of day such as 10:05,
// 10時05分 or 午後3時. It is in zone unless the text has a zone of its own.
func Time(s string, zone *time.Location) (time.Time, *Wrong) {
	if t, err := time.Parse(time.RFC3339, strings.TrimSpace(s)); err == nil {
		return t, nil // with its fraction of a second
	}
	const says = "not a time; write it as 2026-11-02 10:00:00"
	d, rest, wrong := day(dated(s), says)
	since, in, ok := clock(rest, zone)
	switch {
	case wrong != nil && wrong.Reason == noren.ReasonShortYear:
		return time.Time{}, wrong
	case wrong != nil || !ok:
		return time.Time{}, &Wrong{noren.ReasonNotTime, "", says}
	}
	hour, minute, second := int(since.Hours()), int(since.Minutes())%60, int(since.Seconds())%60
	return time.Date(d.Year(), d.Month(), d.Day(), hour, minute, second, 0, in), nil
}

// Month reads a month: 2026-11, 2026/11, 2026.11, 202611, 2026年11月 or 令和8年11月.
func Month(s string) (noren.Month, *Wrong) {
	text := dated(s)
	m := monthForm.FindStringSubmatch(text)
	if m == nil {
		m = plainMonth.FindStringSubmatch(text)
	}
	if m != nil {
		year, short := yearOf(m[1], m[2])
		if t, err := time.Parse("2006-1", fmt.Sprintf("%04d-%s", year, strings.TrimLeft(m[3], "0"))); err == nil && !short && t.Year() >= 1 {
			return noren.Month(t.Format("2006-01")), nil
		}
	}
	return "", &Wrong{noren.ReasonNotDate, "", "not a month; write it as 2026-11"}
}
