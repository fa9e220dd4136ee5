package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app/shop"
)

// sensitiveMember has a value in every column that is sensitive everywhere, and in those that the tenant adds.
func sensitiveMember() noren.MemberPatch {
	return noren.MemberPatch{
		ID: 7, Code: noren.Set("M7"), LastName: noren.Set("秘密"), PIN: noren.Set("pin-4649"), PassportNo: noren.Set("TK1234567"),
		BankCode: noren.Set("9876"), BankBranchCode: noren.Set("543"), BankAccountNumber: noren.Set("2109876"),
		BankAccountName: noren.Set("ヒミツ コウザ"), BirthDate: noren.Set(noren.Date("1971-08-09")), Email: noren.Set("himitsu@example.com"),
		Address1: noren.Set("秘密通り"), Phone: noren.Set("03-9999-0001"),
	}
}

// TestSensitiveColumns looks at every page that shows columns of a member, as each role.
func TestSensitiveColumns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.rooms.Shop.Apply(t.Context(), shop.Shop{
		Contract: contract, Members: []noren.MemberPatch{sensitiveMember()},
		Tenant: noren.TenantPatch{SensitiveColumns: noren.Set([]noren.SensitiveColumn{
			{Name: "birth_date", See: noren.Admin, Change: noren.Admin},
			{Name: "email", See: noren.Admin, Change: noren.Admin},
			{Name: "address1", See: noren.Admin, Change: noren.Admin},
			{Name: "phone", See: noren.Clerk, Change: noren.Admin},
		})},
	}); err != nil {
		t.Fatal(err)
	}
	member := sensitiveMember()
	bulk, err := b.rooms.Bulk.Accept(t.Context(), b.caller(0), noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/", Rows: noren.BulkRows{Members: []noren.MemberPatch{member}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// An address as one text is made of columns, of which one is sensitive here.
	whole, err := b.rooms.Bulk.Accept(t.Context(), b.caller(0), noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
		Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 7, Address: noren.Set("秘密通り一丁目")}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	everywhere := []string{"pin-4649", "TK1234567", "9876", "543", "2109876", "ヒミツ"}
	added := []string{"1971-08-09", "himitsu@example.com", "秘密通り"}
	kept := map[string][]string{"viewer": slices.Concat(everywhere, added, []string{"03-9999-0001"}), "staff": added, "admin": nil}
	pages := map[string][]string{
		"viewer": {
			"/console/members", "/console/members/7", "/console/members/7/history", "/console/bulk/" + number(bulk.Request.ID),
			"/console/bulk/" + number(whole.Request.ID),
		},
	}
	pages["staff"] = slices.Concat(pages["viewer"], []string{"/console/members/7/edit", "/console/members/export"})
	pages["admin"] = slices.Concat(pages["staff"], []string{"/console/audit"})
	for login, list := range pages {
		w := b.as(login)
		for _, page := range list {
			a := w.get(page)
			if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "秘密") && !strings.Contains(page, "bulk") {
				t.Fatalf("%s %s: %d", login, page, a.Code)
			}
			for _, value := range kept[login] {
				if strings.Contains(a.Body.String(), ">"+value) || strings.Contains(a.Body.String(), ","+value) || strings.Contains(a.Body.String(), `"`+value) {
					t.Errorf("%s sees %s on %s", login, value, page)
				}
			}
		}
		history := w.get("/console/members/7/history").Body.String()
		for _, value := range slices.Concat(everywhere, added) {
			if allowed := !slices.Contains(kept[login], value); allowed != strings.Contains(history, value) {
				t.Errorf("%s: that the history has %s is %t", login, value, !allowed)
			}
		}
	}
	// A user who may see the phone number but not change it finds no field for it, and no form changes it.
	w := b.as("staff")
	form := url.Values{}
	for _, column := range []string{"phone", "birth_date", "fax"} {
		form.Set("was_"+column, map[string]string{"phone": "03-9999-0001", "birth_date": "1971-08-09"}[column])
		form.Set(column, map[string]string{"phone": "03-0000-0000", "birth_date": "1999-09-09", "fax": "03-1111-1111"}[column])
	}
	if a := w.post("/console/members/7/edit", form); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	if m := b.stored(7); *m.Phone != "03-9999-0001" || *m.BirthDate != "1971-08-09" || *m.Fax != "03-1111-1111" {
		t.Errorf("stored %s %s %s", *m.Phone, *m.BirthDate, *m.Fax)
	}
	if a := b.as("admin").post("/console/members/7/edit", form); a.Code != http.StatusSeeOther || *b.stored(7).Phone != "03-0000-0000" {
		t.Errorf("the admin may change it: %d %s", a.Code, textOf(a))
	}
}

// TestColumnsAreGuardedBehindTheForm calls the use case as a user whose role may not change a column.
func TestColumnsAreGuardedBehindTheForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	update := func(role noren.Role, p noren.MemberPatch) error {
		c := b.caller(0)
		c.Login, c.Scopes = "somebody", []string{string(role)}
		_, _, err := b.rooms.Members.Update(context.Background(), c, []noren.MemberPatch{p}, nil)
		return err
	}
	if err := update(noren.Viewer, noren.MemberPatch{ID: 1, PIN: noren.Set("1")}); noren.KindOf(err) != noren.Invalid {
		t.Errorf("a viewer changes a PIN: %v", err)
	}
	if err := update(noren.Clerk, noren.MemberPatch{ID: 1, PIN: noren.Set("1")}); err != nil {
		t.Error(err)
	}
}

// TestSearchTellsNothingConcealed looks for a member by values that a role may not see, whole and in part, and by others.
func TestSearchTellsNothingConcealed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.rooms.Shop.Apply(t.Context(), shop.Shop{
		Contract: contract, Members: []noren.MemberPatch{sensitiveMember()},
		Tenant: noren.TenantPatch{SensitiveColumns: noren.Set([]noren.SensitiveColumn{
			{Name: "birth_date", See: noren.Admin, Change: noren.Admin},
			{Name: "email", See: noren.Admin, Change: noren.Admin},
			{Name: "phone", See: noren.Clerk, Change: noren.Admin},
		})},
	}); err != nil {
		t.Fatal(err)
	}
	for login, c := range map[string]struct{ finds, misses []string }{
		"viewer": {[]string{"秘密", "M7"}, []string{"himitsu", "03-9999-0001", "9999", "1971-08-09", "19710809"}},
		"staff":  {[]string{"秘密", "M7", "03-9999-0001", "99990001"}, []string{"himitsu@example.com", "1971/8/9"}},
		"admin":  {[]string{"秘密", "himitsu", "9999-0001", "1971-08-09"}, nil},
	} {
		w := b.as(login)
		found := func(keyword string) bool {
			page := w.get("/console/members?" + url.Values{"q": {keyword}}.Encode())
			return page.Code == http.StatusOK && strings.Contains(page.Body.String(), "/console/members/7")
		}
		for _, keyword := range c.finds {
			if !found(keyword) {
				t.Errorf("%s does not find the member by %s", login, keyword)
			}
		}
		for _, keyword := range c.misses {
			if found(keyword) {
				t.Errorf("%s finds the member by %s", login, keyword)
			}
		}
	}
}

// TestDeletedNotes looks for the text of a deleted note wherever it was shown.
func TestDeletedNotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	page := w.shows("/console/members/1")
	if a := w.post("/console/members/1/notes", url.Values{"note": {"アレルギーの話"}, "once": {onceOf(page)}}); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	w.shows("/console/members/1", "アレルギーの話")
	if a := w.post("/console/members/1/notes/1/delete", nil); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	for _, login := range []string{"viewer", "staff", "admin"} {
		b.as(login).lacks(b.as(login).shows("/console/members/1/history", "(削除済みのメモ)"), "アレルギー")
	}
	b.as("admin").lacks(b.as("admin").shows("/console/audit", "メモ(ID 1)"), "アレルギー")
	// What an earlier version wrote into the audit log is not shown either.
	err := b.rooms.Run.Update(t.Context(), b.caller(0).Tenant.ID, func(tx noren.Tx) error {
		return tx.AddAudit(t.Context(), []noren.AuditEntry{{
			At: b.clock.Read(), Dialect: "console", Subject: "member", SubjectID: "1", Changes: []byte(`{"notes":["古いメモの本文",null]}`),
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	b.as("viewer").lacks(b.as("viewer").shows("/console/members/1/history", "(削除済みのメモ)"), "古いメモ")
	b.as("admin").lacks(b.as("admin").shows("/console/audit", hidden), "古いメモ")
}

// TestPersonalData downloads and erases a member from the page, which asks for the code.
func TestPersonalData(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if strings.Contains(b.as("staff").shows("/console/members/1"), "/erase") {
		t.Error("staff are offered to erase")
	}
	w := b.as("admin")
	w.shows("/console/members/1", "/console/members/1/data", "/console/members/1/erase")
	a := w.get("/console/members/1/data")
	if a.Code != http.StatusOK || a.Header().Get("Content-Type") != "application/zip" || !strings.HasPrefix(a.Body.String(), "PK") {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if a := w.post("/console/members/1/erase", url.Values{"erase_code": {"M2"}}); a.Code != http.StatusUnprocessableEntity || *b.stored(1).LastName != "山田" {
		t.Errorf("another code: %d", a.Code)
	}
	if a := w.post("/console/members/1/erase", url.Values{"erase_code": {"M1"}}); a.Code != http.StatusSeeOther || b.stored(1).LastName != nil {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	w.lacks(w.shows("/console/members/1", "ERASED-1", "消去しました"), "花子")
	w.lacks(w.shows("/console/members/1/history"), "花子", "03-0123")
}
