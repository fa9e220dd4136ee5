package search_test

import (
	"strings"
	"testing"
	"unicode/utf8"

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
		{"variant of a kanji", "髙橋", "高橋", true},
		{"variant of a kanji in the keyword", "渡辺", "渡邉", true},
		{"another variant of the same", "渡邊", "渡邉", true},
		{"variants beyond the first plane", "𠮷田", "吉田", true},
		{"a kanji that only looks alike", "太田", "大田", false},
		{"words in another order", "山田花子", "花子 山田", true},
		{"words of several fields", "山田花子", "暖簾 花子　MB0000000001", true},
		{"one word too many", "山田花子", "山田 太郎", false},
		{"words that overlap", "山田花子", "山田花 田花子", true},
		{"a dash between words", "山田花子", "山田 - 花子", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			haystack := search.Haystack("MB0000000001", tt.field, "株式会社 暖簾")
			if got := finds(t, haystack, search.NewQuery(tt.keyword)); got != tt.want {
				t.Errorf("%q finds %q: %t, want %t", tt.keyword, haystack, got, tt.want)
			}
		})
	}
}

// TestTyped has what people type for a number or a day, and what APIs do not find by it.
func TestTyped(t *testing.T) {
	t.Parallel()
	keys := search.Keys{
		Phones: []string{"03(1234)5678", "+81 90-1111-2222"}, PostalCode: "100-0001", BirthDate: "1990-01-02", ShopifyID: "6757085806881",
		CustomerNo: "Czn-00042",
	}
	haystack := keys.With(search.Haystack("山田花子", "MB0000000001", "03(1234)5678", "+81 90-1111-2222", "080-3333-4444"))
	for keyword, want := range map[string]bool{
		"0312345678": true, "03-1234-5678": true, "(03) 1234-5678": true, "03.1234.5678": true, "03 1234 5678": true, "+81 3 1234 5678": true,
		"１２３４－５６７８": true, "1234.5678": true, "5678": true, "+81 (0)3 1234 5678": true, "090-1111-2222": true, "81-90-1111-2222": true,
		"+819011112222": true, "+81 80 3333 4444": true, "080 3333 4444": true, "0803333444": true, "819011112222": true,
		"090-2222-1111": false, "56780901": false, "56789": false, "+81 90 3333 4444": false,
		"100-0001": true, "1000001": true, "〒100-0001": true, "〒 100ー0001": true, "１００−０００１": true, "〒１０００００１": true,
		"100 0001": true, "〒100 0001": true, "〒 １００　０００１": true, "山田 100 0001": true, "100 0001 花子": true, "100 0002": false,
		"100-0002": false, "000-1100": false, "1000001199": false,
		"1990-01-02": true, "1990/1/2": true, "19900102": true, "1990年1月2日": true, "平成2年1月2日": true, "H2.1.2": true, "１９９０／０１／０２": true,
		"1990-02-01": false, "1990-1-20": false, "0102": false,
		"6757085806881": true, "675708": true, "7085806881": false, "67570": false,
		"CZN-00042": true, "czn00042": true, "ＣＺＮ－０００": true, "czn": true, "山田 czn-00042": true, "00042": false, "czn-00043": false, "cz会": false,
		"cyn": false, "0zn": false, "czn\x0b": true, "山田 1990/1/2": true, "花子 山田 090 1111 2222": true, "080 3333 4444 花子": true, "佐藤 1990/1/2": false, "MB0000000001 〒100-0001": true,
		"": true, "〒": false, "- 山田": true, "K": false, "u199": false, "XDBCD": false, "4": true,
	} {
		if got := finds(t, haystack, search.Typed(keyword)); got != want {
			t.Errorf("%q typed finds %q: %t", keyword, haystack, got)
		}
	}
	for _, keyword := range []string{"0312345678", "09011112222", "1000001", "19900102", "6757085806881", "UKTTKKLKM", "ADBCDEFGHI", "czn-00042", "Y\x10", "c"} {
		if finds(t, haystack, search.NewQuery(keyword)) {
			t.Errorf("%q finds %q", keyword, haystack)
		}
	}
	if without := (search.Keys{Phones: []string{"080-3333-4444", "", "内線12"}}).With("x"); without != "x" {
		t.Errorf("what the haystack has already makes it %q", without)
	}
}

// TestPhonesTyped: a number is found however it is stored and typed, by each part of it that is long enough.
func TestPhonesTyped(t *testing.T) {
	t.Parallel()
	sign := rapid.SampledFrom([]string{"", "", "-", ".", "(", ")", " ", "ー", "－"})
	written := func(t *rapid.T, digits, name string) string {
		var b strings.Builder
		for _, d := range digits {
			b.WriteString(sign.Draw(t, name) + rapid.SampledFrom([]string{string(d), string(d - '0' + '０')}).Draw(t, name))
		}
		return b.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		number := "0" + rapid.StringMatching("[1-9][0-9]{8,9}").Draw(t, "number")
		forms := []string{number, "+81" + number[1:]}
		stored := written(t, rapid.SampledFrom(forms).Draw(t, "form"), "stored")
		stored = strings.ReplaceAll(strings.ReplaceAll(stored, "＋", "+"), string('+'-'0'+'０'), "+")
		from := rapid.IntRange(0, len(number)-5).Draw(t, "from")
		part := number[from:rapid.IntRange(from+5, len(number)).Draw(t, "to")]
		typed := strings.ReplaceAll(written(t, part, "typed"), " ", "")
		if rapid.Bool().Draw(t, "whole") {
			typed = written(t, number, "typed")
		}
		haystack := search.Keys{Phones: []string{stored}}.With(search.Haystack("山田", stored))
		if !finds(t, haystack, search.Typed(typed)) {
			t.Fatalf("%q does not find %q as %q", typed, stored, haystack)
		}
	})
}

// TestGivenNameFirst: a whole name is found whichever part comes first, with a blank or without one.
func TestGivenNameFirst(t *testing.T) {
	t.Parallel()
	haystack := search.Haystack(search.Name("山田", "花子"), search.Name("ﾔﾏﾀﾞ", "はなこ"), search.Name("", "Hanako"), search.Name("高﨑", ""))
	for keyword, want := range map[string]bool{
		"山田花子": true, "花子山田": true, "花子 山田": true, "花子山": true, "はなこやまだ": true, "ヤマダハナコ": true, "ﾊﾅｺﾔﾏﾀﾞ": true,
		"hanakohanako": false, "高崎高崎": false, "花子花子": false, "山田山田": false, "花子ヤマダ": false,
	} {
		if got := finds(t, haystack, search.Typed(keyword)); got != want {
			t.Errorf("%q finds %q: %t", keyword, haystack, got)
		}
	}
}

func TestFieldsStayApart(t *testing.T) {
	t.Parallel()
	haystack := search.Haystack("山田", "", " ", "\n", "花子")
	if want := "山田\n花子"; haystack != want {
		t.Errorf("haystack %q, want %q", haystack, want)
	}
	if finds(t, haystack, search.NewQuery("田花")) {
		t.Error("a word matches across fields")
	}
}

// What is stored in tables keeps variants apart, as what was written before does.
func TestStored(t *testing.T) {
	t.Parallel()
	if got, want := search.Stored("髙級　緑茶", "Ｐ-001"), "髙級緑茶\np-001"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
	for keyword, want := range map[string]string{"ﾘｮｸﾁｬ ": "リョクチャ", "-090-": "090", "　": "", "髙級 緑茶": "髙級緑茶"} {
		if got := search.StoredNeedle(keyword); got != want {
			t.Errorf("the needle of %q is %q, want %q", keyword, got, want)
		}
	}
	if n := utf8.RuneCountInString(search.StoredNeedle(strings.Repeat("あいうえお", 1000))); n != search.MaxNeedle {
		t.Errorf("a needle of %d characters, want %d", n, search.MaxNeedle)
	}
}

func TestKeywordThatSaysNothing(t *testing.T) {
	t.Parallel()
	for _, keyword := range []string{"", " 　\t", "-－", "- －", "\x00\u200b", "\xff"} {
		if q := search.NewQuery(keyword); !q.Empty() || !q.Matches("") {
			t.Errorf("%q says something: %+v", keyword, q)
		}
	}
	if search.NewQuery("\xff山").Empty() {
		t.Error("a keyword with invalid UTF-8 beside a character says nothing")
	}
}

// What is beyond the limits of a keyword does not keep it from finding.
func TestLongKeywordIsCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("あいうえお", 100)
	if !finds(t, search.Haystack(long[:3*search.MaxNeedle]), search.NewQuery(long)) {
		t.Error("what is beyond the longest needle is asked for")
	}
	if !finds(t, search.Haystack("一二三四五六七八"), search.NewQuery("一 二 三 四 五 六 七 八 九")) {
		t.Error("what is beyond the most words is asked for")
	}
}

// Combining marks are left out: a keyword cut off before one is another character, as it should be.
func TestAnyPartOfAFieldFindsIt(t *testing.T) {
	t.Parallel()
	letter := rapid.SampledFrom([]rune("山田髙邉やまだヤマダー-‐−－ AbＣ１2３4 @._%\\🌸"))
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.SliceOf(letter).Draw(t, "field")
		from := rapid.IntRange(0, len(field)).Draw(t, "from")
		to := rapid.IntRange(from, len(field)).Draw(t, "to")
		keyword := string(field[from:to])
		if strings.Trim(keyword, "ー-‐−－ ") == "" {
			return // a long vowel mark alone may have been a hyphen in a number
		}
		if haystack := search.Haystack(string(field)); !finds(t, haystack, search.NewQuery(keyword)) {
			t.Fatalf("%q does not find %q as %q", keyword, string(field), haystack)
		}
	})
}

// What is found by the quick way of most names is found by the long one: a text is the same beside a character that needs it.
func TestNamesAreFoldedAsEverythingIs(t *testing.T) {
	t.Parallel()
	letter := rapid.RuneFrom([]rune("山田髙々やまだがヤマダガー- AbZ12@.ヴヶ"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(letter).Draw(t, "text")
		quick, long := search.Haystack("|"+text), search.Haystack("🌸|"+text)
		if "🌸"+quick != long {
			t.Fatalf("%q becomes %q, and beside another character %q", text, quick, long)
		}
	})
}

// A text in its normal form is a haystack of one field.
func FuzzHaystack(f *testing.F) {
	for _, seed := range []string{"", "山田 花子", "03-1234ー5678", "J\u030c", "わ\u3099", "\u0130", "1-\xff2", "1-\u00ad-2", "\u00a8\u0345", "髙邉"} {
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
		if found := finds(t, search.Haystack(s), search.NewQuery(once)); once != "" && strings.Trim(once, "-ー") != "" && !found {
			t.Errorf("%q is not found by itself", once)
		}
	})
}

// fataler is what tests and property tests have in common.
type fataler interface {
	Helper()
	Errorf(format string, args ...any)
}

// finds reports whether the query finds the haystack, alone and through an index.
func finds(t fataler, haystack string, q search.Query) bool {
	t.Helper()
	var b search.Builder
	b.Add(7, haystack)
	x := b.Index()
	found := q.Empty()
	if !q.Empty() {
		for id := range x.Hits(q, search.Range{From: 7, To: 7}, false) {
			found = found || id == 7
		}
		if matches := q.Matches(haystack); found != matches || x.Has(q, 7) != matches {
			t.Errorf("%+v matches %q: %t; through the index %t", q, haystack, matches, found)
		}
	}
	return found
}
