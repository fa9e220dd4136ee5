package noren

import (
	"cmp"
	"context"
	"slices"
)

// memberPlan judges lines of members. Lines of one member follow on each other: the second sees what the first did.
type memberPlan struct {
	importRun
	importPlan
	in      Surroundings
	byID    map[int64]*plannedMember
	byCode  map[string]*plannedMember // by the code that is stored, or that a new member gets
	fresh   []*plannedMember
	known   []*plannedMember            // in the order of their first lines
	holders map[string]map[string]int64 // column → value → member's id, or below 0 the place among the fresh
}

// plannedMember is a member as it is stored and as the lines so far leave it.
type plannedMember struct {
	before, after Member
	place         int64 // below 0: of a new one; 0: it is stored
	touched       bool
}

// holder is how the member stands in holders.
func (m *plannedMember) holder() int64 {
	if m.place != 0 {
		return m.place
	}
	return m.before.ID
}

func (r importRun) planMembers(ctx context.Context, lines []ImportLine) (importPlan, error) {
	p := &memberPlan{importRun: r, importPlan: newPlan(lines)}
	read := make([]memberLine, len(lines))
	for n, line := range lines {
		if p.open(n) {
			read[n] = readMember(line, r.Columns, r.View)
		}
	}
	if err := p.load(ctx, read); err != nil {
		return importPlan{}, err
	}
	for n := range read {
		if p.open(n) {
			p.line(n, &read[n])
		}
	}
	p.write = p.writeMembers
	return p.importPlan, nil
}

// load reads the members that the lines name, what they are judged against, and who has the unique values in them.
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
	if p.in, err = p.around(ctx); err != nil {
		return err
	}
	found, err := p.tx.MembersByCode(ctx, codes)
	if err != nil {
		return err
	}
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	// Read again by id, because that locks them in one order with whoever else changes them.
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
	return nil
}

// around is what patches are judged against. All ranks and stores are read, because lines name them in many ways.
func (p *memberPlan) around(ctx context.Context) (in Surroundings, err error) {
	in = Surroundings{
		HeadquartersLinked: p.tenant.HeadquartersLinked, CallerStore: p.StoreID, Today: DateOf(p.now, p.tenant.Location()),
	}
	if in.Ranks, err = p.tx.Ranks(ctx); err != nil {
		return in, err
	}
	if in.StaffRanks, err = p.tx.StaffRanks(ctx); err != nil {
		return in, err
	}
	in.Stores, _, err = p.tx.Stores(ctx, CatalogueFilter{})
	return in, err
}

// uniqueMemberColumns are the columns in which no two members have the same value.
func uniqueMemberColumns() []string { return []string{fieldCode, "alias_code", fieldShopify} }

func uniqueFields(p *MemberPatch) map[string]Field[string] {
	return map[string]Field[string]{fieldCode: p.Code, "alias_code": p.AliasCode, fieldShopify: p.ShopifyCustomerID}
}

// line judges one line, given those before it.
func (p *memberPlan) line(n int, m *memberLine) {
	planned, isNew := p.find(m)
	if planned == nil {
		field := fieldID
		if m.patch.ID == 0 {
			field = fieldCode
		}
		m.refuse(ReasonMemberUnknown, field, "", memberWords[ReasonMemberUnknown])
		p.refuse(n, m.problems...)
		return
	}
	m.problems = append(m.problems, m.broken(&planned.before)...)
	p.resolve(m)
	after, broken := m.patch.Apply(planned.after, p.in)
	for _, reason := range broken {
		m.refuse(reason, reasonFields[reason], "", memberWords[reason])
	}
	p.checkUnique(m, planned, &after)
	if len(m.problems) > 0 {
		slices.SortStableFunc(m.problems, func(a, b ImportProblem) int { return cmp.Compare(p.column(a.Field), p.column(b.Field)) })
		p.refuse(n, m.problems...)
		return
	}
	switch changed := len(ChangedColumns(&planned.after, &after)) > 0; {
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
	if !isNew && !planned.touched {
		p.known = append(p.known, planned)
	}
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

// column is the place of the field's column, so that problems are told from left to right.
func (p *memberPlan) column(field string) int {
	return slices.IndexFunc(p.Columns, func(c ImportColumn) bool { return c.Field == field })
}

// find answers the member that the line is about, by id or else by code, or one to be made; nil where the caller may
// not see it.
func (p *memberPlan) find(m *memberLine) (planned *plannedMember, isNew bool) {
	code, coded := m.patch.Code.Value()
	if m.patch.ID != 0 {
		planned = p.byID[m.patch.ID]
	} else if coded {
		planned = p.byCode[code]
	}
	switch {
	case planned == nil:
		made := Member{
			ID: m.patch.ID, Code: NewMemberCode(), Status: Active, MailOptIn: true, StoreID: p.StoreID,
			CreatedAt: p.now, UpdatedAt: p.now,
		}
		return &plannedMember{before: made, after: made}, true
	case !planned.before.VisibleTo(p.StoreID):
		return nil, false
	}
	return planned, false
}

// resolve finds the ranks and the store that the line names.
func (p *memberPlan) resolve(m *memberLine) {
	if m.rank.given() {
		m.patch.Rank = Set(m.rank.ref(func(r Ref) (int64, bool) { return rankByRef(p.in.Ranks, r) }))
	}
	if m.minimum.given() {
		m.patch.MinimumRank = Set(m.minimum.ref(func(r Ref) (int64, bool) { return rankByRef(p.in.Ranks, r) }))
	}
	if m.staff.given() {
		m.patch.StaffRank = Set(m.staff.ref(func(r Ref) (int64, bool) { return staffRankByRef(p.in.StaffRanks, r) }))
	}
	if !m.store.given() {
		return
	}
	store, wrong := m.store.find(p.in.Stores)
	if wrong != nil {
		m.problems = append(m.problems, wrong.in(m.number, m.store.field(), m.store.String()))
		return
	}
	m.patch.Store = Set(store.ID)
}

// checkUnique refuses values that another member has, stored or of an earlier line. What a member of the same stretch
// of lines gives up is free for others only afterwards, because engines compare row by row.
func (p *memberPlan) checkUnique(m *memberLine, planned *plannedMember, after *Member) {
	for _, column := range uniqueMemberColumns() {
		value := memberText(after, column)
		if holder, taken := p.holders[column][value]; taken && holder != planned.holder() {
			m.refuse(ReasonTaken, column, value, "another member has it")
		}
	}
}

// writeMembers makes the new members and changes the others.
func (p *memberPlan) writeMembers(ctx context.Context) error {
	made := make([]Member, len(p.fresh))
	var unnumbered int
	var highest int64
	for i, m := range p.fresh {
		if made[i] = m.after; made[i].ID == 0 {
			unnumbered++
		}
		highest = max(highest, made[i].ID)
	}
	if highest > 0 {
		if err := p.tx.Raise(ctx, CounterMember, highest); err != nil {
			return err
		}
	}
	if unnumbered > 0 {
		next, err := p.tx.Reserve(ctx, CounterMember, unnumbered)
		if err != nil {
			return err
		}
		for i := range made {
			if made[i].ID == 0 {
				made[i].ID = next
				next++
			}
		}
	}
	if len(made) > 0 {
		if err := p.insertMembers(ctx, made, p.entry()); err != nil {
			return err
		}
	}
	changes := make([]MemberChange, len(p.known))
	for i, m := range p.known {
		changes[i] = MemberChange{m.before, m.after}
	}
	return p.lane.writeMembers(ctx, changes, p.entry())
}
