package console

// homeWords are the messages of the first page.
func homeWords() map[string]text {
	return map[string]text{
		"home.title":       {"ホーム", "Home"},
		"home.labelled":    {"%[1]s: %[2]s", "%[1]s: %[2]s"},
		"home.today":       {"今日", "Today"},
		"home.recent":      {"直近30日間", "Last 30 days"},
		"home.new_members": {"新しい会員", "New members"},
		"home.points":      {"ポイントの動き", "Points"},
		"home.expiring":    {"失効予定のポイント", "Points that will expire"},
		"home.ranks":       {"ランク判定", "Rank checks"},
		"home.last_check":  {"前回の判定", "Last check"},
		"home.moved":       {"アップ%[1]s・ダウン%[2]s", "%[1]s up, %[2]s down"},
		"home.attention":   {"確認が必要なもの", "Needs attention"},
		"home.failed":      {"失敗した一括更新", "Failed bulk updates"},
		"home.undelivered": {"未達のコールバック", "Undelivered callbacks"},

		"home.steps":           {"はじめに行うこと", "Your next three steps"},
		"home.step_import":     {"会員をCSVファイルから取り込む", "Import members"},
		"home.step_import_why": {"これまでのシステムから出力したファイルを、そのまま取り込めます。", "Files that other systems have exported can be imported as they are."},
		"home.step_client":     {"API連携を登録する", "Connect an API client"},
		"home.step_client_why": {"レジやECサイトなどから、会員・ポイント・在庫を使えるようになります。", "Tills and online shops can then use members, points and stock."},
		"home.step_ranks":      {"会員ランクを確認する", "Look at the ranks"},
		"home.step_ranks_why":  {"ランクの条件と、いつ判定するかを設定します。", "Set what each rank takes, and when ranks are checked."},
		"home.steps_admin":     {"これらの設定は、管理者が行います。", "An admin does this."},

		"members.since":       {"%s以降に登録された会員を表示しています。", "Registered on %s or later."},
		"members.since_clear": {"すべての会員を表示", "Show all members"},
	}
}
