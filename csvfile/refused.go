package csvfile

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"noren"
)

// The columns that RefusedWriter adds. No field has these names, so importing such a file ignores them.
const (
	headerLine   = "line"
	headerReason = "reason"
)

// RefusedWriter writes refused lines as CSV: all cells, the line number in the imported file, and the reasons. It writes
// UTF-8 with a byte order mark, without which spreadsheet programs assume another encoding.
type RefusedWriter struct {
	csv     *csv.Writer
	columns int
	reason  func(noren.ImportProblem) string
	err     error
}

// NewRefusedWriter writes the header of the import's file. reason words a problem; nil means Explain. Errors are returned
// by Write and Close.
func NewRefusedWriter(w io.Writer, i noren.Import, reason func(noren.ImportProblem) string) *RefusedWriter {
	if reason == nil {
		reason = Explain
	}
	r := &RefusedWriter{csv: csv.NewWriter(w), columns: len(i.Columns), reason: reason}
	_, r.err = io.WriteString(w, "\ufeff")
	header := make([]string, 0, len(i.Columns)+2)
	for _, c := range i.Columns {
		header = append(header, c.Header)
	}
	r.write(append(header, headerLine, headerReason))
	return r
}

// Explain words a problem in English, as field: "value": message.
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

// Write writes lines. After an error it does nothing and returns the error again.
func (r *RefusedWriter) Write(lines []noren.RefusedLine) error {
	for _, line := range lines {
		// Cells beyond the header are dropped: the reason says how many there were.
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

// write writes one record, unless an earlier one failed.
func (r *RefusedWriter) write(record []string) {
	for i, cell := range record {
		record[i] = Defused(cell)
	}
	if r.err == nil {
		r.err = r.csv.Write(record)
	}
}

// Close flushes the writer and returns its first error. It does not close the underlying writer.
func (r *RefusedWriter) Close() error {
	r.csv.Flush()
	if r.err == nil {
		r.err = r.csv.Error()
	}
	return r.err
}
