package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// side is one of the two databases of a transfer, on one connection, with no bound of time. A SQLite file is held by it alone.
type side struct {
	flavor *flavor
	db     *sql.DB
	conn   *sql.Conn
}

// source is a side that is read, on one snapshot.
type source struct {
	*side
	tx *sql.Tx
}

// querier is a connection or a transaction on it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// openSide connects to a database that no server is connected to.
func openSide(ctx context.Context, url string) (s *side, err error) {
	s = new(side)
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		s.flavor = newSQLite()
		var name string
		if name, err = sqliteSource(rest, true); err != nil {
			return nil, err
		}
		// In this mode SQLite has the file for itself, from the first statement to the end.
		name = strings.Replace(name, "mode=ro", "_txlock=immediate&_pragma=locking_mode(EXCLUSIVE)", 1)
		name = strings.Replace(name, "busy_timeout(5000)", "busy_timeout(1000)", 1)
		s.db, err = sql.Open("sqlite", name)
	case "postgres", "postgresql":
		s.flavor = newPostgres()
		var config *pgx.ConnConfig
		if config, err = pgx.ParseConfig(url); err != nil {
			return nil, err
		}
		if config.RuntimeParams["application_name"] == "" {
			config.RuntimeParams["application_name"] = copierName
		}
		s.db = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(settlePatient))
	default:
		return nil, errors.New("a database has to be sqlite:PATH or postgres://…")
	}
	if err == nil {
		s.conn, err = s.db.Conn(ctx)
	}
	if err == nil {
		err = s.alone(ctx)
	}
	if err != nil {
		if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == sqlite3.SQLITE_BUSY {
			err = errors.Join(errors.New("a server or another command has it open: stop that first"), err)
		}
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// settlePatient is settleUnbounded for a transaction that waits while rows are written to the other side.
func settlePatient(ctx context.Context, conn *pgx.Conn) error {
	_ = settleUnbounded(ctx, conn)
	_, _ = conn.Exec(ctx, "SET idle_in_transaction_session_timeout = 0")
	return nil
}

// copierName is what a transfer calls its connections to PostgreSQL, where the URL does not. Servers are called serverName.
const copierName = "noren copy"

// stillThere is how long a connection may take to go, like the time that SQLite waits for a file.
const stillThere = time.Second

// alone returns an error where a server is connected. One of PostgreSQL is known by the name of its connections; one that has
// been given another name than this transfer has is not noticed.
func (s *side) alone(ctx context.Context) error {
	if s.flavor.oneFile {
		tx, err := s.conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return tx.Rollback()
	}
	var others int
	// PostgreSQL shows connections for a moment after the server that had them has stopped.
	for end := time.Now().Add(stillThere); ; time.Sleep(stillThere / 20) {
		if err := s.conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
			AND application_name IN ($1, current_setting('application_name')) AND application_name <> $2 AND pid <> pg_backend_pid()`,
			serverName, copierName).Scan(&others); err != nil {
			return err
		}
		if others == 0 || time.Now().After(end) {
			break
		}
	}
	if others > 0 {
		return fmt.Errorf("a server or another command has it open, with %d connections: stop that first", others)
	}
	return nil
}

// close ends what is not committed.
func (s *side) close() (err error) {
	if s.conn != nil {
		err = s.conn.Close()
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// openSource opens a whole database of this program's schema, to read it.
func openSource(ctx context.Context, url string) (*source, error) {
	s, err := openSide(ctx, url)
	if err != nil {
		return nil, err
	}
	opened := &source{side: s}
	has, needs, err := s.version(ctx)
	switch {
	case err != nil:
	case has != needs:
		err = schemaError{has, needs}
	default:
		options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
		if s.flavor.oneFile {
			options = nil // nobody else has the file
		}
		if opened.tx, err = s.conn.BeginTx(ctx, options); err == nil {
			err = s.whole(ctx, opened.tx)
		}
	}
	if err != nil {
		return nil, errors.Join(err, opened.close())
	}
	return opened, nil
}

func (s *source) close() error {
	if s.tx != nil {
		_ = s.tx.Rollback() // it has only read
	}
	return s.side.close()
}

// openTarget opens a database to write to it, and makes its schema where it has none. An error where it has data that no transfer
// has copied, or a schema of another version.
func openTarget(ctx context.Context, url string) (*side, error) {
	if rest, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		if _, err := sqliteSource(rest, false); err != nil { // makes the file
			return nil, err
		}
	}
	s, err := openSide(ctx, url)
	if err != nil {
		return nil, err
	}
	has, needs, err := s.version(ctx)
	if err == nil && has == 0 {
		if err = s.close(); err != nil {
			return nil, err
		}
		var db *DB
		if db, err = Open(ctx, Config{URL: url}); err == nil {
			err = db.Close()
		}
		if err != nil {
			return nil, err
		}
		if s, err = openSide(ctx, url); err != nil {
			return nil, err
		}
		has, needs, err = s.version(ctx)
	}
	if err == nil && has != needs {
		err = schemaError{has, needs}
	}
	if err == nil {
		err = s.free(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// version reads the version of the schema, 0 where there is none, and the one that this program needs.
func (s *side) version(ctx context.Context) (has, needs int64, err error) {
	if _, _, needs, err = s.flavor.migrations(); err != nil {
		return 0, 0, err
	}
	query := `SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'`
	if !s.flavor.oneFile {
		query = `SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')`
	}
	var tables int
	if err := s.conn.QueryRowContext(ctx, query).Scan(&tables); err != nil || tables == 0 {
		return 0, needs, err
	}
	err = s.conn.QueryRowContext(ctx, versionQuery).Scan(&has)
	return has, needs, err
}

// whole returns ErrUnfinishedCopy where a transfer into the database has begun and not ended.
func (s *side) whole(ctx context.Context, on querier) error {
	var runs int
	err := on.QueryRowContext(ctx, copyingQuery).Scan(&runs)
	if err == nil && runs > 0 {
		err = ErrUnfinishedCopy
	}
	return err
}

const copyingQuery = `SELECT COUNT(*) FROM copying`

// free returns an error where the database has data that no transfer has copied.
func (s *side) free(ctx context.Context) error {
	if err := s.whole(ctx, s.conn); err != nil {
		if errors.Is(err, ErrUnfinishedCopy) {
			return nil
		}
		return err
	}
	for _, table := range transferred() {
		var has bool
		if err := s.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+table+")").Scan(&has); err != nil {
			return err
		}
		if has {
			return fmt.Errorf("it has data already, such as in its table %s: the target of a copy has to be new", table)
		}
	}
	return nil
}

// claim makes a run the one that writes. What an earlier one has not committed by now is never committed.
func (s *side) claim(ctx context.Context, run string) error {
	_, err := s.conn.ExecContext(ctx, s.flavor.bind(`INSERT INTO copying (id, run) VALUES (1, ?)
		ON CONFLICT (id) DO UPDATE SET run = excluded.run`), run)
	return err
}

// Each batch begins with this, in its transaction.
const stillMine = `UPDATE copying SET run = run WHERE id = 1 AND run = ?`

var errTakenOver = errors.New("another noren copy into the same database has taken over")

// greatest returns the greatest key that the target has of a table; nil where it has none.
func (s *side) greatest(ctx context.Context, of shape) (key []any, err error) {
	order := s.flavor.ordered(of.key)
	err = rowsOf(ctx, s.conn, "SELECT "+list(of.key)+" FROM "+of.table+" ORDER BY "+strings.Join(order, " DESC, ")+" DESC LIMIT 1",
		nil, of.key, func(row []any) error {
			key = row
			return nil
		})
	return key, err
}

// write inserts a batch, as a whole or not at all.
func (s *side) write(ctx context.Context, run string, of shape, batch [][]any) error {
	if s.flavor.oneFile {
		return s.insert(ctx, run, of, batch)
	}
	return s.conn.Raw(func(driver any) error {
		conn, is := driver.(*stdlib.Conn)
		if !is {
			return fmt.Errorf("the driver is %T", driver)
		}
		return pgx.BeginFunc(ctx, conn.Conn(), func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, s.flavor.bind(stillMine), run)
			if err == nil && tag.RowsAffected() == 0 {
				err = errTakenOver
			}
			if err != nil {
				return err
			}
			names := make([]string, len(of.columns))
			for i, c := range of.columns {
				names[i] = c.name
			}
			_, err = tx.CopyFrom(ctx, pgx.Identifier{of.table}, names, pgx.CopyFromRows(batch))
			return err
		})
	})
}

// insert is write for SQLite, where a statement costs no round trip.
func (s *side) insert(ctx context.Context, run string, of shape, batch [][]any) error {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	result, err := tx.ExecContext(ctx, stillMine, run)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errTakenOver, err)
	}
	statement, err := tx.PrepareContext(ctx, "INSERT INTO "+of.table+" ("+list(of.columns)+") VALUES (?"+
		strings.Repeat(", ?", len(of.columns)-1)+")")
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, row := range batch {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// columnsOf reads the columns of a table, with their types as the schema calls them.
func columnsOf(ctx context.Context, on querier, table string) (columns []field, err error) {
	rows, err := on.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0") //nolint:unqueryvet // no rows: which columns there are
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		name := strings.ToLower(t.DatabaseTypeName())
		of := kind(name)
		switch name { // PostgreSQL returns short ones
		case "int8":
			of = kindInt
		case "bool":
			of = kindBool
		case "float8":
			of = kindFloat
		}
		columns = append(columns, field{t.Name(), of})
	}
	return columns, rows.Err()
}

// keys lists the columns of a table's primary key, in their order.
func (s *side) keys(ctx context.Context, on querier, table string) (names []string, err error) {
	query := `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`
	if !s.flavor.oneFile {
		query = `SELECT a.attname::text FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
			WHERE i.indrelid = to_regclass($1) AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)`
	}
	rows, err := on.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// rowsOf calls each for every row of a query, with values of the Go types of its columns' kinds: int64, string, []byte, bool,
// float64, or nil for NULL.
func rowsOf(ctx context.Context, on querier, query string, args []any, columns []field, each func(row []any) error) error {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row, refs := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			refs[i] = &row[i]
		}
		if err := rows.Scan(refs...); err != nil {
			return err
		}
		for i, c := range columns {
			if row[i], err = c.value(row[i]); err != nil {
				return err
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// value makes a value of the Go type of the column's kind of what a driver returns. SQLite keeps a truth value as a number, and
// whatever it was given where a text should be.
func (c field) value(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	number, isNumber := v.(int64)
	switch c.kind {
	case kindInt:
		if isNumber {
			return v, nil
		}
	case kindBool:
		if isNumber {
			return number != 0, nil
		}
		if b, is := v.(bool); is {
			return b, nil
		}
	case kindFloat:
		if isNumber {
			return float64(number), nil
		}
		if f, is := v.(float64); is {
			return f, nil
		}
	case kindText, kindBytes:
		octets, is := v.([]byte)
		if s, isText := v.(string); isText {
			octets, is = []byte(s), true
		}
		switch {
		case is && c.kind == kindText:
			return string(octets), nil
		case is:
			return append([]byte{}, octets...), nil // an empty one comes from SQLite as nil, which would be NULL
		}
	}
	return nil, fmt.Errorf("the column %s, of type %s, has a value of type %T", c.name, c.kind, v)
}
