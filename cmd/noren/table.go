package main

import (
	"bytes"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// table aligns text whose cells end with tabs, as package text/tabwriter does, by the width that a terminal shows: a kanji takes the
// room of two letters. Columns are two blanks apart. A column is as wide as its widest cell in the lines in a row that have it.
type table struct {
	out  io.Writer
	text bytes.Buffer
}

func newTable(out io.Writer) *table { return &table{out: out} }

// Write implements io.Writer. Nothing is written to the output before Flush.
func (t *table) Write(p []byte) (int, error) { return t.text.Write(p) }

// Flush writes the table, and begins another one.
func (t *table) Flush() error {
	text := t.text.String()
	t.text.Reset()
	if text == "" {
		return nil
	}
	lines := strings.SplitAfter(text, "\n")
	cells := make([][]string, len(lines))
	columns := 0
	for i, line := range lines {
		cells[i] = strings.Split(line, "\t")
		columns = max(columns, len(cells[i])-1)
	}
	for column := range columns {
		for from := 0; from < len(cells); {
			to := from
			for to < len(cells) && len(cells[to])-1 > column {
				to++
			}
			align(cells[from:to], column)
			from = to + 1
		}
	}
	var b strings.Builder
	for _, line := range cells {
		b.WriteString(strings.Join(line, ""))
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// align pads the cells of a column to one width.
func align(lines [][]string, column int) {
	const gap = 2
	most := 0
	for _, line := range lines {
		most = max(most, shownWidth(line[column]))
	}
	for _, line := range lines {
		line[column] += strings.Repeat(" ", most+gap-shownWidth(line[column]))
	}
}

// shownWidth is how many letters wide a terminal shows the text.
func shownWidth(text string) (n int) {
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
