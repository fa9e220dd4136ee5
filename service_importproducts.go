package noren

import (
	"context"
	"slices"
	"strconv"
)

// Limits of a product's texts, in characters, from the sibling pages of POST /products/bulk.
const (
	MaxProductCode = 20
	MaxProductName = 85
)

// productLine is a line of products, or the product that a line of stock names.
type productLine struct {
	id   int64
	code string
	any  string // a code, else an id
	name string
}

// productNames gathers what lines call products, and finds what is stored under those names with two statements.
type productNames struct {
	byID   map[int64]Product
	byCode map[string][]Product
}

func (r importRun) productsNamed(ctx context.Context, named []productLine) (names productNames, err error) {
	ids, codes := []int64{}, []string{}
	for _, p := range named {
		if p.id != 0 {
			ids = append(ids, p.id)
		}
		if p.code != "" {
			codes = append(codes, p.code)
		}
		if p.any != "" {
			codes = append(codes, p.any)
			if id, wrong := cellInteger(p.any, 1, MaxProductID); wrong == nil {
				ids = append(ids, id)
			}
		}
	}
	names = productNames{make(map[int64]Product), make(map[string][]Product)}
	if len(ids) > 0 { // an empty list of ids would mean all
		found, _, err := r.tx.Products(ctx, CatalogueFilter{IDs: ids})
		if err != nil {
			return names, err
		}
		for _, p := range found {
			names.byID[p.ID] = p
		}
	}
	found, _, err := r.tx.Products(ctx, CatalogueFilter{Codes: codes})
	for _, p := range found {
		names.byCode[p.Code] = append(names.byCode[p.Code], p)
	}
	return names, err
}

// find answers the product that a line of stock names, or why it cannot be told.
func (n productNames) find(l productLine) (Product, *problem) {
	unknown := &problem{ReasonProductUnknown, "", "there is no such product"}
	if l.id != 0 {
		if p, known := n.byID[l.id]; known {
			return p, nil
		}
		return Product{}, unknown
	}
	code := l.code
	if code == "" {
		code = l.any
	}
	switch found := n.byCode[code]; len(found) {
	case 0:
	case 1:
		return found[0], nil
	default:
		return Product{}, &problem{ReasonAmbiguous, "", "more than one product has the code; give its id"}
	}
	if id, wrong := cellInteger(l.any, 1, MaxProductID); wrong == nil {
		if p, known := n.byID[id]; known {
			return p, nil
		}
	}
	return Product{}, unknown
}

// planProducts judges lines of products: by id, else by code, else new.
func (r importRun) planProducts(ctx context.Context, lines []ImportLine) (importPlan, error) {
	p := newPlan(lines)
	read := make([]productLine, len(lines))
	for n, line := range lines {
		if problems := read[n].read(line, r.Columns); len(problems) > 0 {
			p.refuse(n, problems...)
		}
	}
	names, err := r.productsNamed(ctx, read)
	if err != nil {
		return p, err
	}
	w := productWriter{importRun: r, stored: names, changed: make(map[int64]int)}
	for n, line := range lines {
		if !p.open(n) {
			continue
		}
		result, problems := w.line(line.Number, read[n])
		if p.outcomes[n].result = result; len(problems) > 0 {
			p.refuse(n, problems...)
		}
	}
	p.write = w.write
	return p, nil
}

// read reads one line of products.
func (l *productLine) read(line ImportLine, columns []ImportColumn) (problems []ImportProblem) {
	if line.Broken != nil {
		return []ImportProblem{{Line: line.Number, Reason: line.Broken.Reason, Message: line.Broken.Message}}
	}
	for i, c := range columns {
		cell := line.Cells[i]
		if cell == "" {
			continue
		}
		var wrong *problem
		switch c.Field {
		case fieldID:
			l.id, wrong = cellInteger(cell, 1, MaxProductID)
		case fieldCode:
			l.code = cell
			rule := MemberTextRule(fieldCode) // product codes have the form of members'
			rule.Most = MaxProductCode
			wrong = rule.check(cell)
		case fieldName:
			l.name, wrong = cell, TextRule{Most: MaxProductName}.check(cell)
		}
		if wrong != nil {
			problems = append(problems, wrong.in(line.Number, c.Field, cell))
		}
	}
	if l.id == 0 && l.code == "" && len(problems) == 0 {
		problems = append(problems, problem{ReasonMissing, "", "a product is told by its id or its code"}.in(line.Number, fieldCode, ""))
	}
	return problems
}

// productWriter gathers what lines make of products.
type productWriter struct {
	importRun
	stored  productNames
	changed map[int64]int // by id, the place in changes; new products without an id are found by their code
	changes []productChange
}

type productChange struct {
	before *Product // nil: it is new
	after  Product
}

// line judges one line, given those before it.
func (w *productWriter) line(number int, l productLine) (lineResult, []ImportProblem) {
	refuse := func(reason Reason, field, value, message string) (lineResult, []ImportProblem) {
		return lineRefused, []ImportProblem{problem{reason, "", message}.in(number, field, value)}
	}
	place, before, ambiguous := w.find(l)
	switch {
	case ambiguous:
		return refuse(ReasonAmbiguous, fieldCode, l.code, "more than one product has the code; give its id")
	case before == nil && l.name == "":
		return refuse(ReasonMissing, fieldName, "", "a new product needs a name")
	}
	after := Product{ID: l.id, CreatedAt: w.now}
	if before != nil {
		after = *before
	}
	if l.code != "" && l.code != after.Code && w.taken(l.code, place) {
		return refuse(ReasonTaken, fieldCode, l.code, "another product has it")
	}
	if l.code != "" {
		after.Code = l.code
	}
	if l.name != "" {
		after.Name = l.name
	}
	if before != nil && *before == after {
		return lineUnchanged, nil
	}
	after.UpdatedAt = w.now
	if place >= 0 {
		w.changes[place].after = after
		return lineUpdated, nil
	}
	w.changes = append(w.changes, productChange{before, after})
	if after.ID != 0 {
		w.changed[after.ID] = len(w.changes) - 1
	}
	if before == nil {
		return lineCreated, nil
	}
	return lineUpdated, nil
}

// find answers the product of the line as lines before it left it, and its place in changes, -1 where none changed it.
func (w *productWriter) find(l productLine) (place int, before *Product, ambiguous bool) {
	if l.id != 0 {
		if place, ok := w.changed[l.id]; ok {
			return place, new(w.changes[place].after), false
		}
		if p, known := w.stored.byID[l.id]; known {
			return -1, &p, false
		}
		return -1, nil, false
	}
	place = slices.IndexFunc(w.changes, func(c productChange) bool { return c.after.Code == l.code })
	if place >= 0 {
		return place, new(w.changes[place].after), false
	}
	found := w.stored.byCode[l.code]
	if len(found) == 1 {
		if place, ok := w.changed[found[0].ID]; ok { // it has another code now
			return place, new(w.changes[place].after), false
		}
		return -1, &found[0], false
	}
	return -1, nil, len(found) > 1
}

// taken reports whether a product other than that at place has the code.
func (w *productWriter) taken(code string, place int) bool {
	if len(w.stored.byCode[code]) > 0 {
		return true
	}
	at := slices.IndexFunc(w.changes, func(c productChange) bool { return c.after.Code == code })
	return at >= 0 && at != place
}

// write numbers the new products and stores all.
func (w *productWriter) write(ctx context.Context) error {
	var unnumbered int
	var highest int64
	for _, c := range w.changes {
		if c.after.ID == 0 {
			unnumbered++
		}
		highest = max(highest, c.after.ID)
	}
	if len(w.changes) == 0 {
		return nil
	}
	if err := w.tx.Raise(ctx, CounterProduct, highest); err != nil {
		return err
	}
	next, err := w.tx.Reserve(ctx, CounterProduct, unnumbered)
	if err != nil {
		return err
	}
	products, entries := make([]Product, len(w.changes)), make([]AuditEntry, len(w.changes))
	for i, c := range w.changes {
		if c.after.ID == 0 {
			c.after.ID = next
			next++
		}
		products[i], entries[i] = c.after, w.entry()
		entries[i].Subject, entries[i].SubjectID = "products", strconv.FormatInt(c.after.ID, 10)
		var before any
		if c.before != nil {
			before = c.before
		}
		entries[i].Changes = change("value", before, c.after)
	}
	if err := w.tx.PutProducts(ctx, products); err != nil {
		return err
	}
	return w.audit(ctx, entries)
}

// String is how the line wrote it.
func (l productLine) String() string {
	switch {
	case l.id != 0:
		return strconv.FormatInt(l.id, 10)
	case l.code != "":
		return l.code
	default:
		return l.any
	}
}
