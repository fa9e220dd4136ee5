package sqlstore

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// taken is what stands in the place of what named somebody.
const taken = "erased"

// mostEscapes is how often a part of a URL is unescaped: a URL may be a parameter of another.
const mostEscapes = 3

// inText returns whom a text names, wherever in it: by a value with no other letters or digits beside it, or by their whole name.
func (p people) inText(text string) (ids []int64) {
	plain := strings.ToLower(norm.NFKC.String(text))
	digits, name := digitsJoined(plain), nameFolded(text)
	for value, whose := range p.values {
		if utf8.RuneCountInString(value) >= leastTelling && (standsIn(plain, value) || standsIn(digits, value)) {
			ids = union(ids, whose)
		}
	}
	for i, n := range p.names {
		if strings.Contains(name, n[0]+n[1]) {
			ids = union(ids, []int64{p.called[i]})
		}
	}
	return ids
}

// digitsJoined leaves out what stands between digits, as folded does in a whole value.
func digitsJoined(text string) string {
	runes := []rune(text)
	digit := func(i int) bool { return i >= 0 && i < len(runes) && runes[i] >= '0' && runes[i] <= '9' }
	var b strings.Builder
	for i, r := range runes {
		next := i + 1
		for next < len(runes) && betweenDigits(runes[next]) {
			next++
		}
		before := i - 1
		for before >= 0 && betweenDigits(runes[before]) {
			before--
		}
		if !betweenDigits(r) || !digit(before) || !digit(next) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// standsIn reports whether the value occurs in the text as a word of its own: GC-7777 does not in GC-77771. What is written without
// blanks, such as Japanese, may stand beside it.
func standsIn(text, value string) bool {
	word := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
	for from := 0; ; {
		at := strings.Index(text[from:], value)
		if at < 0 {
			return false
		}
		begin, end := from+at, from+at+len(value)
		if (begin == 0 || !word(text[begin-1]) || !word(value[0])) &&
			(end == len(text) || !word(text[end]) || !word(value[len(value)-1])) {
			return true
		}
		from = begin + 1
	}
}

// inURL returns whom a URL names behind its host, and what is left of it without them: where the receiver is, as long as the path names
// nobody, and no parameter. In a URL about somebody the other parameters are about them too.
func (p people) inURL(address string) (ids []int64, left string) {
	_, rest, found := strings.Cut(address, "://")
	behind := strings.IndexAny(rest, "/?#")
	if !found || behind < 0 {
		return nil, address
	}
	behind += len(address) - len(rest)
	path := address[behind:]
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	inPath := p.inParts(path)
	switch ids = union(inPath, p.inParts(address[behind:])); {
	case len(ids) == 0:
		return nil, address
	case len(inPath) > 0:
		return ids, address[:behind] + "/" + taken
	}
	return ids, address[:behind] + path
}

// inParts returns whom the segments and parameters of a URL name.
func (p people) inParts(tail string) (ids []int64) {
	var cells []string
	for part := range strings.FieldsFuncSeq(tail, func(r rune) bool { return strings.ContainsRune("/?#&;", r) }) {
		name, value, _ := strings.Cut(part, "=")
		for _, text := range readings(part) {
			ids = union(ids, p.inText(text))
		}
		for _, text := range readings(value) {
			ids = union(ids, p.inValue(text, namingField(name)))
			cells = append(cells, text)
		}
	}
	return union(ids, p.inLine(importedFile{}, cells, true)) // the last and the first name may be two parameters
}

// readings are what a part of a URL may mean: as it is written, and unescaped, with + for itself or for a blank. A parameter may be a
// URL with parameters of its own, and so is unescaped more than once.
func readings(text string) []string {
	all := []string{text}
	for _, unescape := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
		plain := text
		for range mostEscapes {
			next, err := unescape(plain)
			if err != nil || next == plain {
				break
			}
			plain = next
			all = append(all, plain)
		}
	}
	return all
}
