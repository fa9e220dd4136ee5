package shopfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// mapping is one YAML mapping, read key by key. Each reading method sets what its pointer points to and answers
// true; where the key is absent, null or wrong it leaves the value alone and answers false, having reported what is
// wrong. finish reports the keys that nothing asked for.
type mapping struct {
	r     *reader
	what  string // "a rank", for messages
	line  int
	nodes map[string]ast.Node // by key, unresolved; a key with null is there
	lines map[string]int      // of the keys
	asked []string            // keys that have been asked for: those that are known
}

// mapping begins to read n, which is called what. nil where n is something else.
func (r *reader) mapping(n ast.Node, what string) *mapping {
	line := lineOf(n)
	var pairs []*ast.MappingValueNode
	switch x := r.resolve(n).(type) {
	case *ast.MappingNode:
		pairs = x.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{x}
	default:
		r.fail(line, "%s is a mapping of keys to values, not %s", what, shown(x))
		return nil
	}
	// What is wrong with a key is reported here, and the key then left out, so that it is reported once.
	m := &mapping{r: r, what: what, line: line, nodes: make(map[string]ast.Node), lines: make(map[string]int)}
	for i, pair := range pairs {
		at := lineOf(pair.Key)
		if i == 0 {
			m.line = at // the node's own token may be the colon of a later line
		}
		key, ok := scalarText(pair.Key)
		switch {
		case pair.Key.IsMergeKey():
			r.fail(at, "merge keys (<<) are not understood; write the keys out, or use an alias for a whole value")
		case !ok:
			r.fail(at, "%s is no key of %s", shown(pair.Key), what)
		case m.lines[key] != 0:
			r.fail(at, "the key %q of %s is given twice; the first is in line %d", key, what, m.lines[key])
		default:
			m.nodes[key], m.lines[key] = pair.Value, at
		}
	}
	return m
}

// node answers the value of a key, nil where it is absent or null.
func (m *mapping) node(key string) ast.Node {
	n, _ := m.given(key)
	return n
}

// given answers the value of a key and whether the key is there, be it with null.
func (m *mapping) given(key string) (n ast.Node, given bool) {
	m.asked = append(m.asked, key)
	n, given = m.nodes[key]
	return m.r.resolve(n), given
}

// lineOf is the line of a key, or of the mapping where it is absent.
func (m *mapping) lineOf(key string) int {
	if line := m.lines[key]; line != 0 {
		return line
	}
	return m.line
}

// fail reports that the value of a key is wrong.
func (m *mapping) fail(key, format string, args ...any) {
	m.r.fail(m.lineOf(key), "%s of %s: %s", key, m.what, fmt.Sprintf(format, args...))
}

// require reports the keys among those named that have no value.
func (m *mapping) require(keys ...string) {
	for _, key := range keys {
		if n := m.nodes[key]; n == nil || n.Type() == ast.NullType {
			m.r.fail(m.lineOf(key), "%s needs %s", m.what, key)
		}
	}
}

// finish reports the keys that nothing asked for, with the known key that was probably meant.
func (m *mapping) finish() {
	for key, line := range m.lines {
		if slices.Contains(m.asked, key) {
			continue
		}
		hint := "; known are " + strings.Join(m.asked, ", ")
		if near := nearest(key, m.asked); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		} else if len(m.asked) > 12 {
			hint = "" // a list that long helps nobody
		}
		m.r.fail(line, "unknown key %q of %s%s", key, m.what, hint)
	}
}

// text reads a string. A number is taken as it is written, because that is what a code or a telephone number means.
func (m *mapping) text(key string, to *string) bool {
	n := m.node(key)
	if n == nil {
		return false
	}
	text, ok := scalarText(n)
	switch {
	case !ok:
		m.fail(key, "this is a text, not %s; write it in quotes", shown(n))
		return false
	case strings.ContainsRune(text, 0):
		m.fail(key, "a text cannot contain NUL") // PostgreSQL would refuse it later, without a line
		return false
	}
	*to = text
	return true
}

// word reads one of the words allowed.
func (m *mapping) word(key string, to *string, allowed ...string) bool {
	var word string
	if !m.text(key, &word) {
		return false
	}
	if !slices.Contains(allowed, word) {
		hint := "known are " + strings.Join(allowed, ", ")
		if near := nearest(word, allowed); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		m.fail(key, "%q is not known; %s", word, hint)
		return false
	}
	*to = word
	return true
}

// integer reads a whole number from least to most.
func (m *mapping) integer(key string, to *int64, least, most int64) bool {
	n := m.node(key)
	if n == nil {
		return false
	}
	i, ok := wholeNumber(n)
	switch {
	case !ok:
		m.fail(key, "this is a whole number in plain digits, not %s", shown(n))
		return false
	case i < least || i > most:
		m.fail(key, "%d is out of range; it can be %d to %d", i, least, most)
		return false
	}
	*to = i
	return true
}

// id reads an id of up to the given number of digits.
func (m *mapping) id(key string, to *int64, digits int) bool {
	most := int64(1)
	for range digits {
		most *= 10
	}
	return m.integer(key, to, 1, most-1)
}

// wholeNumber refuses what YAML would read differently from how it looks, such as 010, which is 8.
func wholeNumber(n ast.Node) (int64, bool) {
	if n.Type() != ast.IntegerType {
		return 0, false
	}
	text := n.GetToken().Value
	i, err := strconv.ParseInt(text, 10, 64)
	return i, err == nil && strconv.FormatInt(i, 10) == text
}

// boolean reads true or false.
func (m *mapping) boolean(key string, to *bool) bool {
	n := m.node(key)
	if n == nil {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		m.fail(key, "this is true or false, not %s", shown(n))
		return false
	}
	*to = b.Value
	return true
}

// list answers the entries of a list; what names one of them.
func (m *mapping) list(key, what string) []ast.Node {
	n := m.node(key)
	if n == nil {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		// A single entry without its dash is the usual slip.
		m.r.fail(m.lineOf(key), "%s of %s: this is a list with an entry (- or […]) for %s, not %s", key, m.what, what, shown(n))
		return nil
	}
	return list.Values
}

// words reads a list of words, each of which must be allowed and may be given once.
func (m *mapping) words(key, what string, to *[]string, allowed []string) bool {
	if n := m.node(key); n == nil {
		return false
	}
	words, seen := []string{}, once{} // [] is a value: it empties what is stored
	for _, n := range m.list(key, what) {
		word, ok := scalarText(m.r.resolve(n))
		if !ok || !slices.Contains(allowed, word) {
			hint := ""
			if near := nearest(word, allowed); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			m.r.fail(lineOf(n), "%s of %s: %s is not known%s", key, m.what, shown(m.r.resolve(n)), hint)
			continue
		}
		seen.add(m.r, lineOf(n), word, "%s %q", what, word)
		words = append(words, word)
	}
	*to = words
	return true
}
