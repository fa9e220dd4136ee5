package console

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
)

// column is what people call a column of a record of that subject, as the audit log names subjects; its own name where nobody has given
// it one. The same word is another thing in another record: the name of a shop is no person's.
func (p *page) column(subject, name string) string {
	families := []string{"audit.column." + subject + ".", "audit.column.", "member."}
	if subject == "member" {
		slices.Reverse(families)
	}
	for _, family := range families {
		if _, known := p.console.words[family+name]; known {
			return p.T(family + name)
		}
	}
	return name
}

// spell formats a value of a column of a record of that subject for people: names instead of IDs, messages instead of the domain's words,
// amounts in their currency.
func (p *page) spell(subject, column string, value any) string {
	switch v := value.(type) {
	case nil:
		return p.T("value.none")
	case string:
		return p.spellWord(column, v)
	case bool:
		return p.flag(column, v)
	case float64:
		return p.spellNumber(subject, column, v)
	case []any:
		texts := make([]string, len(v))
		for i, x := range v {
			texts[i] = p.spell(subject, column, x)
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			switch {
			case unseen(name):
			case len(v) == 1 && subject == "member": // a reference, by ID or by name
				return p.spell(subject, column, v[name])
			default:
				texts = append(texts, p.column(subject, name)+": "+p.spell(subject, name, v[name]))
			}
		}
		return strings.Join(texts, "\n")
	default:
		return fmt.Sprint(v)
	}
}

// unseen reports whether a column tells people nothing: it follows from others.
func unseen(column string) bool { return column == "scale" }

// spellWord formats a text: one of the domain's words, an instant, or what somebody wrote.
func (p *page) spellWord(column, word string) string {
	for _, family := range []string{strings.ToLower(column) + ".", "audit.value."} {
		if _, known := p.console.words[family+word]; known {
			return p.T(family + word)
		}
	}
	if number, ok := strings.CutPrefix(word, "revoked "); ok && column == "api key" {
		return p.T("audit.key_revoked", number)
	}
	if at, err := time.Parse(time.RFC3339Nano, word); err == nil {
		return p.exactly(at)
	}
	return word
}

// spellNumber formats a number: an amount, a rate, an instant, the name of what has it for its ID, or as it is.
func (p *page) spellNumber(subject, column string, n float64) string {
	switch column {
	case "entry", "maintenance", "credited":
		return p.money(int64(n))
	case "amount":
		if subject == "purchase" || subject == "refund" {
			return p.money(int64(n))
		}
	case "reverses": // an entry that no page shows by its number
		return p.T("value.yes")
	case "ratio":
		return strconv.FormatFloat(n*100, 'f', -1, 64) + "%"
	case "unit", "point_unit":
		return noren.Hundredths(n).String()
	case "effective_from_unix":
		return p.exactly(time.Unix(int64(n), 0))
	}
	if name := p.names.named(column, n); name != "" {
		return name
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
