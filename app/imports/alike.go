package imports

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"noren"
)

// alikeColumns are the codes that people and spreadsheet programs write with fewer zeros, or in other case.
func alikeColumns() []string { return []string{fieldCode, fieldAlias} }

// alikes lists the codes of these lengths that differ from this one in leading zeros alone, and those that differ in case alone.
func alikes(code string, lengths []int) (list []string) {
	add := func(other string) {
		if other != code {
			list = append(list, other)
		}
	}
	if noren.IsDigits(code) {
		core := strings.TrimLeft(code, "0")
		for _, length := range lengths {
			if length >= len(core) {
				add(strings.Repeat("0", length-len(core)) + core)
			}
		}
		return list
	}
	add(strings.ToLower(code))
	add(strings.ToUpper(code))
	return list
}

// loadAlikes adds to the holders who has codes like those that nobody has.
func (p *memberPlan) loadAlikes(ctx context.Context, values map[string][]string) error {
	if p.By == ByCode {
		return nil
	}
	for _, column := range alikeColumns() {
		var others []string
		for _, code := range values[column] {
			if _, held := p.holders[column][code]; !held {
				others = append(others, alikes(code, p.CodeLengths)...)
			}
		}
		if len(others) == 0 {
			continue
		}
		found, err := p.tx.MemberHolders(ctx, column, others)
		if err != nil {
			return err
		}
		maps.Copy(p.holders[column], found)
	}
	return nil
}

// checkAlike refuses a code that nobody has where somebody has one that differs in leading zeros or case alone: it would silently make
// a second member, or take the zeros from a member's code.
func (p *memberPlan) checkAlike(m *memberLine, planned *plannedMember) {
	if p.By == ByCode {
		return
	}
	for _, column := range alikeColumns() {
		code, given := uniqueFields(&m.patch)[column].Value()
		if !given || code == memberText(&planned.after, column) {
			continue
		}
		if _, held := p.holders[column][code]; held {
			continue // which is refused elsewhere, unless it is the member's own
		}
		for _, other := range alikes(code, p.CodeLengths) {
			if _, held := p.holders[column][other]; !held {
				continue
			}
			message := "a member's code differs from this in leading zeros or case alone; write it as it is stored, or import with --by code"
			if p.StoreID != nil {
				other = "" // it may be a member of another store
			} else {
				message = fmt.Sprintf(
					"differs from %s, which a member has, in leading zeros or case alone; write it so, or import with --by code for another member", other)
			}
			m.problems = append(m.problems, problem{noren.ReasonAlike, other, message}.in(m.number, column, code))
			break
		}
	}
}

// tellAlikes says of a member or product that is not found whether a code like the one in the line is stored. It sends a statement more
// where anything is not found.
func (r run) tellAlikes(ctx context.Context, p *plan, lines []noren.ImportLine) error {
	if r.Kind == noren.ImportMembers || r.Kind == noren.ImportProducts {
		return nil // whose lines make what they do not find
	}
	type unknown struct {
		*noren.ImportProblem

		alikes []string
	}
	var list []unknown
	codes := make(map[noren.Reason][]string)
	for n := range p.outcomes {
		for i := range p.outcomes[n].problems {
			if o := &p.outcomes[n].problems[i]; r.saysCode(lines[n], *o) {
				u := unknown{o, alikes(o.Value, anyLengths())}
				list, codes[o.Reason] = append(list, u), append(codes[o.Reason], u.alikes...)
			}
		}
	}
	members, err := r.memberCodes(ctx, codes[noren.ReasonMemberUnknown])
	if err != nil {
		return err
	}
	products, err := r.productCodes(ctx, codes[noren.ReasonProductUnknown])
	if err != nil {
		return err
	}
	for _, u := range list {
		stored := members
		if u.Reason == noren.ReasonProductUnknown {
			stored = products
		}
		if other := firstIn(stored, u.alikes); other != "" {
			u.Reason, u.Limit = noren.ReasonAlike, other
			u.Message += fmt.Sprintf("; it differs from the stored %s in leading zeros or case alone: write it so", other)
		}
	}
	return nil
}

// saysCode reports whether the problem is that the code in a cell of the line is nobody's and no product's.
func (r run) saysCode(line noren.ImportLine, o noren.ImportProblem) bool {
	if o.Value == "" || o.Reason != noren.ReasonMemberUnknown && o.Reason != noren.ReasonProductUnknown {
		return false
	}
	return slices.ContainsFunc([]string{fieldMember, fieldProduct, fieldProductCode}, func(field string) bool {
		return halfWidth(r.cell(line, field)) == halfWidth(o.Value)
	})
}

// memberCodes returns which of these codes are those of members whom the caller may see.
func (r run) memberCodes(ctx context.Context, codes []string) (map[string]bool, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	found, err := r.tx.MemberRefs(ctx, noren.MemberQuery{Codes: codes})
	stored := make(map[string]bool, len(found))
	for _, m := range found {
		stored[m.Code] = m.VisibleTo(r.StoreID)
	}
	return stored, err
}

// productCodes returns which of these codes are those of products.
func (r run) productCodes(ctx context.Context, codes []string) (map[string]bool, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	found, _, err := r.tx.Products(ctx, noren.CatalogueFilter{Codes: codes})
	stored := make(map[string]bool, len(found))
	for _, p := range found {
		stored[p.Code] = true
	}
	return stored, err
}

// firstIn returns the first of the codes that is stored; "": none.
func firstIn(stored map[string]bool, codes []string) string {
	if at := slices.IndexFunc(codes, func(code string) bool { return stored[code] }); at >= 0 {
		return codes[at]
	}
	return ""
}

// anyLengths are all lengths that the code of a member or a product may have.
func anyLengths() []int {
	lengths := make([]int, MaxProductCode)
	for i := range lengths {
		lengths[i] = i + 1
	}
	return lengths
}
