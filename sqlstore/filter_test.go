package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"noren"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	l := listing[noren.StockLevel]{
		table:    "stock_levels",
		sortable: map[string]string{"product": "product_id", "store": "store_id"},
		key:      []string{"product_id", "store_id"},
	}
	for _, c := range []struct {
		sort []noren.Sort
		want string
	}{
		{nil, " ORDER BY product_id ASC, store_id ASC"},
		{[]noren.Sort{{Column: "store", Desc: true}}, " ORDER BY store_id DESC, product_id ASC"},
		{[]noren.Sort{{Column: "store"}, {Column: "product", Desc: true}}, " ORDER BY store_id ASC, product_id DESC"},
	} {
		if got, err := l.order(c.sort); err != nil || got != c.want {
			t.Errorf("order by %v: %q, %v; want %q", c.sort, got, err, c.want)
		}
	}
	l.reverses = true
	want := " ORDER BY store_id DESC, product_id DESC"
	if got, err := l.order([]noren.Sort{{Column: "store", Desc: true}}); err != nil || got != want {
		t.Errorf("the order of a list that reverses: %q, %v; want %q", got, err, want)
	}
}

func TestOrderTakesOnlyKnownColumns(t *testing.T) {
	t.Parallel()
	l := listing[noren.Member]{table: "members", sortable: map[string]string{"id": "id"}, key: []string{"id"}}
	for _, column := range []string{"", "pin", "ID", "id ASC", "id; DROP TABLE members", "id'--"} {
		if sql, err := l.order([]noren.Sort{{Column: column}}); noren.KindOf(err) != noren.Invalid {
			t.Errorf("order by %q: %q, %v; want an Invalid error", column, sql, err)
		}
	}
}

// What a filter holds never becomes SQL: the text is the same for every value.
func TestWhereHoldsNoValues(t *testing.T) {
	t.Parallel()
	text := func(code string, at time.Time, ids ...int64) string {
		w := (&tx{tenant: tenant}).where()
		equal(w, "code", code)
		w.span("updated_at", noren.Span{From: at, To: at})
		w.among(newSQLite(), "id", ids)
		return w.String()
	}
	want := " WHERE tenant_id = ? AND code = ? AND updated_at >= ? AND updated_at <= ? AND id IN (SELECT value FROM json_each(?))"
	for _, code := range []string{"a", "' OR 1=1 --", "?"} {
		if got := text(code, fixedClock(), 1, 2, 3); got != want {
			t.Errorf("with the code %q: %q, want %q", code, got, want)
		}
	}
	if got, want := text("", time.Time{}), " WHERE tenant_id = ?"; got != want {
		t.Errorf("the zero filter: %q, want %q", got, want)
	}
}

// A page that shows where the list ends needs no count.
func TestPageCountsOnlyWhereItHasTo(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	for _, c := range []struct {
		page  noren.Page
		rows  int
		total int
		sent  int64
	}{
		{noren.Page{}, 5, 5, 1},
		{noren.Page{Limit: 6}, 5, 5, 1},
		{noren.Page{Limit: 5}, 5, 5, 2},
		{noren.Page{Limit: 2}, 2, 5, 2},
		{noren.Page{Limit: 2, Offset: 4}, 1, 5, 1},
		{noren.Page{Offset: 3}, 2, 5, 1},
		{noren.Page{Limit: 2, Offset: 5}, 0, 5, 2},
		{noren.Page{Offset: 9}, 0, 5, 2},
	} {
		write(t, b, func(tx *tx) error {
			products := make([]noren.Product, 5)
			for i := range products {
				products[i] = noren.Product{ID: int64(i + 1), Code: fmt.Sprint("P", i), CreatedAt: fixedClock(), UpdatedAt: fixedClock()}
			}
			return tx.PutProducts(t.Context(), products)
		})
		before := b.statements.Load()
		write(t, b, func(tx *tx) error {
			list, total, err := tx.Products(t.Context(), noren.CatalogueFilter{Page: c.page})
			if len(list) != c.rows || total != c.total {
				t.Errorf("page %+v: %d rows of %d, want %d of %d", c.page, len(list), total, c.rows, c.total)
			}
			return err
		})
		if sent := b.statements.Load() - before; sent != c.sent {
			t.Errorf("page %+v: %d statements, want %d", c.page, sent, c.sent)
		}
	}
}

// write runs fn in a transaction of the tenant that the tests of this package use.
func write(t testing.TB, b *bundle, fn func(*tx) error) {
	t.Helper()
	if err := b.update(t.Context(), tenant, fn); err != nil {
		t.Fatal(err)
	}
}
