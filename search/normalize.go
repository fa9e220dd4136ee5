package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalize returns the form in which texts are compared. It ignores width (ＡＢＣ, ｱｲｳ), case, the difference between
// hiragana and katakana, white space, and hyphens in numbers. It is idempotent.
//
// White space is dropped because Japanese names are written with none, one narrow or one wide space between their
// parts. Control and format characters are dropped too: they are invisible, and PostgreSQL refuses NUL in a text. So
// are variation selectors, which distinguish glyphs of one character (葛 in 葛飾区 and 葛城市) and are rarely typed.
// Private-use characters stay, because names are written with them (外字).
func normalize(s string) string {
	if settled(s) {
		return dropHyphens(strings.Map(fold, s))
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	s = strings.Map(fold, s)
	// A folded letter may combine with the mark behind it where the original could not: わ゙ has no single character, ヷ is
	// one.
	s = norm.NFKC.String(s)
	return dropHyphens(s)
}

// settled reports whether NFKC leaves s unchanged because of its characters alone, as with most names and numbers. Full
// normalisation costs several times as much.
func settled(s string) bool {
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf, r >= 'ぁ' && r <= 'ゖ', r >= 'ァ' && r <= 'ー', r >= '一' && r <= '鿿', r == '々':
		default:
			return false
		}
	}
	return true
}

// fold maps single characters for normalize; -1 drops one.
func fold(r rune) rune {
	switch {
	// Nearly all of names and numbers; none of the cases below is in these ranges.
	case r >= 'ァ' && r <= '鿿', r > ' ' && r < 'A', r > 'Z' && r < '\x7f':
		return r
	case r >= 'A' && r <= 'Z':
		return r + ('a' - 'A')
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

// isDash reports whether r is used as a hyphen. The long vowel mark ー is not in the list, because it is part of words;
// between digits isHyphen counts it as one. The last two are box-drawing lines, which input methods offer as dashes.
// NFKC has already turned wide and small forms into one of these.
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

// dropHyphens removes runs of hyphens between two digits, as in 03-1234-5678.
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

// trimHyphens removes hyphens from both ends of a normalised keyword. A long vowel mark counts as a hyphen only next to
// a digit.
func trimHyphens(s string) string {
	if core := strings.TrimRightFunc(s, isHyphen); core != "" && isDigit(rune(core[len(core)-1])) {
		s = core
	}
	if core := strings.TrimLeftFunc(s, isHyphen); core != "" && isDigit(rune(core[0])) {
		s = core
	}
	return strings.Trim(s, "-")
}
