package recore

import (
	"context"
	"errors"
	"slices"

	"noren"
	"noren/web"
	"noren/wire"
)

// memberRow is one member of a request: what was sent, what it means, and what is wrong with it.
type memberRow struct {
	sent     wire.Object
	patch    noren.MemberPatch
	problems []*wire.Problem
}

func decodeRow(o wire.Object, table wire.Table[noren.MemberPatch]) memberRow {
	row := memberRow{sent: o, patch: noren.MemberPatch{View: noren.ReCOREView}}
	row.problems = table.Decode(o, "", &row.patch)
	return row
}

// postMember is POST /members 会員作成.
func (d *Dialect) postMember(ctx context.Context, x *web.Request) (web.Answer, error) {
	o, err := parseObject(x.Body)
	if err != nil {
		return web.Answer{}, err
	}
	return d.write(ctx, x, write{rows: []memberRow{decodeRow(o, d.tables.created)}, do: d.create})
}

// putMember is PUT /members/{member_id} 会員更新.
func (d *Dialect) putMember(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := pathID(x, "member_id")
	if err != nil {
		return web.Answer{}, err
	}
	o, err := parseObject(x.Body)
	if err != nil {
		return web.Answer{}, err
	}
	row := decodeRow(o, d.tables.changed)
	row.patch.ID = id
	rows := []memberRow{row}
	unknown := &noren.Error{Kind: noren.NotFound, Field: "member"} // the id of the path, not one of the body
	if seen, err := d.forgive(ctx, x, rows); err != nil {
		return web.Answer{}, err
	} else if !seen {
		return web.Answer{}, unknown
	}
	a, err := d.write(ctx, x, write{rows: rows, do: d.Service.UpdateMembers})
	if e, refused := errors.AsType[*noren.Error](err); refused && e.Reason == noren.ReasonMemberUnknown {
		return a, unknown
	}
	return a, err
}

// postMembers is POST /members/bulk 会員一括作成.
func (d *Dialect) postMembers(ctx context.Context, x *web.Request) (web.Answer, error) {
	rows, err := decodeRows(x.Body, d.tables.created)
	if err != nil {
		return web.Answer{}, err
	}
	return d.write(ctx, x, write{rows: rows, bulk: true, do: d.create})
}

// putMembers is PUT /members/bulk 会員一括更新.
func (d *Dialect) putMembers(ctx context.Context, x *web.Request) (web.Answer, error) {
	rows, err := decodeRows(x.Body, d.tables.changedRow)
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.forgive(ctx, x, rows); err != nil {
		return web.Answer{}, err
	}
	return d.write(ctx, x, write{rows: rows, bulk: true, do: d.Service.UpdateMembers})
}

func decodeRows(body []byte, table wire.Table[noren.MemberPatch]) ([]memberRow, error) {
	objects, err := parseRows(body)
	if err != nil {
		return nil, err
	}
	rows := make([]memberRow, len(objects))
	for i, o := range objects {
		rows[i] = decodeRow(o, table)
	}
	return rows, nil
}

func (d *Dialect) create(
	ctx context.Context, c noren.Caller, patches []noren.MemberPatch, once *noren.Once,
) (noren.MemberList, *noren.KeptAnswer, error) {
	return d.Service.CreateMembers(ctx, c, patches, noren.Tentative, once)
}

// write is what the four requests that write members have in common.
type write struct {
	rows []memberRow
	bulk bool
	do   func(context.Context, noren.Caller, []noren.MemberPatch, *noren.Once) (noren.MemberList, *noren.KeptAnswer, error)
}

func (d *Dialect) write(ctx context.Context, x *web.Request, w write) (web.Answer, error) {
	var wrong invalid
	patches := make([]noren.MemberPatch, len(w.rows))
	for i, row := range w.rows {
		patches[i] = row.patch
		wrong = append(wrong, complain(w.prefix(i), row.sent, row.problems)...)
	}
	if len(wrong) > 0 {
		return web.Answer{}, wrong
	}
	p, err := d.page(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(result any) web.Answer {
		found := result.(noren.MemberList)
		if w.bulk {
			return ok(d.view.List(p.members(found)))
		}
		return d.one(p, found)
	}
	written, kept, err := w.do(ctx, x.Caller, patches, x.Once(answer))
	switch {
	case err != nil:
		return web.Answer{}, w.refused(err)
	case kept != nil:
		return web.Replayed(kept), nil
	}
	return answer(written), nil
}

func (w write) prefix(row int) string {
	if !w.bulk {
		return ""
	}
	return rowPrefix(row)
}

// refused says for the rows of a bulk request which of them was refused.
func (w write) refused(err error) error {
	list, refused := errors.AsType[noren.Refusals](err)
	if !refused || !w.bulk {
		return err
	}
	wrong := refusalWords(list)
	for i, e := range list {
		wrong[i].key = w.prefix(e.Row-1) + wrong[i].key
	}
	return wrong
}

// forgive drops the problems of fields that say what the member reads now: whoever sends back what was read changes
// nothing, even where the value came by another dialect that allows more. seen is false where such a row names a member
// that the caller cannot see.
func (d *Dialect) forgive(ctx context.Context, x *web.Request, rows []memberRow) (seen bool, err error) {
	ids := []int64{}
	for _, row := range rows {
		if len(row.problems) > 0 && row.patch.ID != 0 {
			ids = append(ids, row.patch.ID)
		}
	}
	if len(ids) == 0 {
		return true, nil
	}
	found, err := d.Service.Members(ctx, x.Caller, noren.MemberFilter{IDs: ids, NoTotal: true})
	if err != nil {
		return false, err
	}
	for i := range rows {
		row := &rows[i]
		at := slices.IndexFunc(found.Items, func(m noren.Member) bool { return m.ID == row.patch.ID })
		if at < 0 {
			continue
		}
		now := member{Member: found.Items[at]}
		row.problems = slices.DeleteFunc(row.problems, func(p *wire.Problem) bool {
			return d.reads(now, p.Field, row.sent.Get(p.Field))
		})
	}
	return len(found.Items) == len(ids), nil
}

// reads reports whether the value is what the member's field reads now.
func (d *Dialect) reads(now member, field string, sent wire.Value) bool {
	at := slices.IndexFunc(d.view, func(s wire.Shown[member]) bool { return s.Name == field })
	if at < 0 || !sent.Exists() {
		return false
	}
	shown, problem := wire.Parse(wire.JSON(d.view[at].Value(now)))
	if problem != nil {
		return false
	}
	a, isText := shown.Text()
	b, alsoText := sent.Text()
	return isText && alsoText && a == b || string(shown.Raw()) == string(sent.Raw())
}
