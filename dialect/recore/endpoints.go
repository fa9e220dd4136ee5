package recore

import (
	"context"
	"net/http"

	"noren/web"
	"noren/wire"
)

// handler answers one endpoint.
type handler = func(ctx context.Context, x *web.Request) (web.Answer, error)

// endpoint is a route with what its document says.
type endpoint struct {
	web.Route
	id, summary string
	parameters  []wire.Parameter
	body        *wire.Content
	success     wire.Response
}

// maxBulkBody is the largest body of the bulk requests: a thousand members with every field full and escaped.
const maxBulkBody = 16 << 20

// newEndpoints lists every endpoint with its scope. README.md has the same table with the sources.
func (d *Dialect) newEndpoints() []endpoint {
	t, l := d.tables, d.lists
	created := func() *wire.Schema { return t.created.Schema() }
	return []endpoint{
		get("/members", "member:index", d.getMembers).says("getMembers", "会員検索").asks(l.members.parameters()).
			answers(wire.ArrayOf(wire.Reference("Member"))).paged(),
		get("/members/{member_id}", "member:show", d.getMember).says("getMember", "会員取得").answers(wire.Reference("Member")),
		change(http.MethodPost, "/members", "member:store", d.postMember).says("postMember", "会員作成").
			takes(created()).answers(wire.Reference("Member")),
		change(http.MethodPut, "/members/{member_id}", "member:update", d.putMember).says("putMember", "会員更新").
			takes(t.changed.Schema()).answers(wire.Reference("Member")),
		change(http.MethodPost, "/members/bulk", "member:bulk:store", d.postMembers).says("postMembersBulk", "会員一括作成").
			takes(rowsSchema(created())).answers(wire.ArrayOf(wire.Reference("Member"))).upTo(maxBulkBody),
		change(http.MethodPut, "/members/bulk", "member:bulk:update", d.putMembers).says("putMembersBulk", "会員一括更新").
			takes(rowsSchema(t.changedRow.Schema())).answers(wire.ArrayOf(wire.Reference("Member"))).upTo(maxBulkBody),
		change(http.MethodPut, "/members/point", "member:point:update", d.putPoints).says("putMembersPoint", "会員ポイント増減").
			takes(t.points.Schema()),
		get("/members/{member_id}/notes", "member:note:index", d.getNotes).says("getNotes", "会員メモ検索").
			asks(l.notes.parameters()).answers(wire.ArrayOf(wire.Reference("Note"))),
		change(http.MethodPost, "/members/{member_id}/notes", "member:note:store", d.postNote).says("postNote", "会員メモ作成").
			takes(t.note.Schema()).answers(wire.Reference("Note")),
		change(http.MethodDelete, "/members/{member_id}/notes/{note_id}", "member:note:destroy", d.deleteNote).
			says("deleteNote", "会員メモ削除"),
		change(http.MethodPost, "/members/{member_id}/attachments", "member:attachment:store", d.postAttachment).
			says("postAttachment", "会員ファイル作成").takes(t.attachment.Schema()).answers(wire.Reference("Attachment")),
		change(http.MethodDelete, "/members/{member_id}/attachments/{attachment_id}", "member:attachment:destroy", d.deleteAttachment).
			says("deleteAttachment", "会員ファイル削除"),
		upload("/upload/public", d.postUpload(true)).says("postUploadPublic", "ファイルアップロード (公開)"),
		upload("/upload/private", d.postUpload(false)).says("postUploadPrivate", "ファイルアップロード (非公開)"),
		get("/staffs", "staff:index", d.getStaffs).says("getStaffs", "スタッフ検索").asks(l.staff.parameters()).
			answers(wire.ArrayOf(wire.Reference("Staff"))).paged(),
		get("/staffs/{staff_id}", "staff:show", d.getStaff).says("getStaff", "スタッフ取得").answers(wire.Reference("Staff")),
		d.fileEndpoint(),
	}
}

func get(path, scope string, handle handler) endpoint {
	return endpoint{
		Route:      web.Route{Method: http.MethodGet, Pattern: path, Permission: web.AnyScope(scope), Class: web.Read, Handle: handle},
		parameters: pathParameters(path),
		success:    wire.Response{Status: http.StatusOK},
	}
}

func change(method, path, scope string, handle handler) endpoint {
	return endpoint{
		Route: web.Route{Method: method, Pattern: path, Permission: web.AnyScope(scope), Class: web.Write, Handle: handle},
		parameters: append(pathParameters(path), wire.Parameter{
			Name: web.IdempotencyHeader, In: "header", Schema: wire.TextSchema(""),
			Details: "同じキーと同じ内容の再送には24時間、最初の応答を返します。(Noren独自)",
		}),
		success: wire.Response{Status: http.StatusOK},
	}
}

// upload is an endpoint that takes the bytes of a file.
func upload(path string, handle handler) endpoint {
	e := change(http.MethodPost, path, "member:attachment:store", handle)
	e.Stream, e.BodyLimit = openUpload, maxUpload
	e.body = &wire.Content{MediaType: "*/*", Schema: &wire.Schema{
		Types: []string{"string"}, Format: "binary", Description: "ファイルそのもの、またはmultipart/form-dataのfile。" + typeNames(),
	}}
	return e.answers(object(property("file_key", wire.TextSchema("ファイルキー"))))
}

func (d *Dialect) fileEndpoint() endpoint {
	e := endpoint{
		Route: web.Route{Method: http.MethodGet, Pattern: pathFile, Permission: web.Public(), Class: web.Read, Handle: d.getFile},
		parameters: append(pathParameters(pathFile),
			wire.Parameter{Name: "expires", In: "query", Schema: wire.TextSchema("")},
			wire.Parameter{Name: "signature", In: "query", Schema: wire.TextSchema("")}),
		success: wire.Response{Status: http.StatusOK, Content: &wire.Content{
			MediaType: "*/*", Schema: &wire.Schema{Types: []string{"string"}, Format: "binary"},
		}},
	}
	return e.says("getFile", "一時URLのファイル取得 (Noren独自)")
}

func (e endpoint) says(id, summary string) endpoint {
	e.id, e.summary, e.success.Details = id, summary, summary
	return e
}

func (e endpoint) asks(parameters []wire.Parameter) endpoint {
	e.parameters = append(e.parameters, parameters...)
	return e
}

func (e endpoint) takes(schema *wire.Schema) endpoint {
	e.body = &wire.Content{MediaType: mediaJSON, Schema: schema}
	return e
}

func (e endpoint) answers(schema *wire.Schema) endpoint {
	e.success.Content = &wire.Content{MediaType: mediaJSON, Schema: schema}
	return e
}

func (e endpoint) upTo(bytes int64) endpoint {
	e.BodyLimit = bytes
	return e
}

func (e endpoint) paged() endpoint {
	e.success.Headers = []wire.Parameter{{
		Name: headerNext, Schema: wire.TextSchema(""), Details: "次のcursor。cursorを指定した場合のみ。最後のページにはありません。",
	}}
	return e
}
