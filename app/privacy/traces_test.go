package privacy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/app/inbox"
	"noren/app/unit"
	"noren/csvfile"
)

// kept keeps an answer for a request to that path.
func kept(route, key, answer string) *unit.Once {
	once := apptest.Once(key, "body", func(any) string { return answer })
	once.Key.Route = route
	return once
}

// imported imports the file to its end.
func imported(t *testing.T, b *apptest.Bundle, kind noren.ImportKind, name, text string) {
	t.Helper()
	file, err := csvfile.Read(kind, name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, kind, file)
	if err == nil {
		_, err = b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{Source: "file"})
	}
	for range 5 {
		if err == nil {
			_, err = b.Imports.Step(b.Ctx, b.Caller.Tenant.ID)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// spoken makes a member who is spoken of in every way that is not the one in which they are stored, and another in the same places.
func spoken(t *testing.T, b *apptest.Bundle) (id int64) {
	t.Helper()
	made, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{
		{
			Code: noren.Set("GC-7777"), LastName: noren.Set("秘密"), FirstName: noren.Set("花子"), LastKana: noren.Set("ヒミツ"), FirstKana: noren.Set("ハナコ"),
			Email: noren.Set("himitsu-old@example.com"), Phone: noren.Set("0312345678"), PIN: noren.Set("1200"), ShopifyCustomerID: noren.Set("778899"),
		},
		{Code: noren.Set("GC-8888"), LastName: noren.Set("他人"), Email: noren.Set("other@example.com")},
	}, noren.Active, kept("POST /members/bulk", "k1", `[{"code":"GC-7777","last_name":"秘密"},{"code":"GC-8888","last_name":"他人"}]`))
	if err != nil {
		t.Fatal(err)
	}
	id = made.Items[0].ID
	_, _, err = b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{{ID: id, Email: noren.Set("himitsu-new@example.com")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	note := noren.Note{MemberID: id, Text: "himitsuの話"}
	if _, _, err := b.Members.AddNote(b.Ctx, b.Caller, note, kept("POST /members/"+strconv.FormatInt(id, 10)+"/notes", "k2", `{"note":"himitsuの話"}`)); err != nil {
		t.Fatal(err)
	}
	note = noren.Note{MemberID: made.Items[1].ID, Text: "another"}
	if _, _, err := b.Members.AddNote(b.Ctx, b.Caller, note, kept("POST /point_balances/himitsu-new@example.com/x", "k3", `{}`)); err != nil {
		t.Fatal(err)
	}
	note.Text = "of a key" // that is made of an e-mail address
	if _, _, err := b.Members.AddNote(b.Ctx, b.Caller, note, kept("POST /members/9/notes", "note-himitsu-old@example.com-1", `{"code":"GC-8888"}`)); err != nil {
		t.Fatal(err)
	}
	imported(t, b, noren.ImportMembers, "秘密花子さん.csv", "code,last_name,first_name,phone,email,status\n"+
		"N1,,,(03)1234-5678,,x\n"+
		"N2,,,,ＨＩＭＩＴＳＵ－ＮＥＷ＠example.com,x\n"+
		"N3,,,,himitsu-old@example.com,x\n"+
		"N4,秘密,花子,,,x\n"+
		"N5,ﾋﾐﾂ,ﾊﾅｺ,,,x\n"+
		"N6,他人,,,other@example.com,x\n")
	imported(t, b, noren.ImportPurchases, "p.csv", "id,member,amount,at\nA1,GC-8888,1200,x\nA2,nobody,1200,x\n")
	order := noren.Webhook{Source: noren.WebhookShopify, ID: "w1", Topic: "orders/paid", Subject: "order 1"}
	if _, err := b.Inbox.Receive(b.Ctx, b.Caller, order, inbox.Content{Purchases: []noren.PurchaseEvent{{
		Kind: noren.PurchasePaid, ExternalID: "o1", Amount: 500, PaidAt: b.Clock.Read(), Member: noren.MemberKey{ShopifyCustomerID: "778899"},
	}}}); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestEraseFindsPeopleAsTheyAreSpokenOf looks into everything that is stored, and into the file of SQLite as it lies on the disk, for
// somebody whose values stand there in other forms than their own.
func TestEraseFindsPeopleAsTheyAreSpokenOf(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		id := spoken(t, b)
		data, err := b.Privacy.HandOut(b.Ctx, b.Caller, id)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(data.Traces)
		if err != nil {
			t.Fatal(err)
		}
		// What is handed out is about this person and nobody else, not even of the same name or with the same PIN.
		for _, other := range []string{"GC-8888", "他人", "other@", "nobody", "N4", "N5", "N6"} {
			if strings.Contains(string(text), other) {
				t.Errorf("%s is handed out: %s", other, text)
			}
		}
		for _, own := range []string{"N1", "N2", "himitsuの話", `\"code\":\"GC-7777\"`} {
			if !strings.Contains(string(text), own) {
				t.Errorf("%s is not handed out: %s", own, text)
			}
		}
		b.Clock.Advance(time.Hour)
		if _, err := b.Privacy.Erase(b.Ctx, b.Caller, id); err != nil {
			t.Fatal(err)
		}
		b.Sound(t)
		stored := storedTexts(t, b)
		for _, secret := range []string{"himitsu", "秘密", "ﾋﾐﾂ", "ＨＩＭＩＴＳＵ", "1234-5678", "0312345678", "GC-7777", "778899"} {
			if strings.Contains(stored, secret) {
				t.Errorf("%s is left in %s", secret, stored)
			}
		}
		if !strings.Contains(stored, "other@example.com") || !strings.Contains(stored, `"nobody"`) {
			t.Errorf("others are gone too: %s", stored)
		}
	})
}

// storedTexts is every text of the tenant that lists and directories of ours can show.
func storedTexts(t *testing.T, b *apptest.Bundle) string {
	t.Helper()
	var all []any
	b.View(t, func(tx noren.Tx) error {
		page := noren.Page{Limit: 1000}
		list, _, err := tx.Imports(b.Ctx, noren.ImportFilter{Page: page})
		if err != nil {
			return err
		}
		for _, i := range list {
			lines, err := tx.RefusedLines(b.Ctx, i.ID, 0, 1000)
			if err != nil {
				return err
			}
			all = append(all, i, lines)
		}
		log, err := tx.Audit(b.Ctx, noren.AuditFilter{Page: page})
		if err != nil {
			return err
		}
		for _, e := range log {
			all = append(all, string(e.Changes))
		}
		members, _, err := tx.Members(b.Ctx, noren.MemberFilter{Page: page})
		if err != nil {
			return err
		}
		bought, _, err := tx.Purchases(b.Ctx, noren.PurchaseFilter{Page: page})
		all = append(all, members, bought)
		for _, route := range []string{"POST /members/bulk", "POST /members/4/notes", "POST /point_balances/himitsu-new@example.com/x"} {
			for _, key := range []string{"k1", "k2", "k3"} {
				answer, keptErr := tx.KeptAnswer(b.Ctx, noren.IdempotencyKey{ClientID: 1, Route: route, Key: key}, b.Clock.Read())
				if keptErr != nil {
					return keptErr
				}
				if answer != nil {
					all = append(all, route, string(answer.Body))
				}
			}
		}
		return err
	})
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestErasedPeopleLeaveTheFile: SQLite leaves what is removed in unused room of its file, and in its log, unless it is told not to.
func TestErasedPeopleLeaveTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "noren.db")
	b := apptest.SetupAt(t, "sqlite:"+path, func(e noren.Engine) noren.Engine { return e })
	id := spoken(t, b)
	if _, err := b.Privacy.Erase(b.Ctx, b.Caller, id); err != nil {
		t.Fatal(err)
	}
	var left string
	// The log is emptied behind the commit, by another goroutine.
	for range 100 {
		left = ""
		for _, file := range []string{path, path + "-wal"} {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"himitsu", "秘密", "ﾋﾐﾂ", "ＨＩＭＩＴＳＵ", "1234-5678", "0312345678", "GC-7777", "778899"} {
				if bytes.Contains(data, []byte(secret)) {
					left += " " + secret + " in " + filepath.Base(file)
				}
			}
		}
		if left == "" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("left:%s", left)
}
