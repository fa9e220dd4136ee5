package noren

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{
		"2026-04-01": true, "2000-02-29": true, "0001-01-01": true, "9999-12-31": true,
		"": false, "2026-02-30": false, "1900-02-29": false, "2026-13-01": false, "2026-00-01": false, "2026-04-00": false,
		"0000-01-01": false, "2026-4-1": false, "26-04-01": false, "2026/04/01": false, "20260401": false,
		"2026-04-01T00:00:00Z": false, " " + "2026-04-01": false, "２０２６-04-01": false, "10000-01-01": false, "-001-01-01": false,
	} {
		got, err := ParseDate(text)
		if valid && (err != nil || string(got) != text) {
			t.Errorf("ParseDate(%q) = %q, %v", text, got, err)
		}
		if !valid && (err == nil || got != "") {
			t.Errorf("ParseDate(%q) = %q without an error", text, got)
		}
	}
}

func TestDateOfIsTheDayInTheZone(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   time.Time
		zone *time.Location
		want Date
	}{
		{time.Date(2026, 3, 31, 14, 59, 59, 0, time.UTC), tokyo, "2026-03-31"},
		{time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC), tokyo, "2026-04-01"},
		{time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC), time.UTC, "2026-03-31"},
		{time.Date(2026, 4, 1, 0, 0, 0, 0, tokyo), time.UTC, "2026-03-31"},
	} {
		if got := DateOf(c.at, c.zone); got != c.want {
			t.Errorf("DateOf(%v, %v) = %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}

func TestDatesRoundTripAndSort(t *testing.T) {
	t.Parallel()
	day := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3_652_058).Draw(t, "days")) // to 9999-12-31
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := day.Draw(t, "a"), day.Draw(t, "b")
		dateA, dateB := DateOf(a, time.UTC), DateOf(b, time.UTC)
		if got, err := ParseDate(string(dateA)); err != nil || got != dateA {
			t.Errorf("ParseDate(%q) = %q, %v", dateA, got, err)
		}
		if (dateA < dateB) != a.Before(b) {
			t.Errorf("%s and %s do not sort as the days do", dateA, dateB)
		}
	})
}

func TestParseHundredths(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Hundredths{
		"0": 0, "5": 500, "0.5": 50, "0.50": 50, "0.05": 5, "1.50": 150, "99999.99": 9_999_999, "00012": 1200,
		"999999999999999": 99_999_999_999_999_900, "0.0": 0, "10.10": 1010,
	} {
		if got, err := ParseHundredths(text); err != nil || got != want {
			t.Errorf("ParseHundredths(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", ".", "5.", ".5", "1.234", "1.2.3", "-1", "+1", "1e3", "1,5", " 1", "1 ", "１", "abc", "0x10", "1_000", "1000000000000000",
	} {
		if got, err := ParseHundredths(text); err == nil {
			t.Errorf("ParseHundredths(%q) = %d without an error", text, got)
		}
	}
}

func TestHundredthsString(t *testing.T) {
	t.Parallel()
	for h, want := range map[Hundredths]string{
		0: "0", 1: "0.01", 10: "0.1", 99: "0.99", 100: "1", 105: "1.05", 500: "5", 550: "5.5", 9_999_999: "99999.99",
	} {
		if got := h.String(); got != want {
			t.Errorf("Hundredths(%d) is written %q, want %q", int64(h), got, want)
		}
	}
}

func TestHundredthsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Hundredths(rapid.Int64Range(0, 99_999_999_999_999).Draw(t, "hundredths"))
		if got, err := ParseHundredths(want.String()); err != nil || got != want {
			t.Errorf("%d is written %q and read as %d, %v", int64(want), want, int64(got), err)
		}
	})
}
