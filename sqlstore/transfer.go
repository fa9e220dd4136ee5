package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"noren/sharding"
)

// Progress is how far one table has been copied.
type Progress struct {
	Table  string
	Copied int64 // rows that the target has by now
	Rows   int64 // that the source has
}

// Transferred says what a transfer has found and done.
type Transferred struct {
	Rows    int64 // that the target has now
	Earlier int64 // of these, what an earlier run had copied
	Files   int64 // attachments that the rows refer to, which are not in the database
}

// ErrUnfinishedCopy says that a database has only a part of what was being copied into it.
var ErrUnfinishedCopy = errors.New("another database was being copied into this one, and not all of it is here: " +
	"run noren copy again, with the same source, which goes on where it was stopped")

// Transfer copies everything from the database at one URL into the one at another, of either engine, and compares both at the
// end, row by row. The source has the schema of this program, and no server may be connected to either: what a server wrote to
// the source meanwhile would be missing. The target is new, or has what an earlier Transfer of the same source has copied.
//
// Rows are copied in the order of their keys, and a batch is there as a whole or not at all, so the target itself tells where to
// go on. tell, where set, is told each batch.
func Transfer(ctx context.Context, from, to string, tell func(Progress)) (done Transferred, err error) {
	// The source first: while it cannot be read, no target is made, on which a server would start as on a new database.
	source, err := openSource(ctx, from)
	if err != nil {
		return done, doing("the source", err)
	}
	defer func() { err = errors.Join(err, source.close()) }()
	target, err := openTarget(ctx, to)
	if err != nil {
		return done, doing("the target", err)
	}
	defer func() { err = errors.Join(err, target.close()) }()
	if tell == nil {
		tell = func(Progress) {}
	}
	t := &transfer{source: source, target: target, run: rand.Text(), tell: tell}
	if err := target.claim(ctx, t.run); err != nil {
		return done, doing("the target", err)
	}
	return t.copy(ctx)
}

// transfer is one run.
type transfer struct {
	source *source
	target *side
	run    string // who writes to the target; a later run takes over
	tell   func(Progress)
	done   Transferred
}

// transferred lists the tables with what servers have stored. A table comes behind those that it refers to.
func transferred() []string {
	var names []string
	for _, t := range sharding.Tables() {
		if t.Name != "goose_db_version" && t.Name != "migration_lease" && t.Name != "copying" {
			names = append(names, t.Name)
		}
	}
	return names
}

// copy copies table by table, compares, and declares the target whole.
func (t *transfer) copy(ctx context.Context) (Transferred, error) {
	var shapes []shape
	for _, name := range transferred() {
		s, err := t.shape(ctx, name)
		if err == nil {
			err = t.table(ctx, s)
		}
		if err != nil {
			return t.done, doing("copying the table "+name, err)
		}
		shapes = append(shapes, s)
	}
	if err := t.compare(ctx, shapes); err != nil {
		return t.done, err
	}
	if err := t.source.tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM uploads WHERE NOT condemned").Scan(&t.done.Files); err != nil {
		return t.done, err
	}
	for _, statement := range []string{"ANALYZE", "DELETE FROM copying"} {
		if _, err := t.target.conn.ExecContext(ctx, statement); err != nil {
			return t.done, doing("ending the copy", err)
		}
	}
	return t.done, nil
}

// shape is what has to be known of a table to copy it.
type shape struct {
	table   string
	columns []field
	key     []field // the primary key
}

// field is a column of a table.
type field struct {
	name string
	kind kind
}

// list is the columns as a statement names them.
func list(columns []field) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// shape reads the table's shape, which is the same in both databases.
func (t *transfer) shape(ctx context.Context, table string) (shape, error) {
	s := shape{table: table}
	there, err := columnsOf(ctx, t.source.tx, table)
	if err != nil {
		return s, err
	}
	here, err := columnsOf(ctx, t.target.conn, table)
	if err != nil {
		return s, err
	}
	// Columns that were added by migrations stand in another order where those of one engine came between.
	for _, c := range there {
		if !slices.Contains(here, c) {
			return s, fmt.Errorf("the column %s is of type %s in the source, and not in the target", c.name, c.kind)
		}
	}
	if len(there) != len(here) {
		return s, errors.New("the target has columns that the source does not have")
	}
	s.columns = there
	keys, err := t.source.keys(ctx, t.source.tx, table)
	for _, name := range keys {
		s.key = append(s.key, there[slices.IndexFunc(there, func(c field) bool { return c.name == name })])
	}
	if err == nil && len(s.key) == 0 {
		err = errors.New("it has no primary key")
	}
	return s, err
}

// ordered is the key as both engines order it: text by its bytes.
func (f *flavor) ordered(key []field) []string {
	names := make([]string, len(key))
	for i, c := range key {
		names[i] = c.name
		if c.kind == kindText && f.unnests {
			names[i] += ` COLLATE "C"`
		}
	}
	return names
}

// A batch has so many rows, or fewer where they are long, because it is in memory.
const (
	batchRows  = 5000
	batchBytes = 16 << 20
)

// table copies what the target does not have yet of a table.
func (t *transfer) table(ctx context.Context, s shape) error {
	p := Progress{Table: s.table}
	if err := t.source.tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.table).Scan(&p.Rows); err != nil {
		return err
	}
	if err := t.target.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.table).Scan(&p.Copied); err != nil {
		return err
	}
	t.done.Rows += p.Copied
	t.done.Earlier += p.Copied
	reached, err := t.target.greatest(ctx, s)
	if err != nil {
		return err
	}
	order := t.source.flavor.ordered(s.key)
	query := "SELECT " + list(s.columns) + " FROM " + s.table
	if reached != nil {
		query += " WHERE (" + strings.Join(order, ", ") + ") > (?" + strings.Repeat(", ?", len(order)-1) + ")"
	}
	query += " ORDER BY " + strings.Join(order, ", ")
	var batch [][]any
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := t.target.write(ctx, t.run, s, batch); err != nil {
			return err
		}
		p.Copied += int64(len(batch))
		t.done.Rows += int64(len(batch))
		t.tell(p)
		batch, size = batch[:0], 0
		return ctx.Err() // what a caller has stopped meanwhile
	}
	err = rowsOf(ctx, t.source.tx, t.source.flavor.bind(query), reached, s.columns, func(row []any) error {
		batch = append(batch, row)
		if size += bytesOf(row); len(batch) < batchRows && size < batchBytes {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if len(batch) == 0 && p.Rows > 0 {
		t.tell(p) // all of it was there
	}
	return flush()
}

// bytesOf is about how much memory a row takes.
func bytesOf(row []any) (n int) {
	for _, value := range row {
		switch v := value.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		default:
			n += 8
		}
	}
	return n
}

// compare reads both databases once more, and returns an error that names the tables which differ. Each row is hashed with its
// columns and the hashes are added up, so the order in which an engine returns rows does not matter.
func (t *transfer) compare(ctx context.Context, shapes []shape) error {
	seed := maphash.MakeSeed()
	var differ []string
	for _, s := range shapes {
		query := "SELECT " + list(s.columns) + " FROM " + s.table
		var rows [2]int64
		var sums [2]uint64
		for i, from := range []querier{t.source.tx, t.target.conn} {
			err := rowsOf(ctx, from, query, nil, s.columns, func(row []any) error {
				rows[i]++
				sums[i] += hashed(seed, row)
				return nil
			})
			if err != nil {
				return doing("comparing the table "+s.table, err)
			}
		}
		if rows[0] != rows[1] || sums[0] != sums[1] {
			differ = append(differ, fmt.Sprintf("%s (%d rows in the source, %d in the target)", s.table, rows[0], rows[1]))
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("what was copied differs from the source in %s: the source was written to since the copy was begun, or is "+
			"another one. Drop the target, make it anew and copy again", strings.Join(differ, ", "))
	}
	return nil
}

// hashed hashes a row. Each value comes with its kind, so that NULL is not an empty text.
func hashed(seed maphash.Seed, row []any) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, value := range row {
		if b, is := value.([]byte); is {
			value = string(b) // which can be compared
		}
		maphash.WriteComparable(&h, value)
	}
	return h.Sum64()
}
