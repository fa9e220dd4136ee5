package noren

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Amounts of money are integers in the smallest unit of the tenant's currency: yen, but cents of a dollar. The digits
// behind the point are those of ISO 4217.

// currencyDigits is how many digits behind the point a currency has: two, but for those that are listed.
func currencyDigits(code string) int {
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

// MaxMoney is the largest amount of money that is taken: what a JSON number holds exactly, with room for sums.
const MaxMoney = 999_999_999_999

// maxMoneyText is how many characters an amount is written with at most.
const maxMoneyText = 40

// ParseMoney reads an amount in the main unit of the currency, such as "1200", "1200.00" or "-12.5", as the smallest
// unit. An amount finer than the currency is an error, and so is one beyond MaxMoney.
func ParseMoney(s, currency string) (int64, error) {
	digits := currencyDigits(currency)
	if len(s) > maxMoneyText {
		return 0, fmt.Errorf("%q… is too long for an amount", s[:maxMoneyText])
	}
	whole, fraction, _ := strings.Cut(s, ".")
	fine := strings.TrimRight(fraction, "0")
	bad := fmt.Errorf("%q is not an amount in %s: digits, with at most %d behind the point", s, currency, digits)
	if len(fine) > digits || strings.HasSuffix(s, ".") || !isDigits(strings.TrimPrefix(whole, "-")) ||
		fraction != "" && !isDigits(fraction) {
		return 0, bad
	}
	n, err := strconv.ParseInt(whole+fine+strings.Repeat("0", digits-len(fine)), 10, 64)
	if err != nil || n > MaxMoney || n < -MaxMoney {
		return 0, fmt.Errorf("%q is more than the largest amount, %s %s", s, FormatMoney(MaxMoney, currency), currency)
	}
	return n, nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// FormatMoney writes an amount in the main unit of the currency: 1200 is "1200" in yen and "12.00" in dollars. Without
// its point and needless zeros it is a JSON number.
func FormatMoney(amount int64, currency string) string {
	digits := currencyDigits(currency)
	if digits == 0 {
		return strconv.FormatInt(amount, 10)
	}
	s, sign := strconv.FormatInt(amount, 10), ""
	if amount < 0 {
		s, sign = s[1:], "-" // of the smallest number there is no positive one
	}
	s = strings.Repeat("0", max(0, digits+1-len(s))) + s
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}
