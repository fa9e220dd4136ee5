package console

// importChangeWords are the messages about what an import would change, and how a file is to be read.
func importChangeWords() map[string]text {
	return map[string]text{
		"imports.delimiter":           {"区切り文字", "Delimiter"},
		"imports.delimiter_comma":     {"カンマ", "Comma"},
		"imports.delimiter_tab":       {"タブ", "Tab"},
		"imports.delimiter_semicolon": {"セミコロン", "Semicolon"},
		"imports.delimiter_pipe":      {"縦線(|)", "Vertical bar (|)"},
		"imports.detected":            {"自動判定", "Detect"},
		"imports.by_number":           {"名前が異なる会員", "Members with another name"},
		"imports.by_number_hint":      {"番号が一致しても名前が異なる行は、別人の可能性があるため取り込みません。同じ会員だと確認できた場合だけ選んでください。", "A line whose number belongs to a member with another name is refused, because it may be somebody else. Choose this only if you know that they are the same."},
		"imports.by_none":             {"取り込まない", "Refuse the line"},
		"imports.by_id":               {"会員IDが一致すれば取り込む", "Import if the ID is the same"},
		"imports.by_code":             {"会員コードが一致すれば取り込む", "Import if the code is the same"},
		"imports.points_before":       {"取り込み前のポイント合計", "Points before"},
		"imports.points_after":        {"取り込み後のポイント合計", "Points after"},
		"imports.points_file":         {"ファイルのポイント合計", "Points in the file"},
		"imports.changes":             {"変更される項目", "Changes by field"},
		"imports.changed_field":       {"項目", "Field"},
		"imports.changed_members":     {"会員数", "Members"},
		"imports.change":              {"%[1]s → %[2]s", "%[1]s → %[2]s"},
		"imports.remarks":             {"確認が必要な行: %s件", "Lines to check: %s"},
		"imports.remark":              {"内容", "Remark"},
		"imports.same_as_line":        {"%s行目と同じ対象です", "the same as line %s"},
		"import_kind.points":          {"ポイント", "points"},
		"import_problem.lost_digits":  {"表計算ソフトで桁が失われています。列を文字列にして書き出し直してください", "digits were lost in a spreadsheet program; format the column as text and export it again"},
		"import_problem.other_person": {"この番号の会員は別の名前で登録されています", "the member with this number has another name"},
		"import_problem.number_alone": {"番号以外に一致する項目がないため、同じ会員か確認できません", "nothing beside the number shows that this is the same member"},
		"import_problem.lost_letter":  {"「〓」はShift_JISで表せない文字です。UTF-8のファイルで元の文字を指定してください", "a geta mark stands for a letter that Shift_JIS lacks; write the letter in a file in UTF-8"},
		"import_problem.not_split":    {"空白がないため、全体を姓として取り込みます", "there is no blank to split at, so the whole is the family name"},
		"import_problem.unpaid":       {"支払いが済んでいない注文のため、取り込みません", "the order is not paid and is left out"},
		"import_problem.repaired":     {"先頭の0が失われていたため、補いました", "its leading zero was lost and is put back"},
		"import_problem.past":         {"期限を過ぎています", "has expired"},
		"import_problem.points_off":   {"ポイント機能がオフになっています", "points are switched off"},
		"file_fault.encoding_name":    {"文字コード「%s」には対応していません。使えるのは %s です。", "unknown encoding %s; use one of %s"},
	}
}
