// Package lenient reads what people write: cells of files, and what they type into forms. They write full-width digits,
// commas, days of several forms and half-width kana, and mean the same. APIs have strict forms of their own.
package lenient

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"noren"
)

// Wrong is why a text could not be read.
type Wrong struct {
	Reason  noren.Reason
	Limit   string // what is allowed, if that is short: "20", "1–99999"
	Message string // English, with the right form
}

// Narrow returns the text with full-width letters, digits and signs turned into plain ones, without what cannot be seen.
// In numbers, days and addresses the width comes from the keyboard mode.
func Narrow(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　' || r == '\u00a0':
			return ' '
		case r == '−' || r == '‐' || r == '―' || r == '–':
			return '-'
		case unicode.Is(unicode.Cf, r): // zero width, byte order mark, soft hyphen
			return -1
		default:
			return r
		}
	}, s))
}

// Forms of numbers.
var (
	groupedDigits = regexp.MustCompile(`^-?[0-9]{1,3}(,[0-9]{3})+$`)        // commas group thousands
	zeroFraction  = regexp.MustCompile(`^(-?[0-9]+(?:,[0-9]{3})*)\.0+$`)    // 120.00
	shortened     = regexp.MustCompile(`^[0-9](\.[0-9]+)?[Ee]\+?[0-9]+$`)   // 4.9E+12
	twoReadings   = regexp.MustCompile(`^(-?[1-9][0-9]{0,2})\.([0-9]{3})$`) // 10.000, which is 10 or 10000
	plusShortened = regexp.MustCompile(`^[0-9](\.[0-9]+)?[Ee]\+[0-9]{2}$`)  // as a spreadsheet program writes it
)

// Shortened reports whether a spreadsheet program has written a long number in the form 4.9E+12, so that digits are lost.
func Shortened(s string) bool { return plusShortened.MatchString(Narrow(s)) }

// LostDigits is what is wrong with such a number.
func LostDigits() *Wrong {
	return &Wrong{noren.ReasonLostDigits, "", "a spreadsheet program has shortened this number; format the column as text and export it again"}
}

// ambiguous returns what is wrong with a number whose point may as well group thousands, as people write them elsewhere; nil if there is
// only one reading, or none: what has more than places decimals is refused as such, and nobody is told to write a thousand times as
// much. A number of that form is refused even if it is right by one reading. Its limit lists the forms that are right.
func ambiguous(s string, places int) *Wrong {
	m := twoReadings.FindStringSubmatch(strings.TrimPrefix(Narrow(s), "+"))
	if m == nil {
		return nil
	}
	fraction := strings.TrimRight(m[2], "0")
	if len(fraction) > places {
		return nil
	}
	forms := strings.TrimSuffix(m[1]+"."+fraction, ".") + " / " + m[1] + m[2]
	return &Wrong{noren.ReasonSeparator, forms, "its point may separate thousands or decimals; write it in one of these forms: " + forms}
}

// decimal is a number with decimals, in plain digits.
var decimal = regexp.MustCompile(`^-?[0-9]+\.([0-9]+)$`)

// tooFine returns what is wrong with a decimal, as number returns it, that has more than places decimals; nil if it has not.
func tooFine(text string, places int) *Wrong {
	if !strings.Contains(text, ".") { // as nearly all are
		return nil
	}
	m := decimal.FindStringSubmatch(text)
	switch {
	case m == nil || len(strings.TrimRight(m[1], "0")) <= places:
		return nil
	case places == 0:
		return &Wrong{noren.ReasonFraction, "", "must be a whole number"}
	}
	return &Wrong{noren.ReasonFraction, strconv.Itoa(places), fmt.Sprintf("has too many decimals; at most %d are allowed", places)}
}

// number returns the text of a number in plain digits, with a minus sign where it is below 0 and without separators.
func number(s string) string {
	s = Narrow(s)
	if rest, ok := strings.CutPrefix(strings.Replace(s, "▲", "△", 1), "△"); ok { // how bookkeepers write a minus
		s = "-" + strings.TrimSpace(rest)
	}
	s = strings.TrimPrefix(s, "+")
	if whole := zeroFraction.FindStringSubmatch(s); whole != nil {
		s = whole[1]
	}
	if groupedDigits.MatchString(s) {
		s = strings.ReplaceAll(s, ",", "")
	}
	return s
}

// Integer reads a whole number from least to most: 1200, 1,200, １２００ or 1200.00. 10.000 is refused.
func Integer(s string, least, most int64) (int64, *Wrong) {
	if wrong := ambiguous(s, 0); wrong != nil {
		return 0, wrong
	}
	text := number(s)
	if wrong := tooFine(text, 0); wrong != nil {
		return 0, wrong
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil && shortened.MatchString(text):
		return 0, LostDigits()
	case err != nil && !noren.IsDigits(strings.TrimPrefix(text, "-")):
		return 0, &Wrong{noren.ReasonNotNumber, "", "not a whole number; write it as 1200"}
	case err != nil || n < least || n > most:
		return 0, &Wrong{noren.ReasonOutOfRange, fmt.Sprintf("%d–%d", least, most), fmt.Sprintf("must be from %d to %d", least, most)}
	}
	return n, nil
}

// Points reads a number of points, which may have its unit: 1,200pt or 1200ポイント.
func Points(s string, least, most int64) (int64, *Wrong) {
	text := strings.ToLower(Narrow(s))
	for _, unit := range []string{"ポイント", "points", "pts", "pt", "点", "p"} {
		if rest, ok := strings.CutSuffix(text, unit); ok {
			text = rest
			break
		}
	}
	return Integer(text, least, most)
}

// amount is an amount in plain digits.
var amount = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// thousandths is from how many decimals on 10.000 is an amount as it is written.
const thousandths = 3

// Money reads an amount in the main unit of the currency, in its smallest unit: 1200, 1,200.50, ¥1,200 or 1200円.
func Money(s, currency string) (int64, *Wrong) {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimLeft(Narrow(s), "¥￥\\$"), "円"))
	places := noren.CurrencyDigits(currency)
	if wrong := ambiguous(text, places); wrong != nil && places < thousandths {
		return 0, wrong
	}
	text = number(text)
	if whole, fraction, cut := strings.Cut(text, "."); groupedDigits.MatchString(whole) {
		text = strings.ReplaceAll(whole, ",", "")
		if cut {
			text += "." + fraction
		}
	}
	if wrong := tooFine(text, places); wrong != nil {
		return 0, wrong
	}
	n, err := noren.ParseMoney(text, currency)
	switch {
	case err != nil && shortened.MatchString(text):
		return 0, LostDigits()
	case err != nil && amount.MatchString(text):
		most := noren.FormatMoney(noren.MaxMoney, currency)
		return 0, &Wrong{noren.ReasonOutOfRange, "-" + most + "–" + most, "must be at most " + most + " in " + currency}
	case err != nil:
		return 0, &Wrong{noren.ReasonNotNumber, currency, "not an amount in " + currency + "; write it as 1200"}
	}
	return n, nil
}

// Hundredths reads a decimal with at most two places, up to noren.MaxUnit.
func Hundredths(s string) (noren.Hundredths, *Wrong) {
	const places = 2
	if wrong := ambiguous(s, places); wrong != nil {
		return 0, wrong
	}
	text := number(s)
	if wrong := tooFine(text, places); wrong != nil {
		return 0, wrong
	}
	if whole, fraction, cut := strings.Cut(text, "."); cut { // 1.2500
		text = whole + "." + fraction[:min(len(fraction), places)]
	}
	h, err := noren.ParseHundredths(text)
	switch {
	case err != nil && shortened.MatchString(text):
		return 0, LostDigits()
	case err != nil && !amount.MatchString(text):
		return 0, &Wrong{noren.ReasonNotNumber, "", "not a number; write it as 1200"}
	case err != nil || h > noren.MaxUnit:
		known := "0–" + noren.Hundredths(noren.MaxUnit).String()
		return 0, &Wrong{noren.ReasonOutOfRange, known, "must be within " + known}
	}
	return h, nil
}

// Flag reads yes or no.
func Flag(s string) (bool, *Wrong) {
	switch strings.ToLower(Narrow(s)) {
	case "1", "true", "yes", "y", "on", "はい", "有", "あり", "許可", "する", "○", "◯", "〇":
		return true, nil
	case "0", "false", "no", "n", "off", "いいえ", "無", "なし", "拒否", "しない", "×", "x":
		return false, nil
	}
	if wanted, told := wish(s); told {
		return wanted, nil
	}
	return false, &Wrong{noren.ReasonUnknownWord, "1, 0, yes, no", "must be 1 or 0, yes or no"}
}

// wish reads whether somebody wants something, in words that say so by themselves.
func wish(s string) (wanted, told bool) {
	switch Narrow(s) {
	case "希望する", "希望", "受信する", "受け取る", "許可する", "必要", "要":
		return true, true
	case "希望しない", "受信しない", "受け取らない", "許可しない", "拒否する", "不要", "不可", "要らない", "いらない":
		return false, true
	}
	return false, false
}

// Declined reads the cell of a column that asks whether somebody does not want something: yes means that they do not, as do words that
// say so by themselves, such as 不要.
func Declined(s string) (bool, *Wrong) {
	if wanted, told := wish(s); told {
		return !wanted, nil
	}
	switch Narrow(s) {
	case "拒否":
		return true, nil
	case "許可":
		return false, nil
	}
	return Flag(s)
}

// Word reads one of the words, which are in upper case.
func Word[T any](s string, words map[string]T, known string) (T, *Wrong) {
	if v, ok := words[strings.ToUpper(Narrow(s))]; ok {
		return v, nil
	}
	var none T
	return none, &Wrong{noren.ReasonUnknownWord, known, "must be one of " + known}
}

// Kana returns kana as they are kept: full-width katakana. Half-width kana and hiragana mean the same.
func Kana(s string) string {
	var b strings.Builder
	for _, r := range halfKana.ReplaceAllStringFunc(noren.Trimmed(s), norm.NFKC.String) {
		if r >= 'ぁ' && r <= 'ゖ' {
			r += 'ァ' - 'ぁ'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// halfKana matches half-width kana with their marks, which become one letter together.
var halfKana = regexp.MustCompile(`[\x{ff61}-\x{ff9f}]+`)

// Forms of numbers whose leading zero a spreadsheet program has dropped.
var (
	mobileLess   = regexp.MustCompile(`^[5789]0[0-9]{8}$`) // 090, 080, 070, 050
	landlineLess = regexp.MustCompile(`^[1-9][0-9]{8}$`)
	postalForm   = regexp.MustCompile(`^([0-9]{3})[- ]*([0-9]{4})$`)
	postalLess   = regexp.MustCompile(`^[1-9][0-9]{4,5}$`)
)

const postalDigits = 7

// digits returns a text of digits in plain ones. People take many signs for the dash between them, also the one for long vowels,
// which is where the minus sign is in the keyboard mode for kana.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("ーｰ—‑‒─━〜~", r) {
			return '-'
		}
		return r
	}, Narrow(s))
}

// Phone reads a telephone number. repaired reports whether its leading zero had been lost.
func Phone(s string) (phone string, repaired bool, wrong *Wrong) {
	phone = digits(s)
	switch {
	case Shortened(phone):
		return phone, false, LostDigits()
	case mobileLess.MatchString(phone), landlineLess.MatchString(phone):
		return "0" + phone, true, nil
	}
	return phone, false, nil
}

// Dialled returns the digits of a telephone number as they are dialled in Japan, whatever stands between them: +81 (0)90-1234-5678 is
// 09012345678. It is empty for what is none.
func Dialled(number string) string {
	number = strings.TrimSpace(number)
	if strings.ContainsFunc(number, func(r rune) bool { return r >= utf8.RuneSelf }) {
		number = Narrow(number)
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("+(). ー", r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, number)
	if !noren.IsDigits(digits) {
		return ""
	}
	const shortest, longest = 9, 10 // digits of a whole number after the country code
	rest, abroad := strings.CutPrefix(digits, "81")
	if abroad && (strings.HasPrefix(number, "+") || len(rest) == shortest || len(rest) == longest) {
		return "0" + strings.TrimPrefix(rest, "0") // +81 (0)90 is written too
	}
	return digits
}

// PostalCode reads a Japanese postal code, in the form 123-4567 in which it is kept: 〒100 0001 and 1000001 are 100-0001. repaired
// reports whether leading zeros had been lost.
func PostalCode(s string) (code string, repaired bool, wrong *Wrong) {
	code = strings.TrimSpace(strings.TrimPrefix(digits(s), "〒"))
	switch {
	case Shortened(code):
		return code, false, LostDigits()
	case postalLess.MatchString(code):
		code, repaired = strings.Repeat("0", postalDigits-len(code))+code, true
	}
	if m := postalForm.FindStringSubmatch(code); m != nil {
		return m[1] + "-" + m[2], repaired, nil
	}
	return code, repaired, nil
}

// Percent reads a percentage: 1.5, １．５ or 1.5%.
func Percent(s string) (float64, *Wrong) {
	text := number(strings.TrimSuffix(Narrow(s), "%"))
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "-.0123456789") != "" { // Go reads more than people write, such as Inf
		return 0, &Wrong{noren.ReasonNotNumber, "", "not a percentage; write it as 1.5"}
	}
	return f, nil
}

// Rate reads a percentage as an exact decimal: 1.5 is 0.015.
func Rate(s string) (string, *Wrong) {
	text := number(strings.TrimSuffix(Narrow(s), "%"))
	if wrong := tooFine(text, percentPlaces); wrong != nil {
		return "", wrong
	}
	rate, ok := new(big.Rat).SetString(text)
	if !ok || !percentForm.MatchString(text) {
		return "", &Wrong{noren.ReasonNotNumber, "", "not a percentage; write it as 1.5"}
	}
	const places = percentPlaces + 2
	decimal := strings.TrimRight(strings.TrimRight(rate.Quo(rate, big.NewRat(100, 1)).FloatString(places), "0"), ".")
	if !noren.IsEarnRate(decimal) {
		known := "0–" + strconv.Itoa(noren.MaxEarnRate*100)
		return "", &Wrong{noren.ReasonOutOfRange, known, "must be within " + known}
	}
	return decimal, nil
}

// percentPlaces is how many decimals a percentage has at most.
const percentPlaces = 7

// percentForm is a percentage in plain digits.
var percentForm = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]+)?$`)

// MemberText reads the text of a member's column. Its width is kept where people read it, and not where machines do. repaired reports
// whether a leading zero that had been lost was put back. A text that is wrong is returned as it is; so is one that cannot be right,
// such as a telephone number without digits.
func MemberText(column, s string) (text string, repaired bool, wrong *Wrong) {
	if text, repaired, wrong = plainMemberText(column, s); wrong != nil {
		return text, repaired, wrong
	}
	rule := noren.StrictMemberTextRule(column)
	switch column {
	case "last_kana", "first_kana":
		// Other systems have names there that are not in katakana. A form asks for them again, a file cannot.
		rule = noren.MemberTextRule(column)
	}
	return text, repaired, Fits(rule, text)
}

// Fits returns what is wrong with the text by the rule, or nil.
func Fits(r noren.TextRule, text string) *Wrong {
	if n := utf8.RuneCountInString(text); r.Most > 0 && n > r.Most {
		return &Wrong{noren.ReasonTooLong, strconv.Itoa(r.Most), fmt.Sprintf("too long; at most %d characters are allowed", r.Most)}
	}
	if r.Like != nil && !r.Like.MatchString(text) {
		return &Wrong{noren.ReasonForm, r.Shape, "must have the form: " + r.Shape}
	}
	return nil
}

// plainMemberText returns the text as it is kept.
func plainMemberText(column, s string) (text string, repaired bool, wrong *Wrong) {
	switch column {
	case "phone", "fax", "mobile":
		return Phone(s)
	case "postal_code":
		return PostalCode(s)
	case "last_kana", "first_kana":
		return Kana(s), false, nil
	case "prefecture":
		return noren.PrefectureOf(s), false, nil
	case "email", "email2", "email3", "line_user_id", "bank_code", "bank_branch_code", "bank_account_number":
		return Narrow(s), false, nil
	case "code", "customer_no", "shopify_customer_id", "alias_code":
		if Shortened(s) {
			return s, false, LostDigits()
		}
		if column == "alias_code" { // it may have any letters
			return s, false, nil
		}
		return Narrow(s), false, nil
	}
	return s, false, nil
}
