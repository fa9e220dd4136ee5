package noren

import (
	"context"
	"errors"
	"slices"
	"strconv"
)

// NewMemberCode makes a code as ReCORE's examples show it: MB and ten of 0-9 and A-Z.
func NewMemberCode() string {
	return "MB" + randomText("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)
}

// memberChunk is how many members of a shop file are read and written with one set of statements.
const memberChunk = 1000

func (a *shopApplier) members(ctx context.Context) error {
	if len(a.shop.Members) == 0 {
		return nil
	}
	l := lane{tx: a.tx, tenant: a.current, now: a.now}
	in := Surroundings{Today: DateOf(a.now, a.current.Location())}
	var err error
	if in.Ranks, err = a.tx.Ranks(ctx); err != nil {
		return err
	}
	if in.StaffRanks, err = a.tx.StaffRanks(ctx); err != nil {
		return err
	}
	if in.Stores, _, err = a.tx.Stores(ctx, CatalogueFilter{}); err != nil {
		return err
	}
	var created, updated int
	for chunk := range slices.Chunk(slices.Clone(a.shop.Members), memberChunk) {
		c, u, err := a.memberChunk(ctx, l, in, chunk, created+updated)
		if err != nil {
			return err
		}
		created, updated = created+c, updated+u
	}
	a.line("members", created, updated, len(a.shop.Members))
	return nil
}

// memberChunk writes one chunk. Rows of the file are counted from offset.
func (a *shopApplier) memberChunk(ctx context.Context, l lane, in Surroundings, patches []MemberPatch, offset int) (created, updated int, err error) {
	stored, err := a.storedMembers(ctx, patches)
	if err != nil {
		return 0, 0, err
	}
	var fresh []Member
	var changes []MemberChange
	var freshRows, changedRows []int // where in the file they are
	var highest int64
	for i, p := range patches {
		before, known := stored[p.ID]
		if !known {
			before = Member{
				ID: p.ID, Code: NewMemberCode(), Status: Active, MailOptIn: true, CreatedAt: a.now, UpdatedAt: a.now,
			}
		}
		after, broken := p.Apply(before, in)
		if len(broken) > 0 {
			return 0, 0, &Error{
				Kind: Invalid, Reason: broken[0], Row: offset + i + 1, Field: "members", Value: strconv.FormatInt(p.ID, 10),
			}
		}
		highest = max(highest, after.ID)
		switch {
		case !known:
			fresh, freshRows = append(fresh, after), append(freshRows, offset+i+1)
		case len(ChangedColumns(&before, &after)) > 0:
			changes, changedRows = append(changes, MemberChange{before, after}), append(changedRows, offset+i+1)
		}
	}
	if err := a.tx.Raise(ctx, CounterMember, highest); err != nil {
		return 0, 0, err
	}
	if len(fresh) > 0 {
		if err := l.insertMembers(ctx, fresh, a.by("member", "", nil)); err != nil {
			return 0, 0, atRow(err, freshRows)
		}
	}
	err = l.writeMembers(ctx, changes, a.by("member", "", nil))
	return len(fresh), len(changes), atRow(err, changedRows)
}

// atRow makes an error that counts rows among those written count them in the file.
func atRow(err error, rows []int) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Row > 0 && e.Row <= len(rows) {
		at := *e
		at.Row = rows[e.Row-1]
		return &at
	}
	return err
}

// storedMembers finds the members that the patches name, by id, and gives an id to each patch that has none: that of
// the member with its code, or a new one.
func (a *shopApplier) storedMembers(ctx context.Context, patches []MemberPatch) (map[int64]Member, error) {
	var ids []int64
	var codes []string
	var unnumbered int
	for _, p := range patches {
		code, coded := p.Code.Value()
		switch {
		case p.ID != 0:
			ids = append(ids, p.ID)
		case coded:
			codes = append(codes, code)
			unnumbered++
		default:
			unnumbered++
		}
	}
	byID, err := a.tx.MembersByID(ctx, ids, true)
	if err != nil {
		return nil, err
	}
	byCode, err := a.tx.MembersByCode(ctx, codes)
	if err != nil {
		return nil, err
	}
	stored := make(map[int64]Member, len(byID)+len(byCode))
	idOf := make(map[string]int64, len(byCode))
	for _, m := range slices.Concat(byID, byCode) {
		stored[m.ID] = m
		idOf[m.Code] = m.ID
	}
	if unnumbered -= len(byCode); unnumbered == 0 && len(byCode) == 0 {
		return stored, nil
	}
	next, err := a.tx.Reserve(ctx, CounterMember, max(unnumbered, 1))
	if err != nil {
		return nil, err
	}
	for i := range patches {
		p := &patches[i]
		if p.ID != 0 {
			continue
		}
		code, _ := p.Code.Value()
		if p.ID = idOf[code]; p.ID == 0 {
			p.ID = next
			next++
		}
	}
	return stored, nil
}
