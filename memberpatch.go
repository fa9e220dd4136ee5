package noren

// MemberPatch says what to change in one member. Absent fields stay as they are.
type MemberPatch struct {
	ID                int64             `json:"id"`
	View              View              `json:"view,omitzero"` // the view that Status, Sex, Address and Rank are meant for
	Seen              *Member           `json:"-"`             // as the caller read it; columns changed since are refused; nil: no check
	Doubts            []Doubt           `json:"-"`             // values that break a rule of the form they came in
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

// Doubt is a value that breaks a rule of the form in which it came. It is refused, unless the member has it already: what
// was read may be written back, even if it came through another dialect that allows more.
type Doubt struct {
	Refusal *Error
	Has     func(*Member) bool // whether the member has the value, as the form shows it
}

// Apply returns the member as it would be after the patch, and what it is refused for, each with reason and field: first
// the doubts about what the member does not have yet, then the rules that the result breaks, in the order of the table in
// the Smaregi document. Values that the patch does not change are not judged. The context need only have the ranks, staff ranks
// and stores that the patch names. With CallerStore set, other stores count as unknown. m itself is not changed.
func (p MemberPatch) Apply(m Member, in PatchContext) (Member, Refusals) {
	var broken Refusals
	refuse := func(reason Reason, field string) {
		broken = append(broken, &Error{Kind: Invalid, Reason: reason, Field: field})
	}
	before := m
	for _, d := range p.Doubts {
		if !d.Has(&before) {
			broken = append(broken, d.Refusal)
		}
	}
	for _, c := range memberColumns {
		c.apply(&m, &p)
	}
	p.applyAddress(&m)
	// Here and for rank and status: getting back what the view shows is not a change.
	if ref, ok := p.Sex.Value(); ok && p.View.Sex(before.Sex) == ref {
		m.Sex = before.Sex
	}

	id, known := p.resolve(p.Rank, func(r Ref) (int64, bool) { return RankByRef(in.Ranks, r) })
	if !known {
		refuse(ReasonRankUnknown, "rank")
	} else if p.Rank.Given() && (id == nil || Deref(p.View.Rank(in.Ranks, before.RankID)) != *id) {
		m.RankID = id
	}
	id, known = p.resolve(p.MinimumRank, func(r Ref) (int64, bool) { return RankByRef(in.Ranks, r) })
	if !known {
		refuse(ReasonMinimumRankUnknown, "minimum_rank")
	} else if p.MinimumRank.Given() {
		m.MinimumRankID = id
	}
	id, known = p.resolve(p.StaffRank, func(r Ref) (int64, bool) { return StaffRankByRef(in.StaffRanks, r) })
	switch {
	case p.StaffRank.Given() && in.HeadquartersLinked: // the headquarters manages staff ranks
		m.StaffRankID = nil
	case !known:
		refuse(ReasonStaffRankUnknown, "staff_rank")
	case p.StaffRank.Given():
		m.StaffRankID = id
	}
	if reason, field := p.applyStatus(before, &m, in); reason != "" {
		refuse(reason, field)
	}
	if reason := p.applyStore(&m, in); reason != "" {
		refuse(reason, "store")
	}
	if !same(before.PointUnitPrice, m.PointUnitPrice) || !same(before.PointUnit, m.PointUnit) {
		if err := p.CheckUnitPair(); err != nil {
			broken = append(broken, err)
		}
	}
	return m, broken
}

// PatchContext is what a patch is judged against besides the member itself. For stored data package app/members
// alone makes one, so that no patch is judged without knowing its caller's store.
type PatchContext struct {
	Ranks              []Rank
	StaffRanks         []StaffRank
	Stores             []Store
	HeadquartersLinked bool
	CallerStore        *int64 // the store that the caller is restricted to
	Today              Date   // in the tenant's zone
}

// Overtaken lists the columns in which the patch would overwrite a change made since its caller read the member. A
// column that the patch leaves unchanged, or sets to its current value, is not among them.
func (p MemberPatch) Overtaken(before, after *Member) (columns []string) {
	if p.Seen == nil {
		return nil
	}
	for _, c := range ChangedColumns(before, after) {
		if !c.Equal(p.Seen, before) {
			columns = append(columns, c.Name)
		}
	}
	return columns
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
	// Unchanged. Splitting it again could divide it otherwise than it is stored.
	if now := m.Address(); set && now != nil && *now == address {
		return
	}
	m.Prefecture, m.Address1, m.Address2 = nil, nil, nil
	if set {
		m.Prefecture, m.Address1 = splitAddress(address)
	}
}

// applyStatus settles status and leave date together, because the rules are about the resulting pair.
func (p MemberPatch) applyStatus(before Member, m *Member, in PatchContext) (reason Reason, field string) {
	if p.Status.Given() && p.View.Status(before.Status) == m.Status {
		m.Status = before.Status
	}
	// The Smaregi document has an error for this instead: there the client has to clear the date.
	if p.View != SmaregiView && m.Status != before.Status && m.Status != Left && !p.LeaveDate.Given() {
		m.LeaveDate = nil
	}
	switch {
	case m.Status == Left && m.LeaveDate == nil && p.LeaveDate.Given():
		return ReasonLeftWithoutDate, "leave_date"
	// Nobody gave a date, so the member leaves today.
	case m.Status == Left && m.LeaveDate == nil:
		m.LeaveDate = new(in.Today)
	case m.Status == Active && m.LeaveDate != nil && p.LeaveDate.Given():
		return ReasonActiveWithLeaveDate, "leave_date"
	case m.Status == Active && m.LeaveDate != nil:
		return ReasonLeaveDateSet, "status"
	}
	return "", ""
}

func (p MemberPatch) applyStore(m *Member, in PatchContext) Reason {
	if !p.Store.Given() {
		return ""
	}
	before := m.StoreID
	m.StoreID = p.Store.Ptr()
	// A caller restricted to a store may not give its members away, not even to all stores. Smaregi's documents let its clients do so.
	own := in.CallerStore != nil && before != nil && *before == *in.CallerStore
	if own && m.StoreID == nil && p.View != SmaregiView && !in.HeadquartersLinked {
		return ReasonStoreUnknown
	}
	// The headquarters manages stores too: whatever was sent, the member belongs to all stores.
	if in.HeadquartersLinked {
		m.StoreID = nil
	}
	if m.StoreID == nil {
		return ""
	}
	if in.CallerStore != nil && *m.StoreID != *in.CallerStore {
		return ReasonStoreUnknown
	}
	// What was read may be written back, even if the store has become a warehouse since.
	if before != nil && *before == *m.StoreID {
		return ""
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

// CheckUnitPair checks the point unit: its price and its points must be given together. Apply calls it; so does who has to
// refuse a request before there is a member to apply it to.
func (p MemberPatch) CheckUnitPair() *Error {
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

// CheckLeaveDate checks status and leave date if the row gives both.
func (p MemberPatch) CheckLeaveDate() *Error {
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
