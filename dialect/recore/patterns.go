package recore

import (
	"fmt"
	"regexp"

	"noren"
	"noren/wire"
)

// The patterns' names are their forms in words that a refusal can give.

// patternDigits is the name of the patterns that require a number of digits, whose words say how many.
const patternDigits = "digits"

func pattern(name, expr string) wire.Pattern {
	return wire.Pattern{Name: name, Expr: regexp.MustCompile(expr)}
}

func digitsPattern(length int) wire.Pattern {
	return pattern(patternDigits, fmt.Sprintf("^[0-9]{%d}$", length))
}

// postalPattern and telPattern are those of the page. The first is defined in the domain, because people may not type more.
func postalPattern() wire.Pattern { return domainPattern(noren.StrictMemberTextRule("postal_code")) }

func telPattern() wire.Pattern {
	return pattern("0312345678 or 03-1234-5678", `^(?:0[0-9]{9,10}|0[0-9]{1,3}-[0-9]{2,4}-[0-9]{3,4})$`)
}

// linePattern and accountNamePattern are the page's too, but are defined in the domain, because only this API has these
// columns.
func linePattern() wire.Pattern { return domainPattern(noren.MemberTextRule("line_user_id")) }

func accountNamePattern() wire.Pattern {
	return domainPattern(noren.MemberTextRule("bank_account_name"))
}

func domainPattern(rule noren.TextRule) wire.Pattern {
	return wire.Pattern{Name: rule.Shape, Expr: rule.Like}
}

// keyPattern is the form of file keys in the page's example.
func keyPattern() wire.Pattern {
	return pattern("a file_key that an upload has returned", `^[0-9A-Za-z]{40}\.[a-z0-9]{1,8}$`)
}
