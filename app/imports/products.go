package imports

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
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

// productNames finds the stored products that lines name. It is filled with two statements, and a third for new codes.
type productNames struct {
	byID   map[int64]noren.Product
	byCode map[string][]noren.Product
	alike  map[string]bool // the stored codes that differ from new ones in leading zeros or case alone
}

func (r run) productsNamed(ctx context.Context, named []productLine) (names productNames, err error) {
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
			if id, wrong := cellInteger(p.any, 1, noren.MaxProductID); wrong == nil {
				ids = append(ids, id)
			}
		}
	}
	names = productNames{byID: make(map[int64]noren.Product), byCode: make(map[string][]noren.Product)}
	if len(ids) > 0 { // a filter with no ids would select all products
		found, _, err := r.tx.Products(ctx, noren.CatalogueFilter{IDs: ids})
		if err != nil {
			return names, err
		}
		for _, p := range found {
			names.byID[p.ID] = p
		}
	}
	found, _, err := r.tx.Products(ctx, noren.CatalogueFilter{Codes: codes})
	for _, p := range found {
		names.byCode[p.Code] = append(names.byCode[p.Code], p)
	}
	return names, err
}

// find returns the product that a line of stock names, or why it cannot be determined.
func (n productNames) find(l productLine) (noren.Product, *problem) {
	unknown := &problem{noren.ReasonProductUnknown, "", "no such product"}
	if l.id != 0 {
		if p, known := n.byID[l.id]; known {
			return p, nil
		}
		return noren.Product{}, unknown
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
		return noren.Product{}, &problem{noren.ReasonAmbiguous, "", "more than one product has the code; give its id"}
	}
	// Codes come first, because a code may consist of digits.
	if id, wrong := cellInteger(l.any, 1, noren.MaxProductID); wrong == nil {
		if p, known := n.byID[id]; known {
			return p, nil
		}
	}
	return noren.Product{}, unknown
}

// planProducts judges lines of products: known by id, else by code, else new.
func (r run) planProducts(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	p := r.newPlan(lines)
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
	if err := r.loadAlikeProducts(ctx, read, &names); err != nil {
		return p, err
	}
	w := productWriter{run: r, stored: names, changed: make(map[int64]int)}
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

// loadAlikeProducts adds to the names which stored codes are like those that no product has and that come without an id: each would
// silently make a second product.
func (r run) loadAlikeProducts(ctx context.Context, read []productLine, names *productNames) (err error) {
	var others []string
	for _, l := range read {
		if l.id == 0 && l.code != "" && len(names.byCode[l.code]) == 0 {
			others = append(others, alikes(l.code, anyLengths())...)
		}
	}
	names.alike, err = r.productCodes(ctx, others)
	return err
}

// alikeProduct is why a line is refused whose code is like that of another product.
func alikeProduct(code string) problem {
	return problem{noren.ReasonAlike, code, fmt.Sprintf(
		"differs from %s, which a product has, in leading zeros or case alone; write it so, or give another product an id of its own", code)}
}

// read reads one line of products.
func (l *productLine) read(line noren.ImportLine, columns []noren.ImportColumn) (problems []noren.ImportProblem) {
	problems = readCells(line, columns, func(field, cell string) (wrong *problem) { // an empty cell leaves the stored value unchanged
		switch field {
		case fieldID:
			l.id, wrong = cellInteger(cell, 1, noren.MaxProductID)
		case fieldCode:
			if l.code, wrong = cellCode(cell); wrong == nil {
				rule := noren.MemberTextRule(fieldCode) // product codes have the same form as members' codes
				rule.Most = MaxProductCode
				wrong = check(rule, l.code)
			}
		case fieldName:
			l.name, wrong = cell, check(noren.TextRule{Most: MaxProductName}, cell)
		}
		return wrong
	})
	if l.id == 0 && l.code == "" && len(problems) == 0 {
		problems = append(problems, problem{noren.ReasonMissing, "", "give the id or the code of the product"}.in(line.Number, fieldCode, ""))
	}
	return problems
}

// productWriter gathers the changes of products.
type productWriter struct {
	run
	stored  productNames
	changed map[int64]int // by id, the index in changes; new products without an id are found by their code
	changes []productChange
}

type productChange struct {
	before *noren.Product // nil: new
	after  noren.Product
}

// line judges one line, after those before it.
func (w *productWriter) line(number int, l productLine) (lineResult, []noren.ImportProblem) {
	refuse := func(reason noren.Reason, field, value, message string) (lineResult, []noren.ImportProblem) {
		return lineRefused, []noren.ImportProblem{problem{reason, "", message}.in(number, field, value)}
	}
	place, before, ambiguous := w.find(l)
	var alike string
	if before == nil && l.id == 0 {
		alike = w.alike(l.code)
	}
	switch {
	case ambiguous:
		return refuse(noren.ReasonAmbiguous, fieldCode, l.code, "more than one product has the code; give its id")
	case alike != "":
		return lineRefused, []noren.ImportProblem{alikeProduct(alike).in(number, fieldCode, l.code)}
	case before == nil && l.name == "":
		return refuse(noren.ReasonMissing, fieldName, "", "a new product must have a name")
	}
	after := noren.Product{ID: l.id, CreatedAt: w.Now}
	if before != nil {
		after = *before
	}
	// Stored codes need not be unique, but an import never adds a duplicate.
	if l.code != "" && l.code != after.Code && w.taken(l.code, place) {
		return refuse(noren.ReasonTaken, fieldCode, l.code, "another product has this code")
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
	// Only now: a line that changes nothing must not change the time either.
	after.UpdatedAt = w.Now
	// An earlier line of this piece changed the product too: it is written once.
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

// find returns the line's product as the lines before left it, and its index in changes; -1 if none of them changed it.
func (w *productWriter) find(l productLine) (place int, before *noren.Product, ambiguous bool) {
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
	if len(found) == 1 { // stored codes need not be unique
		if place, ok := w.changed[found[0].ID]; ok { // an earlier line gave it another code
			return place, new(w.changes[place].after), false
		}
		return -1, &found[0], false
	}
	return -1, nil, len(found) > 1
}

// alike returns a code of another product, stored or of an earlier line, that differs in leading zeros or case alone; "": none.
func (w *productWriter) alike(code string) string {
	others := alikes(code, anyLengths())
	if stored := firstIn(w.stored.alike, others); stored != "" {
		return stored
	}
	made := slices.IndexFunc(w.changes, func(c productChange) bool { return slices.Contains(others, c.after.Code) })
	if made < 0 {
		return ""
	}
	return w.changes[made].after.Code
}

// taken reports whether a product other than the one at place has the code.
func (w *productWriter) taken(code string, place int) bool {
	if len(w.stored.byCode[code]) > 0 {
		return true
	}
	at := slices.IndexFunc(w.changes, func(c productChange) bool { return c.after.Code == code })
	return at >= 0 && at != place
}

// write numbers the new products and stores all changes.
func (w *productWriter) write(ctx context.Context) error {
	if len(w.changes) == 0 {
		return nil
	}
	if err := unit.Number(ctx, w.tx, noren.CounterProduct, w.changes, func(c *productChange) *int64 { return &c.after.ID }); err != nil {
		return err
	}
	products, entries := make([]noren.Product, len(w.changes)), make([]noren.AuditEntry, len(w.changes))
	for i, c := range w.changes {
		products[i], entries[i] = c.after, w.by
		entries[i].Subject, entries[i].SubjectID = "products", strconv.FormatInt(c.after.ID, 10)
		// Not c.before itself: an interface that holds a nil pointer is not nil, and the log would tell of a product before.
		var before any
		if c.before != nil {
			before = c.before
		}
		entries[i].Changes = audit.Change("value", before, c.after)
	}
	if err := w.tx.PutProducts(ctx, products); err != nil {
		return err
	}
	return w.tx.AddAudit(ctx, entries)
}

// String returns the name as the line gave it.
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
