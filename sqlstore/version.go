package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// versionQuery is the version of the schema, and 0 where no migration has run. It fails where there is no table of versions.
const versionQuery = `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`

// schemaError says that the schema has another version than this program needs.
type schemaError struct{ has, needs int64 }

func (e schemaError) Error() string {
	if e.has > e.needs {
		return fmt.Sprintf("its schema has version %d, and this program knows no later one than %d: "+
			"use the version of Noren that migrated it, or a later one", e.has, e.needs)
	}
	return fmt.Sprintf("its schema has version %d, and this program needs %d: "+
		"a server or noren apply of this version migrates it", e.has, e.needs)
}

// IsOtherVersion reports whether Open failed because the schema is that of another version of the program.
func IsOtherVersion(err error) bool {
	_, other := errors.AsType[schemaError](err)
	return other
}

// IsNewer reports whether Open failed because a later version of the program has migrated the schema.
func IsNewer(err error) bool {
	e, other := errors.AsType[schemaError](err)
	return other && e.has > e.needs
}

// checkVersion returns a schemaError unless the schema has the version that this program needs.
func (db *DB) checkVersion(ctx context.Context) error {
	_, _, needs, err := db.flavor.migrations()
	if err != nil {
		return doing("reading the migrations", err)
	}
	var has int64
	if err := db.read(ctx, func(t *tx) error { return t.queryRow(ctx, versionQuery).Scan(&has) }); err != nil {
		return doing("reading the version of the schema", err)
	}
	if has != needs {
		return schemaError{has, needs}
	}
	return nil
}

// checkWhole returns ErrUnfinishedCopy where the database has only a part of another.
func (db *DB) checkWhole(ctx context.Context) error {
	var runs int
	if err := db.read(ctx, func(t *tx) error { return t.queryRow(ctx, copyingQuery).Scan(&runs) }); err != nil {
		return doing("looking whether the database is whole", err)
	}
	if runs > 0 {
		return ErrUnfinishedCopy
	}
	return nil
}
