package imports_test

import (
	"fmt"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestTwins: lines that name the same are told however they write its number, and what contradicts an earlier line is refused, so that a
// second run changes nothing.
func TestTwins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		file        noren.ImportFile
		once, again []string
	}{
		{
			"one number in many forms", apptest.ImportFile("id,last_name", "2,鈴木", "0002,鈴木", "2.0,", "２,", "3,"),
			[]string{"0 1 4 0", "told duplicate", "told duplicate", "told duplicate"},
			[]string{"0 0 5 0", "told duplicate", "told duplicate", "told duplicate"},
		},
		{
			"another name", apptest.ImportFile("code,last_name,phone", "M1,佐藤,", "M1,鈴木,", "M1,,03-1111-1111", "M1,,03-2222-2222", "M1,佐藤,0311111111"),
			[]string{
				"0 2 0 3", "told duplicate", "told duplicate", "told duplicate", "told duplicate",
				"3 last_name contradicts 鈴木", "5 phone contradicts 03-2222-2222", "6 phone contradicts 0311111111",
			},
			[]string{
				"0 0 2 3", "told duplicate", "told duplicate", "told duplicate", "told duplicate",
				"3 last_name contradicts 鈴木", "5 phone contradicts 03-2222-2222", "6 phone contradicts 0311111111",
			},
		},
		{
			"the same day, rank and flag in other forms", apptest.ImportFile("code,birth_date,rank,mail_opt_in,postal_code,points",
				"M1,1990-01-02,Silver,1,1000001,100", "M1,平成2年1月2日,silver,true,〒100 0001,100pt"),
			[]string{"0 1 1 0", "told duplicate"},
			[]string{"0 0 2 0", "told duplicate"},
		},
		{
			"other points", apptest.ImportFile("code,points", "M1,100", "M1,200"),
			[]string{"0 1 0 1", "told duplicate", "3 points contradicts 200"},
			[]string{"0 0 1 1", "told duplicate", "3 points contradicts 200"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Setup(t)
			apptest.Same(t, "the import", c.once, importedAs(t, b, "", imports.ByID, c.file))
			apptest.Same(t, "again", c.again, importedAs(t, b, "", imports.ByID, c.file))
			b.Sound(t)
		})
	}
}

// TestTwinsFarApart: a line that contradicts one of another piece is refused too, and the preview says so.
func TestTwinsFarApart(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	var lines []string
	for i := range imports.PieceLines {
		lines = append(lines, fmt.Sprintf("N%d,佐藤", i))
	}
	f := apptest.ImportFile("code,last_name", append(lines, "N0,鈴木", "N0,佐藤")...)
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{})
	if err != nil || p.Refused != 1 || len(p.Problems) != 1 || p.Problems[0].Reason != noren.ReasonContradicts || p.Problems[0].Limit != "2" {
		t.Errorf("the preview: %+v, %v", p.Problems, err)
	}
	want := []string{
		fmt.Sprintf("done: %d 0 1 1", imports.PieceLines), fmt.Sprintf("%d last_name contradicts 鈴木", imports.PieceLines+2),
	}
	apptest.Same(t, "the import", want, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	b.Sound(t)
}
