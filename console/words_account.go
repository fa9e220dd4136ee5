package console

// accountWords are the messages of signing in and of the user's own page.
func accountWords() map[string]text {
	return map[string]text{
		"sign_in.title":    {"サインイン", "Sign in"},
		"sign_in.contract": {"契約ID", "Contract ID"},
		"sign_in.login":    {"ログインID", "Login"},
		"sign_in.password": {"パスワード", "Password"},
		"sign_in.button":   {"サインイン", "Sign in"},
		"sign_in.wrong": {
			"契約ID、ログインID、パスワードの組み合わせが正しくありません。",
			"Wrong contract ID, login or password.",
		},

		"account.title":          {"アカウント", "Account"},
		"account.role":           {"権限", "Role"},
		"account.store":          {"担当店舗", "Store"},
		"account.signed_in_at":   {"サインイン日時", "Signed in at"},
		"account.password":       {"パスワードの変更", "Change password"},
		"account.old":            {"現在のパスワード", "Current password"},
		"account.new":            {"新しいパスワード", "New password"},
		"account.new_hint":       {"10文字以上", "At least 10 characters"},
		"account.again":          {"新しいパスワード(確認)", "Repeat new password"},
		"account.not_the_same":   {"新しいパスワードと一致しません。", "Does not match the new password."},
		"account.change":         {"変更する", "Change"},
		"account.sign_out":       {"サインアウト", "Sign out"},
		"account.sign_out_all":   {"すべての端末からサインアウト", "Sign out everywhere"},
		"account.sign_out_about": {"ほかの端末やブラウザーのサインインも、すべて解除されます。", "Ends your sessions in all other browsers as well."},
		"done.password":          {"パスワードを変更しました。ほかの端末からはサインアウトしました。", "Password changed. Other browsers have been signed out."},

		"reason.password_wrong":  {"現在のパスワードが正しくありません。", "Wrong current password."},
		"reason.password_length": {"10文字以上200文字以内で入力してください。", "Must be 10 to 200 characters long."},
		"reason.password_same":   {"現在とは異なるパスワードを入力してください。", "Must differ from the current password."},
	}
}
