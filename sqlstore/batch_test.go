package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// batchRow is a row of a table with a column of every kind.
type batchRow struct {
	ID    int64
	Text  *string
	Bool  *bool
	Bytes []byte
	Float *float64
}

const batchTable = `CREATE TABLE batch (tenant_id bigint NOT NULL, id bigint NOT NULL, words text, flag boolean,
	raw bytea, share double precision, PRIMARY KEY (tenant_id, id))`

func batchColumns(rows []batchRow) (key, rest []column) {
	return []column{{"id", kindInt, valuesOf(rows, func(r *batchRow) any { return r.ID })}}, []column{
		{"words", kindText, valuesOf(rows, func(r *batchRow) any { return r.Text })},
		{"flag", kindBool, valuesOf(rows, func(r *batchRow) any { return r.Bool })},
		{"raw", kindBytes, valuesOf(rows, func(r *batchRow) any { return r.Bytes })},
		{"share", kindFloat, valuesOf(rows, func(r *batchRow) any { return r.Float })},
	}
}

func genBatchRow() *rapid.Generator[batchRow] {
	return rapid.Custom(func(t *rapid.T) batchRow {
		r := batchRow{ID: rapid.Int64().Draw(t, "id")}
		if rapid.Bool().Draw(t, "has text") {
			// PostgreSQL's text holds anything but NUL.
			r.Text = new(rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 })).Draw(t, "text"))
		}
		if rapid.Bool().Draw(t, "has flag") {
			r.Bool = new(rapid.Bool().Draw(t, "flag"))
		}
		if rapid.Bool().Draw(t, "has bytes") {
			r.Bytes = rapid.SliceOfN(rapid.Byte(), 1, -1).Draw(t, "bytes")
		}
		if rapid.Bool().Draw(t, "has float") {
			r.Float = new(rapid.Float64().Draw(t, "float"))
		}
		return r
	})
}

// TestBatchesAreReadAsWritten inserts rows, changes them to others, and reads both back; a row of another tenant
// stays as it is. Each batch is one statement.
func TestBatchesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		if _, err := b.connect(t).Exec(batchTable); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(rt *rapid.T) {
			rows := rapid.SliceOfNDistinct(genBatchRow(), 1, 20, func(r batchRow) int64 { return r.ID }).Draw(rt, "rows")
			changed := slices.Clone(rows)
			for i := range changed {
				changed[i] = genBatchRow().Draw(rt, "changed")
				changed[i].ID = rows[i].ID
			}
			var inserted, updated []batchRow
			err := b.update(ctx, tenant, func(t *tx) error {
				if _, err := t.exec(ctx, `DELETE FROM batch`); err != nil {
					return err
				}
				if _, err := t.exec(ctx, `INSERT INTO batch (tenant_id, id, words) VALUES (2, ?, 'other')`, rows[0].ID); err != nil {
					return err
				}
				b.statements.Store(0)
				key, rest := batchColumns(rows)
				n, err := t.insertRows(ctx, "batch", "", append(key, rest...))
				if err != nil || n != int64(len(rows)) {
					rt.Errorf("%d inserted, error %v", n, err)
				}
				if inserted, err = t.batch(ctx); err != nil {
					return err
				}
				key, rest = batchColumns(changed)
				all := deferred{rows: int64(len(rows)), wrong: errors.New("another number of rows was updated")}
				if err := t.updateLater(ctx, all, "batch", key, rest); err != nil {
					rt.Error(err)
				}
				updated, err = t.batch(ctx)
				return err
			})
			if err != nil {
				rt.Fatal(err)
			}
			if sent := b.statements.Load(); sent != 4 {
				rt.Errorf("%d statements, want 4", sent)
			}
			for _, c := range []struct{ want, got []batchRow }{{rows, inserted}, {changed, updated}} {
				slices.SortFunc(c.want, func(a, b batchRow) int { return cmp.Compare(a.ID, b.ID) })
				if diff := gocmp.Diff(c.want, c.got); diff != "" {
					rt.Errorf("rows (-want +got):\n%s", diff)
				}
			}
		})
		var others int
		err := b.view(ctx, tenant, func(t *tx) error {
			return t.queryRow(ctx, `SELECT COUNT(*) FROM batch WHERE tenant_id = 2 AND words = 'other'`).Scan(&others)
		})
		if err != nil || others != 1 {
			t.Errorf("%d rows of another tenant (%v), want 1", others, err)
		}
	})
}

// batch reads the transaction's tenant's rows.
func (t *tx) batch(ctx context.Context) ([]batchRow, error) {
	rows, err := t.query(ctx, `SELECT id, words, flag, raw, share FROM batch WHERE tenant_id = ? ORDER BY id`, t.tenant)
	return collect(rows, err, func(row scannable) (r batchRow, err error) {
		err = row.Scan(&r.ID, &r.Text, &r.Bool, &r.Bytes, &r.Float)
		return r, err
	})
}

func TestEmptyBatchSendsNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		err := b.update(t.Context(), tenant, func(tx *tx) error {
			b.statements.Store(0)
			if _, err := tx.insertRows(t.Context(), "batch", "", []column{{"id", kindInt, nil}}); err != nil {
				return err
			}
			return tx.updateLater(t.Context(), deferred{}, "batch", []column{{"id", kindInt, nil}}, []column{{"words", kindText, nil}})
		})
		if sent := b.statements.Load(); err != nil || sent != 0 {
			t.Errorf("%d statements, error %v", sent, err)
		}
	})
}
