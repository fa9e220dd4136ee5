package sqlstore

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"noren"
)

// column is one column of a batch: a value for each row. nil and nil pointers are NULL.
type column struct {
	name   string
	kind   kind
	values []any
}

// kind is the SQL type of a column. PostgreSQL has to be told that of an array; SQLite never asks.
type kind string

// The kinds of column in the schema.
const (
	kindInt   kind = "bigint"
	kindText  kind = "text"
	kindBool  kind = "boolean"
	kindBytes kind = "bytea"
	kindFloat kind = "double precision"
)

// insertRows inserts one row for each value of the columns, all of the transaction's tenant: tenant_id becomes the
// first column. onConflict is empty or an ON CONFLICT clause. It counts as one statement.
//
// PostgreSQL gets one statement with an array for each column, because a statement a row costs a round trip each.
// SQLite runs one prepared statement for a few rows at a time, because taking a list apart costs it more than the calls.
func (t *tx) insertRows(ctx context.Context, table, onConflict string, cols []column) (inserted int64, err error) {
	switch {
	case len(cols[0].values) == 0:
		return 0, nil
	case t.db.flavor.unnests:
		text, args := t.insertion(table, onConflict, cols)
		return t.exec(ctx, text, args...)
	}
	into, row := insertInto(table, cols)+"VALUES ", "(?"+strings.Repeat(", ?", len(cols))+")"
	// SQLite has no arrays to join the tenant to, so each row brings it.
	cols = append([]column{t.tenantColumn(len(cols[0].values))}, cols...)
	single := into + row + " " + onConflict
	t.db.sent(single)
	// Two texts for a table, whatever the number of rows: one for those that go together, one for those left over.
	together := into + row + strings.Repeat(", "+row, rowsTogether-1) + " " + onConflict
	n := len(cols[0].values)
	inserted, err = t.eachRows(ctx, together, cols, rowsTogether, 0, n-n%rowsTogether)
	if err != nil {
		return 0, err
	}
	rest, err := t.eachRows(ctx, single, cols, 1, n-n%rowsTogether, n)
	return inserted + rest, err
}

// rowsTogether is how many rows SQLite inserts by one statement. Starting and ending a statement costs it a third of what
// inserting a row does; with more rows it is not cheaper.
const rowsTogether = 10

// insertLater is insertRows where nobody waits for it. d has no text yet.
func (t *tx) insertLater(ctx context.Context, d deferred, table, onConflict string, cols []column) error {
	switch {
	case len(cols[0].values) == 0:
		return nil
	case t.db.flavor.unnests:
		d.text, d.args = t.insertion(table, onConflict, cols)
		return t.later(ctx, d)
	}
	return d.outcome(t.insertRows(ctx, table, onConflict, cols))
}

// insertNumbered is insertLater for rows that get the next numbers of the counter as ids, in their order, where the first has
// the id 0. The ids are the first of the columns.
func (t *tx) insertNumbered(ctx context.Context, d deferred, table string, counter noren.Counter, cols []column) error {
	ids, n := cols[0], len(cols[0].values)
	switch {
	case n == 0:
		return nil
	// The caller has numbered them.
	case ids.values[0] != int64(0):
		return t.insertLater(ctx, d, table, "", cols)
	case t.db.flavor.unnests && !t.db.flavor.sharded:
		t.takesCounter(counter)
		t.noteInserted(table, n)
		values := make([]string, len(cols)-1)
		for i := range values {
			values[i] = "v.c" + strconv.Itoa(i)
		}
		d.text = "WITH taken AS (" + takeNumbers + " AS first) " + insertInto(table, cols) +
			"SELECT CAST(? AS bigint), taken.first + v.place - 1, " + strings.Join(values, ", ") +
			" FROM taken CROSS JOIN " + unnest(cols[1:], "place")
		d.args = append([]any{t.tenant, counter, 1 + n, n, n, t.tenant}, arrays(cols[1:])...)
		return t.later(ctx, d)
	}
	first, err := t.Reserve(ctx, counter, n)
	if err != nil {
		return d.outcome(0, err)
	}
	// Another slice, because the caller's may be used again by a second run.
	ids.values = make([]any, n)
	for i := range ids.values {
		ids.values[i] = first + int64(i)
	}
	return t.insertLater(ctx, d, table, "", append([]column{ids}, cols[1:]...))
}

// insertion is insertRows as one statement. The tenant is one argument and not an array. Behind Citus that does not say to which
// shard the statement goes: what is drawn from no table is made on the coordinator first. So there it is drawn from the
// tenant's own row. That is planned each time, which a single row is not.
func (t *tx) insertion(table, onConflict string, cols []column) (text string, args []any) {
	n := len(cols[0].values)
	t.noteInserted(table, n)
	switch {
	case t.db.flavor.sharded && n == 1:
		args = append(args, t.tenant)
		for _, c := range cols {
			args = append(args, plain(c.values[0]))
		}
		return insertInto(table, cols) + "VALUES (?" + strings.Repeat(", ?", len(cols)) + ") " + onConflict, args
	case t.db.flavor.sharded:
		text = insertInto(table, cols) + "SELECT a.tenant_id, v.* FROM tenant_rows AS a CROSS JOIN " + unnest(cols, "") +
			" WHERE a.tenant_id = ? " + onConflict
		return text, append(arrays(cols), t.tenant)
	}
	text = insertInto(table, cols) + "SELECT CAST(? AS bigint), v.* FROM " + unnest(cols, "") + " " + onConflict
	return text, append([]any{t.tenant}, arrays(cols)...)
}

// noteInserted notes rows for the statistics of their table.
func (t *tx) noteInserted(table string, n int) {
	if t.inserted == nil {
		t.inserted = make(map[string]int)
	}
	t.inserted[table] += n
}

func insertInto(table string, cols []column) string {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	return "INSERT INTO " + table + " (tenant_id, " + strings.Join(names, ", ") + ") "
}

// updateLater writes set in the rows of the transaction's tenant whose keys match, where nobody waits for it. A row is
// matched at most once. It counts as one statement. d has no text yet.
func (t *tx) updateLater(ctx context.Context, d deferred, table string, keys, set []column) error {
	if len(keys[0].values) == 0 {
		return nil
	}
	cols := slices.Concat(set, keys)
	value := func(int) string { return "?" }
	if t.db.flavor.unnests {
		value = func(i int) string { return "v.c" + strconv.Itoa(i) }
	}
	sets, matches := make([]string, len(set)), make([]string, len(keys))
	for i, c := range set {
		sets[i] = c.name + " = " + value(i)
	}
	for i, c := range keys {
		matches[i] = "t." + c.name + " = " + value(len(set)+i)
	}
	// The arguments are in the order in which their columns stand in the text, which is that of cols; the tenant's is
	// last.
	text := "UPDATE " + table + " AS t SET " + strings.Join(sets, ", ")
	where := " WHERE " + strings.Join(matches, " AND ") + " AND t.tenant_id = ?"
	if t.db.flavor.unnests {
		d.text, d.args = text+" FROM "+unnest(cols, "")+where, append(arrays(cols), t.tenant)
		return t.later(ctx, d)
	}
	return d.outcome(t.eachRow(ctx, text+where, append(cols, t.tenantColumn(len(keys[0].values)))))
}

// subtractLater takes less off what the rows of the transaction's tenant with the ids have in less's column, of those that
// have as much, where nobody waits for it. An id is named at most once. It counts as one statement. d has no text yet.
func (t *tx) subtractLater(ctx context.Context, d deferred, table string, ids, less column) error {
	if len(ids.values) == 0 {
		return nil
	}
	text := func(id, amount, from string) string {
		return "UPDATE " + table + " AS t SET " + less.name + " = t." + less.name + " - " + amount + from +
			" WHERE t." + ids.name + " = " + id + " AND t." + less.name + " >= " + amount + " AND t.tenant_id = ?"
	}
	if t.db.flavor.unnests {
		cols := []column{ids, less}
		d.text, d.args = text("v.c0", "v.c1", " FROM "+unnest(cols, "")), append(arrays(cols), t.tenant)
		return t.later(ctx, d)
	}
	return d.outcome(t.eachRow(ctx, text("?", "?", ""), []column{less, ids, less, t.tenantColumn(len(ids.values))}))
}

// tenantColumn is the transaction's tenant for n rows.
func (t *tx) tenantColumn(n int) column {
	return column{name: "tenant_id", kind: kindInt, values: slices.Repeat([]any{int64(t.tenant)}, n)}
}

// eachRow runs the statement once for each row and adds up what was affected.
func (t *tx) eachRow(ctx context.Context, query string, cols []column) (int64, error) {
	t.db.sent(query)
	return t.eachRows(ctx, query, cols, 1, 0, len(cols[0].values))
}

// eachRows runs the statement for rows from from up to to, each time for as many as together.
func (t *tx) eachRows(ctx context.Context, query string, cols []column, together, from, to int) (total int64, err error) {
	if t.failed != nil {
		return 0, t.failed
	}
	// One slice for all rows: runners do not keep their arguments.
	args := make([]any, 0, together*len(cols))
	for ; from < to; from += together {
		args = args[:0]
		for row := from; row < from+together; row++ {
			for _, c := range cols {
				args = append(args, plain(c.values[row]))
			}
		}
		n, err := t.execQuietly(ctx, query, args)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// unnest is the batch as a table v with the columns c0, c1 and so on, and the row's place from 1 where that has a name;
// arrays returns its arguments.
func unnest(cols []column, place string) string {
	casts, names := make([]string, 0, len(cols)), make([]string, 0, len(cols)+1)
	for i, c := range cols {
		casts = append(casts, "CAST(? AS "+string(c.kind)+"[])")
		names = append(names, "c"+strconv.Itoa(i))
	}
	ordinality := ""
	if place != "" {
		ordinality, names = " WITH ORDINALITY", append(names, place)
	}
	return "unnest(" + strings.Join(casts, ", ") + ")" + ordinality + " AS v (" + strings.Join(names, ", ") + ")"
}

// arrays returns one typed slice for each column, with nil for NULL.
func arrays(cols []column) []any {
	args := make([]any, len(cols))
	for i, c := range cols {
		switch c.kind {
		case kindInt:
			args[i] = array[int64](c.values)
		case kindText:
			args[i] = array[string](c.values)
		case kindBool:
			args[i] = array[bool](c.values)
		case kindFloat:
			args[i] = array[float64](c.values)
		case kindBytes:
			list := make([][]byte, len(c.values))
			for row, v := range c.values {
				list[row], _ = plain(v).([]byte)
			}
			args[i] = list
		}
	}
	return args
}

// as returns v as a T. It panics where v is none, which is a mistake in this package that must not pass.
func as[T any](v any) T { return v.(T) } //nolint:forcetypeassert // see above

// array makes the values those of the column's kind. Where none is NULL it is a []T, which is encoded without a look behind each pointer.
func array[T any](values []any) any {
	list := make([]T, len(values))
	for row, v := range values {
		v = plain(v)
		if v == nil {
			return nullable[T](values)
		}
		list[row] = as[T](v)
	}
	return list
}

func nullable[T any](values []any) []*T {
	list := make([]*T, len(values))
	for row, v := range values {
		if v = plain(v); v != nil {
			list[row] = new(as[T](v))
		}
	}
	return list
}

// plain follows pointers and takes names off types, so that a column may be given as the domain has it: a
// **string, a noren.Status or a *noren.Date become a string or nil.
func plain(v any) any {
	switch v.(type) { // most values, without reflection
	case nil, int64, string, bool, float64, []byte:
		return v
	}
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return nil
		}
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.String:
		return r.String()
	case reflect.Bool:
		return r.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint8:
		return int64(r.Uint()) //nolint:gosec // small
	case reflect.Float32, reflect.Float64:
		return r.Float()
	default:
		return r.Bytes()
	}
}
