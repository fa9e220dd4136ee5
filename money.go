package noren

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CurrencyDigits returns the number of decimal places of a currency: two, except for those listed.
func CurrencyDigits(code string) int {
	switch {
	case slices.Contains(strings.Fields("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"), code):
		return 0
	case slices.Contains(strings.Fields("BHD IQD JOD KWD LYD OMR TND"), code):
		return 3
	case code == "CLF" || code == "UYW":
		return 4
	default:
		return 2
	}
}

// MaxMoney is the largest amount accepted. A JSON number holds it exactly, and sums of many still fit.
const MaxMoney = 999_999_999_999

// maxMoneyText is the longest text accepted as an amount, in bytes.
const maxMoneyText = 40

// ParseMoney parses an amount in the main unit of the currency, such as "1200", "1200.00" or "-12.5", and returns it in
// the smallest unit. An amount with more places than the currency has, or beyond MaxMoney, is an error.
func ParseMoney(s, currency string) (int64, error) {
	digits := CurrencyDigits(currency)
	if len(s) > maxMoneyText {
		return 0, fmt.Errorf("%q… is too long for an amount", s[:maxMoneyText])
	}
	whole, fraction, _ := strings.Cut(s, ".")
	fine := strings.TrimRight(fraction, "0") // so that "1200.00" is an amount in yen
	bad := fmt.Errorf("%q is not an amount in %s; write digits, with at most %d after the point", s, currency, digits)
	if len(fine) > digits || strings.HasSuffix(s, ".") || !IsDigits(strings.TrimPrefix(whole, "-")) ||
		fraction != "" && !IsDigits(fraction) {
		return 0, bad
	}
	n, err := strconv.ParseInt(whole+fine+strings.Repeat("0", digits-len(fine)), 10, 64)
	if err != nil || n > MaxMoney || n < -MaxMoney {
		return 0, fmt.Errorf("%q is more than the largest amount, %s %s", s, FormatMoney(MaxMoney, currency), currency)
	}
	return n, nil
}

func IsDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// FormatMoney writes an amount in the main unit of the currency: 1200 is "1200" in yen and "12.00" in dollars. The
// result is a valid JSON number.
func FormatMoney(amount int64, currency string) string {
	digits := CurrencyDigits(currency)
	if digits == 0 {
		return strconv.FormatInt(amount, 10)
	}
	s, sign := strconv.FormatInt(amount, 10), ""
	if amount < 0 {
		s, sign = s[1:], "-" // not -amount, which overflows for the smallest integer
	}
	s = strings.Repeat("0", max(0, digits+1-len(s))) + s
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}
