package noren

import (
	"regexp"
	"strconv"
	"strings"
)

// TextRule is the rule for the texts of one column.
type TextRule struct {
	Most  int            // characters; 0: no limit
	Like  *regexp.Regexp // nil: anything
	Shape string         // what Like requires, in a few words
}

// MemberWords are the English messages for the rules of a patch.
var MemberWords = map[Reason]string{
	ReasonMemberUnknown:       "no such member",
	ReasonRankUnknown:         "no such rank",
	ReasonMinimumRankUnknown:  "no such rank",
	ReasonStaffRankUnknown:    "no such staff rank",
	ReasonStoreUnknown:        "no such store",
	ReasonStoreNotForMembers:  "must be a shop; this store is a warehouse or takes orders",
	ReasonActiveWithLeaveDate: "an active member must not have a leave date",
	ReasonLeftWithoutDate:     "a member who left must have a leave date",
	ReasonNameless:            "give a name, company, phone number, email address or code",
	ReasonUnitPair:            "give both point_unit_price and point_unit, or neither",
	ReasonLeaveDateSet:        "the member has a leave date; clear it to make the member active",
}

// Limits of a member's texts, in characters: the widest that the dialects document. A dialect that documents a narrower
// one checks that itself.
const (
	MaxMemberCode   = 20  // 会員コード, 会員番号
	MaxMemberAlias  = 50  // 代替会員コード
	MaxMemberName   = 85  // names, kana, company, department, position
	MaxMemberPostal = 10  // 郵便番号
	MaxMemberPhone  = 20  // 電話番号, FAX番号, 携帯電話番号
	MaxMemberEmail  = 256 // メールアドレス
	MaxMemberNote   = 1000
	MaxOccupation   = 20
	MaxPrefecture   = 10
	MaxAccountName  = 30
	MaxUnitPrice    = 99_999    // ポイント付与単位(金額)
	MaxUnit         = 9_999_999 // ポイント付与単位(ポイント), in hundredths
	MaxMemberID     = 9_999_999_999
	MaxStoreID      = 999_999_999
	MaxProductID    = 999_999_999_999_999
)

// The forms of texts. An account name is ひらがなカタカナ英数字記号: ASCII, Japanese punctuation, kana, and the
// full-width and half-width forms (U+FF01 to U+FF9F). Kanji are not allowed. An e-mail address needs little, because addresses
// of Japanese mobile carriers are known to break stricter rules.
const (
	maxShortCode      = 20 // PINコード, 旅券番号
	maxShopifyID      = 30
	accountNameSigns  = "^[ -~\u3000-\u3003\u3008-\u301fぁ-ゟ゠-ヿ\uff01-\uff9f\u2010-\u2026¥]*$"
	bankCodeDigits    = 4
	branchCodeDigits  = 3
	accountNoDigits   = 7
	mailForm          = `^[^\s@]+@[^\s@]+$`
	lineUserForm      = `^U[a-z0-9]{32}$`
	printableForm     = `^[ -~]+$`
	shopifyDigitsForm = `^[0-9]+$`
)

// MemberTextRule returns the rule for texts in the column, which holds unless a dialect has a stricter one.
func MemberTextRule(column string) TextRule { return memberTextRules[column] }

// Forms that one API documents and the domain does not require, because the other APIs accept more.
var (
	kanaForm   = regexp.MustCompile("^[ァ-ヶ\u3000 -~ー\uff0d・]+$") // Smaregi: フリガナ
	postalForm = regexp.MustCompile("^[0-9]{3}-?[0-9]{4}$")      // ReCORE: 郵便番号
)

// Forms that no API requires, and without which a text that a person writes cannot be right: a telephone number of 6 to 15 digits
// with a country code, separators and an extension, and an e-mail address at a domain that has a dot.
var (
	phoneForm     = regexp.MustCompile(`^\+?\(?([0-9][-().\s/]*){6,15}((ext\.?|x|#) ?[0-9]{1,6})?$`)
	typedMailForm = regexp.MustCompile(`^[^\s@,;:<>()[\]]+@([^\s@.,;:<>()[\]]+\.)+[^\s@.,;:<>()[\]]{2,}$`)
)

// StrictMemberTextRule returns the rule for what a person may write into the column, in a form or in a file: MemberTextRule with
// the form of the strictest API, so that it can be written through each API, and of what can be right.
func StrictMemberTextRule(column string) TextRule {
	rule := memberTextRules[column]
	switch column {
	case "last_kana", "first_kana":
		rule.Like, rule.Shape = kanaForm, "full-width katakana"
	case "postal_code":
		rule.Like, rule.Shape = postalForm, "123-4567"
	case "phone", "fax", "mobile":
		rule.Like, rule.Shape = phoneForm, "03-1234-5678"
	case "email", "email2", "email3":
		rule.Like = typedMailForm
	}
	return rule
}

var memberTextRules = makeMemberTextRules()

func makeMemberTextRules() map[string]TextRule {
	rules := make(map[string]TextRule)
	put := func(columns string, r TextRule) {
		for c := range strings.FieldsSeq(columns) {
			rules[c] = r
		}
	}
	printable := func(most int) TextRule {
		return TextRule{most, regexp.MustCompile(printableForm), "half-width letters, digits and signs"}
	}
	put("code customer_no", printable(MaxMemberCode))
	put("alias_code", TextRule{Most: MaxMemberAlias})
	put("last_name first_name last_kana first_kana company department position nationality alphabet_name", TextRule{Most: MaxMemberName})
	put("postal_code", printable(MaxMemberPostal))
	put("phone fax mobile", printable(MaxMemberPhone))
	put("prefecture", TextRule{Most: MaxPrefecture})
	put("email email2 email3", TextRule{MaxMemberEmail, regexp.MustCompile(mailForm), "name@example.com"})
	put("occupation", TextRule{Most: MaxOccupation})
	put("pin passport_no", TextRule{Most: maxShortCode})
	// The documents name no limit for these.
	put("note note2 favorites browsing address address1 address2 invoice_number", TextRule{Most: MaxMemberNote})
	put("bank_code", digits(bankCodeDigits))
	put("bank_branch_code", digits(branchCodeDigits))
	put("bank_account_number", digits(accountNoDigits))
	put("bank_account_name", TextRule{MaxAccountName, regexp.MustCompile(accountNameSigns), "kana, letters, digits and signs"})
	put("line_user_id", TextRule{Like: regexp.MustCompile(lineUserForm), Shape: "U and 32 letters or digits"})
	put("shopify_customer_id", TextRule{maxShopifyID, regexp.MustCompile(shopifyDigitsForm), "digits"})
	return rules
}

// digits returns the rule for exactly n digits.
func digits(n int) TextRule {
	return TextRule{n, regexp.MustCompile("^[0-9]{" + strconv.Itoa(n) + "}$"), strconv.Itoa(n) + " digits"}
}

// Nameless reports whether the patch has nothing by which a member that it makes would be found again.
func (p MemberPatch) Nameless() bool {
	for _, f := range []Field[string]{p.LastName, p.FirstName, p.LastKana, p.FirstKana, p.Company, p.Phone, p.Mobile, p.Email, p.Code} {
		if text, _ := f.Value(); text != "" {
			return false
		}
	}
	return true
}

// AddressTwice reports whether the patch gives the address both as one text and in parts.
func (p MemberPatch) AddressTwice() bool {
	return p.Address.Given() && (p.Prefecture.Given() || p.Address1.Given() || p.Address2.Given())
}
