// Package search finds members by a keyword, in memory. It turns the fields of a record into a haystack and a keyword
// into words, normalised in the same way; a keyword matches if each of its words is somewhere in the haystack. An Index
// holds the haystacks of many records and finds matches without reading all of them.
//
// The package knows nothing of members or databases. Package sqlstore fills indexes and keeps them up to date.
package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// MaxNeedle is how many characters of a keyword are used, counted after normalisation. The rest is ignored: no field is
// near that long, and engines limit the length of a pattern.
const MaxNeedle = 256

// maxWords is how many words of a keyword are used. The rest is ignored.
const maxWords = 8

// separator separates the fields of a haystack, so that no word matches across two of them. It is white space, which
// normalisation removes from fields and keywords, so no word contains it.
const separator = '\n'

// Haystack joins the fields in their normal form, without empty ones. Fields that should be found when written
// together are passed as one field; Name is that for names.
func Haystack(fields ...string) string { return strings.Map(plainVariant, Stored(fields...)) }

// Name returns the field by which a whole name is found: with the family name behind it again, so that the given name may come first
// without a blank between them.
func Name(last, first string) string {
	if last == "" || first == "" {
		return last + first
	}
	return last + first + last
}

// Stored is Haystack for texts kept in a table: variants of kanji stay different, because the list of variants may
// grow, but what is in a table stays as it was written.
func Stored(fields ...string) string {
	var b strings.Builder
	for _, f := range fields {
		if f = normalize(f); f != "" {
			if b.Len() > 0 {
				b.WriteByte(separator)
			}
			b.WriteString(f)
		}
	}
	return b.String()
}

// StoredNeedle returns what to look for in a text made by Stored. It is empty if the keyword is blank.
//
// Hyphens at the ends of a keyword are dropped. They are part of "090-" while somebody types a number, and the haystack
// may have lost its hyphen there.
func StoredNeedle(keyword string) string { return cut(trimHyphens(normalize(keyword)), MaxNeedle) }

// Query is what a keyword looks for.
type Query struct {
	words []word // the one that is probably rarest first
}

// word is a part of a keyword: one of the forms is enough.
type word []form

// form is a text to look for, with the bits of its grams.
type form struct {
	text  string
	grams []gram
}

// NewQuery returns what to look for. Words are separated by white space, and may be in any order and in different
// fields. Parts that are separated in the keyword and joined in a field match too, as in 山田 花子.
func NewQuery(keyword string) Query {
	texts := slices.Collect(strings.FieldsFuncSeq(strings.ToValidUTF8(keyword, ""), unicode.IsSpace))
	return newQuery(texts, func(string) []string { return nil })
}

// newQuery makes a query of texts. others returns further forms of one.
func newQuery(texts []string, others func(string) []string) Query {
	var words [][]string
	left := MaxNeedle
	for _, text := range texts {
		plain := cut(strings.Map(plainVariant, trimHyphens(normalize(text))), left)
		left -= len([]rune(plain))
		if plain != "" && len(words) < maxWords {
			words = append(words, append([]string{plain}, others(cut(text, MaxNeedle))...))
		}
	}
	if len(words) > 1 {
		// A dash on its own may have been a hyphen in a number, which the haystack has lost.
		words = slices.DeleteFunc(words, func(w []string) bool { return strings.TrimFunc(w[0], isHyphen) == "" })
	}
	slices.SortStableFunc(words, func(a, b []string) int { return cmp.Compare(len(b[0]), len(a[0])) })
	var q Query
	for _, forms := range words {
		// A part of another word is found with that word, unless one of them has other forms.
		if !slices.ContainsFunc(q.words, func(w word) bool {
			return len(w) == 1 && len(forms) == 1 && strings.Contains(w[0].text, forms[0])
		}) {
			q.words = append(q.words, newWord(forms))
		}
	}
	return q
}

// newWord makes a word of its forms. What another form has in it is found with that one's part.
func newWord(forms []string) (w word) {
	slices.SortStableFunc(forms, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	for _, text := range forms {
		if !slices.ContainsFunc(w, func(f form) bool { return strings.Contains(text, f.text) }) {
			w = append(w, form{text, gramsOf(text)})
		}
	}
	return w
}

// Empty reports whether the keyword is blank, so that nothing is filtered.
func (q Query) Empty() bool { return len(q.words) == 0 }

// Matches reports whether a haystack has all of the words. An empty query matches everything.
func (q Query) Matches(haystack string) bool {
	for _, w := range q.words {
		if !w.in(haystack) {
			return false
		}
	}
	return true
}

// in reports whether a haystack has one of the forms.
func (w word) in(haystack string) bool {
	for _, f := range w {
		if strings.Contains(haystack, f.text) {
			return true
		}
	}
	return false
}

// cut returns the first limit characters of s.
func cut(s string, limit int) string {
	for at := range s {
		if limit == 0 {
			return s[:at]
		}
		limit--
	}
	return s
}
