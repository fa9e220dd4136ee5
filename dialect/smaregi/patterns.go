package smaregi

import (
	"regexp"

	"noren"
	"noren/wire"
)

// The names of the patterns, by which they are worded.
const (
	patternPrintable = "printable"
	patternKana      = "kana"
	patternPhone     = "phone"
	patternMail      = "mail"
	patternURL       = "url"
)

// printablePattern is /^[ -~]+$/ of the pages, which the domain requires too.
func printablePattern() wire.Pattern {
	return wire.Pattern{Name: patternPrintable, Expr: noren.MemberTextRule("code").Like}
}

// kanaPattern is the pages' pattern for フリガナ. It is stored there with its full-width characters folded, which makes
// it invalid; in the domain, where it is defined, U+3000 and U+FF0D are restored.
func kanaPattern() wire.Pattern {
	return wire.Pattern{Name: patternKana, Expr: noren.StrictMemberTextRule("last_kana").Like}
}

// phonePattern is the pages' ^[a-zA-Z0-9 -/:-@[-`{-~]{1,20}$, written shorter.
func phonePattern() wire.Pattern {
	return wire.Pattern{Name: patternPhone, Expr: regexp.MustCompile(`^[ -~]{1,20}$`)}
}

// mailPattern is the domain's.
func mailPattern() wire.Pattern {
	return wire.Pattern{Name: patternMail, Expr: noren.MemberTextRule("email").Like}
}

// urlPattern is /^https?://\S+$/ of the pages.
func urlPattern() wire.Pattern {
	return wire.Pattern{Name: patternURL, Expr: regexp.MustCompile(`^https?://\S+$`)}
}
