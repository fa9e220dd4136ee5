package lenient_test

import (
	"strings"
	"testing"

	"noren"
	"noren/lenient"
)

func TestNumbersAndDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1200": 1200, "1,200": 1200, "１，２００": 1200, "1200.00": 1200, "△5": -5, "−5": -5,
		" +7 ": 7, //nolint:gocritic // the blanks are what is tested
	} {
		if n, wrong := lenient.Integer(text, -10, 10_000); wrong != nil || n != want {
			t.Errorf("Integer(%q) = %d, %v; want %d", text, n, wrong, want)
		}
	}
	for _, text := range []string{"", "x", "1.5", "1,20", "4.9E+12", "10001", "--1", "9999999999999999999999"} {
		if n, wrong := lenient.Integer(text, -10, 10_000); wrong == nil || wrong.Message == "" {
			t.Errorf("Integer(%q) = %d", text, n)
		}
	}
	for _, text := range []string{"2026-11-02", "2026/11/2", "2026.11.2", "20261102", "2026年11月2日", "令和8年11月2日", "R8.11.2", "２０２６／１１／２", "2026/11/02 10:30"} {
		if day, wrong := lenient.Date(text); wrong != nil || day != "2026-11-02" {
			t.Errorf("Date(%q) = %s, %v", text, day, wrong)
		}
	}
	if day, wrong := lenient.Date("昭和元年12月25日"); wrong != nil || day != "1926-12-25" {
		t.Errorf("the first year of an era: %s, %v", day, wrong)
	}
	for _, text := range []string{"2026-02-30", "令和8年13月1日", "yesterday", ""} {
		if day, wrong := lenient.Date(text); wrong == nil {
			t.Errorf("Date(%q) = %s", text, day)
		}
	}
	if points, wrong := lenient.Points("１，２００ポイント", 0, 9999); wrong != nil || points != 1200 {
		t.Errorf("points: %d, %v", points, wrong)
	}
	if yen, wrong := lenient.Money("￥1,200円", "JPY"); wrong != nil || yen != 1200 {
		t.Errorf("money: %d, %v", yen, wrong)
	}
}

// TestTwoReadings: what is ten here and ten thousand elsewhere is refused, with both forms.
func TestTwoReadings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, whole, cents string }{
		{"10.000", "10 / 10000", "10 / 10000"},
		{"１０．０００", "10 / 10000", "10 / 10000"},
		{"+1.000", "1 / 1000", "1 / 1000"},
	} {
		_, inPoints := lenient.Points(c.text, -1e6, 1e6)
		_, inYen := lenient.Money("￥"+c.text+"円", "JPY")
		_, inDollars := lenient.Money("$"+c.text, "USD")
		_, inHundredths := lenient.Hundredths(c.text)
		for what, got := range map[string]struct {
			wrong *lenient.Wrong
			forms string
		}{"points": {inPoints, c.whole}, "yen": {inYen, c.whole}, "dollars": {inDollars, c.cents}, "hundredths": {inHundredths, c.cents}} {
			if got.wrong == nil || got.wrong.Reason != noren.ReasonSeparator || got.wrong.Limit != got.forms {
				t.Errorf("%s of %q: %+v", what, c.text, got.wrong)
			}
		}
	}
	if _, wrong := lenient.Points("1.000ポイント", 0, 9999); wrong == nil || wrong.Reason != noren.ReasonSeparator {
		t.Errorf("with a unit: %+v", wrong)
	}
	for text, want := range map[string]int64{"0.000": 0, "1200.000": 1200, "1,200.000": 1200, "10.00": 10, "10.0000": 10} {
		if n, wrong := lenient.Integer(text, 0, 9999); wrong != nil || n != want {
			t.Errorf("Integer(%q) = %d, %+v", text, n, wrong)
		}
	}
	if n, wrong := lenient.Money("10.000", "KWD"); wrong != nil || n != 10_000 {
		t.Errorf("dinars: %d, %+v", n, wrong)
	}
}

// TestDecimals: what has more decimals than the field is told so, and not to write a thousand times as much.
func TestDecimals(t *testing.T) {
	t.Parallel()
	wrongOf := func(_ any, wrong *lenient.Wrong) *lenient.Wrong { return wrong }
	in := func(n int64, wrong *lenient.Wrong) *lenient.Wrong { return wrongOf(n, wrong) }
	for what, c := range map[string]struct {
		wrong  *lenient.Wrong
		reason noren.Reason
		limit  string
	}{
		"a point unit":         {wrongOf(lenient.Hundredths("1.234")), noren.ReasonFraction, "2"},
		"a longer point unit":  {wrongOf(lenient.Hundredths("１．２３４５")), noren.ReasonFraction, "2"},
		"a large point unit":   {wrongOf(lenient.Hundredths("100000")), noren.ReasonOutOfRange, "0–99999.99"},
		"a word as point unit": {wrongOf(lenient.Hundredths("x")), noren.ReasonNotNumber, ""},
		"a whole number":       {in(lenient.Integer("1.234", 0, 9999)), noren.ReasonFraction, ""},
		"half a number":        {in(lenient.Integer("1.5", 0, 9999)), noren.ReasonFraction, ""},
		"points":               {in(lenient.Points("1.5pt", 0, 9999)), noren.ReasonFraction, ""},
		"yen":                  {in(lenient.Money("1.234円", "JPY")), noren.ReasonFraction, ""},
		"dollars":              {in(lenient.Money("$1.234", "USD")), noren.ReasonFraction, "2"},
		"many dollars":         {in(lenient.Money("1,200.505", "USD")), noren.ReasonFraction, "2"},
		"too many yen":         {in(lenient.Money("99999999999999999", "JPY")), noren.ReasonOutOfRange, ""},
		"a rate":               {wrongOf(lenient.Rate("1.23456789")), noren.ReasonFraction, "7"},
	} {
		if c.wrong == nil || c.wrong.Reason != c.reason || c.limit != "" && c.wrong.Limit != c.limit || strings.Contains(c.wrong.Message, "1234") {
			t.Errorf("%s: %+v", what, c.wrong)
		}
	}
	if h, wrong := lenient.Hundredths("1.2500"); wrong != nil || h != 125 {
		t.Errorf("zeros behind: %d, %+v", h, wrong)
	}
}

// TestFlags: words that say what somebody wants by themselves mean the same in a column of who wants mail and in one of who does not.
func TestFlags(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"1": true, "○": true, "はい": true, "希望する": true, "要": true, "0": false, "×": false, "不要": false, "希望しない": false} {
		if got, wrong := lenient.Flag(text); wrong != nil || got != want {
			t.Errorf("Flag(%q) = %v, %v", text, got, wrong)
		}
	}
	for text, want := range map[string]bool{"1": true, "○": true, "はい": true, "不要": true, "希望しない": true, "拒否": true, "0": false, "希望する": false, "許可": false} {
		if got, wrong := lenient.Declined(text); wrong != nil || got != want {
			t.Errorf("Declined(%q) = %v, %v", text, got, wrong)
		}
	}
	if _, wrong := lenient.Declined("多分"); wrong == nil {
		t.Error("perhaps is neither yes nor no")
	}
}

func TestPercentsAndMonths(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"1.5": 1.5, "１．５％": 1.5, "5": 5, "2.5 %": 2.5, "5.00": 5} {
		if f, wrong := lenient.Percent(text); wrong != nil || f != want {
			t.Errorf("Percent(%q) = %g, %v", text, f, wrong)
		}
	}
	for _, text := range []string{"", "x", "Inf", "NaN", "1e3", "0x1p2", "1_0", "1.2.3", "%"} {
		if f, wrong := lenient.Percent(text); wrong == nil {
			t.Errorf("Percent(%q) = %g", text, f)
		}
	}
	for text, want := range map[string]string{"1.5": "0.015", "１％": "0.01", "0": "0", "7": "0.07", "0.0000001": "0.000000001", "10000": "100"} {
		if rate, wrong := lenient.Rate(text); wrong != nil || rate != want {
			t.Errorf("Rate(%q) = %q, %v; want %q", text, rate, wrong, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1e3", "1/3", "10001", "1.23456789"} {
		if rate, wrong := lenient.Rate(text); wrong == nil {
			t.Errorf("Rate(%q) = %q", text, rate)
		}
	}
	for _, text := range []string{"2026-01", "2026/1", "2026.1", "202601", "2026年1月", "２０２６－０１"} {
		if m, wrong := lenient.Month(text); wrong != nil || m != "2026-01" {
			t.Errorf("Month(%q) = %s, %v", text, m, wrong)
		}
	}
	for _, text := range []string{"", "2026", "2026-13", "1月", "0000-01"} {
		if m, wrong := lenient.Month(text); wrong == nil {
			t.Errorf("Month(%q) = %s", text, m)
		}
	}
}

func TestTelephoneNumbersAndKana(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"9012345678": "09012345678", "312345678": "0312345678", "０９０−１２３４−５６７８": "090-1234-5678", "09012345678": "09012345678",
		"+81 90-1234-5678": "+81 90-1234-5678", "6757085806": "6757085806",
	} {
		if phone, repaired, wrong := lenient.Phone(text); wrong != nil || phone != want || repaired != (text == "9012345678" || text == "312345678") {
			t.Errorf("Phone(%q) = %q, %v, %v; want %q", text, phone, repaired, wrong, want)
		}
	}
	for text, want := range map[string]string{
		"600001": "060-0001", "10001": "001-0001", "〒060-0001": "060-0001", "0600001": "060-0001", "〒 060　0001": "060-0001", "０６０ー０００１": "060-0001",
		"060 - 0001": "060-0001", "12345678": "12345678", "SW1A 1AA": "SW1A 1AA",
	} {
		if code, _, wrong := lenient.PostalCode(text); wrong != nil || code != want {
			t.Errorf("PostalCode(%q) = %q, %v; want %q", text, code, wrong, want)
		}
	}
	for text, want := range map[string]string{
		"090-1234-5678": "09012345678", "+81 90 1234 5678": "09012345678", "＋８１（０）90．1234．5678": "09012345678", "81312345678": "0312345678",
		"03 – 1234 ー 5678": "0312345678", "内線12": "", "": "", "12": "12",
	} {
		if got := lenient.Dialled(text); got != want {
			t.Errorf("Dialled(%q) = %q; want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"JP-13": "東京都", "jp-01": "北海道", "JP-47": "沖縄県", "JP-48": "JP-48", "JP-0": "JP-0", "東京都": "東京都"} {
		if got, _, wrong := lenient.MemberText("prefecture", text); wrong != nil || got != want {
			t.Errorf("the prefecture %q is read as %q, %v; want %q", text, got, wrong, want)
		}
	}
	if got := lenient.Kana("ﾔﾏﾀﾞ　はなこ"); got != "ヤマダ　ハナコ" {
		t.Errorf("kana: %q", got)
	}
}

// TestWhatCannotBeRight: texts that nobody who means them would write are refused, and every way of writing a right one is read.
func TestWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	for column, texts := range map[string]map[string]string{
		"phone": {
			"03-1234-5678": "03-1234-5678", "０３ー１２３４ー５６７８": "03-1234-5678", "(03) 1234-5678": "(03) 1234-5678", "+81 90 1234 5678": "+81 90 1234 5678",
			"03.1234.5678": "03.1234.5678", "9012345678": "09012345678", "0120-123-456": "0120-123-456", "+1 (212) 555-0100": "+1 (212) 555-0100",
			"03-1234-5678 x12": "03-1234-5678 x12", "23-4567": "23-4567",
		},
		"postal_code": {"〒100ー0001": "100-0001", "1000001": "100-0001", "600001": "060-0001", "100 0001": "100-0001"},
		"email": {
			"hanako@example.com": "hanako@example.com", "ｈａｎａ＠ｅｘａｍｐｌｅ．ｊｐ": "hana@example.jp", "..a.-@docomo.ne.jp": "..a.-@docomo.ne.jp",
			"hanako@日本語.jp": "hanako@日本語.jp", "o'hara+shop@mail.example.co.jp": "o'hara+shop@mail.example.co.jp",
		},
		"last_kana": {"やまだ": "ヤマダ", "山田": "山田"}, // a form judges kana by itself
	} {
		for typed, want := range texts {
			if got, _, wrong := lenient.MemberText(column, typed); got != want || wrong != nil {
				t.Errorf("%s %q is %q, %v; want %q", column, typed, got, wrong, want)
			}
		}
	}
	for column, texts := range map[string][]string{
		"phone": {"abc", "なし", "12345", "0312345678 0312345679", "03-1234-5678a", "-", "03-1234-5678@", "1234567890123456", "+"},
		"fax":   {"x"}, "mobile": {"090-XXXX-1234"},
		"postal_code": {"abc", "12345678", "1-2", "100-00012", "SW1A 1AA"},
		"email":       {"hanako", "hanako@example", "a b@example.com", "@example.com", "a@b..com", "a@example.com,b@example.com", "hanako@example.c", "a@.com", "<a@example.com>"},
		"email3":      {"x"}, "code": {"会員"}, "bank_code": {"12"},
	} {
		for _, typed := range texts {
			if got, _, wrong := lenient.MemberText(column, typed); wrong == nil || wrong.Message == "" {
				t.Errorf("%s %q is read as %q", column, typed, got)
			}
		}
	}
	const today = "2026-11-22"
	for typed, want := range map[string]noren.Date{"昭和25年4月1日": "1950-04-01", "2026/11/22": "2026-11-22", "1900-01-01": "1900-01-01"} {
		if day, wrong := lenient.Birthday(typed, today); day != want || wrong != nil {
			t.Errorf("Birthday(%q) = %s, %v", typed, day, wrong)
		}
	}
	for _, typed := range []string{"2026-11-23", "2990-01-01", "0085-12-31", "1875-12-31", "x", ""} {
		if day, wrong := lenient.Birthday(typed, today); wrong == nil {
			t.Errorf("Birthday(%q) = %s", typed, day)
		}
	}
}
