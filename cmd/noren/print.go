package main

import (
	"fmt"
	"io"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// say prints for people. An error is ignored: if the terminal is gone or the pipe closed, nobody is left to read, and
// what the command did is done.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}

// number formats a count with commas: 3,000.
func number[N int | int64](n N) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// counted formats a count with its noun: 1 row, 2 rows.
func counted(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + several
}
