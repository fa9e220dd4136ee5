package sharding

import "strings"

// node is one token of SQL, or what stands between a pair of parentheses.
type node struct {
	kind byte // 'w' word, 'n' number, 's' text, '?' argument, '(' group, else the sign itself
	text string
	in   []node
}

// is reports whether the node is one of the words or signs.
func (n node) is(texts ...string) bool {
	for _, text := range texts {
		if n.text == text && n.kind != 's' && n.kind != '(' {
			return true
		}
	}
	return false
}

// parse cuts a statement into nodes. Words are in lower case unless they are quoted; comments are left out.
func parse(sql string) []node {
	list, _ := parseUntil(sql, false)
	return list
}

func parseUntil(sql string, inside bool) (list []node, rest string) {
	for sql != "" {
		c := sql[0]
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			sql = sql[1:]
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql, "*/")
		case c == '(':
			var in []node
			in, sql = parseUntil(sql[1:], true)
			list = append(list, node{kind: '(', text: "(", in: in})
		case c == ')':
			if inside {
				return list, sql[1:]
			}
			sql = sql[1:]
		default:
			var n node
			n, sql = next(sql)
			list = append(list, n)
		}
	}
	return list, ""
}

// next reads one token that is not a parenthesis.
func next(sql string) (n node, rest string) {
	c := sql[0]
	switch {
	case c == '\'' || c == '"':
		end := 1
		for end < len(sql) && sql[end] != c { // a doubled quote makes two texts, which does not matter here
			end++
		}
		kind := byte('s')
		if c == '"' {
			kind = 'w'
		}
		return node{kind: kind, text: sql[1:end]}, sql[min(end+1, len(sql)):]
	case letter(c):
		word, rest := run(sql, func(c byte) bool { return letter(c) || digit(c) })
		return node{kind: 'w', text: strings.ToLower(word)}, rest
	case digit(c):
		number, rest := run(sql, func(c byte) bool { return digit(c) || c == '.' })
		return node{kind: 'n', text: number}, rest
	case c == '?':
		return node{kind: '?', text: "?"}, sql[1:]
	case c == '$' && len(sql) > 1 && digit(sql[1]):
		_, rest := run(sql[1:], digit)
		return node{kind: '?', text: "?"}, rest
	}
	return node{kind: c, text: sql[:1]}, sql[1:]
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func digit(c byte) bool { return c >= '0' && c <= '9' }

// run cuts off what is in front.
func run(sql string, in func(byte) bool) (front, rest string) {
	n := 1
	for n < len(sql) && in(sql[n]) {
		n++
	}
	return sql[:n], sql[n:]
}
