package csvfile

import (
	"fmt"
	"regexp"
	"strings"

	"noren"
)

// Words are a text in both languages.
type Words struct{ Japanese, English string }

// ProblemWords are the words for why a line is refused, or remarked upon, by reason, with what would be right. Those of "" are for reasons
// that have none of their own.
func ProblemWords() map[noren.Reason]Words {
	return map[noren.Reason]Words{
		"": {"取り込めません", "cannot be imported"},

		noren.ReasonForm:       {"形式が正しくありません", "wrong format"},
		noren.ReasonTooLong:    {"文字数が多すぎます", "too long"},
		noren.ReasonNotNumber:  {"数値ではありません。1200の形式で指定してください", "not a number; write it as 1200"},
		noren.ReasonSeparator:  {"「.」が桁区切りか小数点か判断できません", "the point may separate thousands or decimals"},
		noren.ReasonFraction:   {"小数は指定できません。整数で指定してください", "must be a whole number"},
		noren.ReasonOutOfRange: {"範囲外の値です", "out of range"},
		noren.ReasonNotDate:    {"日付ではありません。2026-11-02の形式で指定してください", "not a date; write it as 2026-11-02"},
		noren.ReasonNotTime: {
			"日時ではありません。2026-11-02 10:00:00の形式で指定してください", "not a time; write it as 2026-11-02 10:00:00",
		},
		noren.ReasonShortYear: {
			"年が2桁のため、日付を特定できません。2026-11-02の形式で指定してください", "the year has two digits; write it as 2026-11-02",
		},
		noren.ReasonUnknownWord: {"使用できない値です", "not an allowed value"},
		noren.ReasonMissing:     {"値を入力してください", "required"},
		noren.ReasonTaken:       {"ほかのデータで使われています", "already used by another record"},
		noren.ReasonAmbiguous:   {"該当するものが複数あります。会員コードやIDで指定してください", "matches more than one record; give a code or an ID"},
		noren.ReasonBrokenLine:  {"行を読み取れません。引用符(\")と列の数を確認してください", "the line cannot be read; check its quotes and the number of its cells"},
		noren.ReasonQuotes:      {"引用符(\")が正しくないか、閉じられていません", "the quotes are wrong, or one is never closed"},
		noren.ReasonCells:       {"列の数が見出しより多くなっています", "more cells than the header"},
		noren.ReasonLongLine: {
			"1行が長すぎます。閉じられていない引用符(\")がないか確認してください", "the line is too long; is there a quote that is never closed?",
		},
		noren.ReasonNotText: {
			"文字として読み取れないデータがあります。入力し直してください", "has bytes that are not text; write it anew",
		},
		noren.ReasonTwice:         {"同じ項目が2つの列で指定されています。どちらか一方にしてください", "given more than once; keep one of them"},
		noren.ReasonDuplicate:     {"ファイル内で重複しています", "duplicate in the file"},
		noren.ReasonUnitPair:      {"ポイント付与単位は、金額とポイントの両方が必要です", "the point unit needs both an amount and points"},
		noren.ReasonMemberUnknown: {"会員が存在しません", "no such member"},

		noren.ReasonRankUnknown:         {"会員ランクが存在しません", "no such rank"},
		noren.ReasonMinimumRankUnknown:  {"最低ランクが存在しません", "no such rank"},
		noren.ReasonStaffRankUnknown:    {"社員ランクが存在しません", "no such staff rank"},
		noren.ReasonStoreUnknown:        {"店舗が存在しません", "no such store"},
		noren.ReasonStoreNotForMembers:  {"会員の店舗に、倉庫や受注店舗は指定できません", "must be a shop; this store is a warehouse or takes orders"},
		noren.ReasonProductUnknown:      {"商品が存在しません", "no such product"},
		noren.ReasonActiveWithLeaveDate: {"利用可の会員に退会日は指定できません", "an active member cannot have a leave date"},
		noren.ReasonLeftWithoutDate:     {"退会日が必要です", "a member who has left must have a leave date"},
		noren.ReasonLeaveDateSet:        {"退会日が設定されているため、利用可にできません", "a member with a leave date cannot be active"},

		noren.ReasonFuture:    {"未来の日付や時刻は指定できません", "in the future"},
		noren.ReasonPast:      {"有効期限が過ぎているポイントは取り込めません", "these points have expired and cannot be imported"},
		noren.ReasonNegative:  {"マイナスの金額です。返金は、返金の行か列で指定してください", "negative amount; give a refund in a line or a column of its own"},
		noren.ReasonCurrency:  {"通貨が契約の通貨と異なります", "not the tenant's currency"},
		noren.ReasonDiffers:   {"すでに別の内容で登録されています", "already recorded with different data"},
		noren.ReasonPointsOff: {"ポイント機能がオフになっています", "points are switched off"},
		noren.ReasonNotOpening: {
			"すでにポイントの履歴がある会員のため、残高は取り込みません。ポイントのファイルとして取り込んでください",
			"the member has had points before, so the balance is not taken over; import it as a file of points",
		},
		noren.ReasonOverRefunded: {"返金額の合計が購入金額を超えます", "refunds would be more than was paid"},
		noren.ReasonHeld: {
			"このShopify顧客と連携している会員がいないため、連携するまで集計しません", "no member is linked to this Shopify customer yet; it counts once one is",
		},
		noren.ReasonPurchaseUnknown: {
			"この連携元に、このIDの購入はまだありません。登録されるまで集計しません",
			"no purchase with this ID is recorded from this source yet; the refund counts once it is",
		},
		noren.ReasonUnpaid:     {"支払いが済んでいない注文のため、取り込みません", "the order is not paid and is left out"},
		noren.ReasonNoCustomer: {"顧客が登録されていない注文のため、取り込みません", "the order has no customer and is left out"},

		noren.ReasonContradicts: {
			"同じ対象について、前と異なる値が指定されています。どちらか一方にしてください", "contradicts what was said before of the same; keep one of them",
		},
		noren.ReasonAlike: {
			"先頭の0や大文字・小文字だけが異なるコードが登録されています", "a code that differs in leading zeros or case alone is stored",
		},
		noren.ReasonLostDigits: {
			"表計算ソフトで桁が失われています。列を文字列にして書き出し直してください",
			"digits were lost in a spreadsheet program; format the column as text and export it again",
		},
		noren.ReasonRepaired:    {"先頭の0が失われていたため、補いました", "its leading zero was lost and is put back"},
		noren.ReasonOtherPerson: {"この値に該当する会員は、別の名前で登録されています", "the member whom this names has another name"},
		noren.ReasonNameDiffers: {
			"登録されている氏名と異なります。この行の氏名に書き換わるため、同じ会員か確認してください",
			"not the stored name, which the line replaces; check that it is the same member",
		},
		noren.ReasonNumberAlone: {
			"番号以外に一致する項目がないため、同じ会員か確認できません", "nothing beside the number shows that this is the same member",
		},
		noren.ReasonNamePartly: {"登録されている氏名と異なります。同じ会員か確認してください", "not the stored name; check that it is the same member"},
		noren.ReasonOtherCustomer: {
			"このメールアドレスの会員は、別のShopify顧客と連携しています。行を修正してください",
			"the member with this email address is another Shopify customer; correct the line",
		},
		noren.ReasonLostLetter: {
			"「〓」はShift_JISで表せない文字です。UTF-8のファイルで元の文字を指定してください",
			"a geta mark stands for a letter that Shift_JIS lacks; write the letter in a file in UTF-8",
		},
		noren.ReasonNotSplit: {"空白がないため、全体を姓として取り込みます", "there is no blank to split at, so the whole is the family name"},
	}
}

// LimitWords are the words where a problem says what the rule allows, which stands for %s.
func LimitWords() map[noren.Reason]Words {
	return map[noren.Reason]Words{
		noren.ReasonForm:      {"形式が正しくありません。%sで指定してください", "wrong format; write it as: %s"},
		noren.ReasonTooLong:   {"文字数が多すぎます。%s文字以内にしてください", "too long; the limit is %s (characters)"},
		noren.ReasonNotNumber: {"金額ではありません。1200の形式で指定してください(通貨: %s)", "not an amount; write it as 1200 (currency: %s)"},
		noren.ReasonFraction:  {"小数点以下は%s桁までで指定してください", "too many decimals; at most %s are allowed"},
		noren.ReasonQuotes:    {"引用符(\")が正しくないか、閉じられていません(%s行目)", "the quotes are wrong, or one is never closed (line %s)"},
		noren.ReasonCells:     {"列の数が見出しより多くなっています(%s)", "more cells than the header (%s)"},
		noren.ReasonMissing:   {"一部が返金された注文です。列「%s」も書き出してください", "a part of the order was refunded; export the column %s too"},
		noren.ReasonCurrency:  {"通貨が契約の通貨(%s)と異なります", "not the tenant's currency, %s"},
		noren.ReasonDiffers:   {"すでに別の内容で登録されています(%s)", "already recorded with different data (%s)"},
		noren.ReasonLongLine: {
			"1行が%sを超えています。閉じられていない引用符(\")がないか確認してください", "longer than %s; is there a quote that is never closed?",
		},
		noren.ReasonOutOfRange:         {"範囲外の値です。%sの範囲で指定してください", "out of range; must be within %s"},
		noren.ReasonUnknownWord:        {"使用できない値です。次のいずれかを指定してください: %s", "not an allowed value; must be one of %s"},
		noren.ReasonRankUnknown:        {"会員ランクが存在しません。登録済みの会員ランク: %s", "no such rank; those of the shop: %s"},
		noren.ReasonMinimumRankUnknown: {"最低ランクが存在しません。登録済みの会員ランク: %s", "no such rank; those of the shop: %s"},
		noren.ReasonStaffRankUnknown:   {"社員ランクが存在しません。登録済みの社員ランク: %s", "no such staff rank; those of the shop: %s"},
		noren.ReasonStoreUnknown:       {"店舗が存在しません。登録済みの店舗: %s", "no such store; those of the shop: %s"},
		noren.ReasonStoreNotForMembers: {
			"会員の店舗に、倉庫や受注店舗は指定できません。指定できる店舗: %s", "must be a shop; this store is a warehouse or takes orders; the shops: %s",
		},
		noren.ReasonNotText: {
			"%sの文字として読み取れません。ファイルの文字コードを選び直すか、この項目を入力し直してください",
			"not text in %s; choose the encoding of the file, or write the cell anew",
		},
		noren.ReasonDuplicate: {"%s行目と同じ対象です", "the same as line %s"},
		noren.ReasonContradicts: {
			"同じ対象を指す%s行目と値が異なります。どちらか一方に修正してください", "differs from line %s, which names the same; correct one of them",
		},
		noren.ReasonTwice: {"ほかの列の「%s」と一致しません。どちらかを修正してください", "does not agree with %s in another column; correct one of them"},
		noren.ReasonAlike: {
			"先頭の0や大文字・小文字だけが異なる「%s」が登録されています", "differs from the stored %s in leading zeros or case alone",
		},
		noren.ReasonOtherPerson: {"この値の会員は「%s」の名前で登録されています", "the member whom this names is stored as %s"},
		noren.ReasonNameDiffers: {
			"「%s」の名前で登録されています。この行の氏名に書き換わるため、同じ会員か確認してください",
			"stored as %s, which the line replaces; check that it is the same member",
		},
		noren.ReasonSeparator: {
			"「.」が桁区切りか小数点か判断できません。次のいずれかの形式で指定してください: %s",
			"the point may separate thousands or decimals; write it in one of these forms: %s",
		},
		noren.ReasonOverRefunded: {"返金額の合計が購入金額を超えます(%s)", "refunds would be more than was paid (%s)"},
		noren.ReasonNamePartly: {
			"「%s」の名前で登録されています。同じ会員か確認してください", "stored as %s; check that it is the same member",
		},
	}
}

// LimitIn is what a problem's rule allows, in Japanese or English.
func LimitIn(p noren.ImportProblem, japanese bool) string {
	switch {
	case !japanese:
		return p.Limit
	case p.Reason == noren.ReasonRankUnknown, p.Reason == noren.ReasonMinimumRankUnknown, p.Reason == noren.ReasonStaffRankUnknown,
		p.Reason == noren.ReasonStoreUnknown, p.Reason == noren.ReasonStoreNotForMembers:
		return strings.ReplaceAll(p.Limit, ", ", "、")
	case p.Reason == noren.ReasonUnknownWord, p.Reason == noren.ReasonDiffers:
		return japaneseChoices(p.Limit)
	case p.Reason != noren.ReasonForm:
		return p.Limit
	}
	if n := someDigits.FindStringSubmatch(p.Limit); n != nil {
		return n[1] + "桁の数字"
	}
	switch p.Limit {
	case "half-width letters, digits and signs":
		return "半角の英数字と記号"
	case "kana, letters, digits and signs":
		return "カナ、英数字、記号"
	case "U and 32 letters or digits":
		return "Uに続く英数字32文字"
	case "digits":
		return "半角数字"
	}
	return p.Limit + " の形式"
}

// japaneseChoices has the words that are read in Japanese for those of a list, each of which an import takes as well.
func japaneseChoices(known string) string {
	words, japanese := strings.Split(known, ", "), choiceWords()
	for i, w := range words {
		if in, ok := japanese[w]; ok {
			words[i] = in
		} else if id, ok := strings.CutPrefix(w, "member "); ok {
			words[i] = "会員ID " + id
		}
	}
	return strings.Join(words, "、")
}

// ValueWords are the words for the values of fields that have codes: sexes, statuses, yes and no.
func ValueWords() map[string]Words {
	return map[string]Words{
		string(noren.Tentative): {"仮会員", "Tentative"}, string(noren.Active): {"利用可", "Active"},
		string(noren.Suspended): {"利用停止", "Suspended"}, string(noren.Lost): {"紛失", "Lost"},
		string(noren.Left): {"退会", "Left"}, string(noren.Merged): {"名寄せ", "Merged"},
		string(noren.SexUnknown): {"不明", "Unknown"}, string(noren.Male): {"男性", "Male"}, string(noren.Female): {"女性", "Female"},
		string(noren.OtherSex): {"その他", "Other"},
		"true":                 {"はい", "Yes"}, "false": {"いいえ", "No"},
	}
}

// choiceWords are the Japanese words for those of lists.
func choiceWords() map[string]string {
	words := map[string]string{
		string(noren.DefaultPoint): "通常", string(noren.PaidPoint): "有償", "yes": "はい", "no": "いいえ",
	}
	for value, w := range ValueWords() {
		words[value] = w.Japanese
	}
	return words
}

var someDigits = regexp.MustCompile(`^([0-9]+) digits$`)

// JapaneseSentence words a problem in Japanese, without its field and value.
func JapaneseSentence(p noren.ImportProblem) string {
	if w, ok := LimitWords()[p.Reason]; ok && p.Limit != "" {
		return fmt.Sprintf(w.Japanese, LimitIn(p, true))
	}
	words := ProblemWords()
	if w, ok := words[p.Reason]; ok {
		return w.Japanese
	}
	return words[""].Japanese
}

// FaultWords are the words for why a file cannot be read as a whole, with the arguments of the fault.
func FaultWords() map[Fault]Words {
	return map[Fault]Words{
		FaultLarge:    {"%dMBを超えています。ファイルを分割してください。", "it has more than %d MB; split it"},
		FaultWorkbook: {"Excelなどのブック形式です。表計算ソフトでCSV形式で保存し直してください。", "this is a workbook; save it as CSV in the spreadsheet program"},
		FaultName: {
			"ファイル名の拡張子「.%s」はCSVのものではありません。.csv、.tsv、.txtのいずれかにしてください。",
			"the name ends in .%s, as no CSV file's does; name it .csv, .tsv or .txt",
		},
		FaultEmpty:      {"ファイルが空です。", "it is empty"},
		FaultHeader:     {"見出し行の引用符(\")が正しくないか、閉じられていません。", "the quotes of the header are wrong, or one is never closed"},
		FaultColumns:    {"列が%d列あります。取り込めるのは%d列までです。", "it has %d columns; at most %d are allowed"},
		FaultLongHeader: {"1行目が長すぎます。1行目には列の見出しが必要です。", "the first line is too long for a header"},
		FaultEncoding: {
			"見出し行が%sの文字ではありません。EUC-JPなど、ファイルの文字コードを指定してください。",
			"the header is not text in %s; choose the encoding of the file, such as EUC-JP",
		},
		FaultEncodingName: {"文字コード「%s」には対応していません。使えるのは %s です。", "unknown encoding %s; use one of %s"},
	}
}

// Japanese words the fault in Japanese.
func (e *Error) Japanese() string { return fmt.Sprintf(FaultWords()[e.Fault].Japanese, e.Args...) }
