package imports

import (
	"time"

	"noren"
	"noren/lenient"
)

// maxProblemValue is how many characters of a value a problem quotes.
const maxProblemValue = 60

// problem is what is wrong with one cell, without the line it is in.
type problem lenient.Wrong

// in returns p as the problem of a cell in that line.
func (p problem) in(line int, field, value string) noren.ImportProblem {
	return noren.ImportProblem{
		Line: line, Field: field, Value: noren.Shortened(value, maxProblemValue), Reason: p.Reason, Limit: p.Limit, Message: p.Message,
	}
}

// told returns a value that was read, with its problem.
func told[T any](v T, wrong *lenient.Wrong) (T, *problem) { return v, (*problem)(wrong) }

func halfWidth(s string) string { return lenient.Narrow(s) }

func cellInteger(cell string, least, most int64) (int64, *problem) {
	return told(lenient.Integer(cell, least, most))
}

func cellDate(cell string) (noren.Date, *problem) { return told(lenient.Date(cell)) }

func cellTime(cell string, zone *time.Location) (time.Time, *problem) {
	return told(lenient.Time(cell, zone))
}

func cellFlag(cell string) (bool, *problem) { return told(lenient.Flag(cell)) }

func cellMoney(cell, currency string) (int64, *problem) { return told(lenient.Money(cell, currency)) }

// readCells reads the cells of a line that are mapped and not empty, and returns what is wrong with them.
func readCells(
	line noren.ImportLine, columns []noren.ImportColumn, read func(field, cell string) *problem,
) (problems []noren.ImportProblem) {
	if line.Broken != nil {
		return []noren.ImportProblem{line.Broken.In(line, columns)}
	}
	for i, c := range columns {
		cell := line.Cells[i]
		if cell == "" || c.Field == "" {
			continue
		}
		if wrong := read(c.Field, cell); wrong != nil {
			problems = append(problems, wrong.in(line.Number, c.Field, cell))
		}
	}
	return problems
}

// cellShopifyID reads a number of Shopify's customers: one that is none would name nobody for ever.
func cellShopifyID(cell string) (string, *problem) {
	id, wrong := cellCode(cell)
	if wrong == nil {
		wrong = check(noren.MemberTextRule(fieldShopify), id)
	}
	return id, wrong
}

// cellCode reads a code that has half-width letters alone.
func cellCode(cell string) (string, *problem) { return cellKey(halfWidth(cell)) }

// cellKey reads a code or number that names something, as it is but for what cannot be seen.
func cellKey(cell string) (string, *problem) {
	if lenient.Shortened(cell) {
		return cell, (*problem)(lenient.LostDigits())
	}
	return noren.Trimmed(cell), nil
}

// check returns what is wrong with the text, or nil.
func check(r noren.TextRule, text string) *problem { return (*problem)(lenient.Fits(r, text)) }
