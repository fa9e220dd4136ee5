package imports

import (
	"slices"
	"strconv"

	"noren"
)

// said is what one of several columns says that stand for the same thing.
type said struct {
	field, text string
	id          int64 // what it stands for; 0: unknown
}

// contradiction returns why columns that stand for the same are refused: two of them are known and different. nil if they agree.
func contradiction(line int, parts ...said) *noren.ImportProblem {
	parts = slices.DeleteFunc(parts, func(s said) bool { return s.text == "" || s.id == 0 })
	for _, s := range parts {
		if first := parts[0]; s.id != first.id {
			p := problem{
				noren.ReasonTwice, noren.Shortened(first.text, maxProblemValue),
				"does not agree with " + strconv.Quote(first.text) + " in another column; correct one of them",
			}.in(line, s.field, s.text)
			return &p
		}
	}
	return nil
}

// checkNames refuses ranks and a store that two columns name differently.
func (p *memberPlan) checkNames(m *memberLine) {
	add := func(wrong *noren.ImportProblem) {
		if wrong != nil {
			m.problems = append(m.problems, *wrong)
		}
	}
	rank := func(r noren.Ref) (int64, bool) { return noren.RankByRef(p.in.Ranks, r) }
	staff := func(r noren.Ref) (int64, bool) { return noren.StaffRankByRef(p.in.StaffRanks, r) }
	add(contradiction(m.number, m.rank.says(fieldRank, rank)...))
	add(contradiction(m.number, m.staff.says(fieldStaffRank, staff)...))
	add(contradiction(m.number, m.store.says(p.in.Stores)...))
}

// says returns what each column says of the rank.
func (n rankName) says(field string, known func(noren.Ref) (int64, bool)) []said {
	parts := []said{{field + "_id", "", n.id}, {field: field + "_code", text: n.code}, {field: field, text: n.name}}
	if n.id != 0 {
		parts[0].text = strconv.FormatInt(n.id, 10)
	}
	for i, one := range []rankName{{}, {code: n.code}, {name: n.name}} {
		if one.given() {
			parts[i].id, _ = known(one.ref(known))
		}
	}
	return parts
}

// anyStore stands for all stores where columns are compared.
const anyStore = -1

// says returns what each column says of the store.
func (n storeName) says(stores []noren.Store) []said {
	var parts []said
	for _, one := range []storeName{{id: n.id}, {code: n.code}, {any: n.any}} {
		if !one.given() {
			continue
		}
		s := said{field: one.field(), text: one.String()}
		if store, wrong := one.find(stores); wrong == nil {
			s.id = store.ID
		} else if one.all(stores) {
			s.id = anyStore
		}
		parts = append(parts, s)
	}
	return parts
}

// all reports whether the line says that all stores are meant, and no store has that name.
func (n storeName) all(stores []noren.Store) bool {
	return n.any != "" && allStores(n.any) && !slices.ContainsFunc(stores, func(s noren.Store) bool {
		return noren.FoldName(s.Name) == noren.FoldName(n.any)
	})
}

// says returns what each column says of the product.
func (l productLine) says(names productNames) []said {
	var parts []said
	for _, column := range []struct {
		field string
		one   productLine
	}{{fieldProductCode, productLine{code: l.code}}, {fieldProductID, productLine{id: l.id}}, {fieldProduct, productLine{any: l.any}}} {
		one := column.one
		if one == (productLine{}) {
			continue
		}
		s := said{field: column.field, text: one.String()}
		if product, wrong := names.find(one); wrong == nil {
			s.id = product.ID
		}
		parts = append(parts, s)
	}
	return parts
}
