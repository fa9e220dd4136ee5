package recore

import (
	"context"
	"errors"
	"slices"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// memberRow is one member of a request: what was sent, what it means, and what is wrong with it.
type memberRow struct {
	sent     wire.Object
	patch    noren.MemberPatch
	problems []*wire.Problem // whatever is stored
	doubts   []*wire.Problem // of patch.Doubts, in their order
}

// decodeRow reads one member. Problems are kept with the row: a bulk request names those of all rows at once.
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
	return d.write(ctx, x, writing{rows: []memberRow{decodeRow(o, d.tables.created)}, do: d.create})
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
	// After the body was decoded: an id in the body is ignored, and the path decides.
	row.patch.ID = id
	return d.write(ctx, x, writing{rows: d.doubting(row), do: d.Rooms.Members.Update})
}

// postMembers is POST /members/bulk 会員一括作成.
func (d *Dialect) postMembers(ctx context.Context, x *web.Request) (web.Answer, error) {
	rows, err := decodeRows(x.Body, d.tables.created)
	if err != nil {
		return web.Answer{}, err
	}
	return d.write(ctx, x, writing{rows: rows, bulk: true, do: d.create})
}

// putMembers is PUT /members/bulk 会員一括更新.
func (d *Dialect) putMembers(ctx context.Context, x *web.Request) (web.Answer, error) {
	rows, err := decodeRows(x.Body, d.tables.changedRow)
	if err != nil {
		return web.Answer{}, err
	}
	return d.write(ctx, x, writing{rows: d.doubting(rows...), bulk: true, do: d.Rooms.Members.Update})
}

// decodeRows reads the members of a bulk request.
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

// create is Members.Create with the status that the page gives to members without one.
func (d *Dialect) create(
	ctx context.Context, c noren.Caller, patches []noren.MemberPatch, once *unit.Once,
) (members.List, *noren.KeptAnswer, error) {
	return d.Rooms.Members.Create(ctx, c, patches, noren.Tentative, once)
}

// writing is what the four requests that write members share.
type writing struct {
	rows []memberRow
	bulk bool
	do   func(context.Context, noren.Caller, []noren.MemberPatch, *unit.Once) (members.List, *noren.KeptAnswer, error)
}

// write refuses what is wrong with the form, or else writes the members and shows them.
func (d *Dialect) write(ctx context.Context, x *web.Request, w writing) (web.Answer, error) {
	var wrong dialect.Complaints
	// All rows are looked at before any is refused, so that one response names every wrong value.
	patches := make([]noren.MemberPatch, len(w.rows))
	for i, row := range w.rows {
		patches[i] = row.patch
		wrong = append(wrong, complain(w.prefix(i), row.sent, row.problems)...)
	}
	if err := wrong.OrNil(); err != nil {
		return web.Answer{}, err
	}
	// Before the write, which is a transaction of its own.
	p, err := d.page(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(written members.List) web.Answer {
		if w.bulk {
			return ok(d.view.List(p.members(written)))
		}
		return d.one(p, written)
	}
	return dialect.Once(x, answer, func(once *unit.Once) (members.List, *noren.KeptAnswer, error) {
		written, kept, err := w.do(ctx, x.Caller, patches, once)
		return written, kept, w.refused(err)
	})
}

// prefix is what precedes the names of fields in the response: nothing where the request has one member.
func (w writing) prefix(row int) string {
	if !w.bulk {
		return ""
	}
	return rowPrefix(row)
}

// refused words the refusals of the service, each under the row it is about.
func (w writing) refused(err error) error {
	list, refused := errors.AsType[noren.Refusals](err)
	if !refused {
		return err
	}
	var wrong dialect.Complaints
	for _, e := range list {
		// Refusals count rows from 1, as people do. This API counts them from 0.
		row := e.Row - 1
		switch at := w.doubt(e); {
		case at >= 0:
			wrong = append(wrong, complain(w.prefix(row), w.rows[row].sent, w.rows[row].doubts[at:at+1])...)
		case e.Reason == noren.ReasonMemberUnknown && !w.bulk:
			return &noren.Error{Kind: noren.NotFound, Field: "member"} // the id is in the path, not in the body
		default:
			c := refusalWords(noren.Refusals{e})[0]
			wrong.Add(w.prefix(row)+c.At, c.Message)
		}
	}
	return wrong
}

// doubt returns which doubt of its row the refusal is; negative if it is none.
func (w writing) doubt(e *noren.Error) int {
	if e.Row < 1 {
		return -1
	}
	return slices.IndexFunc(w.rows[e.Row-1].patch.Doubts, func(d noren.Doubt) bool { return d.Refusal == e })
}

// doubting turns the problems of rows that change members into doubts: a value that the member reads now is none, whatever
// this API would accept.
func (d *Dialect) doubting(rows ...memberRow) []memberRow {
	for i := range rows {
		row := &rows[i]
		row.doubts, row.problems = row.problems, nil
		for _, p := range row.doubts {
			row.patch.Doubts = append(row.patch.Doubts, noren.Doubt{
				// The service returns this very error unless the member has the value already. refused looks up the
				// words by it.
				Refusal: &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonForm, Field: p.Field},
				Has:     func(now *noren.Member) bool { return d.reads(member{Member: *now}, p.Field, row.sent.Get(p.Field)) },
			})
		}
	}
	return rows
}

// reads reports whether the value is what the member's field reads now.
func (d *Dialect) reads(now member, field string, sent wire.Value) bool {
	// Fields that the response shows under another name or not at all, such as member_rank_id, are never unchanged.
	at := slices.IndexFunc(d.view, func(s wire.Shown[member]) bool { return s.Name == field })
	if at < 0 || !sent.Exists() {
		return false
	}
	// Compared as JSON, in the form that a client has read and would send back.
	shown, problem := wire.Parse(wire.JSON(d.view[at].Value(now)))
	if problem != nil {
		return false
	}
	// Texts are compared decoded, because clients escape as they like; numbers and null have one form.
	a, isText := shown.Text()
	b, alsoText := sent.Text()
	return isText && alsoText && a == b || string(shown.Raw()) == string(sent.Raw())
}
