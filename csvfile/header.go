package csvfile

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"noren"
)

// names are the headers that name one field: Japanese labels, of which the first is shown to people, the names in the
// Smaregi API and those in the ReCORE API. A field's own name is always recognised too.
type names struct {
	field    string
	japanese string // separated by spaces, like the others
	smaregi  string
	recore   string
}

// english are the labels of the console in English, by field: an export in English can be imported again.
func english() map[string]string {
	return map[string]string{
		"customer_no": "Customer number", "last_kana": "Last name (kana)", "first_kana": "First name (kana)", "mobile": "Mobile phone",
		"mail_opt_in": "Email newsletter", "birth_date": "Date of birth", "entry_date": "Join date", "note": "Remarks", "note2": "Remarks 2",
		"skip_next_check": "Skip the next rank check", "point_unit_price": "Unit of spend", "point_unit": "Points per unit",
		"favorites": "Favourites", "browsing": "Browsing history", "alphabet_name": "Name in Latin letters", "passport_no": "Passport number",
		"is_invoice_provider": "Invoice provider", "bank_branch_code": "Branch code", "bank_account_number": "Account number",
		"bank_account_name": "Account holder", "lost": "Columns with characters lost",
	}
}

// memberNames are the columns of members. The labels are those of the Smaregi and ReCORE documents, with the spellings
// that exports of spreadsheets use.
func memberNames() []names {
	return []names{
		{"id", "会員ID", "customerId", "member_id"},
		{"code", "会員コード", "customerCode", "member_code"},
		{"alias_code", "代替会員コード", "", ""},
		{"customer_no", "会員番号", "customerNo", ""},
		{"name", "氏名 お名前 名前 氏名(漢字) 会員名", "", ""},
		{"kana", "フリガナ ふりがな カナ 氏名(カナ) 氏名カナ お名前(カナ) 会員名カナ", "", ""},
		{"city", "市区町村", "", ""},
		{"last_name", "姓 名字 苗字 氏", "", ""},
		{"first_name", "名", "", ""},
		{"last_kana", "フリガナ(姓) セイ 姓カナ 姓(カナ) 姓フリガナ 姓(フリガナ)", "", ""},
		{"first_kana", "フリガナ(名) メイ 名カナ 名(カナ) 名フリガナ 名(フリガナ)", "", ""},
		{"postal_code", "郵便番号 〒", "postCode zip", ""},
		{"prefecture", "都道府県", "", ""},
		{"address1", "住所1 ご住所1", "", ""},
		{"address2", "住所2", "", ""},
		{"address", "住所 ご住所", "", ""},
		{"phone", "電話番号 電話 お電話 お電話番号 ご連絡先 TEL", "phoneNumber", "tel"},
		{"fax", "FAX番号 FAX", "faxNumber", ""},
		{"mobile", "携帯電話番号 携帯番号 携帯電話 携帯", "mobileNumber", ""},
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
		{"alphabet_name", "アルファベット氏名 氏名(ローマ字)", "", ""},
		{"mail_opt_in", "案内メール受取許可フラグ 案内メール受取許可 メール受取許可 メール配信", "mailReceiveFlag", ""},
		{"mail_opt_out", "DMを希望しないか DM不要", "", "is_optout"},
		{"note", "備考", "", ""},
		{"note2", "備考2", "", ""},
		{"favorites", "お気に入りリスト", "favoriteList", ""},
		{"browsing", "閲覧履歴リスト", "browsingList", ""},
		{"status", "会員状態 会員状態区分 ステータス 状態", "", ""},
		{"rank", "会員ランク 会員ランク名 ランク ランク名", "", "rank_name rank.name"},
		{"minimum_rank", "最低ランク 下限ランク", "", ""},
		{"skip_next_check", "次回の判定を見送る 次回のランク判定を見送る 次回ランク判定をスキップ", "", ""},
		{"rank_code", "会員ランクコード ランクコード", "", ""},
		{"rank_id", "会員ランクID", "", "member_rank_id rank.id"},
		{"staff_rank", "社員ランク 社員ランク名", "", ""},
		{"staff_rank_code", "社員ランクコード", "", ""},
		{"staff_rank_id", "社員ランクID", "", ""},
		{"store", "所属店舗 対象店舗 店舗名 店舗", "storeName", ""},
		{"store_id", "対象店舗ID 所属店舗ID 店舗ID", "storeId", ""},
		{"store_code", "店舗コード 対象店舗コード 所属店舗コード", "storeCode", ""},
		{"is_invoice_provider", "適格事業者か 適格事業者", "", ""},
		{"invoice_number", "適格事業者番号", "", "invoice_provider_number"},
		{"bank_code", "銀行コード", "", ""},
		{"bank_branch_code", "銀行支店コード 支店コード", "", ""},
		{"bank_account_number", "銀行口座番号 口座番号", "", ""},
		{"bank_account_name", "銀行口座名義 口座名義", "", ""},
		{"line_user_id", "LINEユーザーID LINEユーザID", "", ""},
		{"shopify_customer_id", "Shopify顧客ID", "", ""},
		{"points", "ポイント 保有ポイント ポイント残高 現在ポイント", "point", "point.total"},
		{"points_expires_on", "ポイント期限 ポイント有効期限", "pointExpireDate", ""},
		{"memo", "メモ", "", ""},
		{"lost", "変換できない文字があった項目", "", ""},
	}
}

// pointNames are the columns of grants of points.
func pointNames() []names {
	return []names{
		{"member", "会員コード", "customerCode", "member_code"},
		{"member_id", "会員ID", "customerId", ""},
		{"alias_code", "代替会員コード", "", ""},
		{"shopify_customer_id", "Shopify顧客ID", "", ""},
		{"email", "メールアドレス", "mailAddress", ""},
		{"name", "氏名 お名前 名前 氏名(漢字) 会員名", "", ""},
		{"last_name", "姓", "", ""},
		{"first_name", "名", "", ""},
		{"amount", "ポイント ポイント数 付与ポイント 保有ポイント ポイント残高 数", "point", "point.total"},
		{"type", "種別 ポイント種別 種類", "", ""},
		{"expires_on", "ポイント期限 有効期限 ポイント有効期限 期限 失効日", "pointExpireDate", ""},
		{"note", "摘要 備考 メモ 理由", "", ""},
		{"id", "付与ID 取引ID ID 管理番号", "", ""},
	}
}

// productNames are the columns of products.
func productNames() []names {
	return []names{
		{"id", "商品ID", "productId", ""},
		{"code", "商品コード 品番", "productCode", ""},
		{"name", "商品名", "productName", ""},
	}
}

// stockNames are the columns of stock levels.
func stockNames() []names {
	return []names{
		{"product", "商品", "", ""},
		{"product_id", "商品ID", "productId", ""},
		{"product_code", "商品コード 品番", "productCode", ""},
		{"store", "店舗 店舗名", "storeName", ""},
		{"store_id", "店舗ID", "storeId", ""},
		{"store_code", "店舗コード", "storeCode", ""},
		{"amount", "在庫数 数量 在庫数量", "stockAmount", "quantity"},
		{"memo", "メモ 備考", "", ""},
	}
}

// purchaseNames are the columns of purchases.
func purchaseNames() []names {
	return []names{
		{"member", "会員コード", "customerCode", "member_code"},
		{"member_id", "会員ID", "customerId", ""},
		{"shopify_customer_id", "Shopify顧客ID", "", ""},
		{"email", "メールアドレス", "mailAddress", ""},
		{"id", "購入ID 注文番号 注文ID 取引ID 伝票番号", "transactionHeadId", "order_id order_number"},
		{"amount", "金額 購入金額 合計金額 合計", "total", "total_price"},
		{"at", "購入日時 購入日 日時 取引日時 支払日時 入金日時 支払日 入金日 日付", "transactionDateTime", "paid_at"},
		{"ordered_at", "注文日時 注文日 受注日時 受注日", "", "created_at"},
		{"currency", "通貨", "", ""},
		{"tax", "税額 消費税 消費税額", "", "total_tax"},
		{"used_points", "ポイント利用額 利用ポイント額 ポイント値引額 ポイント値引", "", ""},
		{"refund_of", "返金元の購入ID 返金元 返品元", "", ""},
		{"refunded", "返金額", "", ""},
		{"cancelled_at", "キャンセル日時", "", ""},
		{"financial_status", "支払状況", "", ""},
		{"order_name", "注文名", "", ""},
	}
}

// namesOf are the names of the fields of a kind of import; nil for an unknown kind.
func namesOf(kind noren.ImportKind) []names {
	switch kind {
	case noren.ImportMembers:
		return memberNames()
	case noren.ImportProducts:
		return productNames()
	case noren.ImportStock:
		return stockNames()
	case noren.ImportPurchases:
		return purchaseNames()
	case noren.ImportPoints:
		return pointNames()
	}
	return nil
}

// Labels returns the Japanese labels of the fields of a kind, by field.
func Labels(kind noren.ImportKind) map[string]string {
	labels := make(map[string]string)
	for _, n := range namesOf(kind) {
		labels[n.field], _, _ = strings.Cut(n.japanese, " ")
	}
	return labels
}

// folded is the form in which headers are compared: without width, case, spaces, underscores and the marks of required
// fields, such as (必須) and ※.
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

// recognise returns for each column the field that its header names, or "", and the view in which values are written:
// that of the API whose own names occur most often. If two columns name the same field, the first one gets it.
func recognise(kind noren.ImportKind, header []string) ([]string, noren.View, noren.System) {
	fields, vendors := make(map[string]string), make(map[string]noren.View)
	add := func(list, field string, view noren.View) {
		for name := range strings.FieldsSeq(list) {
			name = folded(name)
			if _, taken := fields[name]; !taken {
				fields[name], vendors[name] = field, view
			}
		}
	}
	for _, n := range namesOf(kind) { // own names first, so that they never vote for a vendor
		add(n.field, n.field, noren.Canonical)
	}
	for _, n := range namesOf(kind) {
		if label := folded(english()[n.field]); label != "" && kind == noren.ImportMembers {
			fields[label], vendors[label] = n.field, noren.Canonical
		}
		add(n.smaregi, n.field, noren.SmaregiView)
		add(n.recore, n.field, noren.ReCOREView)
		add(n.japanese, n.field, noren.Canonical)
	}
	// These two labels exist in Smaregi's exports only, where the values are codes, so they vote like API names.
	vendors[folded("会員状態区分")], vendors[folded("案内メール受取許可フラグ")] = noren.SmaregiView, noren.SmaregiView
	from := systemOf(kind, header)
	votes := make(map[noren.View]int)
	found, seen := make([]string, len(header)), make(map[string]bool)
	for i, name := range header {
		heading := folded(name)
		name, field := known(name, fields)
		if from != nil {
			// What only the whole heading says, such as 都道府県(ID), comes before what is left without the remark.
			for _, said := range []string{name, heading} {
				if meant, ok := from.means[said]; ok && (meant != "memo" || field == "") {
					field = meant
				}
			}
		}
		if field == "" || seen[field] && field != "memo" {
			continue
		}
		found[i], seen[field] = field, true
		votes[vendors[name]]++
	}
	if from != nil && from.name != noren.SystemSmaregi && from.name != noren.SystemReCORE {
		return found, noren.Canonical, from.name
	}
	switch {
	case votes[noren.SmaregiView] > votes[noren.ReCOREView]:
		return found, noren.SmaregiView, noren.SystemSmaregi
	case votes[noren.ReCOREView] > votes[noren.SmaregiView]:
		return found, noren.ReCOREView, noren.SystemReCORE
	}
	if from != nil {
		return found, noren.Canonical, from.name
	}
	return found, noren.Canonical, ""
}

// known returns the folded heading and its field. Remarks in brackets are left out where the whole heading is not known.
func known(heading string, fields map[string]string) (name, field string) {
	name = folded(heading)
	if field = fields[name]; field != "" {
		return name, field
	}
	if short := remarked(name); fields[short] != "" {
		return short, fields[short]
	}
	return name, ""
}
