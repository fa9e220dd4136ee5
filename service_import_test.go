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

func TestImportMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const header = "id,code,last_name,phone,birth_date,status,rank,store,mail_opt_out,point_unit_price,point_unit"
	f := file(header,
		"1,,山田,０３−1234−5678,1990/1/2,,silver,本店,1,,",
		",M2,,,,LEFT,1,,,100,1.5",
		",NEW1,鈴木,090,19900102,利用停止,,,0,,",
		"77,,,,,,,,,,",
		",NEW1,佐藤,,,,,,,,",
		"2,M2,,,,,,,,,",
	)
	same(t, "the import", []string{"done: 2 3 1 0"}, b.imported(t, b.caller, noren.ImportMembers, f))
	one := b.member(t, "M1")
	if *one.LastName != "山田" || *one.Phone != "03-1234-5678" || *one.BirthDate != "1990-01-02" || *one.RankID != 2 || *one.StoreID != 1 ||
		one.MailOptIn || *one.AliasCode != "A1" || one.Status != noren.Active {
		t.Errorf("member 1: %+v", one)
	}
	two := b.member(t, "M2")
	if two.Status != noren.Left || *two.LeaveDate != "2026-01-31" || *two.RankID != 1 || *two.PointUnitPrice != 100 || *two.PointUnit != 150 {
		t.Errorf("member 2: %+v", two)
	}
	made := b.member(t, "NEW1")
	if *made.LastName != "佐藤" || *made.Phone != "090" || made.Status != noren.Suspended || !made.MailOptIn || made.ID <= 3 {
		t.Errorf("the new member: %+v", made)
	}
	b.view(t, func(tx noren.Tx) error {
		found, err := tx.MembersByID(b.ctx, []int64{77}, false)
		if len(found) != 1 || len(found[0].Code) != 12 {
			t.Errorf("member 77: %+v", found)
		}
		return err
	})
	same(t, "audit entries of members", 4, len(b.audited(t, "member")))
	same(t, "audit entries of the import", 1, len(b.audited(t, "import")))
	// A second time nothing changes, but for the line that another line of the file contradicts.
	same(t, "again", []string{"done: 0 2 4 0"}, b.imported(t, b.caller, noren.ImportMembers, f))
	b.sound(t)
}

// TestImportRefusesLineByLine: each bad line is refused with every reason, and the good ones between take effect.
func TestImportRefusesLineByLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := file("id,code,alias_code,last_name,email,birth_date,sex,status,leave_date,rank_id,store_id,point_unit_price,address,address1,line_user_id",
		"1,,,甲,,,,,,,,,,,",
		"0,,,,a b,2026-02-30,X,GONE,,,,,,,",
		",日本,,"+strings.Repeat("長", 86)+",,,,,,,,,,,",
		"2,,,,,,,ACTIVE,2026-01-01,,,,,,",
		"2,,,,,,,,,9,9,,,,",
		"2,,,,,,,,,,,5,住所,一,",
		"2,,A1,,,,,,,,,,,,",
		",N1,A9,乙,,,,,,,,,,,",
		",N2,A9,,,,,,,,,,,,",
		"3,,,丙,,,,,,,,,,,U1",
		"3,,,丁,,,,,,,,,,,",
	)
	same(t, "the import", []string{
		"done: 1 2 0 8",
		"3 id out_of_range 0", "3 email form a b", "3 birth_date not_date 2026-02-30", "3 sex unknown_word X", "3 status unknown_word GONE",
		"4 code form 日本", "4 last_name too_long " + strings.Repeat("長", 60) + "…",
		"5 leave_date active_leave_date ",
		"6 rank rank_unknown ", "6 store_id store_unknown 9",
		"7 point_unit unit_pair ", "7 address twice ",
		"8 alias_code taken A1",
		"10 alias_code taken A9",
		"11 line_user_id form U1",
	}, b.imported(t, b.caller, noren.ImportMembers, f))
	if m := b.member(t, "M3"); *m.LastName != "丁" || m.LineUserID != nil {
		t.Errorf("member 3: %+v", m)
	}
	b.sound(t)
}

// TestImportTakesBackWhatIsStored: a value that breaks a rule is no problem where it is what the member has.
func TestImportTakesBackWhatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shop := noren.Shop{Contract: "sb_test", Members: []noren.MemberPatch{{
		ID: 1, Code: noren.Set("会員一"), Email: noren.Set("none"), Status: noren.Set(noren.Lost), Sex: noren.Set(noren.OtherSex),
	}}}
	if _, err := b.ApplyShop(b.ctx, shop); err != nil {
		t.Fatal(err)
	}
	same(t, "as it is", []string{"done: 0 0 2 0"},
		b.imported(t, b.caller, noren.ImportMembers, file("code,email,status", "会員一,none,LOST", "会員一,,")))
	same(t, "another bad one", []string{"done: 0 0 0 1", "2 email form nothing"},
		b.imported(t, b.caller, noren.ImportMembers, file("code,email", "会員一,nothing")))
	recore := file("code,status", "会員一,TENTATIVE")
	recore.View = noren.ReCOREView
	same(t, "in ReCORE's words", []string{"done: 0 0 1 0"}, b.imported(t, b.caller, noren.ImportMembers, recore))
	smaregi := file("code,sex,status", "会員一,0,2")
	smaregi.View = noren.SmaregiView
	same(t, "in Smaregi's words", []string{"done: 0 0 1 0"}, b.imported(t, b.caller, noren.ImportMembers, smaregi))
	same(t, "in our own", []string{"done: 0 1 0 0"}, b.imported(t, b.caller, noren.ImportMembers, file("code,status", "会員一,TENTATIVE")))
}

// TestImportGivesUpAndTakes: a value that one line gives up is not free for a line close behind, whatever their order.
func TestImportGivesUpAndTakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := file("id,code,alias_code", "1,X1,B1", ",M1,", "2,M1,A1")
	same(t, "at first", []string{"done: 0 1 0 2", "3 code taken M1", "4 code taken M1", "4 alias_code taken A1"},
		b.imported(t, b.caller, noren.ImportMembers, f))
	same(t, "again", []string{"done: 1 0 1 1", "4 code taken M1"}, b.imported(t, b.caller, noren.ImportMembers, f))
	b.sound(t)
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

func TestImportProductsAndStock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	products := file("id,code,name", ",P1,緑茶", "500,P2,ほうじ茶", ",P1,煎茶", ",P3,", ",,無名", ",日本,x", "500,P1,", ",P4,湯呑", "500,,番茶")
	same(t, "products", []string{
		"done: 3 2 0 4", "5 name missing ", "6 code missing ", "7 code form 日本", "8 code taken P1",
	}, b.imported(t, b.caller, noren.ImportProducts, products))
	list, err := b.Products(b.ctx, b.caller, noren.CatalogueFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list.Items {
		names = append(names, fmt.Sprint(p.ID, p.Code, p.Name))
	}
	same(t, "the catalogue", []string{"500P2番茶", "501P1煎茶", "502P4湯呑"}, names)

	stock := file("product,store,amount,memo", `P1,本店,"x",`, "P1,本店,10,棚", "P2,2,-5,", "501,支店,1200,", "P9,本店,1,", "P1,本店,10,", "P4,東京,1000000000,", "P4,,1,", "P1,本店,12,")
	same(t, "stock", []string{
		"done: 3 1 1 4", `2 amount not_number "x"`, "6 product product_unknown P9",
		"8 amount out_of_range 1000000000", "9 store missing ",
	}, b.imported(t, b.caller, noren.ImportStock, stock))
	moved, err := b.Movements(b.ctx, b.caller, noren.MovementFilter{StockKey: noren.StockKey{ProductID: 501, StoreID: 1}})
	if err != nil || len(moved.Items) != 2 {
		t.Fatalf("movements %+v, %v", moved, err)
	}
	if m := moved.Items[0]; m.Delta != 10 || m.Division != noren.StockDivisionImport || *m.Memo != "棚" {
		t.Errorf("the first movement: %+v", m)
	}
	if m := moved.Items[1]; m.Delta != 2 || m.AmountAfter != 12 {
		t.Errorf("the second movement: %+v", m)
	}
	same(t, "audit entries of stock", 4, len(b.audited(t, "stock")))
	b.sound(t)
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

func TestImportPurchases(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Members: []noren.MemberPatch{
		{ID: 1, Email: noren.Set("Hanako@example.com")}, {ID: 2, ShopifyCustomerID: noren.Set("6757085806881"), Email: noren.Set("two@example.com")},
		{ID: 3, Email: noren.Set("two@example.com")},
	}}); err != nil {
		t.Fatal(err)
	}
	const header = "id,member,member_id,shopify_customer_id,email,amount,at,currency,refund_of"
	f := file(header,
		"o1,M1,,,,1200,2026-01-10T10:00:00+09:00,,",
		"o2,,2,,,¥300,2026-01-11 09:30,JPY,",
		"o3,,,6757085806881,,４５０,2026/1/12,,",
		"o4,,,,hanako@EXAMPLE.com,50円,2026-01-12 10:00:01,,",
		"r1,,,,,200,,,o1",
		"o5,M9,,,,1,2026-01-12,,",
		"o6,,,,two@example.com,1,2026-01-12,,",
		"o7,M1,,,,12.5,2026-01-12,,",
		"o8,M1,,,,1,2027-01-12,,",
		"o9,M1,,,,1,yesterday,,",
		"o10,M1,,,,1,2026-01-12,USD,",
		",M1,,,,,,,",
		"o12,,,,,1,2026-01-12,,",
		"o1,M1,,,,1201,2026-01-10T10:00:00+09:00,,",
		"o14,M1,,,,-5,2026-01-12,,",
		"cancelled,,,,,5,,,o2",
	)
	problems := []string{
		"7 member member_unknown M9", "8 email ambiguous two@example.com", "9 amount not_number 12.5",
		"10 at future 2027-01-12T00:00:00+09:00", "11 at not_time yesterday", "12 currency currency USD",
		"13 id missing ", "13 amount missing ", "13 at missing ", "14 member member_unknown ", "15 id differs o1",
		"16 amount negative -5", "17 id form cancelled",
	}
	got := b.imported(t, b.caller, noren.ImportPurchases, f)
	same(t, "purchases", append([]string{"done: 5 0 0 11"}, problems...), got)
	same(t, "again", append([]string{"done: 0 0 5 11"}, problems...), b.imported(t, b.caller, noren.ImportPurchases, f))
	list, err := b.Purchases(b.ctx, b.caller, noren.PurchaseFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	for _, p := range list.Items {
		stored = append(stored, fmt.Sprint(p.Source, " ", p.ExternalID, " ", p.MemberID, " ", p.Credited, " ", p.PaidAt.Format("0102 15:04")))
	}
	slices.Sort(stored)
	same(t, "stored", []string{
		"csv o1 1 1000 0110 01:00", "csv o2 2 300 0111 00:30", "csv o3 2 450 0111 15:00", "csv o4 1 50 0112 01:00",
	}, stored)
	// The same ids of another source are other purchases; previewing them changes nothing.
	draft, err := b.DraftImport(b.ctx, b.caller, noren.ImportPurchases, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.PreviewImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{Source: "pos"})
	if err != nil || p.Created != 5 || p.Refused != 11 || p.Import.Source != "pos" {
		t.Errorf("the preview: %+v, %v", p, err)
	}
	if _, err := b.DraftImport(b.ctx, b.inStore(1), noren.ImportPurchases, f); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("of a caller bound to a store: %v", err)
	}
	b.sound(t)
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
