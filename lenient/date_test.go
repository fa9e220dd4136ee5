package lenient_test

import (
	"testing"
	"time"

	"noren"
	"noren/lenient"
)

// TestDaysAndTimesAsPeopleWriteThem: every form that a person, a form in Japanese or a spreadsheet program writes is read.
func TestDaysAndTimesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*60*60)
	for text, want := range map[string]string{
		"2026-11-02": "00:00:00", "2026/11/2": "00:00:00", "20261102": "00:00:00", "2026年11月2日": "00:00:00", "R8.11.2": "00:00:00",
		"R08/11/02": "00:00:00", "r8-11-2": "00:00:00", "令和8年11月2日": "00:00:00", "令和 8年 11月 2日": "00:00:00", "㋿８年１１月２日": "00:00:00",
		"2026年11月2日(月)": "00:00:00", "2026/11/02（月）": "00:00:00", "2026年11月2日 月曜日": "00:00:00", "2026ー11ー02": "00:00:00",
		"令和8年11月2日 10時05分": "10:05:00", "令和8年11月2日10時5分30秒": "10:05:30", "2026年11月2日 午後3時": "15:00:00",
		"2026年11月2日午後３時５分": "15:05:00", "2026/11/2 午前12時半": "00:30:00", "2026/11/2(月) 15:04": "15:04:00", "２０２６／１１／２　１５：０４：０５": "15:04:05",
		"2026-11-02 3:04:05 PM": "15:04:05", "2026-11-02 12:04 am": "00:04:00", "20261102 1504": "15:04:00", "20261102150405": "15:04:05",
		"2026-11-02T15:04:05+09:00": "15:04:05", "2026-11-02 15:04:05 +0900": "15:04:05", "2026-11-02 15:04:05+09": "15:04:05",
		"2026-11-02T06:04:05Z": "15:04:05", "2026-11-02 06:04:05 UTC": "15:04:05", "2026-11-02 15:04:05.123": "15:04:05", "2026-11-02 15時": "15:00:00",
		"2 Nov 2026": "00:00:00", "November 2, 2026": "00:00:00",
	} {
		at, wrong := lenient.Time(text, tokyo)
		if got := at.In(tokyo).Format("2006-01-02 15:04:05"); wrong != nil || got != "2026-11-02 "+want {
			t.Errorf("Time(%q) = %s, %v; want %s", text, got, wrong, want)
		}
		if day, wrong := lenient.Date(text); wrong != nil || day != "2026-11-02" {
			t.Errorf("Date(%q) = %s, %v", text, day, wrong)
		}
	}
	for text, want := range map[string]noren.Date{
		"令和元年5月1日": "2019-05-01", "R元.5.1": "2019-05-01", "S50.04.01": "1975-04-01", "平成31年5月1日": "2019-05-01", "㍼64年1月7日": "1989-01-07",
		"M45.7.29": "1912-07-29",
	} {
		if day, wrong := lenient.Date(text); wrong != nil || day != want {
			t.Errorf("Date(%q) = %s, %v; want %s", text, day, wrong, want)
		}
	}
	for text, want := range map[string]noren.Reason{
		"26/11/02": noren.ReasonShortYear, "26年11月2日": noren.ReasonShortYear, "8.11.2 10:00": noren.ReasonShortYear,
		"11/02/2026": noren.ReasonNotDate, "2026/13/1": noren.ReasonNotDate, "令和8年2月30日": noren.ReasonNotDate, "元年5月1日": noren.ReasonNotDate,
		"R2019.5.1": noren.ReasonNotDate, "2026-11-02 25:00": noren.ReasonNotDate, "2026-11-02 午後15時": noren.ReasonNotDate,
		"2026-11-02 10:00 xyz": noren.ReasonNotDate, "202-11-02": noren.ReasonNotDate, "2026-11-021": noren.ReasonNotDate, "202611": noren.ReasonNotDate,
		"2026-11-02 午後3時 AM": noren.ReasonNotDate, "46328": noren.ReasonNotDate, "0000-01-01": noren.ReasonNotDate,
	} {
		if day, wrong := lenient.Date(text); wrong == nil || wrong.Reason != want || wrong.Message == "" {
			t.Errorf("Date(%q) = %s, %v; want %s", text, day, wrong, want)
		}
		if want == noren.ReasonNotDate {
			want = noren.ReasonNotTime
		}
		if at, wrong := lenient.Time(text, tokyo); wrong == nil || wrong.Reason != want {
			t.Errorf("Time(%q) = %s, %v; want %s", text, at, wrong, want)
		}
	}
	for _, text := range []string{"令和8年11月", "R8.11", "２０２６年１１月", "2026年 11月"} {
		if m, wrong := lenient.Month(text); wrong != nil || m != "2026-11" {
			t.Errorf("Month(%q) = %s, %v", text, m, wrong)
		}
	}
}
