package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"noren"
)

func importChecks() []check {
	return []check{
		{"imports come back as they went in", importStored},
		{"newest first, and who may see them", importList},
		{"lines and refused lines", importLines},
		{"the oldest comes next", importNext},
		{"each piece is worked on once by several workers", importConcurrent},
		{"what is left of them is swept", importSwept},
		{"who has unique values", importHolders},
		{"products by code", importProductsByCode},
	}
}

func importDirectoryChecks() []check {
	return []check{{"tenants with imports to work on", importDirectory}}
}

// importOf is an import that was made id minutes after Now.
func importOf(id int64, state noren.ImportState) noren.Import {
	return noren.Import{
		ID: id, Kind: noren.ImportStock, State: state, Source: "csv", FileName: `在庫 '"\ 😀.csv`, Encoding: "Shift_JIS",
		Columns: []noren.ImportColumn{{Header: "商品コード", Field: "product", Samples: []string{"P1"}}, {Header: "", Samples: []string{}}},
		View:    noren.SmaregiView, Dialect: noren.Operator, Total: 2, CreatedAt: at(int(id)),
	}
}

// piece has one line, whose number is the piece's.
func piece(number int64, cell string) noren.ImportPiece {
	return noren.ImportPiece{Number: number, Lines: []noren.ImportLine{{Number: int(number), Cells: []string{cell, "\n,\"😀"}}}}
}

func refusedLine(line int, cell string) noren.RefusedLine {
	return noren.RefusedLine{Line: line, Cells: []string{cell, ""}, Problems: []noren.ImportProblem{
		{Line: line, Field: "amount", Value: "x", Reason: noren.ReasonNotNumber, Limit: "1–2", Message: "this is no number"}, {Line: line},
	}}
}

// sweepAll sweeps everything that may be swept.
func sweepAll(b *bundle, tx noren.Tx) error {
	_, err := tx.SweepImports(b.ctx, at(1000), at(1000), 100)
	return err
}

func (b *bundle) addImports(t *testing.T, imports ...noren.Import) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		for _, i := range imports {
			if err := tx.AddImport(b.ctx, i); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bundle) importByID(t *testing.T, id int64) (i *noren.Import) {
	t.Helper()
	b.update(t, func(tx noren.Tx) (err error) {
		if i, err = tx.Import(b.ctx, id, true); err != nil {
			return err
		}
		unlocked, err := tx.Import(b.ctx, id, false)
		same(t, "the import without a lock", i, unlocked)
		return err
	})
	return i
}

func importStored(t *testing.T, b *bundle) {
	full := importOf(1<<20, noren.ImportUploading)
	full.ClientID, full.Login, full.StoreID, full.RequestID = new(int64(2)), "山田", new(int64(1)), "r1"
	// What is not given is read back as not given, lists included.
	empty := noren.Import{ID: 3, Kind: noren.ImportMembers, State: noren.ImportDraft, CreatedAt: at(0)}
	b.addImports(t, full, empty)
	same(t, "the full one", &full, b.importByID(t, full.ID))
	same(t, "the empty one", &empty, b.importByID(t, 3))
	same(t, "one that is not there", (*noren.Import)(nil), b.importByID(t, 4))

	changed := full
	changed.State, changed.Source, changed.Columns = noren.ImportFailed, "pos", []noren.ImportColumn{{Header: "x", Field: "y", Samples: []string{}}}
	changed.Total, changed.Processed, changed.Created, changed.Updated, changed.Unchanged, changed.Refused = 21, 10, 1, 2, 3, 4
	changed.Tries, changed.StartedAt, changed.FinishedAt = 5, new(at(1)), new(at(2))
	changed.Encoding, changed.View, changed.System = "EUC-JP", noren.ReCOREView, noren.SystemReCORE
	changed.CodeLengths = []int{5, 12}
	changed.Contradictions = []noren.ImportContradiction{{Line: 5, First: 2, Field: "last_name"}}
	b.update(t, func(tx noren.Tx) error { return tx.UpdateImport(b.ctx, changed) })
	same(t, "the changed one", &changed, b.importByID(t, full.ID))
	same(t, "the other", &empty, b.importByID(t, 3))
}

func importList(t *testing.T, b *bundle) {
	ofStore := importOf(2, noren.ImportDone)
	ofStore.StoreID = new(int64(1))
	b.addImports(t, importOf(1, noren.ImportDraft), ofStore, importOf(3, noren.ImportUploading), importOf(4, noren.ImportWaiting))
	for _, c := range []struct {
		name   string
		filter noren.ImportFilter
		want   []int64
		total  int
	}{
		{"all", noren.ImportFilter{}, []int64{4, 2, 1}, 3},
		{"a page", noren.ImportFilter{Page: noren.Page{Limit: 1, Offset: 1}}, []int64{2}, 3},
		{"of a store", noren.ImportFilter{VisibleTo: new(int64(1))}, []int64{2}, 1},
		{"of another store", noren.ImportFilter{VisibleTo: new(int64(2))}, nil, 0},
	} {
		b.view(t, func(tx noren.Tx) error {
			list, total, err := tx.Imports(b.ctx, c.filter)
			same(t, "imports, "+c.name, c.want, idsOf(list, func(i noren.Import) int64 { return i.ID }))
			same(t, "how many, "+c.name, c.total, total)
			return err
		})
	}
}

func importLines(t *testing.T, b *bundle) {
	b.addImports(t, importOf(1, noren.ImportRunning), importOf(2, noren.ImportRunning))
	broken := piece(3, "x")
	broken.Lines[0].Broken = &noren.Broken{Reason: noren.ReasonBrokenLine, Message: "quotes"}
	pieces := []noren.ImportPiece{piece(1, "a"), piece(2, "b"), broken}
	progress := importOf(1, noren.ImportRunning)
	progress.Processed, progress.Refused, progress.Tries = 1, 1, 0
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.AddImportPieces(b.ctx, 1, []noren.ImportPiece{pieces[2], pieces[0]}),
			// A piece that is there already stays as it was.
			tx.AddImportPieces(b.ctx, 1, []noren.ImportPiece{piece(1, "again"), pieces[1]}),
			tx.AddImportPieces(b.ctx, 2, []noren.ImportPiece{piece(1, "another's")}),
			tx.AddImportPieces(b.ctx, 2, nil),
		)
	})
	left := func(after int64, limit int, want ...noren.ImportPiece) {
		t.Helper()
		b.view(t, func(tx noren.Tx) error {
			got, err := tx.ImportPieces(b.ctx, 1, after, limit)
			same(t, fmt.Sprintf("%d pieces after %d", limit, after), want, got)
			return err
		})
	}
	left(0, 10, pieces...)
	left(0, 2, pieces[:2]...)
	left(2, 10, pieces[2])
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.FinishImportPiece(b.ctx, progress, 1, []noren.RefusedLine{refusedLine(30, "c"), refusedLine(4, "d")}),
			tx.FinishImportPiece(b.ctx, importOf(2, noren.ImportDone), 1, []noren.RefusedLine{refusedLine(4, "e")}),
			tx.FinishImportPiece(b.ctx, progress, 3, nil),
		)
	})
	left(0, 10, pieces[1])
	same(t, "the progress", &progress, b.importByID(t, 1))
	b.view(t, func(tx noren.Tx) error {
		all, err := tx.RefusedLines(b.ctx, 1, 0, 10)
		same(t, "refused lines", []noren.RefusedLine{refusedLine(4, "d"), refusedLine(30, "c")}, all)
		first, err2 := tx.RefusedLines(b.ctx, 1, 0, 1)
		same(t, "the first refused line", []noren.RefusedLine{refusedLine(4, "d")}, first)
		behind, err3 := tx.RefusedLines(b.ctx, 1, 4, 10)
		same(t, "refused lines behind it", []noren.RefusedLine{refusedLine(30, "c")}, behind)
		return firstError(err, err2, err3)
	})
}

func importNext(t *testing.T, b *bundle) {
	next := func(want int64) {
		t.Helper()
		b.update(t, func(tx noren.Tx) error {
			i, err := tx.NextImport(b.ctx)
			switch {
			case err != nil:
				return err
			case i == nil && want == 0:
				return nil
			case i == nil || i.ID != want:
				t.Errorf("next is %+v, want %d", i, want)
				return nil
			}
			// The transaction's own lock must not hide the import from it.
			again, err := tx.NextImport(b.ctx)
			same(t, "the next for the transaction that has it", i, again)
			i.State = noren.ImportDone
			return firstError(err, tx.UpdateImport(b.ctx, *i))
		})
	}
	next(0)
	// Not in the order in which they are worked on: the lowest number comes first, whether it waits or runs already.
	b.addImports(t, importOf(1, noren.ImportDraft), importOf(2, noren.ImportUploading), importOf(3, noren.ImportFailed),
		importOf(6, noren.ImportWaiting), importOf(5, noren.ImportRunning), importOf(4, noren.ImportWaiting))
	for _, want := range []int64{4, 5, 6, 0} {
		next(want)
	}
	b.update(t, func(tx noren.Tx) error {
		locked, err := tx.LockLane(b.ctx)
		if !locked {
			t.Error("a tenant with imports has no lane")
		}
		return err
	})
}

// importConcurrent lets workers take the pieces of two imports: no piece is taken twice, and the older import comes first.
func importConcurrent(t *testing.T, b *bundle) {
	const workers, each = 4, 15
	for id := int64(1); id <= 2; id++ {
		i := importOf(id, noren.ImportWaiting)
		i.Total = each
		b.addImports(t, i)
		b.update(t, func(tx noren.Tx) error {
			for n := range int64(each) {
				if err := tx.AddImportPieces(b.ctx, id, []noren.ImportPiece{piece(n+1, "")}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var mu sync.Mutex
	var taken []string
	step := func() error {
		what := ""
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			what = ""
			i, err := tx.NextImport(b.ctx)
			if err != nil || i == nil {
				return err
			}
			pieces, err := tx.ImportPieces(b.ctx, i.ID, 0, 1)
			if err != nil || len(pieces) == 0 {
				return firstError(err, fmt.Errorf("import %d has no pieces after %d", i.ID, i.Processed))
			}
			if i.Processed++; i.Processed == i.Total {
				i.State = noren.ImportDone
			}
			what = fmt.Sprintf("%d %02d", i.ID, pieces[0].Number)
			return tx.FinishImportPiece(b.ctx, *i, pieces[0].Number, nil)
		})
		mu.Lock()
		defer mu.Unlock()
		if err == nil && what != "" {
			taken = append(taken, what)
		}
		return err
	}
	done := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(taken) >= 2*each
	}
	inParallel(workers, func(int) {
		for !done() && !t.Failed() {
			if err := step(); err != nil {
				t.Errorf("a step: %v", err)
			}
		}
	})
	seen := make(map[string]bool)
	for _, what := range taken {
		if seen[what] {
			t.Errorf("piece %s was taken twice", what)
		}
		seen[what] = true
	}
	same(t, "pieces that were taken", 2*each, len(seen))
}

func importSwept(t *testing.T, b *bundle) {
	b.addImports(t, importOf(1, noren.ImportDone), importOf(2, noren.ImportDraft), importOf(3, noren.ImportRunning),
		importOf(4, noren.ImportUploading), importOf(5, noren.ImportCancelled), importOf(6, noren.ImportDraft))
	b.update(t, func(tx noren.Tx) error {
		for id := int64(1); id <= 6; id++ {
			err := firstError(
				tx.AddImportPieces(b.ctx, id, []noren.ImportPiece{piece(1, ""), piece(2, ""), piece(3, "")}),
				tx.FinishImportPiece(b.ctx, *b.mustImport(t, tx, id), 1, []noren.RefusedLine{refusedLine(1, ""), refusedLine(2, "")}),
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
	sweep := func(before, drafts time.Time, limit, want int) {
		t.Helper()
		b.update(t, func(tx noren.Tx) error {
			n, err := tx.SweepImports(b.ctx, before, drafts, limit)
			same(t, "swept rows", want, n)
			return err
		})
	}
	left := func(want string) {
		t.Helper()
		got := ""
		b.view(t, func(tx noren.Tx) error {
			for id := int64(1); id <= 6; id++ {
				i, err := tx.Import(b.ctx, id, false)
				pieces, err2 := tx.ImportPieces(b.ctx, id, 0, 10)
				lines, err3 := tx.RefusedLines(b.ctx, id, 0, 10)
				if err := firstError(err, err2, err3); err != nil {
					return err
				}
				if i != nil {
					got += fmt.Sprintf("%d %s %d %d; ", id, i.State, len(pieces), len(lines))
				}
			}
			return nil
		})
		same(t, "what is left", want, got)
	}
	// The pieces of finished imports go at once, a few at a time; drafts made before the 5th minute end.
	sweep(at(0), at(0), 3, 3)
	sweep(at(0), at(5), 100, 5)
	left("1 done 0 2; 2 cancelled 0 2; 3 running 2 2; 4 cancelled 0 2; 5 cancelled 0 2; 6 draft 2 2; ")
	// Imports made before the 2nd minute go, their lines first.
	sweep(at(2), at(5), 1, 1)
	left("1 done 0 1; 2 cancelled 0 2; 3 running 2 2; 4 cancelled 0 2; 5 cancelled 0 2; 6 draft 2 2; ")
	sweep(at(2), at(5), 1, 2)
	left("2 cancelled 0 2; 3 running 2 2; 4 cancelled 0 2; 5 cancelled 0 2; 6 draft 2 2; ")
	sweep(at(2), at(5), 100, 0)
	sweep(at(100), at(5), 100, 9)
	left("3 running 2 2; 6 draft 2 2; ")
}

func (b *bundle) mustImport(t *testing.T, tx noren.Tx, id int64) *noren.Import {
	t.Helper()
	i, err := tx.Import(b.ctx, id, false)
	if err != nil || i == nil {
		t.Fatalf("import %d: %v, %v", id, i, err)
	}
	return i
}

func importHolders(t *testing.T, b *bundle) {
	first, second := member(1), member(2)
	first.AliasCode, first.ShopifyCustomerID, second.AliasCode = new("a"), new("s"), new("b")
	b.insert(t, first, second)
	b.view(t, func(tx noren.Tx) error {
		for _, c := range []struct {
			column string
			values []string
			want   map[string]int64
		}{
			{"code", []string{second.Code, "none", second.Code}, map[string]int64{second.Code: 2}},
			{"alias_code", []string{"a", "b", "A"}, map[string]int64{"a": 1, "b": 2}},
			{"shopify_customer_id", []string{"s", ""}, map[string]int64{"s": 1}},
			{"alias_code", nil, nil},
		} {
			if lengths, err := tx.CodeLengths(b.ctx); err != nil || len(lengths) == 0 || !slices.IsSorted(lengths) {
				t.Errorf("lengths of codes %v, %v", lengths, err)
			}
			got, err := tx.MemberHolders(b.ctx, c.column, c.values)
			same(t, "holders by "+c.column, c.want, got)
			if err != nil {
				return err
			}
		}
		return nil
	})
	// A column that is not unique is refused, as its name would become part of the statement.
	err := b.View(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		_, err := tx.MemberHolders(b.ctx, "email", []string{"x"})
		return err
	})
	if err == nil {
		t.Error("members are told apart by their e-mail addresses")
	}
}

func importProductsByCode(t *testing.T, b *bundle) {
	for _, c := range []struct {
		codes []string
		want  []int64
	}{{nil, []int64{1, 2, 3}}, {[]string{}, nil}, {[]string{"p-003", "P001", "p001"}, []int64{1, 3}}} {
		b.view(t, func(tx noren.Tx) error {
			list, _, err := tx.Products(b.ctx, noren.CatalogueFilter{Codes: c.codes})
			same(t, fmt.Sprintf("products with the codes %q", c.codes), c.want, idsOf(list, func(p noren.Product) int64 { return p.ID }))
			return err
		})
	}
}

func importDirectory(t *testing.T, b *bundle) {
	other := b.other(t)
	check := func(name string, want ...noren.TenantID) {
		t.Helper()
		got, err := b.TenantsWithImports(b.ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, name, want, got)
	}
	check("none")
	b.addImports(t, importOf(1, noren.ImportDraft), importOf(2, noren.ImportDone))
	check("a draft")
	b.addImports(t, importOf(3, noren.ImportWaiting), importOf(4, noren.ImportRunning))
	other.addImports(t, importOf(1, noren.ImportRunning))
	check("waiting and running", b.tenant.ID, other.tenant.ID)
}
