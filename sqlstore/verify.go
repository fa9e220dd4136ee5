package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"noren"
	"noren/sharding"
)

// Verify implements noren.Engine. It reads one snapshot of all tenants, with a fixed number of statements, and looks
// also at what the schema forbids: constraints hold for what was written through them, not for what a disk or a
// restored backup has lost.
//
// On SQLite the file itself comes first. If it is damaged, nothing else is checked, because nothing that was read could be
// relied on.
func (db *DB) Verify(ctx context.Context) (checks []noren.Check, err error) {
	var whole []noren.Check
	if db.flavor.oneFile {
		check, err := db.checkFile(ctx)
		if whole = append(whole, check); err != nil || check.Violated > 0 {
			return whole, err
		}
	}
	err = db.view(ctx, 0, func(t *tx) error {
		checks = slices.Clone(whole)
		if err := t.unbounded(ctx); err != nil {
			return err
		}
		for _, i := range invariants() {
			check, err := i.check(ctx, t)
			if err != nil {
				return doing("verify that "+i.name, err)
			}
			checks = append(checks, check)
		}
		// In the same snapshot, so that it sees what the statements before it saw.
		check, err := t.checkEarnings(ctx)
		if checks = append(checks, check); err != nil {
			return err
		}
		check, err = t.checkErasedRows(ctx)
		checks = append(checks, check)
		return err
	})
	return checks, err
}

// checkFile is SQLite's own check of the database file.
func (db *DB) checkFile(ctx context.Context) (noren.Check, error) {
	check := noren.Check{Name: "the database file is intact"}
	note := func(problem string) {
		if check.Violated++; check.Violated <= noren.MaxViolations {
			check.Violations = append(check.Violations, problem)
		}
	}
	err := db.view(ctx, 0, func(t *tx) error {
		// A view may be run again, and then counts anew.
		check.Violated, check.Violations = 0, nil
		if err := t.queryRow(ctx, "PRAGMA page_count").Scan(&check.Checked); err != nil {
			return err
		}
		rows, err := t.query(ctx, "PRAGMA integrity_check")
		return each(rows, err, func(row scannable) error {
			var problem string
			err := row.Scan(&problem)
			if problem != "ok" {
				note(problem)
			}
			return err
		})
	})
	if e, ok := errors.AsType[*sqliteError](err); ok && (e.code&0xff == sqlite3.SQLITE_CORRUPT || e.code&0xff == sqlite3.SQLITE_NOTADB) {
		note(e.Error())
		return check, nil
	}
	return check, doing("check the database file", err)
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
	// How many were looked at is told too: a rule that holds of nothing says little.
	if err := t.queryRow(ctx, "SELECT COUNT(*) FROM "+i.checked+sharding.Across("verify")).Scan(&check.Checked); err != nil {
		return check, err
	}
	rows, err := t.query(ctx, "SELECT COALESCE(t.contract, 'that does not exist'), v.* FROM ("+i.violated+
		") AS v LEFT JOIN tenants AS t ON t.id = v.tenant_id ORDER BY 1, 3"+sharding.Across("verify"))
	err = each(rows, err, func(row scannable) error {
		values, err := scanAll(row)
		if err == nil {
			violate(&check, values[0], i.say, values[2:]...)
		}
		return err
	})
	return check, err
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
func scanAll(row scannable) ([]any, error) {
	values, refs := make([]any, row.width()), make([]any, row.width())
	for i := range values {
		refs[i] = &values[i]
	}
	err := row.Scan(refs...)
	for i, v := range values {
		if v == nil {
			values[i] = "none"
		}
	}
	return values, err
}
