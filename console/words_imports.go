package console

import (
	"cmp"

	"noren/csvfile"
)

// importWords are the messages of the pages about imports.
func importWords() map[string]text {
	return map[string]text{
		"imports.title":            {"CSV取り込み", "CSV import"},
		"imports.kind":             {"種類", "Type"},
		"imports.file":             {"ファイル", "File"},
		"imports.file_hint":        {"CSVまたはTSV、64MBまで。文字コードはUTF-8、UTF-16、Shift_JIS、EUC-JPなどを自動で判別し、選ぶこともできます。スマレジ、ReCORE、Shopify、EC-CUBE、easyPointsから書き出したファイルもそのまま取り込めます。", "CSV or TSV, up to 64 MB. UTF-8, UTF-16, Shift_JIS, EUC-JP and others are detected, and can be chosen. Files exported from Smaregi, ReCORE, Shopify, EC-CUBE or easyPoints can be imported as they are."},
		"imports.upload":           {"内容を確認", "Preview"},
		"imports.unreadable":       {"このファイルは読み取れませんでした: %s", "This file could not be read: %s"},
		"imports.past":             {"これまでの取り込み", "Past imports"},
		"imports.none":             {"まだ取り込みはありません。ファイルを選ぶと、取り込む前に内容を確認できます。", "No imports yet. Choose a file to preview its effect before anything changes."},
		"imports.when":             {"日時", "When"},
		"imports.by":               {"実行者", "By"},
		"imports.state":            {"状態", "State"},
		"imports.lines":            {"行数", "Lines"},
		"imports.refused":          {"取り込めない行", "Refused"},
		"imports.draft":            {"%sの取り込み: 内容の確認", "Import %s: preview"},
		"imports.encoding":         {"文字コード", "Encoding"},
		"imports.columns":          {"列の対応", "Column mapping"},
		"imports.column":           {"列", "Column"},
		"imports.taken_for":        {"取り込み先の項目", "Field"},
		"imports.samples":          {"値の例", "Sample values"},
		"imports.unmapped":         {"未対応", "Not mapped"},
		"imports.left_out":         {"取り込まない", "Not imported"},
		"imports.source":           {"購入データの連携元", "Source of the purchases"},
		"imports.source_hint":      {"同じ連携元・同じ購入IDの購入は、一度だけ集計します。", "Each purchase ID counts once per source."},
		"imports.look_again":       {"この対応で再確認", "Preview again"},
		"imports.start":            {"取り込みを開始", "Start import"},
		"imports.start_confirm":    {"取り込みを開始しますか?", "Start the import?"},
		"imports.throw_away":       {"取り込まずに破棄", "Discard"},
		"imports.mapped_twice":     {"「%s」にはすでにほかの列が対応しています。どちらか一方にしてください。", "Another column is already mapped to “%s”. Choose one of them."},
		"imports.not_mapped":       {"「%s」に対応する列を選んでください。", "Choose the column that has the “%s”."},
		"imports.nothing_mapped":   {"取り込む項目に対応する列がありません。", "No column is mapped to a field."},
		"imports.effect":           {"取り込み結果の見込み", "Expected result"},
		"imports.keyless":          {"会員や商品を特定できる列がありません。同じファイルをもう一度取り込むと、重複して登録されます。", "No column identifies the member or product. Importing the file again would create everything twice."},
		"imports.judged":           {"先頭の%s行を確認しました。", "Based on the first %s lines."},
		"imports.created":          {"新規", "New"},
		"imports.updated":          {"更新", "Updated"},
		"imports.unchanged":        {"変更なし", "Unchanged"},
		"imports.problems":         {"エラー: %s件", "Errors: %s"},
		"imports.problems_shown":   {"先頭の%s件を表示しています。", "Showing the first %s."},
		"imports.problem":          {"%[1]s: %[2]s", "%[1]s: %[2]s"},
		"imports.problem_of_value": {"%[1]s「%[2]s」: %[3]s", "%[1]s “%[2]s”: %[3]s"},
		"imports.line":             {"行", "Line"},
		"imports.reason":           {"理由", "Reason"},
		"imports.first_lines":      {"先頭の数行", "First lines"},
		"imports.one":              {"%[1]sの取り込み: %[2]s", "Import %[1]s: %[2]s"},
		"imports.all":              {"取り込みの一覧", "All imports"},
		"imports.processed":        {"%[2]s行中%[1]s行を処理しました", "%[1]s of %[2]s lines processed"},
		"imports.progress":         {"進捗", "Progress"},
		"imports.download_refused": {"取り込めなかった行をダウンロード", "Download refused lines"},
		"imports.cancel":           {"中止", "Stop"},
		"imports.cancel_confirm":   {"取り込みを中止しますか? すでに取り込んだ行は元に戻りません。", "Stop the import? Lines already imported stay."},

		"import_kind.members":   {"会員", "members"},
		"import_kind.products":  {"商品", "products"},
		"import_kind.stock":     {"在庫", "stock"},
		"import_kind.purchases": {"購入", "purchases"},

		"import_state.uploading": {"アップロード中", "Uploading"},
		"import_state.draft":     {"下書き", "Draft"},
		"import_state.waiting":   {"開始待ち", "Waiting"},
		"import_state.running":   {"取り込み中", "Running"},
		"import_state.done":      {"完了", "Done"},
		"import_state.cancelled": {"中止", "Stopped"},
		"import_state.failed":    {"失敗", "Failed"},
	}
}

// importFieldWords are what columns can be mapped to that no page of a member has by that name.
func importFieldWords() map[string]text {
	return map[string]text{
		"import_field.rank":              {"会員ランク", "Rank"},
		"import_field.rank_id":           {"会員ランクID", "Rank ID"},
		"import_field.rank_code":         {"会員ランクコード", "Rank code"},
		"import_field.minimum_rank":      {"最低ランク", "Minimum rank"},
		"import_field.staff_rank":        {"社員ランク", "Staff rank"},
		"import_field.staff_rank_id":     {"社員ランクID", "Staff rank ID"},
		"import_field.staff_rank_code":   {"社員ランクコード", "Staff rank code"},
		"import_field.store":             {"店舗", "Store"},
		"import_field.store_id":          {"店舗ID", "Store ID"},
		"import_field.store_code":        {"店舗コード", "Store code"},
		"import_field.mail_opt_out":      {"メール配信を希望しない", "No email newsletter"},
		"import_field.city":              {"市区町村", "City"},
		"import_field.points_expires_on": {"ポイントの有効期限", "Points valid through"},
		"import_field.memo":              {"メモ", "Note"},
	}
}

// readingWords are the messages about files and lines that cannot be read or are refused.
func readingWords() map[string]text {
	words := make(map[string]text)
	for reason, w := range csvfile.ProblemWords() {
		words["import_problem."+cmp.Or(string(reason), "other")] = text{w.Japanese, w.English}
	}
	for reason, w := range csvfile.LimitWords() {
		words["import_limit."+string(reason)] = text{w.Japanese, w.English}
	}
	for fault, w := range csvfile.FaultWords() {
		words["file_fault."+string(fault)] = text{w.Japanese, w.English}
	}
	return words
}
