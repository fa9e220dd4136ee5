package csvfile

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"noren"
)

// names are what one field is called: by people in Japanese, the first of which is its label, by the Smaregi API and by
// the ReCORE API. A field is always called by its own name too.
type names struct {
	field    string
	japanese string // parted by spaces, as the others
	smaregi  string
	recore   string
}

// memberNames are the columns of members, from the labels of the Smaregi document's fields and the ReCORE document's.
var memberNames = []names{
	{"id", "会員ID", "customerId", "member_id"},
	{"code", "会員コード", "customerCode", "member_code"},
	{"alias_code", "代替会員コード", "", ""},
	{"customer_no", "会員番号", "customerNo", ""},
	{"last_name", "姓 名字 苗字 氏", "", ""},
	{"first_name", "名", "", ""},
	{"last_kana", "フリガナ(姓) セイ 姓カナ 姓(カナ) 姓フリガナ 姓(フリガナ)", "", ""},
	{"first_kana", "フリガナ(名) メイ 名カナ 名(カナ) 名フリガナ 名(フリガナ)", "", ""},
	{"postal_code", "郵便番号 〒", "postCode zip", ""},
	{"prefecture", "都道府県", "", ""},
	{"address1", "住所1", "", ""},
	{"address2", "住所2", "", ""},
	{"address", "住所", "", ""},
	{"phone", "電話番号 電話 TEL", "phoneNumber", "tel"},
	{"fax", "FAX番号 FAX", "faxNumber", ""},
	{"mobile", "携帯電話番号 携帯番号 携帯電話", "mobileNumber", ""},
	{"email", "メールアドレス Eメール メール", "mailAddress", ""},
	{"email2", "メールアドレス2", "mailAddress2", ""},
	{"email3", "メールアドレス3", "mailAddress3", ""},
	{"company", "会社名", "companyName", "company_name"},
	{"department", "部署名 部署", "departmentName", ""},
	{"position", "役職", "managerialPosition", ""},
	{"occupation", "職業", "", ""},
	{"sex", "性別", "", ""},
	{"birth_date", "生年月日 誕生日", "", "birthdate"},
	{"entry_date", "入会日", "", ""},
	{"leave_date", "退会日", "", ""},
	{"point_unit_price", "ポイント付与単位(金額)", "pointGivingUnitPrice", ""},
	{"point_unit", "ポイント付与単位(ポイント)", "pointGivingUnit", ""},
	{"pin", "PINコード", "pinCode", ""},
	{"passport_no", "旅券番号", "passportNo", ""},
	{"nationality", "国籍", "", ""},
	{"alphabet_name", "アルファベット氏名", "", ""},
	{"mail_opt_in", "案内メール受取許可フラグ 案内メール受取許可 メール受取許可", "mailReceiveFlag", ""},
	{"mail_opt_out", "DMを希望しないか DM不要", "", "is_optout"},
	{"note", "備考", "", ""},
	{"note2", "備考2", "", ""},
	{"favorites", "お気に入りリスト", "favoriteList", ""},
	{"browsing", "閲覧履歴リスト", "browsingList", ""},
	{"status", "会員状態 会員状態区分 ステータス", "", ""},
	{"rank", "会員ランク 会員ランク名 ランク", "", "rank_name rank.name"},
	{"minimum_rank", "最低ランク 下限ランク", "", ""},
	{"skip_next_check", "次回ランク判定をスキップ", "", ""},
	{"rank_id", "会員ランクID", "", "member_rank_id rank.id"},
	{"minimum_rank", "最低ランク", "", ""},
	{"skip_next_check", "次回の判定を見送る", "", ""},
	{"staff_rank", "社員ランク 社員ランク名", "", ""},
	{"staff_rank_id", "社員ランクID", "", ""},
	{"store", "所属店舗 対象店舗 店舗名 店舗", "storeName", ""},
	{"store_id", "対象店舗ID 所属店舗ID 店舗ID", "storeId", ""},
	{"store_code", "店舗コード 対象店舗コード 所属店舗コード", "storeCode", ""},
	{"is_invoice_provider", "適格事業者か 適格事業者", "", ""},
	{"invoice_number", "適格事業者番号", "", "invoice_provider_number"},
	{"bank_code", "銀行コード", "", ""},
	{"bank_branch_code", "銀行支店コード", "", ""},
	{"bank_account_number", "銀行口座番号", "", ""},
	{"bank_account_name", "銀行口座名義", "", ""},
	{"line_user_id", "LINEユーザーID LINEユーザID", "", ""},
	{"shopify_customer_id", "Shopify顧客ID", "", ""},
}

var productNames = []names{
	{"id", "商品ID", "productId", ""},
	{"code", "商品コード 品番", "productCode", ""},
	{"name", "商品名", "productName", ""},
}

var stockNames = []names{
	{"product", "商品", "", ""},
	{"product_id", "商品ID", "productId", ""},
	{"product_code", "商品コード 品番", "productCode", ""},
	{"store", "店舗 店舗名", "storeName", ""},
	{"store_id", "店舗ID", "storeId", ""},
	{"store_code", "店舗コード", "storeCode", ""},
	{"amount", "在庫数 数量 在庫数量", "stockAmount", "quantity"},
	{"memo", "メモ 備考", "", ""},
}

var purchaseNames = []names{
	{"member", "会員コード", "customerCode", "member_code"},
	{"member_id", "会員ID", "customerId", ""},
	{"shopify_customer_id", "Shopify顧客ID", "", ""},
	{"email", "メールアドレス", "mailAddress", ""},
	{"id", "購入ID 注文番号 注文ID 取引ID 伝票番号", "transactionHeadId", "order_id order_number"},
	{"amount", "金額 購入金額 合計金額 合計", "total", "total_price"},
	{"at", "購入日時 購入日 日時 取引日時 支払日時 注文日時 日付", "transactionDateTime", "paid_at"},
	{"currency", "通貨", "", ""},
	{"refund_of", "返金元の購入ID 返金元 返品元", "", ""},
}

// namesOf are the names of a kind's fields.
func namesOf(kind noren.ImportKind) []names {
	switch kind {
	case noren.ImportMembers:
		return memberNames
	case noren.ImportProducts:
		return productNames
	case noren.ImportStock:
		return stockNames
	case noren.ImportPurchases:
		return purchaseNames
	}
	return nil
}

// Labels answers what the fields of a kind are called in Japanese.
func Labels(kind noren.ImportKind) map[string]string {
	labels := make(map[string]string)
	for _, n := range namesOf(kind) {
		labels[n.field], _, _ = strings.Cut(n.japanese, " ")
	}
	return labels
}

// folded is the form in which headers are compared: blind to width, case, spaces, underscores and marks of what is
// required.
func folded(name string) string {
	name = strings.ToLower(norm.NFKC.String(name))
	for _, mark := range []string{"(必須)", "[必須]", "必須:", "(任意)"} {
		name = strings.ReplaceAll(name, mark, "")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-*※・\u3000\t", r) {
			return -1
		}
		return r
	}, name)
}

// recognise tells for each column which field its header names, "" where none, and in whose words the file is: that of
// the API most of whose own names are there. A field that two columns name is the first one's.
func recognise(kind noren.ImportKind, header []string) ([]string, noren.View) {
	fields, vendors := make(map[string]string), make(map[string]noren.View)
	add := func(list, field string, view noren.View) {
		for name := range strings.FieldsSeq(list) {
			name = folded(name)
			if _, taken := fields[name]; !taken {
				fields[name], vendors[name] = field, view
			}
		}
	}
	for _, n := range namesOf(kind) { // their own names first: those are nobody's in particular
		add(n.field, n.field, noren.Canonical)
	}
	for _, n := range namesOf(kind) {
		add(n.smaregi, n.field, noren.SmaregiView)
		add(n.recore, n.field, noren.ReCOREView)
		add(n.japanese, n.field, noren.Canonical)
	}
	vendors[folded("会員状態区分")], vendors[folded("案内メール受取許可フラグ")] = noren.SmaregiView, noren.SmaregiView
	votes := make(map[noren.View]int)
	found, seen := make([]string, len(header)), make(map[string]bool)
	for i, name := range header {
		field := fields[folded(name)]
		if field == "" || seen[field] {
			continue
		}
		found[i], seen[field] = field, true
		votes[vendors[folded(name)]]++
	}
	switch {
	case votes[noren.SmaregiView] > votes[noren.ReCOREView]:
		return found, noren.SmaregiView
	case votes[noren.ReCOREView] > votes[noren.SmaregiView]:
		return found, noren.ReCOREView
	}
	return found, noren.Canonical
}
