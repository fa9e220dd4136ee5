package imports_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
)

// TestOneCauseOneRefusal: what cannot be read, or names somebody else, is refused once; what would follow from it is not told.
func TestOneCauseOneRefusal(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	named(t, b)
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 3, Status: noren.Set(noren.Left), LeaveDate: noren.Set(noren.Date("2026-01-05"))})
	for _, c := range []struct {
		name string
		from noren.System
		file noren.ImportFile
		want []string
	}{
		{"a bad status beside a leave date", "", apptest.ImportFile("code,status,leave_date", "N1,退会済み,2026-01-05", "M2,GONE,2026-01-05"), []string{
			"0 0 0 2", "2 status unknown_word 退会済み", "3 status unknown_word GONE",
		}},
		{"a bad leave date beside a status", "", apptest.ImportFile("code,status,leave_date", "M3,ACTIVE,昨日"), []string{"0 0 0 1", "2 leave_date not_date 昨日"}},
		{"half a point unit that cannot be read", "", apptest.ImportFile("code,point_unit_price,point_unit", "N1,100,1.234", "N2,百,1", "N3,,1.5"), []string{
			"0 0 0 3", "2 point_unit fraction 1.234", "3 point_unit_price not_number 百", "4 point_unit_price unit_pair ",
		}},
		{"somebody else's number", "", apptest.ImportFile("id,code,last_name,first_name,status,leave_date", "1,M2,佐藤,次郎,,2026-01-05"), []string{
			"0 0 0 1", "2 id other_person 1 佐藤 次郎",
		}},
		{"a shortened number of Shopify", noren.SystemShopify, apptest.ImportFile("shopify_customer_id,email,note", "6.75709E+12,two@example.com,x"), []string{
			"0 0 0 1", "2 shopify_customer_id lost_digits 6.75709E+12",
		}},
		{"an address of another customer with another name", noren.SystemShopify, apptest.ImportFile("shopify_customer_id,email,last_name", "3,two@example.com,佐藤"), []string{
			"0 0 0 1", "2 email other_customer two@example.com",
		}},
		{"a true refusal beside one that cannot be read", "", apptest.ImportFile("code,status,leave_date,rank,birth_date", "M2,ACTIVE,2026-01-05,gold,x"), []string{
			"0 0 0 1", "2 leave_date active_leave_date 2026-01-05", "2 rank rank_unknown gold", "2 birth_date not_date x",
		}},
	} {
		apptest.Same(t, c.name, c.want, importedAs(t, b, c.from, "", c.file))
	}
	f := apptest.ImportFile("order_name,financial_status,id,member_id,amount,at", "#1,paid,o1,M1,100,2026-01-02", "#2,paid,o2,,100,2026-01-02")
	apptest.Same(t, "an order whose customer cannot be read", []string{"done: 0 0 1 1", "2 member_id not_number M1"},
		apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f))
	f = apptest.ImportFile("id,member,amount,at,currency,tax,refunded", "o3,M1,80.50,2026-01-02,USD,7.32,90", "o4,M1,80.50,2026-01-02,JPY,7.32,")
	apptest.Same(t, "an order in another currency", []string{"done: 0 0 0 2", "2 currency currency USD", "3 amount fraction 80.50", "3 tax fraction 7.32"},
		apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f))
	b.Sound(t)
}

// TestTheSameNameInOtherLetters: a name in kana here and kanji there is the same person's where the reading agrees.
func TestTheSameNameInOtherLetters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		from noren.System
		file noren.ImportFile
		want []string
	}{
		{"a given name in kana", noren.SystemSmaregi, apptest.ImportFile("code,last_name,first_name", "M1,高橋,はなこ"), []string{"0 1 0 0", "told name_differs"}},
		{"by a number", "", apptest.ImportFile("id,last_name,first_name", "1,高橋,ﾊﾅｺ"), []string{"0 1 0 0", "told name_differs"}},
		{"by a number of another system", noren.SystemSmaregi, apptest.ImportFile("id,last_name,first_name", "1,高橋,ハナコ"), []string{"0 1 0 0", "told name_differs"}},
		{"the whole in kana", noren.SystemSmaregi, apptest.ImportFile("code,name", "M1,たかはし はなこ"), []string{"0 1 0 0", "told name_differs"}},
		{"other kanji that read alike", noren.SystemSmaregi, apptest.ImportFile("code,last_name,first_name,last_kana,first_kana", "M1,高橋,華子,タカハシ,ハナコ"), []string{"0 1 0 0", "told name_differs"}},
		{"kanji where kana are stored", noren.SystemSmaregi, apptest.ImportFile("code,name,kana", "M2,鈴木 一郎,スズキ イチロウ"), []string{"0 1 0 0", "told name_differs"}},
		{"another name", noren.SystemSmaregi, apptest.ImportFile("code,last_name,first_name,last_kana,first_kana", "M1,高橋,次郎,タカハシ,ジロウ"), []string{"0 0 0 1", "2 code other_person M1 高橋 次郎"}},
		{"another name without a reading", noren.SystemSmaregi, apptest.ImportFile("code,last_name,first_name", "M1,高橋,よしこ"), []string{"0 0 0 1", "2 code other_person M1 高橋 よしこ"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Setup(t)
			apptest.ApplyMember(t, b, noren.MemberPatch{
				ID: 1, LastName: noren.Set("髙橋"), FirstName: noren.Set("花子"), LastKana: noren.Set("タカハシ"), FirstKana: noren.Set("ハナコ"),
			})
			apptest.ApplyMember(t, b, noren.MemberPatch{ID: 2, LastName: noren.Set("スズキ"), FirstName: noren.Set("イチロウ")})
			apptest.Same(t, "the import", c.want, importedAs(t, b, c.from, "", c.file))
		})
	}
	b := apptest.Setup(t)
	apptest.ApplyMember(t, b, noren.MemberPatch{
		ID: 1, LastName: noren.Set("髙橋"), FirstName: noren.Set("花子"), LastKana: noren.Set("タカハシ"), FirstKana: noren.Set("ハナコ"),
	})
	apptest.Same(t, "points", []string{"done: 1 0 0 0"},
		apptest.Imported(t, b, b.Caller, noren.ImportPoints, apptest.ImportFile("alias_code,name,amount", "A1,高橋 ハナコ,10")))
}
