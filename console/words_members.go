package console

import "maps"

// memberWords are the messages of the pages about members.
func memberWords() map[string]text {
	words := map[string]text{
		"members.title":       {"会員", "Members"},
		"members.search":      {"会員を検索", "Search members"},
		"members.search_hint": {"氏名・フリガナ・電話番号・メール・会員コードの一部、郵便番号、生年月日(/キーでここに移動)", "Part of a name, kana, phone, email or code; postal code; date of birth (press / to jump here)"},
		"members.new":         {"会員を登録", "Add a member"},
		"members.create":      {"登録する", "Add member"},
		"members.code_hint":   {"空欄の場合は自動で採番されます。", "Leave empty to have one generated."},
		"members.twins":       {"登録済みの可能性がある会員", "Possibly registered already"},
		"members.twins_sure":  {"登録済みの会員と同じ方ではありませんか? 別の方であれば、確認のうえ登録してください。", "This may be somebody who is registered already. If not, confirm it to add the member."},
		"alike.phone":         {"電話番号が同じ", "Same phone number"},
		"alike.email":         {"メールアドレスが同じ", "Same email address"},
		"alike.name":          {"氏名と生年月日が同じ", "Same name and date of birth"},
		"value.separator":     {"、", ", "},
		"done.created":        {"会員を登録しました。", "Member added."},
		"members.none":        {"該当する会員はいません。検索する文字を減らすか、絞り込みを解除してください。", "No matching members. Try a shorter search or fewer filters."},
		"members.find":        {"検索", "Search"},
		"members.total":       {"該当する会員: %s人", "Members found: %s"},
		"members.points":      {"%sポイント", "%s points"},
		"members.clear":       {"条件をクリア", "Clear filters"},
		"members.any_status":  {"すべての状態", "Any status"},
		"members.any_rank":    {"すべての会員ランク", "Any rank"},
		"members.any_store":   {"すべての店舗", "Any store"},
		"members.pages":       {"ページ", "Pages"},
		"members.table":       {"会員一覧", "List of members"},
		"export.utf8":         {"CSV (UTF-8)", "CSV (UTF-8)"},
		"export.sjis":         {"CSV (Shift_JIS)", "CSV (Shift_JIS)"},
		"export.lost":         {"変換できない文字があった項目", "Columns with characters lost"},

		"member.tabs":         {"会員の情報", "Member pages"},
		"member.tab_overview": {"概要", "Overview"},
		"member.tab_points":   {"ポイント", "Points"},
		"member.tab_spend":    {"購入・会員ランク", "Purchases and rank"},
		"member.tab_history":  {"変更履歴", "History"},
		"member.edit":         {"会員情報を編集", "Edit"},
		"member.photo":        {"%sさんの写真", "Photo of %s"},
		"member.facts":        {"会員情報", "Details"},

		"member.group_person":     {"氏名・会社", "Person"},
		"member.group_contact":    {"連絡先", "Contact"},
		"member.group_membership": {"会員登録情報", "Membership"},
		"member.group_other":      {"その他", "Other"},

		"notes.title":         {"メモ", "Notes"},
		"notes.add":           {"メモを追加", "Add note"},
		"notes.text":          {"メモの内容", "Note"},
		"notes.none":          {"メモはまだありません。", "No notes yet."},
		"notes.delete":        {"このメモを削除", "Delete this note"},
		"notes.confirm":       {"このメモを削除しますか?", "Delete this note?"},
		"attachments.title":   {"ファイル", "Files"},
		"attachments.choose":  {"ファイルを選択(ドラッグ&ドロップもできます)", "Choose a file or drop it here"},
		"attachments.photo":   {"顔写真として登録", "Use as the member's photo"},
		"attachments.send":    {"アップロード", "Upload"},
		"attachments.types":   {"%s形式のファイルを選択してください(%dMBまで)。", "Must be a file of one of the types %s, up to %d MB."},
		"attachments.between": {"、", ", "},
		"attachments.view":    {"表示", "View"},
		"attachments.none":    {"ファイルはまだありません。", "No files yet."},
		"attachments.delete":  {"このファイルを削除", "Delete this file"},
		"attachments.confirm": {"このファイルを削除しますか?", "Delete this file?"},

		"done.attached": {"ファイルを登録しました。", "File attached."},

		"history.when":    {"日時", "When"},
		"history.who":     {"変更者", "Changed by"},
		"history.through": {"経路", "Via"},
		"history.what":    {"項目", "Field"},
		"history.before":  {"変更前", "Before"},
		"history.after":   {"変更後", "After"},
		"history.none":    {"変更の記録はまだありません。", "No changes yet."},
		"history.table":   {"変更履歴", "Changes"},

		"source.shop_file": {"ショップファイル", "Shop file"}, "source.csv": {"CSV取り込み", "CSV import"}, "source.shopify": {"Shopify", "Shopify"},

		"author.somebody": {"ほかの人", "Somebody else"},
		"author.operator": {"運用担当者", "Operator"}, "author.noren": {"自動処理", "Automatic"},
		"dialect.console": {"管理画面", "Console"}, "dialect.operator": {"コマンド", "Command line"}, "dialect.noren": {"自動処理", "Automatic"},
		"dialect.smaregi": {"スマレジAPI", "Smaregi API"}, "dialect.recore": {"ReCORE API", "ReCORE API"},
		"dialect.easypoints": {"easyPoints API", "easyPoints API"}, "dialect.shopify": {"Shopify", "Shopify"},
		"dialect.privacy": {"個人データAPI", "Privacy API"},
	}
	for _, more := range []map[string]text{memberColumnWords(), pointWords(), reversalWords(), ruleWords()} {
		maps.Copy(words, more)
	}
	return words
}

// memberColumnWords name the columns of a member and their values.
func memberColumnWords() map[string]text {
	return map[string]text{
		"member.id": {"会員ID", "ID"}, "member.code": {"会員コード", "Code"}, "member.alias_code": {"代替会員コード", "Alias code"},
		"member.customer_no": {"会員番号", "Customer number"}, "member.name": {"氏名", "Name"}, "member.kana": {"フリガナ", "Kana"},
		"member.last_name": {"姓", "Last name"}, "member.first_name": {"名", "First name"},
		"member.last_kana": {"フリガナ(姓)", "Last name (kana)"}, "member.first_kana": {"フリガナ(名)", "First name (kana)"},
		"member.postal_code": {"郵便番号", "Postal code"}, "member.prefecture": {"都道府県", "Prefecture"},
		"member.address1": {"住所1", "Address 1"}, "member.address2": {"住所2", "Address 2"}, "member.address": {"住所", "Address"},
		"member.phone": {"電話番号", "Phone"}, "member.fax": {"FAX", "Fax"}, "member.mobile": {"携帯電話番号", "Mobile phone"},
		"member.email": {"メールアドレス", "Email"}, "member.email2": {"メールアドレス2", "Email 2"}, "member.email3": {"メールアドレス3", "Email 3"},
		"member.company": {"会社名", "Company"}, "member.department": {"部署", "Department"}, "member.position": {"役職", "Position"},
		"member.occupation": {"職業", "Occupation"}, "member.sex": {"性別", "Sex"}, "member.birth_date": {"生年月日", "Date of birth"},
		"member.entry_date": {"入会日", "Join date"}, "member.leave_date": {"退会日", "Leave date"},
		"member.mail_opt_in": {"メール配信", "Email newsletter"}, "member.note": {"備考", "Remarks"}, "member.note2": {"備考2", "Remarks 2"},
		"member.status": {"状態", "Status"}, "member.rank_id": {"会員ランク", "Rank"}, "member.rank_code": {"会員ランクコード", "Rank code"}, "member.minimum_rank_id": {"最低ランク", "Minimum rank"},
		"member.skip_next_check": {"次回のランク判定を見送る", "Skip the next rank check"}, "member.staff_rank_id": {"社員ランク", "Staff rank"},
		"member.store_id": {"店舗", "Store"}, "member.points": {"ポイント", "Points"},
		"member.is_invoice_provider": {"適格事業者", "Invoice provider"}, "member.invoice_number": {"適格事業者番号", "Invoice number"},
		"member.bank_code": {"銀行コード", "Bank code"}, "member.bank_branch_code": {"支店コード", "Branch code"},
		"member.bank_account_number": {"口座番号", "Account number"}, "member.bank_account_name": {"口座名義", "Account holder"},
		"member.line_user_id": {"LINEユーザーID", "LINE user ID"}, "member.shopify_customer_id": {"Shopify顧客ID", "Shopify customer ID"},
		"member.alphabet_name": {"氏名(ローマ字)", "Name in Latin letters"}, "member.nationality": {"国籍", "Nationality"},
		"member.created_at": {"登録日時", "Created at"}, "member.updated_at": {"更新日時", "Updated at"},
		"member.pin": {"PINコード", "PIN"}, "member.passport_no": {"旅券番号", "Passport number"}, "member.last_visit_at": {"最終来店", "Last visit"},
		"member.point_unit": {"ポイント付与単位(ポイント)", "Points per unit"}, "member.point_unit_price": {"ポイント付与単位(金額)", "Unit of spend"},
		"member.favorites": {"お気に入りリスト", "Favourites"}, "member.browsing": {"閲覧履歴リスト", "Browsing history"},

		"member.notes": {"メモ", "Note"}, "member.attachments": {"ファイル", "File"},

		"sex.unknown": {"不明", "Unknown"}, "sex.FEMALE": {"女性", "Female"}, "sex.MALE": {"男性", "Male"}, "sex.OTHER": {"その他", "Other"},
		"status.TENTATIVE": {"仮会員", "Tentative"}, "status.ACTIVE": {"利用可", "Active"}, "status.SUSPENDED": {"利用停止", "Suspended"},
		"status.LOST": {"紛失", "Lost"}, "status.LEFT": {"退会", "Left"}, "status.MERGED": {"名寄せ", "Merged"},
		"mail_opt_in.yes": {"希望する", "Yes"}, "mail_opt_in.no": {"希望しない", "No"},
		"value.all_stores": {"店舗指定なし", "No specific store"},
	}
}

// pointWords are the messages about points, purchases and ranks of one member.
func pointWords() map[string]text {
	return map[string]text{
		"points.total":         {"ポイント残高", "Points"},
		"points.next":          {"次に失効するポイント", "Next to expire"},
		"points.next_of":       {"%[1]sに%[2]s", "%[2]s on %[1]s"},
		"points.off":           {"この契約ではポイント機能が無効です。", "Points are switched off for this tenant."},
		"points.none":          {"ポイントはまだありません。", "No points yet."},
		"points.change":        {"ポイントの付与・減算", "Give or deduct points"},
		"points.ADD":           {"付与する", "Give points"},
		"points.SUB":           {"減算する", "Deduct points"},
		"points.sure_ADD":      {"%[2]sを%[1]sポイント付与します。よろしいですか?", "Points to give: %[1]s (%[2]s). Are you sure?"},
		"points.sure_SUB":      {"%[2]sを%[1]sポイント減算します。よろしいですか?", "Points to deduct: %[1]s (%[2]s). Are you sure?"},
		"points.amount_hint":   {"1回に%sまで", "Up to %s at once"},
		"points.over_limit":    {"1回に付与・減算できるのは%sポイントまでです。", "The most that you can give or deduct at once is %s."},
		"points.amount":        {"ポイント数", "Points"},
		"points.kind":          {"種類", "Type"},
		"points.expires_on":    {"有効期限", "Valid through"},
		"points.expires_hint":  {"空欄の場合は、契約で設定した有効期限になります(付与のときのみ)。", "Leave empty for the default expiry. Only used when giving points."},
		"points.reason":        {"理由", "Reason"},
		"points.lots":          {"有効期限別のポイント", "Points by expiry"},
		"points.granted_at":    {"付与日時", "Given at"},
		"points.granted":       {"付与数", "Given"},
		"points.left":          {"残り", "Remaining"},
		"points.never":         {"期限なし", "No expiry"},
		"points.movements":     {"ポイント履歴", "History"},
		"points.delta":         {"増減", "Change"},
		"points.why":           {"内容", "Description"},
		"points.usable_from":   {"%sから利用可", "usable from %s"},
		"points.owed":          {"返品された購入の%sポイントが利用済みです。次に購入で付与されるポイントから差し引きます。", "%s points of refunded purchases have been used. They are taken off the next points that purchases earn."},
		"points.of_purchase":   {"購入 %s", "Purchase %s"},
		"points.of_refund":     {"返品・取消 %s", "Refund of purchase %s"},
		"points.kind.returned": {"返品による減算", "Taken back"},
		"points.kind.granted":  {"付与", "Given"}, "points.kind.used": {"利用", "Used"}, "points.kind.expired": {"失効", "Expired"},
		"points.type.DEFAULT": {"通常ポイント", "Points"}, "points.type.PAID": {"有償ポイント", "Paid points"},

		"rank.title":      {"会員ランク", "Rank"},
		"rank.none":       {"会員ランクが設定されていません。", "No ranks are set up."},
		"rank.to_next":    {"次のランクまで", "To next rank"},
		"rank.missing":    {"%[1]sまであと%[2]s", "%[2]s to %[1]s"},
		"rank.top":        {"最上位のランクです。", "Highest rank."},
		"rank.deadline":   {"次回の判定", "Next check"},
		"rank.spend":      {"集計期間の購入額", "Spend this period"},
		"rank.keep":       {"ランク維持に必要な金額", "Spend needed to keep the rank"},
		"rank.changes":    {"ランクの変更履歴", "Rank changes"},
		"rank.from":       {"変更前", "From"},
		"rank.to":         {"変更後", "To"},
		"rank.why":        {"理由", "Reason"},
		"rank.no_changes": {"ランクの変更はまだありません。", "No rank changes yet."},

		"rank.reason.entry_met":          {"購入額が上位ランクの条件に到達", "Spend reached a higher rank"},
		"rank.reason.maintenance_missed": {"購入額がランク維持の条件に未達", "Spend below the maintenance level"},
		"rank.reason.kept":               {"ランクを維持", "Rank kept"},
		"rank.reason.skipped":            {"判定対象外(今回のみ)", "Check skipped"},
		"rank.reason.never_down":         {"ランクダウンしない設定", "Demotion is off"},
		"rank.reason.at_minimum":         {"最低ランクのため", "Already at the minimum rank"},
		"rank.reason.at_lowest":          {"最下位のランクのため", "Already at the lowest rank"},
		"rank.reason.set":                {"手動またはAPI連携による設定", "Set by a person or a client"},

		"purchases.title":    {"購入履歴", "Purchases"},
		"purchases.none":     {"購入履歴はまだありません。", "No purchases yet."},
		"purchases.paid_at":  {"支払日時", "Paid at"},
		"purchases.source":   {"連携元", "Source"},
		"purchases.id":       {"購入ID", "Purchase ID"},
		"purchases.amount":   {"金額", "Amount"},
		"purchases.earned":   {"付与ポイント", "Points"},
		"purchases.credited": {"集計額", "Counted"},
		"money.yen":          {"%s円", "¥%s"},
	}
}

// ruleWords say which rule was broken.
func ruleWords() map[string]text {
	printable := text{"半角の英数字と記号で入力してください。", "Must be ASCII letters, digits and symbols only."}
	phone := text{"半角の数字と記号で入力してください。", "Must be ASCII digits and symbols only."}
	kana := text{"全角カタカナで入力してください。", "Must be full-width katakana."}
	return map[string]text{
		"reason.active_leave_date":     {"利用可の会員に退会日は設定できません。空欄にするか、状態を退会にしてください。", "An active member cannot have a leave date. Clear it, or set the status to Left."},
		"reason.left_no_leave_date":    {"退会した会員には退会日が必要です。", "A member who has left must have a leave date."},
		"reason.leave_date_set_active": {"退会日のある会員は利用可にできません。退会日を空欄にしてください。", "To make the member active, clear the leave date."},
		"reason.nameless": {
			"氏名、会社名、電話番号、メールアドレス、会員コードのうち、1つ以上を入力してください。",
			"Enter at least one of: name, company, phone number, email address, code.",
		},
		"reason.unit_pair":             {"ポイント付与単位は、金額とポイントの両方を入力するか、両方を空欄にしてください。", "Enter both the points per unit and the unit of spend, or neither."},
		"reason.rank_unknown":          {"この会員ランクはありません。", "No such rank."},
		"reason.minimum_rank_unknown":  {"この会員ランクはありません。", "No such rank."},
		"reason.staff_rank_unknown":    {"この社員ランクはありません。", "No such staff rank."},
		"reason.store_unknown":         {"この店舗は選択できません。", "This store cannot be selected."},
		"reason.store_not_for_members": {"会員の店舗に、倉庫や受注店舗は指定できません。", "A member's store cannot be a warehouse or an order-taking store."},
		"reason.points_off":            {"この契約ではポイント機能が無効です。", "Points are switched off for this tenant."},
		"reason.too_few_points":        {"残高を超える減算はできません。", "The balance is too low."},
		"member.privacy":               {"個人データ", "Personal data"},
		"member.data":                  {"保有データをダウンロード", "Download everything stored"},
		"member.erase":                 {"個人データを消去", "Erase personal data"},
		"member.erase_hint":            {"氏名・連絡先・メモ・ファイル・変更履歴の値などを消去します。ポイント・購入・在庫の集計は残ります。元に戻すことはできません。", "Removes names, contacts, notes, files and values in the history. Sums of points, purchases and stock stay. This cannot be undone."},
		"member.erase_code":            {"確認のため会員コード %s を入力してください", "To confirm, type the member code %s"},
		"member.erase_code_wrong":      {"会員コードが一致しません。", "This is not the member's code."},
		"done.erased":                  {"個人データを消去しました。", "The personal data has been erased."},
		"reason.sensitive":             {"この項目を変更する権限がありません。", "Your role may not change this."},
		"reason.past":                  {"過去の日付は指定できません。", "Must not be in the past."},

		"shape.code": printable, "shape.customer_no": printable,
		"shape.phone": phone, "shape.mobile": phone, "shape.fax": phone,
		"shape.email":     {"メールアドレスを入力してください(例: hanako@example.com)。", "Not an email address; write it as hanako@example.com."},
		"shape.last_kana": kana, "shape.first_kana": kana,
		"shape.postal_code":         {"郵便番号を入力してください(例: 123-4567)。", "Not a postal code; write it as 123-4567."},
		"shape.bank_branch_code":    {"数字3桁で入力してください。", "Must be three digits."},
		"shape.bank_code":           {"数字4桁で入力してください。", "Must be four digits."},
		"shape.bank_account_number": {"数字7桁で入力してください。", "Must be seven digits."},
		"shape.bank_account_name":   {"かな、英数字、記号で入力してください。", "Must be kana, letters, digits and symbols only."},
		"shape.line_user_id":        {"「U」に続けて、英小文字と数字32文字を入力してください。", "Must be U followed by 32 lower-case letters or digits."},
		"shape.shopify_customer_id": {"数字で入力してください。", "Must be digits only."},
	}
}
