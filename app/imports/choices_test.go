package imports_test

import (
	"fmt"
	"strings"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/csvfile"
)

// TestJapaneseChoices: what a refusal offers in Japanese are words of that language, and an import takes each of them.
func TestJapaneseChoices(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for _, c := range []struct {
		kind       noren.ImportKind
		head, line string
		wants      string
	}{
		{noren.ImportMembers, "code,status", "N%d,%s", "仮会員、利用可、利用停止、紛失、退会、名寄せ、0–4"},
		{noren.ImportMembers, "code,sex", "S%d,%s", "男性、女性、その他、0、1、2"},
		{noren.ImportPoints, "member,id,amount,type", "M1,c%d,5,%s", "通常、有償"},
	} {
		problemsOf := func(n int, word string) []noren.ImportProblem {
			draft, err := b.Imports.Draft(b.Ctx, b.Caller, c.kind, apptest.ImportFile(c.head, fmt.Sprintf(c.line, n, word)))
			if err != nil {
				t.Fatal(err)
			}
			p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{})
			if err != nil {
				t.Fatal(err)
			}
			return p.Problems
		}
		problems := problemsOf(0, "ほげ")
		if len(problems) != 1 {
			t.Fatalf("%s: %v", c.head, problems)
		}
		offered := csvfile.LimitIn(problems[0], true)
		apptest.Same(t, c.head, c.wants, offered)
		for n, word := range strings.Split(offered, "、") {
			if word == "0–4" {
				continue
			}
			for _, p := range problemsOf(n+1, word) {
				if p.Reason == noren.ReasonUnknownWord {
					t.Errorf("%s: %q is offered and refused", c.head, word)
				}
			}
		}
	}
}
