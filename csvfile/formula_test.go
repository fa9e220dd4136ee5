package csvfile

import (
	"testing"

	"pgregory.net/rapid"

	"noren"
)

// TestDefused has what spreadsheet programs read as a formula, and what they do not. What is defused is read back as it was.
func TestDefused(t *testing.T) {
	t.Parallel()
	for cell, dangerous := range map[string]bool{
		"": false, "山田": false, "a=b": false, "1+1": false, "'": false, "''": false, "'it": false, " x": false, "\u3000": false,
		"=1+1": true, "+1": true, "-1": true, "@SUM(A1)": true, "\t=1": true, "\r=1": true, "\n=1": true, "\tx": true, "\nx": true,
		" =1+1": true, "\u3000=1": true, "\u00a0@x": true, "\u200b=1": true, "\ufeff=1": true, "\r\n +1": true, "\x00=1": true,
		"＝1+1": true, "＋1": true, "－1": true, "＠x": true, "\u3000＝1": true, "\u22121": true, "\ufe661": true,
		"'=1": true, "'' ＝1": true, "\t": true, "'1": true, "''0a": true, " '0": true, "1": false, "'\tx": true,
	} {
		got := Defused(cell)
		if (got != cell) != dangerous || dangerous && got != "'"+cell {
			t.Errorf("%q becomes %q", cell, got)
		}
		if back := disarmed(got); back != cell && dangerous {
			t.Errorf("%q is read back as %q", cell, back)
		}
	}
}

// TestApostrophesComeBack: whatever the text, a cell is read as the text that was written, but for what cannot be seen around it.
func TestApostrophesComeBack(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("'= \u3000\t\r\n1aﾞ\"\u200b＝"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(letters, 0, 7, -1).Draw(t, "text")
		if got := plain(Defused(text)); got != noren.Trimmed(text) {
			t.Fatalf("%q is written as %q and read as %q", text, Defused(text), got)
		}
	})
}
