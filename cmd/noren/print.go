package main

import (
	"fmt"
	"io"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// say prints for people. Where the terminal is gone or a pipe was closed there is nobody left to tell, and what a
// command did is done all the same.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}

// number writes a count with commas: 3,000.
func number[N int | int64](n N) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// counted writes a count with the word for one or several: 1 row, 2 rows.
func counted(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + several
}
