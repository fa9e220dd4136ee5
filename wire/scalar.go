package wire

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"noren"
)

// Text is a field that holds a string.
func Text[P any](name string, set Setter[P, string]) Field[P] {
	return newField(Facts{Name: name, Type: TypeText}, parseText, set)
}

// Integer is a field that holds an integer, written as a JSON integer or as a string of digits. "05", "5" and 5 are the
// same.
func Integer[P any](name string, set Setter[P, int64]) Field[P] {
	return newField(Facts{Name: name, Type: TypeInteger, Format: "int"}, parseInteger, set)
}

// Decimal is a field that holds a decimal number with at most two places, as a JSON number or in a string.
func Decimal[P any](name string, set Setter[P, noren.Hundredths]) Field[P] {
	return newField(Facts{Name: name, Type: TypeDecimal, Format: "decimal"}, parseDecimal, set)
}

// Date is a field that holds a calendar day, YYYY-MM-DD.
func Date[P any](name string, set Setter[P, noren.Date]) Field[P] {
	return newField(Facts{Name: name, Type: TypeDate, Format: "date"}, parseDate, set)
}

// Choice is one word of an enumeration and what it means.
type Choice[T any] struct {
	Word  string
	Means T
}

// Enum is a field that holds one of a few words. A word that is a number may also be written as a JSON number.
func Enum[P, T any](name string, choices []Choice[T], set Setter[P, T]) Field[P] {
	facts := Facts{Name: name, Type: TypeEnum}
	for _, c := range choices {
		facts.Enum = append(facts.Enum, c.Word)
	}
	parse := func(facts *Facts, v Value) (T, Code) {
		var zero T
		word, ok := v.Text()
		if !ok {
			word, ok = v.Number()
		}
		if !ok {
			return zero, WrongType
		}
		for _, c := range choices {
			if c.Word == word {
				return c.Means, ""
			}
		}
		return zero, NotInEnum
	}
	return newField(facts, parse, set)
}

// parseText accepts only strings: a number in place of a text is a mistake of the client's serialiser.
func parseText(facts *Facts, v Value) (string, Code) {
	text, ok := v.Text()
	if !ok {
		return "", WrongType
	}
	return text, CheckText(facts, text)
}

// CheckText checks a text against the facts about texts; it returns "" if there is no problem.
func CheckText(facts *Facts, text string) Code {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return HasNUL
	case facts.NonEmpty && text == "":
		return EmptyRefused
	// Before the pattern, so that its expression never sees a text of megabytes.
	case facts.MaxLength > 0 && utf8.RuneCountInString(text) > facts.MaxLength:
		return TooLong
	case facts.Pattern != nil && !facts.Pattern.Expr.MatchString(text):
		return BadPattern
	}
	return ""
}

// numeral returns the literal of a number, or the content of a string.
func numeral(v Value) (string, bool) {
	if text, ok := v.Text(); ok {
		return text, true
	}
	return v.Number()
}

// parseInteger parses the literal and never uses a float, which would change ids above 2^53.
func parseInteger(facts *Facts, v Value) (int64, Code) {
	text, ok := numeral(v)
	if !ok {
		return 0, WrongType
	}
	return CheckInteger(facts, text)
}

// CheckInteger parses a decimal integer with an optional minus sign and checks its range. One that does not fit into 64
// bits is out of range, not malformed.
func CheckInteger(facts *Facts, text string) (int64, Code) {
	digits := strings.TrimPrefix(text, "-")
	// ParseInt would also take a plus sign.
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, NotAnInteger
	}
	n, err := strconv.ParseInt(text, 10, 64)
	// Only the range is left to be wrong here.
	if err != nil || facts.limited() && (n < facts.Min || n > facts.Max) {
		return 0, NotInRange
	}
	return n, ""
}

// limited reports whether the number has limits. Both 0 means none: no documented number must be zero.
func (f *Facts) limited() bool { return f.Min != 0 || f.Max != 0 }

// parseDecimal compares with the limits in hundredths, so that nothing is rounded.
func parseDecimal(facts *Facts, v Value) (noren.Hundredths, Code) {
	text, ok := numeral(v)
	if !ok {
		return 0, WrongType
	}
	n, err := noren.ParseHundredths(text)
	switch {
	case err != nil:
		return 0, NotADecimal
	case facts.limited() && (int64(n) < facts.Min || int64(n) > facts.Max):
		return 0, NotInRange
	}
	return n, ""
}

// parseDate refuses days that do not exist, such as 2026-02-30.
func parseDate(_ *Facts, v Value) (noren.Date, Code) {
	text, ok := v.Text()
	if !ok {
		return "", WrongType
	}
	date, err := noren.ParseDate(text)
	if err != nil {
		return "", NotADate
	}
	return date, ""
}
