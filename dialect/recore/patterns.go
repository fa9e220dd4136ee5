package recore

import (
	"fmt"
	"regexp"

	"noren"
	"noren/wire"
)

// patternDigits is the name of the patterns that require a number of digits, whose words say how many.
const patternDigits = "digits"

func pattern(name, expr string) wire.Pattern {
	return wire.Pattern{Name: name, Expr: regexp.MustCompile(expr)}
}

func digitsPattern(length int) wire.Pattern {
	return pattern(patternDigits, fmt.Sprintf("^[0-9]{%d}$", length))
}

// postalPattern and telPattern are those of the page. The first is defined in the domain, because people may not type more.
func postalPattern() wire.Pattern {
	return wire.Pattern{Name: "postal", Expr: noren.StrictMemberTextRule("postal_code").Like}
}

func telPattern() wire.Pattern {
	return pattern("tel", `^(?:0[0-9]{9,10}|0[0-9]{1,3}-[0-9]{2,4}-[0-9]{3,4})$`)
}

// linePattern and accountNamePattern are the page's too, but are defined in the domain, because only this API has these
// columns.
func linePattern() wire.Pattern { return columnPattern("line", "line_user_id") }

func accountNamePattern() wire.Pattern { return columnPattern("account_name", "bank_account_name") }

func columnPattern(name, column string) wire.Pattern {
	return wire.Pattern{Name: name, Expr: noren.MemberTextRule(column).Like}
}

// keyPattern is the form of file keys in the page's example.
func keyPattern() wire.Pattern { return pattern("file_key", `^[0-9A-Za-z]{40}\.[a-z0-9]{1,8}$`) }
