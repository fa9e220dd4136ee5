package console

// memberWords are the messages of the pages about members.
func memberWords() map[string]text {
	return map[string]text{
		"members.title":       {"会員", "Members"},
		"members.search":      {"会員を検索", "Search members"},
		"members.search_hint": {"氏名・カナ・電話番号・メール・会員コードの一部 ( / で移動)", "Part of a name, kana, phone, mail or code (press / to get here)"},
		"members.none":        {"該当する会員はいません。検索する文字を減らすか、条件を外してください。", "No member matches. Try fewer characters or fewer conditions."},
		"members.found":       {"%s件を表示", "%s shown"},

		"member.code":   {"会員コード", "Code"},
		"member.name":   {"氏名", "Name"},
		"member.kana":   {"カナ", "Kana"},
		"member.phone":  {"電話番号", "Phone"},
		"member.status": {"状態", "Status"},

		"status.TENTATIVE": {"仮会員", "Tentative"},
		"status.ACTIVE":    {"利用可", "Active"},
		"status.SUSPENDED": {"利用停止", "Suspended"},
		"status.LOST":      {"紛失", "Lost"},
		"status.LEFT":      {"退会", "Left"},
		"status.MERGED":    {"名寄せ", "Merged"},
	}
}
