package console

// reversalWords are the messages about points that were given or deducted by hand, and taken back.
func reversalWords() map[string]text {
	return map[string]text{
		"done.points_ADD": {"%[1]sポイントを付与しました(残高%[2]s)。", "Points given: %[1]s. The balance is %[2]s."},
		"done.points_SUB": {"%[1]sポイントを減算しました(残高%[2]s)。", "Points deducted: %[1]s. The balance is %[2]s."},
		"done.reversed":   {"ポイント履歴を取り消しました(残高%s)。", "The entry has been reversed. The balance is %s."},

		"points.kind.reversed":    {"取り消し", "Reversal"},
		"points.reverse":          {"取り消す", "Reverse"},
		"points.reverse_of":       {"%[3]sの%[1]s(%[2]s)を取り消す", "Reverse: %[1]s %[2]s on %[3]s"},
		"points.reverse_title":    {"ポイント履歴の取り消し", "Reverse an entry"},
		"points.reverse_now":      {"この履歴を取り消す", "Reverse this entry"},
		"points.reverses":         {"%[1]sの%[2]s(%[3]s)の取り消し", "Reverses “%[2]s” (%[3]s) of %[1]s."},
		"points.reverses_noted":   {"%[1]sの%[2]s(%[3]s「%[4]s」)の取り消し", "Reverses “%[2]s” (%[3]s, %[4]s) of %[1]s."},
		"points.reversed":         {"取り消し済み", "Reversed."},
		"points.reversal":         {"取り消すと、残高が%[2]sから%[3]sになります(%[1]s)。", "The balance changes by %[1]s, from %[2]s to %[3]s."},
		"points.reversal_owed":    {"戻るポイントのうち%sポイントは、返品された購入の分として差し引きます。", "Taken at once, of the points that come back, for refunded purchases: %s."},
		"points.reversal_used":    {"%sポイントはすでに利用または失効しているため、取り消せません。", "Used or expired since, and left as they are: %s."},
		"points.reversal_expired": {"%sポイントは有効期限が過ぎているか、付与が取り消されているため、戻りません。", "Expired since, or of a grant that was reversed, and not given back: %s."},
		"points.reversal_changed": {"表示のあとでポイントが動きました。内容をもう一度確認してください。", "The points have changed since this page was shown. Please check it again."},
		"points.back":             {"ポイント履歴へ戻る", "Back to the history"},

		"reason.reversed":    {"この履歴はすでに取り消されています。", "This entry has been reversed already."},
		"reason.reversal":    {"取り消しの履歴は取り消せません。必要な場合は、付与または減算をしてください。", "A reversal cannot be reversed. Give or deduct points instead."},
		"reason.of_purchase": {"購入によるポイントは取り消せません。購入の返品・取消で調整されます。", "Points of a purchase cannot be reversed. A refund of the purchase takes them back."},
		"reason.expiry":      {"失効の履歴は取り消せません。", "An expiry cannot be reversed."},
		"reason.taken_over":  {"ほかのシステムから引き継いだポイントは取り消せません。必要な場合は減算してください。", "Points taken over from another system cannot be reversed. Deduct points instead."},
		"reason.used_up":     {"このポイントはすべて利用または失効しているため、取り消せません。", "These points have all been used or have expired, so they cannot be taken back."},
		"reason.withdrawn":   {"利用したポイントの付与が取り消されているため、戻るポイントはありません。", "The grant of these points was reversed, so none of them come back."},
		"reason.lapsed":      {"このポイントは有効期限が過ぎているため、取り消せません。", "These points have expired meanwhile, so the entry cannot be reversed."},
	}
}
