package imports

import (
	"context"
	"fmt"
	"maps"
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
