package sharding

import (
	"fmt"
	"slices"
	"strings"
)

// Lint returns what a statement does that it must not do on a database that is sharded, in words; nothing where it keeps the
// rules:
//
//   - each table that is sharded has its column equal to an argument, or to that of a table that has, unless the statement is
//     listed as one that looks at several tenants;
//   - no row is locked without that, and none is written;
//   - no now(): time is an argument. No ON CONFLICT ON CONSTRAINT: names of constraints are other ones there;
//   - tables that are sharded by different columns are not joined, and no outer join keeps the rows of a table that every node has;
//   - a primary key, unique constraint or foreign key leads with the tenant, and there are no triggers, serials and the like;
//   - one statement per execution.
//
// With behind, the statement is one that is sent behind Citus, which takes less than PostgreSQL: what is inserted from a query
// is drawn from a row of the tenant, nothing is inserted within WITH, and what is written calls no function that is volatile.
func Lint(sql string, behind bool) (found []string) {
	defer func() {
		if recover() != nil { // a text that ends where more should come
			found = []string{"it cannot be read"}
		}
	}()
	l := &linter{tables: make(map[string]string), behind: behind}
	for _, t := range Tables() {
		l.tables[t.Name] = t.Column
	}
	if _, after, found := strings.Cut(sql, "/* across tenants: "); found {
		l.across, _, _ = strings.Cut(after, " */")
		if across()[l.across] == "" {
			l.say("%q is not on the list of what looks at several tenants", l.across)
		}
	}
	nodes := parse(sql)
	if i := slices.IndexFunc(nodes, func(n node) bool { return n.is(";") }); i >= 0 {
		if i < len(nodes)-1 {
			l.say("several statements are sent as one")
		}
		nodes = nodes[:i]
	}
	l.words(nodes)
	switch {
	case len(nodes) == 0:
	case nodes[0].is("create", "alter", "drop"):
		l.definition(nodes)
	case nodes[0].is("select", "with", "insert", "update", "delete", "("):
		l.query(nodes, nil, false)
	}
	return l.found
}

// LooksAcross reports whether the statement says that it looks at several tenants: it goes to more than one shard.
func LooksAcross(sql string) bool { return strings.Contains(sql, "/* across tenants: ") }

type linter struct {
	tables map[string]string // by what each is sharded
	behind bool
	across string // under which name the statement looks at several tenants
	found  []string
}

func (l *linter) say(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(l.found, what) {
		l.found = append(l.found, what)
	}
}

// words looks for what may stand nowhere.
func (l *linter) words(nodes []node) {
	for i, n := range nodes {
		call := i+1 < len(nodes) && nodes[i+1].kind == '('
		switch {
		case n.is("now", "clock_timestamp", "statement_timestamp") && call, n.is("current_timestamp", "localtimestamp", "current_date"):
			l.say("%s is the server's time: time is an argument", n.text)
		case n.is("+") && i+1 < len(nodes) && (i == 0 || nodes[i-1].is("and", "where", "on", ",")) && reads(nodes[i+1:], Tenant):
			l.say("+%s hides the shard", Tenant)
		case n.is("constraint") && i > 0 && nodes[i-1].is("on"):
			l.say("ON CONFLICT names a constraint, which has another name there")
		}
		l.words(n.in)
	}
}

// reads reports whether a column stands in front, with or without its table.
func reads(nodes []node, column string) bool {
	return nodes[0].is(column) || len(nodes) > 2 && nodes[1].is(".") && nodes[2].is(column)
}

// ref is a table that a query names, as it is called there.
type ref struct {
	name   string
	column string // by what it is sharded; "": it is on every node
	real   bool   // a table, and not a query or a function
	pinned bool   // its column has one value
	group  *ref   // the first of those whose columns are equal
}

func (r *ref) head() *ref {
	for r.group != nil {
		r = r.group
	}
	return r
}

// scope is what the parts of one query can name.
type scope struct {
	outer  *scope
	refs   []*ref
	shared map[string]bool // the queries of WITH, and whether each goes to one shard
	value  bool            // the query is a value within another
}

// outside reports whether the table stands outside of a value that the query is, or is part of.
func (s *scope) outside(r *ref) bool {
	value := false
	for ; s != nil && !slices.Contains(s.refs, r); s = s.outer {
		value = value || s.value
	}
	return value
}

// find returns the table of that name, or for "" the only one that has the column.
func (s *scope) find(name, column string) *ref {
	for ; s != nil; s = s.outer {
		for _, r := range s.refs {
			if name != "" && r.name == name || name == "" && r.real && r.column == column {
				return r
			}
		}
	}
	return nil
}

func (s *scope) with(name string) (pinned, found bool) {
	for ; s != nil; s = s.outer {
		if pinned, found = s.shared[name]; found {
			return pinned, true
		}
	}
	return false, false
}

// query looks at a query with its WITH and its UNION. It reports whether all of it goes to one shard.
func (l *linter) query(nodes []node, outer *scope, within bool) (pinned bool) {
	s := &scope{outer: outer, shared: make(map[string]bool)}
	if len(nodes) > 0 && nodes[0].is("with") {
		nodes = l.with(nodes[1:], s)
	}
	pinned = true
	begin := 0
	for i := 0; i <= len(nodes); i++ {
		if i == len(nodes) || nodes[i].is("union", "intersect", "except") {
			part := nodes[begin:i]
			if len(part) > 0 && part[0].is("all") {
				part = part[1:]
			}
			pinned = l.part(part, s, within) && pinned
			begin = i + 1
		}
	}
	return pinned
}

// with reads the queries of WITH, and returns what is behind them.
func (l *linter) with(nodes []node, s *scope) []node {
	if nodes[0].is("recursive") {
		nodes = nodes[1:]
	}
	for {
		name := nodes[0].text
		nodes = nodes[1:]
		if nodes[0].kind == '(' {
			nodes = nodes[1:]
		}
		for nodes[0].is("as", "not", "materialized") {
			nodes = nodes[1:]
		}
		s.shared[name] = true // of itself, where it is recursive
		s.shared[name] = l.query(nodes[0].in, s, true)
		nodes = nodes[1:]
		if !nodes[0].is(",") {
			return nodes
		}
		nodes = nodes[1:]
	}
}

// part looks at one SELECT, INSERT, UPDATE or DELETE.
func (l *linter) part(nodes []node, outer *scope, within bool) (pinned bool) {
	if len(nodes) == 0 {
		return true
	}
	s := &scope{outer: outer}
	verb := nodes[0].text
	switch {
	case nodes[0].kind == '(':
		return l.query(nodes[0].in, outer, within)
	case verb == "insert":
		if within && l.behind {
			l.say("an INSERT within WITH is a transaction over all nodes")
		}
		return l.insert(nodes, s)
	case verb == "update":
		s.refs = append(s.refs, l.table(nodes[1:]))
	}
	l.from(nodes, s)
	l.equal(nodes, s)
	pinned = l.judge(verb, locks(nodes), s)
	if verb != "select" && l.behind {
		l.volatile(nodes)
	}
	return l.inner(nodes, s, false) && pinned
}

// inner looks at the queries within a query, but for those that from has looked at. where says that the nodes are in a condition.
func (l *linter) inner(nodes []node, s *scope, where bool) (pinned bool) {
	pinned = true
	var before node
	for _, n := range nodes {
		switch {
		case n.is("where", "on"):
			where = true
		case n.endsFrom():
			where = false
		case n.kind != '(' || len(n.in) == 0:
		case n.in[0].is("select", "with", "insert", "update", "delete"):
			joined := before.is("from", "join", "lateral") || where && before.is("exists", "in")
			pinned = l.query(n.in, &scope{outer: s, value: !joined}, false) && pinned
		default:
			pinned = l.inner(n.in, s, where) && pinned
		}
		before = n
	}
	return pinned
}

// endsFrom reports whether the node is a word behind what a query reads from.
func (n node) endsFrom() bool {
	return n.is("where", "group", "order", "limit", "having", "for", "returning", "window", "offset", "set")
}

// from reads what a query names behind FROM, USING and JOIN.
func (l *linter) from(nodes []node, s *scope) {
	inside := false
	for i, n := range nodes {
		switch {
		case n.is("from") && i > 0 && nodes[i-1].is("distinct"): // IS DISTINCT FROM
			continue
		case n.is("from", "using"):
			inside = true
		case n.endsFrom():
			inside = false
			continue
		case !inside || !n.is(",", "join"):
			continue
		}
		rest := nodes[i+1:]
		for len(rest) > 0 && rest[0].is("lateral", "only") {
			rest = rest[1:]
		}
		if len(rest) == 0 || !inside {
			continue
		}
		r := l.table(rest)
		if pinned, shared := s.with(rest[0].text); shared && rest[0].kind == 'w' {
			r.real, r.column, r.pinned = false, "", pinned // what has been read is no longer in a shard
		}
		if n.is("join") {
			l.outer(nodes[:i], r, s)
		}
		s.refs = append(s.refs, r)
	}
}

// outer looks at an outer join. before is what stands in front of JOIN.
func (l *linter) outer(before []node, r *ref, s *scope) {
	i := len(before) - 1
	if i >= 0 && before[i].is("outer") {
		i--
	}
	if i < 0 || !before[i].is("left", "full") || len(s.refs) == 0 {
		return
	}
	first := s.refs[0]
	if first.real && r.real && (first.column == "" && r.column != "" || before[i].is("full") && first.column != r.column) {
		l.say("an outer join keeps the rows of %s, which is on every node, beside those of %s, which is sharded", first.name, r.name)
	}
}

// table reads a table, a function or a query with the name that it gets.
func (l *linter) table(nodes []node) *ref {
	r := &ref{}
	i := 1
	switch {
	case nodes[0].kind == '(':
		r.column = Tenant // it hands on the tenant of what is in it, which is looked at by itself
	case len(nodes) > 1 && nodes[1].kind == '(' && !nodes[0].is("values"): // a function
		r.pinned, i = true, 2
	default:
		r.name = nodes[0].text
		r.column, r.real = l.tables[r.name]
		r.pinned = !r.real
	}
	for i < len(nodes) && nodes[i].is("with", "ordinality", "as") {
		i++
	}
	if i < len(nodes) && nodes[i].kind == 'w' && !nodes[i].is("on", "join", "left", "cross", "full", "inner", "union", "indexed") &&
		!nodes[i].endsFrom() {
		r.name = nodes[i].text
	}
	return r
}

// equal notes which columns are equal to an argument and to each other. What stands beside an OR is not certain.
func (l *linter) equal(nodes []node, s *scope) {
	for begin := range nodes {
		if !nodes[begin].is("where", "on") {
			continue
		}
		end := begin + 1
		for end < len(nodes) && !nodes[end].endsFrom() && !nodes[end].is("join", "left", "cross", "full", "inner", "on", "union") {
			end++
		}
		condition := nodes[begin+1 : end]
		if slices.ContainsFunc(condition, func(n node) bool { return n.is("or") }) {
			continue
		}
		for _, term := range split(condition, "and") {
			l.term(term, s)
		}
	}
}

// term is one comparison.
func (l *linter) term(nodes []node, s *scope) {
	at := slices.IndexFunc(nodes, func(n node) bool { return n.is("=") })
	if at < 0 {
		return
	}
	left, right := s.column(nodes[:at]), s.column(nodes[at+1:])
	switch {
	case left != nil && value(nodes[at+1:]):
		left.head().pinned = true
	// Only EXISTS in a condition is planned as a join. Any other query within another is looked at by itself: that its tenant is
	// the one of a row outside is no shard that is known before that row is read.
	case left != nil && right != nil && s.outside(left) != s.outside(right):
	case left != nil && right != nil && left.head() != right.head():
		if left.real && right.real && left.column != right.column {
			return
		}
		a, b := left.head(), right.head()
		a.pinned = a.pinned || b.pinned
		b.group = a
	}
}

// column is the table whose sharding column the nodes are; nil for anything else.
func (s *scope) column(nodes []node) *ref {
	switch {
	case len(nodes) == 1 && nodes[0].kind == 'w':
		return s.find("", nodes[0].text)
	case len(nodes) == 3 && nodes[1].is("."):
		if r := s.find(nodes[0].text, ""); r != nil && r.column != "" && r.column == nodes[2].text {
			return r
		}
	}
	return nil
}

// value reports whether the nodes are one argument or number, perhaps with its type.
func value(nodes []node) bool {
	if len(nodes) == 2 && nodes[0].is("cast") && len(nodes[1].in) > 0 {
		return nodes[1].in[0].kind == '?'
	}
	return len(nodes) == 1 && (nodes[0].kind == '?' || nodes[0].kind == 'n')
}

// locks reports whether a query locks what it reads.
func locks(nodes []node) bool {
	for i, n := range nodes[:max(0, len(nodes)-1)] {
		if n.is("for") && nodes[i+1].is("update", "share", "no", "key") {
			return true
		}
	}
	return false
}

// judge says which tables have no shard, and reports whether all have.
func (l *linter) judge(verb string, locking bool, s *scope) (pinned bool) {
	pinned = true
	var by string
	for _, r := range s.refs {
		if !r.real || r.column == "" {
			continue
		}
		if by != "" && by != r.column {
			l.say("tables that are sharded by %s and by %s are joined", by, r.column)
		}
		by = r.column
		if r.head().pinned {
			continue
		}
		pinned = false
		switch {
		case locking && l.across != "" && r.column != Tenant && !l.behind: // PostgreSQL alone; behind Citus it is sent without
		case locking:
			l.say("rows of %s are locked without its %s equal to an argument", r.name, r.column)
		case l.across == "":
			l.say("%s of %s without its %s equal to an argument", strings.ToUpper(verb), r.name, r.column)
		case verb != "select" && r.column == Tenant:
			l.say("%s of %s for several tenants", strings.ToUpper(verb), r.name)
		}
	}
	return pinned
}

// volatile looks for functions that Citus does not take where something is written.
func (l *linter) volatile(nodes []node) {
	for i, n := range nodes {
		if n.is("set_config", "random", "nextval", "gen_random_uuid") && i+1 < len(nodes) && nodes[i+1].kind == '(' {
			l.say("%s is called where something is written", n.text)
		}
		l.volatile(n.in)
	}
}

// split cuts nodes at a word or sign, but not at the AND of a BETWEEN.
func split(nodes []node, at string) (parts [][]node) {
	begin, between := 0, false
	for i, n := range nodes {
		switch {
		case n.is("between"):
			between = true
		case n.is(at) && between:
			between = false
		case n.is(at):
			parts = append(parts, nodes[begin:i])
			begin = i + 1
		}
	}
	return append(parts, nodes[begin:])
}
