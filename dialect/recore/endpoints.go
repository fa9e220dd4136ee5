package recore

import (
	"net/http"

	"noren"
	"noren/app/members"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// maxBulkBody is the largest body of the bulk requests: a thousand members with every field full and escaped.
const maxBulkBody = 16 << 20

// spec describes the dialect. The schemas of bodies and responses come from the tables that decode and write them, so
// they cannot differ from what is done.
func (d *Dialect) spec() dialect.Spec {
	return dialect.Spec{
		Name: noren.ReCORE, Title: "Noren: ReCORE dialect", Version: d.Version,
		Description: "ReCORE.co-api (会員) 互換のAPI。詳細は dialect/recore/README.md を参照してください。",
		// As documented on the members' page.
		RateLimits: web.RateLimits{Read: web.RateLimit{PerSecond: 5}, Write: web.RateLimit{PerSecond: 2}},
		Security: []wire.Pair{wire.P("key", wire.Map{
			wire.P("type", "apiKey"), wire.P("in", "header"), wire.P("name", headerKey), wire.P("description", "APIキー (JWT)"),
		})},
		Header: []wire.Parameter{{
			Name: headerStore, In: "header", Schema: wire.IntegerSchema(""), Details: "店舗ID。APIキーにstore_idがない場合のみ",
		}},
		// A header that names no store is a wrong value.
		Denied:  []int{http.StatusForbidden, http.StatusBadRequest},
		Refusal: wire.JSONContent(wire.Reference("Error")),
		Schemas: []wire.Property{
			wire.Prop("Member", d.view.Schema()), wire.Prop("Note", noteView().Schema()), wire.Prop("Staff", staffView().Schema()),
			wire.Prop("Attachment", attachmentSchema()), wire.Prop("Error", errorSchema()),
		},
		Endpoints: d.endpoints(),
	}
}

// endpoints lists every endpoint with its scope. README.md has the same table with the sources.
func (d *Dialect) endpoints() []dialect.Endpoint {
	t, l := d.tables, d.lists
	member, members := dialect.OK(wire.Reference("Member")), dialect.OK(wire.ArrayOf(wire.Reference("Member")))
	return []dialect.Endpoint{
		get("/members", "member:index", d.getMembers).Says("getMembers", "会員検索").Asks(l.members.parameters()...).
			Returns(paged("Member")),
		get("/members/{member_id}", "member:show", d.getMember).Says("getMember", "会員取得").Returns(member),
		write(http.MethodPost, "/members", "member:store", d.postMember, t.created.Schema()).Says("postMember", "会員作成").Returns(member),
		write(http.MethodPut, "/members/{member_id}", "member:update", d.putMember, t.changed.Schema()).Says("putMember", "会員更新").
			Returns(member),
		write(http.MethodPost, "/members/bulk", "member:bulk:store", d.postMembers, rowsSchema(t.created.Schema())).
			Says("postMembersBulk", "会員一括作成").Returns(members).UpTo(maxBulkBody),
		write(http.MethodPut, "/members/bulk", "member:bulk:update", d.putMembers, rowsSchema(t.changedRow.Schema())).
			Says("putMembersBulk", "会員一括更新").Returns(members).UpTo(maxBulkBody),
		write(http.MethodPut, "/members/point", "member:point:update", d.putPoints, t.points.Schema()).
			Says("putMembersPoint", "会員ポイント増減").Returns(dialect.OK(nil)),
		get("/members/{member_id}/notes", "member:note:index", d.getNotes).Says("getNotes", "会員メモ検索").
			Asks(l.notes.parameters()...).Returns(dialect.OK(wire.ArrayOf(wire.Reference("Note")))),
		write(http.MethodPost, "/members/{member_id}/notes", "member:note:store", d.postNote, t.note.Schema()).
			Says("postNote", "会員メモ作成").Returns(dialect.OK(wire.Reference("Note"))),
		deletion("/members/{member_id}/notes/{note_id}", "member:note:destroy", d.deleteNote).Says("deleteNote", "会員メモ削除"),
		write(http.MethodPost, "/members/{member_id}/attachments", "member:attachment:store", d.postAttachment, t.attachment.Schema()).
			Says("postAttachment", "会員ファイル作成").Returns(dialect.OK(wire.Reference("Attachment"))),
		deletion("/members/{member_id}/attachments/{attachment_id}", "member:attachment:destroy", d.deleteAttachment).
			Says("deleteAttachment", "会員ファイル削除"),
		upload("/upload/public", d.postUpload(true)).Says("postUploadPublic", "ファイルアップロード (公開)"),
		upload("/upload/private", d.postUpload(false)).Says("postUploadPrivate", "ファイルアップロード (非公開)"),
		get("/staffs", "staff:index", d.getStaffs).Says("getStaffs", "スタッフ検索").Asks(l.staff.parameters()...).Returns(paged("Staff")),
		get("/staffs/{staff_id}", "staff:show", d.getStaff).Says("getStaff", "スタッフ取得").Returns(dialect.OK(wire.Reference("Staff"))),
		d.fileEndpoint(),
	}
}

func get(path, scope string, handle dialect.Handler) dialect.Endpoint {
	return dialect.Get(path, web.AnyScope(scope), handle).Refuses(http.StatusNotFound)
}

// write is an endpoint with a JSON body; a body that is not JSON has a status of its own.
func write(method, path, scope string, handle dialect.Handler, body *wire.Schema) dialect.Endpoint {
	return dialect.Write(method, path, web.AnyScope(scope), handle).Takes(wire.JSONContent(body)).
		Refuses(http.StatusNotFound, http.StatusUnprocessableEntity)
}

func deletion(path, scope string, handle dialect.Handler) dialect.Endpoint {
	return dialect.Write(http.MethodDelete, path, web.AnyScope(scope), handle).Returns(dialect.OK(nil)).Refuses(http.StatusNotFound)
}

// upload is an endpoint that receives the bytes of a file.
func upload(path string, handle dialect.Handler) dialect.Endpoint {
	e := dialect.Write(http.MethodPost, path, web.AnyScope("member:attachment:store"), handle).UpTo(members.MaxUpload)
	e.Stream = openUpload
	return e.Takes(&wire.Content{MediaType: "*/*", Schema: &wire.Schema{
		Types: []string{"string"}, Format: "binary", Description: "ファイルそのもの、またはmultipart/form-dataのfile。" + typeNames(),
	}}).Returns(dialect.OK(wire.ObjectOf(wire.Prop("file_key", wire.TextSchema("ファイルキー"))))).Refuses(http.StatusNotFound)
}

// fileEndpoint is public: the signature in the query is the permission.
func (d *Dialect) fileEndpoint() dialect.Endpoint {
	file := &wire.Content{MediaType: "*/*", Schema: &wire.Schema{Types: []string{"string"}, Format: "binary"}}
	return dialect.Get(pathFile, web.Public(), d.getFile).Says("getFile", "一時URLのファイル取得 (Noren独自)").
		Asks(wire.QueryParameter(wire.Facts{Name: "expires"}), wire.QueryParameter(wire.Facts{Name: "signature"})).
		Returns(wire.Response{Status: http.StatusOK, Content: file}).Refuses(http.StatusForbidden, http.StatusNotFound)
}

// paged is the response of a list that can be walked with a cursor.
func paged(schema string) wire.Response {
	return dialect.OK(wire.ArrayOf(wire.Reference(schema)), wire.Parameter{
		Name: headerNext, Schema: wire.TextSchema(""), Details: "次のcursor。cursorを指定した場合のみ。最後のページにはありません。",
	})
}
