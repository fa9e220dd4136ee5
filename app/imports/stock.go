package imports

import (
	"context"

	"noren"
	"noren/app/stock"
	"noren/app/unit"
)

// stockLine is a line of stock as read.
type stockLine struct {
	product productLine
	store   storeName
	amount  *int64
	memo    *string
}

// read reads one line of stock.
func (l *stockLine) read(line noren.ImportLine, columns []noren.ImportColumn) (problems []noren.ImportProblem) {
	if problems = readCells(line, columns, l.cell); len(problems) > 0 {
		return problems
	}
	for _, needed := range []struct {
		given bool
		field string
	}{{l.product != productLine{}, fieldProduct}, {l.store.given(), fieldStore}, {l.amount != nil, FieldAmount}} {
		if !needed.given {
			problems = append(problems, problem{noren.ReasonMissing, "", "is required"}.in(line.Number, needed.field, ""))
		}
	}
	return problems
}

// cell reads one cell, which is not empty.
func (l *stockLine) cell(field, cell string) (wrong *problem) {
	switch field {
	case fieldProduct:
		l.product.any, wrong = cellCode(cell)
	case fieldProductCode:
		l.product.code, wrong = cellCode(cell)
	case fieldProductID:
		l.product.id, wrong = cellInteger(cell, 1, noren.MaxProductID)
	case fieldStore:
		l.store.any, wrong = cellKey(cell)
	case fieldStoreCode:
		l.store.code, wrong = cellKey(cell)
	case fieldStoreID:
		l.store.id, wrong = cellInteger(cell, 1, noren.MaxStoreID)
	case FieldAmount:
		var n int64
		if n, wrong = cellInteger(cell, -noren.MaxStockAmount, noren.MaxStockAmount); wrong == nil {
			l.amount = &n
		}
	case fieldMemo:
		l.memo, wrong = &cell, check(noren.TextRule{Most: noren.MaxStockMemo}, cell)
	}
	return wrong
}

// resolve finds the product and the store that the line names, for a caller who may be restricted to one store.
func (l *stockLine) resolve(number int, names productNames, stores []noren.Store, own *int64) (noren.StockChange, []noren.ImportProblem) {
	var problems []noren.ImportProblem
	product, wrong := names.find(l.product)
	if wrong != nil {
		problems = append(problems, wrong.in(number, fieldProduct, l.product.String()))
	}
	store, wrong := l.store.find(stores)
	// To a restricted caller, another store looks like one that does not exist.
	if wrong == nil && own != nil && *own != store.ID {
		wrong = &problem{noren.ReasonStoreUnknown, "", "no such store"}
	}
	if wrong != nil {
		problems = append(problems, wrong.in(number, l.store.field(), l.store.String()))
	}
	for _, parts := range [][]said{l.product.says(names), l.store.says(stores)} {
		if wrong := contradiction(number, parts...); wrong != nil && len(problems) == 0 {
			problems = append(problems, *wrong)
		}
	}
	// read has refused lines without an amount.
	return noren.StockChange{StockKey: noren.StockKey{ProductID: product.ID, StoreID: store.ID}, Amount: *l.amount, Memo: l.memo}, problems
}

// planStock judges lines of stock. A level that already has the amount is left alone, so importing a file again moves
// nothing.
func (r run) planStock(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	p := r.newPlan(lines)
	read, named := make([]stockLine, len(lines)), make([]productLine, len(lines))
	for n, line := range lines {
		if problems := read[n].read(line, r.Columns); len(problems) > 0 {
			p.refuse(n, problems...)
		}
		// Also for refused lines, so that one look-up is enough for all; an empty name is skipped.
		named[n] = read[n].product
	}
	names, err := r.productsNamed(ctx, named)
	if err != nil {
		return p, err
	}
	// All of them: lines name stores by name, code or id, and a tenant has few.
	stores, _, err := r.tx.Stores(ctx, noren.CatalogueFilter{})
	if err != nil {
		return p, err
	}
	changes, keys := make([]noren.StockChange, len(lines)), []noren.StockKey{}
	for n, l := range read {
		if !p.open(n) {
			continue
		}
		var problems []noren.ImportProblem
		if changes[n], problems = l.resolve(lines[n].Number, names, stores, r.StoreID); len(problems) > 0 {
			offer(problems, noren.PatchContext{Stores: stores, CallerStore: r.StoreID}, "")
			p.refuse(n, problems...)
			continue
		}
		keys = append(keys, changes[n].StockKey)
	}
	// A level that does not exist yet cannot be locked. Everybody who sets levels holds the counter of movements first, so
	// nobody creates one between the read and the commit, and levels are always locked after it.
	if r.writing {
		if err := r.tx.Raise(ctx, noren.CounterMovement, 0); err != nil {
			return p, err
		}
	}
	levels, err := r.tx.StockByKey(ctx, keys, r.writing)
	if err != nil {
		return p, err
	}
	w := newStockWriter(r, levels)
	for n := range changes {
		if p.open(n) {
			p.outcomes[n].result = w.set(changes[n])
		}
	}
	p.write = w.write
	return p, nil
}

// stockWriter gathers movements.
type stockWriter struct {
	run
	levels    []noren.StockLevel // as they were read
	amounts   map[noren.StockKey]int64
	movements []noren.StockMovement
}

func newStockWriter(r run, levels []noren.StockLevel) *stockWriter {
	w := &stockWriter{run: r, levels: levels, amounts: make(map[noren.StockKey]int64, len(levels))}
	for _, l := range levels {
		w.amounts[l.StockKey] = l.Amount
	}
	return w
}

// set adds the movement that brings the level to the amount.
func (w *stockWriter) set(c noren.StockChange) lineResult {
	before, known := w.amounts[c.StockKey]
	if known && before == c.Amount {
		return lineUnchanged
	}
	w.movements = append(w.movements, noren.StockMovement{
		StockKey: c.StockKey, Delta: c.Amount - before, AmountAfter: c.Amount, Division: noren.StockDivisionImport, Memo: c.Memo, At: w.Now,
	})
	w.amounts[c.StockKey] = c.Amount // a later line may set the same level again
	if known {
		return lineUpdated
	}
	return lineCreated
}

// write numbers the movements and stores them, with what the audit log has of them.
func (w *stockWriter) write(ctx context.Context) error {
	if len(w.movements) == 0 {
		return nil
	}
	if err := unit.Number(ctx, w.tx, noren.CounterMovement, w.movements, func(m *noren.StockMovement) *int64 { return &m.ID }); err != nil {
		return err
	}
	return stock.Record(ctx, w.tx, w.movements, w.levels, w.by)
}
