package recore

import (
	"fmt"
	"regexp"

	"noren/wire"
)

// patternDigits is the name of the patterns that want a number of digits, whose words say how many.
const patternDigits = "digits"

func pattern(name, expr string) wire.Pattern {
	return wire.Pattern{Name: name, Expr: regexp.MustCompile(expr)}
}

func digitsPattern(length int) wire.Pattern {
	return pattern(patternDigits, fmt.Sprintf("^[0-9]{%d}$", length))
}

// postalPattern, telPattern and linePattern are those of the page.
func postalPattern() wire.Pattern { return pattern("postal", `^[0-9]{3}-?[0-9]{4}$`) }

func telPattern() wire.Pattern {
	return pattern("tel", `^(?:0[0-9]{9,10}|0[0-9]{1,3}-[0-9]{2,4}-[0-9]{3,4})$`)
}

func linePattern() wire.Pattern { return pattern("line", `^U[a-z0-9]{32}$`) }

// accountNamePattern is ひらがなカタカナ英数字記号: ASCII, Japanese punctuation, kana, and the full-width and half-width
// forms (U+FF01 to U+FF9F). Kanji are none of these.
func accountNamePattern() wire.Pattern {
	return pattern("account_name", "^[ -~\u3000-\u3003\u3008-\u301fぁ-ゟ゠-ヿ\uff01-\uff9f\u2010-\u2026¥]*$")
}

// keyPattern is the form of file keys as the page's example has it.
func keyPattern() wire.Pattern { return pattern("file_key", `^[0-9A-Za-z]{40}\.[a-z0-9]{1,8}$`) }
