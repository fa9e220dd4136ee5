package console

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"noren"
	"noren/web"
)

// memberField is a column that can be edited: how it is shown in the form, and how what is typed becomes part of a patch.
type memberField struct {
	name  string // canonical, which is also the field's in the form
	group string // the message that heads its part of the form
	kind  fieldKind
	most  int                              // characters; 0: the kind says
	shape string                           // a key of shapes; "": any text
	value func(m *noren.Member) string     // as it is typed
	set   func(*noren.MemberPatch, string) // "" clears
	must  bool                             // it cannot be cleared
}

// fieldKind says which control of a form a field has.
type fieldKind uint8

const (
	line fieldKind = iota
	area
	day
	pick
)

// shapes are the forms that texts have to have. They are those of the dialect that asks for most.
func shapes() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"phone":     regexp.MustCompile(`^[ -~]{1,20}$`),
		"mail":      regexp.MustCompile(`^[^\s@]+@[^\s@]+$`),
		"kana":      regexp.MustCompile("^[ァ-ヶ\u3000 -~ー\uff0d・]+$"),
		"printable": regexp.MustCompile(`^[ -~]+$`),
		"postal":    regexp.MustCompile(`^[0-9]{3}-?[0-9]{4}$`),
		"digits3":   regexp.MustCompile(`^[0-9]{3}$`),
		"digits4":   regexp.MustCompile(`^[0-9]{4}$`),
		"digits7":   regexp.MustCompile(`^[0-9]{7}$`),
	}
}

type (
	member = noren.Member
	patch  = noren.MemberPatch
)

// textColumn is a column of text that can be cleared.
func textColumn(name, group string, most int, ref func(*member) **string, field func(*patch) *noren.Field[string]) memberField {
	return memberField{
		name: name, group: group, most: most,
		value: func(m *member) string { return or(*ref(m)) },
		set: func(p *patch, typed string) {
			*field(p) = noren.Null[string]()
			if typed != "" {
				*field(p) = noren.Set(typed)
			}
		},
	}
}

// shaped gives the column a form.
func (f memberField) shaped(name string) memberField {
	f.shape = name
	return f
}

// long gives the column several lines.
func (f memberField) long() memberField {
	f.kind = area
	return f
}

func dateColumn(name, group string, ref func(*member) **noren.Date, field func(*patch) *noren.Field[noren.Date]) memberField {
	return memberField{
		name: name, group: group, kind: day, most: len("2006-01-02"),
		value: func(m *member) string { return or(*ref(m)) },
		set: func(p *patch, typed string) {
			*field(p) = noren.Null[noren.Date]()
			if typed != "" {
				*field(p) = noren.Set(noren.Date(typed))
			}
		},
	}
}

// groupMembership heads the part of the form in which ranks and the store are.
const groupMembership = "member.group_membership"

// refColumn names a rank by its id.
func refColumn(name string, ref func(*member) **int64, field func(*patch) *noren.Field[noren.Ref]) memberField {
	return memberField{
		name: name, group: groupMembership, kind: pick,
		value: func(m *member) string { return idText(*ref(m)) },
		set: func(p *patch, typed string) {
			*field(p) = noren.Null[noren.Ref]()
			if id, err := strconv.ParseInt(typed, 10, 64); err == nil {
				*field(p) = noren.Set(noren.Ref{ID: id})
			}
		},
	}
}

func flagColumn(name, group string, ref func(*member) *bool, field func(*patch) *noren.Field[bool]) memberField {
	return memberField{
		name: name, group: group, kind: pick, must: true,
		value: func(m *member) string { return strconv.FormatBool(*ref(m)) },
		set:   func(p *patch, typed string) { *field(p) = noren.Set(typed == "true") },
	}
}

func idText(id *int64) string {
	if id == nil {
		return ""
	}
	return strconv.FormatInt(*id, 10)
}

// memberFields is the form, field by field.
func memberFields() []memberField {
	return slices.Concat(personFields(), contactFields(), membershipFields(), otherFields())
}

func personFields() []memberField {
	const group = "member.group_person"
	return []memberField{
		textColumn("last_name", group, 85, func(m *member) **string { return &m.LastName }, func(p *patch) *noren.Field[string] { return &p.LastName }),
		textColumn("first_name", group, 85, func(m *member) **string { return &m.FirstName }, func(p *patch) *noren.Field[string] { return &p.FirstName }),
		textColumn("last_kana", group, 85, func(m *member) **string { return &m.LastKana }, func(p *patch) *noren.Field[string] { return &p.LastKana }).shaped("kana"),
		textColumn("first_kana", group, 85, func(m *member) **string { return &m.FirstKana }, func(p *patch) *noren.Field[string] { return &p.FirstKana }).shaped("kana"),
		{
			name: "sex", group: group, kind: pick,
			value: func(m *member) string { return string(m.Sex) },
			set:   func(p *patch, typed string) { p.Sex = noren.Set(noren.Sex(typed)) },
		},
		dateColumn("birth_date", group, func(m *member) **noren.Date { return &m.BirthDate }, func(p *patch) *noren.Field[noren.Date] { return &p.BirthDate }),
		textColumn("company", group, 85, func(m *member) **string { return &m.Company }, func(p *patch) *noren.Field[string] { return &p.Company }),
		textColumn("department", group, 85, func(m *member) **string { return &m.Department }, func(p *patch) *noren.Field[string] { return &p.Department }),
		textColumn("position", group, 85, func(m *member) **string { return &m.Position }, func(p *patch) *noren.Field[string] { return &p.Position }),
		textColumn("occupation", group, 20, func(m *member) **string { return &m.Occupation }, func(p *patch) *noren.Field[string] { return &p.Occupation }),
	}
}

func contactFields() []memberField {
	const group = "member.group_contact"
	return []memberField{
		textColumn("phone", group, 20, func(m *member) **string { return &m.Phone }, func(p *patch) *noren.Field[string] { return &p.Phone }).shaped("phone"),
		textColumn("mobile", group, 20, func(m *member) **string { return &m.Mobile }, func(p *patch) *noren.Field[string] { return &p.Mobile }).shaped("phone"),
		textColumn("fax", group, 20, func(m *member) **string { return &m.Fax }, func(p *patch) *noren.Field[string] { return &p.Fax }).shaped("phone"),
		textColumn("email", group, 100, func(m *member) **string { return &m.Email }, func(p *patch) *noren.Field[string] { return &p.Email }).shaped("mail"),
		textColumn("email2", group, 100, func(m *member) **string { return &m.Email2 }, func(p *patch) *noren.Field[string] { return &p.Email2 }).shaped("mail"),
		textColumn("email3", group, 100, func(m *member) **string { return &m.Email3 }, func(p *patch) *noren.Field[string] { return &p.Email3 }).shaped("mail"),
		flagColumn("mail_opt_in", group, func(m *member) *bool { return &m.MailOptIn }, func(p *patch) *noren.Field[bool] { return &p.MailOptIn }),
		textColumn("postal_code", group, 8, func(m *member) **string { return &m.PostalCode }, func(p *patch) *noren.Field[string] { return &p.PostalCode }).shaped("postal"),
		textColumn("prefecture", group, 10, func(m *member) **string { return &m.Prefecture }, func(p *patch) *noren.Field[string] { return &p.Prefecture }),
		textColumn("address1", group, 200, func(m *member) **string { return &m.Address1 }, func(p *patch) *noren.Field[string] { return &p.Address1 }),
		textColumn("address2", group, 200, func(m *member) **string { return &m.Address2 }, func(p *patch) *noren.Field[string] { return &p.Address2 }),
	}
}

func membershipFields() []memberField {
	const group = groupMembership
	code := textColumn("code", group, 20, func(m *member) **string { return new(&m.Code) }, func(p *patch) *noren.Field[string] { return &p.Code }).shaped("printable")
	code.must = true
	store := refColumn("store_id", func(m *member) **int64 { return &m.StoreID }, nil)
	store.set = func(p *patch, typed string) {
		p.Store = noren.Null[int64]()
		if id, err := strconv.ParseInt(typed, 10, 64); err == nil {
			p.Store = noren.Set(id)
		}
	}
	return []memberField{
		code,
		textColumn("alias_code", group, 50, func(m *member) **string { return &m.AliasCode }, func(p *patch) *noren.Field[string] { return &p.AliasCode }),
		textColumn("customer_no", group, 20, func(m *member) **string { return &m.CustomerNo }, func(p *patch) *noren.Field[string] { return &p.CustomerNo }).shaped("printable"),
		{
			name: "status", group: group, kind: pick, must: true,
			value: func(m *member) string { return string(m.Status) },
			set:   func(p *patch, typed string) { p.Status = noren.Set(noren.Status(typed)) },
		},
		store,
		refColumn("rank_id", func(m *member) **int64 { return &m.RankID }, func(p *patch) *noren.Field[noren.Ref] { return &p.Rank }),
		refColumn("minimum_rank_id", func(m *member) **int64 { return &m.MinimumRankID }, func(p *patch) *noren.Field[noren.Ref] { return &p.MinimumRank }),
		flagColumn("skip_next_check", group, func(m *member) *bool { return &m.SkipNextCheck }, func(p *patch) *noren.Field[bool] { return &p.SkipNextCheck }),
		refColumn("staff_rank_id", func(m *member) **int64 { return &m.StaffRankID }, func(p *patch) *noren.Field[noren.Ref] { return &p.StaffRank }),
		dateColumn("entry_date", group, func(m *member) **noren.Date { return &m.EntryDate }, func(p *patch) *noren.Field[noren.Date] { return &p.EntryDate }),
		dateColumn("leave_date", group, func(m *member) **noren.Date { return &m.LeaveDate }, func(p *patch) *noren.Field[noren.Date] { return &p.LeaveDate }),
		textColumn("note", group, 10_000, func(m *member) **string { return &m.Note }, func(p *patch) *noren.Field[string] { return &p.Note }).long(),
		textColumn("note2", group, 10_000, func(m *member) **string { return &m.Note2 }, func(p *patch) *noren.Field[string] { return &p.Note2 }).long(),
	}
}

func otherFields() []memberField {
	const group = "member.group_other"
	return []memberField{
		textColumn("alphabet_name", group, 85, func(m *member) **string { return &m.AlphabetName }, func(p *patch) *noren.Field[string] { return &p.AlphabetName }),
		textColumn("nationality", group, 85, func(m *member) **string { return &m.Nationality }, func(p *patch) *noren.Field[string] { return &p.Nationality }),
		textColumn("shopify_customer_id", group, 30, func(m *member) **string { return &m.ShopifyCustomerID }, func(p *patch) *noren.Field[string] { return &p.ShopifyCustomerID }).shaped("printable"),
		flagColumn("is_invoice_provider", group, func(m *member) *bool { return &m.IsInvoiceProvider }, func(p *patch) *noren.Field[bool] { return &p.IsInvoiceProvider }),
		textColumn("invoice_number", group, 20, func(m *member) **string { return &m.InvoiceNumber }, func(p *patch) *noren.Field[string] { return &p.InvoiceNumber }),
		textColumn("bank_code", group, 4, func(m *member) **string { return &m.BankCode }, func(p *patch) *noren.Field[string] { return &p.BankCode }).shaped("digits4"),
		textColumn("bank_branch_code", group, 3, func(m *member) **string { return &m.BankBranchCode }, func(p *patch) *noren.Field[string] { return &p.BankBranchCode }).shaped("digits3"),
		textColumn("bank_account_number", group, 7, func(m *member) **string { return &m.BankAccountNumber }, func(p *patch) *noren.Field[string] { return &p.BankAccountNumber }).shaped("digits7"),
		textColumn("bank_account_name", group, 30, func(m *member) **string { return &m.BankAccountName }, func(p *patch) *noren.Field[string] { return &p.BankAccountName }),
	}
}

// choices are the values that a field of the kind pick can have.
func (p *page) choices(c noren.Catalogue, name string) []choice {
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
			list = append(list, choice{idText(&r.ID), r.Name})
		}
		return list
	case "staff_rank_id":
		list := []choice{none}
		for _, r := range c.StaffRanks {
			list = append(list, choice{idText(&r.ID), r.Name})
		}
		return list
	case "store_id":
		list := []choice{{"", p.T("value.all_stores")}}
		for _, s := range c.Stores {
			list = append(list, choice{idText(&s.ID), s.Name})
		}
		return list
	}
	return []choice{{"true", p.T("value.yes")}, {"false", p.T("value.no")}}
}

// memberEdit is the form with what is in its fields, and what was in them when it was shown first.
type memberEdit struct {
	memberSeen
	fields     []memberField
	typed, was map[string]string
}

// editMember shows the form.
func (d *Console) editMember(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	e := memberEdit{memberSeen: m, fields: memberFields(), typed: make(map[string]string), was: make(map[string]string)}
	for _, f := range e.fields {
		e.typed[f.name] = f.value(&m.Member)
		e.was[f.name] = e.typed[f.name]
	}
	return p.show(ctx, memberEditPage(p, e))
}

// saveMember writes what was changed in the form, and only that: what others have changed meanwhile elsewhere stays. A
// field that both have changed is shown with both values, to be decided.
func (d *Console) saveMember(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	e := memberEdit{memberSeen: m, fields: memberFields(), typed: make(map[string]string), was: make(map[string]string)}
	change := noren.MemberPatch{ID: m.ID}
	patterns, changed := shapes(), false
	for _, f := range e.fields {
		stored := f.value(&m.Member)
		e.typed[f.name], e.was[f.name] = stored, stored
		if !p.form.Has(f.name) || !p.form.Has("was_"+f.name) {
			continue
		}
		typed, was := p.field(f.name), p.field("was_"+f.name)
		if typed == was || typed == stored {
			continue
		}
		e.typed[f.name] = typed
		switch {
		case stored != was:
			p.wrong(f.name, p.T("member.changed_meanwhile", p.columnValue(m, f.name, stored)))
		case p.fits(f, patterns, typed):
			f.set(&change, typed)
			changed = true
		}
	}
	if len(p.problems) == 0 && changed {
		_, _, err := d.Service.UpdateMembers(ctx, p.caller(), []noren.MemberPatch{change}, nil)
		if err != nil && !p.refused(err, map[string]string{
			"rank": "rank_id", "minimum_rank": "minimum_rank_id", "staff_rank": "staff_rank_id", "store": "store_id",
		}) {
			return web.Answer{}, err
		}
	}
	if len(p.problems) > 0 {
		return p.showAgain(ctx, memberEditPage(p, e))
	}
	return p.done("done.saved", memberPath(m.ID, "")), nil
}

// fits judges what was typed by itself, and notes what is wrong with it.
func (p *page) fits(f memberField, patterns map[string]*regexp.Regexp, typed string) bool {
	switch {
	case typed == "" && f.must:
		p.wrong(f.name, p.T("reason.required"))
	case typed == "":
	case f.most > 0 && utf8.RuneCountInString(typed) > f.most:
		p.wrong(f.name, p.T("reason.too_long", f.most))
	case f.kind == day:
		if _, err := noren.ParseDate(typed); err != nil {
			p.wrong(f.name, p.T("reason.not_a_date"))
		}
	case f.kind == pick && !p.offered(f.name, typed):
		p.wrong(f.name, p.T("reason.invalid"))
	case f.shape != "" && !patterns[f.shape].MatchString(typed):
		p.wrong(f.name, p.T("shape."+f.shape))
	}
	return p.problems[f.name] == ""
}

// offered reports whether the value may be picked, as far as that can be told without stored data: what names a rank or
// a store is judged with them.
func (p *page) offered(name, typed string) bool {
	switch name {
	case "rank_id", "minimum_rank_id", "staff_rank_id", "store_id":
		id, err := strconv.ParseInt(typed, 10, 64)
		return err == nil && id > 0
	}
	return slices.ContainsFunc(p.choices(noren.Catalogue{}, name), func(c choice) bool { return c.value == typed })
}

// inGroup lists the fields of one part of the form.
func (e memberEdit) inGroup(group string) []memberField {
	return slices.DeleteFunc(slices.Clone(e.fields), func(f memberField) bool { return f.group != group })
}

// groups are the parts of the form, in order.
func groups() []string {
	return []string{"member.group_person", "member.group_contact", groupMembership, "member.group_other"}
}
