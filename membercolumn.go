package noren

// MemberColumn ties together the three places where a member's column lives: the stored Member, the MemberPatch
// that changes it, and its canonical name, which is also the name in the schema, the shop file and the audit log.
type MemberColumn struct {
	Name string
	// Ref points to the column inside m, for a store to scan into and to read from.
	Ref func(m *Member) any
	// Equal reports whether a and b hold the same value.
	Equal func(a, b *Member) bool

	apply func(*Member, *MemberPatch)
}

// MemberColumns lists the columns of a member but its id and its two times, in the order of the schema.
func MemberColumns() []MemberColumn { return memberColumns }

// ChangedColumns lists the columns in which a and b differ.
func ChangedColumns(a, b *Member) []MemberColumn {
	var changed []MemberColumn
	for _, c := range memberColumns {
		if !c.Equal(a, b) {
			changed = append(changed, c)
		}
	}
	return changed
}

var memberColumns = []MemberColumn{
	required("code", func(m *Member) *string { return &m.Code }, func(p *MemberPatch) *Field[string] { return &p.Code }),
	optional("alias_code", func(m *Member) **string { return &m.AliasCode }, func(p *MemberPatch) *Field[string] { return &p.AliasCode }),
	optional("customer_no", func(m *Member) **string { return &m.CustomerNo }, func(p *MemberPatch) *Field[string] { return &p.CustomerNo }),
	optional("last_name", func(m *Member) **string { return &m.LastName }, func(p *MemberPatch) *Field[string] { return &p.LastName }),
	optional("first_name", func(m *Member) **string { return &m.FirstName }, func(p *MemberPatch) *Field[string] { return &p.FirstName }),
	optional("last_kana", func(m *Member) **string { return &m.LastKana }, func(p *MemberPatch) *Field[string] { return &p.LastKana }),
	optional("first_kana", func(m *Member) **string { return &m.FirstKana }, func(p *MemberPatch) *Field[string] { return &p.FirstKana }),
	optional("postal_code", func(m *Member) **string { return &m.PostalCode }, func(p *MemberPatch) *Field[string] { return &p.PostalCode }),
	optional("prefecture", func(m *Member) **string { return &m.Prefecture }, func(p *MemberPatch) *Field[string] { return &p.Prefecture }),
	optional("address1", func(m *Member) **string { return &m.Address1 }, func(p *MemberPatch) *Field[string] { return &p.Address1 }),
	optional("address2", func(m *Member) **string { return &m.Address2 }, func(p *MemberPatch) *Field[string] { return &p.Address2 }),
	optional("phone", func(m *Member) **string { return &m.Phone }, func(p *MemberPatch) *Field[string] { return &p.Phone }),
	optional("fax", func(m *Member) **string { return &m.Fax }, func(p *MemberPatch) *Field[string] { return &p.Fax }),
	optional("mobile", func(m *Member) **string { return &m.Mobile }, func(p *MemberPatch) *Field[string] { return &p.Mobile }),
	optional("email", func(m *Member) **string { return &m.Email }, func(p *MemberPatch) *Field[string] { return &p.Email }),
	optional("email2", func(m *Member) **string { return &m.Email2 }, func(p *MemberPatch) *Field[string] { return &p.Email2 }),
	optional("email3", func(m *Member) **string { return &m.Email3 }, func(p *MemberPatch) *Field[string] { return &p.Email3 }),
	optional("company", func(m *Member) **string { return &m.Company }, func(p *MemberPatch) *Field[string] { return &p.Company }),
	optional("department", func(m *Member) **string { return &m.Department }, func(p *MemberPatch) *Field[string] { return &p.Department }),
	optional("position", func(m *Member) **string { return &m.Position }, func(p *MemberPatch) *Field[string] { return &p.Position }),
	optional("occupation", func(m *Member) **string { return &m.Occupation }, func(p *MemberPatch) *Field[string] { return &p.Occupation }),
	required("sex", func(m *Member) *Sex { return &m.Sex }, func(p *MemberPatch) *Field[Sex] { return &p.Sex }),
	optional("birth_date", func(m *Member) **Date { return &m.BirthDate }, func(p *MemberPatch) *Field[Date] { return &p.BirthDate }),
	optional("entry_date", func(m *Member) **Date { return &m.EntryDate }, func(p *MemberPatch) *Field[Date] { return &p.EntryDate }),
	optional("leave_date", func(m *Member) **Date { return &m.LeaveDate }, func(p *MemberPatch) *Field[Date] { return &p.LeaveDate }),
	optional("point_unit_price", func(m *Member) **int64 { return &m.PointUnitPrice }, func(p *MemberPatch) *Field[int64] { return &p.PointUnitPrice }),
	optional("point_unit", func(m *Member) **Hundredths { return &m.PointUnit }, func(p *MemberPatch) *Field[Hundredths] { return &p.PointUnit }),
	optional("pin", func(m *Member) **string { return &m.PIN }, func(p *MemberPatch) *Field[string] { return &p.PIN }),
	optional("passport_no", func(m *Member) **string { return &m.PassportNo }, func(p *MemberPatch) *Field[string] { return &p.PassportNo }),
	optional("nationality", func(m *Member) **string { return &m.Nationality }, func(p *MemberPatch) *Field[string] { return &p.Nationality }),
	optional("alphabet_name", func(m *Member) **string { return &m.AlphabetName }, func(p *MemberPatch) *Field[string] { return &p.AlphabetName }),
	required("mail_opt_in", func(m *Member) *bool { return &m.MailOptIn }, func(p *MemberPatch) *Field[bool] { return &p.MailOptIn }),
	optional("note", func(m *Member) **string { return &m.Note }, func(p *MemberPatch) *Field[string] { return &p.Note }),
	optional("note2", func(m *Member) **string { return &m.Note2 }, func(p *MemberPatch) *Field[string] { return &p.Note2 }),
	optional("favorites", func(m *Member) **string { return &m.Favorites }, func(p *MemberPatch) *Field[string] { return &p.Favorites }),
	optional("browsing", func(m *Member) **string { return &m.Browsing }, func(p *MemberPatch) *Field[string] { return &p.Browsing }),
	required("status", func(m *Member) *Status { return &m.Status }, func(p *MemberPatch) *Field[Status] { return &p.Status }),
	derived("rank_id", func(m *Member) **int64 { return &m.RankID }),
	derived("staff_rank_id", func(m *Member) **int64 { return &m.StaffRankID }),
	derived("store_id", func(m *Member) **int64 { return &m.StoreID }),
	required("is_invoice_provider", func(m *Member) *bool { return &m.IsInvoiceProvider }, func(p *MemberPatch) *Field[bool] { return &p.IsInvoiceProvider }),
	optional("invoice_number", func(m *Member) **string { return &m.InvoiceNumber }, func(p *MemberPatch) *Field[string] { return &p.InvoiceNumber }),
	optional("bank_code", func(m *Member) **string { return &m.BankCode }, func(p *MemberPatch) *Field[string] { return &p.BankCode }),
	optional("bank_branch_code", func(m *Member) **string { return &m.BankBranchCode }, func(p *MemberPatch) *Field[string] { return &p.BankBranchCode }),
	optional("bank_account_number", func(m *Member) **string { return &m.BankAccountNumber }, func(p *MemberPatch) *Field[string] { return &p.BankAccountNumber }),
	optional("bank_account_name", func(m *Member) **string { return &m.BankAccountName }, func(p *MemberPatch) *Field[string] { return &p.BankAccountName }),
	optional("line_user_id", func(m *Member) **string { return &m.LineUserID }, func(p *MemberPatch) *Field[string] { return &p.LineUserID }),
	optional("shopify_customer_id", func(m *Member) **string { return &m.ShopifyCustomerID }, func(p *MemberPatch) *Field[string] { return &p.ShopifyCustomerID }),
	derived("minimum_rank_id", func(m *Member) **int64 { return &m.MinimumRankID }),
	required("skip_next_check", func(m *Member) *bool { return &m.SkipNextCheck }, func(p *MemberPatch) *Field[bool] { return &p.SkipNextCheck }),
	derived("last_visit_at", func(m *Member) **int64 { return &m.LastVisitAt }),
}

// optional is a column that can be null.
func optional[T comparable](name string, ref func(*Member) **T, field func(*MemberPatch) *Field[T]) MemberColumn {
	c := derived(name, ref)
	c.apply = func(m *Member, p *MemberPatch) {
		if f := field(p); f.Given() {
			*ref(m) = f.Ptr()
		}
	}
	return c
}

// derived is a column that a patch does not set by its own name.
func derived[T comparable](name string, ref func(*Member) **T) MemberColumn {
	return MemberColumn{
		Name:  name,
		Ref:   func(m *Member) any { return ref(m) },
		Equal: func(a, b *Member) bool { return same(*ref(a), *ref(b)) },
		apply: func(*Member, *MemberPatch) {},
	}
}

// same reports whether both are nil or point to equal values.
func same[T comparable](x, y *T) bool { return x == y || x != nil && y != nil && *x == *y }

// required is a column that always has a value; null sets its zero value.
func required[T comparable](name string, ref func(*Member) *T, field func(*MemberPatch) *Field[T]) MemberColumn {
	return MemberColumn{
		Name:  name,
		Ref:   func(m *Member) any { return ref(m) },
		Equal: func(a, b *Member) bool { return *ref(a) == *ref(b) },
		apply: func(m *Member, p *MemberPatch) {
			if f := field(p); f.Given() {
				*ref(m), _ = f.Value()
			}
		},
	}
}
