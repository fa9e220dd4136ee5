package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"noren/search"
)

func TestKeywordMatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, field, keyword string
		want                 bool
	}{
		{"two characters", "山田花子", "山田", true},
		{"one character", "山田花子", "花", true},
		{"in the middle", "山田花子", "田花", true},
		{"another order", "山田花子", "花子山田", false},
		{"narrow space", "山田花子", "山田 花子", true},
		{"wide space", "山田　花子", "山田花子", true},
		{"space around", "山田花子", "  山田\t", true},
		{"hiragana for katakana", "ヤマダハナコ", "やまだ", true},
		{"katakana for hiragana", "やまだはなこ", "ヤマダ", true},
		{"half-width kana", "ヤマダハナコ", "ﾔﾏﾀﾞ", true},
		{"half-width kana stored", "ﾔﾏﾀﾞﾊﾅｺ", "やまだ", true},
		{"voiced is not unvoiced", "ヤマダ", "ヤマタ", false},
		{"iteration mark", "みすゞ", "ミスヾ", true},
		{"wide letters", "ＡＢＣ商事", "abc", true},
		{"case", "hanako@example.com", "HANAKO@", true},
		{"a letter that folds and then combines", "わ゙", "ヷ", true},
		{"number without hyphens", "03-1234-5678", "0312345678", true},
		{"number with hyphens", "0312345678", "03-1234", true},
		{"minus sign", "03−1234−5678", "03-1234", true},
		{"wide hyphen", "03－1234－5678", "031234", true},
		{"en and em dash", "03–1234—5678", "0312345678", true},
		{"long vowel mark in a number", "03ー1234ー5678", "0312345678", true},
		{"half-width long vowel mark in a number", "03ｰ1234", "031234", true},
		{"wide digits", "０３-１２３４", "031234", true},
		{"hyphen being typed", "090-1234-5678", "090-", true},
		{"hyphen in front", "090-1234-5678", "-1234", true},
		{"long vowel mark being typed", "090-1234-5678", "090ー", true},
		{"long vowel mark in a word stays", "スーパー", "スパ", false},
		{"long vowel mark in a word", "スーパー", "ーパー", true},
		{"long vowel mark alone", "スーパー", "ー", true},
		{"hyphen in a code stays", "AB-CD", "abcd", false},
		{"hyphen in a code", "AB-CD", "b-c", true},
		{"other hyphen in a code", "AB‐CD", "b-c", true},
		{"per cent is plain", "100%綿", "0%", true},
		{"per cent is no wildcard", "100綿", "1%綿", false},
		{"underscore is plain", "a_b", "a_b", true},
		{"underscore is no wildcard", "axb", "a_b", false},
		{"quote", `O"Neil`, `o"n`, true},
		{"variation selector", "葛\U000e0100城", "葛城", true},
		{"private character", "\ue000山", "\ue000", true},
		{"emoji", "花🌸子", "🌸", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			haystack := search.Haystack("MB0000000001", tt.field, "株式会社 暖簾")
			q := search.NewQuery(tt.keyword)
			needle := q.Needle
			if got := strings.Contains(haystack, needle); got != tt.want {
				t.Errorf("haystack %q contains needle %q: %t, want %t", haystack, needle, got, tt.want)
			}
			if missing := missingTokens(haystack, q); tt.want && missing != nil {
				t.Errorf("haystack %q has no tokens %q", haystack, missing)
			}
		})
	}
}

func TestFieldsStayApart(t *testing.T) {
	t.Parallel()
	haystack := search.Haystack("山田", "", " ", "\n", "花子")
	if want := "山田\n花子"; haystack != want {
		t.Errorf("haystack %q, want %q", haystack, want)
	}
	if needle := search.NewQuery("田\n花").Needle; strings.Contains(haystack, needle) {
		t.Errorf("needle %q matches across fields", needle)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	want := []string{"山", "田", "山田", "a", "aa"}
	if diff := cmp.Diff(want, search.Tokens(search.Haystack("山田", "Aaa"))); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestGrams(t *testing.T) {
	t.Parallel()
	haystack := search.Haystack("山123", "4567", "03-1234-5678", "ＡＢ12３4C567", "00000", "12-34", "1 2 3 5", "a.bcde@f", "b0000k7.", "000123")
	want := []string{"4567", "0312", "3123", "1234", "2345", "3456", "5678", "ab12", "b123", "234c", "34c5", "4c56", "c567", "0000", "1235", "bcde", "b000", "000k", "00k7", "0001", "0012", "0123", "4*k", "4*k7", "3*1", "3*12", "3*123"}
	if diff := cmp.Diff(want, search.Grams(haystack)); diff != "" {
		t.Errorf("grams of %q (-want +got):\n%s", haystack, diff)
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, keyword string
		want          search.Query
		beside        []string
	}{
		{"empty", "", search.Query{}, nil},
		{"blank", " 　\t", search.Query{}, nil},
		{"hyphens only", "-－", search.Query{}, nil},
		{"control characters only", "\x00\u200b", search.Query{}, nil},
		{"invalid UTF-8", "\xff山", search.Query{Needle: "山", Tokens: []string{"山"}}, []string{"山"}},
		{"one character", "Ａ", search.Query{Needle: "a", Tokens: []string{"a"}}, nil},
		{"pairs only", "山田花子", search.Query{Needle: "山田花子", Tokens: []string{"山田", "田花", "花子"}}, []string{"山田", "田花", "花子"}},
		{"three digits", "123", search.Query{Needle: "123", Tokens: []string{"12", "23"}}, nil},
		{
			"a number", "03-1234",
			search.Query{Needle: "031234", Tokens: []string{"03", "31", "12", "23", "34"}, Grams: []string{"0312", "3123", "1234"}},
			nil,
		},
		{
			"a code", "Ab1234c5",
			search.Query{Needle: "ab1234c5", Tokens: []string{"ab", "b1", "12", "23", "34", "4c", "c5"}, Grams: []string{"ab12", "b123", "1234", "234c", "34c5"}},
			nil,
		},
		{
			"a code of two numbers", "MB0012345",
			search.Query{Needle: "mb0012345", Tokens: []string{"mb", "b0", "00", "01", "12", "23", "34", "45"}, Grams: []string{"b001", "0012", "0123", "1234", "2345"}},
			nil,
		},
		{
			"a code that is filled up with zeros", "店-MB00000071",
			search.Query{Needle: "店-mb00000071", Tokens: []string{"店-", "-m", "mb", "b0", "00", "07", "71"}, Grams: []string{"6*71", "0071"}},
			[]string{"店-", "-m"},
		},
		{
			"a mail address", "Hana.5@example.jp",
			search.Query{
				Needle: "hana.5@example.jp", Grams: []string{"hana"},
				Tokens: []string{"ha", "an", "na", "a.", ".5", "5@", "@e", "ex", "xa", "am", "mp", "pl", "le", "e.", ".j", "jp"},
			},
			[]string{"a.", ".5", "5@", "@e", "e.", ".j"},
		},
		{
			"the host of one", "@abcd",
			search.Query{Needle: "@abcd", Tokens: []string{"@a", "ab", "bc", "cd"}, Grams: []string{"abcd"}},
			[]string{"@a"},
		},
		{
			"filled up with zeros", "0000099",
			search.Query{Needle: "0000099", Tokens: []string{"00", "09", "99"}, Grams: []string{"0099"}},
			nil,
		},
		{
			"little but zeros", "000003",
			search.Query{Needle: "000003", Tokens: []string{"00", "03"}, Grams: []string{"0000", "0003"}},
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := search.NewQuery(tt.keyword)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("NewQuery(%q) (-want +got):\n%s", tt.keyword, diff)
			}
			if !slices.Equal(got.BesideGrams(), tt.beside) {
				t.Errorf("beside grams NewQuery(%q) has %q, want %q", tt.keyword, got.BesideGrams(), tt.beside)
			}
		})
	}
}

func TestLongKeywordIsCut(t *testing.T) {
	t.Parallel()
	q := search.NewQuery(strings.Repeat("あいうえお", 1000))
	if n := utf8.RuneCountInString(q.Needle); n != search.MaxNeedle {
		t.Errorf("needle of %d characters, want %d", n, search.MaxNeedle)
	}
	if len(q.Tokens) != 5 {
		t.Errorf("%d tokens, want the 5 distinct pairs", len(q.Tokens))
	}
	var digits strings.Builder
	for i := range 100 {
		fmt.Fprintf(&digits, "%03d", i*7)
	}
	if q := search.NewQuery(digits.String()); len(q.Grams) != 32 || len(q.Tokens) > 32 {
		t.Errorf("%d grams and %d tokens are asked for, want at most 32 of each", len(q.Grams), len(q.Tokens))
	}
}

// numbers are telephone numbers and codes, of few digits, so that parts of them are alike.
func numbers() *rapid.Generator[string] {
	return rapid.StringMatching(`(MB|a)?[0-2]{2,4}[-ー]?[0-2]{1,4}(-[0-2]{4}|K[0-2]{5})?`)
}

// letters is what members' fields are made of, and what has to be told apart or folded together.
var letters = []rune("山田花子やまだヤマダｻﾄｳゞ゛ー-‐−－ AbＣ１2３4 @._%\\'\"\n🌸")

func TestWhatContainsTheNeedleHasItsTokens(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.StringOf(rapid.SampledFrom(letters)), numbers(), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfN(text, 1, 5).Draw(t, "fields")
		haystack := search.Haystack(fields...)
		field := []rune(rapid.SampledFrom(fields).Draw(t, "field"))
		from := rapid.IntRange(0, len(field)).Draw(t, "from")
		to := rapid.IntRange(from, len(field)).Draw(t, "to")
		keyword := rapid.OneOf(rapid.Just(string(field[from:to])), text).Draw(t, "keyword")
		q := search.NewQuery(keyword)
		if !strings.Contains(haystack, q.Needle) {
			return
		}
		if missing := missingTokens(haystack, q); missing != nil {
			t.Fatalf("haystack %q contains %q but has no tokens %q", haystack, q.Needle, missing)
		}
	})
}

// Combining marks are left out: a keyword cut off before one is another character, as it should be.
func TestAnyPartOfAFieldFindsIt(t *testing.T) {
	t.Parallel()
	letter := rapid.SampledFrom([]rune("山田やまだヤマダー-‐−－ AbＣ１2３4 @._%\\🌸"))
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.SliceOf(letter).Draw(t, "field")
		from := rapid.IntRange(0, len(field)).Draw(t, "from")
		to := rapid.IntRange(from, len(field)).Draw(t, "to")
		keyword := string(field[from:to])
		needle := search.NewQuery(keyword).Needle
		if strings.Trim(needle, "ー-") == "" {
			return // a long vowel mark alone may have been a hyphen in a number
		}
		if haystack := search.Haystack(string(field)); !strings.Contains(haystack, needle) {
			t.Fatalf("%q does not find %q: no %q in %q", keyword, string(field), needle, haystack)
		}
	})
}

// What normalize answers is a haystack of one field.
func FuzzHaystack(f *testing.F) {
	for _, seed := range []string{"", "山田 花子", "03-1234ー5678", "J\u030c", "わ\u3099", "\u0130", "1-\xff2", "1-\u00ad-2", "\u00a8\u0345"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := search.Haystack(s)
		if twice := search.Haystack(once); twice != once {
			t.Errorf("normalising %q gives %q, and that %q", s, once, twice)
		}
		if !utf8.ValidString(once) || strings.ContainsAny(once, "\x00\n ") {
			t.Errorf("normalising %q leaves white space, NUL or invalid UTF-8: %q", s, once)
		}
		q := search.NewQuery(s)
		if missing := missingTokens(search.Haystack(q.Needle), q); missing != nil {
			t.Errorf("needle %q of %q has no tokens %q itself", q.Needle, s, missing)
		}
	})
}

// missingTokens answers what an index of the haystack does not have of what a query asks of it.
func missingTokens(haystack string, q search.Query) []string {
	have := make(map[string]bool)
	for _, token := range slices.Concat(search.Tokens(haystack), search.Grams(haystack)) {
		have[token] = true
	}
	var missing []string
	for _, token := range slices.Concat(q.Tokens, q.Grams, q.BesideGrams()) {
		if !have[token] {
			missing = append(missing, token)
		}
	}
	return missing
}
