package app_test

import (
	"fmt"
	"testing"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/points"
	"noren/app/shop"
)

// bulkFailures accepts and applies a request, and returns the reasons for which it failed.
func bulkFailures(t *testing.T, b *apptest.Bundle, c noren.Caller, kind noren.BulkKind, rows noren.BulkRows) []noren.Failure {
	t.Helper()
	c.Client.Dialect = noren.Smaregi
	_, err := b.Bulk.Accept(b.Ctx, c, noren.BulkRequest{
		Kind: kind, Dialect: noren.Smaregi, CallbackURL: "https://example.com/", Rows: rows,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	done, err := b.Bulk.ApplyLane(b.Ctx, c.Tenant.ID)
	if err != nil || len(done) != 1 {
		t.Fatalf("%d requests were applied: %v", len(done), err)
	}
	return done[0].Failures
}

// TestOneStoresCallerMovesNobodyOut has somebody of store 1 give members to store 2, by each way in which members are
// written: no member of all stores or of store 1 may be moved, and none may be created there.
func TestOneStoresCallerMovesNobodyOut(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		own := apptest.Create(t, b, noren.MemberPatch{Code: noren.Set("OWN"), Store: noren.Set(int64(1))}).Items[0].ID
		for name, c := range map[string]noren.Caller{"a program": b.InStore(1), "a person": apptest.Person(b, "甲", 1)} {
			for _, id := range []int64{1, own} {
				out := []noren.MemberPatch{{ID: 2, Note: noren.Set("x")}, {ID: id, Store: noren.Set(int64(2))}}
				_, _, err := b.Members.Update(b.Ctx, c, out, nil)
				apptest.Refused(t, fmt.Sprintf("%s moves member %d", name, id), err, apptest.Refusal{Row: 2, Field: "store", Reason: noren.ReasonStoreUnknown})
				apptest.Same(t, fmt.Sprintf("a bulk request of %s moves member %d", name, id),
					[]noren.Failure{{Row: 2, Reason: noren.ReasonStoreUnknown}}, bulkFailures(t, b, c, noren.BulkMembers, noren.BulkRows{Members: out}))
				apptest.Same(t, fmt.Sprintf("a file of %s moves member %d", name, id), []string{"done: 0 0 0 1", "2 store_id store_unknown 2"},
					apptest.Imported(t, b, c, noren.ImportMembers, apptest.ImportFile("id,store_id", fmt.Sprint(id, ",2"))))
			}
			made := []noren.MemberPatch{{Code: noren.Set("OUT"), Store: noren.Set(int64(2))}}
			_, _, err := b.Members.Create(b.Ctx, c, made, noren.Active, nil)
			apptest.Refused(t, name+" makes a member of another store", err, apptest.Refusal{Row: 1, Field: "store", Reason: noren.ReasonStoreUnknown})
			apptest.Same(t, "a file of "+name+" makes one", []string{"done: 0 0 0 1", "2 store_id store_unknown 2"},
				apptest.Imported(t, b, c, noren.ImportMembers, apptest.ImportFile("code,store_id", "OUT,2")))
		}
		apptest.Same(t, "the members", []string{"1 M1 ACTIVE", "2 M2 ACTIVE", "3 M3 ACTIVE", fmt.Sprint(own, " OWN TENTATIVE")}, apptest.Members(t, b))
		if m := apptest.Member(t, b, "OWN"); m.StoreID == nil || *m.StoreID != 1 || apptest.Member(t, b, "M1").StoreID != nil {
			t.Errorf("the members are of %v and %v now", m.StoreID, apptest.Member(t, b, "M1").StoreID)
		}
		if _, _, err := b.Members.Update(b.Ctx, b.InStore(1), []noren.MemberPatch{{ID: 1, Store: noren.Set(int64(1))}}, nil); err != nil {
			t.Errorf("into the own store: %v", err)
		}
		b.Sound(t)
	})
}

// TestOneStoresCallerTouchesNothingElsewhere tries everything else that somebody of store 1 could do to member 3 and to
// stock, which are of store 2.
func TestOneStoresCallerTouchesNothingElsewhere(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		apptest.WithProducts(t, b)
		apptest.Upload(t, b, "kept.txt")
		note, attachment := noteOf(t, b, 3), apptest.Attach(t, b, 3, "kept.txt").ID
		before := elsewhere(t, b)
		c := b.InStore(1)
		key := noren.StockKey{ProductID: 1, StoreID: 2}
		for what, do := range map[string]func() error{
			"a change": func() error {
				_, _, err := b.Members.Update(b.Ctx, c, []noren.MemberPatch{{ID: 3, Note: noren.Set("x")}}, nil)
				return err
			},
			"a note": func() error {
				_, _, err := b.Members.AddNote(b.Ctx, c, noren.Note{MemberID: 3, Text: "x"}, nil)
				return err
			},
			"no note": func() error {
				_, err := b.Members.DeleteNote(b.Ctx, c, 3, note, nil)
				return err
			},
			"a note by way of another member": func() error {
				_, err := b.Members.DeleteNote(b.Ctx, c, 1, note, nil)
				return err
			},
			"a file": func() error {
				_, _, err := b.Members.Attach(b.Ctx, c, noren.Attachment{MemberID: 3, FileKey: "kept.txt"}, nil)
				return err
			},
			"no file": func() error {
				_, err := b.Members.DeleteAttachment(b.Ctx, c, 3, attachment, nil)
				return err
			},
			"a file by way of another member": func() error {
				_, err := b.Members.DeleteAttachment(b.Ctx, c, 1, attachment, nil)
				return err
			},
			"points": func() error {
				_, err := b.Points.Adjust(b.Ctx, c, points.Adjustment{
					Query: noren.MemberQuery{IDs: []int64{1, 3}}, Mode: points.Add, Type: noren.DefaultPoint, Amount: 5,
				}, nil)
				return err
			},
			"a balance": func() error {
				_, _, err := b.Points.SetBalance(b.Ctx, c, noren.MemberKey{Code: "M3"}, 5, nil)
				return err
			},
			"a change of the balance": func() error {
				_, _, err := b.Points.MoveBalance(b.Ctx, c, noren.MemberKey{ID: 3}, 5, nil)
				return err
			},
			"stock": func() error {
				_, _, err := b.Stock.Set(b.Ctx, c, noren.StockChange{StockKey: key, Amount: 5}, nil)
				return err
			},
			"the programme": func() error { return b.Ranks.SetPlan(b.Ctx, c, noren.RankPlan{}, nil) },
			"a client": func() error {
				_, _, _, err := b.Access.CreateClient(b.Ctx, c, access.NewClient{
					Dialect: noren.ReCORE, ClientSettings: access.ClientSettings{Name: "x"},
				}, nil)
				return err
			},
		} {
			if kind := noren.KindOf(do()); kind != noren.NotFound && kind != noren.Forbidden && kind != noren.Invalid {
				t.Errorf("%s: %v", what, kind)
			}
		}
		apptest.Same(t, "stock in a bulk request", []noren.Failure{{Row: 1, Reason: noren.ReasonStoreUnknown}},
			bulkFailures(t, b, c, noren.BulkStock, noren.BulkRows{Stock: []noren.StockChange{{StockKey: key, Amount: 5}}}))
		apptest.Same(t, "stock in a file", []string{"done: 0 0 0 1", "2 store_id store_unknown 2"},
			apptest.Imported(t, b, c, noren.ImportStock, apptest.ImportFile("product_id,store_id,amount", "1,2,5")))
		apptest.Same(t, "what is elsewhere", before, elsewhere(t, b))
		b.Sound(t)
	})
}

// noteOf writes a note about the member and returns its id.
func noteOf(t *testing.T, b *apptest.Bundle, member int64) int64 {
	t.Helper()
	list, _, err := b.Members.AddNote(b.Ctx, b.Caller, noren.Note{MemberID: member, Text: "kept"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return list.Notes[0].ID
}

// elsewhere is what there is of member 3 and of the stock of store 2, and the points of member 1.
func elsewhere(t *testing.T, b *apptest.Bundle) (lines []string) {
	t.Helper()
	lines = append(append(apptest.Members(t, b), apptest.Points(t, b, 1)...), apptest.Points(t, b, 3)...)
	b.View(t, func(tx noren.Tx) error {
		notes, err := tx.Notes(b.Ctx, noren.NoteFilter{MemberID: 3})
		if err != nil {
			return err
		}
		attachments, err := tx.Attachments(b.Ctx, []int64{3})
		if err != nil {
			return err
		}
		levels, _, err := tx.Stock(b.Ctx, noren.StockFilter{StoreID: 2})
		lines = append(lines, fmt.Sprint(len(notes), " notes, ", len(attachments), " attachments, ", len(levels), " levels"))
		return err
	})
	return lines
}

// TestShopFileObeysTheHeadquarters: if the headquarters manages stores and staff ranks, a shop file gives a
// member neither, as no other way does.
func TestShopFileObeysTheHeadquarters(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		_, err := b.Shop.Apply(b.Ctx, shop.Shop{
			Contract: "sb_test", Tenant: noren.TenantPatch{HeadquartersLinked: noren.Set(true)},
			StaffRanks: []noren.StaffRank{{ID: 1, Name: "社員"}},
			Members: []noren.MemberPatch{
				{ID: 3, Store: noren.Set(int64(2)), StaffRank: noren.Set(noren.Ref{ID: 1})},
				{ID: 9, Code: noren.Set("M9"), Store: noren.Set(int64(2)), StaffRank: noren.Set(noren.Ref{ID: 1})},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []string{"M3", "M9"} {
			if m := apptest.Member(t, b, code); m.StoreID != nil || m.StaffRankID != nil {
				t.Errorf("%s has the store %v and the staff rank %v", code, m.StoreID, m.StaffRankID)
			}
		}
		b.Sound(t)
	})
}

// TestShopFileNumbersAroundGivenIDs: a member without an id gets none that the same file gives to another.
func TestShopFileNumbersAroundGivenIDs(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	_, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Members: []noren.MemberPatch{
		{Code: noren.Set("N1")}, {ID: 4, Code: noren.Set("N4")}, {Code: noren.Set("N2")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the ids", []int64{5, 4, 6}, []int64{apptest.Member(t, b, "N1").ID, apptest.Member(t, b, "N4").ID, apptest.Member(t, b, "N2").ID})
}
