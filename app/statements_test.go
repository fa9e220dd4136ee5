package app_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/app/points"
	"noren/app/shop"
	"noren/app/unit"
	"noren/sqlstore"
	"noren/storetest"
)

// TestStatementsDoNotGrowWithRows counts what the synchronous writes of members and points send in all for the fewest rows that
// are judged first and for a thousand, which is the most that one request has: the same.
func TestStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		rooms, sent := counted(t, url, app.Config{})
		for _, w := range writes() {
			var first []string
			for _, n := range []int{unit.JudgedFirst + 1, 1000} {
				caller := noren.Caller{
					Tenant: noren.Tenant{ID: newTenant(t, rooms), Points: noren.PointSettings{Enabled: true}, Timezone: "Asia/Tokyo", Currency: "JPY"},
					Client: noren.Client{ID: 1, Dialect: noren.ReCORE},
				}
				for i, step := range w.steps {
					sent.Forget()
					if err := step(t.Context(), rooms, caller, n); err != nil {
						t.Fatalf("%s of %d, step %d: %v", w.name, n, i+1, err)
					}
				}
				switch got := sent.Forget(); {
				case first == nil:
					first = got
				case len(got) != len(first):
					t.Errorf("%s sends %d statements for few rows and %d for %d:\n%s", w.name, len(first), len(got), n, strings.Join(got, "\n"))
				}
			}
			if len(first) == 0 {
				t.Errorf("%s sends nothing", w.name)
			}
		}
	})
}

// TestStatementsOfAStepOfACheckOfRanks counts what one check of ranks sends whose members all move, in one slice: the
// same for ten members and for five hundred.
func TestStatementsOfAStepOfACheckOfRanks(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		rooms, sent := counted(t, url, app.Config{RankSlice: 500})
		var first []string
		for _, n := range []int{10, 500} {
			tenant := noren.Tenant{
				ID: newTenant(t, rooms), Name: "店", Timezone: "Asia/Tokyo", Currency: "JPY",
				Programme: &noren.RankProgramme{Start: "2026-05", WindowMonths: 1, CheckEveryMonths: 1},
			}
			err := rooms.Engine.Update(t.Context(), tenant.ID, func(tx noren.Tx) error {
				if err := tx.PutTenant(t.Context(), tenant); err != nil {
					return err
				}
				if err := tx.PutRanks(t.Context(), []noren.Rank{{ID: 1, Position: 1, Name: "Bronze"}}); err != nil {
					return err
				}
				return tx.InsertMembers(t.Context(), rowsOf(n, func(i int64) noren.Member {
					return noren.Member{ID: i, Code: strconv.FormatInt(i, 10), Status: noren.Active}
				}))
			})
			if err != nil {
				t.Fatal(err)
			}
			sent.Forget()
			check, err := rooms.Ranks.Check(t.Context(), tenant, noren.Month("2026-05").Begin(tenant.Location()), nil)
			if err != nil || check.Risen != int64(n) {
				t.Fatalf("%d members: %+v, %v", n, check, err)
			}
			got := sent.Forget()
			if first == nil {
				first = got
			}
			if len(got) != len(first) {
				t.Errorf("%d statements for 10 members and %d for %d:\n%s", len(first), len(got), n, strings.Join(got, "\n"))
			}
		}
	})
}

// counted is the rooms of an empty database, and what they send, apart from the tidying up that a few writers draw lots
// for.
func counted(t *testing.T, url string, c app.Config) (*app.App, *storetest.Statements) {
	t.Helper()
	sent := new(storetest.Statements)
	add := func(text string) {
		if !strings.HasPrefix(text, "DELETE FROM member_changes") {
			sent.Add(text)
		}
	}
	c.Engine, c.Clock = apptest.Open(t, sqlstore.Config{URL: url, Clock: storetest.Now, OnStatement: add}), storetest.Now
	return app.New(c), sent
}

// newTenant makes an empty tenant.
func newTenant(t *testing.T, rooms *app.App) noren.TenantID {
	t.Helper()
	tenant, _, err := rooms.Engine.EnsureTenant(t.Context(), "sb_"+rand.Text())
	if err != nil {
		t.Fatal(err)
	}
	// A tenant that was only just made has no points.
	tenant.Points = noren.DefaultPoints()
	if err := rooms.Engine.Update(t.Context(), tenant.ID, func(tx noren.Tx) error { return tx.PutTenant(t.Context(), tenant) }); err != nil {
		t.Fatal(err)
	}
	return tenant.ID
}

// rowsOf makes n rows, the first for 1.
func rowsOf[T any](n int, row func(i int64) T) []T {
	rows := make([]T, n)
	for i := range rows {
		rows[i] = row(int64(i + 1))
	}
	return rows
}

// step is one call of a use case for n rows.
type step func(ctx context.Context, s *app.App, c noren.Caller, n int) error

// write is a synchronous write; the last step is the one that is counted.
type write struct {
	name  string
	steps []step
}

func writes() []write {
	return []write{
		{"members.Create", []step{createMembers}},
		{"members.Update of what is not searched", []step{createMembers, updateMembers(func(p *noren.MemberPatch) {
			p.Occupation = noren.Set("農家")
		})}},
		{"members.Update of what is searched", []step{createMembers, updateMembers(func(p *noren.MemberPatch) {
			p.LastName, p.Phone = noren.Set("鈴木"), noren.Set("0312345678")
		})}},
		{"points.Adjust ADD", []step{createMembers, adjustPoints(points.Add, 10)}},
		{"points.Adjust SUB", []step{
			createMembers, adjustPoints(points.Add, 10), adjustPoints(points.Add, 10), adjustPoints(points.Subtract, 15),
		}},
		{"purchases.Record of members", []step{createMembers, recordPurchases(ofMember)}},
		{"purchases.Record that are held", []step{recordPurchases(heldFor)}},
		{"purchases.Record again, as refunds", []step{recordPurchases(heldFor), recordPurchases(func(e *noren.PurchaseEvent, _ int64) {
			e.Kind, e.RefundID, e.Amount = noren.PurchaseRefunded, "r", 1
		})}},
		{"members.Update of those who have held purchases", []step{createMembers, recordPurchases(heldFor), linkAll}},
		{"purchases.Record that earn", []step{createMembers, earning(recordPurchases(ofMember))}},
		{"purchases.Record as refunds of what was used, and then of more that earn", []step{
			createMembers, earning(recordPurchases(ofMember)), adjustPoints(points.Subtract, 60), earning(recordPurchases(func(e *noren.PurchaseEvent, _ int64) {
				e.Kind, e.RefundID, e.Amount = noren.PurchaseRefunded, "r", 70
			})), earning(recordPurchases(func(e *noren.PurchaseEvent, i int64) {
				if ofMember(e, i); i%2 == 0 {
					e.ExternalID += "b"
				} else {
					e.Kind, e.RefundID, e.Amount = noren.PurchaseRefunded, "s", 10
				}
			})),
		}},
		{"members.Update of those whose held purchases earn", []step{createMembers, recordPurchases(heldFor), earning(linkAll)}},
	}
}

// TestImportStatementsDoNotGrowWithLines counts what one step of an import sends for ten lines and for as many as a piece has, which
// is the most that it takes: the same. Of the lines some are new, some change what is stored and some are refused.
func TestImportStatementsDoNotGrowWithLines(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		rooms, sent := counted(t, url, app.Config{})
		counts := make(map[noren.ImportKind][]string)
		for _, n := range []int{10, imports.PieceLines} {
			caller := noren.Caller{Tenant: noren.Tenant{ID: newTenant(t, rooms)}}
			if err := rooms.Engine.Update(t.Context(), caller.Tenant.ID, func(tx noren.Tx) error {
				return tx.PutStores(t.Context(), []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}})
			}); err != nil {
				t.Fatal(err)
			}
			for _, kind := range noren.ImportKinds() { // members and products before what names them
				for range 2 { // what is new, and then what is stored
					importLines(t, rooms, caller, kind, n)
				}
				sent.Forget()
				if stepped, err := rooms.Imports.Step(t.Context(), caller.Tenant.ID); err != nil || stepped == nil || stepped.Processed != n {
					t.Fatalf("%s: %+v, %v", kind, stepped, err)
				}
				got := sent.Forget()
				if first := counts[kind]; first != nil && len(got) != len(first) {
					t.Errorf("%s: %d statements for 10 lines and %d for %d:\n%s", kind, len(first), len(got), n, strings.Join(got, "\n"))
				}
				counts[kind] = got
				stepped, err := rooms.Imports.Step(t.Context(), caller.Tenant.ID)
				if err != nil || stepped == nil || stepped.Refused != n/10 || stepped.Created != 0 {
					t.Errorf("%s again: %+v, %v", kind, stepped, err)
				}
			}
		}
	})
}

// importLines starts an import of n lines, a tenth of which are refused.
func importLines(t *testing.T, s *app.App, c noren.Caller, kind noren.ImportKind, n int) {
	t.Helper()
	header, form := "code,last_name,alias_code,id", "M%d,山田,A%[1]d,"
	switch kind {
	case noren.ImportProducts:
		header, form = "code,name", "P%d,茶"
	case noren.ImportStock:
		header, form = "product,store,amount", "P%d,本店,1"
	case noren.ImportPurchases:
		header, form = "id,member,amount,at", "o%d,M%[1]d,1,2026-01-01"
	case noren.ImportPoints:
		header, form = "id,amount,member", "p%d,1,M%[1]d"
	case noren.ImportMembers:
	}
	fields := strings.Split(header, ",")
	draft, err := s.Imports.Draft(t.Context(), c, kind, noren.ImportFile{
		Header: fields, Fields: fields, Lines: func(yield func(noren.ImportLine, error) bool) {
			for i := range n {
				cells := strings.Split(fmt.Sprintf(form, i), ",")
				if i%10 == 9 {
					cells[len(cells)-1] = "no such thing: " + strings.Repeat("x", 100)
				}
				if !yield(noren.ImportLine{Number: i + 2, Cells: cells}, nil) {
					return
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Imports.Start(t.Context(), c, draft.ID, imports.Setup{}); err != nil {
		t.Fatal(err)
	}
}

// recordPurchases records n purchases, each changed by its number.
func recordPurchases(change func(e *noren.PurchaseEvent, i int64)) step {
	return func(ctx context.Context, s *app.App, c noren.Caller, n int) error {
		out, err := apptest.Record(ctx, s, c, "till", rowsOf(n, func(i int64) noren.PurchaseEvent {
			e := noren.PurchaseEvent{Kind: noren.PurchasePaid, ExternalID: strconv.FormatInt(i, 10), Amount: 100, PaidAt: storetest.Now()}
			change(&e, i)
			return e
		})...)
		for _, o := range out {
			if o.Err != nil {
				return o.Err
			}
		}
		return err
	}
}

// heldFor is a purchase of a Shopify customer whom nobody is linked to.
func heldFor(e *noren.PurchaseEvent, i int64) { e.Member.ShopifyCustomerID = strconv.FormatInt(i, 10) }

func createMembers(ctx context.Context, s *app.App, c noren.Caller, n int) error {
	// The telephone number makes sure that some number is found in each run: codes are random, and may have none.
	patches := slices.Repeat([]noren.MemberPatch{{View: noren.ReCOREView, LastName: noren.Set("山田"), Phone: noren.Set("090-1234-5678")}}, n)
	_, _, err := s.Members.Create(ctx, c, patches, noren.Active, nil)
	return err
}

func updateMembers(change func(*noren.MemberPatch)) step {
	return func(ctx context.Context, s *app.App, c noren.Caller, n int) error {
		_, _, err := s.Members.Update(ctx, c, rowsOf(n, func(i int64) noren.MemberPatch {
			p := noren.MemberPatch{ID: i, View: noren.ReCOREView}
			change(&p)
			return p
		}), nil)
		return err
	}
}

func adjustPoints(mode points.Mode, amount int64) step {
	return func(ctx context.Context, s *app.App, c noren.Caller, n int) error {
		_, err := s.Points.Adjust(ctx, c, points.Adjustment{
			Query: noren.MemberQuery{IDs: rowsOf(n, func(i int64) int64 { return i })}, Mode: mode, Amount: amount, Type: "DEFAULT",
		}, nil)
		return err
	}
}

// TestStatementsOfAMember counts what is sent for a member of whom the client, its secrets and the ranks are remembered: a
// look whether they still are as they were, and one each for the member, the points and the attachments.
func TestStatementsOfAMember(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		rooms, sent := counted(t, url, app.Config{})
		_, err := rooms.Shop.Apply(t.Context(), shop.Shop{
			Contract: "sb_test", Tenant: noren.TenantPatch{Name: noren.Set("店")}, Ranks: []noren.Rank{{ID: 1, Name: "Bronze"}},
			Clients: []access.ClientSpec{{Name: "pos", Dialect: noren.Smaregi, Kind: noren.AppClient, Key: "pos"}},
			Members: []noren.MemberPatch{{ID: 1}}, SigningKeys: map[string]string{"secret": "first"},
		})
		if err != nil {
			t.Fatal(err)
		}
		read := func() []string {
			sent.Forget()
			trusting, proved := rooms.Engine.OneLook(t.Context(), true)
			caller, err := rooms.Access.CallerByKey(trusting, noren.Smaregi, "pos")
			if err != nil {
				t.Fatal(err)
			}
			caller.Tenant.Points.Enabled = true
			if _, err := rooms.Access.TenantSecret(trusting, caller.Tenant.ID, "secret"); err != nil {
				t.Fatal(err)
			}
			found, err := rooms.Members.Get(trusting, caller, 1)
			if err != nil || len(found.Ranks) != 1 || !proved() {
				t.Errorf("found %+v, error %v, proved %t", found, err, proved())
			}
			return sent.Forget()
		}
		read()
		if sent := read(); len(sent) != 4 {
			t.Errorf("sent %d statements, want 4:\n%s", len(sent), strings.Join(sent, "\n"))
		}
	})
}

// ofMember makes a purchase that of the member with its number.
func ofMember(e *noren.PurchaseEvent, i int64) { e.Member.ID = i }

// linkAll links n members to the Shopify customers with their numbers.
func linkAll(ctx context.Context, s *app.App, c noren.Caller, n int) error {
	_, _, err := s.Members.Update(ctx, c, rowsOf(n, func(i int64) noren.MemberPatch {
		return noren.MemberPatch{ID: i, ShopifyCustomerID: noren.Set(strconv.FormatInt(i, 10))}
	}), nil)
	return err
}

// earning is the step in a shop whose purchases earn a point for each yen.
func earning(do step) step {
	return func(ctx context.Context, s *app.App, c noren.Caller, n int) error {
		c.Tenant.Points.Earn.Rate = "1"
		return do(ctx, s, c, n)
	}
}
