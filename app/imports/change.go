package imports

import (
	"slices"
	"strconv"

	"noren"
)

// FieldChange is how one field of members would change.
type FieldChange struct {
	Field   string
	Members int      // whose field would change
	Samples []Change // some of them
}

// Change is the field of one member before and after.
type Change struct {
	Member        string // its code
	Before, After string
}

// maxChangeSamples is how many members a preview shows for each field.
const maxChangeSamples = 3

// add adds changes to the list, which stays in the order in which fields were first added.
func addChanges(list []FieldChange, changes []fieldChange) []FieldChange {
	for _, c := range changes {
		i := slices.IndexFunc(list, func(f FieldChange) bool { return f.Field == c.field })
		if i < 0 {
			i, list = len(list), append(list, FieldChange{Field: c.field})
		}
		list[i].Members++
		if len(list[i].Samples) < maxChangeSamples {
			list[i].Samples = append(list[i].Samples, Change{
				c.member, noren.Shortened(c.before, maxProblemValue), noren.Shortened(c.after, maxProblemValue),
			})
		}
	}
	return list
}

// changesOf lists what of a stored member would change.
func (p *memberPlan) changesOf(before, after *noren.Member) (list []fieldChange) {
	for _, c := range noren.ChangedColumns(before, after) {
		list = append(list, fieldChange{before.Code, fieldOfColumn(c.Name), p.columnText(before, c), p.columnText(after, c)})
	}
	return list
}

// fieldOfColumn is the field by which people know a column.
func fieldOfColumn(column string) string {
	switch column {
	case "rank_id":
		return fieldRank
	case "staff_rank_id":
		return fieldStaffRank
	case "store_id":
		return fieldStore
	case "minimum_rank_id":
		return "minimum_rank"
	}
	return column
}

// columnText is the member's value in the column, for people.
func (p *memberPlan) columnText(m *noren.Member, c noren.MemberColumn) string {
	switch v := c.Ref(m).(type) {
	case *string:
		return *v
	case **string:
		return noren.Deref(*v)
	case *noren.Sex:
		return string(*v)
	case *noren.Status:
		return string(*v)
	case *bool:
		return strconv.FormatBool(*v)
	case **noren.Date:
		return string(noren.Deref(*v))
	case **noren.Hundredths:
		if *v != nil {
			return (*v).String()
		}
	case **int64:
		if *v != nil {
			return p.nameOf(c.Name, **v)
		}
	}
	return ""
}

// nameOf is the name of what a number in the column stands for, or the number.
func (p *memberPlan) nameOf(column string, id int64) string {
	switch column {
	case "rank_id", "minimum_rank_id":
		for _, r := range p.in.Ranks {
			if r.ID == id {
				return r.Name
			}
		}
	case "staff_rank_id":
		for _, r := range p.in.StaffRanks {
			if r.ID == id {
				return r.Name
			}
		}
	case "store_id":
		for _, s := range p.in.Stores {
			if s.ID == id {
				return s.Name
			}
		}
	}
	return strconv.FormatInt(id, 10)
}
