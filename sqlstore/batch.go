package sqlstore

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"
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
// SQLite runs one prepared statement once a row, because taking a list apart costs it more than the calls.
func (t *tx) insertRows(ctx context.Context, table, onConflict string, cols []column) (inserted int64, err error) {
	if len(cols[0].values) == 0 {
		return 0, nil
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	into := "INSERT INTO " + table + " (tenant_id, " + strings.Join(names, ", ") + ") "
	if t.db.flavor.arrays {
		// The tenant is one argument and not an array: behind Citus it says which shard the statement goes to.
		query := into + "SELECT CAST(? AS bigint), v.* FROM " + unnest(cols, "") + " " + onConflict
		return t.exec(ctx, query, append([]any{t.tenant}, arrays(cols)...)...)
	}
	query := into + "VALUES (?" + strings.Repeat(", ?", len(cols)) + ") " + onConflict
	return t.eachRow(ctx, query, append([]column{t.tenantColumn(len(cols[0].values))}, cols...))
}

// updateRows writes set in the rows of the transaction's tenant whose keys match, and answers how many there were.
// A row is matched at most once. It counts as one statement.
func (t *tx) updateRows(ctx context.Context, table string, keys, set []column) (updated int64, err error) {
	if len(keys[0].values) == 0 {
		return 0, nil
	}
	cols := slices.Concat(set, keys)
	value := func(int) string { return "?" }
	if t.db.flavor.arrays {
		value = func(i int) string { return "v.c" + strconv.Itoa(i) }
	}
	sets, matches := make([]string, len(set)), make([]string, len(keys))
	for i, c := range set {
		sets[i] = c.name + " = " + value(i)
	}
	for i, c := range keys {
		matches[i] = "t." + c.name + " = " + value(len(set)+i)
	}
	query := "UPDATE " + table + " AS t SET " + strings.Join(sets, ", ")
	where := " WHERE " + strings.Join(matches, " AND ") + " AND t.tenant_id = ?"
	if t.db.flavor.arrays {
		return t.exec(ctx, query+" FROM "+unnest(cols, "")+where, append(arrays(cols), t.tenant)...)
	}
	return t.eachRow(ctx, query+where, append(cols, t.tenantColumn(len(keys[0].values))))
}

// subtractRows takes less off what the rows of the transaction's tenant with the ids have in less's column, and answers
// how many rows there were with as much. An id is named at most once. It counts as one statement.
func (t *tx) subtractRows(ctx context.Context, table string, ids, less column) (reduced int64, err error) {
	if len(ids.values) == 0 {
		return 0, nil
	}
	query := func(id, amount, from string) string {
		return "UPDATE " + table + " AS t SET " + less.name + " = t." + less.name + " - " + amount + from +
			" WHERE t." + ids.name + " = " + id + " AND t." + less.name + " >= " + amount + " AND t.tenant_id = ?"
	}
	if t.db.flavor.arrays {
		cols := []column{ids, less}
		return t.exec(ctx, query("v.c0", "v.c1", " FROM "+unnest(cols, "")), append(arrays(cols), t.tenant)...)
	}
	return t.eachRow(ctx, query("?", "?", ""), []column{less, ids, less, t.tenantColumn(len(ids.values))})
}

// tenantColumn is the transaction's tenant for n rows.
func (t *tx) tenantColumn(n int) column {
	return column{name: "tenant_id", kind: kindInt, values: slices.Repeat([]any{int64(t.tenant)}, n)}
}

// eachRow runs the statement once for each row and adds up what was affected.
func (t *tx) eachRow(ctx context.Context, query string, cols []column) (int64, error) {
	if t.failed != nil {
		return 0, t.failed
	}
	t.db.sent(query)
	var total int64
	args := make([]any, len(cols))
	for row := range cols[0].values {
		for i, c := range cols {
			args[i] = plain(c.values[row])
		}
		n, err := t.execQuietly(ctx, query, args...)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// unnest is the batch as a table v with the columns c0, c1 and so on, and the row's place from 1 where that has a name;
// arrays answers its arguments.
func unnest(cols []column, place string) string {
	casts, names := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		casts[i] = "CAST(? AS " + string(c.kind) + "[])"
		names[i] = "c" + strconv.Itoa(i)
	}
	ordinality := ""
	if place != "" {
		ordinality, names = " WITH ORDINALITY", append(names, place)
	}
	return "unnest(" + strings.Join(casts, ", ") + ")" + ordinality + " AS v (" + strings.Join(names, ", ") + ")"
}

// arrays answers one typed slice for each column, with nil for NULL.
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

// array panics where a value does not have the column's kind, which is a mistake in this package.
func array[T any](values []any) []*T {
	list := make([]*T, len(values))
	for row, v := range values {
		if v = plain(v); v != nil {
			item := v.(T)
			list[row] = &item
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
	case reflect.Float32, reflect.Float64:
		return r.Float()
	default:
		return r.Bytes()
	}
}
