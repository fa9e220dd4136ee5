// Package csvfile reads the files that people export from other systems and from spreadsheets, and writes the lines of
// them that were refused. It knows encodings, delimiters and what other systems call their columns; what a line means
// is the domain's to say.
package csvfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"noren"
)

// The limits of a file.
const (
	MaxBytes   = 64 << 20
	MaxColumns = 200
	maxLine    = 64 << 10 // bytes of one line, in UTF-8
	maxKept    = 100      // characters of each cell of a line that is too long
)

// form is how a file is written.
type form struct {
	name      string // of the encoding, for people
	encoding  encoding.Encoding
	skip      int // bytes of the byte order mark
	delimiter rune
}

// Read reads the header of a file, named for messages, and recognises its columns; the lines are read when the file's
// Lines are gone through. data must not change until then. Invalid, or TooLarge, where it is no file of lines under a
// header, or over the limits; what is wrong with single lines stands in the lines.
func Read(kind noren.ImportKind, name string, data []byte) (noren.ImportFile, error) {
	switch {
	case len(data) > MaxBytes:
		return noren.ImportFile{}, &noren.Error{
			Kind: noren.TooLarge, Field: "file", Message: fmt.Sprintf("the file has more than %d MiB; split it", MaxBytes>>20),
		}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return noren.ImportFile{}, wrong("this is a workbook; save it as CSV in the spreadsheet program")
	}
	f := detect(data)
	f.delimiter = delimiter(f.open(data))
	header, err := f.header(data)
	if err != nil {
		return noren.ImportFile{}, err
	}
	fields, view := recognise(kind, header)
	return noren.ImportFile{
		Name: name, Encoding: f.name, Header: header, Fields: fields, View: view, Lines: f.lines(data, len(header)),
	}, nil
}

func wrong(format string, args ...any) error {
	return &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonBrokenLine, Field: "file", Message: fmt.Sprintf(format, args...)}
}

// detect tells the encoding: by the byte order mark, else UTF-8 where it is valid, else that of UTF-8 and Shift_JIS
// which leaves fewer bytes unexplained, so that a slip in one line does not garble all others.
func detect(data []byte) form {
	utf16 := func(order unicode.Endianness, name string) form {
		return form{name: name, encoding: unicode.UTF16(order, unicode.IgnoreBOM), skip: 2}
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return form{name: "UTF-8 (BOM)", encoding: unicode.UTF8, skip: 3}
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return utf16(unicode.LittleEndian, "UTF-16")
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return utf16(unicode.BigEndian, "UTF-16")
	}
	utf := form{name: "UTF-8", encoding: unicode.UTF8}
	sjis := form{name: "Shift_JIS", encoding: japanese.ShiftJIS}
	if utf8.Valid(data) || utf.unexplained(data) < sjis.unexplained(data) {
		return utf
	}
	return sjis
}

// open answers the text of the file.
func (f form) open(data []byte) io.Reader {
	return transform.NewReader(bytes.NewReader(data[f.skip:]), f.encoding.NewDecoder())
}

// unexplained counts the bytes that are no text in the encoding.
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

// delimiter tells what parts the cells: the sign among comma, tab and semicolon that is in the first line most often,
// outside quotes.
func delimiter(text io.Reader) rune {
	counts := make(map[rune]int)
	r := bufio.NewReader(io.LimitReader(text, maxLine))
	quoted := false
	for {
		c, _, err := r.ReadRune()
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

// records reads the file cell by cell. How many cells a line has is judged line by line.
func (f form) records(data []byte) *csv.Reader {
	r := csv.NewReader(f.open(data))
	r.Comma, r.FieldsPerRecord = f.delimiter, -1
	return r
}

// header reads the first line that is not empty.
func (f form) header(data []byte) ([]string, error) {
	header, err := f.records(data).Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, wrong("the file is empty")
	case err != nil:
		return nil, wrong("the header cannot be read: %v", err)
	}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
	}
	for len(header) > 1 && header[len(header)-1] == "" {
		header = header[:len(header)-1] // what spreadsheets leave behind
	}
	size := 0
	for _, name := range header {
		size += len(name)
	}
	switch {
	case len(header) > MaxColumns:
		return nil, wrong("the file has %d columns, over %d", len(header), MaxColumns)
	case size > maxLine/4:
		return nil, wrong("the first line is too long for a header")
	case unreadable(header) != nil:
		return nil, wrong("the header cannot be read: it is no text in UTF-8 or Shift_JIS")
	}
	return header, nil
}

// lines reads what follows the header. Lines without any text are left out.
func (f form) lines(data []byte, columns int) iter.Seq2[noren.ImportLine, error] {
	return func(yield func(noren.ImportLine, error) bool) {
		r := f.records(data)
		if _, err := r.Read(); err != nil {
			return // Read has read it before
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
			if settle(&line, columns, r.InputOffset()-start) && !yield(line, nil) {
				return
			}
		}
	}
}

// line is what r has just read, numbered. A line with wrong quotes is one that is broken; other errors are the file's.
func (f form) line(r *csv.Reader, cells []string, err error) (noren.ImportLine, error) {
	line := noren.ImportLine{Cells: cells}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		line.Number, line.Broken = bad.StartLine, broken("the quotes are wrong, or one is never closed (line %d, column %d)", bad.Line, bad.Column)
		return line, nil
	}
	if err == nil {
		line.Number, _ = r.FieldPos(0)
	}
	return line, err
}

func broken(format string, args ...any) *noren.Broken {
	return &noren.Broken{Reason: noren.ReasonBrokenLine, Message: fmt.Sprintf(format, args...)}
}

// settle gives the line a cell for each column, or says why it cannot be taken; size is how long it is. It answers
// false for a line without any text.
func settle(line *noren.ImportLine, columns int, size int64) bool {
	for i, cell := range line.Cells {
		line.Cells[i] = disarmed(strings.TrimSpace(cell))
	}
	for len(line.Cells) > columns && line.Cells[len(line.Cells)-1] == "" {
		line.Cells = line.Cells[:len(line.Cells)-1]
	}
	empty := !slices.ContainsFunc(line.Cells, func(cell string) bool { return cell != "" })
	switch {
	case line.Broken == nil && empty:
		return false
	case size > maxLine:
		line.Broken = broken("the line is longer than %d KiB; is there a quote that is never closed?", maxLine>>10)
		line.Cells = shortened(line.Cells)
	case line.Broken != nil:
	case len(line.Cells) > columns:
		line.Broken = broken("the line has %d cells, and the header %d", len(line.Cells), columns)
	default:
		line.Broken = unreadable(line.Cells)
	}
	for len(line.Cells) < columns {
		line.Cells = append(line.Cells, "")
	}
	for i, cell := range line.Cells {
		line.Cells[i] = strings.ReplaceAll(cell, "\x00", "") // which no database keeps
	}
	return true
}

// unreadable says what about the cells is no text, or nil.
func unreadable(cells []string) *noren.Broken {
	for i, cell := range cells {
		switch {
		case strings.ContainsRune(cell, utf8.RuneError):
			return broken("cell %d has bytes that are no text in the encoding of the file", i+1)
		case strings.ContainsRune(cell, 0):
			return broken("cell %d has a NUL character", i+1)
		}
	}
	return nil
}

// shortened keeps the beginning of each of the first cells: enough to know the line again.
func shortened(cells []string) []string {
	cells = cells[:min(len(cells), MaxColumns)]
	for i, cell := range cells {
		if utf8.RuneCountInString(cell) > maxKept {
			cells[i] = string([]rune(cell)[:maxKept]) + "…"
		}
	}
	return cells
}
