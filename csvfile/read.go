// Package csvfile reads files that people export from other systems and spreadsheets, and writes the refused lines. It
// knows encodings, delimiters and the column names of other systems. The domain decides what a line means.
package csvfile

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"noren"
)

// The limits of a file.
const (
	MaxBytes   = 64 << 20 // of a file that is sent to a server
	MaxLocal   = 2 << 30  // bytes of a file that a command reads; all of it is in memory
	MaxColumns = 200
	maxLine    = 64 << 10 // bytes of one line, in UTF-8
	maxKept    = 100      // characters kept of each cell of a line that is too long
)

// form describes the encoding and the delimiter of a file.
type form struct {
	name      string            // of the encoding, for people
	encoding  encoding.Encoding // Nop for UTF-8, so that invalid bytes differ from U+FFFD, which is a character
	skip      int               // length of the byte order mark, in bytes
	macLines  bool              // lines end with a carriage return alone
	delimiter rune
}

// Read reads the header of a file and recognises its columns; messages call the file name. The lines are read when Lines
// of the result is iterated, and data must not change until then. The error is an *Error: Invalid if the file is not a
// header with lines, and TooLarge beyond the limits. Problems of single lines are in the lines.
func Read(kind noren.ImportKind, name string, data []byte) (noren.ImportFile, error) {
	return ReadAs(kind, name, data, Choice{})
}

// Choice is how a person says that a file is to be read. The zero value detects everything.
type Choice struct {
	Encoding  string // by name, such as utf-8, shift_jis, euc-jp or utf-16le; "": detected
	Delimiter rune   // 0: detected
	Most      int    // bytes of the file; 0: MaxBytes
}

// ReadAs is Read with what a person has chosen. Invalid also for an encoding that nobody knows.
func ReadAs(kind noren.ImportKind, name string, data []byte, choice Choice) (noren.ImportFile, error) {
	most := cmp.Or(choice.Most, MaxBytes)
	switch {
	case len(data) > most:
		return noren.ImportFile{}, wrong(FaultLarge, "the file has more than %d MB; split it", most>>20)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		// The signatures of .xlsx and .xls: without this check they would be read as garbled text.
		return noren.ImportFile{}, wrong(FaultWorkbook, "this is a workbook; save it as CSV in the spreadsheet program")
	}
	if ending := noren.FileEnding(name); !slices.Contains([]string{"", "csv", "tsv", "txt", "text"}, ending) {
		return noren.ImportFile{}, wrong(FaultName, "the name ends in .%s, as no CSV file's does; name it .csv, .tsv or .txt", ending)
	}
	f, err := detect(data).chosen(choice)
	if err != nil {
		return noren.ImportFile{}, err
	}
	f.macLines = f.loneReturns(data)
	if f.delimiter = choice.Delimiter; f.delimiter == 0 {
		f.delimiter = delimiter(f.open(data))
	}
	header, err := f.header(data)
	if err != nil {
		return noren.ImportFile{}, err
	}
	fields, view, from := recognise(kind, header)
	return noren.ImportFile{
		Name: name, Encoding: f.name, Header: header, Fields: fields, View: view, System: from, Lines: f.lines(data, len(header)),
	}, nil
}

// open returns a reader of the decoded text.
func (f form) open(data []byte) io.Reader {
	text := io.Reader(transform.NewReader(bytes.NewReader(data[f.skip:]), f.encoding.NewDecoder()))
	if f.macLines {
		text = transform.NewReader(text, returnsToFeeds{})
	}
	return text
}

// unexplained counts the characters that are invalid in the encoding.
func (f form) unexplained(data []byte) (n int) {
	r := bufio.NewReader(f.open(data))
	for {
		c, _, err := r.ReadRune()
		if err != nil {
			return n
		}
		if c == utf8.RuneError {
			n++
		}
	}
}

// delimiter returns the most frequent of comma, tab and semicolon in the first line, outside quotes. A comma wins ties.
func delimiter(text io.Reader) rune {
	counts := make(map[rune]int)
	r := bufio.NewReader(io.LimitReader(text, maxLine))
	quoted := false
	for {
		c, _, err := r.ReadRune()
		// Leading empty lines are skipped: a line feed ends the search only after a delimiter was seen.
		if err != nil || c == '\n' && !quoted && len(counts) > 0 {
			break
		}
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(",\t;", c):
			counts[c]++
		}
	}
	best := ','
	for _, c := range "\t;" {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// records reads the file as CSV. The number of cells is checked line by line, so that a bad line does not end the file.
func (f form) records(data []byte) *csv.Reader {
	r := csv.NewReader(&quotedTexts{text: bufio.NewReader(f.open(data)), delimiter: f.delimiter, start: true})
	r.Comma, r.FieldsPerRecord = f.delimiter, -1
	return r
}

// header reads the first line that is not empty.
func (f form) header(data []byte) ([]string, error) {
	header, err := f.records(data).Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, wrong(FaultEmpty, "the file is empty")
	case err != nil:
		return nil, wrong(FaultHeader, "the header cannot be read: its quotes are wrong, or one is never closed")
	}
	for i, name := range header {
		header[i] = quotedText(noren.Trimmed(name))
	}
	for len(header) > 1 && header[len(header)-1] == "" {
		header = header[:len(header)-1] // spreadsheets export trailing empty columns
	}
	size := 0
	for _, name := range header {
		size += len(name)
	}
	switch {
	case len(header) > MaxColumns:
		return nil, wrong(FaultColumns, "the file has %d columns; at most %d are allowed", len(header), MaxColumns)
	case size > maxLine/4:
		return nil, wrong(FaultLongHeader, "the first line is too long for a header")
	case f.unreadable(header) != nil:
		return nil, wrong(FaultEncoding, "the header cannot be read: not text in %s; choose the encoding of the file", f.name)
	}
	return header, nil
}

// lines iterates over the lines after the header. Empty lines are left out.
func (f form) lines(data []byte, columns int) iter.Seq2[noren.ImportLine, error] {
	return func(yield func(noren.ImportLine, error) bool) {
		r := f.records(data)
		if _, err := r.Read(); err != nil {
			return // cannot happen: Read has read the header
		}
		for {
			start := r.InputOffset()
			cells, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			line, err := f.line(r, cells, err)
			if err != nil {
				yield(line, err)
				return
			}
			if f.settle(&line, columns, r.InputOffset()-start) && !yield(line, nil) {
				return
			}
		}
	}
}

// line returns the line that r has just read, with its number in the file. Wrong quotes make it a broken line; other
// errors concern the whole file.
func (f form) line(r *csv.Reader, cells []string, err error) (noren.ImportLine, error) {
	line := noren.ImportLine{Cells: cells}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		line.Number = bad.StartLine
		line.Broken = broken(noren.ReasonQuotes, strconv.Itoa(bad.Line), "the quotes are wrong, or one is never closed (line %d)", bad.Line)
		return line, nil
	}
	if err == nil {
		line.Number, _ = r.FieldPos(0)
	}
	return line, err
}

// broken marks a line that cannot be read; the other lines are imported.
func broken(reason noren.Reason, limit, format string, args ...any) *noren.Broken {
	return &noren.Broken{Reason: reason, Limit: limit, Message: fmt.Sprintf(format, args...)}
}

// settle gives the line a cell for each column, or marks it as broken with the reason; size is its length in bytes. It
// returns false for an empty line.
func (f form) settle(line *noren.ImportLine, columns int, size int64) bool {
	for i, cell := range line.Cells {
		line.Cells[i] = plain(cell)
	}
	// Spreadsheets pad lines with empty cells, which are not too many.
	for len(line.Cells) > columns && line.Cells[len(line.Cells)-1] == "" {
		line.Cells = line.Cells[:len(line.Cells)-1]
	}
	empty := !slices.ContainsFunc(line.Cells, func(cell string) bool { return cell != "" })
	switch {
	case line.Broken == nil && empty:
		return false
	case size > maxLine:
		most := fmt.Sprintf("%d KiB", maxLine>>10)
		line.Broken = broken(noren.ReasonLongLine, most, "the line is longer than %s; is there a quote that is never closed?", most)
		line.Cells = shortened(line.Cells)
	case line.Broken != nil:
	case len(line.Cells) > columns:
		line.Broken = broken(noren.ReasonCells, fmt.Sprintf("%d > %d", len(line.Cells), columns),
			"the line has %d cells, but the header has %d", len(line.Cells), columns)
	default:
		line.Broken = f.unreadable(line.Cells)
	}
	for len(line.Cells) < columns {
		line.Cells = append(line.Cells, "")
	}
	for i, cell := range line.Cells {
		line.Cells[i] = noren.Storable(cell) // PostgreSQL cannot store NUL, nor bytes that are not text
	}
	return true
}

// plain returns the text of a cell without what protects it from spreadsheet programs and what cannot be seen around it.
func plain(cell string) string {
	// An apostrophe of ours stands before blanks, where there are any: without them nothing would tell that it is ours.
	if text := disarmed(cell); text != cell {
		return noren.Trimmed(text)
	}
	return noren.Trimmed(disarmed(quotedText(noren.Trimmed(cell))))
}

// unreadable returns why the cells are not text, or nil if they are.
func (f form) unreadable(cells []string) *noren.Broken {
	for i, cell := range cells {
		switch {
		case !utf8.ValidString(cell), f.encoding != encoding.Nop && strings.ContainsRune(cell, utf8.RuneError):
			b := broken(noren.ReasonNotText, f.name,
				"cell %d has bytes that are not text in %s; choose the encoding of the file, or write the cell anew", i+1, f.name)
			b.Column = i + 1
			return b
		case strings.ContainsRune(cell, 0):
			b := broken(noren.ReasonNotText, "", "cell %d has a NUL character; write the cell anew", i+1)
			b.Column = i + 1
			return b
		}
	}
	return nil
}

// shortened keeps the beginning of each cell, up to MaxColumns cells: enough to recognise the line.
func shortened(cells []string) []string {
	cells = cells[:min(len(cells), MaxColumns)]
	for i, cell := range cells {
		if utf8.RuneCountInString(cell) > maxKept {
			cells[i] = string([]rune(cell)[:maxKept]) + "…"
		}
	}
	return cells
}
