package sqlstore

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"noren"
)

// people is who is looked for in texts.
type people struct {
	list   []noren.Person
	ids    map[int64]bool
	values map[string][]int64 // whom each value names, as folded returns it
	names  [][2]string        // last and first, as nameFolded returns them
	called []int64            // of each of names, whose it is
}

func peopleOf(list []noren.Person) people {
	p := people{list: list, ids: make(map[int64]bool), values: make(map[string][]int64)}
	for _, person := range list {
		p.ids[person.MemberID] = true
		for _, value := range person.Values {
			// Two people may have the same value, such as a telephone number: then it names both.
			p.values[folded(value)] = union(p.values[folded(value)], []int64{person.MemberID})
		}
		for _, name := range person.Names {
			p.names = append(p.names, [2]string{nameFolded(name[0]), nameFolded(name[1])})
			p.called = append(p.called, person.MemberID)
		}
	}
	return p
}

// leastTelling is how many characters a value has at least that names somebody wherever it stands. A shorter one, such as the
// code 12, may as well be a quantity.
const leastTelling = 6

// leastNameBytes is how long a last name is at least that is looked for in names of files: a kanji has three bytes.
const leastNameBytes = 5

// folded is the form in which values are compared. Files have them as people have typed them: in any width and case, telephone
// numbers with something between the digits or without.
func folded(s string) string {
	s = strings.ToLower(strings.TrimSpace(norm.NFKC.String(s)))
	digits, other := 0, false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		default:
			other = other || !betweenDigits(r)
		}
	}
	if other || digits < leastTelling {
		return s
	}
	return strings.Map(func(r rune) rune {
		if betweenDigits(r) {
			return -1
		}
		return r
	}, s)
}

// betweenDigits reports whether r stands between the digits of telephone numbers.
func betweenDigits(r rune) bool {
	return r == ' ' || r == '(' || r == ')' || r == '.' || unicode.Is(unicode.Dash, r)
}

// nameFolded is the form in which names are compared: without blanks, and with one kind of kana.
func nameFolded(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case r >= 'ぁ' && r <= 'ゖ':
			return r - 'ぁ' + 'ァ'
		}
		return r
	}, strings.ToLower(norm.NFKC.String(s)))
}

// inCell returns whom a cell names that is mapped to the field.
func (p people) inCell(kind noren.ImportKind, field, cell string) []int64 {
	if field == "member_id" || field == "id" && kind == noren.ImportMembers {
		if id, err := strconv.ParseInt(folded(cell), 10, 64); err == nil && p.ids[id] {
			return []int64{id}
		}
		return nil
	}
	return p.inValue(cell, noren.NamesPerson(kind, field))
}

// inValue returns whom a value names. where says whether it stands where people are named; elsewhere a short value may be anything.
func (p people) inValue(value string, where bool) []int64 {
	value = folded(value)
	if !where && utf8.RuneCountInString(value) < leastTelling {
		return nil
	}
	return p.values[value]
}

// inLine returns whom a line names. Their names count only where byName is true, and where they are looked for at all.
func (p people) inLine(f importedFile, cells []string, byName bool) (ids []int64) {
	for i, cell := range cells {
		field := ""
		if i < len(f.fields) {
			field = f.fields[i]
		}
		ids = union(ids, p.inCell(f.kind, field, cell))
	}
	if !byName || len(p.names) == 0 {
		return ids
	}
	has := make(map[string]bool, len(cells))
	for _, cell := range cells {
		has[nameFolded(cell)] = true
	}
	for i, name := range p.names {
		if has[name[0]+name[1]] || has[name[0]] && has[name[1]] {
			ids = union(ids, []int64{p.called[i]})
		}
	}
	return ids
}

// inFileName returns after whom a file is called. A last name is enough, unless it is so short that it may be part
// of any word: two kanji or five letters are not.
func (p people) inFileName(fileName string) (ids []int64) {
	whole := nameFolded(fileName)
	for i, name := range p.names {
		if strings.Contains(whole, name[0]+name[1]) || len(name[0]) >= leastNameBytes && strings.Contains(whole, name[0]) {
			ids = union(ids, []int64{p.called[i]})
		}
	}
	for value, whose := range p.values {
		if utf8.RuneCountInString(value) >= leastTelling && strings.Contains(whole, value) {
			ids = union(ids, whose)
		}
	}
	return ids
}

// namedIn returns the members whom any of the words of a text names, each once.
func (p people) namedIn(words []string) (ids []int64) {
	for _, word := range words {
		ids = union(ids, p.inValue(strings.Trim(word, `"'.,;:()<>「」`), false))
	}
	return ids
}

// inPath returns whom the path of a kept answer is about. named is true where it has more of them than their number.
func (p people) inPath(route string) (ids []int64, named bool) {
	_, path, _ := strings.Cut(route, "/")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		text, err := url.PathUnescape(segment)
		if err != nil {
			text = segment
		}
		before := ""
		if i > 0 {
			before = segments[i-1]
		}
		// Paths of our own API for people's data name them too, and what is kept of them are receipts.
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && (before == "members" || before == "customers") && p.ids[id] {
			ids = union(ids, []int64{id})
		}
		if whose := p.inValue(text, before == "point_balances" || before == "point_balance"); len(whose) > 0 {
			ids, named = union(ids, whose), true
		}
	}
	return ids, named
}

// inKey returns whom an Idempotency-Key names. Clients make keys of what they have at hand: an e-mail address may stand anywhere in one,
// but digits may be those of a time or of anything random.
func (p people) inKey(key string) (ids []int64) {
	ids = p.inValue(key, false)
	key = strings.ToLower(norm.NFKC.String(key))
	for value, whose := range p.values {
		if strings.Contains(value, "@") && strings.Contains(key, value) {
			ids = union(ids, whose)
		}
	}
	return ids
}

// inJSON returns the parts of a JSON text that are about each of the people: the innermost objects that name them. The rest may be
// about others.
func (p people) inJSON(text []byte) map[int64][]string {
	parts := make(map[int64][]string)
	var walk func(raw json.RawMessage)
	walk = func(raw json.RawMessage) {
		var list []json.RawMessage
		fields := make(map[string]json.RawMessage)
		switch {
		case json.Unmarshal(raw, &fields) == nil && fields != nil:
			var ids []int64
			for name, value := range fields {
				var s string
				if json.Unmarshal(value, &s) == nil {
					ids = union(ids, p.inValue(s, namingField(name)))
					inURL, _ := p.inURL(s)
					ids = union(ids, inURL)
				}
			}
			for _, id := range ids {
				parts[id] = append(parts[id], string(raw))
			}
			// In an object about somebody the rest is about them too.
			if len(ids) == 0 {
				for _, name := range slices.Sorted(maps.Keys(fields)) {
					walk(fields[name])
				}
			}
		case json.Unmarshal(raw, &list) == nil:
			for _, value := range list {
				walk(value)
			}
		default:
			var s string
			if json.Unmarshal(raw, &s) == nil {
				for _, id := range p.namedIn(strings.Fields(s)) {
					parts[id] = append(parts[id], s)
				}
			}
		}
	}
	walk(text)
	return parts
}

// namingField reports whether a field of a response has what names one member.
func namingField(name string) bool {
	switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
	case "code", "aliascode", "customercode", "customerno", "pointbalanceuid", "shopifycustomerid", "customerid":
		return true
	}
	return false
}

// union returns both lists as one, with each member once.
func union(a, b []int64) []int64 {
	for _, id := range b {
		if !slices.Contains(a, id) {
			a = append(a, id)
		}
	}
	return a
}

// keysOf returns the members of a map, in order.
func keysOf[T any](m map[int64]T) []int64 { return slices.Sorted(maps.Keys(m)) }
