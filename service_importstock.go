package noren

import (
	"context"
	"fmt"
)

// stockLine is a line of stock as it was read.
type stockLine struct {
	product productLine
	store   storeName
	amount  *int64
	memo    *string
}

// read reads one line of stock.
func (l *stockLine) read(line ImportLine, columns []ImportColumn) (problems []ImportProblem) {
	if line.Broken != nil {
		return []ImportProblem{{Line: line.Number, Reason: line.Broken.Reason, Message: line.Broken.Message}}
	}
	for i, c := range columns {
		cell := line.Cells[i]
		if cell == "" {
			continue
		}
		if wrong := l.cell(c.Field, cell); wrong != nil {
			problems = append(problems, wrong.in(line.Number, c.Field, cell))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	for _, needed := range []struct {
		given bool
		field string
	}{{l.product != productLine{}, fieldProduct}, {l.store.given(), fieldStore}, {l.amount != nil, fieldAmount}} {
		if !needed.given {
			problems = append(problems, problem{ReasonMissing, "", "this is needed"}.in(line.Number, needed.field, ""))
		}
	}
	return problems
}

func (l *stockLine) cell(field, cell string) (wrong *problem) {
	switch field {
	case fieldProduct:
		l.product.any = cell
	case fieldProductCode:
		l.product.code = cell
	case fieldProductID:
		l.product.id, wrong = cellInteger(cell, 1, MaxProductID)
	case fieldStore:
		l.store.any = cell
	case fieldStoreCode:
		l.store.code = cell
	case fieldStoreID:
		l.store.id, wrong = cellInteger(cell, 1, MaxStoreID)
	case fieldAmount:
		var n int64
		if n, wrong = cellInteger(cell, -MaxStockAmount, MaxStockAmount); wrong == nil {
			l.amount = &n
		}
	case fieldMemo:
		l.memo, wrong = &cell, TextRule{Most: MaxStockMemo}.check(cell)
	}
	return wrong
}

// resolve finds the product and the store that the line names, for a caller who may be restricted to one store.
func (l *stockLine) resolve(number int, names productNames, stores []Store, own *int64) (StockChange, []ImportProblem) {
	var problems []ImportProblem
	product, wrong := names.find(l.product)
	if wrong != nil {
		problems = append(problems, wrong.in(number, fieldProduct, l.product.String()))
	}
	store, wrong := l.store.find(stores)
	if wrong == nil && own != nil && *own != store.ID {
		wrong = &problem{ReasonStoreUnknown, "", "there is no such store"}
	}
	if wrong != nil {
		problems = append(problems, wrong.in(number, l.store.field(), l.store.String()))
	}
	return StockChange{StockKey{product.ID, store.ID}, *l.amount, l.memo}, problems
}

// planStock judges lines of stock. A level that has the amount already is left alone, so that importing a file again
// moves nothing.
func (r importRun) planStock(ctx context.Context, lines []ImportLine) (importPlan, error) {
	p := newPlan(lines)
	read, named := make([]stockLine, len(lines)), make([]productLine, len(lines))
	for n, line := range lines {
		if problems := read[n].read(line, r.Columns); len(problems) > 0 {
			p.refuse(n, problems...)
		}
		named[n] = read[n].product
	}
	names, err := r.productsNamed(ctx, named)
	if err != nil {
		return p, err
	}
	stores, _, err := r.tx.Stores(ctx, CatalogueFilter{})
	if err != nil {
		return p, err
	}
	changes, keys := make([]StockChange, len(lines)), []StockKey{}
	for n, l := range read {
		if !p.open(n) {
			continue
		}
		var problems []ImportProblem
		if changes[n], problems = l.resolve(lines[n].Number, names, stores, r.StoreID); len(problems) > 0 {
			p.refuse(n, problems...)
			continue
		}
		keys = append(keys, changes[n].StockKey)
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
	importRun
	amounts   map[StockKey]int64
	movements []StockMovement
	entries   []AuditEntry
}

func newStockWriter(r importRun, levels []StockLevel) *stockWriter {
	w := &stockWriter{importRun: r, amounts: make(map[StockKey]int64, len(levels))}
	for _, l := range levels {
		w.amounts[l.StockKey] = l.Amount
	}
	return w
}

// set notes the movement that brings the level to the amount.
func (w *stockWriter) set(c StockChange) lineResult {
	before, known := w.amounts[c.StockKey]
	if known && before == c.Amount {
		return lineUnchanged
	}
	w.movements = append(w.movements, StockMovement{
		StockKey: c.StockKey, Delta: c.Amount - before, AmountAfter: c.Amount, Division: StockDivisionImport, Memo: c.Memo, At: w.now,
	})
	e := w.entry()
	e.Subject, e.SubjectID = "stock", fmt.Sprintf("%d:%d", c.ProductID, c.StoreID)
	var was any
	if known {
		was = before
	}
	e.Changes = change("amount", was, c.Amount)
	w.entries = append(w.entries, e)
	w.amounts[c.StockKey] = c.Amount
	if known {
		return lineUpdated
	}
	return lineCreated
}

func (w *stockWriter) write(ctx context.Context) error {
	if len(w.movements) == 0 {
		return nil
	}
	first, err := w.tx.Reserve(ctx, CounterMovement, len(w.movements))
	if err != nil {
		return err
	}
	for i := range w.movements {
		w.movements[i].ID = first + int64(i)
	}
	if err := w.tx.MoveStock(ctx, w.movements); err != nil {
		return err
	}
	return w.audit(ctx, w.entries)
}
