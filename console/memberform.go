package console

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"noren"
	"noren/app/audit"
	"noren/app/stock"
	"noren/lenient"
	"noren/web"
)

// memberField is a column of the edit form: how it is shown, and how its content becomes part of a patch.
type memberField struct {
	name  string // of the column, and of the field in the form
	group string // the message above its part of the form
	kind  fieldKind
	most  int                                // characters; 0: no limit
	value func(m *member) string             // the stored value as people type it
	plain func(typed string) string          // what was typed, in the form in which it is judged and stored; nil: as it is
	set   func(*patch, string)               // "" clears the column
	wrong func(p *page, typed string) string // the problem of what was typed, which is not empty; "": none
	must  bool                               // it cannot be cleared
}

// fieldKind is the kind of control that a field has.
type fieldKind uint8

const (
	line fieldKind = iota
	area
	day
	pick
	digit
)

type (
	member = noren.Member
	patch  = noren.MemberPatch
)

// textColumn is a column of text that can be cleared. It is judged by the domain's rule.
func textColumn(name, group string, ref func(*member) **string, field func(*patch) *noren.Field[string]) memberField {
	rule := noren.StrictMemberTextRule(name)
	return memberField{
		name: name, group: group, most: rule.Most,
		value: func(m *member) string { return or(*ref(m)) },
		plain: func(typed string) string {
			text, repaired, _ := lenient.MemberText(name, typed)
			if repaired { // zeros get lost in files; who types a number has not finished it
				return lenient.Narrow(typed)
			}
			return text
		},
		set: optional(field, func(typed string) string { return typed }),
		wrong: func(p *page, typed string) string {
			if rule.Like == nil || rule.Like.MatchString(typed) {
				return ""
			}
			return p.T(shapeKey(name))
		},
	}
}

// shapeKey is the key of the message about the form of a text. Numbered columns, such as email2, share one message.
func shapeKey(name string) string { return "shape." + strings.TrimRight(name, "23") }

// optional sets a field of a patch to what was typed, or clears it.
func optional[T any](field func(*patch) *noren.Field[T], read func(string) T) func(*patch, string) {
	return func(p *patch, typed string) {
		*field(p) = noren.Null[T]()
		if typed != "" {
			*field(p) = noren.Set(read(typed))
		}
	}
}

// plainly returns the plain form of what was typed, or what was typed if it cannot be read.
func plainly[T any](read func(string) (T, *lenient.Wrong), text func(T) string) func(string) string {
	return func(typed string) string {
		v, wrong := read(typed)
		if wrong != nil {
			return typed
		}
		return text(v)
	}
}

// plainly returns the plain form of what was typed into the field.
func (f memberField) plainly(typed string) string {
	if f.plain == nil || typed == "" {
		return typed
	}
	return f.plain(typed)
}

// long makes the field a multi-line one.
func (f memberField) long() memberField {
	f.kind = area
	return f
}

// needed makes the field required.
func (f memberField) needed() memberField {
	f.must = true
	return f
}

// dateColumn is a column with a date, which can be cleared.
func dateColumn(name, group string, ref func(*member) **noren.Date, field func(*patch) *noren.Field[noren.Date]) memberField {
	read := func(_ *page, typed string) (noren.Date, *lenient.Wrong) { return lenient.Date(typed) }
	if name == "birth_date" {
		read = func(p *page, typed string) (noren.Date, *lenient.Wrong) {
			return lenient.Birthday(typed, noren.DateOf(p.console.Rooms.Now(), p.zone()))
		}
	}
	return memberField{
		name: name, group: group, kind: day,
		value: func(m *member) string { return or(*ref(m)) },
		plain: plainly(lenient.Date, func(day noren.Date) string { return string(day) }),
		set:   optional(field, func(typed string) noren.Date { return noren.Date(typed) }),
		wrong: func(p *page, typed string) string {
			switch _, wrong := read(p, typed); {
			case wrong == nil:
				return ""
			case wrong.Reason == noren.ReasonNotDate:
				return p.T("reason.not_a_date")
			case wrong.Reason == noren.ReasonShortYear:
				return p.T("reason.short_year")
			}
			return p.T("reason.not_a_birthday")
		},
	}
}

// groupMembership is the part of the form with the ranks and the store.
const groupMembership = "member.group_membership"

// idColumn is a column with an ID that is selected. The service checks whether the ID exists.
func idColumn[T any](name string, ref func(*member) **int64, field func(*patch) *noren.Field[T], of func(id int64) T) memberField {
	return memberField{
		name: name, group: groupMembership, kind: pick,
		value: func(m *member) string { return numberOr(*ref(m)) },
		set: optional(field, func(typed string) T {
			id, _ := strconv.ParseInt(typed, 10, 64) // wrong has checked it
			return of(id)
		}),
		wrong: func(p *page, typed string) string {
			if id, err := strconv.ParseInt(typed, 10, 64); err != nil || id <= 0 {
				return p.T("reason.invalid")
			}
			return ""
		},
	}
}

// refColumn is a column with a rank, selected by its ID.
func refColumn(name string, ref func(*member) **int64, field func(*patch) *noren.Field[noren.Ref]) memberField {
	return idColumn(name, ref, field, func(id int64) noren.Ref { return noren.Ref{ID: id} })
}

// wordColumn is a column with one of a few values.
func wordColumn(name, group string, value func(*member) string, set func(*patch, string)) memberField {
	return memberField{
		name: name, group: group, kind: pick, value: value, set: set,
		wrong: func(p *page, typed string) string {
			if !slices.ContainsFunc(p.choices(stock.Catalogue{}, name), func(c choice) bool { return c.value == typed }) {
				return p.T("reason.invalid")
			}
			return ""
		},
	}
}

// flagColumn is a column that is true or false. It is selected from two words instead of a checkbox, which a form sends only
// when ticked: an absent field must not count as false.
func flagColumn(name, group string, ref func(*member) *bool, field func(*patch) *noren.Field[bool]) memberField {
	return wordColumn(name, group,
		func(m *member) string { return strconv.FormatBool(*ref(m)) },
		func(p *patch, typed string) { *field(p) = noren.Set(typed == "true") }).needed()
}

// wholeNumber reads a number without limits of its own.
func wholeNumber(s string) (int64, *lenient.Wrong) {
	return lenient.Integer(s, math.MinInt64, math.MaxInt64)
}

// unitColumn is one half of the point giving unit, a number from least to most.
func unitColumn[T int64 | noren.Hundredths](
	name string, least, most T, text func(T) string, read func(string) (T, *lenient.Wrong), ref func(*member) **T, field func(*patch) *noren.Field[T],
) memberField {
	return memberField{
		name: name, group: groupMembership, kind: digit,
		value: func(m *member) string {
			if v := *ref(m); v != nil {
				return text(*v)
			}
			return ""
		},
		plain: plainly(read, text),
		set: optional(field, func(typed string) T {
			v, _ := read(typed) // wrong has checked it
			return v
		}),
		wrong: func(p *page, typed string) string {
			if v, wrong := read(typed); wrong != nil || v < least || v > most {
				return p.misread(wrong, p.T("reason.out_of_bounds", text(least), text(most)))
			}
			return ""
		},
	}
}

// memberFields are the fields of the form, in order.
func memberFields() []memberField {
	return slices.Concat(personFields(), contactFields(), membershipFields(), otherFields())
}

// personFields are the name, the company and what else describes the person.
func personFields() []memberField {
	const group = "member.group_person"
	return []memberField{
		textColumn("last_name", group, func(m *member) **string { return &m.LastName }, func(p *patch) *noren.Field[string] { return &p.LastName }),
		textColumn("first_name", group, func(m *member) **string { return &m.FirstName }, func(p *patch) *noren.Field[string] { return &p.FirstName }),
		textColumn("last_kana", group, func(m *member) **string { return &m.LastKana }, func(p *patch) *noren.Field[string] { return &p.LastKana }),
		textColumn("first_kana", group, func(m *member) **string { return &m.FirstKana }, func(p *patch) *noren.Field[string] { return &p.FirstKana }),
		wordColumn("sex", group, func(m *member) string { return string(m.Sex) }, func(p *patch, typed string) { p.Sex = noren.Set(noren.Sex(typed)) }),
		dateColumn("birth_date", group, func(m *member) **noren.Date { return &m.BirthDate }, func(p *patch) *noren.Field[noren.Date] { return &p.BirthDate }),
		textColumn("company", group, func(m *member) **string { return &m.Company }, func(p *patch) *noren.Field[string] { return &p.Company }),
		textColumn("department", group, func(m *member) **string { return &m.Department }, func(p *patch) *noren.Field[string] { return &p.Department }),
		textColumn("position", group, func(m *member) **string { return &m.Position }, func(p *patch) *noren.Field[string] { return &p.Position }),
		textColumn("occupation", group, func(m *member) **string { return &m.Occupation }, func(p *patch) *noren.Field[string] { return &p.Occupation }),
	}
}

// contactFields are the ways to reach the member.
func contactFields() []memberField {
	const group = "member.group_contact"
	return []memberField{
		textColumn("phone", group, func(m *member) **string { return &m.Phone }, func(p *patch) *noren.Field[string] { return &p.Phone }),
		textColumn("mobile", group, func(m *member) **string { return &m.Mobile }, func(p *patch) *noren.Field[string] { return &p.Mobile }),
		textColumn("fax", group, func(m *member) **string { return &m.Fax }, func(p *patch) *noren.Field[string] { return &p.Fax }),
		textColumn("email", group, func(m *member) **string { return &m.Email }, func(p *patch) *noren.Field[string] { return &p.Email }),
		textColumn("email2", group, func(m *member) **string { return &m.Email2 }, func(p *patch) *noren.Field[string] { return &p.Email2 }),
		textColumn("email3", group, func(m *member) **string { return &m.Email3 }, func(p *patch) *noren.Field[string] { return &p.Email3 }),
		flagColumn("mail_opt_in", group, func(m *member) *bool { return &m.MailOptIn }, func(p *patch) *noren.Field[bool] { return &p.MailOptIn }),
		textColumn("postal_code", group, func(m *member) **string { return &m.PostalCode }, func(p *patch) *noren.Field[string] { return &p.PostalCode }),
		prefectureColumn(group),
		textColumn("address1", group, func(m *member) **string { return &m.Address1 }, func(p *patch) *noren.Field[string] { return &p.Address1 }),
		textColumn("address2", group, func(m *member) **string { return &m.Address2 }, func(p *patch) *noren.Field[string] { return &p.Address2 }),
	}
}

// membershipFields are the codes, ranks, dates and notes of the membership.
func membershipFields() []memberField {
	const group = groupMembership
	return []memberField{
		textColumn("code", group, func(m *member) **string { return new(&m.Code) }, func(p *patch) *noren.Field[string] { return &p.Code }).needed(),
		textColumn("alias_code", group, func(m *member) **string { return &m.AliasCode }, func(p *patch) *noren.Field[string] { return &p.AliasCode }),
		textColumn("customer_no", group, func(m *member) **string { return &m.CustomerNo }, func(p *patch) *noren.Field[string] { return &p.CustomerNo }),
		wordColumn("status", group,
			func(m *member) string { return string(m.Status) },
			func(p *patch, typed string) { p.Status = noren.Set(noren.Status(typed)) }).needed(),
		idColumn("store_id", func(m *member) **int64 { return &m.StoreID }, func(p *patch) *noren.Field[int64] { return &p.Store }, func(id int64) int64 { return id }),
		refColumn("rank_id", func(m *member) **int64 { return &m.RankID }, func(p *patch) *noren.Field[noren.Ref] { return &p.Rank }),
		refColumn("minimum_rank_id", func(m *member) **int64 { return &m.MinimumRankID }, func(p *patch) *noren.Field[noren.Ref] { return &p.MinimumRank }),
		flagColumn("skip_next_check", group, func(m *member) *bool { return &m.SkipNextCheck }, func(p *patch) *noren.Field[bool] { return &p.SkipNextCheck }),
		refColumn("staff_rank_id", func(m *member) **int64 { return &m.StaffRankID }, func(p *patch) *noren.Field[noren.Ref] { return &p.StaffRank }),
		unitColumn("point_unit_price", 1, noren.MaxUnitPrice, number, wholeNumber, func(m *member) **int64 { return &m.PointUnitPrice }, func(p *patch) *noren.Field[int64] { return &p.PointUnitPrice }),
		unitColumn("point_unit", 0, noren.MaxUnit, noren.Hundredths.String, lenient.Hundredths, func(m *member) **noren.Hundredths { return &m.PointUnit }, func(p *patch) *noren.Field[noren.Hundredths] { return &p.PointUnit }),
		textColumn("pin", group, func(m *member) **string { return &m.PIN }, func(p *patch) *noren.Field[string] { return &p.PIN }),
		dateColumn("entry_date", group, func(m *member) **noren.Date { return &m.EntryDate }, func(p *patch) *noren.Field[noren.Date] { return &p.EntryDate }),
		dateColumn("leave_date", group, func(m *member) **noren.Date { return &m.LeaveDate }, func(p *patch) *noren.Field[noren.Date] { return &p.LeaveDate }),
		textColumn("note", group, func(m *member) **string { return &m.Note }, func(p *patch) *noren.Field[string] { return &p.Note }).long(),
		textColumn("note2", group, func(m *member) **string { return &m.Note2 }, func(p *patch) *noren.Field[string] { return &p.Note2 }).long(),
	}
}

// otherFields are the fields that few shops use.
func otherFields() []memberField {
	const group = "member.group_other"
	return []memberField{
		textColumn("alphabet_name", group, func(m *member) **string { return &m.AlphabetName }, func(p *patch) *noren.Field[string] { return &p.AlphabetName }),
		textColumn("nationality", group, func(m *member) **string { return &m.Nationality }, func(p *patch) *noren.Field[string] { return &p.Nationality }),
		textColumn("passport_no", group, func(m *member) **string { return &m.PassportNo }, func(p *patch) *noren.Field[string] { return &p.PassportNo }),
		textColumn("line_user_id", group, func(m *member) **string { return &m.LineUserID }, func(p *patch) *noren.Field[string] { return &p.LineUserID }),
		textColumn("shopify_customer_id", group, func(m *member) **string { return &m.ShopifyCustomerID }, func(p *patch) *noren.Field[string] { return &p.ShopifyCustomerID }),
		textColumn("favorites", group, func(m *member) **string { return &m.Favorites }, func(p *patch) *noren.Field[string] { return &p.Favorites }).long(),
		textColumn("browsing", group, func(m *member) **string { return &m.Browsing }, func(p *patch) *noren.Field[string] { return &p.Browsing }).long(),
		flagColumn("is_invoice_provider", group, func(m *member) *bool { return &m.IsInvoiceProvider }, func(p *patch) *noren.Field[bool] { return &p.IsInvoiceProvider }),
		textColumn("invoice_number", group, func(m *member) **string { return &m.InvoiceNumber }, func(p *patch) *noren.Field[string] { return &p.InvoiceNumber }),
		textColumn("bank_code", group, func(m *member) **string { return &m.BankCode }, func(p *patch) *noren.Field[string] { return &p.BankCode }),
		textColumn("bank_branch_code", group, func(m *member) **string { return &m.BankBranchCode }, func(p *patch) *noren.Field[string] { return &p.BankBranchCode }),
		textColumn("bank_account_number", group, func(m *member) **string { return &m.BankAccountNumber }, func(p *patch) *noren.Field[string] { return &p.BankAccountNumber }),
		textColumn("bank_account_name", group, func(m *member) **string { return &m.BankAccountName }, func(p *patch) *noren.Field[string] { return &p.BankAccountName }),
	}
}

// choices are the values of a select field.
func (p *page) choices(c stock.Catalogue, name string) []choice {
	none := choice{"", p.T("value.none")}
	switch name {
	case "sex":
		return []choice{
			{"", p.T("sex.unknown")}, {string(noren.Female), p.T("sex.FEMALE")}, {string(noren.Male), p.T("sex.MALE")}, {string(noren.OtherSex), p.T("sex.OTHER")},
		}
	case "status":
		var list []choice
		for _, s := range noren.Statuses() {
			list = append(list, choice{string(s), p.T("status." + string(s))})
		}
		return list
	case "rank_id", "minimum_rank_id":
		list := []choice{none}
		for _, r := range c.Ranks {
			list = append(list, choice{number(r.ID), withCode(r.Name, r.Code)})
		}
		return list
	case "staff_rank_id":
		list := []choice{none}
		for _, r := range c.StaffRanks {
			list = append(list, choice{number(r.ID), withCode(r.Name, r.Code)})
		}
		return list
	case "store_id":
		list := []choice{{"", p.T("value.all_stores")}}
		for _, s := range c.Stores {
			list = append(list, choice{number(s.ID), s.Name})
		}
		return list
	}
	return []choice{{"true", p.flag(name, true)}, {"false", p.flag(name, false)}}
}

// flag is a value of a column that is true or false, in the column's own words if it has any.
func (p *page) flag(column string, value bool) string {
	answer := "no"
	if value {
		answer = "yes"
	}
	if key := column + "." + answer; p.console.words[key] != (text{}) {
		return p.T(key)
	}
	return p.T("value." + answer)
}

// memberEdit is the form with the content of its fields, and with the stored values it is based on.
type memberEdit struct {
	memberSeen
	fields     []memberField
	typed, was map[string]string
}

// formFields are the fields of the form that the user may change. The others are neither shown nor sent along.
func (p *page) formFields() []memberField {
	return slices.DeleteFunc(memberFields(), func(f memberField) bool { return !p.caller().MayChange(f.name) })
}

// editMember shows the form.
func (d *Console) editMember(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	e := memberEdit{memberSeen: m, fields: p.formFields(), typed: make(map[string]string), was: make(map[string]string)}
	for _, f := range e.fields {
		e.typed[f.name] = f.value(&m.Member)
		e.was[f.name] = e.typed[f.name]
	}
	return p.show(ctx, memberEditPage(p, e))
}

// saveMember writes the fields that were changed in the form, and only those: changes of others to other fields stay. A
// field that both have changed is shown with both values, for the user to decide.
//
// The transaction decides whether somebody else was faster, on locked rows. The member is read before only to compare the
// form with it; if the member changes between the two, the form is checked again against the new values.
func (d *Console) saveMember(ctx context.Context, p *page) (web.Answer, error) {
	for tries := 1; ; tries++ {
		m, err := d.seeMember(ctx, p)
		if err != nil {
			return web.Answer{}, err
		}
		e, change, overtaken := p.readMember(m)
		if change != nil && len(p.problems) == 0 && len(overtaken) == 0 {
			_, _, err := d.Rooms.Members.Update(ctx, p.caller(), []noren.MemberPatch{*change}, nil)
			columns := changedMeanwhile(err, func(e *noren.Error) string { return e.Field })
			if len(columns) > 0 && tries < mostTries {
				continue
			}
			overtaken = columns
			if err != nil && len(columns) == 0 && !p.refused(err, memberRefs()) {
				return web.Answer{}, err
			}
		}
		if len(overtaken) > 0 {
			if err := d.tellOvertaken(ctx, p, e, overtaken); err != nil {
				return web.Answer{}, err
			}
		}
		if len(p.problems) > 0 {
			return p.showAgain(ctx, memberEditPage(p, e))
		}
		return p.done("done.saved", memberPath(m.ID, "")), nil
	}
}

// memberRefs maps the names of a patch's references to those of their fields.
func memberRefs() map[string]string {
	return map[string]string{"rank": "rank_id", "minimum_rank": "minimum_rank_id", "staff_rank": "staff_rank_id", "store": "store_id"}
}

// mostTries is how often a form is checked again because the stored values changed in between.
const mostTries = 3

// changedMeanwhile lists the fields, by their names in the form, for which the service refused the form because somebody
// else has changed them.
func changedMeanwhile(err error, name func(*noren.Error) string) (fields []string) {
	refused, _ := errors.AsType[noren.Refusals](err)
	for _, e := range refused {
		if e.Reason == noren.ReasonChanged {
			fields = append(fields, name(e))
		}
	}
	return fields
}

// readMember reads the form. It returns the content of the fields, the patch, which is nil if nothing was changed, and the
// fields that somebody else has changed since the form was shown.
func (p *page) readMember(m memberSeen) (e memberEdit, change *noren.MemberPatch, overtaken []string) {
	e = memberEdit{memberSeen: m, fields: p.formFields(), typed: make(map[string]string), was: make(map[string]string)}
	patch := noren.MemberPatch{ID: m.ID, Seen: &m.Member}
	for _, f := range e.fields {
		stored := f.value(&m.Member)
		e.typed[f.name], e.was[f.name] = stored, stored
		if !p.form.Has(f.name) || !p.form.Has("was_"+f.name) {
			continue
		}
		// Fields are trimmed when they are read, so the stored value is compared trimmed too.
		typed, was, now := p.field(f.name), p.field("was_"+f.name), asTyped(stored)
		// Only what was changed in the form is judged and written; a user who typed what is stored by now agrees with whoever was faster.
		if typed == was || typed == now {
			continue
		}
		if typed = f.plainly(typed); typed == now {
			continue
		}
		e.typed[f.name] = typed
		switch {
		case now != was:
			overtaken = append(overtaken, f.name)
		case p.fits(f, typed):
			f.set(&patch, typed)
			change = &patch
		}
	}
	// Both halves of the point giving unit are written together, even if only one was changed.
	if patch.PointUnit.Given() != patch.PointUnitPrice.Given() {
		for _, f := range e.fields {
			if f.kind == digit {
				f.set(&patch, e.typed[f.name])
			}
		}
	}
	return e, change, overtaken
}

// tellOvertaken records at each field who has changed it, if that is known, and its current value.
func (d *Console) tellOvertaken(ctx context.Context, p *page, e memberEdit, fields []string) error {
	last, err := d.Rooms.Members.LastChanges(ctx, p.caller(), e.ID)
	if err != nil {
		return err
	}
	for _, f := range fields {
		p.wrong(f, p.changedBy(last[f], p.columnValue(e.memberSeen, f, e.was[f])))
	}
	return nil
}

// changedBy is the sentence about who has changed a field in the meantime, with its current value.
func (p *page) changedBy(last audit.LastChange, now string) string {
	who := last.Client
	if who == "" {
		who = p.author(last.Entry, nil)
	}
	if who == "" {
		who = p.T("author.somebody")
	}
	return p.T("form.changed_meanwhile", who, now)
}

// fits checks the content of a field and records its problem.
func (p *page) fits(f memberField, typed string) bool {
	var problem string
	switch {
	case typed == "" && f.must:
		problem = p.T("reason.required")
	case typed == "":
	case f.most > 0 && utf8.RuneCountInString(typed) > f.most:
		problem = p.T("reason.too_long", f.most)
	default:
		problem = f.wrong(p, typed)
	}
	if problem != "" {
		p.wrong(f.name, problem)
	}
	return problem == ""
}

// inGroup lists the fields of one part of the form.
func (e memberEdit) inGroup(group string) []memberField {
	return slices.DeleteFunc(slices.Clone(e.fields), func(f memberField) bool { return f.group != group })
}

// groups are the parts of the form, in order.
func groups() []string {
	return []string{"member.group_person", "member.group_contact", groupMembership, "member.group_other"}
}

// prefectureColumn is chosen from a list: the text is stored.
func prefectureColumn(group string) memberField {
	f := textColumn("prefecture", group, func(m *member) **string { return &m.Prefecture }, func(p *patch) *noren.Field[string] { return &p.Prefecture })
	f.wrong = func(p *page, typed string) string {
		if !slices.Contains(noren.Prefectures(), typed) {
			return p.T("reason.invalid")
		}
		return ""
	}
	return f
}

// prefectureChoices returns the prefectures, and the stored text if it is not a prefecture: APIs may store any text.
func prefectureChoices(stored string) []choice {
	list := []choice{{"", "–"}}
	known := noren.Prefectures()
	if stored != "" && !slices.Contains(known, stored) {
		list = append(list, choice{stored, stored})
	}
	for _, name := range known {
		list = append(list, choice{name, name})
	}
	return list
}
