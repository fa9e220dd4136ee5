package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"noren"
	"noren/sqlstore"
	"noren/storetest"
)

// TestServiceStatementsDoNotGrowWithRows counts what the synchronous writes of members and points send in all for ten
// rows and for a thousand, which is the most that one request has: the same.
func TestServiceStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		sent := &sentStatements{}
		db := open(t, sqlstore.Config{URL: newURL(t), OnStatement: sent.add})
		service := noren.NewService(noren.Config{Engine: db, Clock: storetest.Now})
		for _, write := range serviceWrites() {
			var first []string
			for _, n := range []int{10, 1000} {
				caller := noren.Caller{
					Tenant: noren.Tenant{ID: newTenant(t, db), Points: noren.PointSettings{Enabled: true}, Timezone: "Asia/Tokyo", Currency: "JPY"},
					Client: noren.Client{ID: 1, Dialect: noren.ReCORE},
				}
				for i, step := range write.steps {
					sent.forget()
					if err := step(t.Context(), service, caller, n); err != nil {
						t.Fatalf("%s of %d, step %d: %v", write.name, n, i+1, err)
					}
				}
				switch got := sent.forget(); {
				case first == nil:
					first = got
				case len(got) != len(first):
					t.Errorf("%s sends %d statements for 10 rows and %d for %d:\n%s", write.name, len(first), len(got), n, strings.Join(got, "\n"))
				}
			}
			if len(first) == 0 {
				t.Errorf("%s sends nothing", write.name)
			}
		}
	})
}

// TestStatementsOfAStepOfACheckOfRanks counts what one check of ranks sends whose members all move, in one slice: the
// same for ten members and for five hundred.
func TestStatementsOfAStepOfACheckOfRanks(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		sent := &sentStatements{}
		db := open(t, sqlstore.Config{URL: newURL(t), OnStatement: sent.add})
		service := noren.NewService(noren.Config{Engine: db, Clock: storetest.Now, RankSlice: 500})
		var first []string
		for _, n := range []int{10, 500} {
			tenant := noren.Tenant{
				ID: newTenant(t, db), Name: "店", Timezone: "Asia/Tokyo", Currency: "JPY",
				Programme: &noren.RankProgramme{Start: "2026-05", WindowMonths: 1, CheckEveryMonths: 1},
			}
			err := db.Update(t.Context(), tenant.ID, func(tx noren.Tx) error {
				if err := tx.PutTenant(t.Context(), tenant); err != nil {
					return err
				}
				if err := tx.PutRanks(t.Context(), []noren.Rank{{ID: 1, Position: 1, Name: "Bronze"}}); err != nil {
					return err
				}
				return insertMembers(t.Context(), tx, n)
			})
			if err != nil {
				t.Fatal(err)
			}
			sent.forget()
			check, err := service.CheckRanks(t.Context(), tenant, noren.Month("2026-05").Begin(tenant.Location()), nil)
			if err != nil || check.Risen != int64(n) {
				t.Fatalf("%d members: %+v, %v", n, check, err)
			}
			got := sent.forget()
			if first == nil {
				first = got
			}
			if len(got) != len(first) {
				t.Errorf("%d statements for 10 members and %d for %d:\n%s", len(first), len(got), n, strings.Join(got, "\n"))
			}
		}
	})
}

// sentStatements notes what is sent, from whichever goroutine.
type sentStatements struct {
	mu    sync.Mutex
	texts []string
}

func (s *sentStatements) add(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
}

// forget answers what was sent since the last call.
func (s *sentStatements) forget() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := s.texts
	s.texts = nil
	return texts
}

// step is one call of the service for n rows.
type step func(ctx context.Context, s *noren.Service, c noren.Caller, n int) error

// serviceWrite is a synchronous write; the last step is the one that is counted.
type serviceWrite struct {
	name  string
	steps []step
}

func serviceWrites() []serviceWrite {
	return []serviceWrite{
		{"CreateMembers", []step{createMembers}},
		{"UpdateMembers of what is not searched", []step{createMembers, updateMembers(func(p *noren.MemberPatch) {
			p.Occupation = noren.Set("農家")
		})}},
		{"UpdateMembers of what is searched", []step{createMembers, updateMembers(func(p *noren.MemberPatch) {
			p.LastName, p.Phone = noren.Set("鈴木"), noren.Set("0312345678")
		})}},
		{"AdjustPoints ADD", []step{createMembers, adjustPoints(noren.AddPoints, 10)}},
		{"AdjustPoints SUB", []step{
			createMembers, adjustPoints(noren.AddPoints, 10), adjustPoints(noren.AddPoints, 10), adjustPoints(noren.SubtractPoints, 15),
		}},
		{"RecordPurchases of members", []step{createMembers, recordPurchases(func(e *noren.PurchaseEvent, i int64) { e.Member.ID = i })}},
		{"RecordPurchases that are held", []step{recordPurchases(heldFor)}},
		{"RecordPurchases again, as refunds", []step{recordPurchases(heldFor), recordPurchases(func(e *noren.PurchaseEvent, _ int64) {
			e.Kind, e.RefundID, e.Amount = noren.PurchaseRefunded, "r", 1
		})}},
		{"UpdateMembers who have held purchases", []step{createMembers, recordPurchases(heldFor), func(ctx context.Context, s *noren.Service, c noren.Caller, n int) error {
			_, _, err := s.UpdateMembers(ctx, c, rowsOf(n, func(i int64) noren.MemberPatch {
				return noren.MemberPatch{ID: i, ShopifyCustomerID: noren.Set(fmt.Sprint(i))}
			}), nil)
			return err
		}}},
	}
}

// TestImportStatementsDoNotGrowWithLines counts what one step of an import sends for ten lines and for a hundred, which
// is the most that it takes: the same. Of the lines some are new, some change what is stored and some are refused.
func TestImportStatementsDoNotGrowWithLines(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		sent := &sentStatements{}
		db := open(t, sqlstore.Config{URL: newURL(t), OnStatement: sent.add})
		service := noren.NewService(noren.Config{Engine: db, Clock: storetest.Now})
		counts := make(map[noren.ImportKind][]string)
		for _, n := range []int{10, 100} {
			caller := noren.Caller{Tenant: noren.Tenant{ID: newTenant(t, db)}}
			if err := db.Update(t.Context(), caller.Tenant.ID, func(tx noren.Tx) error {
				return tx.PutStores(t.Context(), []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}})
			}); err != nil {
				t.Fatal(err)
			}
			for _, kind := range noren.ImportKinds() { // members and products before what names them
				for range 2 { // what is new, and then what is stored
					importLines(t, service, caller, kind, n)
				}
				sent.forget()
				if stepped, err := service.StepImport(t.Context(), caller.Tenant.ID); err != nil || stepped == nil || stepped.Processed != n {
					t.Fatalf("%s: %+v, %v", kind, stepped, err)
				}
				got := sent.forget()
				if first := counts[kind]; first != nil && len(got) != len(first) {
					t.Errorf("%s: %d statements for 10 lines and %d for %d:\n%s", kind, len(first), len(got), n, strings.Join(got, "\n"))
				}
				counts[kind] = got
				stepped, err := service.StepImport(t.Context(), caller.Tenant.ID)
				if err != nil || stepped == nil || stepped.Refused != n/10 || stepped.Created != 0 {
					t.Errorf("%s again: %+v, %v", kind, stepped, err)
				}
			}
		}
	})
}

// importLines starts an import of n lines, a tenth of which are refused.
func importLines(t *testing.T, s *noren.Service, c noren.Caller, kind noren.ImportKind, n int) {
	t.Helper()
	header, form := "code,last_name,alias_code,id", "M%d,山田,A%[1]d,"
	switch kind {
	case noren.ImportProducts:
		header, form = "code,name", "P%d,茶"
	case noren.ImportStock:
		header, form = "product,store,amount", "P%d,本店,1"
	case noren.ImportPurchases:
		header, form = "id,member,amount,at", "o%d,M%[1]d,1,2026-01-01"
	case noren.ImportMembers:
	}
	fields := strings.Split(header, ",")
	draft, err := s.DraftImport(t.Context(), c, kind, noren.ImportFile{
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
	if _, err := s.StartImport(t.Context(), c, draft.ID, noren.ImportSetup{}); err != nil {
		t.Fatal(err)
	}
}

// recordPurchases records n purchases, each changed by its number.
func recordPurchases(change func(e *noren.PurchaseEvent, i int64)) step {
	return func(ctx context.Context, s *noren.Service, c noren.Caller, n int) error {
		out, err := s.RecordPurchases(ctx, c, "till", rowsOf(n, func(i int64) noren.PurchaseEvent {
			e := noren.PurchaseEvent{Kind: noren.PurchasePaid, ExternalID: fmt.Sprint(i), Amount: 100, PaidAt: storetest.Now()}
			change(&e, i)
			return e
		}))
		for _, o := range out {
			if o.Err != nil {
				return o.Err
			}
		}
		return err
	}
}

// heldFor is a purchase of a Shopify customer whom nobody is linked to.
func heldFor(e *noren.PurchaseEvent, i int64) { e.Member.ShopifyCustomerID = fmt.Sprint(i) }

func createMembers(ctx context.Context, s *noren.Service, c noren.Caller, n int) error {
	patches := slices.Repeat([]noren.MemberPatch{{View: noren.ReCOREView, LastName: noren.Set("山田")}}, n)
	_, _, err := s.CreateMembers(ctx, c, patches, noren.Active, nil)
	return err
}

func updateMembers(change func(*noren.MemberPatch)) step {
	return func(ctx context.Context, s *noren.Service, c noren.Caller, n int) error {
		_, _, err := s.UpdateMembers(ctx, c, rowsOf(n, func(i int64) noren.MemberPatch {
			p := noren.MemberPatch{ID: i, View: noren.ReCOREView}
			change(&p)
			return p
		}), nil)
		return err
	}
}

func adjustPoints(mode noren.PointMode, amount int64) step {
	return func(ctx context.Context, s *noren.Service, c noren.Caller, n int) error {
		_, err := s.AdjustPoints(ctx, c, noren.PointAdjustment{
			Query: noren.MemberQuery{IDs: rowsOf(n, func(i int64) int64 { return i })}, Mode: mode, Amount: amount, Type: "DEFAULT",
		}, nil)
		return err
	}
}
