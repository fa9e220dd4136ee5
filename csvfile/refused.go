package csvfile

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"noren"
)

// formulaSigns begin a cell that a spreadsheet program would calculate.
const formulaSigns = "=+-@\t\r"

// defused makes a cell that could be taken for a formula a text, by the sign that spreadsheet programs know.
func defused(cell string) string {
	if cell != "" && strings.ContainsRune(formulaSigns, rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// disarmed takes off again what defused put there, so that refused lines can be put right and sent again.
func disarmed(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && rest != "" && strings.ContainsRune(formulaSigns, rune(rest[0])) {
		return rest
	}
	return cell
}

// The columns that RefusedWriter adds. Reading such a file again takes them for nothing.
const (
	headerLine   = "line"
	headerReason = "reason"
)

// RefusedWriter writes refused lines with all their cells, the number of the line in the file that was sent, and why
// each was refused, in UTF-8 with a byte order mark, which spreadsheet programs need.
type RefusedWriter struct {
	csv     *csv.Writer
	columns int
	reason  func(noren.ImportProblem) string
	err     error
}

// NewRefusedWriter begins with the header of the import's file. reason words a problem; nil: in English.
func NewRefusedWriter(w io.Writer, i noren.Import, reason func(noren.ImportProblem) string) *RefusedWriter {
	if reason == nil {
		reason = Explain
	}
	r := &RefusedWriter{csv: csv.NewWriter(w), columns: len(i.Columns), reason: reason}
	_, r.err = io.WriteString(w, "\ufeff")
	header := make([]string, len(i.Columns))
	for n, c := range i.Columns {
		header[n] = c.Header
	}
	r.write(append(header, headerLine, headerReason))
	return r
}

// Explain words a problem in English.
func Explain(p noren.ImportProblem) string {
	text := p.Message
	if p.Value != "" {
		text = strconv.Quote(p.Value) + ": " + text
	}
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	return text
}

// Write writes lines. After an error it does nothing and answers it again.
func (r *RefusedWriter) Write(lines []noren.RefusedLine) error {
	for _, line := range lines {
		// A line with too many cells loses those behind the header: its reason says how many there were.
		record := append(make([]string, 0, r.columns+2), line.Cells[:min(len(line.Cells), r.columns)]...)
		for len(record) < r.columns {
			record = append(record, "")
		}
		reasons := make([]string, len(line.Problems))
		for i, p := range line.Problems {
			reasons[i] = r.reason(p)
		}
		r.write(append(record, strconv.Itoa(line.Line), strings.Join(reasons, "; ")))
	}
	return r.err
}

func (r *RefusedWriter) write(record []string) {
	for i, cell := range record {
		record[i] = defused(cell)
	}
	if r.err == nil {
		r.err = r.csv.Write(record)
	}
}

// Close writes what is left.
func (r *RefusedWriter) Close() error {
	r.csv.Flush()
	if r.err == nil {
		r.err = r.csv.Error()
	}
	return r.err
}
