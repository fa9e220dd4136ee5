package sqlstore

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"SELECT 1":                              "SELECT 1",
		"WHERE a = ? AND b = ?":                 "WHERE a = $1 AND b = $2",
		"WHERE a = '?' AND b = ?":               "WHERE a = '?' AND b = $1",
		`WHERE a LIKE ? ESCAPE '\' AND b = ?`:   `WHERE a LIKE $1 ESCAPE '\' AND b = $2`,
		"WHERE a = 'it''s ?' AND b = ?":         "WHERE a = 'it''s ?' AND b = $1",
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)": "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	} {
		if got := number(query, nil); got != want {
			t.Errorf("%s: got %s", query, got)
		}
	}
}

func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	f := newPostgres()
	for i := range 3 * maxTexts {
		query := fmt.Sprintf("SELECT c%d FROM t WHERE a = ?", i)
		if got, want := f.bind(query), fmt.Sprintf("SELECT c%d FROM t WHERE a = $1", i); got != want {
			t.Fatalf("got %s", got)
		}
	}
	if len(f.texts) > maxTexts {
		t.Errorf("%d texts remembered", len(f.texts))
	}
}

func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	b := setupWriter(t)
	for i := range maxTexts + 50 {
		err := b.update(t.Context(), tenant, func(tx *tx) error {
			_, err := tx.exec(t.Context(), fmt.Sprintf("UPDATE signing_keys SET name = 'a%d' WHERE tenant_id = ?", i), tenant)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.writer.conn.stmts); n > maxTexts {
		t.Errorf("%d statements prepared", n)
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		for _, name := range []string{"a", `b"\`, "ç"} {
			if err := b.update(ctx, tenant, put(ctx, name)); err != nil {
				t.Fatal(err)
			}
		}
		for want, list := range map[int]any{
			0: []string(nil),
			1: []string{`b"\`, "nobody"},
			2: []string{"ç", "a"},
			3: []int64{1, 2},
		} {
			column := "name"
			if _, ok := list.([]int64); ok {
				column = "tenant_id"
			}
			var in, out int
			err := b.view(ctx, tenant, func(t *tx) error {
				return t.queryRow(ctx, "SELECT COUNT(*) FILTER (WHERE "+b.flavor.in(column)+"), COUNT(*) FILTER (WHERE NOT ("+
					b.flavor.in(column)+")) FROM signing_keys WHERE tenant_id = ?", b.flavor.list(list), b.flavor.list(list), tenant).Scan(&in, &out)
			})
			if err != nil || in != want || out != 3-want {
				t.Errorf("%v: %d in and %d not (%v), want %d in", list, in, out, err, want)
			}
		}
	})
}

func TestPlain(t *testing.T) {
	t.Parallel()
	type name string
	text := name("x")
	pointer := &text
	var none *name
	for _, c := range []struct{ given, want any }{
		{nil, nil},
		{none, nil},
		{&none, nil},
		{text, "x"},
		{pointer, "x"},
		{&pointer, "x"},
		{7, int64(7)},
		{new(int32(7)), int64(7)},
		{true, true},
		{new(1.5), 1.5},
		{[]byte("x"), []byte("x")},
	} {
		if diff := cmp.Diff(c.want, plain(c.given)); diff != "" {
			t.Errorf("%#v (-want +got):\n%s", c.given, diff)
		}
	}
}
