package console

import "maps"

// memberWords are the messages of the pages about members.
func memberWords() map[string]text {
	words := map[string]text{
		"members.title":       {"会員", "Members"},
		"members.search":      {"会員を検索", "Search members"},
		"members.search_hint": {"氏名・カナ・電話番号・メール・会員コードの一部 ( / キーで移動)", "Part of a name, kana, phone, mail or code (press / to get here)"},
		"members.none":        {"該当する会員はいません。検索する文字を減らすか、絞り込みを外してください。", "No member matches. Try fewer characters, or take filters off."},
		"members.apply":       {"絞り込む", "Apply"},
		"members.clear":       {"条件をクリア", "Clear"},
		"members.any_status":  {"すべての状態", "Any status"},
		"members.any_rank":    {"すべてのランク", "Any rank"},
		"members.any_store":   {"すべての店舗", "Any store"},
		"members.pages":       {"ページ", "Pages"},
		"members.table":       {"会員の一覧", "List of members"},
		"export.utf8":         {"CSV (UTF-8)", "CSV (UTF-8)"},
		"export.sjis":         {"CSV (Shift_JIS)", "CSV (Shift_JIS)"},
		"export.lost":         {"変換できなかった項目", "Columns with characters lost"},

		"member.tabs":              {"会員のページ", "Pages of the member"},
		"member.tab_overview":      {"概要", "Overview"},
		"member.tab_points":        {"ポイント", "Points"},
		"member.tab_spend":         {"購入・ランク", "Purchases and rank"},
		"member.tab_history":       {"変更履歴", "History"},
		"member.edit":              {"会員情報を編集", "Edit"},
		"member.photo":             {"%sさんの写真", "Photo of %s"},
		"member.changed_meanwhile": {"編集中に別の人が変更しました。現在の値:「%s」。このまま保存すると入力した値に置き換わります。", "Somebody else changed this meanwhile to “%s”. Saving again replaces it by what you entered."},
		"member.facts":             {"会員情報", "Member"},

		"member.group_person":     {"氏名・会社", "Person"},
		"member.group_contact":    {"連絡先", "Contact"},
		"member.group_membership": {"会員登録", "Membership"},
		"member.group_other":      {"その他", "More"},

		"notes.title":         {"メモ", "Notes"},
		"notes.add":           {"メモを追加", "Add a note"},
		"notes.text":          {"メモの内容", "Note"},
		"notes.none":          {"メモはまだありません。", "There are no notes yet."},
		"notes.delete":        {"このメモを削除", "Delete this note"},
		"notes.confirm":       {"このメモを削除しますか?", "Delete this note?"},
		"attachments.title":   {"ファイル", "Files"},
		"attachments.choose":  {"ファイルを選ぶか、ここへドラッグ", "Choose a file, or drop it here"},
		"attachments.photo":   {"顔写真として登録", "This is the member's photo"},
		"attachments.send":    {"アップロード", "Upload"},
		"attachments.types":   {"JPEG、PNG、GIF、WebP、PDF、テキスト、CSVのファイルを選んでください。", "Please choose a JPEG, PNG, GIF, WebP, PDF, text or CSV file."},
		"attachments.limit":   {"20MBまで。", "Up to 20 MB."},
		"attachments.none":    {"ファイルはまだありません。", "There are no files yet."},
		"attachments.delete":  {"このファイルを削除", "Delete this file"},
		"attachments.confirm": {"このファイルを削除しますか?", "Delete this file?"},

		"done.points":   {"ポイントを更新しました。", "The points are changed."},
		"done.attached": {"ファイルを登録しました。", "The file is attached."},

		"history.when":    {"日時", "When"},
		"history.who":     {"変更した人", "Who"},
		"history.through": {"経路", "Through"},
		"history.what":    {"項目", "What"},
		"history.before":  {"変更前", "Before"},
		"history.after":   {"変更後", "After"},
		"history.none":    {"変更の記録はまだありません。", "Nothing has been changed yet."},
		"history.table":   {"変更の記録", "Changes"},

		"author.operator": {"運用担当者", "Operator"}, "author.noren": {"自動処理", "Automatic"},
		"dialect.console": {"管理画面", "Console"}, "dialect.operator": {"コマンド", "Command line"}, "dialect.noren": {"自動処理", "Automatic"},
		"dialect.smaregi": {"スマレジAPI", "Smaregi API"}, "dialect.recore": {"ReCORE API", "ReCORE API"},
		"dialect.easypoints": {"easyPoints API", "easyPoints API"}, "dialect.shopify": {"Shopify", "Shopify"},
	}
	for _, more := range []map[string]text{memberColumnWords(), pointWords(), ruleWords()} {
		maps.Copy(words, more)
	}
	return words
}

// memberColumnWords name the columns of a member and their values.
func memberColumnWords() map[string]text {
	return map[string]text{
		"member.id": {"会員ID", "ID"}, "member.code": {"会員コード", "Code"}, "member.alias_code": {"代替会員コード", "Alias code"},
		"member.customer_no": {"会員番号", "Customer number"}, "member.name": {"氏名", "Name"}, "member.kana": {"カナ", "Kana"},
		"member.last_name": {"姓", "Last name"}, "member.first_name": {"名", "First name"},
		"member.last_kana": {"セイ", "Last name, kana"}, "member.first_kana": {"メイ", "First name, kana"},
		"member.postal_code": {"郵便番号", "Postal code"}, "member.prefecture": {"都道府県", "Prefecture"},
		"member.address1": {"住所1", "Address 1"}, "member.address2": {"住所2", "Address 2"}, "member.address": {"住所", "Address"},
		"member.phone": {"電話番号", "Phone"}, "member.fax": {"FAX", "Fax"}, "member.mobile": {"携帯電話番号", "Mobile phone"},
		"member.email": {"メール", "Mail"}, "member.email2": {"メール2", "Mail 2"}, "member.email3": {"メール3", "Mail 3"},
		"member.company": {"会社名", "Company"}, "member.department": {"部署", "Department"}, "member.position": {"役職", "Position"},
		"member.occupation": {"職業", "Occupation"}, "member.sex": {"性別", "Sex"}, "member.birth_date": {"生年月日", "Date of birth"},
		"member.entry_date": {"入会日", "Joined on"}, "member.leave_date": {"退会日", "Left on"},
		"member.mail_opt_in": {"案内メール", "Mailings"}, "member.note": {"備考", "Remarks"}, "member.note2": {"備考2", "Remarks 2"},
		"member.status": {"状態", "Status"}, "member.rank_id": {"ランク", "Rank"}, "member.minimum_rank_id": {"最低ランク", "Lowest rank"},
		"member.skip_next_check": {"次回の判定を見送る", "Skip the next check"}, "member.staff_rank_id": {"社員ランク", "Staff rank"},
		"member.store_id": {"店舗", "Store"}, "member.points": {"ポイント", "Points"},
		"member.is_invoice_provider": {"適格事業者", "Invoice provider"}, "member.invoice_number": {"適格事業者番号", "Invoice number"},
		"member.bank_code": {"銀行コード", "Bank code"}, "member.bank_branch_code": {"支店コード", "Branch code"},
		"member.bank_account_number": {"口座番号", "Account number"}, "member.bank_account_name": {"口座名義", "Account holder"},
		"member.line_user_id": {"LINEユーザーID", "LINE user ID"}, "member.shopify_customer_id": {"Shopify顧客ID", "Shopify customer ID"},
		"member.alphabet_name": {"アルファベット氏名", "Name in the alphabet"}, "member.nationality": {"国籍", "Nationality"},
		"member.created_at": {"登録日時", "Created at"}, "member.updated_at": {"更新日時", "Updated at"},
		"member.pin": {"PINコード", "PIN"}, "member.passport_no": {"旅券番号", "Passport number"}, "member.last_visit_at": {"最終来店", "Last visit"},
		"member.point_unit": {"ポイント付与単位", "Points per unit"}, "member.point_unit_price": {"ポイント付与単位(金額)", "Unit of spend"},
		"member.favorites": {"お気に入り", "Favourites"}, "member.browsing": {"閲覧履歴", "Browsing"},

		"member.notes": {"メモ", "Note"}, "member.attachments": {"ファイル", "File"},

		"sex.unknown": {"不明", "Unknown"}, "sex.FEMALE": {"女性", "Female"}, "sex.MALE": {"男性", "Male"}, "sex.OTHER": {"その他", "Other"},
		"status.TENTATIVE": {"仮会員", "Tentative"}, "status.ACTIVE": {"利用可", "Active"}, "status.SUSPENDED": {"利用停止", "Suspended"},
		"status.LOST": {"紛失", "Lost"}, "status.LEFT": {"退会", "Left"}, "status.MERGED": {"名寄せ", "Merged"},
		"value.all_stores": {"全店舗", "All stores"},
	}
}

// pointWords are the messages about points, purchases and ranks of one member.
func pointWords() map[string]text {
	return map[string]text{
		"points.total":        {"ポイント残高", "Points"},
		"points.next":         {"次の失効", "Next to expire"},
		"points.next_of":      {"%[1]sに%[2]s", "%[2]s on %[1]s"},
		"points.off":          {"この契約ではポイント機能が無効です。", "Points are switched off for this company."},
		"points.none":         {"ポイントはまだありません。", "There are no points yet."},
		"points.change":       {"ポイントの付与・利用", "Give or take points"},
		"points.mode":         {"操作", "Do"},
		"points.ADD":          {"付与", "Give"},
		"points.SUB":          {"減算", "Take"},
		"points.amount":       {"ポイント数", "Points"},
		"points.kind":         {"種類", "Kind"},
		"points.expires_on":   {"有効期限", "Usable through"},
		"points.expires_hint": {"空欄なら契約の設定に従います。付与のときだけ使います。", "Empty: as the company has it. Only for giving."},
		"points.reason":       {"理由", "Reason"},
		"points.send":         {"実行", "Do it"},
		"points.lots":         {"残っているポイント", "Points that are left"},
		"points.granted_at":   {"付与日時", "Given at"},
		"points.granted":      {"付与数", "Given"},
		"points.left":         {"残り", "Left"},
		"points.never":        {"期限なし", "Never"},
		"points.movements":    {"ポイントの履歴", "Movements"},
		"points.delta":        {"増減", "Change"},
		"points.why":          {"内容", "What"},
		"points.kind.granted": {"付与", "Given"}, "points.kind.used": {"利用", "Used"}, "points.kind.expired": {"失効", "Expired"},
		"points.type.DEFAULT": {"通常ポイント", "Points"}, "points.type.PAID": {"有償ポイント", "Paid points"},

		"rank.title":      {"ランク", "Rank"},
		"rank.none":       {"ランクの設定がありません。", "There are no ranks."},
		"rank.to_next":    {"次のランクまで", "To the next rank"},
		"rank.missing":    {"%[1]sまであと%[2]s", "%[2]s to %[1]s"},
		"rank.top":        {"最上位のランクです。", "This is the highest rank."},
		"rank.deadline":   {"判定日時", "Next check"},
		"rank.spend":      {"判定期間の購入額", "Spent in its window"},
		"rank.keep":       {"維持に必要な額", "Needed to stay"},
		"rank.changes":    {"ランクの変更", "Changes of rank"},
		"rank.from":       {"変更前", "From"},
		"rank.to":         {"変更後", "To"},
		"rank.why":        {"理由", "Why"},
		"rank.no_changes": {"ランクの変更はまだありません。", "The rank has not changed yet."},

		"rank.reason.entry_met":          {"購入額が上位ランクの条件に達した", "The spend reached a higher rank"},
		"rank.reason.maintenance_missed": {"維持の条件に届かなかった", "The spend did not keep the rank"},
		"rank.reason.kept":               {"維持した", "Kept"},
		"rank.reason.skipped":            {"判定を見送った", "Skipped"},
		"rank.reason.never_down":         {"降格しない設定", "Nobody falls"},
		"rank.reason.at_minimum":         {"最低ランクのため", "At the lowest rank allowed"},
		"rank.reason.at_lowest":          {"最下位のため", "At the lowest rank"},
		"rank.reason.set":                {"手動または連携による設定", "Somebody set it"},

		"purchases.title":    {"購入", "Purchases"},
		"purchases.none":     {"購入の記録はまだありません。", "There are no purchases yet."},
		"purchases.paid_at":  {"支払日時", "Paid at"},
		"purchases.source":   {"連携元", "Source"},
		"purchases.id":       {"注文番号", "Order"},
		"purchases.amount":   {"金額", "Amount"},
		"purchases.credited": {"集計額", "Counted"},
		"money.yen":          {"%s円", "¥%s"},
	}
}

// ruleWords say which rule was broken.
func ruleWords() map[string]text {
	printable := text{"半角の英数字と記号で入力してください。", "Please use letters, digits and signs of ASCII."}
	phone := text{"半角の数字と記号で入力してください。", "Please use digits and signs of ASCII."}
	kana := text{"全角カタカナで入力してください。", "Please use full-width katakana."}
	return map[string]text{
		"reason.active_leave_date":     {"利用可の会員に退会日は設定できません。空欄にするか、状態を退会にしてください。", "An active member has no leave date. Clear it, or set the status to left."},
		"reason.left_no_leave_date":    {"退会の会員には退会日が必要です。", "A member who left needs a leave date."},
		"reason.leave_date_set_active": {"退会日のある会員は利用可にできません。退会日を空欄にしてください。", "Clear the leave date to make the member active."},
		"reason.unit_pair":             {"ポイント付与単位は、金額とポイントの両方を入力するか、両方を空欄にしてください。", "Please fill in both the points per unit and the unit of spend, or neither."},
		"reason.rank_unknown":          {"このランクはありません。", "There is no such rank."},
		"reason.minimum_rank_unknown":  {"このランクはありません。", "There is no such rank."},
		"reason.staff_rank_unknown":    {"この社員ランクはありません。", "There is no such staff rank."},
		"reason.store_unknown":         {"この店舗は選べません。", "This store cannot be chosen."},
		"reason.store_not_for_members": {"会員の店舗には倉庫や受注店舗を設定できません。", "A member belongs to a shop."},
		"reason.points_off":            {"この契約ではポイント機能が無効です。", "Points are switched off for this company."},
		"reason.too_few_points":        {"残高より多くは減算できません。", "The member has fewer points than that."},
		"reason.past":                  {"過ぎた日は指定できません。", "This day has passed."},

		"shape.code": printable, "shape.customer_no": printable,
		"shape.phone": phone, "shape.mobile": phone, "shape.fax": phone,
		"shape.email":     {"メールアドレス(例: hanako@example.com)を入力してください。", "Please enter a mail address, such as hanako@example.com."},
		"shape.last_kana": kana, "shape.first_kana": kana,
		"shape.postal_code":         {"郵便番号(例: 123-4567)を入力してください。", "Please enter a postal code, such as 123-4567."},
		"shape.bank_branch_code":    {"数字3桁で入力してください。", "Please enter three digits."},
		"shape.bank_code":           {"数字4桁で入力してください。", "Please enter four digits."},
		"shape.bank_account_number": {"数字7桁で入力してください。", "Please enter seven digits."},
		"shape.bank_account_name":   {"かな、英数字、記号で入力してください。", "Please use kana, letters, digits and signs."},
		"shape.line_user_id":        {"Uに続く32文字の英小文字と数字で入力してください。", "Please enter U and 32 lower-case letters or digits."},
		"shape.shopify_customer_id": {"数字で入力してください。", "Please enter digits."},
	}
}
