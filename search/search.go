// Package search decides what a keyword matches. It turns the fields of a record into a haystack and a keyword
// into a needle, both normalised in the same way; a keyword matches where its needle is a substring of the
// haystack. Tokens, single characters and pairs of neighbours, let an index find the candidates: whatever
// contains the needle has all of the needle's tokens. They are pairs because words are not separated in Japanese,
// and singles because a keyword of one character has to be found as well.
//
// There are but a hundred pairs of digits, so nearly everybody has all of them. Numbers, four digits in a row, are what
// tells telephone numbers and codes apart.
//
// The package knows nothing of members or databases. Package sqlstore stores haystacks and tokens and asks for them.
package search

import (
	"strings"
	"unicode/utf8"
)

// MaxNeedle is how many characters of a keyword are searched for, counted after normalisation. What follows is
// ignored: no field is near that long, and engines limit the length of a pattern.
const MaxNeedle = 256

// maxQueryTokens bounds what is asked of the index. More pairs hardly narrow the candidates further.
const maxQueryTokens = 32

// Version changes with what Haystack, Tokens or Numbers answer. What was stored with another one has to be made anew.
const Version = 2

// numberLength is how many digits a number has: enough to be rare, and no more than what people remember of one.
const numberLength = 4

// separator stands between the fields of a haystack, so that no needle matches across two of them. It is white
// space, which normalisation removes from fields and keywords alike, so a needle cannot hold it.
const separator = "\n"

// Haystack joins the fields in their normal form. Fields that are empty then are left out. What shall be found
// when written together, such as last and first name, is given as one field.
func Haystack(fields ...string) string {
	kept := make([]string, 0, len(fields))
	for _, f := range fields {
		if f = normalize(f); f != "" {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, separator)
}

// Tokens lists the distinct tokens of a haystack in the order of their appearance: each character, and each pair
// of neighbours within a field.
func Tokens(haystack string) []string {
	tokens := make([]string, 0, 2*len(haystack))
	seen := make(map[string]struct{}, 2*len(haystack))
	add := func(token string) {
		if _, known := seen[token]; !known {
			seen[token] = struct{}{}
			tokens = append(tokens, token)
		}
	}
	for field := range strings.SplitSeq(haystack, separator) {
		previous := -1
		for at, r := range field {
			end := at + utf8.RuneLen(r)
			add(field[at:end])
			if previous >= 0 {
				add(field[previous:end])
			}
			previous = at
		}
	}
	return tokens
}

// Numbers lists the distinct numbers of a haystack in the order of their appearance: each four digits in a row.
func Numbers(haystack string) []string {
	var numbers []string
	seen := make(map[string]struct{})
	digits := 0
	for at := range len(haystack) {
		if digits++; !isDigit(rune(haystack[at])) {
			digits = 0
		}
		if digits < numberLength {
			continue
		}
		number := haystack[at+1-numberLength : at+1]
		if _, known := seen[number]; !known {
			seen[number] = struct{}{}
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// Query is what a keyword looks for: the needle, and the tokens and numbers that every haystack with the needle has.
type Query struct {
	Needle  string
	Tokens  []string // pairs, or a single character
	Numbers []string // those that tell it apart; none where the needle has no four digits in a row
}

// NewQuery answers what to look for. An empty needle means that the keyword says nothing, such as a blank one, and that
// nothing is to be filtered.
//
// Hyphens at the ends of a keyword are dropped. They are part of "090-" while somebody is typing a number, and
// the haystack may have had its hyphen removed there.
func NewQuery(keyword string) Query {
	needle := cut(trimHyphens(normalize(keyword)), MaxNeedle)
	tokens, numbers := Tokens(needle), telling(Numbers(needle))
	if utf8.RuneCountInString(needle) > 1 {
		// Pairs imply their characters, which are the long lists of an index.
		tokens = pairs(tokens)
	}
	return Query{needle, tokens[:min(len(tokens), maxQueryTokens)], numbers[:min(len(numbers), maxQueryTokens)]}
}

// telling leaves out the numbers that begin with three zeros, where there are others. Codes are filled up with zeros, so
// that everybody may have these.
func telling(numbers []string) []string {
	kept := make([]string, 0, len(numbers))
	for _, n := range numbers {
		if !strings.HasPrefix(n, "000") {
			kept = append(kept, n)
		}
	}
	if len(kept) == 0 {
		return numbers
	}
	return kept
}

// WithoutDigits answers the tokens but for pairs of digits, which numbers imply or hardly narrow further.
func (q Query) WithoutDigits() []string {
	kept := make([]string, 0, len(q.Tokens))
	for _, t := range q.Tokens {
		if strings.ContainsFunc(t, func(r rune) bool { return !isDigit(r) }) {
			kept = append(kept, t)
		}
	}
	return kept
}

func pairs(tokens []string) []string {
	kept := tokens[:0]
	for _, t := range tokens {
		if utf8.RuneCountInString(t) == 2 {
			kept = append(kept, t)
		}
	}
	return kept
}

// cut answers the first limit characters of s.
func cut(s string, limit int) string {
	for at := range s {
		if limit == 0 {
			return s[:at]
		}
		limit--
	}
	return s
}
