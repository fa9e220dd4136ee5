package console

// importChangeWords are the messages about what an import would change, and how a file is to be read.
func importChangeWords() map[string]text {
	return map[string]text{
		"imports.delimiter":           {"区切り文字", "Delimiter"},
		"imports.delimiter_comma":     {"カンマ", "Comma"},
		"imports.delimiter_tab":       {"タブ", "Tab"},
		"imports.delimiter_semicolon": {"セミコロン", "Semicolon"},
		"imports.delimiter_pipe":      {"縦線(|)", "Vertical bar (|)"},
		"imports.read_again":          {"この設定で読み直す", "Read again"},
		"imports.file_gone":           {"このファイルはすでに保存されていないか、ほかの人が読み直しています。もう一度アップロードしてください。", "The file is no longer kept, or somebody else is reading it again. Upload it once more."},
		"imports.detected":            {"自動判定", "Detect"},
		"imports.by_number":           {"名前が異なる会員", "Members with another name"},
		"imports.by_number_hint": {
			"会員IDや会員コードが一致しても氏名が異なる行は、別人の可能性があるため取り込みません。同じ会員だと確認できた場合だけ選んでください。",
			"A line whose ID or code belongs to a member with another name is refused, because it may be somebody else. " +
				"Choose this only if you know that they are the same.",
		},
		"imports.by_number_hint_own": {
			"会員IDが一致しても氏名が異なる行は、別人の可能性があるため取り込みません。会員コードが一致する行は、氏名を書き換えて取り込みます。" +
				"名も異なる行は「確認が必要な行」に表示します。",
			"A line whose ID belongs to a member with another name is refused, because it may be somebody else. " +
				"A line whose code does is imported and replaces the name; if the first name differs too, it is among the lines to check.",
		},
		"import_fix.other_person": {
			"。別の会員ならこの欄を空欄にし、同じ会員なら確認画面の「名前が異なる会員」で取り込みを選んでください", "; leave this cell empty for another member, or choose under “Members with another name” in the preview to import it",
		},
		"import_fix.other_id": {
			"。別の会員ならこの欄を空欄にするか、確認画面の「名前が異なる会員」で会員コードを選び、同じ会員なら会員IDを選んでください",
			"; for another member leave this cell empty or choose the code under “Members with another name” in the preview, and for the same one the ID",
		},
		"import_fix.alike": {"。登録されているとおりに修正してください", "; write it as it is stored"},
		"import_fix.alike_products": {
			"。登録されているとおりに修正するか、別の商品なら商品IDを指定してください", "; write it as it is stored, or give another product an ID of its own",
		},
		"import_fix.alike_members": {
			"。登録されているとおりに修正し、別の会員なら確認画面の「名前が異なる会員」で会員コードを選んでください", "; write it as it is stored, or choose the code under “Members with another name” in the preview if this is another member",
		},
		"import_fix.differs_points": {"。追加のポイントには別の付与IDを指定してください", "; give further points an ID of their own"},
		"imports.by_none":           {"取り込まない", "Refuse the line"},
		"imports.by_id":             {"会員IDが一致すれば取り込む", "Import if the ID is the same"},
		"imports.by_code":           {"会員コードが一致すれば取り込む", "Import if the code is the same"},
		"imports.points_before":     {"取り込み前のポイント合計", "Points before"},
		"imports.points_after":      {"取り込み後のポイント合計(新規の会員を含む)", "Points after, with new members"},
		"imports.points_later":      {"そのうち後日から使えるポイント", "Of these, usable from a later day on"},
		"imports.points_file":       {"ファイルのポイント合計(取り込めない行を除く)", "Points in the file, without refused lines"},
		"imports.changes":           {"変更される項目", "Changes by field"},
		"imports.changed_field":     {"項目", "Field"},
		"imports.changed_members":   {"会員数", "Members"},
		"imports.change":            {"%[1]s → %[2]s", "%[1]s → %[2]s"},
		"imports.remarks":           {"確認が必要な行: %s件", "Lines to check: %s"},
		"imports.remark":            {"内容", "Remark"},
		"import_kind.points":        {"ポイント", "points"},
		"imports.refused_lines":     {"取り込めなかった行: %s行", "Refused lines: %s"},
		"imports.refused_shown":     {"先頭の%s行を表示しています。すべての行はダウンロードで確認できます。", "Lines shown: the first %s. Download them to see all."},
	}
}
