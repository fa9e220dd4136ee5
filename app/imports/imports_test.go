package imports_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/app/shop"
)

func TestImportBoundToAStore(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	clerk := b.InStore(1)
	f := apptest.ImportFile("id,code,last_name,store", "3,,甲,", "1,,乙,", "2,,,支店", ",M3,丙,", ",N1,丁,", ",N2,戊,本店")
	apptest.Same(t, "members", []string{
		"done: 2 1 0 3", "2 id member_unknown 3", "4 store store_unknown 支店", "5 code member_unknown M3",
	}, apptest.Imported(t, b, clerk, noren.ImportMembers, f))
	if m := apptest.Member(t, b, "N1"); m.StoreID == nil || *m.StoreID != 1 {
		t.Errorf("the new member is of store %v", m.StoreID)
	}
	if _, err := b.Imports.Draft(b.Ctx, clerk, noren.ImportProducts, apptest.ImportFile("code,name", "P,茶")); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("products: %v", err)
	}
	apptest.Imported(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", "P1,茶"))
	apptest.Same(t, "stock", []string{"done: 1 0 0 1", "3 store store_unknown 支店"},
		apptest.Imported(t, b, clerk, noren.ImportStock, apptest.ImportFile("product,store,amount", "P1,本店,3", "P1,支店,3")))
	// A caller restricted to another store does not see it; a caller who sees all stores does.
	for _, c := range []struct {
		caller noren.Caller
		want   int
	}{{clerk, 2}, {b.InStore(2), 0}, {b.Caller, 3}} {
		list, err := b.Imports.List(b.Ctx, c.caller, noren.Page{Limit: 10})
		if err != nil || len(list.Items) != c.want || list.Total != c.want {
			t.Errorf("store %v sees %d imports of %d (%v), want %d", c.caller.Client.StoreID, len(list.Items), list.Total, err, c.want)
		}
	}
	unseen(t, b, b.InStore(2), 1)
}

// unseen fails the test if the caller can find out anything about the import.
func unseen(t *testing.T, b *apptest.Bundle, c noren.Caller, id int64) {
	t.Helper()
	for name, ask := range map[string]func() error{
		"Import":        func() error { _, err := b.Imports.Get(b.Ctx, c, id); return err },
		"PreviewImport": func() error { _, err := b.Imports.Preview(b.Ctx, c, id, imports.Setup{}); return err },
		"StartImport":   func() error { _, err := b.Imports.Start(b.Ctx, c, id, imports.Setup{}); return err },
		"CancelImport":  func() error { _, err := b.Imports.Cancel(b.Ctx, c, id); return err },
		"RefusedLines": func() error {
			return b.Imports.RefusedLines(b.Ctx, c, id, func([]noren.RefusedLine) error { return nil })
		},
	} {
		if err := ask(); noren.KindOf(err) != noren.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImportIsItsTenants(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	i := apptest.StartImport(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code", "M1"))
	if _, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_other", Tenant: noren.TenantPatch{Name: noren.Set("他店")}}); err != nil {
		t.Fatal(err)
	}
	other, err := b.Access.TenantByContract(b.Ctx, "sb_other")
	if err != nil {
		t.Fatal(err)
	}
	stranger := noren.Caller{Tenant: other}
	unseen(t, b, stranger, i.ID)
	if stepped, err := b.Imports.Step(b.Ctx, other.ID); stepped != nil || err != nil {
		t.Errorf("another tenant's step: %+v, %v", stepped, err)
	}
	list, err := b.Imports.List(b.Ctx, stranger, noren.Page{})
	if err != nil || len(list.Items) > 0 {
		t.Errorf("another tenant sees %v (%v)", list, err)
	}
}

func TestPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	lines := []string{"M1,甲", "N1,乙", "日本,丙", "M2,"}
	for i := range 300 {
		lines = append(lines, fmt.Sprintf("X%d,%s", i, strings.Repeat("長", 80+i%10)))
	}
	f := apptest.ImportFile("code,Name", lines...)
	f.Fields = []string{"code", ""}
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "samples", []string{"甲", "乙", "丙"}, draft.Columns[1].Samples)
	p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{Fields: []string{"code", "last_name"}})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the counts", []int{304, 304, 181, 1, 1, 121, 121}, []int{p.Import.Total, p.Judged, p.Created, p.Updated, p.Unchanged, p.Refused, p.ProblemsTotal})
	apptest.Same(t, "the first problem", noren.ImportProblem{
		Line: 4, Field: "code", Value: "日本", Reason: noren.ReasonForm, Limit: "half-width letters, digits and signs",
		Message: "must have the form: half-width letters, digits and signs",
	}, p.Problems[0])
	if len(p.Lines) != 10 || p.Keyless || p.Import.Columns[1].Field != "last_name" {
		t.Errorf("%d lines are shown, keyless %t, columns %+v", len(p.Lines), p.Keyless, p.Import.Columns)
	}
	if p, err = b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{Fields: []string{"", "last_name"}}); err != nil || !p.Keyless {
		t.Errorf("without a key: %t, %v", p.Keyless, err)
	}
	if m := apptest.Member(t, b, "M1"); m.LastName != nil {
		t.Errorf("previewing changed %+v", m)
	}
	if stepped, err := b.Imports.Step(b.Ctx, b.Caller.Tenant.ID); stepped != nil || err != nil {
		t.Errorf("a draft was worked on: %+v, %v", stepped, err)
	}
	i, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{Fields: []string{"code", "last_name"}})
	if err != nil || i.State != noren.ImportWaiting {
		t.Fatalf("started: %+v, %v", i, err)
	}
	for _, again := range []imports.Setup{{}, {Fields: []string{"code", "last_name"}}} {
		if _, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, again); err != nil {
			t.Errorf("started again with %v: %v", again.Fields, err)
		}
	}
	for _, other := range []imports.Setup{{Fields: []string{"code", "note"}}, {Fields: []string{"code"}}, {Source: "another"}} {
		if _, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, other); noren.KindOf(err) != noren.Conflict {
			t.Errorf("started again with %+v, which does not run: %v", other, err)
		}
	}
	i = apptest.RunImport(t, b, b.Caller, i.ID)
	apptest.Same(t, "what was previewed happened", []int{181, 1, 1, 121}, []int{i.Created, i.Updated, i.Unchanged, i.Refused})
}

func TestImportMapping(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	draft := func(kind noren.ImportKind, header string) noren.Import {
		i, err := b.Imports.Draft(b.Ctx, b.Caller, kind, apptest.ImportFile(header, strings.Repeat("x,", strings.Count(header, ","))+"x"))
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	for _, c := range []struct {
		name  string
		kind  noren.ImportKind
		setup imports.Setup
		want  []apptest.Refusal
	}{
		{"too few", noren.ImportMembers, imports.Setup{Fields: []string{"code"}}, []apptest.Refusal{{Field: "fields"}}},
		{"unknown", noren.ImportMembers, imports.Setup{Fields: []string{"code", "point"}}, []apptest.Refusal{{Field: "fields", Value: "point", Reason: noren.ReasonUnknownWord}}},
		{"twice", noren.ImportMembers, imports.Setup{Fields: []string{"code", "code"}}, []apptest.Refusal{{Field: "code", Value: "name", Reason: noren.ReasonDuplicate}}},
		{"nothing", noren.ImportMembers, imports.Setup{Fields: []string{"", ""}}, []apptest.Refusal{{Field: "fields", Reason: noren.ReasonMissing}}},
		{"stock without", noren.ImportStock, imports.Setup{Fields: []string{"product", "memo"}}, []apptest.Refusal{
			{Field: "store", Reason: noren.ReasonMissing}, {Field: "amount", Reason: noren.ReasonMissing},
		}},
		{"a source that is no text", noren.ImportProducts, imports.Setup{Source: "a\x00"}, []apptest.Refusal{{Field: "source", Reason: noren.ReasonForm}}},
		{"a long source", noren.ImportProducts, imports.Setup{Source: strings.Repeat("x", 51)}, []apptest.Refusal{{Field: "source", Reason: noren.ReasonTooLong}}},
	} {
		i := draft(c.kind, "code,name")
		_, err := b.Imports.Start(b.Ctx, b.Caller, i.ID, c.setup)
		apptest.Refused(t, c.name, err, c.want...)
		_, err = b.Imports.Preview(b.Ctx, b.Caller, i.ID, c.setup)
		apptest.Refused(t, c.name+", previewed", err, c.want...)
	}
	if _, err := b.Imports.Draft(b.Ctx, b.Caller, "coupons", apptest.ImportFile("code", "x")); noren.KindOf(err) != noren.Invalid {
		t.Errorf("an unknown kind: %v", err)
	}
}

// TestImportIsAppliedOnce stops the worker between steps and inside them, leaves commits in doubt, and runs two workers
// at once: each line takes effect once.
func TestImportIsAppliedOnce(t *testing.T) {
	t.Parallel()
	for name, around := range map[string]func(noren.Engine) noren.Engine{
		"kept answers": func(e noren.Engine) noren.Engine { return e },
		"lost answers": func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.SetupOn(t, around)
			var products, lines []string
			for i := range 950 {
				// Each line is a movement.
				products, lines = append(products, fmt.Sprintf("P%d,茶", i)), append(lines, fmt.Sprintf("P%d,本店,%d", i, i%2+1))
			}
			apptest.Imported(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", products...))
			id := apptest.StartImport(t, b, b.Caller, noren.ImportStock, apptest.ImportFile("product,store,amount", lines...)).ID
			steps := 0
			for {
				another := app.New(app.Config{Engine: b.Engine, Clock: b.Clock.Read}) // as after a restart
				stepped, err := another.Imports.Step(b.Ctx, b.Caller.Tenant.ID)
				if err != nil {
					t.Fatal(err)
				}
				if stepped == nil {
					break
				}
				steps++
			}
			i, err := b.Imports.Get(b.Ctx, b.Caller, id)
			if err != nil || i.State != noren.ImportDone || i.Processed != 950 || i.Created+i.Updated != 950 {
				t.Errorf("after %d steps: %+v, %v", steps, i, err)
			}
			for product := range int64(950) {
				moved, err := b.Stock.Movements(b.Ctx, b.Caller, noren.MovementFilter{StockKey: noren.StockKey{ProductID: product + 1, StoreID: 1}})
				if err != nil || moved.Total != 1 {
					t.Fatalf("%d movements of product %d (%v), want 1", moved.Total, product+1, err)
				}
			}
			b.Sound(t)
		})
	}
}

func TestCancelImport(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	var lines []string
	for i := range 2*imports.PieceLines + 50 {
		lines = append(lines, fmt.Sprintf("C%d", i))
	}
	i := apptest.StartImport(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code", lines...))
	if _, err := b.Imports.Step(b.Ctx, b.Caller.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	i, err := b.Imports.Cancel(b.Ctx, b.Caller, i.ID)
	if err != nil || i.State != noren.ImportCancelled || i.FinishedAt == nil {
		t.Fatalf("cancelled: %+v, %v", i, err)
	}
	if i = apptest.RunImport(t, b, b.Caller, i.ID); i.Created != imports.PieceLines || i.State != noren.ImportCancelled {
		t.Errorf("after more steps: %+v", i)
	}
	if _, err := b.Imports.Start(b.Ctx, b.Caller, i.ID, imports.Setup{}); noren.KindOf(err) != noren.Conflict {
		t.Errorf("started again: %v", err)
	}
	if again, err := b.Imports.Cancel(b.Ctx, b.Caller, i.ID); err != nil || !again.FinishedAt.Equal(*i.FinishedAt) {
		t.Errorf("cancelled again: %+v, %v", again, err)
	}
	// Its lines go at once, the rest later; a draft that is not started goes the next day.
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, apptest.ImportFile("code", "D1"))
	if err != nil {
		t.Fatal(err)
	}
	sweep := func(want int) {
		t.Helper()
		swept := 0
		for {
			n, err := b.Imports.Sweep(b.Ctx, b.Caller.Tenant)
			if err != nil {
				t.Fatal(err)
			}
			if swept += n; n == 0 {
				break
			}
		}
		apptest.Same(t, "swept rows", want, swept)
	}
	sweep(2)
	b.Clock.Set(t, "2026-02-01 12:00:01")
	sweep(1)
	if d, err := b.Imports.Get(b.Ctx, b.Caller, draft.ID); err != nil || d.State != noren.ImportCancelled {
		t.Errorf("the old draft: %+v, %v", d, err)
	}
	b.Clock.Set(t, "2026-05-02 12:00:01")
	sweep(2)
	if list, err := b.Imports.List(b.Ctx, b.Caller, noren.Page{}); err != nil || len(list.Items) > 0 {
		t.Errorf("left: %+v, %v", list, err)
	}
}

// TestImportIsGivenUp has the same lines fail unexpectedly again and again: the imports behind it still run.
func TestImportIsGivenUp(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.BrokenMembers{Engine: e} })
	bad := apptest.StartImport(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code", "BAD"))
	good := apptest.StartImport(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", "P1,茶"))
	failures := 0
	for range 20 {
		if _, err := b.Imports.Step(b.Ctx, b.Caller.Tenant.ID); err != nil {
			failures++
		}
	}
	apptest.Same(t, "errors", 5, failures)
	for _, c := range []struct {
		id   int64
		want noren.ImportState
	}{{bad.ID, noren.ImportFailed}, {good.ID, noren.ImportDone}} {
		if i, err := b.Imports.Get(b.Ctx, b.Caller, c.id); err != nil || i.State != c.want || i.FinishedAt == nil {
			t.Errorf("import %d: %+v, %v, want %s", c.id, i, err, c.want)
		}
	}
}

// TestImportsGoOneAfterAnother: what the first file brings, the second can name.
func TestImportsGoOneAfterAnother(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.StartImport(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", "P1,茶"))
	second := apptest.StartImport(t, b, b.Caller, noren.ImportStock, apptest.ImportFile("product_code,store_id,amount", "P1,1,5"))
	if i := apptest.RunImport(t, b, b.Caller, second.ID); i.Created != 1 {
		t.Errorf("the second: %+v", i)
	}
	again, err := b.Imports.Start(b.Ctx, b.Caller, second.ID, imports.Setup{})
	if err != nil || again.State != noren.ImportDone {
		t.Errorf("started again: %+v, %v", again, err)
	}
	tenants, err := b.Imports.Waiting(b.Ctx)
	if err != nil || slices.Contains(tenants, b.Caller.Tenant.ID) {
		t.Errorf("tenants with imports: %v, %v", tenants, err)
	}
}

// TestImportOfAPerson keeps who imports with the import, because its lines take effect when nobody is there.
func TestImportOfAPerson(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	person := b.Caller
	person.Login = "hanako"
	for _, c := range []struct {
		caller noren.Caller
		login  string
		client *int64
	}{{person, "hanako", nil}, {b.Caller, "", &b.Caller.Client.ID}, {noren.Caller{Tenant: b.Caller.Tenant}, "", nil}} {
		i := apptest.RunImport(t, b, b.Caller, apptest.StartImport(t, b, c.caller, noren.ImportMembers, apptest.ImportFile("code", "M1")).ID)
		apptest.Same(t, "who imported", []any{c.login, c.client}, []any{i.Login, i.ClientID})
	}
}
