package shop

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"noren"
	"noren/app/members"
	"noren/app/unit"
)

// memberChunk is how many members of a shop file are read and written with one set of statements.
const memberChunk = 1000

// lockMembers locks every member that the file names, for itself or for a purchase, because members are locked all at once and
// before what comes behind them in the order of locks.
func (a *applier) lockMembers(ctx context.Context) error {
	var q noren.MemberQuery
	for _, p := range a.shop.Members {
		if code, coded := p.Code.Value(); p.ID != 0 {
			q.IDs = append(q.IDs, p.ID)
		} else if coded {
			q.Codes = append(q.Codes, code)
		}
	}
	for _, e := range a.shop.Purchases {
		e.Member.Ask(&q)
	}
	if q.Named() == 0 {
		return nil
	}
	_, err := a.tx.LockMembers(ctx, q)
	return err
}

func (a *applier) members(ctx context.Context) error {
	if len(a.shop.Members) == 0 {
		return nil
	}
	in, err := members.PatchContext(ctx, a.tx, a.unit(), nil, members.PatchNames{All: true}) // the operator is restricted to no store
	if err != nil {
		return err
	}
	var created, updated int
	// A clone, because patches get their ids here, and the closure may run again.
	for chunk := range slices.Chunk(slices.Clone(a.shop.Members), memberChunk) {
		c, u, err := a.memberChunk(ctx, in, chunk, created+updated)
		if err != nil {
			return err
		}
		created, updated = created+c, updated+u
	}
	a.line("members", created, updated, len(a.shop.Members))
	return nil
}

// memberChunk writes one chunk. offset is the number of rows in the chunks before it.
func (a *applier) memberChunk(
	ctx context.Context, in noren.PatchContext, patches []noren.MemberPatch, offset int,
) (created, updated int, err error) {
	stored, err := a.storedMembers(ctx, patches)
	if err != nil {
		return 0, 0, err
	}
	var fresh []noren.Member
	var changes []noren.MemberChange
	var freshRows, changedRows []int // their rows in the file
	for i, p := range patches {
		// By id, whichever of the two the file has named the member by.
		before, known := stored[p.ID]
		if !known {
			before = members.Blank(in, p.ID, noren.Active, a.now)
		}
		after, broken := p.Apply(before, in)
		if len(broken) > 0 {
			for _, e := range broken {
				at := *e
				at.Row, at.Field, at.Value = offset+i+1, "members."+at.Field, given(p, at.Field)
				at.Message = cmp.Or(at.Message, noren.MemberWords[at.Reason])
				a.refuse(&at)
			}
			continue
		}
		switch {
		case !known:
			// The rows go with the members, because both lists lose their order in the file.
			fresh, freshRows = append(fresh, after), append(freshRows, offset+i+1)
		case len(noren.ChangedColumns(&before, &after)) > 0:
			changes, changedRows = append(changes, noren.MemberChange{Before: before, After: after}), append(changedRows, offset+i+1)
		}
	}
	if len(fresh) > 0 {
		if err := members.Insert(ctx, a.tx, a.unit(), fresh, a.by("member", "", nil)); err != nil {
			return 0, 0, atRow(err, "members", freshRows)
		}
	}
	err = members.Change(ctx, a.tx, a.unit(), changes, a.by("member", "", nil))
	return len(fresh), len(changes), atRow(err, "members", changedRows)
}

// given is what the patch has for a field that may refer to something that is not there.
func given(p noren.MemberPatch, field string) string {
	ref := map[string]noren.Field[noren.Ref]{"rank": p.Rank, "minimum_rank": p.MinimumRank, "staff_rank": p.StaffRank}[field]
	if r, ok := ref.Value(); ok {
		return cmp.Or(r.Code, r.Name, strconv.FormatInt(r.ID, 10))
	}
	if store, ok := p.Store.Value(); ok && field == "store" {
		return strconv.FormatInt(store, 10)
	}
	return ""
}

// atRow translates an error from a place in the written rows to an entry of the list in the file.
func atRow(err error, list string, rows []int) error {
	if e, ok := errors.AsType[*noren.Error](err); ok && e.Row > 0 && e.Row <= len(rows) {
		at := *e
		at.Row, at.Field = rows[e.Row-1], list+"."+at.Field
		return &at
	}
	return err
}

// storedMembers finds the members that the patches name, by id, and gives each patch without an id one: that of the
// member with its code, or a new one.
func (a *applier) storedMembers(ctx context.Context, patches []noren.MemberPatch) (map[int64]noren.Member, error) {
	var ids []int64
	var codes []string
	for _, p := range patches {
		// The id counts where both are given: then the code is a value that is to be written.
		if code, coded := p.Code.Value(); p.ID != 0 {
			ids = append(ids, p.ID)
		} else if coded {
			codes = append(codes, code)
		}
	}
	byID, err := a.tx.MembersByID(ctx, ids, false) // lockMembers has locked them
	if err != nil {
		return nil, err
	}
	byCode, err := a.tx.MembersByCode(ctx, codes)
	if err != nil {
		return nil, err
	}
	stored := make(map[int64]noren.Member, len(byID)+len(byCode))
	idOf := make(map[string]int64, len(byCode))
	for _, m := range slices.Concat(byID, byCode) {
		stored[m.ID] = m
		idOf[m.Code] = m.ID
	}
	for i := range patches {
		// A code that nobody has leaves the id at 0, for which Number takes the next one.
		if code, coded := patches[i].Code.Value(); coded && patches[i].ID == 0 {
			patches[i].ID = idOf[code]
		}
	}
	return stored, unit.Number(ctx, a.tx, noren.CounterMember, patches, func(p *noren.MemberPatch) *int64 { return &p.ID })
}
