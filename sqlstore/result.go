package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
)

// runner sends statements over one connection, or over any where the order of statements does not matter. It stands in
// the place of database/sql, whose locks, copies and reflection cost about as much as SQLite takes for a point read, and
// which has no way to send PostgreSQL several statements at once. pgRunner and *pinned are runners.
type runner interface {
	// query sends a statement that returns rows. A statement that fails before its first row fails here.
	query(ctx context.Context, text string, args []any) (cursor, error)
	// exec sends a statement that returns no rows, and returns how many it affected.
	exec(ctx context.Context, text string, args []any) (affected int64, err error)
}

// cursor goes through the rows that a statement returns. Each is read once.
type cursor interface {
	// next goes to the next row; false behind the last one, and where an error ended the rows.
	next() bool
	// width is how many columns a row has.
	width() int
	// value is what a column holds: nil, an int64, float64, bool, string or []byte. It is the caller's to keep.
	value(column int) (any, error)
	// close ends the statement and returns the error that ended its rows. It may be called again.
	close() error
}

// result is the rows of a statement of a transaction.
type result struct {
	cursor
	t *tx
}

// each visits all rows, given what query returned, and ends the statement.
func each(r *result, err error, visit func(scannable) error) error {
	if err != nil {
		return err
	}
	for r.next() {
		// The error of the visitor is the one that says what was wrong; that of closing would hide it.
		if err := visit(r); err != nil {
			_ = r.close()
			return err
		}
	}
	return r.end()
}

// collect reads all rows, given what query returned, and ends the statement.
func collect[T any](r *result, err error, scan func(scannable) (T, error)) (list []T, _ error) {
	err = each(r, err, func(row scannable) error {
		item, err := scan(row)
		list = append(list, item)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// end closes the cursor. An error that comes with the rows spoils the transaction as one that comes before them.
func (r *result) end() error {
	err := r.close()
	if err != nil && r.t.failed == nil {
		r.t.failed = err
	}
	return err
}

// scannable is a row that can be read.
type scannable interface {
	// Scan reads the columns into what the references point to, as assign does.
	Scan(refs ...any) error
	width() int
}

// Scan implements scannable for the row that the result is at.
func (r *result) Scan(refs ...any) error {
	if len(refs) != r.width() {
		return fmt.Errorf("the statement returns %d columns, not %d", r.width(), len(refs))
	}
	for i, ref := range refs {
		value, err := r.value(i)
		if err == nil {
			err = assign(ref, value)
		}
		if err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// row is what a statement returns that returns at most one row. It also stands for one that was not sent: after SQLite
// has rolled back by itself, a statement would no longer be part of any transaction.
type row struct {
	*result
	err error
}

// Scan reads the columns. The error is that of the statement, or sql.ErrNoRows where it returned nothing.
func (r row) Scan(refs ...any) error {
	if r.err != nil {
		return r.err
	}
	// No row may also mean that an error has ended the rows, which closing tells.
	if !r.next() {
		if err := r.end(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := r.result.Scan(refs...); err != nil {
		_ = r.close()
		return err
	}
	return r.end()
}

// assign stores the value of a column in what ref points to. Types of the domain are texts, truths or numbers underneath; a
// pointer to a pointer takes NULL as nil, and a sql.Scanner takes every value as it is.
func assign(ref, value any) error {
	switch ref := ref.(type) { // most references, without reflection
	case *int64:
		if v, ok := value.(int64); ok {
			*ref = v
			return nil
		}
	case *string:
		if v, ok := value.(string); ok {
			*ref = v
			return nil
		}
	case *any:
		*ref = value
		return nil
	case sql.Scanner:
		return ref.Scan(value)
	}
	return assignTo(reflect.ValueOf(ref).Elem(), value)
}

// assignTo is assign for any variable. The engines differ in two ways: SQLite's truths are integers, and it keeps texts
// and bytes apart where PostgreSQL knows by the column.
func assignTo(target reflect.Value, value any) error {
	if target.Kind() == reflect.Pointer {
		if value == nil {
			target.SetZero()
			return nil
		}
		target.Set(reflect.New(target.Type().Elem()))
		return assignTo(target.Elem(), value)
	}
	bytes := target.Kind() == reflect.Slice
	switch v := value.(type) {
	case nil:
		if bytes {
			target.SetZero()
			return nil
		}
	case int64:
		switch {
		case target.CanInt() && !target.OverflowInt(v):
			target.SetInt(v)
			return nil
		case target.CanUint() && v >= 0 && !target.OverflowUint(uint64(v)):
			target.SetUint(uint64(v))
			return nil
		case target.CanFloat():
			target.SetFloat(float64(v))
			return nil
		case target.Kind() == reflect.Bool:
			target.SetBool(v != 0)
			return nil
		}
	case float64:
		if target.CanFloat() {
			target.SetFloat(v)
			return nil
		}
	case bool:
		if target.Kind() == reflect.Bool {
			target.SetBool(v)
			return nil
		}
	case string:
		switch {
		case target.Kind() == reflect.String:
			target.SetString(v)
			return nil
		case bytes:
			target.SetBytes([]byte(v))
			return nil
		}
	case []byte:
		switch {
		case bytes:
			target.SetBytes(v)
			return nil
		case target.Kind() == reflect.String:
			target.SetString(string(v))
			return nil
		}
	}
	if value == nil {
		return fmt.Errorf("NULL where a %s is expected", target.Type())
	}
	return fmt.Errorf("a %T where a %s is expected", value, target.Type())
}
