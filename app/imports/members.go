package imports

import (
	"cmp"
	"context"
	"slices"

	"noren"
	"noren/app/members"
	"noren/app/purchases"
	"noren/app/unit"
)

// memberPlan judges lines of members. Several lines may be about one member: each sees what the lines before it did.
type memberPlan struct {
	run
	plan
	in       noren.PatchContext
	byID     map[int64]*plannedMember
	byCode   map[string]*plannedMember // by the stored code, or the code that a new member gets
	fresh    []*plannedMember
	known    []*plannedMember // in the order of their first lines
	openings []opening
	memos    []memo
	holders  map[string]map[string]int64 // column → value → member's id, or the negative place among the fresh
}

// plannedMember is a member as stored, and as the lines so far leave it.
type plannedMember struct {
	before, after noren.Member
	place         int64 // below 0: the place of a new one; 0: stored
	touched       bool
	had           bool  // points, ever or from a line before
	balance       int64 // where it had any
}

// holder returns the member's mark in holders.
func (m *plannedMember) holder() int64 {
	if m.place != 0 {
		return m.place
	}
	return m.before.ID
}

func (r run) planMembers(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	p := &memberPlan{run: r, plan: r.newPlan(lines)}
	read := make([]memberLine, len(lines))
	if r.members == nil {
		r.members = readMembers(r.Import, lines)
	}
	for n := range lines {
		read[n] = r.members[n].again()
	}
	if err := p.load(ctx, read); err != nil {
		return plan{}, err
	}
	for n := range read {
		if p.open(n) {
			p.line(n, &read[n], lines[n])
		}
	}
	if p.write = p.writeMembers; !p.writing {
		p.changes = p.memberChanges()
		err := p.foreseeLinks(ctx)
		return p.plan, err
	}
	return p.plan, nil
}

// foreseeLinks adds what members earn by purchases that are held for the Shopify customers whom the lines link to them.
func (p *memberPlan) foreseeLinks(ctx context.Context) error {
	var changes []noren.MemberChange
	for _, m := range p.known {
		changes = append(changes, noren.MemberChange{Before: m.before, After: m.after})
	}
	for _, m := range p.fresh {
		made := m.after
		made.ID = m.place // it has no number yet
		changes = append(changes, noren.MemberChange{After: made})
	}
	f, err := purchases.ForeseeHeld(ctx, p.tx, p.Unit, changes)
	if err != nil || len(f.Members) == 0 {
		return err
	}
	return p.foresee(ctx, &p.plan, f)
}

// readMembers reads lines of members; those that could not be read as lines are left out.
func readMembers(i *noren.Import, lines []noren.ImportLine) []memberLine {
	reader, read := newMemberReader(i), make([]memberLine, len(lines))
	for n, line := range lines {
		if line.Broken == nil {
			read[n] = reader.read(line)
		}
	}
	return read
}

// load reads the members that the lines name, what they are judged against, and who holds the unique values in them.
func (p *memberPlan) load(ctx context.Context, read []memberLine) (err error) {
	var ids []int64
	var codes []string
	values := make(map[string][]string)
	for _, m := range read {
		if m.patch.ID != 0 {
			ids = append(ids, m.patch.ID)
		}
		if code, ok := m.patch.Code.Value(); ok {
			codes = append(codes, code)
		}
		for column, f := range uniqueFields(&m.patch) {
			if v, ok := f.Value(); ok {
				values[column] = append(values[column], v)
			}
		}
	}
	if p.in, err = members.PatchContext(ctx, p.tx, p.Unit, p.StoreID, members.PatchNames{All: true}); err != nil {
		return err
	}
	found, err := p.tx.MembersByCode(ctx, codes)
	if err != nil {
		return err
	}
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	if q := p.others(read); q.Named() > 0 {
		refs, err := p.tx.MemberRefs(ctx, q)
		if err != nil {
			return err
		}
		for _, m := range refs {
			ids = append(ids, m.ID)
		}
	}
	// Read again by id, because that locks them in the same order as everybody else who changes members.
	slices.Sort(ids)
	stored, err := p.tx.MembersByID(ctx, slices.Compact(ids), p.writing)
	if err != nil {
		return err
	}
	p.byID, p.byCode = make(map[int64]*plannedMember, len(stored)), make(map[string]*plannedMember, len(stored))
	for _, m := range stored {
		planned := &plannedMember{before: m, after: m}
		p.byID[m.ID], p.byCode[m.Code] = planned, planned
	}
	p.holders = make(map[string]map[string]int64)
	for _, column := range uniqueMemberColumns() {
		p.holders[column] = make(map[string]int64)
		if len(values[column]) == 0 {
			continue
		}
		if p.holders[column], err = p.tx.MemberHolders(ctx, column, values[column]); err != nil {
			return err
		}
	}
	if err := p.loadAlikes(ctx, values); err != nil {
		return err
	}
	return p.loadPoints(ctx, read)
}

// others asks for the members whom lines name neither by id nor by code.
func (p *memberPlan) others(read []memberLine) (q noren.MemberQuery) {
	for i := range read {
		k := p.key(&read[i])
		if k.ID != 0 || k.Code != "" || k == (noren.MemberKey{}) {
			continue
		}
		k.Ask(&q)
		if email, given := read[i].patch.Email.Value(); given && k.ShopifyCustomerID != "" && p.signsInByEmail() {
			q.Emails = append(q.Emails, email)
		}
	}
	return q
}

// uniqueMemberColumns are the columns in which no two members have the same value.
func uniqueMemberColumns() []string { return []string{fieldCode, "alias_code", fieldShopify} }

func uniqueFields(p *noren.MemberPatch) map[string]noren.Field[string] {
	return map[string]noren.Field[string]{fieldCode: p.Code, "alias_code": p.AliasCode, fieldShopify: p.ShopifyCustomerID}
}

// line judges one line, after those before it.
func (p *memberPlan) line(n int, m *memberLine, cells noren.ImportLine) {
	planned, isNew, by := p.find(m)
	if planned == nil {
		field := fieldID
		if m.patch.ID == 0 {
			field = fieldCode
		}
		m.refuse(noren.ReasonMemberUnknown, field, p.cell(cells, field), noren.MemberWords[noren.ReasonMemberUnknown])
		p.refuse(n, m.problems...)
		return
	}
	if !isNew {
		if !m.misnamed() {
			p.identify(m, planned, by, n)
		}
		m.keepWhole(&planned.after)
	}
	misnamed := m.misnamed()
	if !misnamed {
		p.checkAlike(m, planned)
	}
	p.checkNames(m)
	p.spread(m, planned, n)
	p.keep(m, planned, isNew)
	p.resolve(m)
	m.judgeBirthday(p.Today())
	p.outcomes[n].remarks = append(p.outcomes[n].remarks, m.repaired...)
	after, broken := m.patch.Apply(planned.after, p.in)
	for _, err := range broken {
		if !m.follows(err, misnamed) {
			m.refuseFor(err, func(field string) string { return p.cell(cells, field) })
		}
	}
	if !misnamed {
		p.checkUnique(m, planned, &after)
	}
	p.checkOpening(m, planned)
	if len(m.problems) > 0 {
		offer(m.problems, p.in, noren.StoreShop)
		slices.SortStableFunc(m.problems, func(a, b noren.ImportProblem) int { return cmp.Compare(p.column(a.Field), p.column(b.Field)) })
		p.refuse(n, m.problems...)
		return
	}
	switch changed := len(noren.ChangedColumns(&planned.after, &after)) > 0; {
	case isNew:
		p.outcomes[n].result = lineCreated
		planned.place = -int64(len(p.fresh) + 1)
		p.fresh = append(p.fresh, planned)
		if planned.before.ID != 0 {
			p.byID[planned.before.ID] = planned
		}
	case changed:
		p.outcomes[n].result = lineUpdated
	}
	p.openBalance(n, m, planned)
	if len(m.memo) > 0 {
		p.memos = append(p.memos, memo{planned, memoText(m.memo)})
	}
	if !isNew && !planned.touched {
		p.known = append(p.known, planned)
	}
	// The code may have changed: a later line must find the member under the new one.
	if p.byCode[planned.after.Code] == planned {
		delete(p.byCode, planned.after.Code)
	}
	planned.touched, planned.after = true, after
	p.byCode[after.Code] = planned
	for column, f := range uniqueFields(&m.patch) {
		if v, ok := f.Value(); ok {
			p.holders[column][v] = planned.holder()
		}
	}
}

// column returns the place of the field's column, so that problems are listed from left to right.
func (p *memberPlan) column(field string) int {
	return slices.IndexFunc(p.Columns, func(c noren.ImportColumn) bool { return c.Field == field })
}

// find returns the member that the line is about, by the first key that it gives, or else a new one; nil if the caller may not see it.
func (p *memberPlan) find(m *memberLine) (planned *plannedMember, isNew bool, by string) {
	switch k := p.key(m); {
	case k.ID != 0:
		planned, by = p.byID[k.ID], fieldID
	case k.Code != "":
		planned, by = p.byCode[k.Code], fieldCode
	case k.AliasCode != "":
		planned, by = p.holding(fieldAlias, k.AliasCode), fieldAlias
	case k.ShopifyCustomerID != "":
		planned, by = p.holding(fieldShopify, k.ShopifyCustomerID), fieldShopify
		// Somebody who is known here may be a customer of Shopify since: the line links the two, as a webhook does.
		if email, given := m.patch.Email.Value(); planned == nil && given && p.signsInByEmail() {
			planned, by = p.linked(m, email, k.ShopifyCustomerID), fieldEmail
		}
	case k.Email != "":
		planned, by = p.linked(m, k.Email, ""), fieldEmail
	}
	switch {
	case planned == nil:
		id := m.patch.ID
		if p.byID[id] != nil { // a member who is known by the code got the number meanwhile: this one gets a new one
			id = 0
		}
		made := members.Blank(p.in, id, noren.Active, p.Now)
		return &plannedMember{before: made, after: made}, true, by
	case !planned.before.VisibleTo(p.StoreID):
		return nil, false, by
	}
	return planned, false, by
}

// key returns the key by which the line names its member, with one field. The e-mail address is one only in the export of a system in
// which people sign in by it. The line's other values are the member's, and are refused where another member has them.
func (p *memberPlan) key(m *memberLine) noren.MemberKey {
	k := noren.MemberKey{
		ID: m.patch.ID, Code: noren.Deref(m.patch.Code.Ptr()), AliasCode: noren.Deref(m.patch.AliasCode.Ptr()),
		ShopifyCustomerID: noren.Deref(m.patch.ShopifyCustomerID.Ptr()),
	}
	if p.signsInByEmail() {
		k.Email = noren.Deref(m.patch.Email.Ptr())
	}
	if p.By == ByCode && k.Code != "" {
		k.ID = 0 // the operator says that the code names the member
	}
	return k.First()
}

// holding returns the member with the value in a column in which no two members have the same; nil if none has it.
func (p *memberPlan) holding(column, value string) *plannedMember {
	holder, held := p.holders[column][value]
	switch {
	case !held:
		return nil
	case holder < 0:
		return p.fresh[-holder-1]
	}
	return p.byID[holder]
}

// linked returns the only member with the e-mail address, nil if there is none. The line is refused if there are several, or the one
// is another customer of Shopify than the line's, where that is given.
func (p *memberPlan) linked(m *memberLine, email, customer string) *plannedMember {
	var found []*plannedMember
	for _, m := range p.byID {
		if noren.FoldEmail(noren.Deref(m.after.Email)) == noren.FoldEmail(email) {
			found = append(found, m)
		}
	}
	for _, m := range p.fresh {
		if m.before.ID == 0 && noren.FoldEmail(noren.Deref(m.after.Email)) == noren.FoldEmail(email) {
			found = append(found, m)
		}
	}
	switch {
	case len(found) == 0:
		return nil
	case len(found) > 1:
		m.refuse(noren.ReasonAmbiguous, fieldEmail, email, "more than one member has this e-mail address; name the member by code")
	case customer != "" && noren.Deref(found[0].after.ShopifyCustomerID) != "" && !m.doubts(fieldShopify):
		m.refuse(noren.ReasonOtherCustomer, fieldEmail, email,
			"the member with this e-mail address is another Shopify customer; correct the line")
	}
	return found[0]
}

// signsInByEmail reports whether the file comes from a system that knows its members by e-mail address.
func (r run) signsInByEmail() bool {
	return slices.Contains([]noren.System{noren.SystemShopify, noren.SystemECCUBE, noren.SystemEasyPoints}, r.System)
}

// resolve finds the ranks and the store that the line names.
func (p *memberPlan) resolve(m *memberLine) {
	if m.rank.given() {
		m.patch.Rank = noren.Set(m.rank.ref(func(r noren.Ref) (int64, bool) { return noren.RankByRef(p.in.Ranks, r) }))
	}
	if m.minimum.given() {
		m.patch.MinimumRank = noren.Set(m.minimum.ref(func(r noren.Ref) (int64, bool) { return noren.RankByRef(p.in.Ranks, r) }))
	}
	if m.staff.given() {
		m.patch.StaffRank = noren.Set(m.staff.ref(func(r noren.Ref) (int64, bool) { return noren.StaffRankByRef(p.in.StaffRanks, r) }))
	}
	if !m.store.given() {
		return
	}
	if m.store.all(p.in.Stores) {
		m.patch.Store = noren.Null[int64]()
		return
	}
	store, wrong := m.store.find(p.in.Stores)
	if wrong != nil {
		m.problems = append(m.problems, wrong.in(m.number, m.store.field(), m.store.String()))
		return
	}
	m.patch.Store = noren.Set(store.ID)
}

// checkUnique refuses values that another member has, in the database or in an earlier line. A value that a member
// gives up is free for others only after this piece, because engines check uniqueness row by row.
func (p *memberPlan) checkUnique(m *memberLine, planned *plannedMember, after *noren.Member) {
	for _, column := range uniqueMemberColumns() {
		value := memberText(after, column)
		if holder, taken := p.holders[column][value]; taken && holder != planned.holder() {
			m.refuse(noren.ReasonTaken, column, value, "another member has this value")
		}
	}
}

// writeMembers inserts the new members and updates the others.
func (p *memberPlan) writeMembers(ctx context.Context) error {
	made := make([]noren.Member, len(p.fresh))
	for i, m := range p.fresh {
		made[i] = m.after
	}
	if err := unit.Number(ctx, p.tx, noren.CounterMember, made, func(m *noren.Member) *int64 { return &m.ID }); err != nil {
		return err
	}
	if len(made) > 0 {
		if err := members.Insert(ctx, p.tx, p.Unit, made, p.by); err != nil {
			return err
		}
	}
	// The state before all lines, not before the last: a member is written and audited once, whatever the number of its lines.
	changes := make([]noren.MemberChange, len(p.known))
	for i, m := range p.known {
		changes[i] = noren.MemberChange{Before: m.before, After: m.after}
	}
	if err := members.Change(ctx, p.tx, p.Unit, changes, p.by); err != nil {
		return err
	}
	if err := p.writeOpenings(ctx, made); err != nil {
		return err
	}
	return p.writeMemos(ctx, made)
}
