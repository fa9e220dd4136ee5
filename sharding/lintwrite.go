package sharding

import "slices"

// insert looks at INSERT INTO table (columns) VALUES (…), or with a query instead.
func (l *linter) insert(nodes []node, s *scope) (pinned bool) {
	into := &ref{name: nodes[2].text, column: l.tables[nodes[2].text]}
	if into.column == "" {
		for _, n := range nodes {
			l.inner([]node{n}, s, false)
		}
		return l.rest(nodes, s)
	}
	columns := slices.IndexFunc(nodes, func(n node) bool { return n.kind == '(' })
	place := -1
	if columns >= 0 {
		place = slices.IndexFunc(split(nodes[columns].in, ","), func(c []node) bool { return len(c) == 1 && c[0].is(into.column) })
	}
	if place < 0 {
		l.say("INSERT into %s without its %s", into.name, into.column)
		return false
	}
	if l.behind {
		l.volatile(nodes)
	}
	rest := nodes[columns+1:]
	if rest[0].is("values") {
		for i := 1; i < len(rest) && (rest[i].kind == '(' || rest[i].is(",")); i++ {
			if rest[i].kind == '(' && !value(split(rest[i].in, ",")[place]) {
				l.say("INSERT into %s with %s that is not an argument", into.name, into.column)
			}
		}
		return true
	}
	for i := range len(rest) - 1 {
		if rest[i].is("on") && rest[i+1].is("conflict") {
			rest = rest[:i]
			break
		}
	}
	pinned = l.query(rest, s, false)
	l.drawn(into, place, rest, s)
	return pinned
}

// rest looks at the query behind INSERT INTO a table that is on every node.
func (l *linter) rest(nodes []node, s *scope) bool {
	if i := slices.IndexFunc(nodes, func(n node) bool { return n.is("select") }); i >= 0 {
		return l.query(nodes[i:], s, false)
	}
	return true
}

// drawn looks where the inserted value of the sharding column comes from.
func (l *linter) drawn(into *ref, place int, query []node, outer *scope) {
	if len(query) == 0 || !query[0].is("select") {
		return
	}
	s := &scope{outer: outer}
	l.from(query, s)
	l.equal(query, s)
	end := slices.IndexFunc(query, func(n node) bool { return n.is("from") })
	if end < 0 {
		end = len(query)
	}
	selected := split(query[1:end], ",")
	if place >= len(selected) {
		return
	}
	from := s.column(selected[place])
	switch {
	case from != nil && from.head().pinned:
	case from != nil && l.across != "":
	case from == nil && value(selected[place]) && !l.behind:
	default:
		l.say("INSERT into %s is not drawn from a row with its %s", into.name, into.column)
	}
}

// definition looks at CREATE TABLE, CREATE INDEX and ALTER TABLE.
func (l *linter) definition(nodes []node) {
	for i, n := range nodes {
		if n.is("trigger", "unlogged", "procedure") {
			l.say("%s: there are none behind a sharded table", n.text)
		}
		if n.is("table") && nodes[0].is("create") {
			l.createTable(nodes[i+1:])
			return
		}
		if n.is("index") && nodes[0].is("create") {
			l.createIndex(nodes[1].is("unique"), nodes[i+1:])
			return
		}
	}
}

func (l *linter) createTable(nodes []node) {
	at := slices.IndexFunc(nodes, func(n node) bool { return n.kind == '(' })
	if at < 1 {
		return
	}
	name := nodes[at-1].text
	column, listed := l.tables[name]
	if !listed {
		l.say("the table %s is not on the list of what is sharded", name)
		return
	}
	for _, d := range split(nodes[at].in, ",") {
		l.constraint(name, column, d)
	}
}

// constraint looks at one line of CREATE TABLE.
func (l *linter) constraint(name, column string, d []node) {
	for i, n := range d {
		switch {
		case n.is("serial", "bigserial", "identity", "deferrable", "exclude"):
			l.say("%s has %s", name, n.text)
		case column == "" || !n.is("unique") && (!n.is("key") || i == 0 || !d[i-1].is("primary", "foreign")):
		case i+1 < len(d) && d[i+1].kind == '(':
			l.leads(name, column, d[i+1])
		case !d[0].is(column): // of the column in front
			l.say("a key of %s does not lead with %s", name, column)
		}
	}
}

func (l *linter) createIndex(unique bool, nodes []node) {
	at := slices.IndexFunc(nodes, func(n node) bool { return n.kind == '(' })
	on := slices.IndexFunc(nodes, func(n node) bool { return n.is("on") })
	if at < 0 || on < 0 || !unique {
		return
	}
	if name := nodes[on+1].text; l.tables[name] != "" {
		l.leads(name, l.tables[name], nodes[at])
	}
}

// leads looks whether the columns of a key begin with the sharding column.
func (l *linter) leads(name, column string, columns node) {
	if len(columns.in) == 0 || !columns.in[0].is(column) {
		l.say("a key of %s does not lead with %s", name, column)
	}
}
