package imports_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestMappingIsRemembered imports a file whose columns a person has mapped, and then others with the same headers.
func TestMappingIsRemembered(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	draft := func(c noren.Caller, header string) []string {
		t.Helper()
		f := apptest.ImportFile(header, "M1,甲,乙,丙,丁")
		f.Fields = make([]string, len(f.Header))
		for i, h := range f.Header {
			if h == "code" || h == "note" || h == "last_name" {
				f.Fields[i] = h
			}
		}
		made, err := b.Imports.Draft(b.Ctx, c, noren.ImportMembers, f)
		if err != nil {
			t.Fatal(err)
		}
		var fields []string
		for _, column := range made.Columns {
			fields = append(fields, column.Field)
		}
		if c.Client.StoreID == nil && header == "code,お名前,note" {
			setup := imports.Setup{Fields: []string{"code", "last_name", ""}}
			if _, err := b.Imports.Start(b.Ctx, c, made.ID, setup); err != nil {
				t.Fatal(err)
			}
		}
		return fields
	}
	apptest.Same(t, "the first time", []string{"code", "", "note"}, draft(b.Caller, "code,お名前,note"))
	apptest.Same(t, "the refused lines of it", []string{"code", "last_name", "", "", ""}, draft(b.Caller, "code,お名前,note,line,reason"))
	apptest.Same(t, "in another order, with a column for the same field", []string{"", "", "last_name", "code"},
		draft(b.Caller, "note,last_name,お名前,code"))
	apptest.Same(t, "to whom the import is hidden", []string{"code", "", "note"}, draft(b.InStore(1), "code,お名前,note"))
}

// TestMappingOfAnotherSystem imports a file of a system whose 会員ID is ours, then one of a system whose 会員ID is its own, with several
// columns for the memo.
func TestMappingOfAnotherSystem(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	fields := func(system noren.System, recognised ...string) (got []string) {
		t.Helper()
		f := apptest.ImportFile("会員ID,会員コード,マイル,取引額", "7,M7,1,2")
		f.System, f.Fields = system, recognised
		made, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
		if err == nil {
			_, err = b.Imports.Start(b.Ctx, b.Caller, made.ID, imports.Setup{Fields: recognised})
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range made.Columns {
			got = append(got, column.Field)
		}
		return got
	}
	ours, theirs := []string{"id", "code", "memo", "memo"}, []string{"", "code", "memo", "memo"}
	apptest.Same(t, "ours", ours, fields(noren.SystemSmaregi, ours...))
	apptest.Same(t, "theirs", theirs, fields(noren.SystemECCUBE, theirs...))
	apptest.Same(t, "ours again", ours, fields(noren.SystemSmaregi, ours...))
	apptest.Same(t, "theirs again", theirs, fields(noren.SystemECCUBE, theirs...))
}
