package privacy_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/app/privacy"
	"noren/csvfile"
)

// secrets are what tells who the member is, in every place where it is put below.
var secrets = []string{"himitsu", "ヒミツ", "秘密", "090-1111-2222", "GC-7777", "アレルギー"}

// person makes member 7 with something in every place that holds people's data, and returns the values of the log.
func person(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	made, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{{
		Code: noren.Set("GC-7777"), LastName: noren.Set("秘密"), LastKana: noren.Set("ヒミツ"), Email: noren.Set("himitsu@example.com"),
		Mobile: noren.Set("090-1111-2222"), BirthDate: noren.Set(noren.Date("1971-08-09")), ShopifyCustomerID: noren.Set("778899"),
		Occupation: noren.Set(`<b>"x"</b>`),
	}}, noren.Active, apptest.Once("key", "body", func(any) string { return `{"code":"GC-7777","last_name":"秘密"}` }))
	if err != nil {
		t.Fatal(err)
	}
	id := made.Items[0].ID
	if _, _, err := b.Members.AddNote(b.Ctx, b.Caller, noren.Note{MemberID: id, Text: "アレルギーの話"}, nil); err != nil {
		t.Fatal(err)
	}
	apptest.Upload(t, b, "a.png", "shared.png")
	apptest.Attach(t, b, id, "a.png") // twice, and one that somebody else has, too
	apptest.Attach(t, b, id, "shared.png")
	apptest.Attach(t, b, 1, "shared.png")
	if _, _, err := b.Members.Attach(b.Ctx, b.Caller, noren.Attachment{MemberID: id, FileKey: "a.png", FileName: new("秘密.png"), Tag: noren.PhotoFile}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/", Rows: noren.BulkRows{Members: []noren.MemberPatch{
			{ID: id, FirstName: noren.Set("himitsu")}, {ID: 1, FirstName: noren.Set("残る")},
		}},
	}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	file, err := csvfile.Read(noren.ImportMembers, "m.csv", []byte("code,status,note\nGC-7777,なにか,himitsu\nX1,なにか,残る\n"))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, file)
	if err != nil {
		t.Fatal(err)
	}
	// One that was given up names the member as well, and does not stand in the way.
	givenUp, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, file)
	if err == nil {
		_, err = b.Imports.Cancel(b.Ctx, b.Caller, givenUp.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Privacy.Erase(b.Ctx, b.Caller, id); noren.KindOf(err) != noren.Conflict {
		t.Fatalf("an import that waits names the member: %v", err)
	}
	if _, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := b.Imports.Step(b.Ctx, b.Caller.Tenant.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestErase looks for every value before and after, in what is handed out and in every row of the database.
func TestErase(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		person(t, b)
		erase(t, b)
	})
}

func erase(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	found, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{Codes: []string{"GC-7777"}})
	if err != nil || len(found.Items) != 1 {
		t.Fatal(found, err)
	}
	id := found.Items[0].ID
	data, err := b.Privacy.HandOut(b.Ctx, b.Caller, id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range append([]string{"refused line", "bulk request", "kept answer", "a.png"}, secrets...) {
		if !strings.Contains(string(text), secret) {
			t.Errorf("what is handed out lacks %s:\n%s", secret, text)
		}
	}
	var archive bytes.Buffer
	err = privacy.WriteArchive(&archive, data, time.UTC, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("bytes")), nil })
	if err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil || len(files.File) != 5 {
		t.Fatalf("the archive has %d files, %v", len(files.File), err)
	}
	page, err := files.Open("data.html")
	if err != nil {
		t.Fatal(err)
	}
	if html, err := io.ReadAll(page); err != nil || !strings.Contains(string(html), "himitsu@example.com") {
		t.Errorf("the page: %s, %v", html, err)
	} else if !strings.Contains(string(html), "<td>&lt;b&gt;&#34;x&#34;&lt;/b&gt;</td>") {
		t.Errorf("the page shows a text otherwise than it is: %s", html)
	}

	b.Clock.Advance(time.Hour)
	receipt, err := b.Privacy.Erase(b.Ctx, b.Caller, id)
	if err != nil {
		t.Fatal(err)
	}
	filesGone(t, b, receipt)
	for _, what := range []string{"notes", "files", "audit values", "bulk requests", "kept answers", "refused lines"} {
		if receipt.Removed[what] == 0 {
			t.Errorf("the receipt has no %s: %v", what, receipt.Removed)
		}
	}
	if text, err = json.Marshal(receipt); err != nil {
		t.Fatal(err)
	}
	data, err = b.Privacy.HandOut(b.Ctx, b.Caller, id)
	if err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(after), secret) || strings.Contains(string(text), secret) {
			t.Errorf("%s is left: %s %s", secret, after, text)
		}
		if list, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{Keyword: secret}); err != nil || len(list.Items) != 0 {
			t.Errorf("searching for %s finds %d, %v", secret, len(list.Items), err)
		}
	}
	status, err := b.Bulk.Status(b.Ctx, b.Caller, 1)
	if err != nil || len(status.Request.Rows.Members) != 2 {
		t.Fatal(status, err)
	}
	if kept, _ := status.Request.Rows.Members[1].FirstName.Value(); kept != "残る" {
		t.Error("another member's row is gone too")
	}
	list, err := b.Privacy.Erasures(b.Ctx, b.Caller)
	if err != nil || len(list) != 1 || list[0].MemberID != id {
		t.Errorf("receipts %v, %v", list, err)
	}
	b.Sound(t)
	// verify notices what somebody puts back.
	err = b.Engine.Update(b.Ctx, b.Caller.Tenant.ID, func(tx noren.Tx) error {
		return tx.AddNote(b.Ctx, noren.Note{ID: 99, MemberID: id, Text: "秘密", CreatedAt: receipt.At.Add(-time.Minute)})
	})
	if err != nil {
		t.Fatal(err)
	}
	checks, err := b.Engine.Verify(b.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	noticed := false
	for _, c := range checks {
		noticed = noticed || strings.Contains(strings.Join(c.Violations, " "), "a note is left")
	}
	if !noticed {
		t.Error("verify does not notice a note that is left")
	}
}

// filesGone checks that nobody can open the files of the erased member at once, so that no temporary address works any more; what
// another member has, too, stays.
func filesGone(t *testing.T, b *apptest.Bundle, receipt noren.Erasure) {
	t.Helper()
	if _, err := b.Members.Upload(b.Ctx, b.Caller.Tenant.ID, "a.png"); noren.KindOf(err) != noren.NotFound {
		t.Errorf("the file of an erased member: %v", err)
	}
	if _, err := b.Members.Upload(b.Ctx, b.Caller.Tenant.ID, "shared.png"); err != nil {
		t.Errorf("a file that another member has, too: %v", err)
	}
	if unswept, err := b.Members.Unswept(b.Ctx); err != nil || len(unswept) != 1 {
		t.Errorf("the files of %v are to be swept, %v", unswept, err)
	}
	if n := receipt.Removed["files"]; n != 3 {
		t.Errorf("the receipt has %d files", n)
	}
}

// TestErasingIsForTheWholeTenant: traces are of all stores.
func TestErasingIsForTheWholeTenant(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	if _, err := b.Privacy.Erase(b.Ctx, b.InStore(1), 1); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("erasing: %v", err)
	}
	if _, err := b.Privacy.HandOut(b.Ctx, b.InStore(1), 1); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("handing out: %v", err)
	}
	if _, err := b.Privacy.Erase(b.Ctx, b.Caller, 99); noren.KindOf(err) != noren.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

// TestPageHasEveryList: what is in data.json is on the page, too.
func TestPageHasEveryList(t *testing.T) {
	t.Parallel()
	d := privacy.Data{
		Contract: "sb_test", Member: map[string]any{"last_name": "one"}, Notes: []noren.Note{{Text: "two"}},
		Files: []noren.Attachment{{FileName: new("three")}}, Points: []noren.PointEntry{{Note: "four"}},
		Purchases: []noren.Purchase{{ExternalID: "five"}}, RankChanges: []noren.RankChange{{To: new(int64(6)), Reason: "six"}},
		Changes: []privacy.Change{{By: "seven", Changes: json.RawMessage("{}")}}, Traces: []noren.Trace{{What: "eight"}},
	}
	var archive bytes.Buffer
	err := privacy.WriteArchive(&archive, d, time.UTC, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil })
	if err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		t.Fatal(err)
	}
	page, err := files.Open("data.html")
	if err != nil {
		t.Fatal(err)
	}
	html, err := io.ReadAll(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"one", "two", "three", "four", "five", "– → 6", "six", "seven", "eight"} {
		if !strings.Contains(string(html), "<td>"+word) {
			t.Errorf("the page lacks %s", word)
		}
	}
}

// draftNaming makes a draft of an import that names the member with the code, and returns its number.
func draftNaming(t *testing.T, b *apptest.Bundle, code string) int64 {
	t.Helper()
	file, err := csvfile.Read(noren.ImportMembers, "m.csv", []byte("code,note\n"+code+",x\n"))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, file)
	if err != nil {
		t.Fatal(err)
	}
	return draft.ID
}

// TestEveryColumnHasALabel: the page names no column as the database does.
func TestEveryColumnHasALabel(t *testing.T) {
	t.Parallel()
	labels := privacy.Labels()
	for _, c := range noren.MemberColumns() {
		if labels[c.Name] == "" {
			t.Errorf("the column %s has no label", c.Name)
		}
	}
}
