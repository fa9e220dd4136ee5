package csvfile

import (
	"strings"
	"unicode"

	"noren"
)

// formulaSigns are the characters with which spreadsheet programs begin a formula: =, +, - and @, and the forms of them that
// some programs, and the conversion to Shift_JIS, take for the same.
const formulaSigns = "=+-@＝＋－＠−﹦﹢﹣﹫"

// Defused prefixes a cell that a spreadsheet program may read as a formula with an apostrophe, which makes it text. A member
// can choose a name that would otherwise run on the machine of the person who opens the file. Every CSV that leaves the
// program goes through here.
func Defused(cell string) string {
	if armed(cell) {
		return "'" + cell
	}
	return cell
}

// armed reports whether a cell needs the apostrophe of Defused: it may be read as a formula, or it has an apostrophe of its own, behind
// what cannot be seen, that would be taken for that of Defused.
func armed(cell string) bool {
	if formula(cell) {
		return true
	}
	_, behind, _ := strings.Cut(cell, noren.Trimmed(cell))
	rest, ok := strings.CutPrefix(noren.Trimmed(cell)+behind, "'")
	return ok && (armed(rest) || number(rest))
}

// disarmed removes the apostrophe of Defused, so that what was exported can be imported again, and the one that Shopify writes before
// numbers.
func disarmed(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && (armed(rest) || number(rest)) {
		return rest
	}
	return cell
}

// number reports whether the cell begins with a digit, after apostrophes and what cannot be seen.
func number(cell string) bool {
	cell = strings.TrimLeftFunc(cell, ignored)
	return cell != "" && cell[0] >= '0' && cell[0] <= '9'
}

// ignored reports whether programs may look for the meaning of a cell behind the character.
func ignored(r rune) bool {
	return r == '\'' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) // Cf: zero width, byte order mark
}

// formula reports whether a program may read the cell as a formula, perhaps after dropping what cannot be seen at its
// beginning. Apostrophes count as such: a cell that was written with one keeps it that way.
func formula(cell string) bool {
	cell = strings.TrimLeft(cell, "'")
	rest := strings.TrimLeftFunc(cell, ignored)
	switch {
	case rest != "" && strings.ContainsRune(formulaSigns, []rune(rest)[0]):
		return true
	case cell == "":
		return false
	}
	return strings.ContainsRune("\t\r\n", rune(cell[0])) // a program may take the beginning for the end of another cell
}
