package noren_test

import (
	"math"
	"strings"
	"testing"

	"noren"
)

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64
		again          string // as FormatMoney writes it; "": not an amount
	}{
		{"1200", "JPY", 1200, "1200"},
		{"1200.00", "JPY", 1200, "1200"},
		{"1200.50", "JPY", 0, ""},
		{"12.5", "USD", 1250, "12.50"},
		{"12", "USD", 1200, "12.00"},
		{"0.05", "USD", 5, "0.05"},
		{"-0.05", "USD", -5, "-0.05"},
		{"-12.50", "USD", -1250, "-12.50"},
		{"12.505", "USD", 0, ""},
		{"12.500", "USD", 1250, "12.50"},
		{"1.234", "KWD", 1234, "1.234"},
		{"1.2345", "CLF", 12345, "1.2345"},
		{"1200", "ISK", 1200, "1200"},
		{"0", "JPY", 0, "0"},
		{"-0", "JPY", 0, "0"},
		{"007", "JPY", 7, "7"},
		{"999999999999", "JPY", noren.MaxMoney, "999999999999"},
		{"-999999999999", "JPY", -noren.MaxMoney, "-999999999999"},
		{"1000000000000", "JPY", 0, ""},
		{"9999999999.99", "USD", noren.MaxMoney, "9999999999.99"},
		{"10000000000.00", "USD", 0, ""},
		{"99999999999999999999", "JPY", 0, ""},
		{"", "JPY", 0, ""},
		{"-", "JPY", 0, ""},
		{"--5", "JPY", 0, ""},
		{"+5", "JPY", 0, ""},
		{"5.", "USD", 0, ""},
		{".5", "USD", 0, ""},
		{"1.-5", "USD", 0, ""},
		{"1e3", "JPY", 0, ""},
		{"0x10", "JPY", 0, ""},
		{"1,200", "JPY", 0, ""},
		{" 1200", "JPY", 0, ""},
		{"１２００", "JPY", 0, ""},
		{"1_000", "JPY", 0, ""},
		{"1.2.3", "USD", 0, ""},
		{strings.Repeat("0", 1000), "JPY", 0, ""},
	} {
		got, err := noren.ParseMoney(c.text, c.currency)
		switch {
		case (err == nil) != (c.again != ""):
			t.Errorf("ParseMoney(%.50q, %s): %d, %v", c.text, c.currency, got, err)
		case err != nil && len(err.Error()) > 200:
			t.Errorf("ParseMoney(%.50q…): an error of %d bytes", c.text, len(err.Error()))
		case err == nil && (got != c.want || noren.FormatMoney(got, c.currency) != c.again):
			t.Errorf("ParseMoney(%q, %s) = %d, written %s; want %d, %s", c.text, c.currency, got, noren.FormatMoney(got, c.currency), c.want, c.again)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, text := range []string{"1200.00", "-12.5", "0.005", "1e3", "", ".", "-", "999999999999.9"} {
		for _, currency := range []string{"JPY", "USD", "KWD", "CLF", "?"} {
			f.Add(text, currency)
		}
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		n, err := noren.ParseMoney(text, currency)
		if err != nil {
			return
		}
		if n > noren.MaxMoney || n < -noren.MaxMoney || strings.Trim(text, "-.0123456789") != "" {
			t.Errorf("ParseMoney(%q, %q) = %d", text, currency, n)
		}
		if again, err := noren.ParseMoney(noren.FormatMoney(n, currency), currency); err != nil || again != n {
			t.Errorf("%d is written %q and read as %d, %v", n, noren.FormatMoney(n, currency), again, err)
		}
	})
}

func FuzzFormatMoney(f *testing.F) {
	for _, n := range []int64{0, 5, -5, 1234, noren.MaxMoney, math.MaxInt64, math.MinInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		for currency, digits := range map[string]int{"JPY": 0, "USD": 2, "KWD": 3, "CLF": 4} {
			text := noren.FormatMoney(n, currency)
			whole, fraction, pointed := strings.Cut(text, ".")
			if len(fraction) != digits || pointed != (digits > 0) || strings.TrimPrefix(whole, "-") == "" || strings.HasPrefix(text, "-") != (n < 0) {
				t.Errorf("%d is written %q in %s", n, text, currency)
			}
		}
	})
}
