package console

import "noren"

// rankWords are the messages of the pages about ranks.
func rankWords() map[string]text {
	return map[string]text{
		"ranks.title":              {"ランク", "Ranks"},
		"ranks.none":               {"ランクがまだありません。ショップファイルの ranks に登録してください。", "There are no ranks yet. Add them under ranks in the shop file."},
		"ranks.spread":             {"ランクごとの会員数", "Members of each rank"},
		"ranks.name":               {"ランク", "Rank"},
		"ranks.members":            {"会員数", "Members"},
		"ranks.chart":              {"会員数のグラフ", "Chart of the members"},
		"ranks.entry":              {"到達額", "Entry spend"},
		"ranks.maintenance":        {"維持額", "Maintenance spend"},
		"ranks.ratio":              {"ポイント還元率", "Point ratio"},
		"ranks.below":              {"ランクなし", "No rank"},
		"ranks.forecast":           {"次回判定の見込み", "Next check, as it stands"},
		"ranks.forecast_at":        {"%[1]sの判定を、%[2]s〜%[3]sの現在までの購入額で試算しました。何も変更されていません。", "What the check at %[1]s would do with the spend from %[2]s to %[3]s so far. Nothing was changed."},
		"ranks.afterwards":         {"判定後の会員数", "Members afterwards"},
		"ranks.movers":             {"ランクが変わる会員: %s人", "Members who would move: %s"},
		"ranks.movers_shown":       {"先頭の%s人を表示しています。", "The first %s are shown."},
		"ranks.nobody_moves":       {"ランクが変わる会員はいません。", "Nobody would move."},
		"ranks.changes":            {"ランクの変更履歴", "Changes of ranks"},
		"ranks.changes_at":         {"%sの判定による変更です。", "What the check at %s changed."},
		"ranks.changes_all":        {"すべての変更を見る", "See all changes"},
		"ranks.no_changes":         {"ランクの変更はまだありません。判定が行われるか、会員のランクを変更するとここに残ります。", "No rank has changed yet. Changes by checks and by people are kept here."},
		"ranks.programme":          {"ランク判定の設定", "Rank programme"},
		"ranks.no_programme":       {"自動判定は設定されていません。「ランク判定の設定」から始められます。", "Ranks do not evaluate themselves. An administrator can set up a rank programme."},
		"ranks.programme_hint":     {"変更は次回の判定から有効になります。保存する前に、影響を試算できます。", "Changes count from the next check on. You can see their effect before you save."},
		"ranks.next_check":         {"次回の判定", "Next check"},
		"ranks.window":             {"集計期間", "Months that count"},
		"ranks.months_from":        {"%[1]s〜%[2]s", "%[1]s to %[2]s"},
		"ranks.every":              {"判定の間隔", "Checked every"},
		"ranks.months":             {"%dか月ごと", "%d months"},
		"ranks.demotion":           {"ランクダウン", "Demotion"},
		"ranks.never_down":         {"ランクダウンしない", "Nobody ever falls"},
		"ranks.checks":             {"これまでの判定", "Last checks"},
		"ranks.no_checks":          {"判定はまだ行われていません。", "No check has been made yet."},
		"ranks.check_at":           {"判定日時", "Check at"},
		"ranks.finished":           {"完了", "Finished"},
		"ranks.running":            {"実行中", "Running"},
		"ranks.risen":              {"アップ", "Risen"},
		"ranks.fallen":             {"ダウン", "Fallen"},
		"ranks.stayed":             {"変更なし", "Stayed"},
		"ranks.member":             {"会員", "Member"},
		"ranks.from":               {"変更前", "From"},
		"ranks.to":                 {"変更後", "To"},
		"ranks.spend":              {"購入額", "Spend"},
		"ranks.why":                {"理由", "Reason"},
		"ranks.when":               {"日時", "When"},
		"ranks.start":              {"開始月", "Start month"},
		"ranks.start_hint":         {"例: 2026-01。この月の1日から数えます。", "Such as 2026-01. Checks are counted from its 1st."},
		"ranks.window_months":      {"集計する月数", "Months that count"},
		"ranks.check_every_months": {"判定の間隔(月)", "Months between checks"},
		"ranks.entry_in":           {"到達額(%s)", "Entry spend (%s)"},
		"ranks.maintenance_in":     {"維持額(%s)", "Maintenance spend (%s)"},
		"ranks.ratio_in":           {"ポイント還元率(%)", "Point ratio (%)"},
		"ranks.preview":            {"影響を試算", "See the effect"},
		"ranks.effect":             {"この設定での次回判定の見込み", "The next check with these settings"},
		"ranks.save_confirm":       {"設定を保存します。次回の判定から有効になります。よろしいですか?", "Save these settings? They count from the next check on."},

		"demotion.one_step": {"1段階下がる", "One rank down"},
		"demotion.earned":   {"購入額に応じたランクまで下がる", "Down to what was earned"},

		"why.entry_met":          {"到達額を満たした", "Reached the entry spend"},
		"why.maintenance_missed": {"維持額に届かなかった", "Missed the maintenance spend"},
		"why.kept":               {"維持額を満たした", "Kept by the spend"},
		"why.skipped":            {"今回は判定しない指定", "This check was to be skipped"},
		"why.never_down":         {"ランクダウンしない設定", "The programme lets nobody fall"},
		"why.at_minimum":         {"最低ランクの指定", "The member's minimum rank"},
		"why.at_lowest":          {"最も下のランク", "There is no lower rank"},
		"why.set":                {"手動またはAPIで変更", "Set by hand or by an API"},
		"why.set_by":             {"手動またはAPIで変更(%s)", "Set by hand or by an API (%s)"},
	}
}

// why says why a rank changed, and who changed it.
func (p *page) why(c noren.RankChange) string {
	key := "why." + string(c.Reason)
	by := c.By.Login
	if by == "" {
		by = c.By.Dialect
	}
	if c.CheckAt != nil || by == "" {
		return p.T(key)
	}
	return p.T("why.set_by", by)
}
