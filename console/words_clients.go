package console

import "maps"

// clientWords are the messages of the pages about clients.
func clientWords() map[string]text {
	words := map[string]text{
		"clients.title":              {"API連携", "API clients"},
		"clients.new":                {"連携クライアントを追加", "Add client"},
		"clients.none":               {"連携クライアントはまだありません。APIを利用するシステムごとに追加してください。", "No clients yet. Add one for each system that uses the API."},
		"clients.name":               {"名前", "Name"},
		"clients.name_hint":          {"利用するシステムがわかる名前", "Identifies the system that uses it"},
		"clients.dialect":            {"API", "API"},
		"clients.kind":               {"種類", "Type"},
		"clients.kind_hint":          {"アプリは、クライアントIDとシークレットでアクセストークンを取得します。ユーザーには、固定のアクセストークンを発行します。", "An app exchanges its client ID and secret for access tokens. A user has a permanent access token."},
		"clients.kind.app":           {"アプリ", "App"},
		"clients.kind.user":          {"ユーザー", "User"},
		"clients.store":              {"対象店舗", "Restricted to"},
		"clients.store_hint":         {"店舗を選ぶと、その店舗の会員と在庫だけを参照・更新できます。", "With a store selected, the client sees and changes only that store's members and stock."},
		"clients.scopes":             {"スコープ", "Scopes"},
		"clients.scopes_none":        {"スコープを1つ以上選択してください。選択しないと、どの操作もできません。", "Select at least one scope. Without any, the client can do nothing."},
		"clients.scopes_hint":        {"許可する操作を選択してください。", "Select what the client may do."},
		"clients.scopes_other":       {"このサーバーにないAPIのスコープ", "Scopes of APIs that are not served here"},
		"clients.scopes_other_about": {"アプリがまとめて要求する場合のために指定できますが、何も操作できません。", "An app may ask for them together with others. They open nothing."},
		"clients.more_scopes":        {"そのほかのスコープ", "Further scopes"},
		"clients.more_scopes_hint":   {"%s の形のスコープを、空白で区切って入力します。", "Of the form %s, separated by blanks."},
		"clients.scope_unknown":      {"「%s」というスコープはありません。", "There is no scope “%s”."},
		"clients.last_used":          {"最終利用", "Last used"},
		"clients.never_used":         {"未使用", "Never"},
		"clients.state":              {"状態", "State"},
		"clients.in_use":             {"有効", "Active"},
		"clients.revoked":            {"無効", "Revoked"},
		"clients.revoked_at":         {"無効にした日時", "Revoked at"},
		"clients.revoked_about":      {"この連携クライアントは無効です。これまでのリクエストと記録は残っています。再び利用するには、別の名前で追加してください。", "This client has been revoked. Its requests and their records are kept. To continue, add a client with another name."},
		"clients.make":               {"追加する", "Add"},
		"clients.made":               {"連携クライアント「%s」を追加しました", "Client “%s” added"},
		"clients.once":               {"シークレットはこの画面にしか表示されません。コピーして安全な場所に保管してください。", "Secrets are shown only once. Copy them to a safe place now."},
		"clients.kept":               {"保管しました", "I have saved them"},
		"clients.copy":               {"コピー", "Copy"},
		"clients.copied":             {"コピーしました", "Copied"},
		"clients.command":            {"コマンド例 %s", "Command %s"},
		"clients.key":                {"クライアントID", "Client ID"},
		"clients.settings":           {"設定", "Settings"},
		"clients.try":                {"APIの呼び出し例", "Try it"},
		"clients.try_about":          {"シークレットは、保管した値に置き換えてください。", "Replace the placeholders with the secrets you saved."},
		"clients.revoke":             {"無効にする", "Revoke"},
		"clients.revoke_about":       {"キーとトークンがただちに使えなくなります。この操作は取り消せません。", "Keys and tokens stop working immediately. This cannot be undone."},
		"clients.revoke_sure":        {"「%s」を無効にしますか? この操作は取り消せません。", "Revoke “%s”? This cannot be undone."},
		"clients.its_requests":       {"この連携クライアントの一括更新", "Bulk updates from this client"},
		"clients.its_writes":         {"この連携クライアントによる変更の記録", "Changes made by this client"},
		"clients.no_dialect":         {"このAPIの連携クライアントは追加できません。", "Clients cannot be added for this API."},

		"reason.missing":      {"入力してください。", "Required."},
		"reason.unknown_word": {"この値は選択できません。", "Not one of the choices."},
		"reason.revoked":      {"この連携クライアントは無効になっています。", "This client has been revoked."},

		"done.made_before": {"この連携クライアントはすでに追加されています。シークレットは追加時の画面にだけ表示されます。控えていない場合は、無効にして追加し直してください。", "This client was already added, and its secrets were shown then. If you did not save them, revoke it and add another."},
		"done.revoked":     {"無効にしました。", "Revoked."},
	}
	maps.Copy(words, scopeWords())
	return words
}
