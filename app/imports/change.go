package imports

import (
	"slices"
	"strconv"

	"noren"
)

// FieldChange is how one field of members would change.
type FieldChange struct {
	Field   string
	Words   Words    // how its values are worded
	Members int      // whose field would change
	Samples []Change // some of them
}

// Words says which words of a language the values of a field stand for.
type Words int

// The values of fields.
const (
	AsTheyAre Words = iota
	YesOrNo         // true, false
	OfSex           // as noren.Sex
	OfStatus        // as noren.Status
)

// wordsOf returns how the values of a member's column are worded.
func wordsOf(c noren.MemberColumn) Words {
	switch c.Ref(&noren.Member{}).(type) {
	case *bool:
		return YesOrNo
	case *noren.Sex:
		return OfSex
	case *noren.Status:
		return OfStatus
	}
	return AsTheyAre
}

// Change is the field of one member before and after.
type Change struct {
	Member        string // its code
	Before, After string
}

// maxChangeSamples is how many members a preview shows for each field.
const maxChangeSamples = 3

// changes collects how members would change. A member whom several lines change counts once for each field.
type changes struct {
	list    []FieldChange // in the order in which fields were first added
	counted map[countedChange]bool
}

type countedChange struct {
	member int64
	field  string
}

func (c *changes) add(added []fieldChange) {
	if c.counted == nil {
		c.counted = make(map[countedChange]bool)
	}
	for _, a := range added {
		key := countedChange{a.id, a.field}
		if c.counted[key] {
			continue
		}
		c.counted[key] = true
		i := slices.IndexFunc(c.list, func(f FieldChange) bool { return f.Field == a.field })
		if i < 0 {
			i, c.list = len(c.list), append(c.list, FieldChange{Field: a.field, Words: a.words})
		}
		c.list[i].Members++
		if len(c.list[i].Samples) < maxChangeSamples {
			c.list[i].Samples = append(c.list[i].Samples, Change{
				a.member, noren.Shortened(a.before, maxProblemValue), noren.Shortened(a.after, maxProblemValue),
			})
		}
	}
}

// memberChanges lists what of the stored members all lines together would change.
func (p *memberPlan) memberChanges() (list []fieldChange) {
	for _, m := range p.known {
		for _, c := range noren.ChangedColumns(&m.before, &m.after) {
			list = append(list, fieldChange{
				m.before.ID, m.before.Code, fieldOfColumn(c.Name), wordsOf(c), p.columnText(&m.before, c), p.columnText(&m.after, c),
			})
		}
	}
	for _, o := range p.openings {
		if m := o.of; m.place == 0 {
			// Who has had points is given no balance, so there was none.
			list = append(list, fieldChange{m.before.ID, m.before.Code, fieldPoints, AsTheyAre, "0", strconv.FormatInt(o.grant.Amount, 10)})
		}
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
