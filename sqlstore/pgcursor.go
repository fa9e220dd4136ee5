package sqlstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// pgRunner is the runner of PostgreSQL, over a connection, a transaction or a pool of pgx.
type pgRunner struct{ pgSender }

// pgSender is what connections, transactions and pools of pgx have in common.
type pgSender interface {
	Query(ctx context.Context, text string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error)
}

// query implements runner. The first row is read ahead: only then it is known whether the statement fails.
func (r pgRunner) query(ctx context.Context, text string, args []any) (cursor, error) {
	rows, err := r.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return readAhead(rows)
}

// readAhead is the cursor of the rows, of which it has read the first.
func readAhead(rows pgx.Rows) (cursor, error) {
	c := &pgCursor{rows: rows}
	if c.first = rows.Next(); !c.first && rows.Err() != nil {
		return nil, rows.Err()
	}
	return c, nil
}

// exec implements runner.
func (r pgRunner) exec(ctx context.Context, text string, args []any) (int64, error) {
	tag, err := r.Exec(ctx, text, args...)
	return tag.RowsAffected(), err
}

// pgCursor implements cursor.
type pgCursor struct {
	rows  pgx.Rows
	first bool // the first row was read ahead
}

func (c *pgCursor) next() bool {
	if c.first {
		c.first = false
		return true
	}
	return c.rows.Next()
}

func (c *pgCursor) width() int { return len(c.rows.FieldDescriptions()) }

func (c *pgCursor) close() error {
	c.rows.Close()
	return c.rows.Err()
}

// value decodes the types of the schema by itself, and all others as pgx does for database/sql: a numeric, which is what
// PostgreSQL makes of a sum of bigints, as its digits. A whole one is an int64, as it is on SQLite.
func (c *pgCursor) value(column int) (any, error) {
	// The bytes are pgx's until the next row, so whatever is kept of them is copied.
	raw, field := c.rows.RawValues()[column], c.rows.FieldDescriptions()[column]
	if raw == nil {
		return nil, nil
	}
	if field.Format == pgx.BinaryFormatCode {
		switch {
		case field.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
			return int64(binary.BigEndian.Uint64(raw)), nil //nolint:gosec // the bits of a signed number
		case field.DataTypeOID == pgtype.Float8OID && len(raw) == 8:
			return math.Float64frombits(binary.BigEndian.Uint64(raw)), nil
		case field.DataTypeOID == pgtype.BoolOID && len(raw) == 1:
			return raw[0] != 0, nil
		case field.DataTypeOID == pgtype.ByteaOID:
			return bytes.Clone(raw), nil
		}
	}
	if field.DataTypeOID == pgtype.TextOID { // the same in either format
		return string(raw), nil
	}
	types := c.rows.Conn().TypeMap()
	known, ok := types.TypeForOID(field.DataTypeOID)
	if !ok {
		return nil, fmt.Errorf("a type that is not known, with the number %d", field.DataTypeOID)
	}
	value, err := known.Codec.DecodeDatabaseSQLValue(types, field.DataTypeOID, field.Format, raw)
	// A numeric with decimals stays a text, and assigning it to an integer is an error.
	if text, ok := value.(string); ok && field.DataTypeOID == pgtype.NumericOID {
		if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
			return whole, nil
		}
	}
	return value, err
}
