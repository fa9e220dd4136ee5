package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/points"
)

// TestHistoryNames: the history names notes, files, ranks and movements as the other pages show them, never by a number that no page shows,
// and their authors as these pages do.
func TestHistoryNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const key, history = "0123456789abcdefghij0123456789abcdefghij.pdf", "/console/members/1/history"
	api := b.caller(0)
	staff, visited := int64(1), time.Date(2026, 3, 31, 1, 2, 0, 0, time.UTC)
	note := noren.Note{MemberID: 1, StaffID: &staff, Text: "甘いものがお好き\n次回ご案内"}
	if _, _, err := b.rooms.Members.AddNote(t.Context(), api, note, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.rooms.Members.AddUpload(t.Context(), api, noren.Upload{FileKey: key, MIMEType: "application/pdf"}, nil); err != nil {
		t.Fatal(err)
	}
	file, _, err := b.rooms.Members.Attach(t.Context(), api, noren.Attachment{
		MemberID: 1, FileKey: key, Tag: noren.GeneralFile, FileName: new("申込書.pdf"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	give := points.Adjustment{
		Query: noren.MemberQuery{IDs: []int64{1}}, Mode: points.Add, Amount: 70, Type: noren.DefaultPoint, StaffID: &staff, Note: "誕生日",
	}
	if _, err := b.rooms.Points.Adjust(t.Context(), api, give, nil); err != nil {
		t.Fatal(err)
	}
	err = b.rooms.Run.Update(t.Context(), api.Tenant.ID, func(tx noren.Tx) error {
		if err := tx.PutStaffRanks(t.Context(), []noren.StaffRank{{ID: 4, Name: "店長クラス"}}); err != nil {
			return err
		}
		return tx.AddAudit(t.Context(), []noren.AuditEntry{{
			At: b.clock.Read(), Dialect: noren.Operator, Subject: "member", SubjectID: "1",
			Changes: []byte(`{"staff_rank_id":[null,4],"last_visit_at":[null,` + number(visited.UnixMicro()) + `]}`),
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	w := b.as("admin")
	page := w.shows(history, "甘いものがお好き\n次回ご案内", "申込書.pdf", "店長クラス", "2026-03-31 10:02", "通常ポイント 付与", "誕生日")
	w.lacks(page, key, "#1", "メモ1", number(visited.UnixMicro()))
	// The note and the points are by the staff for whom the client acted, the file by the client.
	if n, m := strings.Count(page, ">大西<"), strings.Count(page, ">pos<"); n != 2 || m != 1 {
		t.Errorf("%d by the staff and %d by the client", n, m)
	}
	w.shows("/console/members/1/points", ">大西<")
	w.shows("/console/members/1", "大西")
	reverse := "/console/members/1/points/1/reverse"
	f := form(t, w.shows(reverse), reverse)
	f.Set("reason", "重複")
	if a := w.post(reverse, f); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	for _, path := range []string{history, "/console/members/1/points", "/console/points"} {
		w.lacks(w.shows(path, "2026-04-01 12:00の付与(+70「誕生日」)の取り消し 重複", "取り消し済み 誕生日"), "履歴1")
	}
	english := b.as("admin")
	english.cookies[cookieLanguage] = "en"
	english.shows(history, "Reverses “Given” (+70, 誕生日) of 2026-04-01 12:00. 重複")
	// What is gone has no name any more.
	for _, gone := range []string{"/notes/1/delete", "/attachments/" + number(file.ID) + "/delete"} {
		if a := w.post("/console/members/1"+gone, url.Values{}); a.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", gone, a.Code, textOf(a))
		}
	}
	w.lacks(w.shows(history, "(削除済みのメモ)", "(削除済みのファイル)"), "甘いもの", "申込書", key)
}

// TestHistoryOrder: columns stand as in the form, not by the alphabet of their names in the schema.
func TestHistoryOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	entry := regexp.MustCompile(`/console/audit/\d+`).FindString(w.shows("/console/audit?subject=member&id=1"))
	for _, path := range []string{"/console/members/1/history", entry} {
		body, last := w.shows(path), 0
		for _, column := range []string{">姓<", ">名<", ">フリガナ(姓)<", ">電話番号<", ">状態<"} {
			at := strings.LastIndex(body, column)
			if at < last {
				t.Errorf("%s: %s stands at %d, before %d", path, column, at, last)
			}
			last = at
		}
	}
}
