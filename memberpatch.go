package noren

// MemberPatch says what to change in one member. Absent fields stay as they are.
type MemberPatch struct {
	ID                int64             `json:"id"`
	View              View              `json:"view,omitzero"` // whose eyes Status, Sex, Address and Rank are meant for
	Code              Field[string]     `json:"code,omitzero"`
	AliasCode         Field[string]     `json:"alias_code,omitzero"`
	CustomerNo        Field[string]     `json:"customer_no,omitzero"`
	LastName          Field[string]     `json:"last_name,omitzero"`
	FirstName         Field[string]     `json:"first_name,omitzero"`
	LastKana          Field[string]     `json:"last_kana,omitzero"`
	FirstKana         Field[string]     `json:"first_kana,omitzero"`
	PostalCode        Field[string]     `json:"postal_code,omitzero"`
	Prefecture        Field[string]     `json:"prefecture,omitzero"`
	Address1          Field[string]     `json:"address1,omitzero"`
	Address2          Field[string]     `json:"address2,omitzero"`
	Address           Field[string]     `json:"address,omitzero"` // the three above as one string
	Phone             Field[string]     `json:"phone,omitzero"`
	Fax               Field[string]     `json:"fax,omitzero"`
	Mobile            Field[string]     `json:"mobile,omitzero"`
	Email             Field[string]     `json:"email,omitzero"`
	Email2            Field[string]     `json:"email2,omitzero"`
	Email3            Field[string]     `json:"email3,omitzero"`
	Company           Field[string]     `json:"company,omitzero"`
	Department        Field[string]     `json:"department,omitzero"`
	Position          Field[string]     `json:"position,omitzero"`
	Occupation        Field[string]     `json:"occupation,omitzero"`
	Sex               Field[Sex]        `json:"sex,omitzero"`
	BirthDate         Field[Date]       `json:"birth_date,omitzero"`
	EntryDate         Field[Date]       `json:"entry_date,omitzero"`
	LeaveDate         Field[Date]       `json:"leave_date,omitzero"`
	PointUnitPrice    Field[int64]      `json:"point_unit_price,omitzero"`
	PointUnit         Field[Hundredths] `json:"point_unit,omitzero"`
	PIN               Field[string]     `json:"pin,omitzero"`
	PassportNo        Field[string]     `json:"passport_no,omitzero"`
	Nationality       Field[string]     `json:"nationality,omitzero"`
	AlphabetName      Field[string]     `json:"alphabet_name,omitzero"`
	MailOptIn         Field[bool]       `json:"mail_opt_in,omitzero"`
	Note              Field[string]     `json:"note,omitzero"`
	Note2             Field[string]     `json:"note2,omitzero"`
	Favorites         Field[string]     `json:"favorites,omitzero"`
	Browsing          Field[string]     `json:"browsing,omitzero"`
	Status            Field[Status]     `json:"status,omitzero"`
	Rank              Field[Ref]        `json:"rank,omitzero"`
	MinimumRank       Field[Ref]        `json:"minimum_rank,omitzero"`
	SkipNextCheck     Field[bool]       `json:"skip_next_check,omitzero"`
	StaffRank         Field[Ref]        `json:"staff_rank,omitzero"`
	Store             Field[int64]      `json:"store,omitzero"` // null: all stores
	IsInvoiceProvider Field[bool]       `json:"is_invoice_provider,omitzero"`
	InvoiceNumber     Field[string]     `json:"invoice_number,omitzero"`
	BankCode          Field[string]     `json:"bank_code,omitzero"`
	BankBranchCode    Field[string]     `json:"bank_branch_code,omitzero"`
	BankAccountNumber Field[string]     `json:"bank_account_number,omitzero"`
	BankAccountName   Field[string]     `json:"bank_account_name,omitzero"`
	LineUserID        Field[string]     `json:"line_user_id,omitzero"`
	ShopifyCustomerID Field[string]     `json:"shopify_customer_id,omitzero"`
}

// Apply answers the member as it would be after the patch, with every rule the result breaks, in the order of
// the Smaregi document's table. ranks, staffRanks and stores need hold only those that the patch names.
// caller's store, where set, makes other stores unknown. The member given is not changed.
func (p MemberPatch) Apply(m Member, in Surroundings) (Member, []Reason) {
	var broken []Reason
	before := m
	for _, c := range memberColumns {
		c.apply(&m, &p)
	}
	p.applyAddress(&m)
	if ref, ok := p.Sex.Value(); ok && p.View.Sex(before.Sex) == ref {
		m.Sex = before.Sex
	}

	id, known := p.resolve(p.Rank, func(r Ref) (int64, bool) { return rankByRef(in.Ranks, r) })
	if !known {
		broken = append(broken, ReasonRankUnknown)
	} else if p.Rank.Given() && (id == nil || deref(p.View.Rank(in.Ranks, before.RankID)) != *id) {
		m.RankID = id
	}
	id, known = p.resolve(p.MinimumRank, func(r Ref) (int64, bool) { return rankByRef(in.Ranks, r) })
	if !known {
		broken = append(broken, ReasonMinimumRankUnknown)
	} else if p.MinimumRank.Given() {
		m.MinimumRankID = id
	}
	id, known = p.resolve(p.StaffRank, func(r Ref) (int64, bool) { return staffRankByRef(in.StaffRanks, r) })
	switch {
	case p.StaffRank.Given() && in.HeadquartersLinked:
		m.StaffRankID = nil
	case !known:
		broken = append(broken, ReasonStaffRankUnknown)
	case p.StaffRank.Given():
		m.StaffRankID = id
	}
	if reason := p.applyStatus(before, &m, in); reason != "" {
		broken = append(broken, reason)
	}
	if reason := p.applyStore(&m, in); reason != "" {
		broken = append(broken, reason)
	}
	return m, broken
}

// Surroundings is what a patch is judged against besides the member itself.
type Surroundings struct {
	Ranks              []Rank
	StaffRanks         []StaffRank
	Stores             []Store
	HeadquartersLinked bool
	CallerStore        *int64 // the store that the caller is restricted to
	Today              Date   // in the tenant's zone
}

func (p MemberPatch) resolve(f Field[Ref], find func(Ref) (int64, bool)) (*int64, bool) {
	ref, ok := f.Value()
	if !ok {
		return nil, true
	}
	if id, found := find(ref); found {
		return &id, true
	}
	return nil, false
}

func (p MemberPatch) applyAddress(m *Member) {
	if !p.Address.Given() {
		return
	}
	address, set := p.Address.Value()
	if now := m.Address(); set && now != nil && *now == address {
		return
	}
	m.Prefecture, m.Address1, m.Address2 = nil, nil, nil
	if set {
		m.Prefecture, m.Address1 = splitAddress(address)
	}
}

// applyStatus settles status and leave date as a pair: what is judged is the pair that would result.
func (p MemberPatch) applyStatus(before Member, m *Member, in Surroundings) Reason {
	if p.Status.Given() && p.View.Status(before.Status) == m.Status {
		m.Status = before.Status
	}
	if p.View != SmaregiView && m.Status != before.Status && m.Status != Left && !p.LeaveDate.Given() {
		m.LeaveDate = nil
	}
	switch {
	case m.Status == Left && m.LeaveDate == nil && p.LeaveDate.Given():
		return ReasonLeftWithoutDate
	case m.Status == Left && m.LeaveDate == nil:
		m.LeaveDate = new(in.Today)
	case m.Status == Active && m.LeaveDate != nil && p.LeaveDate.Given():
		return ReasonActiveWithLeaveDate
	case m.Status == Active && m.LeaveDate != nil:
		return ReasonLeaveDateSet
	}
	return ""
}

func (p MemberPatch) applyStore(m *Member, in Surroundings) Reason {
	if !p.Store.Given() {
		return ""
	}
	m.StoreID = p.Store.Ptr()
	if in.HeadquartersLinked {
		m.StoreID = nil
	}
	if m.StoreID == nil {
		return ""
	}
	if in.CallerStore != nil && *m.StoreID != *in.CallerStore {
		return ReasonStoreUnknown
	}
	for _, s := range in.Stores {
		if s.ID == *m.StoreID && s.Kind == StoreShop {
			return ""
		} else if s.ID == *m.StoreID {
			return ReasonStoreNotForMembers
		}
	}
	return ReasonStoreUnknown
}

// checkUnitPair judges the point giving unit, whose two halves come together or not at all.
func (p MemberPatch) checkUnitPair() *Error {
	_, price := p.PointUnitPrice.Value()
	_, unit := p.PointUnit.Value()
	if price != unit {
		field := "point_unit_price"
		if price {
			field = "point_unit"
		}
		return &Error{Kind: Invalid, Reason: ReasonUnitPair, Field: field}
	}
	return nil
}

// checkLeaveDate judges status and leave date where the row gives both.
func (p MemberPatch) checkLeaveDate() *Error {
	status, _ := p.Status.Value()
	_, dated := p.LeaveDate.Value()
	switch {
	case status == Active && dated:
		return &Error{Kind: Invalid, Reason: ReasonActiveWithLeaveDate, Field: "leave_date"}
	case status == Left && p.LeaveDate.IsNull():
		return &Error{Kind: Invalid, Reason: ReasonLeftWithoutDate, Field: "leave_date"}
	}
	return nil
}
