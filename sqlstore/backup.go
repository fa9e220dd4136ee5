package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
)

// ErrOwnTools says that a database is backed up with its own tools.
var ErrOwnTools = errors.New("this database is backed up with its own tools")

// Copy writes a consistent copy of a SQLite database to a new file, beside servers that go on writing: it is one
// transaction that reads. The file is not synced. ErrOwnTools if the URL is that of another database.
//
// The copy of SQLite's own backup begins anew whenever somebody else has written, and so never ends beside a busy server.
func Copy(ctx context.Context, database, file string) error {
	scheme, rest, _ := strings.Cut(database, ":")
	if scheme != "sqlite" {
		return ErrOwnTools
	}
	source, err := sqliteSource(rest, true)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return doing("open the database to copy it", err)
	}
	// SQLite fills an empty file, and would make one that everybody may read.
	// O_EXCL: an earlier copy is never written over.
	made, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = made.Close()
	}
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", file)
	}
	return doing("copy the database", errors.Join(err, db.Close()))
}

// StoredFiles calls each for every file that the database refers to, until it returns an error.
func (db *DB) StoredFiles(ctx context.Context, file func(contract, fileKey string) error) error {
	type name struct{ contract, fileKey string }
	var names []name
	err := db.read(ctx, func(t *tx) error {
		rows, err := t.query(ctx, `SELECT t.contract, u.file_key FROM uploads AS u JOIN tenants AS t ON t.id = u.tenant_id
			WHERE NOT u.condemned ORDER BY 1, 2`)
		names, err = collect(rows, err, func(row scannable) (n name, err error) {
			err = row.Scan(&n.contract, &n.fileKey)
			return n, err
		})
		return doing("list the files", err)
	})
	if err != nil {
		return err
	}
	// After the transaction, because copying files takes long.
	for _, n := range names {
		if err := file(n.contract, n.fileKey); err != nil {
			return err
		}
	}
	return nil
}
