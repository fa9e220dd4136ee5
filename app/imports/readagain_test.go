package imports_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestReadAgain reads a draft again from its bytes, which are kept until it is started or swept.
func TestReadAgain(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		b := apptest.SetupAt(t, url, nil)
		var cells []string
		for n := range 3*imports.PieceLines + 1 {
			cells = append(cells, fmt.Sprintf("M%d,山田", n))
		}
		f := apptest.ImportFile("code,last_name", cells...)
		f.Data = bytes.Repeat([]byte("山"), 1<<20) // three parts
		draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := b.Imports.File(b.Ctx, b.Caller, draft.ID)
		if err != nil || !bytes.Equal(kept, f.Data) {
			t.Fatalf("%d bytes are kept, %v", len(kept), err)
		}
		again := apptest.ImportFile("code,company", "N1,暖簾", "N2,山")
		again.Encoding, again.System = "EUC-JP", noren.SystemSmaregi
		ctx, leave := context.WithCancel(b.Ctx)
		lines := again.Lines
		again.Lines = func(yield func(noren.ImportLine, error) bool) {
			leave() // whoever leaves meanwhile does not break the draft
			lines(yield)
		}
		i, err := b.Imports.ReadAgain(ctx, b.Caller, draft.ID, again)
		if err != nil || i.Total != 2 || i.Encoding != "EUC-JP" || i.State != noren.ImportDraft || i.Columns[1].Field != "company" {
			t.Fatalf("read again: %+v, %v", i, err)
		}
		if p, err := b.Imports.Preview(b.Ctx, b.Caller, i.ID, imports.Setup{}); err != nil || p.Created != 2 || p.Import.System != noren.SystemSmaregi {
			t.Errorf("its preview: %+v, %v", p, err)
		}
		b.Sound(t)
		if _, err := b.Imports.Start(b.Ctx, b.Caller, i.ID, imports.Setup{}); err != nil {
			t.Fatal(err)
		}
		if done := apptest.RunImport(t, b, b.Caller, i.ID); done.Created != 2 {
			t.Errorf("applied: %+v", done)
		}
		if _, err := b.Imports.File(b.Ctx, b.Caller, i.ID); noren.KindOf(err) != noren.Conflict {
			t.Errorf("the bytes after the start: %v", err)
		}
		if _, err := b.Imports.ReadAgain(b.Ctx, b.Caller, i.ID, again); noren.KindOf(err) != noren.Conflict {
			t.Errorf("read again after the start: %v", err)
		}

		// What is thrown away loses its bytes with its lines.
		dropped, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := b.Caller
		elsewhere.Client.StoreID = new(int64(1))
		if _, err := b.Imports.File(b.Ctx, elsewhere, dropped.ID); noren.KindOf(err) != noren.NotFound {
			t.Errorf("somebody of one store gets the bytes: %v", err)
		}
		if _, err := b.Imports.Cancel(b.Ctx, b.Caller, dropped.ID); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Imports.Sweep(b.Ctx, b.Caller.Tenant); err != nil || n != 4+3 {
			t.Errorf("%d rows were swept, %v", n, err)
		}
		b.Sound(t)
	})
}
