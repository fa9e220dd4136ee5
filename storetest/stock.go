package storetest

import (
	"fmt"
	"testing"
	"time"

	"noren"
)

func stockChecks() []check {
	return []check{
		{"a level does not exist before its first movement", stockFirstMovement},
		{"movements come back as they went in", stockMovements},
		{"filters, order and pages of levels", stockLevels},
		{"levels are found by the day of their last change", stockDays},
		{"filters, order and pages of movements", stockHistory},
		{"a hundred at once", stockHundred},
	}
}

// movement is a movement id minutes after Now.
func movement(id, product, store, delta, after int64) noren.StockMovement {
	return noren.StockMovement{
		ID: id, StockKey: noren.StockKey{ProductID: product, StoreID: store}, Delta: delta, AmountAfter: after,
		Division: noren.StockDivisionAPI, At: at(int(id)),
	}
}

func level(product, store, amount int64, minutes int) noren.StockLevel {
	return noren.StockLevel{
		StockKey: noren.StockKey{ProductID: product, StoreID: store}, Amount: amount, UpdatedAt: at(minutes),
	}
}

func (b *bundle) move(t *testing.T, movements ...noren.StockMovement) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error { return tx.MoveStock(b.ctx, movements, nil) })
}

// stockFirstMovement tells a level of 0 from one that does not exist: only a level that moved is listed.
func stockFirstMovement(t *testing.T, b *bundle) {
	keys := []noren.StockKey{{ProductID: 2, StoreID: 2}, {ProductID: 1, StoreID: 1}, {ProductID: 1, StoreID: 99}}
	levels := func() (list []noren.StockLevel) {
		b.update(t, func(tx noren.Tx) error {
			// The lock must not change what is read.
			read, err := tx.StockByKey(b.ctx, keys, false)
			locked, err2 := tx.StockByKey(b.ctx, keys, true)
			same(t, "levels read for update", read, locked)
			list = read
			return firstError(err, err2)
		})
		return list
	}
	same(t, "levels at first", []noren.StockLevel{}, levels())
	b.move(t, movement(1, 1, 1, 5, 5))
	same(t, "levels after a movement", []noren.StockLevel{level(1, 1, 5, 1)}, levels())
	b.move(t, movement(2, 1, 1, -2, 3), movement(3, 2, 2, 0, 0))
	same(t, "levels after three", []noren.StockLevel{level(1, 1, 3, 2), level(2, 2, 0, 3)}, levels())
	b.update(t, func(tx noren.Tx) error {
		none, err := tx.StockByKey(b.ctx, nil, true)
		same(t, "levels of no key", []noren.StockLevel{}, none)
		return firstError(err, tx.MoveStock(b.ctx, nil, nil))
	})
}

// stockMovements uses extreme values: ids of 12 digits, the largest amounts, memos that are empty, unset or hard to quote.
func stockMovements(t *testing.T, b *bundle) {
	first, second := movement(999_999_999_999, 1, 1, -noren.MaxStockAmount, -1), movement(2, 1, 1, 1, 0)
	first.At = at(1)
	first.Memo, second.Memo, second.Division = new(`棚卸 '"\ 😀`), new(""), "01"
	first.ClientID, first.Dialect = new(int64(7)), string(noren.Smaregi)
	second.Login, second.Dialect = "花子", string(noren.Console)
	b.move(t, first)
	b.move(t, second)
	b.view(t, func(tx noren.Tx) error {
		got, total, err := tx.Movements(b.ctx, noren.MovementFilter{StockKey: first.StockKey})
		same(t, "the movements", []noren.StockMovement{second, first}, got)
		same(t, "their number", 2, total)
		return err
	})
}

func stockLevels(t *testing.T, b *bundle) {
	b.move(t, movement(1, 2, 1, 21, 21), movement(2, 1, 2, 12, 12), movement(3, 1, 1, 11, 11), movement(4, 2, 2, 22, 22))
	// The amounts name product and store.
	desc := func(column string) []noren.Sort { return []noren.Sort{{Column: column, Desc: true}} }
	for _, c := range []struct {
		name   string
		filter noren.StockFilter
		want   []int64
		total  int
	}{
		{"all, by product, then store", noren.StockFilter{}, []int64{11, 12, 21, 22}, 4},
		{"product", noren.StockFilter{ProductID: 2}, []int64{21, 22}, 2},
		{"store", noren.StockFilter{StoreID: 2}, []int64{12, 22}, 2},
		{"one level", noren.StockFilter{ProductID: 1, StoreID: 2}, []int64{12}, 1},
		{"none", noren.StockFilter{ProductID: 3}, nil, 0},
		{"updated", noren.StockFilter{Updated: noren.Span{From: at(2), To: at(3)}}, []int64{11, 12}, 2},
		{"updated from", noren.StockFilter{Updated: noren.Span{From: at(4)}}, []int64{22}, 1},
		{"product descending", noren.StockFilter{Sort: desc("product")}, []int64{21, 22, 11, 12}, 4},
		{"store descending", noren.StockFilter{Sort: desc("store")}, []int64{12, 22, 11, 21}, 4},
		{"store, then product descending", noren.StockFilter{Sort: []noren.Sort{{Column: "store"}, {Column: "product", Desc: true}}}, []int64{21, 11, 22, 12}, 4},
		{"page", noren.StockFilter{Page: noren.Page{Limit: 2, Offset: 1}}, []int64{12, 21}, 4},
	} {
		b.view(t, func(tx noren.Tx) error {
			list, total, err := tx.Stock(b.ctx, c.filter)
			same(t, "levels, "+c.name, c.want, idsOf(list, func(l noren.StockLevel) int64 { return l.Amount }))
			same(t, "their number, "+c.name, c.total, total)
			return err
		})
	}
}

// stockDays sets a level again on the same day and on another one, with what it was before and as if nobody had looked.
func stockDays(t *testing.T, b *bundle) {
	day := 24 * time.Hour
	found := func(from, to time.Time) (amounts []int64) {
		b.view(t, func(tx noren.Tx) error {
			list, _, err := tx.Stock(b.ctx, noren.StockFilter{Updated: noren.Span{From: from, To: to}})
			amounts = idsOf(list, func(l noren.StockLevel) int64 { return l.Amount })
			return err
		})
		return amounts
	}
	for i, after := range []time.Duration{0, time.Minute, day, day + time.Minute, 3 * day} {
		for _, looked := range []bool{true, false} {
			m := movement(int64(2*i+1), 1, 1, 1, int64(i))
			if !looked {
				m = movement(int64(2*i+2), 2, 1, 1, int64(100+i))
			}
			m.At = at(0).Add(after)
			b.update(t, func(tx noren.Tx) error {
				before, err := tx.StockByKey(b.ctx, []noren.StockKey{m.StockKey}, true)
				if !looked {
					before = nil
				}
				return firstError(err, tx.MoveStock(b.ctx, []noren.StockMovement{m}, before))
			})
		}
		now := at(0).Add(after)
		same(t, "set at that time", []int64{int64(i), int64(100 + i)}, found(now, now))
		same(t, "set before", []int64{}, found(time.Time{}, now.Add(-time.Second)))
		same(t, "set later", []int64{}, found(now.Add(time.Second), time.Time{}))
	}
}

func stockHistory(t *testing.T, b *bundle) {
	key := noren.StockKey{ProductID: 1, StoreID: 1}
	for i, amount := range []int64{5, 0, 5, 9} {
		m := movement(int64(i+1), 1, 1, 0, amount)
		if i == 3 {
			m.Division, m.At = "02", at(1)
		}
		b.move(t, m, movement(int64(i+11), 2, 1, 0, amount))
	}
	for _, c := range []struct {
		name   string
		filter noren.MovementFilter
		want   []int64
		total  int
	}{
		{"all of the level", noren.MovementFilter{StockKey: key}, []int64{1, 2, 3, 4}, 4},
		{"another level", noren.MovementFilter{StockKey: noren.StockKey{ProductID: 2, StoreID: 1}}, []int64{11, 12, 13, 14}, 4},
		{"a level without movements", noren.MovementFilter{StockKey: noren.StockKey{ProductID: 1, StoreID: 2}}, nil, 0},
		{"id", noren.MovementFilter{StockKey: key, ID: 3}, []int64{3}, 1},
		{"id of another level", noren.MovementFilter{StockKey: key, ID: 11}, nil, 0},
		{"division", noren.MovementFilter{StockKey: key, Division: "02"}, []int64{4}, 1},
		{"amount", noren.MovementFilter{StockKey: key, Amount: new(int64(5))}, []int64{1, 3}, 2},
		{"amount 0", noren.MovementFilter{StockKey: key, Amount: new(int64(0))}, []int64{2}, 1},
		{"time", noren.MovementFilter{StockKey: key, At: noren.Span{From: at(2), To: at(3)}}, []int64{2, 3}, 2},
		{"id descending", noren.MovementFilter{StockKey: key, Sort: []noren.Sort{{Column: "id", Desc: true}}}, []int64{4, 3, 2, 1}, 4},
		{"time, ties by id", noren.MovementFilter{StockKey: key, Sort: []noren.Sort{{Column: "at"}}}, []int64{1, 4, 2, 3}, 4},
		{"page", noren.MovementFilter{StockKey: key, Page: noren.Page{Limit: 1, Offset: 2}}, []int64{3}, 4},
	} {
		b.view(t, func(tx noren.Tx) error {
			list, total, err := tx.Movements(b.ctx, c.filter)
			same(t, "movements, "+c.name, c.want, idsOf(list, func(m noren.StockMovement) int64 { return m.ID }))
			same(t, "their number, "+c.name, c.total, total)
			return err
		})
	}
}

// stockHundred moves as many levels as the largest request, once new ones and once existing ones, in descending order.
func stockHundred(t *testing.T, b *bundle) {
	const n = 100
	b.update(t, func(tx noren.Tx) error {
		var list []noren.Product
		for _, id := range upTo(n) {
			list = append(list, noren.Product{ID: id, Code: fmt.Sprint("P", id), Name: "品", CreatedAt: at(0), UpdatedAt: at(0)})
		}
		return tx.PutProducts(b.ctx, list)
	})
	for round := range int64(2) {
		movements := make([]noren.StockMovement, n)
		for i, product := range upTo(n) {
			movements[n-1-i] = movement(round*n+product, product, 1, 10, 10*(round+1))
		}
		b.move(t, movements...)
		b.view(t, func(tx noren.Tx) error {
			list, total, err := tx.Stock(b.ctx, noren.StockFilter{})
			same(t, "the number of levels", n, total)
			for _, l := range list {
				if l.Amount != 10*(round+1) {
					t.Errorf("level %v after round %d is %d", l.StockKey, round, l.Amount)
				}
			}
			return err
		})
	}
}
