package sqlstore

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
)

// TestReadsIntoTypesOfTheDomain reads what engines return for the same values into the variables of scans.
func TestReadsIntoTypesOfTheDomain(t *testing.T) {
	t.Parallel()
	type read struct {
		Number  int64
		Small   int
		Status  noren.Status
		Date    *noren.Date
		None    *string
		Flag    bool
		Maybe   *bool
		Text    []byte
		NoBytes []byte
		Sum     int
		Share   float64
		Null    sql.NullInt64
		Any     any
	}
	want := read{
		Number: 1 << 40, Small: 7, Status: noren.Active, Date: new(noren.Date("2026-11-02")), Flag: true, Maybe: new(false),
		Text: []byte("[]"), Sum: 12, Share: 0.5, Null: sql.NullInt64{Int64: 3, Valid: true}, Any: "x",
	}
	eachEngine(t, func(t *testing.T, b *bundle) {
		var got read
		err := b.view(t.Context(), tenant, func(tx *tx) error {
			return tx.queryRow(t.Context(), `SELECT CAST(? AS bigint), CAST(7 AS bigint), CAST(? AS text), CAST(? AS text), CAST(NULL AS text),
				1 = 1, 1 = 0, CAST('[]' AS text), CAST(NULL AS bytea),
				(SELECT SUM(n) FROM (SELECT CAST(5 AS bigint) AS n UNION ALL SELECT 7) AS v), CAST(0.5 AS double precision),
				CAST(3 AS bigint), CAST('x' AS text)`, want.Number, want.Status, want.Date).
				Scan(&got.Number, &got.Small, &got.Status, &got.Date, &got.None, &got.Flag, &got.Maybe, &got.Text, &got.NoBytes,
					&got.Sum, &got.Share, &got.Null, &got.Any)
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
	})
}

// TestMismatchIsAnError reads values that do not fit where they are to go.
func TestMismatchIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ref, value any }{
		"NULL into a number":      {new(int64), nil},
		"NULL into a text":        {new(string), nil},
		"a text into a number":    {new(int), "1"},
		"a number into a text":    {new(string), int64(1)},
		"a number that overflows": {new(int8), int64(200)},
		"a negative into a uint":  {new(uint8), int64(-1)},
		"a number into a pointer": {new(*noren.Date), int64(1)},
		"a share into an integer": {new(int64), 0.5},
	} {
		if err := assign(c.ref, c.value); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestErrorBehindTheFirstRow fails a statement after it has returned a row: the transaction is spoilt all the same.
func TestErrorBehindTheFirstRow(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		var failed error
		err := b.update(t.Context(), tenant, func(tx *tx) error {
			rows, err := tx.query(t.Context(), "SELECT abs(v) FROM (SELECT 1 AS v UNION ALL SELECT -9223372036854775807 - 1) AS t")
			_, failed = collect(rows, err, func(row scannable) (n any, err error) {
				err = row.Scan(&n)
				return n, err
			})
			return nil // as a closure would that does not look
		})
		if failed == nil || !errors.Is(err, failed) {
			t.Errorf("the transaction returned %v, want the error of its statement, %v", err, failed)
		}
	})
}
