package csvfile_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"noren"
	"noren/csvfile"
)

// TestExportsOfOtherSystems reads the headings of other systems' exports as they are.
func TestExportsOfOtherSystems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kind   noren.ImportKind
		header string
		fields string
		system noren.System
	}{
		{
			"Smaregi", noren.ImportMembers, `会員ID,会員コード,姓,名,電話番号,メールアドレス,ポイント,ポイント期限,最終来店日時,入会日,退会日,"案内メール受取許可フラグ (0:拒否, 1:許可)",備考,"会員状態区分 (0:利用可, 1:利用停止, 2:紛失, 3:退会, 4:名寄せ)",所属店舗,取引額,取引数,会員ランクコード,会員ランク名,メールアドレス2,メールアドレス3,会社名,部署名,役職,ポイント付与単位(金額),ポイント付与単位(ポイント),PINコード,社員ランクコード,社員ランク名,会員番号,旅券番号,国籍,アルファベット氏名,備考2,マイル`,
			"id,code,last_name,first_name,phone,email,points,points_expires_on,memo,entry_date,leave_date,mail_opt_in,note,status,store,memo,memo,rank_code,rank,email2,email3,company,department,position,point_unit_price,point_unit,pin,staff_rank_code,staff_rank,customer_no,passport_no,nationality,alphabet_name,note2,memo",
			noren.SystemSmaregi,
		},
		{
			"Shopify's customers", noren.ImportMembers, "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Zip,Phone,Total Spent,Note,Tags",
			"shopify_customer_id,first_name,last_name,email,mail_opt_in,company,address1,address2,city,prefecture,postal_code,phone,memo,note,memo", noren.SystemShopify,
		},
		{
			"Shopify's orders", noren.ImportPurchases, "Name,Email,Financial Status,Paid at,Currency,Subtotal,Taxes,Total,Created at,Lineitem name,Cancelled at,Refunded Amount,Id",
			"order_name,email,financial_status,at,currency,,tax,amount,ordered_at,,cancelled_at,refunded,id", noren.SystemShopify,
		},
		{
			"EC-CUBE", noren.ImportMembers, "会員ID,お名前(姓),お名前(名),お名前(セイ),お名前(メイ),会社名,郵便番号,都道府県(ID),都道府県(名称),住所1,住所2,メールアドレス,TEL,性別(名称),誕生日,購入回数,ショップ用メモ欄,会員ステータス(名称),登録日",
			",last_name,first_name,last_kana,first_kana,company,postal_code,,prefecture,address1,address2,email,phone,sex,birth_date,memo,note,status,entry_date", noren.SystemECCUBE,
		},
		{"easyPoints", noren.ImportMembers, "Shopify ID,Email,Point Balance,Tier", "shopify_customer_id,email,points,rank", noren.SystemEasyPoints},
		{"a name in one column", noren.ImportMembers, "会員コード,氏名【必須】,フリガナ", "code,name,kana", ""},
		{
			"the console's export in English", noren.ImportMembers, "ID,Code,Customer number,Last name,First name,Last name (kana),First name (kana),Company,Phone,Mobile phone,Email,Email newsletter,Postal code,Prefecture,Address 1,Address 2,Sex,Date of birth,Status,Rank,Store,Points,Join date,Leave date,Created at,Updated at,Columns with characters lost",
			"id,code,customer_no,last_name,first_name,last_kana,first_kana,company,phone,mobile,email,mail_opt_in,postal_code,prefecture,address1,address2,sex,birth_date,status,rank,store,points,entry_date,leave_date,,,lost", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := csvfile.Read(c.kind, "f", []byte(c.header+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "the fields", c.fields, strings.Join(f.Fields, ","))
			same(t, "the system", c.system, f.System)
		})
	}
}

// TestFilesAsTheyAre reads what programs write that is not quite CSV.
func TestFilesAsTheyAre(t *testing.T) {
	t.Parallel()
	euc, err := japanese.EUCJP.NewEncoder().String("会員コード,姓\nA1,山田\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		choice     csvfile.Choice
		want       string
	}{
		{"lines that end with a carriage return", "code,last_name\rA1,山田\rA2,鈴木\r", csvfile.Choice{}, "A1|山田 A2|鈴木"},
		{"codes kept from being numbers", "code,last_name\n=\"A0012\",山田\n\"=\"\"0013\"\"\",=x\n", csvfile.Choice{}, "A0012|山田 0013|=x"},
		{"what cannot be seen", "code,last_name\n\u200bA1\ufeff,　山田\u00a0\n", csvfile.Choice{}, "A1|山田"},
		{"a chosen encoding", euc, csvfile.Choice{Encoding: "EUC-JP"}, "A1|山田"},
		{"a chosen delimiter", "code|last_name\nA1|山,田\n", csvfile.Choice{Delimiter: '|'}, "A1|山,田"},
		{"another name of Shift_JIS", "code,last_name\nA1,x\n", csvfile.Choice{Encoding: "CP932"}, "A1|x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := csvfile.ReadAs(noren.ImportMembers, "f", []byte(c.text), c.choice)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line, err := range f.Lines {
				if err != nil || line.Broken != nil {
					t.Fatalf("%+v, %v", line, err)
				}
				lines = append(lines, strings.Join(line.Cells, "|"))
			}
			same(t, "the lines", c.want, strings.Join(lines, " "))
			same(t, "the fields", "code,last_name", strings.Join(f.Fields, ","))
		})
	}
	if _, err := csvfile.ReadAs(noren.ImportMembers, "f", []byte("code\n"), csvfile.Choice{Encoding: "klingon"}); noren.KindOf(err) != noren.Invalid {
		t.Errorf("an unknown encoding: %v", err)
	}
}
