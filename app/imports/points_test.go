package imports_test

import (
	"fmt"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

func TestImportPoints(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		apptest.ApplyMember(t, b, noren.MemberPatch{
			ID: 2, LastName: noren.Set("髙橋"), FirstName: noren.Set("花子"), Email: noren.Set("two@example.com"), ShopifyCustomerID: noren.Set("6757085806881"),
		})
		f := apptest.ImportFile("id,member,amount,type,expires_on,note,last_name,first_name",
			"a,M1,１，２００,,,移行,,",
			"b,A1,50pt,PAID,無期限,,,",
			"c,two@example.com,300ポイント,無償,2026-02-28,,高橋,",
			"d,6757085806881,7,,,,髙橋花子,",
			"e,2,1,,,,佐藤,",
			"f,M9,1,,,,,",
			"g,M1,-1,,,,,",
			"h,M1,1,GOLD,,,,",
			"i,M1,1,,2026-01-30,,,",
			"j,,1,,,,,",
			"a,M1,1200,,,,,",
			"a,M1,1201,,,,,",
			"k,M1,,,,,,",
			"4.9E+12,M1,1,,,,,",
			",M3,10,,,,,",
			",M3,11,,,,,",
			",M3,0,PAID,,,,",
		)
		refused := []string{
			"6 member other_person 2 佐藤", "7 member member_unknown M9", "8 amount out_of_range -1", "9 type unknown_word GOLD", "10 expires_on past 2026-01-30",
			"11 member missing ", "13 id differs a", "14 amount missing ", "15 id lost_digits 4.9E+12", "17 amount differs 11",
		}
		apptest.Same(t, "the import", append([]string{"done: 5 0 2 10"}, refused...), apptest.Imported(t, b, b.Caller, noren.ImportPoints, f))
		apptest.Same(t, "points of member 1", []string{"DEFAULT 1200", "PAID 50"}, apptest.Points(t, b, 1))
		apptest.Same(t, "points of member 2", []string{"DEFAULT 307, 300 through 2026-02-28"}, apptest.Points(t, b, 2))
		apptest.Same(t, "again", append([]string{"done: 0 0 7 10"}, refused...), apptest.Imported(t, b, b.Caller, noren.ImportPoints, f))
		apptest.Same(t, "points of member 3", []string{"DEFAULT 10"}, apptest.Points(t, b, 3))
		b.Sound(t)
	})
}

// TestPointsOfAnotherPerson: a code, too, gives nobody points whom the name beside it shows to be somebody else.
func TestPointsOfAnotherPerson(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named(t, b)
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 2, AliasCode: noren.Set("A2")})
	for _, c := range []struct {
		by   string
		line string
		want []string
	}{
		{"", "M1,鈴木,一郎,10", []string{"0 0 1", "2 member other_person M1 鈴木 一郎"}},
		{"", "M1,鈴木,花子,10", []string{"1 0 0", "told 2 member name_partly "}},
		{"", "M1,高橋,次郎,10", []string{"0 0 1", "2 member other_person M1 高橋 次郎"}},
		{imports.ByCode, "M1,高橋,次郎,50", []string{"1 0 0"}},
		{imports.ByCode, "M1,鈴木,一郎,20", []string{"1 0 0"}},
		{"", "A2,高橋,一郎,30", []string{"0 0 1", "2 member other_person A2 高橋 一郎"}},
		{imports.ByCode, "A2,高橋,一郎,30", []string{"1 0 0"}},
		{"", "M1,高橋,花子,40", []string{"1 0 0"}},
	} {
		f := apptest.ImportFile("member,last_name,first_name,amount,id", c.line+","+c.line[len(c.line)-2:])
		draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportPoints, f)
		if err == nil {
			_, err = b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{By: c.by})
		}
		if err != nil {
			t.Fatal(err)
		}
		i := apptest.RunImport(t, b, b.Caller, draft.ID)
		got := append([]string{fmt.Sprint(i.Created, i.Unchanged, i.Refused)}, apptest.ImportProblems(t, b, b.Caller, i.ID)...)
		for _, r := range told(i.Remarks) {
			got = append(got, "told "+r)
		}
		apptest.Same(t, c.line+" by "+c.by, c.want, got)
	}
	b.Sound(t)
}

// TestOneKeyNamesTheMember: in every kind of file the first key counts that a line gives. If it finds nobody, the line is refused,
// whoever the next key names.
func TestOneKeyNamesTheMember(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 2, Email: noren.Set("two@example.com"), ShopifyCustomerID: noren.Set("6757085806881")})
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 3, AliasCode: noren.Set("6757085806881"), Email: noren.Set("three@example.com")})
	const at = ",2026-01-10 10:00"
	header, lines := "email,shopify_customer_id,member,member_id,id,amount", []string{
		"two@example.com,,,9999,a,10", "two@example.com,6757085806881,M9,,b,10", "two@example.com,1,M3,,c,10", "two@example.com,,M1,3,d,10",
		"three@example.com,6757085806881,,,e,10",
	}
	refused := []string{"done: 3 0 0 2", "2 member_id member_unknown 9999", "3 member member_unknown M9"}
	apptest.Same(t, "points", refused, apptest.Imported(t, b, b.Caller, noren.ImportPoints, apptest.ImportFile(header, lines...)))
	for i := range lines {
		lines[i] += at
	}
	apptest.Same(t, "purchases", refused, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, apptest.ImportFile(header+",at", lines...)))
	for id, want := range map[int64]int64{1: 0, 2: 10, 3: 20} {
		apptest.Same(t, fmt.Sprint("spend of member ", id), want, apptest.Spent(t, b, id))
		apptest.Same(t, fmt.Sprint("points of member ", id), want > 0, len(apptest.Points(t, b, id)) > 0)
	}
	// A text that does not say what it is: an alias code comes before a Shopify number.
	apptest.Same(t, "a text", []string{"done: 1 0 0 0"},
		apptest.Imported(t, b, b.Caller, noren.ImportPoints, apptest.ImportFile("id,member,amount", "f,6757085806881,500")))
	apptest.Same(t, "points of member 3", []string{"DEFAULT 520"}, apptest.Points(t, b, 3))
	b.Sound(t)
}

// TestImportOpeningBalances: a file of members brings balances, once for each member who has had no points yet.
func TestImportOpeningBalances(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Imported(t, b, b.Caller, noren.ImportPoints, apptest.ImportFile("member,amount", "M2,5"))
	f := apptest.ImportFile("code,last_name,points,points_expires_on",
		"N1,山田,１０００ポイント,2026-12-31", "N2,鈴木,0,", "N3,佐藤,70,2025-12-31", "M1,,30,", "M2,,8,", "N1,山田,1000,", "N4,田中,多い,",
	)
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{All: true})
	if err != nil || p.Points == nil {
		t.Fatalf("%+v, %v", p, err)
	}
	apptest.Same(t, "members, before, after, in the file", []int64{2, 5, 1035, 2108}, []int64{int64(p.Points.Members), p.Points.Before, p.Points.After, p.Points.File})
	apptest.Same(t, "what would change", []imports.FieldChange{
		{Field: "points", Members: 1, Samples: []imports.Change{{Member: "M1", Before: "0", After: "30"}}}, // M2 keeps what it has
	}, p.Fields)
	notTaken := "6 points not_opening "
	apptest.Same(t, "what the preview tells", []string{"7 code duplicate ", "4 points_expires_on past 2025-12-31", notTaken + "8"}, told(p.Remarks))
	i := apptest.RunImport(t, b, b.Caller, apptest.StartImport(t, b, b.Caller, noren.ImportMembers, f).ID)
	apptest.Same(t, "the import", []int{3, 1, 2, 1}, []int{i.Created, i.Updated, i.Unchanged, i.Refused})
	apptest.Same(t, "what it tells", []string{"7 code duplicate ", "4 points_expires_on past ", notTaken}, told(i.Remarks))
	problems, lines, err := b.Imports.FirstProblems(b.Ctx, b.Caller, i.ID)
	apptest.Same(t, "what it has refused", []string{"8 points not_number 多い"}, told(problems))
	apptest.Same(t, "in how many lines", 1, lines)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "points of the new one", []string{"DEFAULT 1000, 1000 through 2026-12-31"}, apptest.Points(t, b, apptest.Member(t, b, "N1").ID))
	apptest.Same(t, "points that had expired", 0, len(apptest.Points(t, b, apptest.Member(t, b, "N3").ID)))
	apptest.Same(t, "points of member 1", []string{"DEFAULT 30"}, apptest.Points(t, b, 1))
	apptest.Same(t, "points of member 2, who had some", []string{"DEFAULT 5"}, apptest.Points(t, b, 2))
	apptest.Same(t, "again", []string{"done: 0 0 6 1", "8 points not_number 多い"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	apptest.Same(t, "points of member 1", []string{"DEFAULT 30"}, apptest.Points(t, b, 1))
	b.Sound(t)
}

// TestChangesCountMembers: a preview counts members and not lines, over all batches of the file.
func TestChangesCountMembers(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	lines := []string{"M1,y", "M1,y", "M2,w", "M3,q", "M3,"}
	for len(lines) < 5*imports.PieceLines {
		lines = append(lines, "M2,w")
	}
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, apptest.ImportFile("code,note", lines...))
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{All: true})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "what would change", []imports.FieldChange{{Field: "note", Members: 3, Samples: []imports.Change{
		{Member: "M1", After: "y"}, {Member: "M2", After: "w"}, {Member: "M3", After: "q"},
	}}}, p.Fields)
}
