package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"noren"
)

// Verify implements noren.Engine. It reads one snapshot of all tenants, with a fixed number of statements, and looks
// also at what the schema forbids: constraints hold for what was written through them, not for what a disk or a
// restored backup has lost.
func (db *DB) Verify(ctx context.Context) (checks []noren.Check, err error) {
	err = db.view(ctx, 0, func(t *tx) error {
		checks = nil
		for _, i := range invariants() {
			check, err := i.check(ctx, t)
			if err != nil {
				return doing("verify that "+i.name, err)
			}
			checks = append(checks, check)
		}
		found, err := t.verifySearch(ctx)
		checks = append(checks, found...)
		return doing("verify the search index", err)
	})
	return checks, err
}

// invariant is a rule that stored data keeps, as a query for what breaks it.
type invariant struct {
	name     string
	checked  string // the table whose rows are looked at
	violated string // a query whose first column is tenant_id
	say      string // what to say of a violation, given the query's other columns
}

// check looks for what breaks the invariant. The tenant is named as its owner knows it, by contract id.
func (i invariant) check(ctx context.Context, t *tx) (noren.Check, error) {
	check := noren.Check{Name: i.name}
	if err := t.queryRow(ctx, "SELECT COUNT(*) FROM "+i.checked).Scan(&check.Checked); err != nil {
		return check, err
	}
	rows, err := t.query(ctx, "SELECT COALESCE(t.contract, 'that does not exist'), v.* FROM ("+i.violated+
		") AS v LEFT JOIN tenants AS t ON t.id = v.tenant_id ORDER BY 1, 3")
	err = each(rows, err, func(rows *sql.Rows) error {
		values, err := scanAll(rows)
		if err == nil {
			violate(&check, values[0], i.say, values[2:]...)
		}
		return err
	})
	return check, err
}

// each visits all rows, given what query answered, and closes them. Unlike collect it keeps none.
func each(rows *sql.Rows, err error, visit func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// violate notes a violation. All are counted; words are kept for the first of them, so that a damaged database does
// not fill the memory.
func violate(check *noren.Check, contract any, say string, values ...any) {
	check.Violated++
	if check.Violated <= noren.MaxViolations {
		check.Violations = append(check.Violations, fmt.Sprintf("tenant %v: ", contract)+fmt.Sprintf(say, values...))
	}
}

// scanAll reads a row whatever its columns are. NULL becomes "none".
func scanAll(rows *sql.Rows) ([]any, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	err = rows.Scan(dest...)
	for i, v := range values {
		if v == nil {
			values[i] = "none"
		}
	}
	return values, err
}
