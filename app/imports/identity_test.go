package imports_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
	apptest.SaidInBothLanguages(t, i.Remarks...)
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
		{"another person by our code", "", "", apptest.ImportFile("code,last_name,first_name", "M1,佐藤,次郎"), []string{"0 1 0 0", "told name_differs"}},
		{"a name of marriage by our code", "", "", apptest.ImportFile("code,last_name,first_name", "M1,佐藤,花子"), []string{"0 1 0 0"}},
		{"a name of marriage by a code of another system", noren.SystemSmaregi, "", apptest.ImportFile("code,last_name,first_name", "M1,佐藤,花子"), []string{"0 1 0 0", "told name_differs"}},
		{"a relative by a code of another system", noren.SystemSmaregi, "", apptest.ImportFile("code,last_name,first_name", "M1,高橋,次郎"), []string{"0 0 0 1", "2 code other_person M1 高橋 次郎"}},
		{"another family name alone by a code of another system", noren.SystemSmaregi, "", apptest.ImportFile("code,last_name", "M1,佐藤"), []string{"0 0 0 1", "2 code other_person M1 佐藤"}},
		{"a relative, as the operator says", noren.SystemSmaregi, imports.ByCode, apptest.ImportFile("code,last_name,first_name", "M1,高橋,次郎"), []string{"0 1 0 0"}},
		{"a relative by our code", "", "", apptest.ImportFile("code,last_name,first_name", "M1,高橋,次郎"), []string{"0 1 0 0", "told name_differs"}},
		{"a name of marriage by Shopify's number", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,last_name,first_name", "6757085806881,佐藤,一郎"), []string{"0 1 0 0", "told name_differs"}},
		{"a relative by Shopify's number", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,last_name,first_name", "6757085806881,鈴木,次郎"), []string{"0 0 0 1", "2 shopify_customer_id other_person 6757085806881 鈴木 次郎"}},
		{"Shopify's number", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,note", "6757085806881,x"), []string{"0 1 0 0"}},
		{"an address that somebody else has", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,email,last_name,first_name", "1,one@example.com,佐藤,次郎"), []string{"0 0 0 1", "2 email other_person one@example.com 佐藤 次郎"}},
		{"an address of another customer of Shopify", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,email,note", "2,two@example.com,x"), []string{"0 0 0 1", "2 email other_customer two@example.com"}},
		{"a new customer's address", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,email,note", "2,one@example.com,x"), []string{"0 1 0 0"}},
		{"an alias code that nobody has", "", "", apptest.ImportFile("alias_code,shopify_customer_id", "B1,6757085806881"), []string{"0 0 0 1", "2 shopify_customer_id taken 6757085806881"}},
		{"an address", noren.SystemECCUBE, "", apptest.ImportFile("email,last_name,first_name,note", "One@example.com,高橋,花子,x"), []string{"0 1 0 0"}},
		{"the same member twice", "", "", apptest.ImportFile("code,note", "M1,x", "M2,y", "M1,z"), []string{"0 2 0 1", "told duplicate", "4 note contradicts z"}},
		{"the whole name as a family name", "", "", apptest.ImportFile("id,last_name,first_name,note", "1,高橋　花子,,x", "2,鈴木一郎,,"), []string{"0 1 1 0"}},
		{"another whole name as a family name", "", "", apptest.ImportFile("code,id,last_name,first_name", ",1,佐藤 次郎,", "M2,,佐藤 次郎,"), []string{"0 1 0 1", "told name_differs", "2 id other_person 1 佐藤 次郎"}},
		{"Shopify's number of somebody else", noren.SystemShopify, "", apptest.ImportFile("shopify_customer_id,last_name,first_name", "6757085806881,佐藤,次郎"), []string{"0 0 0 1", "2 shopify_customer_id other_person 6757085806881 佐藤 次郎"}},
		{"a number that another has by now", "", "", apptest.ImportFile("id,code,last_name,first_name", "1,N1,佐藤,次郎"), []string{"0 0 0 1", "2 id other_person 1 佐藤 次郎"}},
		{"a number that another has by now, left out", "", "", apptest.ImportFile("id,code,last_name,first_name", ",N1,佐藤,次郎"), []string{"1 0 0 0"}},
		{"a number that another has by now, by code", "", imports.ByCode, apptest.ImportFile("id,code,last_name,first_name", "1,N1,佐藤,次郎"), []string{"1 0 0 0"}},
		{
			"names and codes that disagree", "", "", apptest.ImportFile(
				"code,rank,rank_id,store,store_id,mail_opt_in,mail_opt_out,name,last_name,first_name",
				"M1,silver,1,,,,,,,", "N3,silver,2,,,,,,,", "M2,,,本店,2,,,,,", "N4,,,本店,1,1,1,,,", "M3,,,全店舗,1,,,,,", "N1,,,,,0,1,佐藤 次郎,佐藤,次郎", "N2,,,,,,,佐藤 次郎,佐藤,三郎"),
			[]string{
				"2 0 0 5", "2 rank twice silver", "4 store twice 本店", "5 mail_opt_out twice 1", "6 store twice 全店舗",
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

// TestOrdersCountWhenTheyWerePaid: an order of one month that is paid in the next counts there, as a webhook that tells when it was paid
// has it, and by its own time where no time of payment is given.
func TestOrdersCountWhenTheyWerePaid(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named(t, b)
	f := apptest.ImportFile("order_name,email,financial_status,at,amount,ordered_at,id",
		"#1,two@example.com,paid,2026-01-03 09:00:00 +0900,100,2025-12-31 23:50:00 +0900,o1", "#1,two@example.com,,,,2025-12-31 23:50:00 +0900,",
		"#2,two@example.com,paid,,200,2025-12-30 10:00:00 +0900,o2", "#3,two@example.com,paid,x,300,2025-12-30 10:00:00 +0900,o3",
		"#4,two@example.com,paid,,400,,o4")
	f.System = noren.SystemShopify
	apptest.Same(t, "the import", []string{"done: 2 0 1 2", "5 at not_time x", "6 at missing "}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f))
	apptest.Same(t, "in January", int64(100), apptest.SpentIn(t, b, 2, "2026-01", "2026-02"))
	apptest.Same(t, "in December", int64(200), apptest.SpentIn(t, b, 2, "2025-12", "2026-01"))
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
		"#5,,paid,700,2026-01-14 10:00:00 +0900,15,0,", // somebody without an account
	)
	apptest.Same(t, "the import", []string{"done: 3 0 3 0"}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, first))
	apptest.Same(t, "spend", int64(1300), apptest.Spent(t, b, 1))
	apptest.Same(t, "again", []string{"done: 0 0 6 0"}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, first))
	second := file("#2,one@example.com,refunded,500,2026-01-11 10:00:00 +0900,12,500,")
	apptest.Same(t, "a later export", []string{"done: 1 0 0 0"}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, second))
	apptest.Same(t, "spend", int64(1000), apptest.Spent(t, b, 1))
	b.Sound(t)
}

// TestShopifyOrdersFromFilesAndWebhooks: what Shopify refunds counts once, whether a file or a webhook tells it first, and what comes after
// the file comes on top.
func TestShopifyOrdersFromFilesAndWebhooks(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		named(t, b)
		imported := func(status, refunded, cancelled string, want ...string) {
			t.Helper()
			f := apptest.ImportFile("order_name,email,financial_status,amount,at,id,refunded,cancelled_at",
				"#1,one@example.com,"+status+",1000,2026-01-10 10:00:01 +0900,11,"+refunded+","+cancelled)
			f.System = noren.SystemShopify
			apptest.Same(t, "the import", want, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f))
			apptest.Same(t, "the import again", "0 0 1 0", strings.TrimPrefix(apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f)[0], "done: "))
		}
		told := func(e noren.PurchaseEvent, at time.Time, left int64) {
			t.Helper()
			e.RefundedAt = at
			out, err := apptest.Record(b.Ctx, b.App, b.Caller, noren.WebhookShopify, e)
			if err != nil || out[0].Err != nil {
				t.Fatalf("%+v: %+v, %v", e, out, err)
			}
			apptest.Same(t, "what is left", left, apptest.Spent(t, b, 1))
		}
		before := b.Clock.Read().Add(-time.Hour)
		imported("partially_refunded", "300", "", "done: 1 0 0 0")
		told(apptest.RefundOf("11", "r1", 100), before, 700) // both are in the file
		told(apptest.RefundOf("11", "r2", 200), before, 700)
		// The order itself, with the instant of its payment a second away.
		paid := apptest.Paid("11", 1000, noren.MemberKey{ShopifyCustomerID: "6757085806881"})
		paid.PaidAt = apptest.Japan("2026-01-10 10:00:00")
		told(paid, time.Time{}, 700)
		b.Clock.Advance(time.Hour)
		told(apptest.RefundOf("11", "r3", 50), b.Clock.Read(), 650)
		b.Clock.Advance(time.Hour)
		imported("partially_refunded", "350", "", "done: 0 0 1 0") // which is known
		imported("partially_refunded", "400", "", "done: 1 0 0 0") // of which no webhook has told
		told(apptest.RefundOf("11", "r4", 50), b.Clock.Read().Add(-time.Minute), 600)
		imported("refunded", "", "", "done: 1 0 0 0")
		apptest.Same(t, "after all was refunded", int64(0), apptest.Spent(t, b, 1))
		imported("refunded", "", "2026-01-20 10:00:00 +0900", "done: 1 0 0 0")
		told(apptest.CancelOf("11"), time.Time{}, 0)
		b.Sound(t)
	})
}

// TestRefusedOrdersLeaveNothing: an order that is refused has neither its refund nor its cancellation recorded, and refunds that cannot be
// right are refused.
func TestRefusedOrdersLeaveNothing(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named(t, b)
	f := apptest.ImportFile("order_name,email,financial_status,amount,at,id,refunded,cancelled_at",
		"#1,nobody@example.com,refunded,1000,2026-01-10 10:00:00 +0900,11,1000,2026-01-13 10:00:00 +0900",
		"#2,one@example.com,refunded,1000,2026-01-10 10:00:00 +0900,12,1001,",
		"#3,one@example.com,partially_refunded,1000,2026-01-10 10:00:00 +0900,13,,",
		"#4,one@example.com,paid,1000,2026-01-10 10:00:00 +0900,14,-1,",
	)
	f.System = noren.SystemShopify
	apptest.Same(t, "the import", []string{
		"done: 0 0 0 4", "2 email member_unknown nobody@example.com", "3 refunded over_refunded 1001", "4 refunded missing ", "5 refunded negative -1",
	}, apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f))
	apptest.Same(t, "refunds in the log", 0, len(b.Audited(t, "refund")))
	b.Sound(t)
}

// TestRefundsOfFiles: a refund of more than was paid is refused, and what does not count yet is told, in the preview and afterwards.
func TestRefundsOfFiles(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named(t, b)
	file := func() noren.ImportFile {
		return apptest.ImportFile("id,member,shopify_customer_id,amount,at,refund_of",
			"r0,,,300,,o1", "o1,M1,,1000,2026-01-10 10:00:00,", "r1,,,701,,o1", "r2,,,700,,o1", "r3,,,5,,o9",
			"o2,,77,100,2026-01-10 10:00:00,", "r4,,,101,,o3", "o3,M1,,100,2026-01-10 10:00:00,")
	}
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportPurchases, file())
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	remarks := []string{"6 refund_of purchase_unknown o9", "7 shopify_customer_id held 77", "8 refund_of purchase_unknown o3"}
	apptest.Same(t, "the preview", remarks, told(p.Remarks))
	apptest.Same(t, "what the preview refuses", []string{"4 amount over_refunded 701", "9 amount over_refunded 100"}, told(p.Problems))
	for range 2 {
		i := apptest.RunImport(t, b, b.Caller, apptest.StartImport(t, b, b.Caller, noren.ImportPurchases, file()).ID)
		apptest.Same(t, "the remarks", []string{
			"6 refund_of purchase_unknown ", "7 shopify_customer_id held ", "8 refund_of purchase_unknown ",
		}, told(i.Remarks))
	}
	apptest.Same(t, "spend", int64(0), apptest.Spent(t, b, 1))
	b.Sound(t)
}

// told lists problems or remarks as words.
func told(list []noren.ImportProblem) (lines []string) {
	for _, p := range list {
		lines = append(lines, fmt.Sprintf("%d %s %s %s", p.Line, p.Field, p.Reason, p.Value))
	}
	return lines
}
