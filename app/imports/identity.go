package imports

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/lenient"
)

// identify refuses a line whose number names somebody else here, or may do so: a file never changes a stored person by a number
// alone. by is the field that the member was found by.
func (p *memberPlan) identify(m *memberLine, planned *plannedMember, by string, n int) {
	name := m.names()
	stored := planned.before
	// A file in Shift_JIS shows some letters otherwise than they are stored.
	if p.shownAs(noren.Deref(stored.LastName), name.last) {
		name.last = noren.Deref(stored.LastName)
	}
	if p.shownAs(noren.Deref(stored.FirstName), name.first) {
		name.first = noren.Deref(stored.FirstName)
	}
	code, coded := m.patch.Code.Value()
	named := p.judgeName(by, name, stored)
	replaces := func(other noren.ImportProblem) {
		other.Reason = noren.ReasonNameDiffers
		other.Message = fmt.Sprintf("the member whom this names is stored as %s; the line replaces the name", other.Limit)
		p.outcomes[n].remarks = append(p.outcomes[n].remarks, other)
	}
	switch {
	case planned.place != 0 || p.By == ByID || by == fieldID && coded && p.shownAs(stored.Code, code):
	case (by == fieldID || by == fieldEmail) && named == anotherName:
		m.problems = append(m.problems, m.otherPerson(by, stored))
	case by == fieldID && !p.ownIDs() && !m.supports(stored):
		m.problems = append(m.problems, problem{
			noren.ReasonNumberAlone, "",
			"nothing beside this number shows that it is the same member; import with --by id if it is, or with --by code",
		}.in(m.number, by, m.keyText(by)))
	case named == sameReading:
		replaces(m.otherPerson(by, stored))
	case by == fieldID || by == fieldEmail:
	case named != sameName:
		other, foreign, married := m.otherPerson(by, stored), p.Foreign(), name.married(stored)
		switch {
		case foreign && !married:
			m.problems = append(m.problems, other)
			return
		case !foreign && married:
			return
		}
		replaces(other)
	}
}

// otherPerson is why a line is refused whose key, in the column by, is that of a member with another name.
func (m *memberLine) otherPerson(by string, stored noren.Member) noren.ImportProblem {
	name := m.names()
	known := whole(noren.Deref(stored.LastName), noren.Deref(stored.FirstName))
	way, other := ByID, "leave this cell empty for another member"
	switch by {
	case fieldCode:
		way = ByCode
	case fieldID:
		other += " or import with --by code"
	}
	return problem{noren.ReasonOtherPerson, noren.Shortened(known, maxProblemValue), fmt.Sprintf(
		"the member whom this names is stored as %s; correct the line, %s, or import with --by %s if it is the same", known, other, way,
	)}.in(m.number, by, whole(m.keyText(by), whole(name.last, name.first)))
}

// whole returns both parts of a name with a blank between them.
func whole(last, first string) string { return strings.TrimSpace(last + " " + first) }

// keyText is the key that the line gives in the column.
func (m *memberLine) keyText(by string) string {
	switch by {
	case fieldID:
		return strconv.FormatInt(m.patch.ID, 10)
	case fieldEmail:
		return noren.Deref(m.patch.Email.Ptr())
	}
	return noren.Deref(uniqueFields(&m.patch)[by].Ptr())
}

// ownIDs reports whether the file calls the column of ids as we do, and is not another system's.
func (r run) ownIDs() bool {
	return !r.Foreign() && slices.ContainsFunc(r.Columns, func(c noren.ImportColumn) bool {
		return c.Field == fieldID && strings.EqualFold(strings.TrimSpace(c.Header), fieldID)
	})
}

// names returns the family and the given name that the line gives, with their reading.
func (m *memberLine) names() (n personName) {
	n.last, n.first = parts(m.fullName, m.patch.LastName, m.patch.FirstName)
	n.lastKana, n.firstKana = parts(m.fullKana, m.patch.LastKana, m.patch.FirstKana)
	return n
}

// parts returns both parts of a name that is in one column or in two.
func parts(whole string, inLast, inFirst noren.Field[string]) (last, first string) {
	if whole != "" {
		return splitName(whole)
	}
	last, _ = inLast.Value()
	first, _ = inFirst.Value()
	if first == "" {
		return splitName(last) // people write the whole name there
	}
	return last, first
}

// supports reports whether something in the line beside the number is what the stored member has.
func (m *memberLine) supports(stored noren.Member) bool {
	if m.names().agrees(stored) {
		return true
	}
	same := func(f noren.Field[string], stored *string) bool {
		v, ok := f.Value()
		return ok && v != "" && stored != nil && strings.EqualFold(v, *stored)
	}
	dialled := func(f noren.Field[string]) bool {
		v, _ := f.Value()
		number := lenient.Dialled(v)
		return number != "" && (number == lenient.Dialled(noren.Deref(stored.Phone)) || number == lenient.Dialled(noren.Deref(stored.Mobile)))
	}
	return same(m.patch.AliasCode, stored.AliasCode) || same(m.patch.CustomerNo, stored.CustomerNo) || same(m.patch.Email, stored.Email) ||
		dialled(m.patch.Phone) || dialled(m.patch.Mobile) || same(m.patch.ShopifyCustomerID, stored.ShopifyCustomerID)
}

// splitName splits a name at its first blank; without one all of it is the family name.
func splitName(name string) (last, first string) {
	parts := strings.Fields(name) // by any blank, full-width ones too
	if len(parts) < 2 {
		return name, ""
	}
	return parts[0], strings.Join(parts[1:], " ")
}

// keepWhole drops a name that is in the column of the family name as a whole, where the member has it in two.
func (m *memberLine) keepWhole(now *noren.Member) {
	for _, name := range []struct {
		last, first         *noren.Field[string]
		hasLast, hasFirst   *string
		lastName, firstName string
	}{
		{&m.patch.LastName, &m.patch.FirstName, now.LastName, now.FirstName, fieldLastName, fieldFirstName},
		{&m.patch.LastKana, &m.patch.FirstKana, now.LastKana, now.FirstKana, "last_kana", "first_kana"},
	} {
		last, _ := name.last.Value()
		if first, _ := name.first.Value(); first == "" && noren.Deref(name.hasFirst) != "" && sameWhole(last, "", name.hasLast, name.hasFirst) {
			*name.last, *name.first = noren.Field[string]{}, noren.Field[string]{}
			delete(m.raw, name.lastName)
			m.forget(name.lastName)
		}
	}
}

// spread puts names that are in one column into the patch. A name without a blank that is the stored one as a whole changes nothing.
func (p *memberPlan) spread(m *memberLine, planned *plannedMember, n int) {
	for _, whole := range []struct {
		field, text         string
		last, first         *noren.Field[string]
		hasLast, hasFirst   *string
		lastName, firstName string
	}{
		{
			fieldFullName, m.fullName, &m.patch.LastName, &m.patch.FirstName, planned.after.LastName, planned.after.FirstName,
			fieldLastName, fieldFirstName,
		},
		{
			fieldFullKana, m.fullKana, &m.patch.LastKana, &m.patch.FirstKana, planned.after.LastKana, planned.after.FirstKana,
			"last_kana", "first_kana",
		},
	} {
		switch {
		case whole.text == "" || foldPerson(whole.text) == foldPerson(noren.Deref(whole.hasLast)+noren.Deref(whole.hasFirst)):
			continue
		case whole.last.Given() || whole.first.Given():
			if parts := noren.Deref(whole.last.Ptr()) + " " + noren.Deref(whole.first.Ptr()); foldPerson(parts) != foldPerson(whole.text) {
				m.problems = append(m.problems, problem{
					noren.ReasonTwice, noren.Shortened(parts, maxProblemValue),
					"does not agree with " + strconv.Quote(parts) + " in other columns; give the name in one column or in two",
				}.in(m.number, whole.field, whole.text))
			}
			continue
		}
		last, first := splitName(whole.text)
		m.readText(whole.last, whole.lastName, last)
		if first != "" {
			m.readText(whole.first, whole.firstName, first)
			continue
		}
		p.outcomes[n].remarks = append(p.outcomes[n].remarks, noren.ImportProblem{
			Line: m.number, Field: whole.field, Value: whole.text, Reason: noren.ReasonNotSplit,
			Message: "there is no blank to split the name at, so the whole is the family name",
		})
	}
}

// shownAs reports whether the cell is how a file shows the stored text: without blanks around it, with the line ends of files and,
// in Shift_JIS, with what it has for letters that it lacks. What a file only shows otherwise is never written back.
func (r run) shownAs(stored, cell string) bool {
	clean := func(s string) string {
		return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
	}
	if noren.Trimmed(clean(stored)) == noren.Trimmed(clean(cell)) {
		return true
	}
	if r.Encoding != shiftJIS {
		return false
	}
	// What cannot be seen at the edges is cut off where Shift_JIS has it, and else shown as a lost letter, which stays.
	all, shown := []rune(lookAlikes.Replace(clean(stored))), []rune(lookAlikes.Replace(noren.Trimmed(clean(cell))))
	for from := 0; from+len(shown) <= len(all); from++ {
		to := from + len(shown)
		if noren.Trimmed(string(all[:from])+string(all[to:])) == "" && slices.EqualFunc(all[from:to], shown, func(stored, shown rune) bool {
			return stored == shown || shown == lostLetter
		}) {
			return true
		}
	}
	return false
}

const (
	shiftJIS   = "Shift_JIS" // as package csvfile calls the encoding
	lostLetter = '〓'         // what exports in Shift_JIS have for letters that it lacks
)

// lookAlikes turns letters that Shift_JIS has under two code points into one.
var lookAlikes = strings.NewReplacer("\u301c", "\uff5e", "\u2212", "\uff0d", "\u2016", "\u2225", "\u00a5", "\uffe5", "\u2014", "\u2015",
	"\u00a2", "\uffe0", "\u00a3", "\uffe1", "\u00ac", "\uffe2", "\u203e", "\uffe3")

// keep takes out of the patch what the file only shows as the member has it already, and refuses letters that are lost.
func (p *memberPlan) keep(m *memberLine, planned *plannedMember, isNew bool) {
	patch := reflect.ValueOf(&m.patch).Elem()
	for column, cell := range m.raw {
		f, ok := reflect.TypeAssert[*noren.Field[string]](patch.Field(patchFields[column]).Addr())
		if !ok || !f.Given() {
			continue
		}
		stored := ""
		if !isNew {
			stored = memberText(&planned.after, column)
		}
		if stored != "" && p.shownAs(stored, cell) {
			*f = noren.Set(stored)
			m.forget(column)
			continue
		}
		if p.Encoding == shiftJIS && strings.ContainsRune(cell, lostLetter) {
			m.refuse(noren.ReasonLostLetter, column, cell, "〓 stands for a letter that Shift_JIS lacks; write the letter in a file in UTF-8")
		}
	}
	if !isNew {
		p.keepNames(m, planned.after)
	}
}

// forget drops doubts about a column that stays as it is.
func (m *memberLine) forget(column string) {
	for i, v := range slices.Backward(m.doubtful) {
		if v.Field == column {
			m.doubtful, m.patch.Doubts = slices.Delete(m.doubtful, i, i+1), slices.Delete(m.patch.Doubts, i, i+1)
		}
	}
	m.repaired = slices.DeleteFunc(m.repaired, func(r noren.ImportProblem) bool { return r.Field == column })
}

// keepNames drops the names of ranks and of the store where they are those that the member has.
func (p *memberPlan) keepNames(m *memberLine, now noren.Member) {
	if now.RankID != nil && m.rank.name != "" && p.shownAs(p.nameOf("rank_id", *now.RankID), m.rank.name) {
		m.rank = rankName{}
	}
	if now.StaffRankID != nil && m.staff.name != "" && p.shownAs(p.nameOf("staff_rank_id", *now.StaffRankID), m.staff.name) {
		m.staff = rankName{}
	}
	if now.MinimumRankID != nil && m.minimum.name != "" && p.shownAs(p.nameOf("minimum_rank_id", *now.MinimumRankID), m.minimum.name) {
		m.minimum = rankName{}
	}
	switch {
	case m.store.any == "":
	case now.StoreID == nil && allStores(m.store.any), // although a store may have this name
		now.StoreID != nil && p.shownAs(p.nameOf("store_id", *now.StoreID), m.store.any):
		m.store = storeName{}
	}
}

// allStores are the words by which files say that a member belongs to no particular store.
func allStores(cell string) bool {
	return slices.Contains([]string{
		"全店舗", "すべての店舗", "全ての店舗", "店舗指定なし", "all stores", "no specific store",
	}, strings.ToLower(lenient.Narrow(cell)))
}
