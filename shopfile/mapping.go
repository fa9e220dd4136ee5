package shopfile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"noren"
)

// mapping is one YAML mapping, read key by key. Each reading method sets its target and returns true. If the key is
// absent, null or wrong, the method reports what is wrong, leaves the target alone and returns false. finish reports
// the keys that no method asked for.
type mapping struct {
	r     *reader
	what  string // "a rank", for messages
	line  int
	nodes map[string]ast.Node // by key, unresolved; includes keys with null
	lines map[string]int      // of the keys
	asked []string            // the known keys, in the order in which they were read
}

// mapping begins to read n, which messages call what. It returns nil if n is not a mapping, which it has reported.
func (r *reader) mapping(n ast.Node, what string) *mapping {
	line := lineOf(n)
	var pairs []*ast.MappingValueNode
	switch x := r.resolve(n).(type) {
	case *ast.MappingNode:
		pairs = x.Values
	// The parser gives a mapping of one key without the mapping around it.
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{x}
	default:
		r.fail(line, "%s must be a mapping of keys to values, not %s", what, shape(x))
		return nil
	}
	// A wrong key is reported here and left out, so that it is reported only once.
	m := &mapping{r: r, what: what, line: line, nodes: make(map[string]ast.Node), lines: make(map[string]int)}
	for i, pair := range pairs {
		at := lineOf(pair.Key)
		if i == 0 {
			m.line = at // the node's own token may be a colon further down
		}
		key, ok := scalarText(pair.Key)
		switch {
		case pair.Key.IsMergeKey():
			r.fail(at, "merge keys (<<) are not supported; write the keys out, or use an alias for a whole value")
		case !ok:
			r.fail(at, "%s is not a key of %s", shown(pair.Key), what)
		case m.lines[key] != 0:
			r.fail(at, "the key %q of %s is given twice; the first is on line %d", key, what, m.lines[key])
		default:
			m.nodes[key], m.lines[key] = pair.Value, at
		}
	}
	return m
}

// node returns the value of a key, or nil if it is absent or null.
func (m *mapping) node(key string) ast.Node {
	n, _ := m.given(key)
	return n
}

// given returns the value of a key and whether the key is present, even with null.
func (m *mapping) given(key string) (n ast.Node, given bool) {
	// Whoever asks for a key knows it, whether or not the file has it: finish compares with these.
	if !slices.Contains(m.asked, key) {
		m.asked = append(m.asked, key)
	}
	n, given = m.nodes[key]
	return m.r.resolve(n), given
}

// lineOf is the line of a key, or of the mapping if the key is absent.
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

// require reports the keys that have no value.
func (m *mapping) require(keys ...string) {
	for _, key := range keys {
		// Without node, which would make the key a known one before its own method reads it.
		if n := m.nodes[key]; n == nil || n.Type() == ast.NullType {
			m.r.fail(m.lineOf(key), "missing key %q of %s", key, m.what)
		}
	}
}

// finish reports the unknown keys, each with the known key that was probably meant.
func (m *mapping) finish() {
	for _, key := range slices.Sorted(maps.Keys(m.lines)) { // of several on one line, the same comes first each time
		if slices.Contains(m.asked, key) {
			continue
		}
		line := m.lines[key]
		hint := "; known keys are " + strings.Join(m.asked, ", ")
		if near := nearest(key, m.asked); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		} else if len(m.asked) > 12 {
			hint = "" // too long a list to be helpful
		}
		m.r.fail(line, "unknown key %q of %s%s", key, m.what, hint)
	}
}

// text reads a string. A number is taken as written: in a code or a phone number, leading zeros count.
func (m *mapping) text(key string, to *string) bool {
	n := m.node(key)
	if n == nil {
		return false
	}
	text, ok := scalarText(n)
	switch {
	case !ok:
		m.fail(key, "must be text, not %s; write it in quotes", shown(n))
		return false
	case strings.ContainsRune(text, 0):
		m.fail(key, "must not contain NUL") // PostgreSQL would refuse it later, without a line number
		return false
	}
	*to = text
	return true
}

// word reads one of the allowed words.
func (m *mapping) word(key string, to *string, allowed ...string) bool {
	var word string
	if !m.text(key, &word) {
		return false
	}
	if !slices.Contains(allowed, word) {
		// One suggestion is easier to act on than a list of thirty words.
		if near := nearest(word, allowed); near != "" {
			m.fail(key, "unknown value %q; did you mean %q?", word, near)
		} else {
			m.fail(key, "must be one of %s, not %q", strings.Join(allowed, ", "), word)
		}
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
		m.fail(key, "must be a whole number in plain digits, not %s", shown(n))
		return false
	case i < least || i > most:
		m.fail(key, "must be %d to %d, not %d", least, most, i)
		return false
	}
	*to = i
	return true
}

// id reads an ID, from 1, of up to the given number of digits.
func (m *mapping) id(key string, to *int64, digits int) bool {
	most := int64(1)
	for range digits {
		most *= 10
	}
	return m.integer(key, to, 1, most-1)
}

// wholeNumber refuses numbers that YAML reads differently from how they look, such as 010, which is 8.
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
		m.fail(key, "must be true or false, not %s", shown(n))
		return false
	}
	*to = b.Value
	return true
}

// list returns the entries of a list; what names one of them in messages.
func (m *mapping) list(key, what string) []ast.Node {
	n := m.node(key)
	if n == nil {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		// The usual slip is a single entry without its dash.
		m.r.fail(m.lineOf(key), "%s of %s: must be a list with an entry (- or […]) for %s, not %s", key, m.what, what, shape(n))
		return nil
	}
	return list.Values
}

// words reads a list of allowed words, each of which may be given once.
func (m *mapping) words(key, what string, to *[]string, allowed []string) bool {
	if n := m.node(key); n == nil {
		return false
	}
	words, seen := []string{}, once{} // not nil: an empty list is a value, which clears what is stored
	for _, n := range m.list(key, what) {
		word, ok := scalarText(m.r.resolve(n))
		if !ok || !noren.ScopeKnown(word, allowed) {
			hint := ""
			if near := nearest(word, allowed); near != "" && !noren.IsOpenScope(near) {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			m.r.fail(lineOf(n), "%s of %s: unknown value %s%s", key, m.what, shown(m.r.resolve(n)), hint)
			continue
		}
		seen.add(m.r, lineOf(n), word, "%s %q", what, word)
		words = append(words, word)
	}
	*to = words
	return true
}
