// Package search decides what a keyword matches. It turns the fields of a record into a haystack and a keyword
// into a needle, both normalised in the same way; a keyword matches where its needle is a substring of the
// haystack. Tokens, single characters and pairs of neighbours, let an index find the candidates: whatever
// contains the needle has all of the needle's tokens. They are pairs because words are not separated in Japanese,
// and singles because a keyword of one character has to be found as well.
//
// There are but a hundred pairs of digits, so nearly everybody has all of them, and most who have a mail address have the
// common pairs of letters. Grams, four Latin letters or digits in a row, are what tells telephone numbers, codes and mail
// addresses apart.
//
// The package knows nothing of members or databases. Package sqlstore stores haystacks and tokens and asks for them.
package search

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxNeedle is how many characters of a keyword are searched for, counted after normalisation. What follows is
// ignored: no field is near that long, and engines limit the length of a pattern.
const MaxNeedle = 256

// maxQueryTokens bounds what is asked of the index. More pairs hardly narrow the candidates further.
const maxQueryTokens = 32

// Version changes with what Haystack, Tokens or Grams answer. What was stored with another one has to be made anew.
const Version = 2

// gramLength is how many characters a gram has: enough to be rare, and no more than what people remember of a number.
const gramLength = 4

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
	for field := range strings.SplitSeq(haystack, separator) {
		previous := -1
		for at, r := range field {
			end := at + utf8.RuneLen(r)
			tokens = append(tokens, field[at:end])
			if previous >= 0 {
				tokens = append(tokens, field[previous:end])
			}
			previous = at
		}
	}
	return distinct(tokens)
}

// Grams lists the distinct grams of a haystack. Codes are filled up with zeros, and how many these are is all that tells
// a number from its tenfold: so three zeros or more also make grams with what follows, of one to three characters.
func Grams(haystack string) []string {
	grams := plainGrams(haystack)
	for _, filled := range fillings(haystack) {
		for length := range len(filled.after) {
			grams = append(grams, filled.gram(length+1))
		}
	}
	return distinct(grams)
}

// distinct leaves out what has been there before.
func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(s string) bool {
		before := seen[s]
		seen[s] = true
		return before
	})
}

// plainGrams lists each four letters or digits in a row.
func plainGrams(s string) (grams []string) {
	run := 0
	for at := range len(s) {
		if run++; !isLatin(rune(s[at])) {
			run = 0
		}
		if run >= gramLength {
			grams = append(grams, s[at+1-gramLength:at+1])
		}
	}
	return grams
}

// filling is a run of zeros, as long as it can be.
type filling struct {
	at, zeros int
	after     string // the letters and digits behind it, three at most
}

// fewZeros is how many zeros are not yet a filling.
const fewZeros = 2

// fillings lists the runs of zeros in a text.
func fillings(s string) (list []filling) {
	for at := 0; at < len(s); {
		behind := strings.TrimLeft(s[at:], "0")
		zeros := len(s) - at - len(behind)
		if zeros > fewZeros {
			end := strings.IndexFunc(behind, func(r rune) bool { return !isLatin(r) })
			if end < 0 {
				end = len(behind)
			}
			list = append(list, filling{at, zeros, behind[:min(end, gramLength-1)]})
		}
		at += zeros + 1
	}
	return list
}

// gram is the filling with so many of the characters behind it.
func (f filling) gram(length int) string { return strconv.Itoa(f.zeros) + "*" + f.after[:length] }

// isLatin reports whether r is a letter or digit of a gram, in normal form.
func isLatin(r rune) bool { return isDigit(r) || r >= 'a' && r <= 'z' }

// Query is what a keyword looks for: the needle, and the tokens and grams that every haystack with the needle has.
type Query struct {
	Needle string
	Tokens []string // pairs, or a single character
	Grams  []string // those that tell it apart; none where the needle has none
}

// NewQuery answers what to look for. An empty needle means that the keyword says nothing, such as a blank one, and that
// nothing is to be filtered.
//
// Hyphens at the ends of a keyword are dropped. They are part of "090-" while somebody is typing a number, and
// the haystack may have had its hyphen removed there.
func NewQuery(keyword string) Query {
	needle := cut(trimHyphens(normalize(keyword)), MaxNeedle)
	tokens, grams := Tokens(needle), telling(needle)
	if utf8.RuneCountInString(needle) > 1 {
		// Pairs imply their characters, which are the long lists of an index.
		tokens = pairs(tokens)
	}
	return Query{needle, tokens[:min(len(tokens), maxQueryTokens)], grams[:min(len(grams), maxQueryTokens)]}
}

// telling answers the grams of a needle that few have, as far as that can be told from their looks, and all of them where
// that leaves none. The host of a mail address is many people's, as are the letters and zeros that codes begin with. How
// many zeros there are is known where neither more can be before the needle nor behind it.
func telling(needle string) []string {
	local, _, _ := strings.Cut(needle, "@")
	var kept []string
	for _, f := range fillings(local) {
		if f.at > 0 && f.after != "" {
			kept = append(kept, f.gram(len(f.after)))
		}
	}
	for _, gram := range plainGrams(local) {
		number := strings.TrimLeft(gram, "abcdefghijklmnopqrstuvwxyz")
		if (number == "" || strings.Trim(number, "0") != "") && !strings.HasPrefix(number, "000") {
			kept = append(kept, gram)
		}
	}
	if len(kept) == 0 {
		kept = plainGrams(needle)
	}
	return distinct(kept)
}

// BesideGrams answers the tokens that have another character than Latin letters and digits: of the others, grams imply
// most, and the rest hardly narrow further.
func (q Query) BesideGrams() []string {
	kept := make([]string, 0, len(q.Tokens))
	for _, t := range q.Tokens {
		if strings.ContainsFunc(t, func(r rune) bool { return !isLatin(r) }) {
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
