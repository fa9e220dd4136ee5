package console

// secondFactorWords are the messages of the second factor and of the list of users.
func secondFactorWords() map[string]text {
	return map[string]text{
		"sign_in.again": {
			"時間が空いたため、もう一度パスワードから入力してください。",
			"The code came too late. Please sign in again.",
		},
		"factor.title": {"2段階認証", "Two-step verification"},
		"factor.about": {
			"サインインのときに、パスワードに加えて、スマートフォンの認証アプリに表示される6桁の確認コードを入力します。パスワードを知られても、ほかの人はサインインできません。",
			"Signing in asks for a code of six digits from an authenticator app on your phone, beside the password. Somebody who learns your password cannot sign in.",
		},
		"factor.open":  {"設定を開く", "Open settings"},
		"factor.begin": {"設定を始める", "Set up"},
		"factor.scan": {
			"認証アプリでQRコードを読み取るか、キーを入力してください。このキーは、この画面を閉じると表示できません。",
			"Scan the square with an authenticator app, or type the key. It cannot be shown again after you leave this page.",
		},
		"factor.square":          {"認証アプリで読み取るQRコード", "QR code for the authenticator app"},
		"factor.secret":          {"キー", "Key"},
		"factor.first_code":      {"アプリに表示された確認コード", "Code that the app shows"},
		"factor.first_code_hint": {"6桁の数字", "Six digits"},
		"factor.code":            {"確認コード", "Code"},
		"factor.code_hint":       {"認証アプリの6桁の数字、または予備コード", "Six digits from the authenticator app, or a recovery code"},
		"factor.turn_on":         {"有効にする", "Turn on"},
		"factor.turn_off":        {"無効にする", "Turn off"},
		"factor.start_over":      {"最初からやり直す", "Start over"},
		"factor.is_on":           {"2段階認証を有効にしました", "Two-step verification is on"},
		"factor.on_at":           {"有効にした日時", "On since"},
		"factor.recovery":        {"予備コード", "Recovery codes"},
		"factor.recovery_left":   {"残りの予備コード", "Recovery codes left"},
		"factor.recovery_once": {
			"予備コードは今だけ表示されます。印刷するなどして、スマートフォンとは別の場所に保管してください。スマートフォンを使えないときに、確認コードの代わりに1回ずつ使えます。ほかの端末からはサインアウトしました。",
			"The recovery codes are shown only now. Print them or keep them elsewhere than on your phone: each replaces a code once when you do not have it. Other browsers have been signed out.",
		},
		"done.factor_off":   {"2段階認証を無効にしました。", "Two-step verification is off."},
		"done.factor_reset": {"2段階認証を無効にし、そのユーザーをすべての端末からサインアウトしました。", "Two-step verification of this user is off, and the user has been signed out everywhere."},
		"reason.code_wrong": {
			"確認コードが正しくないか、すでに使われています。新しいコードが表示されるのを待って入力してください。",
			"The code is wrong or was used before. Wait for the next one.",
		},

		"users.title": {"管理画面のユーザー", "Console users"},
		"users.about": {
			"ユーザーの登録と変更はショップファイルで行います。スマートフォンと予備コードを両方なくした人の2段階認証は、本人を確かめたうえで、ここで無効にできます。",
			"Users are added and changed in the shop file. Two-step verification of somebody who has lost both the phone and the recovery codes can be turned off here; make sure who asks.",
		},
		"users.open":         {"ユーザーを見る", "Show users"},
		"users.state":        {"状態", "State"},
		"users.off":          {"停止中", "Switched off"},
		"users.no_factor":    {"無効", "Off"},
		"users.factor_since": {"有効(%sから)", "On since %s"},
		"users.reset_of":     {"%sの2段階認証を無効にする", "Turn off two-step verification of %s"},

		"audit.column.second factor":                 {"2段階認証", "Two-step verification"},
		"audit.value.on":                             {"有効", "on"},
		"audit.value.wrong code":                     {"確認コードの誤り", "wrong code"},
		"audit.value.signed in with a recovery code": {"成功(予備コード)", "signed in with a recovery code"},
		"audit.key.console.tickets":                  {"2段階認証のコード入力待ち", "Sign-ins that wait for a code"},
	}
}
