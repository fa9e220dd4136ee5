package search

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalize is the form in which texts are compared. It is blind to width (ＡＢＣ, ｱｲｳ), to case, to hiragana
// and katakana, to white space and to hyphens in numbers, and it is idempotent.
//
// White space goes because Japanese names are written with none, one narrow or one wide space between their parts.
// Control and format characters go with it: they cannot be seen, and PostgreSQL refuses NUL in a text. So do
// variation selectors, which tell glyphs of one character apart (葛 in 葛飾区 and 葛城市) and are rarely typed.
// Private characters stay: names are written with them (外字).
func normalize(s string) string {
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	s = strings.Map(fold, s)
	// A folded letter may combine with the mark behind it where the unfolded one could not: わ゙ has no character
	// of its own, ヷ has.
	s = norm.NFKC.String(s)
	return dropHyphens(s)
}

// fold is what normalize does to single characters; -1 drops one.
func fold(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
		return -1
	case r >= 'ぁ' && r <= 'ゖ', r == 'ゝ', r == 'ゞ':
		return r + ('ァ' - 'ぁ')
	case isDash(r):
		return '-'
	default:
		return unicode.ToLower(r)
	}
}

// isDash reports whether r is used as a hyphen. The long vowel mark ー is not listed, because it belongs to the
// words it stands in; between digits isHyphen takes it for one. The last two are lines for drawing boxes, which
// input methods offer for dashes. NFKC has already turned the wide and small forms into one of these.
func isDash(r rune) bool {
	switch r {
	case '-', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2043', '\u2212', '\u2500', '\u2501':
		return true
	}
	return false
}

const longVowel = 'ー'

func isHyphen(r rune) bool { return r == '-' || r == longVowel }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// dropHyphens removes the runs of hyphens that stand between two digits, as in 03-1234-5678.
func dropHyphens(s string) string {
	if !strings.ContainsFunc(s, isHyphen) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		run := strings.IndexFunc(s, isHyphen)
		if run < 0 {
			break
		}
		rest := strings.TrimLeftFunc(s[run:], isHyphen)
		b.WriteString(s[:run])
		inNumber := run > 0 && isDigit(rune(s[run-1])) && rest != "" && isDigit(rune(rest[0]))
		if !inNumber {
			b.WriteString(s[run : len(s)-len(rest)])
		}
		s = rest
	}
	b.WriteString(s)
	return b.String()
}

// trimHyphens removes hyphens from both ends of a normalised keyword. A long vowel mark is one only next to a digit.
func trimHyphens(s string) string {
	if core := strings.TrimRightFunc(s, isHyphen); core != "" && isDigit(rune(core[len(core)-1])) {
		s = core
	}
	if core := strings.TrimLeftFunc(s, isHyphen); core != "" && isDigit(rune(core[0])) {
		s = core
	}
	return strings.Trim(s, "-")
}
