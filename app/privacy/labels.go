package privacy

// Labels name the columns of a member for people, in both languages.
func Labels() map[string]string {
	return map[string]string{
		"id": "会員ID · ID", "code": "会員コード · Code", "alias_code": "代替会員コード · Alias code", "customer_no": "会員番号 · Customer number",
		"last_name": "姓 · Last name", "first_name": "名 · First name", "last_kana": "フリガナ(姓) · Last name (kana)",
		"first_kana": "フリガナ(名) · First name (kana)", "alphabet_name": "氏名(ローマ字) · Name in Latin letters",
		"postal_code": "郵便番号 · Postal code", "prefecture": "都道府県 · Prefecture", "address1": "住所1 · Address 1",
		"address2": "住所2 · Address 2", "phone": "電話番号 · Phone", "fax": "FAX · Fax", "mobile": "携帯電話番号 · Mobile phone",
		"email": "メールアドレス · Email", "email2": "メールアドレス2 · Email 2", "email3": "メールアドレス3 · Email 3",
		"company": "会社名 · Company", "department": "部署 · Department", "position": "役職 · Position", "occupation": "職業 · Occupation",
		"sex": "性別 · Sex", "birth_date": "生年月日 · Date of birth", "entry_date": "入会日 · Join date", "leave_date": "退会日 · Leave date",
		"mail_opt_in": "メール配信 · Email newsletter", "note": "備考 · Remarks", "note2": "備考2 · Remarks 2", "status": "状態 · Status",
		"rank_id": "会員ランクID · Rank ID", "minimum_rank_id": "最低ランクID · Minimum rank ID",
		"skip_next_check": "次回のランク判定を見送る · Skip the next rank check", "staff_rank_id": "社員ランクID · Staff rank ID",
		"store_id": "店舗ID · Store ID", "is_invoice_provider": "適格事業者 · Invoice provider",
		"invoice_number": "適格事業者番号 · Invoice number", "bank_code": "銀行コード · Bank code", "bank_branch_code": "支店コード · Branch code",
		"bank_account_number": "口座番号 · Account number", "bank_account_name": "口座名義 · Account holder",
		"line_user_id": "LINEユーザーID · LINE user ID", "shopify_customer_id": "Shopify顧客ID · Shopify customer ID",
		"nationality": "国籍 · Nationality", "pin": "PINコード · PIN", "passport_no": "旅券番号 · Passport number",
		"last_visit_at": "最終来店 · Last visit", "point_unit": "ポイント付与単位(ポイント) · Points per unit",
		"point_unit_price": "ポイント付与単位(金額) · Unit of spend", "favorites": "お気に入りリスト · Favourites",
		"browsing": "閲覧履歴リスト · Browsing history", "created_at": "登録日時 · Created at", "updated_at": "更新日時 · Updated at",
	}
}
