package main

import (
	"bytes"
	"fmt"
	"testing"
	"text/tabwriter"
)

// TestTable: kanji and kana take the room of two letters, and without them a table is that of text/tabwriter.
func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := newTable(&out)
	fmt.Fprint(w, "  行\t項目\t理由\n  2\t会員コード\t「x」: y\n  10\tﾌﾘｶﾞﾅ\t長い\n  ほか3件\n  3\tid\tz\n")
	const want = "  行  項目        理由\n  2   会員コード  「x」: y\n  10  ﾌﾘｶﾞﾅ       長い\n  ほか3件\n  3  id  z\n"
	if err := w.Flush(); err != nil || out.String() != want {
		t.Errorf("%q, %v; want %q", out.String(), err, want)
	}
	for _, text := range []string{
		"", "x\n", "a\tb\tc\nlong\tb\tc\n", "a\t\tc\nb\t\td\n", "a\tb\n\nlonger\tb\n", "a\tb\tc\nlonger\tb\nx\ty\tz", "\ta\n\tb\n", "a\t\n",
	} {
		out.Reset()
		var standard bytes.Buffer
		usual := tabwriter.NewWriter(&standard, 0, 0, 2, ' ', 0)
		fmt.Fprint(usual, text)
		fmt.Fprint(w, text)
		if err := w.Flush(); err != nil || usual.Flush() != nil || out.String() != standard.String() {
			t.Errorf("%q is %q, %v; want %q", text, out.String(), err, standard.String())
		}
	}
}
