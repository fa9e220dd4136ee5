package noren

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// memberLine is a line of members as it was read, before stored data was seen.
type memberLine struct {
	number   int
	patch    MemberPatch
	store    storeName
	rank     rankName
	minimum  rankName
	staff    rankName
	problems []ImportProblem // the line is refused, whatever is stored
	unruly   []unrulyText    // refused where the text is not what is stored already
}

// unrulyText is a text that breaks the rule of its column.
type unrulyText struct {
	column, text string
	problem      ImportProblem
}

// rankName is what a line calls a rank.
type rankName struct {
	name string // or its id, where no rank has the name
	id   int64
}

func (n rankName) given() bool { return n != rankName{} }

// ref answers the rank by name or id; one that is not there is named as it was, to be refused.
func (n rankName) ref(byName func(Ref) (int64, bool)) Ref {
	if n.id != 0 {
		return Ref{ID: n.id}
	}
	if id, found := byName(Ref{Name: n.name}); found {
		return Ref{ID: id}
	}
	if id, wrong := cellInteger(n.name, 1, MaxStoreID); wrong == nil {
		return Ref{ID: id}
	}
	return Ref{Name: n.name}
}

// readMember reads one line of members. Empty cells leave what is stored as it is.
func readMember(line ImportLine, columns []ImportColumn, view View) memberLine {
	m := memberLine{number: line.Number, patch: MemberPatch{View: view}}
	fields := patchFields(&m.patch)
	for i, c := range columns {
		if c.Field == "" || line.Cells[i] == "" {
			continue
		}
		if wrong := m.read(fields, c.Field, line.Cells[i]); wrong != nil {
			m.problems = append(m.problems, wrong.in(line.Number, c.Field, line.Cells[i]))
		}
	}
	if err := m.patch.checkUnitPair(); err != nil {
		m.refuse(err.Reason, err.Field, "", "point_unit_price and point_unit are given together or not at all")
	}
	if m.patch.AddressTwice() {
		m.refuse(ReasonTwice, "address", "", "the address is given both as one text and in parts")
	}
	return m
}

func (m *memberLine) refuse(reason Reason, field, value, message string) {
	p := problem{reason, "", message}
	m.problems = append(m.problems, p.in(m.number, field, value))
}

// memberWords say in English what a rule of a patch wants.
var memberWords = map[Reason]string{
	ReasonMemberUnknown:       "there is no such member",
	ReasonRankUnknown:         "there is no such rank",
	ReasonMinimumRankUnknown:  "there is no such rank",
	ReasonStaffRankUnknown:    "there is no such staff rank",
	ReasonStoreUnknown:        "there is no such store",
	ReasonStoreNotForMembers:  "the store is a warehouse or takes orders; a member belongs to a shop",
	ReasonActiveWithLeaveDate: "an active member has no leave date",
	ReasonLeftWithoutDate:     "a member who left has a leave date",
	ReasonLeaveDateSet:        "the member has a leave date, and is not active before that is cleared",
}

// patchFields are pointers to the fields of the patch by their names in JSON.
func patchFields(p *MemberPatch) map[string]any {
	v := reflect.ValueOf(p).Elem()
	fields := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = v.Field(i).Addr().Interface()
	}
	return fields
}

// read reads one cell into the patch.
func (m *memberLine) read(fields map[string]any, field, cell string) (wrong *problem) {
	switch field {
	case fieldID:
		m.patch.ID, wrong = cellInteger(cell, 1, MaxMemberID)
	case fieldRank:
		m.rank.name = cell
	case fieldRankID:
		m.rank.id, wrong = cellInteger(cell, 1, MaxStoreID)
	case "minimum_rank":
		m.minimum.name = cell
	case fieldStaffRank:
		m.staff.name = cell
	case fieldStaffRankID:
		m.staff.id, wrong = cellInteger(cell, 1, MaxStoreID)
	case fieldStore:
		m.store.any = cell
	case fieldStoreID:
		m.store.id, wrong = cellInteger(cell, 1, MaxStoreID)
	case fieldStoreCode:
		m.store.code = cell
	case fieldMailOptOut:
		var out bool
		if out, wrong = cellFlag(cell); wrong == nil {
			m.patch.MailOptIn = Set(!out)
		}
	default:
		return m.readColumn(fields[field], field, cell)
	}
	return wrong
}

// readColumn reads a cell into the field of its column, by the field's type.
func (m *memberLine) readColumn(to any, field, cell string) (wrong *problem) {
	switch f := to.(type) {
	case *Field[string]:
		m.readText(f, field, cell)
	case *Field[bool]:
		return into(f, cell, cellFlag)
	case *Field[Date]:
		return into(f, cell, cellDate)
	case *Field[Sex]:
		return into(f, cell, func(s string) (Sex, *problem) { return cellWord(s, sexWords, "MALE, FEMALE, OTHER, 0, 1, 2") })
	case *Field[Status]:
		return into(f, cell, func(s string) (Status, *problem) { return cellWord(s, statusWords, statusKnown) })
	case *Field[Hundredths]:
		return into(f, cell, func(s string) (Hundredths, *problem) {
			h, err := ParseHundredths(halfWidth(s))
			if err != nil || h > MaxUnit {
				return 0, &problem{ReasonOutOfRange, "0–" + Hundredths(MaxUnit).String(), "this is no number of at most two decimals up to 99999.99"}
			}
			return h, nil
		})
	case *Field[int64]: // the unit price: a store is read elsewhere
		return into(f, cell, func(s string) (int64, *problem) { return cellInteger(s, 1, MaxUnitPrice) })
	}
	return nil
}

// into sets the field to what read makes of the cell.
func into[T any](to *Field[T], cell string, read func(string) (T, *problem)) *problem {
	v, wrong := read(cell)
	if wrong == nil {
		*to = Set(v)
	}
	return wrong
}

// readText takes a text as it is, but for what machines read. What breaks the column's rule is noted and refused later,
// unless it is what the member has already: whoever writes back what was read changes nothing.
func (m *memberLine) readText(to *Field[string], field, cell string) {
	if slices.Contains([]string{"postal_code", "phone", "fax", "mobile", "email", "email2", "email3"}, field) {
		cell = halfWidth(cell)
	}
	*to = Set(cell)
	if wrong := MemberTextRule(field).check(cell); wrong != nil {
		shown := cell
		if field == "pin" || strings.HasPrefix(field, "bank_") {
			shown = "" // not for reports that are passed around
		}
		m.unruly = append(m.unruly, unrulyText{field, cell, wrong.in(m.number, field, shown)})
	}
}

// broken lists the texts that break a rule and are not what the member has.
func (m *memberLine) broken(before *Member) (problems []ImportProblem) {
	for _, u := range m.unruly {
		if memberText(before, u.column) != u.text {
			problems = append(problems, u.problem)
		}
	}
	return problems
}

// memberText is a text of the member by its column's name.
func memberText(m *Member, column string) string {
	if column == "address" {
		return deref(m.Address())
	}
	i := slices.IndexFunc(memberColumns, func(c MemberColumn) bool { return c.Name == column })
	switch ref := memberColumns[i].Ref(m).(type) {
	case *string:
		return *ref
	case **string:
		return deref(*ref)
	}
	return ""
}

// sexWords and statusWords are the words of every system whose files are read, in capitals.
var sexWords = map[string]Sex{
	"MALE": Male, "FEMALE": Female, "OTHER": OtherSex, "UNKNOWN": SexUnknown, "0": SexUnknown, "1": Male, "2": Female,
	"M": Male, "F": Female, "男": Male, "女": Female, "男性": Male, "女性": Female, "不明": SexUnknown, "その他": OtherSex,
}

var statusWords = map[string]Status{
	"TENTATIVE": Tentative, "ACTIVE": Active, "SUSPENDED": Suspended, "LOST": Lost, "LEFT": Left, "MERGED": Merged,
	"LEAVE": Left, "0": Active, "1": Suspended, "2": Lost, "3": Left, "4": Merged,
	"仮会員": Tentative, "利用可": Active, "有効": Active, "利用停止": Suspended, "紛失": Lost, "退会": Left, "名寄せ": Merged, "名寄せ済": Merged,
}

const statusKnown = "TENTATIVE, ACTIVE, SUSPENDED, LOST, LEFT, MERGED, 0–4"

// storeName is what a line calls a store.
type storeName struct {
	any  string // a name, else a code, else an id
	code string
	id   int64
}

func (n storeName) given() bool { return n != storeName{} }

// String is how the line wrote it.
func (n storeName) String() string {
	switch {
	case n.id != 0:
		return strconv.FormatInt(n.id, 10)
	case n.code != "":
		return n.code
	default:
		return n.any
	}
}

// field is what the line names it by.
func (n storeName) field() string {
	switch {
	case n.id != 0:
		return fieldStoreID
	case n.code != "":
		return fieldStoreCode
	default:
		return fieldStore
	}
}

// find answers the store, or why it cannot be told.
func (n storeName) find(stores []Store) (Store, *problem) {
	by := func(is func(Store) bool) []Store {
		return slices.DeleteFunc(slices.Clone(stores), func(s Store) bool { return !is(s) })
	}
	var found []Store
	switch {
	case n.id != 0:
		found = by(func(s Store) bool { return s.ID == n.id })
	case n.code != "":
		found = by(func(s Store) bool { return s.Code == n.code })
	default:
		found = by(func(s Store) bool { return FoldName(s.Name) == FoldName(n.any) })
		if len(found) == 0 {
			found = by(func(s Store) bool { return s.Code == n.any })
		}
		if id, wrong := cellInteger(n.any, 1, MaxStoreID); len(found) == 0 && wrong == nil {
			found = by(func(s Store) bool { return s.ID == id })
		}
	}
	switch len(found) {
	case 0:
		return Store{}, &problem{ReasonStoreUnknown, "", "there is no such store"}
	case 1:
		return found[0], nil
	default:
		return Store{}, &problem{ReasonAmbiguous, "", "more than one store is called that; give its id"}
	}
}
