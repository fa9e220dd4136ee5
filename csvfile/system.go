package csvfile

import (
	"slices"
	"strings"

	"noren"
)

// system is what tells the exports of a system from others, and what its headings mean where that is not what they mean
// elsewhere. Headings are folded.
type system struct {
	name  noren.System
	kinds []noren.ImportKind
	signs []string          // all of these headings are there
	means map[string]string // heading → field; "": left out
}

// systems are the systems whose exports are known, the most particular first. Shopify's headings are those of its admin site;
// EC-CUBE's are the names of dtb_csv; Smaregi's those of its member CSV. What ReCORE and easyPoints export is documented
// nowhere: their headings are those of their API and help pages.
func systems() []system {
	members, purchases := []noren.ImportKind{noren.ImportMembers}, []noren.ImportKind{noren.ImportPurchases}
	return []system{
		{noren.SystemShopify, purchases, []string{"financialstatus", "createdat"}, map[string]string{
			"name": "order_name", "id": "id", "email": "email", "total": "amount", "taxes": "tax", "paidat": "at", "createdat": "ordered_at",
			"currency":        "currency",
			"financialstatus": "financial_status", "refundedamount": "refunded", "cancelledat": "cancelled_at",
		}},
		{noren.SystemShopify, members, []string{"firstname", "lastname", "acceptsemailmarketing"}, map[string]string{
			"customerid": "shopify_customer_id", "id": "shopify_customer_id", "acceptsemailmarketing": "mail_opt_in",
			"defaultaddresscompany": "company", "defaultaddressaddress1": "address1", "defaultaddressaddress2": "address2",
			"defaultaddresscity": "city", "city": "city", "defaultaddresszip": "postal_code",
			"defaultaddressprovincecode": "prefecture",
			"totalspent":                 "memo", "totalorders": "memo", "tags": "memo",
		}},
		{noren.SystemECCUBE, members, []string{"お名前(姓)", "お名前(名)"}, map[string]string{
			"会員id": "", "お名前(姓)": "last_name", "お名前(名)": "first_name", "お名前(セイ)": "last_kana", "お名前(メイ)": "first_kana",
			"都道府県(名称)": "prefecture", "都道府県(id)": "", "性別(名称)": "sex", "性別(id)": "", "職業(名称)": "occupation", "職業(id)": "",
			"ショップ用メモ欄": "note", "会員ステータス(名称)": "status", "会員ステータス(id)": "", "登録日": "entry_date",
			"初回購入日": "memo", "最終購入日": "memo", "購入回数": "memo",
		}},
		{noren.SystemSmaregi, members, []string{"会員コード", "会員id", "マイル"}, map[string]string{
			"マイル": "memo", "取引額": "memo", "取引数": "memo", "最終来店日時": "memo", "会員ランクコード": "memo", "社員ランクコード": "memo",
		}},
		{noren.SystemReCORE, members, []string{"名字", "名前"}, map[string]string{
			"名前": "first_name", "ミョウジ": "last_kana", "名字カナ": "last_kana", "ナマエ": "first_kana", "名前カナ": "first_kana",
		}},
		{noren.SystemEasyPoints, members, []string{"shopifyid", "pointbalance"}, easyPointsMeans()},
		{noren.SystemEasyPoints, members, []string{"shopifycustomerid", "pointbalance"}, easyPointsMeans()},
		{noren.SystemEasyPoints, members, []string{"customerid", "pointbalance"}, easyPointsMeans()},
	}
}

func easyPointsMeans() map[string]string {
	return map[string]string{
		"shopifyid": "shopify_customer_id", "customerid": "shopify_customer_id", "id": "shopify_customer_id", "pointbalance": "points",
		"tier": "rank", "tiername": "rank", "expirationdate": "points_expires_on", "pointsexpireon": "points_expires_on", "tieruid": "",
	}
}

// systemOf returns the system whose headings these are; nil for others.
func systemOf(kind noren.ImportKind, header []string) *system {
	have := make([]string, len(header))
	for i, name := range header {
		have[i] = folded(name)
	}
	for _, s := range systems() {
		if slices.Contains(s.kinds, kind) && !slices.ContainsFunc(s.signs, func(sign string) bool { return !slices.Contains(have, sign) }) {
			return &s
		}
	}
	return nil
}

// remarked returns the heading without its remarks in brackets, such as "(0:拒否, 1:許可)".
func remarked(name string) string {
	for _, pair := range []string{"()", "[]", "【】", "<>", "〔〕", "「」"} {
		open, end := []rune(pair)[0], []rune(pair)[1]
		for {
			from, until := strings.IndexRune(name, open), strings.LastIndex(name, string(end))
			if from < 0 || until < from {
				break
			}
			name = name[:from] + name[until+len(string(end)):]
		}
	}
	return name
}
