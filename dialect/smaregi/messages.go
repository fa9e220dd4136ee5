package smaregi

import (
	"fmt"
	"strconv"
	"strings"

	"noren"
	"noren/dialect"
	"noren/wire"
)

// All words that clients read are in this file. Those marked (seed) are the document's own and must not change by a
// byte; the others imitate its style, and name the row, the field and what would be right.

// rowWords are the words of one kind of bulk request.
type rowWords struct {
	kind      noren.BulkKind
	key       string // of the rows in the body, and the 大項目 of messages
	none      string // (seed)
	keys      string // (seed)
	duplicate string // (seed) with the value complained of
	failures  map[noren.Reason]string
}

// customerWords are those of PATCH /customers/bulk; every text in them is (seed).
func customerWords() rowWords {
	return rowWords{
		kind: noren.BulkMembers, key: "customers",
		none:      "会員情報は1つ以上指定してください。",
		keys:      "全ての会員情報のjsonキーを揃えてください。",
		duplicate: "指定された会員IDが重複しています。(会員ID-%s)",
		failures: map[noren.Reason]string{
			noren.ReasonMemberUnknown:       "会員IDが存在しません。",
			noren.ReasonRankUnknown:         "会員ランクが存在しません。",
			noren.ReasonStaffRankUnknown:    "社員ランクが存在しません。",
			noren.ReasonActiveWithLeaveDate: "会員状態区分が利用可の会員に退会日は指定できません。",
			noren.ReasonLeftWithoutDate:     "会員状態区分が退会の会員の退会日にnullは指定できません。",
			noren.ReasonLeaveDateSet:        "退会日が設定されている会員の会員状態区分に「利用可」は指定できません。",
			noren.ReasonStoreUnknown:        "対象店舗IDが存在しません。",
			noren.ReasonStoreNotForMembers:  "会員の対象店舗に倉庫や受注店舗は指定できません。",
		},
	}
}

// stockWords are those of PATCH /stock/bulk; every text in them is (seed).
func stockWords() rowWords {
	return rowWords{
		kind: noren.BulkStock, key: "stock",
		none:      "在庫情報は1つ以上指定してください。",
		keys:      "全ての在庫情報のjsonキーを揃えてください。",
		duplicate: "指定された商品IDと店舗IDの組み合わせが重複しています。(商品ID:店舗ID-%s)",
		failures: map[noren.Reason]string{
			noren.ReasonProductUnknown: "商品IDが存在しません。",
			noren.ReasonStoreUnknown:   "店舗IDが存在しません。",
		},
	}
}

// wordsOf returns the words of the kind.
func wordsOf(kind noren.BulkKind) rowWords {
	if kind == noren.BulkStock {
		return stockWords()
	}
	return customerWords()
}

const (
	wordsHistoryKeys = "全ての在庫変動履歴のjsonキーを揃えてください。"                    // (seed)
	wordsOverLimit   = "リクエストの上限数が超えています。上限数-%d"                      // (seed)
	wordsActive      = "会員状態区分が 0:利用可 のときは、退会日は指定できません。(会員ID-%s)"     // (seed)
	wordsLeft        = "会員状態区分が 3:退会 のときは、退会日にnullは指定できません。(会員ID-%s)" // (seed)
	wordsNotFound    = "指定されたIDのリソースが見つかりません"                         // documented without 。
	wordsFields      = "取得する項目名をカンマ区切りで指定します。"
)

// row puts the text into the document's form [大項目][N行目]….
func (w rowWords) row(n int, text string) string {
	return fmt.Sprintf("[%s][%d行目]%s", w.key, n, text)
}

// failure words one failure for a callback. Row 0 stands for the request as a whole, which could not be applied.
func (w rowWords) failure(f noren.Failure, requestID int64) string {
	// A reason that has no words here is one that only a fault of the server can give.
	text, known := w.failures[f.Reason]
	if f.Row == 0 || !known {
		return fmt.Sprintf("[%s]システムの内部エラーにより更新できませんでした。データは変更されていません。"+
			"運用者に問い合わせ用ID(requestId-%d)を添えてお問い合わせください。", w.key, requestID)
	}
	return w.row(f.Row, text)
}

// refusal words what noren.BulkRequest.Validate found; "" for any other error.
func (w rowWords) refusal(e *noren.Error) string {
	switch e.Reason {
	case noren.ReasonDuplicate:
		return fmt.Sprintf(w.duplicate, e.Value)
	case noren.ReasonActiveWithLeaveDate:
		return fmt.Sprintf(wordsActive, e.Value)
	case noren.ReasonLeftWithoutDate:
		return fmt.Sprintf(wordsLeft, e.Value)
	case noren.ReasonUnitPair:
		// The domain names the column of the half that is missing.
		missing, given := "pointGivingUnit", "pointGivingUnitPrice"
		if e.Field == "point_unit_price" {
			missing, given = given, missing
		}
		return w.row(e.Row, fmt.Sprintf("%sを指定した場合、%sも指定する必要があります。", given, missing))
	}
	return ""
}

// fieldWords says what is wrong with a field or parameter and what would be right.
func fieldWords(p *wire.Problem) string {
	name := p.Field
	switch p.Code {
	case wire.Missing:
		return name + "は必須です。"
	case wire.NullRefused:
		return name + "にnullは指定できません。"
	case wire.EmptyRefused:
		return name + "に空文字は指定できません。"
	case wire.HasNUL:
		return name + "にNUL文字(U+0000)は使用できません。"
	case wire.NotUTF8:
		return name + "はUTF-8で指定する必要があります。"
	case wire.TooLong:
		return fmt.Sprintf("%sは%d文字以下である必要があります。", name, p.Facts.MaxLength)
	case wire.TooManyItems:
		return fmt.Sprintf("%sは%d件以下である必要があります。", name, p.Facts.MaxItems)
	case wire.BadPattern:
		return name + patternWords(p.Facts.Pattern.Name)
	case wire.NotInRange:
		return name + rangeWords(p.Facts)
	case wire.NotInEnum:
		return name + "は" + strings.Join(p.Facts.Enum, "、") + "のいずれかである必要があります。"
	case wire.NotADate:
		return name + "は実在する日付をYYYY-MM-DD形式で指定する必要があります。"
	case wire.NotADecimal:
		return name + "は小数点以下2桁までの0以上の数値である必要があります。"
	case wire.NotAnInteger:
		if p.Facts.Min == 0 && p.Facts.Max == 0 {
			return name + "は整数である必要があります。"
		}
		return fmt.Sprintf("%sは%d以上%d以下の整数である必要があります。", name, p.Facts.Min, p.Facts.Max)
	case notATime:
		return name + "はYYYY-MM-DDThh:mm:ssTZD形式の日時(例: 2026-11-22T00:30:00+09:00)で指定する必要があります。"
	case repeated:
		return name + "は1つだけ指定してください。"
	default:
		// What is left is a value of another JSON type than the field has.
		return name + typeWords(p.Facts.Type)
	}
}

// rangeWords names both limits at once, so that nobody runs into the other one next.
func rangeWords(f *wire.Facts) string {
	low, high := strconv.FormatInt(f.Min, 10), strconv.FormatInt(f.Max, 10)
	if f.Type == wire.TypeDecimal {
		low, high = noren.Hundredths(f.Min).String(), noren.Hundredths(f.Max).String()
	}
	return "は" + low + "以上" + high + "以下である必要があります。"
}

// patternWords describes a pattern in words, because nobody should have to read a regular expression.
func patternWords(pattern string) string {
	switch pattern {
	case patternPrintable:
		return "は半角英数字と半角記号で指定する必要があります。"
	case patternKana:
		return "は全角カタカナと半角英数字、半角記号で指定する必要があります。"
	case patternPhone:
		return "は1文字以上20文字以下の半角英数字と半角記号で指定する必要があります。"
	case patternMail:
		return "はメールアドレスの形式で指定する必要があります。"
	default:
		return "はhttp://またはhttps://で始まるURLである必要があります。"
	}
}

// typeWords names the JSON type that is wanted, in the documents' terms: integers are strings there.
func typeWords(t wire.Type) string {
	switch t {
	case wire.TypeObject:
		return "はオブジェクトである必要があります。"
	case wire.TypeArray:
		return "は配列である必要があります。"
	case wire.TypeInteger:
		return "は整数を表す文字列である必要があります。"
	case wire.TypeDecimal:
		return "は数値を表す文字列である必要があります。"
	default:
		return "は文字列である必要があります。"
	}
}

// parameterWords names the parameters that the endpoint does not have, and those that it has.
func parameterWords(u dialect.UnknownParameters) string {
	text := "パラメータ「" + strings.Join(u.Names, "、") + "」は指定できません。"
	if len(u.Known) == 0 {
		return text + "このAPIに指定できるパラメータはありません。"
	}
	return text + "指定できるパラメータは" + strings.Join(u.Known, "、") + "です。"
}

// bodyWords says what is wrong with a body as a whole.
func bodyWords(p *wire.Problem) string {
	switch p.Code {
	case wire.NotUTF8:
		return "リクエストボディはUTF-8である必要があります。"
	case wire.Duplicate:
		return fmt.Sprintf("リクエストボディのJSONでキー「%s」が重複しています。", dialect.Cut(p.Field))
	case wire.Trailing:
		return fmt.Sprintf("リクエストボディのJSONの後に余分な文字があります。(%dバイト目)", p.Offset+1)
	case wire.TooDeep:
		return fmt.Sprintf("リクエストボディのJSONの入れ子は%d階層以下である必要があります。", wire.MaxDepth)
	case wire.WrongType:
		return "リクエストボディ" + typeWords(p.Facts.Type)
	default:
		return fmt.Sprintf("リクエストボディがJSONとして正しくありません。(%dバイト目)", p.Offset+1)
	}
}
