package noren_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
)

// file is a file of lines as its reader would answer it: the header names fields, and lines count from 2.
func file(header string, lines ...string) noren.ImportFile {
	f := noren.ImportFile{Name: "file.csv", Encoding: "UTF-8", Header: strings.Split(header, ",")}
	f.Fields = f.Header
	f.Lines = func(yield func(noren.ImportLine, error) bool) {
		for i, line := range lines {
			if !yield(noren.ImportLine{Number: i + 2, Cells: strings.Split(line, ",")}, nil) {
				return
			}
		}
	}
	return f
}

// start drafts and starts an import.
func (b *bundle) start(t *testing.T, c noren.Caller, kind noren.ImportKind, f noren.ImportFile) noren.Import {
	t.Helper()
	draft, err := b.DraftImport(b.ctx, c, kind, f)
	if err != nil {
		t.Fatal(err)
	}
	i, err := b.StartImport(b.ctx, c, draft.ID, noren.ImportSetup{})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// work steps until nothing is left to do, and answers the import.
func (b *bundle) work(t *testing.T, c noren.Caller, id int64) noren.Import {
	t.Helper()
	for {
		stepped, err := b.StepImport(b.ctx, c.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if stepped == nil {
			break
		}
	}
	i, err := b.Import(b.ctx, c, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// imported imports a file and answers "state: created updated unchanged refused", then each problem.
func (b *bundle) imported(t *testing.T, c noren.Caller, kind noren.ImportKind, f noren.ImportFile) []string {
	t.Helper()
	i := b.work(t, c, b.start(t, c, kind, f).ID)
	if i.Processed != i.Total || i.Created+i.Updated+i.Unchanged+i.Refused != i.Total {
		t.Errorf("counts do not add up: %+v", i)
	}
	return append([]string{fmt.Sprintf("%s: %d %d %d %d", i.State, i.Created, i.Updated, i.Unchanged, i.Refused)}, b.problems(t, c, i.ID)...)
}

// problems answers each problem of refused lines as "line field reason value".
func (b *bundle) problems(t *testing.T, c noren.Caller, id int64) (list []string) {
	t.Helper()
	err := b.RefusedLines(b.ctx, c, id, func(lines []noren.RefusedLine) error {
		for _, line := range lines {
			for _, p := range line.Problems {
				if p.Line != line.Line || p.Message == "" || len(line.Cells) == 0 {
					t.Errorf("line %d has the problem %+v of %q", line.Line, p, line.Cells)
				}
				list = append(list, fmt.Sprintf("%d %s %s %s", p.Line, p.Field, p.Reason, p.Value))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// member reads one member by code.
func (b *bundle) member(t *testing.T, code string) (m noren.Member) {
	t.Helper()
	b.view(t, func(tx noren.Tx) error {
		found, err := tx.MembersByCode(b.ctx, []string{code})
		if len(found) != 1 {
			t.Errorf("%d members have the code %s", len(found), code)
			return err
		}
		m = found[0]
		return err
	})
	return m
}

func TestImportBoundToAStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	clerk := b.inStore(1)
	f := file("id,code,last_name,store", "3,,甲,", "1,,乙,", "2,,,支店", ",M3,丙,", ",N1,丁,", ",N2,戊,本店")
	same(t, "members", []string{
		"done: 2 1 0 3", "2 id member_unknown ", "4 store store_unknown ", "5 code member_unknown ",
	}, b.imported(t, clerk, noren.ImportMembers, f))
	if m := b.member(t, "N1"); m.StoreID == nil || *m.StoreID != 1 {
		t.Errorf("the new member is of store %v", m.StoreID)
	}
	if _, err := b.DraftImport(b.ctx, clerk, noren.ImportProducts, file("code,name", "P,茶")); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("products: %v", err)
	}
	b.imported(t, b.caller, noren.ImportProducts, file("code,name", "P1,茶"))
	same(t, "stock", []string{"done: 1 0 0 1", "3 store store_unknown 支店"},
		b.imported(t, clerk, noren.ImportStock, file("product,store,amount", "P1,本店,3", "P1,支店,3")))
	// Who is bound to another store sees nothing of it; who sees all stores does.
	for _, c := range []struct {
		caller noren.Caller
		want   int
	}{{clerk, 2}, {b.inStore(2), 0}, {b.caller, 3}} {
		list, err := b.Imports(b.ctx, c.caller, noren.Page{Limit: 10})
		if err != nil || len(list.Items) != c.want || list.Total != c.want {
			t.Errorf("store %v sees %d imports of %d (%v), want %d", c.caller.Client.StoreID, len(list.Items), list.Total, err, c.want)
		}
	}
	b.unseen(t, b.inStore(2), 1)
}

// unseen fails the test where the caller is told anything of the import.
func (b *bundle) unseen(t *testing.T, c noren.Caller, id int64) {
	t.Helper()
	for name, ask := range map[string]func() error{
		"Import":        func() error { _, err := b.Import(b.ctx, c, id); return err },
		"PreviewImport": func() error { _, err := b.PreviewImport(b.ctx, c, id, noren.ImportSetup{}); return err },
		"StartImport":   func() error { _, err := b.StartImport(b.ctx, c, id, noren.ImportSetup{}); return err },
		"CancelImport":  func() error { _, err := b.CancelImport(b.ctx, c, id); return err },
		"RefusedLines": func() error {
			return b.RefusedLines(b.ctx, c, id, func([]noren.RefusedLine) error { return nil })
		},
	} {
		if err := ask(); noren.KindOf(err) != noren.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImportIsItsTenants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.start(t, b.caller, noren.ImportMembers, file("code", "M1"))
	if _, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_other", Tenant: noren.TenantPatch{Name: noren.Set("他店")}}); err != nil {
		t.Fatal(err)
	}
	other, err := b.TenantByContract(b.ctx, "sb_other")
	if err != nil {
		t.Fatal(err)
	}
	stranger := noren.Caller{Tenant: other}
	b.unseen(t, stranger, i.ID)
	if stepped, err := b.StepImport(b.ctx, other.ID); stepped != nil || err != nil {
		t.Errorf("another tenant's step: %+v, %v", stepped, err)
	}
	list, err := b.Imports(b.ctx, stranger, noren.Page{})
	if err != nil || len(list.Items) > 0 {
		t.Errorf("another tenant sees %v (%v)", list, err)
	}
}

func TestPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lines := []string{"M1,甲", "N1,乙", "日本,丙", "M2,"}
	for i := range 300 {
		lines = append(lines, fmt.Sprintf("X%d,%s", i, strings.Repeat("長", 80+i%10)))
	}
	f := file("code,Name", lines...)
	f.Fields = []string{"code", ""}
	draft, err := b.DraftImport(b.ctx, b.caller, noren.ImportMembers, f)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "samples", []string{"甲", "乙", "丙"}, draft.Columns[1].Samples)
	p, err := b.PreviewImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{Fields: []string{"code", "last_name"}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the counts", []int{304, 304, 181, 1, 1, 121, 121}, []int{p.Import.Total, p.Judged, p.Created, p.Updated, p.Unchanged, p.Refused, p.ProblemsTotal})
	same(t, "the first problem", noren.ImportProblem{
		Line: 4, Field: "code", Value: "日本", Reason: noren.ReasonForm, Limit: "half-width letters, digits and signs",
		Message: "this is not of the form: half-width letters, digits and signs",
	}, p.Problems[0])
	if len(p.Lines) != 10 || p.Keyless || p.Import.Columns[1].Field != "last_name" {
		t.Errorf("%d lines are shown, keyless %t, columns %+v", len(p.Lines), p.Keyless, p.Import.Columns)
	}
	if p, err = b.PreviewImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{Fields: []string{"", "last_name"}}); err != nil || !p.Keyless {
		t.Errorf("without a key: %t, %v", p.Keyless, err)
	}
	if m := b.member(t, "M1"); m.LastName != nil {
		t.Errorf("previewing changed %+v", m)
	}
	if stepped, err := b.StepImport(b.ctx, b.caller.Tenant.ID); stepped != nil || err != nil {
		t.Errorf("a draft was worked on: %+v, %v", stepped, err)
	}
	i, err := b.StartImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{Fields: []string{"code", "last_name"}})
	if err != nil || i.State != noren.ImportWaiting {
		t.Fatalf("started: %+v, %v", i, err)
	}
	i = b.work(t, b.caller, i.ID)
	same(t, "what was previewed happened", []int{181, 1, 1, 121}, []int{i.Created, i.Updated, i.Unchanged, i.Refused})
}

func TestImportMapping(t *testing.T) {
	t.Parallel()
	b := setup(t)
	draft := func(kind noren.ImportKind, header string) noren.Import {
		i, err := b.DraftImport(b.ctx, b.caller, kind, file(header, strings.Repeat("x,", strings.Count(header, ","))+"x"))
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	for _, c := range []struct {
		name  string
		kind  noren.ImportKind
		setup noren.ImportSetup
		want  []refusal
	}{
		{"too few", noren.ImportMembers, noren.ImportSetup{Fields: []string{"code"}}, []refusal{{Field: "fields"}}},
		{"unknown", noren.ImportMembers, noren.ImportSetup{Fields: []string{"code", "point"}}, []refusal{{Field: "fields", Value: "point", Reason: noren.ReasonUnknownWord}}},
		{"twice", noren.ImportMembers, noren.ImportSetup{Fields: []string{"code", "code"}}, []refusal{{Field: "code", Value: "name", Reason: noren.ReasonDuplicate}}},
		{"nothing", noren.ImportMembers, noren.ImportSetup{Fields: []string{"", ""}}, []refusal{{Field: "fields", Reason: noren.ReasonMissing}}},
		{"stock without", noren.ImportStock, noren.ImportSetup{Fields: []string{"product", "memo"}}, []refusal{
			{Field: "store", Reason: noren.ReasonMissing}, {Field: "amount", Reason: noren.ReasonMissing},
		}},
		{"a source that is no text", noren.ImportProducts, noren.ImportSetup{Source: "a\x00"}, []refusal{{Field: "source", Reason: noren.ReasonForm}}},
		{"a long source", noren.ImportProducts, noren.ImportSetup{Source: strings.Repeat("x", 51)}, []refusal{{Field: "source", Reason: noren.ReasonTooLong}}},
	} {
		i := draft(c.kind, "code,name")
		_, err := b.StartImport(b.ctx, b.caller, i.ID, c.setup)
		refused(t, c.name, err, c.want...)
		_, err = b.PreviewImport(b.ctx, b.caller, i.ID, c.setup)
		refused(t, c.name+", previewed", err, c.want...)
	}
	if _, err := b.DraftImport(b.ctx, b.caller, "coupons", file("code", "x")); noren.KindOf(err) != noren.Invalid {
		t.Errorf("an unknown kind: %v", err)
	}
}

// TestImportIsAppliedOnce ends the worker between steps and inside them, loses answers of commits, and runs two workers
// at once: each line takes effect once.
func TestImportIsAppliedOnce(t *testing.T) {
	t.Parallel()
	for name, around := range map[string]func(noren.Engine) noren.Engine{
		"kept answers": func(e noren.Engine) noren.Engine { return e },
		"lost answers": func(e noren.Engine) noren.Engine { return lostAnswers{e} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupOn(t, around)
			b.imported(t, b.caller, noren.ImportProducts, file("code,name", "P1,茶"))
			var lines []string
			for i := range 950 {
				lines = append(lines, fmt.Sprintf("P1,本店,%d", i%2)) // each line is a movement
			}
			id := b.start(t, b.caller, noren.ImportStock, file("product,store,amount", lines...)).ID
			steps := 0
			for {
				another := noren.NewService(noren.Config{Engine: b.engine, Clock: b.clock.read}) // as after a restart
				stepped, err := another.StepImport(b.ctx, b.caller.Tenant.ID)
				if err != nil {
					t.Fatal(err)
				}
				if stepped == nil {
					break
				}
				steps++
			}
			i, err := b.Import(b.ctx, b.caller, id)
			if err != nil || i.State != noren.ImportDone || i.Processed != 950 || i.Created+i.Updated != 950 {
				t.Errorf("after %d steps: %+v, %v", steps, i, err)
			}
			moved, err := b.Movements(b.ctx, b.caller, noren.MovementFilter{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}})
			if err != nil || moved.Total != 950 {
				t.Errorf("%d movements (%v), want 950", moved.Total, err)
			}
			b.sound(t)
		})
	}
}

func TestCancelImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var lines []string
	for i := range 250 {
		lines = append(lines, fmt.Sprintf("C%d", i))
	}
	i := b.start(t, b.caller, noren.ImportMembers, file("code", lines...))
	if _, err := b.StepImport(b.ctx, b.caller.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	i, err := b.CancelImport(b.ctx, b.caller, i.ID)
	if err != nil || i.State != noren.ImportCancelled || i.FinishedAt == nil {
		t.Fatalf("cancelled: %+v, %v", i, err)
	}
	if i = b.work(t, b.caller, i.ID); i.Created != 100 || i.State != noren.ImportCancelled {
		t.Errorf("after more steps: %+v", i)
	}
	if _, err := b.StartImport(b.ctx, b.caller, i.ID, noren.ImportSetup{}); noren.KindOf(err) != noren.Conflict {
		t.Errorf("started again: %v", err)
	}
	if again, err := b.CancelImport(b.ctx, b.caller, i.ID); err != nil || !again.FinishedAt.Equal(*i.FinishedAt) {
		t.Errorf("cancelled again: %+v, %v", again, err)
	}
	// Its lines go at once, the rest later; a draft that is not started goes the next day.
	draft, err := b.DraftImport(b.ctx, b.caller, noren.ImportMembers, file("code", "D1"))
	if err != nil {
		t.Fatal(err)
	}
	sweep := func(want int) {
		t.Helper()
		swept := 0
		for {
			n, err := b.SweepImports(b.ctx, b.caller.Tenant.ID)
			if err != nil {
				t.Fatal(err)
			}
			if swept += n; n == 0 {
				break
			}
		}
		same(t, "swept rows", want, swept)
	}
	sweep(2)
	b.clock.set(t, "2026-02-01 12:00:01")
	sweep(1)
	if d, err := b.Import(b.ctx, b.caller, draft.ID); err != nil || d.State != noren.ImportCancelled {
		t.Errorf("the old draft: %+v, %v", d, err)
	}
	b.clock.set(t, "2026-05-02 12:00:01")
	sweep(2)
	if list, err := b.Imports(b.ctx, b.caller, noren.Page{}); err != nil || len(list.Items) > 0 {
		t.Errorf("left: %+v, %v", list, err)
	}
}

// TestImportIsGivenUp where the same lines meet an unexpected error again and again: the imports behind go on.
func TestImportIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return brokenMembers{e} })
	bad := b.start(t, b.caller, noren.ImportMembers, file("code", "BAD"))
	good := b.start(t, b.caller, noren.ImportProducts, file("code,name", "P1,茶"))
	failures := 0
	for range 20 {
		if _, err := b.StepImport(b.ctx, b.caller.Tenant.ID); err != nil {
			failures++
		}
	}
	same(t, "errors", 5, failures)
	for _, c := range []struct {
		id   int64
		want noren.ImportState
	}{{bad.ID, noren.ImportFailed}, {good.ID, noren.ImportDone}} {
		if i, err := b.Import(b.ctx, b.caller, c.id); err != nil || i.State != c.want || i.FinishedAt == nil {
			t.Errorf("import %d: %+v, %v, want %s", c.id, i, err, c.want)
		}
	}
}

// TestImportsGoOneAfterAnother: what the first file brings, the second can name.
func TestImportsGoOneAfterAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(t, b.caller, noren.ImportProducts, file("code,name", "P1,茶"))
	second := b.start(t, b.caller, noren.ImportStock, file("product_code,store_id,amount", "P1,1,5"))
	if i := b.work(t, b.caller, second.ID); i.Created != 1 {
		t.Errorf("the second: %+v", i)
	}
	again, err := b.StartImport(b.ctx, b.caller, second.ID, noren.ImportSetup{})
	if err != nil || again.State != noren.ImportDone {
		t.Errorf("started again: %+v, %v", again, err)
	}
	tenants, err := b.TenantsWithImports(b.ctx)
	if err != nil || slices.Contains(tenants, b.caller.Tenant.ID) {
		t.Errorf("tenants with imports: %v, %v", tenants, err)
	}
}

// TestImportOfAPerson keeps who imports with the import, because its lines take effect when nobody is there.
func TestImportOfAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.caller
	person.Login = "hanako"
	for _, c := range []struct {
		caller noren.Caller
		login  string
		client *int64
	}{{person, "hanako", nil}, {b.caller, "", &b.caller.Client.ID}, {noren.Caller{Tenant: b.caller.Tenant}, "", nil}} {
		i := b.work(t, b.caller, b.start(t, c.caller, noren.ImportMembers, file("code", "M1")).ID)
		same(t, "who imported", []any{c.login, c.client}, []any{i.Login, i.ClientID})
	}
}
