package noren

import (
	"fmt"
	"time"
)

// Date is a calendar day without a time zone, written YYYY-MM-DD. Dates compare as strings do.
type Date string

// ParseDate reads YYYY-MM-DD and refuses days that do not exist, such as 2026-02-30.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return "", fmt.Errorf("%q is not a date; write it as 2026-11-02", s)
	}
	return Date(s), nil
}

// DateOf returns the day on which t falls in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	return Date(t.In(zone).Format(time.DateOnly))
}

// Hundredths is a decimal number with two places, kept as an integer: 1.50 is 150.
type Hundredths int64

// ParseHundredths reads a decimal of at most two places without sign or exponent, such as "5", "0.5" or "99999.99".
func ParseHundredths(s string) (Hundredths, error) {
	bad := fmt.Errorf("%q is not a decimal number with at most two places", s)
	var whole, frac int64
	places := -1
	if len(s) == 0 || len(s) > 15 { // 15 digits cannot overflow
		return 0, bad
	}
	for i, c := range []byte(s) {
		switch {
		case c == '.' && places < 0 && i > 0 && i < len(s)-1:
			places = 0
		case c < '0' || c > '9' || places == 2:
			return 0, bad
		case places >= 0:
			frac = frac*10 + int64(c-'0')
			places++
		default:
			whole = whole*10 + int64(c-'0')
		}
	}
	if places == 1 {
		frac *= 10
	}
	return Hundredths(whole*100 + frac), nil
}

// String writes the number without trailing zeros: 500 is "5", 550 is "5.5", 9999999 is "99999.99".
func (h Hundredths) String() string {
	switch {
	case h%100 == 0:
		return fmt.Sprintf("%d", h/100)
	case h%10 == 0:
		return fmt.Sprintf("%d.%d", h/100, h%100/10)
	default:
		return fmt.Sprintf("%d.%02d", h/100, h%100)
	}
}

// AddMonths returns the same day n months later, or the last day of that month if it is too short.
func AddMonths(d Date, n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	// By way of the first of the month: AddDate would turn 31 January and a month into 3 March.
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return DateOf(first.AddDate(0, 0, min(t.Day(), last)-1), time.UTC)
}

// AddDays returns the day n days later.
func AddDays(d Date, n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return DateOf(t.AddDate(0, 0, n), time.UTC)
}

// EndOf returns the last second of the day in zone, which ReCORE shows as the time of expiry.
func (d Date) EndOf(zone *time.Location) time.Time {
	t, err := time.Parse(time.DateOnly, string(d)) // not in zone, where the day may have no midnight
	if err != nil {
		return time.Time{}
	}
	last := time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, zone)
	// Where clocks are put back at midnight, 23:59:59 occurs twice, and the day ends with the second one.
	if again := last.Add(time.Hour); DateOf(again, zone) == d {
		return again
	}
	return last
}
