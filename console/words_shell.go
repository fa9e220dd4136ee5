package console

// shellWords are the messages of every page.
func shellWords() map[string]text {
	return map[string]text{
		"app.name":            {"暖簾", "Noren"},
		"nav.label":           {"メニュー", "Menu"},
		"nav.skip":            {"本文へ移動", "Skip to the content"},
		"language.switch":     {"English", "日本語"},
		"language.switch_tag": {"en", "ja"},

		"field.problem": {"入力内容を確認してください。", "Please correct what is marked below."},
		"action.save":   {"保存", "Save"},
		"action.cancel": {"キャンセル", "Cancel"},
		"action.delete": {"削除", "Delete"},
		"action.edit":   {"編集", "Edit"},
		"action.add":    {"追加", "Add"},
		"page.previous": {"前へ", "Previous"},
		"page.next":     {"次へ", "Next"},
		"page.range":    {"%[1]s〜%[2]s件目", "%[1]s to %[2]s"},
		"value.none":    {"なし", "None"},
		"value.all":     {"すべて", "All"},
		"value.yes":     {"はい", "Yes"},
		"value.no":      {"いいえ", "No"},
		"role.viewer":   {"閲覧", "Viewer"},
		"role.staff":    {"スタッフ", "Staff"},
		"role.admin":    {"管理者", "Administrator"},

		"done.saved":   {"保存しました。", "Saved."},
		"done.added":   {"追加しました。", "Added."},
		"done.deleted": {"削除しました。", "Deleted."},

		"reason.invalid":       {"この値は使えません。", "This value cannot be used."},
		"reason.taken":         {"この値はすでに使われています。", "Something else has this value already."},
		"reason.required":      {"入力してください。", "Please fill this in."},
		"reason.too_long":      {"%d文字以内で入力してください。", "At most %d characters are allowed."},
		"reason.not_a_number":  {"数字で入力してください。", "Please enter a number."},
		"reason.not_a_date":    {"日付(例: 2026-04-01)を入力してください。", "Please enter a date, such as 2026-04-01."},
		"reason.out_of_bounds": {"%[1]sから%[2]sまでの数字を入力してください。", "Please enter a number from %[1]s to %[2]s."},

		"error.title":                    {"エラー", "Error"},
		"error.reference":                {"問い合わせ番号", "Reference"},
		"error.home":                     {"最初のページへ", "To the first page"},
		"error.origin":                   {"別のサイトから送信されたため、受け付けませんでした。この画面を開き直してやり直してください。", "This was sent from another site and was not accepted. Please open the page again and repeat what you did."},
		"error.sent_before":              {"この画面はすでに送信されています。ページを再読み込みしてからやり直してください。", "This form has been sent before. Please reload the page and try again."},
		"error.429":                      {"続けて失敗したため、一時的に受け付けを止めています。%d秒後にもう一度お試しください。", "There were too many failures in a row. Please try again in %d seconds."},
		"error.Bad Request":              {"この内容では処理できませんでした。戻って入力内容を確認してください。", "This could not be done as it was sent. Please go back and check what you entered."},
		"error.Forbidden":                {"この操作を行う権限がありません。管理者に確認してください。", "You are not allowed to do this. Please ask an administrator."},
		"error.Not Found":                {"お探しのページや会員は見つかりませんでした。アドレスを確認するか、検索してください。", "There is no such page or member. Please check the address, or search."},
		"error.Method Not Allowed":       {"この操作は行えません。最初のページからやり直してください。", "This cannot be done here. Please begin again at the first page."},
		"error.Conflict":                 {"同時に別の変更が行われました。ページを再読み込みしてからやり直してください。", "Something else was changed at the same time. Please reload the page and try again."},
		"error.Request Entity Too Large": {"ファイルまたは入力内容が大きすぎます。", "The file, or what was entered, is too large."},
		"error.Service Unavailable":      {"ただいま混み合っています。少し待ってからもう一度お試しください。", "The server is busy. Please try again in a moment."},
		"error.Internal Server Error":    {"システムエラーが発生しました。問い合わせ番号を管理者に伝えてください。", "Something is broken. Please tell an administrator the reference."},
	}
}
