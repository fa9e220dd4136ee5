package imports_test

import (
	"fmt"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// named adds a name, an address and a number to the members of the bundle.
func named(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	apptest.ApplyMember(t, b, noren.MemberPatch{
		ID: 1, LastName: noren.Set("髙橋"), FirstName: noren.Set("花子"), Phone: noren.Set("090-1111-2222"), Email: noren.Set("one@example.com"),
	})
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 2, LastName: noren.Set("鈴木"), FirstName: noren.Set("一郎"), Email: noren.Set("two@example.com"), ShopifyCustomerID: noren.Set("6757085806881")})
}

// importedAs imports a file of members of a system, with a setup.
func importedAs(t *testing.T, b *apptest.Bundle, from noren.System, by string, f noren.ImportFile) []string {
	t.Helper()
	f.System = from
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{By: by}); err != nil {
		t.Fatal(err)
	}
	i := apptest.RunImport(t, b, b.Caller, draft.ID)
	lines := []string{fmt.Sprint(i.Created, i.Updated, i.Unchanged, i.Refused)}
	for _, r := range i.Remarks {
		lines = append(lines, "told "+string(r.Reason))
	}
	return append(lines, apptest.ImportProblems(t, b, b.Caller, draft.ID)...)
}

// TestANumberAloneChangesNobody: a number of another system names somebody else here, unless something beside it agrees.
func TestANumberAloneChangesNobody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		from noren.System
		by   string
		file noren.ImportFile
		want []string
	}{
		{"another name", "", "", apptest.ImportFile("id,last_name,first_name,note", "1,佐藤,次郎,x"), []string{"0 0 0 1", "2 id other_person 1 佐藤 次郎"}},
		{"another name, as the operator says", "", imports.ByID, apptest.ImportFile("id,last_name,first_name,note", "1,佐藤,次郎,x"), []string{"0 1 0 0"}},
		{"another name beside the code", "", "", apptest.ImportFile("id,code,last_name,first_name", "1,M1,佐藤,次郎"), []string{"0 1 0 0"}},
		{"the same name in other kanji", noren.SystemSmaregi, "", apptest.ImportFile("id,last_name,first_name,note", "1,高橋,花子,x"), []string{"0 1 0 0"}},
		{"a number alone in another system's file", noren.SystemSmaregi, "", apptest.ImportFile("id,note", "1,x"), []string{"0 0 0 1", "2 id number_alone 1"}},
		{"a number with an address in another system's file", noren.SystemSmaregi, "", apptest.ImportFile("id,email,note", "1,ONE@example.com,x"), []string{"0 1 0 0"}},
		{"a number alone in our own file", "", "", apptest.ImportFile("id,note", "1,x"), []string{"0 1 0 0"}},
		{"a new member by a number", noren.SystemSmaregi, "", apptest.ImportFile("id,last_name", "77,佐藤"), []string{"1 0 0 0"}},
		{"another person by a code of another system", noren.SystemSmaregi, "", apptest.ImportFile("code,last_name,first_name", "M1,佐藤,次郎"), []string{"0 0 0 1", "2 code other_person M1 佐藤 次郎"}},
		{"another person by our code", "", "", apptest.ImportFile("code,last_name,first_name", "M1,佐藤,次郎"), []string{"0 1 0 0", "told other_person"}},
		{"a name of marriage by our code", "", "", apptest.ImportFile("code,last_name,first_name", "M1,佐藤,花子"), []string{"0 1 0 0"}},
		{"Shopify's number", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,note", "6757085806881,x"), []string{"0 1 0 0"}},
		{"an address that somebody else has", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,email,last_name,first_name", "1,one@example.com,佐藤,次郎"), []string{"0 0 0 1", "2 email other_person one@example.com 佐藤 次郎"}},
		{"an address of another customer of Shopify", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,email,note", "2,two@example.com,x"), []string{"0 0 0 1", "2 email other_person two@example.com"}},
		{"a new customer's address", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,email,note", "2,one@example.com,x"), []string{"0 1 0 0"}},
		{"an alias code that nobody has", "", "", apptest.ImportFile("alias_code,shopify_customer_id", "B1,6757085806881"), []string{"0 0 0 1", "2 shopify_customer_id taken 6757085806881"}},
		{"an address", noren.SystemECCUBE, "", apptest.ImportFile("email,last_name,first_name,note", "One@example.com,高橋,花子,x"), []string{"0 1 0 0"}},
		{"the same member twice", "", "", apptest.ImportFile("code,note", "M1,x", "M2,y", "M1,z"), []string{"0 2 0 1", "told duplicate", "4 note contradicts z"}},
		{"the whole name as a family name", "", "", apptest.ImportFile("id,last_name,first_name,note", "1,高橋　花子,,x", "2,鈴木一郎,,"), []string{"0 1 1 0"}},
		{"another whole name as a family name", "", "", apptest.ImportFile("code,id,last_name,first_name", ",1,佐藤 次郎,", "M2,,佐藤 次郎,"), []string{"0 1 0 1", "told other_person", "2 id other_person 1 佐藤 次郎"}},
		{"Shopify's number of somebody else", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,last_name,first_name", "6757085806881,佐藤,次郎"), []string{"0 0 0 1", "2 shopify_customer_id other_person 6757085806881 佐藤 次郎"}},
		{"a number that another has by now", "", "", apptest.ImportFile("id,code,last_name,first_name", "1,N1,佐藤,次郎"), []string{"0 0 0 1", "2 id other_person 1 佐藤 次郎"}},
		{"a number that another has by now, left out", "", "", apptest.ImportFile("id,code,last_name,first_name", ",N1,佐藤,次郎"), []string{"1 0 0 0"}},
		{"a number that another has by now, by code", "", imports.ByCode, apptest.ImportFile("id,code,last_name,first_name", "1,N1,佐藤,次郎"), []string{"1 0 0 0"}},
		{
			"names and codes that disagree", "", "", apptest.ImportFile(
				"code,rank,rank_id,store,store_id,mail_opt_in,mail_opt_out,name,last_name,first_name",
				"M1,silver,1,,,,,,,", "N3,silver,2,,,,,,,", "M2,,,本店,2,,,,,", "N4,,,本店,1,1,1,,,", "M3,,,全店舗,1,,,,,", "N1,,,,,0,1,佐藤 次郎,佐藤,次郎", "N2,,,,,,,佐藤 次郎,佐藤,三郎"),
			[]string{
				"2 0 0 5", "2 rank twice silver", "4 store twice 本店", "5 mail_opt_out twice true", "6 store twice 全店舗",
				"8 name twice 佐藤 次郎",
			},
		},
		{
			"a prefecture and the rest of an address", "", "", apptest.ImportFile("code,prefecture,address,last_name", "N1,東京都,千代田区1-1,a", "N2,東京都,東京都千代田区1-1,a", "N3,東京都,大阪府大阪市,a", "N1,東京都,,"),
			[]string{"2 0 1 1", "told duplicate", "4 address twice 大阪府大阪市"},
		},
		{"one column of names", "", "", apptest.ImportFile("code,name,kana", "N1,山田　花子,ﾔﾏﾀﾞ ﾊﾅｺ", "N2,山田花子,", "M1,髙橋花子,"), []string{"2 0 1 0", "told not_split"}},
		{"lost zeros", "", "", apptest.ImportFile("code,phone,postal_code", "N1,9012345678,600001", "N2,4.9E+12,", "4.9E+12,,"), []string{"1 0 0 2", "told repaired", "told repaired", "3 phone lost_digits 4.9E+12", "4 code lost_digits 4.9E+12"}},
		{"all stores", "", "", apptest.ImportFile("code,store", "M3,全店舗", "M2,All stores"), []string{"0 1 1 0"}},
		{"what is only noted", "", "", apptest.ImportFile("code,memo", "M1,30"), []string{"0 0 1 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Setup(t)
			named(t, b)
			apptest.Same(t, "the import", c.want, importedAs(t, b, c.from, c.by, c.file))
			b.Sound(t)
		})
	}
}

// TestKeyless: a file whose members are known by their addresses does not create them twice.
func TestKeyless(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for from, want := range map[noren.System]bool{noren.SystemECCUBE: false, "": true} {
		f := apptest.ImportFile("email,last_name", "new@example.com,佐藤")
		f.System = from
		draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, f)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{}); err != nil || p.Keyless != want {
			t.Errorf("a file of %q: %v, keyless %t", from, err, p.Keyless)
		}
	}
}

// TestLettersThatShiftJISLacks: what an export shows as 〓 or a look-alike is never written back.
func TestLettersThatShiftJISLacks(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 1, LastName: noren.Set("𠮷野"), FirstName: noren.Set("花〜子"), Note: noren.Set(" 一\r\n二 "), Company: noren.Set(" \u200b堂\u200b\t")})
	f := apptest.ImportFile("code,last_name,first_name,note,company", "M1,〓野,花～子,一\n二,〓堂〓", "M1,〓〓野,,,", "N1,〓,,,")
	f.Encoding = "Shift_JIS"
	apptest.Same(t, "the import", []string{"0 0 1 2", "told duplicate", "3 last_name contradicts 〓〓野", "4 last_name lost_letter 〓"}, importedAs(t, b, "", "", f))
	if m := apptest.Member(t, b, "M1"); *m.LastName != "𠮷野" || *m.FirstName != "花〜子" || *m.Note != " 一\r\n二 " {
		t.Errorf("the member is %q %q %q", *m.LastName, *m.FirstName, *m.Note)
	}
	b.Sound(t)
}

// TestImportShopifyOrders: orders exported from Shopify count once, with what was refunded, beside the webhooks' own.
func TestImportShopifyOrders(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named(t, b)
	file := func(lines ...string) noren.ImportFile {
		f := apptest.ImportFile("order_name,email,financial_status,amount,at,id,refunded,cancelled_at", lines...)
		f.System = noren.SystemShopify
		return f
	}
	first := file(
		"#1,one@example.com,paid,1000,2026-01-10 10:00:00 +0900,11,0,",
		"#1,one@example.com,,,,,,",
		"#2,one@example.com,partially_refunded,500,2026-01-11 10:00:00 +0900,12,200,",
		"#3,one@example.com,pending,300,2026-01-12 10:00:00 +0900,13,0,",
		"#4,one@example.com,refunded,400,2026-01-12 10:00:00 +0900,14,400,2026-01-13 10:00:00 +0900",
	)
	apptest.Same(t, "the import", []string{"done: 3 0 2 0"}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, first))
	apptest.Same(t, "spend", int64(1300), apptest.Spent(t, b, 1))
	apptest.Same(t, "again", []string{"done: 0 0 5 0"}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, first))
	second := file("#2,one@example.com,refunded,500,2026-01-11 10:00:00 +0900,12,500,")
	apptest.Same(t, "a later export", []string{"done: 1 0 0 0"}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, second))
	apptest.Same(t, "spend", int64(1000), apptest.Spent(t, b, 1))
	b.Sound(t)
}
