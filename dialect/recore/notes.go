package recore

import (
	"context"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// noteTable is the body of POST /members/{member_id}/notes.
func noteTable() wire.Table[noren.Note] {
	note := wire.Text("note", wire.ToValue(func(n *noren.Note) *string { return &n.Text })).AtMost(members.MaxNoteLen).Must().Says("メモ", "")
	// The page requires a note, and an empty one says as little as none.
	note.NonEmpty = true
	return wire.NewTable(
		wire.Whole("staff_id", wire.ToPointer(func(n *noren.Note) **int64 { return &n.StaffID })).Between(1, maxID).OrNull().
			Says("スタッフID", ""),
		note,
	)
}

// noteShown is a note with the staff who wrote it.
type noteShown struct {
	noren.Note
	staff *noren.Staff
}

func notesOf(list members.NoteList) []noteShown {
	out := make([]noteShown, len(list.Notes))
	for i, n := range list.Notes {
		out[i] = noteShown{Note: n}
		if n.StaffID == nil {
			continue
		}
		if person, known := list.Staff[*n.StaffID]; known {
			out[i].staff = &person
		}
	}
	return out
}

// noteView has the keys of a note in the documented order.
func noteView() wire.View[noteShown] {
	return wire.View[noteShown]{
		{Name: "id", Value: func(n noteShown) any { return n.ID }, Schema: wire.IntegerSchema("会員メモID")},
		{Name: "staff", Value: func(n noteShown) any {
			if n.staff == nil {
				return nil
			}
			return named(n.staff.ID, n.staff.Name)
		}, Schema: namedSchema("スタッフ").OrNull()},
		{Name: "note", Value: func(n noteShown) any { return n.Text }, Description: "メモ"},
		{Name: "created_at", Value: func(n noteShown) any { return n.CreatedAt.Unix() }, Schema: wire.IntegerSchema("作成日時")},
	}
}

// getNotes is GET /members/{member_id}/notes 会員メモ検索.
func (d *Dialect) getNotes(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := pathID(x, "member_id")
	if err != nil {
		return web.Answer{}, err
	}
	a, err := d.lists.notes.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	// The member is in the path and the rest in the query, so no parameter can reach the notes of somebody else.
	a.filter.MemberID, a.filter.Page = id, a.page
	found, err := d.Rooms.Members.Notes(ctx, x.Caller, a.filter)
	if err != nil {
		return web.Answer{}, err
	}
	return ok(noteView().List(notesOf(found))), nil
}

// postNote is POST /members/{member_id}/notes 会員メモ作成.
func (d *Dialect) postNote(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := pathID(x, "member_id")
	if err != nil {
		return web.Answer{}, err
	}
	note := noren.Note{MemberID: id}
	if err := readObject(x.Body, d.tables.note, &note); err != nil {
		return web.Answer{}, err
	}
	answer := func(added members.NoteList) web.Answer { return ok(noteView().Append(nil, notesOf(added)[0])) }
	return dialect.Once(x, answer, func(once *unit.Once) (members.NoteList, *noren.KeptAnswer, error) {
		return d.Rooms.Members.AddNote(ctx, x.Caller, note, once)
	})
}

// deleteNote is DELETE /members/{member_id}/notes/{note_id} 会員メモ削除.
func (d *Dialect) deleteNote(ctx context.Context, x *web.Request) (web.Answer, error) {
	return remove(ctx, x, "note_id", d.Rooms.Members.DeleteNote)
}

// deleteAttachment is DELETE /members/{member_id}/attachments/{attachment_id}.
func (d *Dialect) deleteAttachment(ctx context.Context, x *web.Request) (web.Answer, error) {
	return remove(ctx, x, "attachment_id", d.Rooms.Members.DeleteAttachment)
}

// remove deletes what belongs to a member and is named by the last part of the path.
func remove(
	ctx context.Context, x *web.Request, name string,
	do func(ctx context.Context, c noren.Caller, member, id int64, once *unit.Once) (*noren.KeptAnswer, error),
) (web.Answer, error) {
	member, err := pathID(x, "member_id")
	if err != nil {
		return web.Answer{}, err
	}
	id, err := pathID(x, name)
	if err != nil {
		return web.Answer{}, err
	}
	return dialect.OnceEmpty(x, func(once *unit.Once) (*noren.KeptAnswer, error) {
		return do(ctx, x.Caller, member, id, once)
	})
}
