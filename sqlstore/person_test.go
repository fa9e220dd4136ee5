package sqlstore

import (
	"testing"

	"noren"
)

// TestQuotedValues finds what people are known by in JSON, in any case and however it is escaped, and not inside longer texts.
func TestQuotedValues(t *testing.T) {
	t.Parallel()
	p := peopleOf([]noren.Person{{MemberID: 1, Values: []string{"A&B@example.com"}}, {MemberID: 2, Values: []string{"山田"}}})
	for text, want := range map[string]int64{
		`{"e":"a&b@EXAMPLE.com"}`:      1,
		`{"e":"a\u0026b@example.com"}`: 1,
		`{"e":"xa&b@example.com"}`:     0,
		`{"n":"山田"}`:                   2,
		`{"n":"山田川"}`:                  0,
	} {
		got := p.quotedIn([]byte(text))
		if want == 0 && len(got) == 0 || len(got) == 1 && got[0] == want {
			continue
		}
		t.Errorf("%s: members %v, want %d", text, got, want)
	}
}
