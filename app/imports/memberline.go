package imports

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/lenient"
)

// memberLine is a line of members as read, before stored data is looked at.
type memberLine struct {
	number   int
	patch    noren.MemberPatch
	store    storeName
	rank     rankName
	minimum  rankName
	staff    rankName
	optOut   *bool
	outCell  string // what optOut was read from
	fullName string
	fullKana string
	city     string
	memo     []string
	raw      map[string]string       // texts as the line has them, by column
	repaired []noren.ImportProblem   // what was put right
	points   *int64                  // opening balance
	until    noren.Field[noren.Date] // its last day
	problems []noren.ImportProblem   // the line is refused, whatever is stored
	doubtful []noren.ImportProblem   // what the patch's doubts mean in this line, in their order
}

// rankName is how a line names a rank.
type rankName struct {
	name string // name, or the code or the id if no rank has the name
	id   int64
	code string // code, or the name if no rank has the code; the name counts where neither is known
}

func (n rankName) given() bool { return n != rankName{} }

// ref returns the rank by id if one is found. An unknown name is returned as it is, so that it is refused later.
func (n rankName) ref(byName func(noren.Ref) (int64, bool)) noren.Ref {
	if n.id != 0 {
		return noren.Ref{ID: n.id}
	}
	for _, ref := range []noren.Ref{{Code: n.code}, {Name: n.name}, {Code: n.name}} {
		if id, found := byName(ref); found && ref != (noren.Ref{}) {
			return noren.Ref{ID: id}
		}
	}
	if n.name == "" {
		return noren.Ref{Code: n.code}
	}
	if id, wrong := cellInteger(n.name, 1, noren.MaxStoreID); wrong == nil {
		return noren.Ref{ID: id}
	}
	return noren.Ref{Name: n.name}
}

// memberReader reads lines of members with the same columns.
type memberReader struct {
	columns []noren.ImportColumn
	view    noren.View
	fields  []int // of each column, the field of the patch that it is read into; -1: it is read in another way
}

func newMemberReader(i *noren.Import) memberReader {
	r := memberReader{columns: i.Columns, view: i.View, fields: make([]int, len(i.Columns))}
	for n, c := range i.Columns {
		r.fields[n] = -1
		if field, ok := patchFields[c.Field]; ok {
			r.fields[n] = field
		}
	}
	return r
}

// read reads one line. Empty cells leave the stored values unchanged.
func (r memberReader) read(line noren.ImportLine) memberLine {
	m := memberLine{number: line.Number, patch: noren.MemberPatch{View: r.view}}
	patch := reflect.ValueOf(&m.patch).Elem()
	for i, c := range r.columns {
		if c.Field == "" || line.Cells[i] == "" {
			continue
		}
		if c.Field == fieldMemo {
			m.memo = append(m.memo, c.Header+": "+line.Cells[i])
			continue
		}
		var to any
		if r.fields[i] >= 0 {
			to = patch.Field(r.fields[i]).Addr().Interface()
		}
		if wrong := m.read(to, c.Field, line.Cells[i]); wrong != nil {
			m.problems = append(m.problems, wrong.in(line.Number, c.Field, line.Cells[i]))
		}
	}
	if street, _ := m.patch.Address1.Value(); m.city != "" {
		m.patch.Address1 = noren.Set(m.city + street)
		delete(m.raw, "address1")
	}
	m.settleTwice()
	return m
}

// settleTwice refuses what two columns say differently, and drops one of two that agree.
func (m *memberLine) settleTwice() {
	if m.optOut != nil {
		if in, given := m.patch.MailOptIn.Value(); given && in == *m.optOut {
			m.refuse(noren.ReasonTwice, fieldMailOptOut, m.outCell,
				"another column says the contrary about mail; keep one of them")
		}
		m.patch.MailOptIn = noren.Set(!*m.optOut)
	}
	if !m.patch.AddressTwice() {
		return
	}
	if m.patch.Prefecture.Given() && !m.patch.Address1.Given() && !m.patch.Address2.Given() {
		// The prefecture and then the rest of the address, as many systems have them.
		prefecture := noren.Deref(m.patch.Prefecture.Ptr())
		if rest, ok := noren.InPrefecture(noren.Deref(m.patch.Address.Ptr()), prefecture); ok && rest != "" {
			m.patch.Address1, m.patch.Address = noren.Set(rest), noren.Field[string]{}
			m.raw["address1"] = rest
			delete(m.raw, "address")
			m.forget("address")
			return
		}
	}
	parts := noren.Deref(m.patch.Prefecture.Ptr()) + noren.Deref(m.patch.Address1.Ptr()) + noren.Deref(m.patch.Address2.Ptr())
	if address := noren.Deref(m.patch.Address.Ptr()); foldPerson(address) != foldPerson(parts) {
		m.refuse(noren.ReasonTwice, "address", address, "does not agree with the address in other columns; give it as one text or in parts")
		return
	}
	m.patch.Address = noren.Field[string]{}
	delete(m.raw, "address")
	m.forget("address")
}

// again returns the line as it was read, for what is judged anew: judging adds to the problems, and to the patch.
func (m memberLine) again() memberLine {
	m.problems = slices.Clip(m.problems)
	m.doubtful, m.patch.Doubts, m.repaired = slices.Clone(m.doubtful), slices.Clone(m.patch.Doubts), slices.Clone(m.repaired)
	return m
}

func (m *memberLine) refuse(reason noren.Reason, field, value, message string) {
	p := problem{reason, "", message}
	m.problems = append(m.problems, p.in(m.number, field, value))
}

// patchFields are the places of the fields of a patch, by their JSON names.
var patchFields = makePatchFields()

func makePatchFields() map[string]int {
	fields := make(map[string]int)
	for i := range reflect.TypeFor[noren.MemberPatch]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[noren.MemberPatch]().Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	return fields
}

// read reads one cell, into the field of the patch that to points to where the column has one of its own.
func (m *memberLine) read(to any, field, cell string) (wrong *problem) {
	switch field {
	case fieldID:
		m.patch.ID, wrong = cellInteger(cell, 1, noren.MaxMemberID)
	case fieldRank:
		m.rank.name = cell
	case fieldRankID:
		m.rank.id, wrong = cellInteger(cell, 1, noren.MaxStoreID)
	case fieldRankCode:
		m.rank.code, wrong = cellKey(cell)
	case "minimum_rank":
		m.minimum.name = cell
	case fieldStaffRank:
		m.staff.name = cell
	case fieldStaffRankID:
		m.staff.id, wrong = cellInteger(cell, 1, noren.MaxStoreID)
	case fieldStaffCode:
		m.staff.code, wrong = cellKey(cell)
	case fieldStore:
		m.store.any, wrong = cellKey(cell)
	case fieldStoreID:
		m.store.id, wrong = cellInteger(cell, 1, noren.MaxStoreID)
	case fieldStoreCode:
		m.store.code, wrong = cellKey(cell)
	case fieldFullName:
		m.fullName = cell
	case fieldFullKana:
		m.fullKana = cell
	case fieldCity:
		m.city = cell
	case fieldLost:
	case fieldPoints:
		var n int64
		if n, wrong = told(lenient.Points(cell, 0, noren.MaxPoints)); wrong == nil {
			m.points = &n
		}
	case fieldPointsUntil:
		m.until, wrong = cellExpiry(cell)
	case fieldMailOptOut:
		var out bool
		if out, wrong = told(lenient.Declined(cell)); wrong == nil {
			m.optOut, m.outCell = &out, cell
		}
	default:
		return m.readColumn(to, field, cell)
	}
	return wrong
}

// readColumn reads a cell into the patch's field, by the field's type.
func (m *memberLine) readColumn(to any, field, cell string) (wrong *problem) {
	switch f := to.(type) {
	case *noren.Field[string]:
		if m.raw == nil {
			m.raw = make(map[string]string)
		}
		m.raw[field] = cell
		m.readText(f, field, cell)
	case *noren.Field[bool]:
		return into(f, cell, cellFlag)
	case *noren.Field[noren.Date]:
		return into(f, cell, cellDate)
	case *noren.Field[noren.Sex]:
		return into(f, cell, func(s string) (noren.Sex, *problem) {
			return told(lenient.Word(s, sexWords, "MALE, FEMALE, OTHER, 0, 1, 2"))
		})
	case *noren.Field[noren.Status]:
		return into(f, cell, func(s string) (noren.Status, *problem) { return told(lenient.Word(s, statusWords, statusKnown)) })
	case *noren.Field[noren.Hundredths]:
		return into(f, cell, func(s string) (noren.Hundredths, *problem) {
			return told(lenient.Hundredths(s))
		})
	case *noren.Field[int64]: // the unit price; the store is handled in read
		return into(f, cell, func(s string) (int64, *problem) { return cellInteger(s, 1, noren.MaxUnitPrice) })
	}
	return nil
}

// into sets the field to the parsed cell.
func into[T any](to *noren.Field[T], cell string, read func(string) (T, *problem)) *problem {
	v, wrong := read(cell)
	if wrong == nil {
		*to = noren.Set(v)
	}
	return wrong
}

// readText reads a text. One that breaks the column's rule is left in doubt: the member may have it already, so that an exported file
// can be imported again.
func (m *memberLine) readText(to *noren.Field[string], field, cell string) {
	text, repaired, wrong := lenient.MemberText(field, cell)
	if wrong != nil {
		m.doubt(field, text, problem(*wrong))
	}
	if repaired {
		m.repaired = append(m.repaired, noren.ImportProblem{
			Line: m.number, Field: field, Value: cell, Reason: noren.ReasonRepaired, Message: "its leading zero was lost and is put back",
		})
	}
	*to = noren.Set(text)
}

// judgeBirthday doubts a day on which nobody who lives today was born.
func (m *memberLine) judgeBirthday(today noren.Date) {
	const field = "birth_date"
	day, given := m.patch.BirthDate.Value()
	if !given {
		return
	}
	if _, wrong := lenient.Birthday(string(day), today); wrong != nil {
		m.doubt(field, string(day), problem(*wrong))
	}
}

// doubt refuses a text, unless the member has it already.
func (m *memberLine) doubt(field, cell string, wrong problem) {
	m.doubtful = append(m.doubtful, wrong.in(m.number, field, cell))
	m.patch.Doubts = append(m.patch.Doubts, noren.Doubt{
		Refusal: &noren.Error{Kind: noren.Invalid, Reason: wrong.Reason, Field: field},
		Has:     func(now *noren.Member) bool { return memberText(now, field) == cell },
	})
}

// misnamed reports whether the line is refused because the member whom it names may not be the one who is meant. What else does not fit
// that member is not told: it follows from that.
func (m *memberLine) misnamed() bool {
	return slices.ContainsFunc(m.problems, func(p noren.ImportProblem) bool {
		switch p.Reason {
		case noren.ReasonOtherPerson, noren.ReasonNumberAlone, noren.ReasonOtherCustomer, noren.ReasonAmbiguous:
			return true
		}
		return false
	})
}

// follows reports whether a refusal follows from another of the line: columns that must agree were not all read, or the member is not the
// one who is meant.
func (m *memberLine) follows(err *noren.Error, misnamed bool) bool {
	unread := func(fields ...string) bool {
		return slices.ContainsFunc(m.problems, func(p noren.ImportProblem) bool { return slices.Contains(fields, p.Field) })
	}
	switch err.Reason {
	case noren.ReasonActiveWithLeaveDate, noren.ReasonLeftWithoutDate, noren.ReasonLeaveDateSet:
		return misnamed || unread("status", "leave_date")
	case noren.ReasonUnitPair:
		return unread("point_unit", "point_unit_price")
	}
	return false
}

// doubts reports whether the text that the line has in the column is in doubt.
func (m *memberLine) doubts(column string) bool {
	return slices.ContainsFunc(m.doubtful, func(p noren.ImportProblem) bool { return p.Field == column })
}

// refuseFor records what the patch was refused for. cell returns the line's cell of a field.
func (m *memberLine) refuseFor(err *noren.Error, cell func(field string) string) {
	i := slices.IndexFunc(m.patch.Doubts, func(d noren.Doubt) bool { return d.Refusal == err })
	if i >= 0 {
		m.problems = append(m.problems, m.doubtful[i])
		return
	}
	field := m.named(err.Field)
	m.refuse(err.Reason, field, cell(field), noren.MemberWords[err.Reason])
}

// named returns by which field the line names the rank or store that a refusal of the field is about.
func (m *memberLine) named(field string) string {
	var n rankName
	switch field {
	case fieldRank:
		n = m.rank
	case fieldStaffRank:
		n = m.staff
	case fieldStore:
		return m.store.field()
	}
	switch {
	case n.name != "":
		return field
	case n.code != "":
		return field + "_code"
	case n.id != 0:
		return field + "_id"
	}
	return field
}

// memberText returns the member's text or day in that column.
func memberText(m *noren.Member, column string) string {
	if column == "address" {
		return noren.Deref(m.Address())
	}
	ref, ok := memberRefs[column]
	if !ok {
		return ""
	}
	switch ref := ref(m).(type) {
	case **noren.Date:
		return string(noren.Deref(*ref))
	case *string:
		return *ref
	case **string:
		return noren.Deref(*ref)
	}
	return ""
}

// memberRefs point to the columns of a member.
var memberRefs = makeMemberRefs()

func makeMemberRefs() map[string]func(*noren.Member) any {
	refs := make(map[string]func(*noren.Member) any)
	for _, c := range noren.MemberColumns() {
		refs[c.Name] = c.Ref
	}
	return refs
}

// sexWords and statusWords have the words of every system whose files we read, in upper case.
var sexWords = map[string]noren.Sex{
	"MALE": noren.Male, "FEMALE": noren.Female, "OTHER": noren.OtherSex, "UNKNOWN": noren.SexUnknown,
	"0": noren.SexUnknown, "1": noren.Male, "2": noren.Female,
	"M": noren.Male, "F": noren.Female, "男": noren.Male, "女": noren.Female,
	"男性": noren.Male, "女性": noren.Female, "不明": noren.SexUnknown, "その他": noren.OtherSex,
}

var statusWords = map[string]noren.Status{
	"TENTATIVE": noren.Tentative, "ACTIVE": noren.Active, "SUSPENDED": noren.Suspended, "LOST": noren.Lost,
	"LEFT": noren.Left, "MERGED": noren.Merged, "LEAVE": noren.Left,
	"0": noren.Active, "1": noren.Suspended, "2": noren.Lost, "3": noren.Left, "4": noren.Merged,
	"本会員": noren.Active, "仮会員": noren.Tentative, "利用可": noren.Active, "有効": noren.Active, "利用停止": noren.Suspended, "紛失": noren.Lost,
	"退会": noren.Left, "名寄せ": noren.Merged, "名寄せ済": noren.Merged,
}

const statusKnown = "TENTATIVE, ACTIVE, SUSPENDED, LOST, LEFT, MERGED, 0–4"

// storeName is how a line names a store.
type storeName struct {
	any  string // a name, else a code, else an id
	code string
	id   int64
}

func (n storeName) given() bool { return n != storeName{} }

// String returns the name as the line gave it.
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

// field returns the field in which the line names the store.
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

// find returns the store, or why it cannot be determined.
func (n storeName) find(stores []noren.Store) (noren.Store, *problem) {
	by := func(is func(noren.Store) bool) []noren.Store {
		return slices.DeleteFunc(slices.Clone(stores), func(s noren.Store) bool { return !is(s) })
	}
	var found []noren.Store
	switch {
	case n.id != 0:
		found = by(func(s noren.Store) bool { return s.ID == n.id })
	case n.code != "":
		found = by(func(s noren.Store) bool { return s.Code == n.code })
	default:
		found = by(func(s noren.Store) bool { return noren.FoldName(s.Name) == noren.FoldName(n.any) })
		if len(found) == 0 {
			found = by(func(s noren.Store) bool { return s.Code == n.any })
		}
		if id, wrong := cellInteger(n.any, 1, noren.MaxStoreID); len(found) == 0 && wrong == nil {
			found = by(func(s noren.Store) bool { return s.ID == id })
		}
	}
	switch len(found) {
	case 0:
		return noren.Store{}, &problem{noren.ReasonStoreUnknown, "", "no such store"}
	case 1:
		return found[0], nil
	default:
		return noren.Store{}, &problem{noren.ReasonAmbiguous, "", "more than one store has this name or code; give its id"}
	}
}
