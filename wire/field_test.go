package wire

import (
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"noren"
)

// card is what the tests decode into.
type card struct {
	ID    int64
	Name  noren.Field[string]
	Code  noren.Field[string]
	Count noren.Field[int64]
	Rate  noren.Field[noren.Hundredths]
	Day   noren.Field[noren.Date]
	Mail  noren.Field[bool]
	Memo  *string
}

func cardTable() Table[card] {
	printable := Pattern{Name: "printable", Expr: regexp.MustCompile(`^[ -~]+$`)}
	return NewTable(
		Integer("id", ToValue(func(c *card) *int64 { return &c.ID })).Between(1, 9_999_999_999).Must(),
		Text("name", To(func(c *card) *noren.Field[string] { return &c.Name })).AtMost(5),
		Text("code", To(func(c *card) *noren.Field[string] { return &c.Code })).AtMost(4).Like(printable).OrNull(),
		Integer("count", To(func(c *card) *noren.Field[int64] { return &c.Count })).Between(-10, 10).OrNull(),
		Decimal("rate", To(func(c *card) *noren.Field[noren.Hundredths] { return &c.Rate })).Between(0, 9_999_999).OrNull(),
		Date("day", To(func(c *card) *noren.Field[noren.Date] { return &c.Day })).OrNull(),
		Enum("mail", []Choice[bool]{{"0", false}, {"1", true}}, To(func(c *card) *noren.Field[bool] { return &c.Mail })),
		Nested("history", NewTable(
			Text("memo", ToPointer(func(c *card) **string { return &c.Memo })).AtMost(3).OrNull(),
		)).OrNull(),
	)
}

func decodeCard(t interface{ Fatal(...any) }, table Table[card], body string) (card, []string) {
	o, problem := ParseObject([]byte(body))
	if problem != nil {
		t.Fatal(body, problem)
	}
	var c card
	var found []string
	for _, p := range table.Decode(o, "/cards/0", &c) {
		found = append(found, p.Error())
	}
	return c, found
}

func TestDecodeKeepsAbsentNullAndValueApart(t *testing.T) {
	t.Parallel()
	got, problems := decodeCard(t, cardTable(), `{"id":"007","code":null,"count":-5,"rate":"1.5","mail":1,"new":{},"history":{"memo":"あいう"}}`)
	if problems != nil {
		t.Fatal(problems)
	}
	want := card{
		ID: 7, Code: noren.Null[string](), Count: noren.Set[int64](-5), Rate: noren.Set[noren.Hundredths](150),
		Mail: noren.Set(true), Memo: new("あいう"),
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(noren.Field[string]{}, noren.Field[int64]{},
		noren.Field[noren.Hundredths]{}, noren.Field[noren.Date]{}, noren.Field[bool]{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeNamesEveryProblem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       []string
	}{
		{"missing", `{}`, []string{"/cards/0/id: missing"}},
		{"null", `{"id":null,"name":null,"mail":null}`, []string{"/cards/0/id: null", "/cards/0/name: null", "/cards/0/mail: null"}},
		{"wrong types", `{"id":{},"name":1,"code":[],"count":true,"rate":[],"day":20000101,"mail":{},"history":"x"}`, []string{
			"/cards/0/id: wrong_type", "/cards/0/name: wrong_type", "/cards/0/code: wrong_type", "/cards/0/count: wrong_type",
			"/cards/0/rate: wrong_type", "/cards/0/day: wrong_type", "/cards/0/mail: wrong_type", "/cards/0/history: wrong_type",
		}},
		{"too long counts characters", `{"id":1,"name":"あいうえおか","history":{"memo":"あいうえ"}}`, []string{
			"/cards/0/name: too_long", "/cards/0/history/memo: too_long",
		}},
		{"just long enough", `{"id":1,"name":"あいうえ😀"}`, nil},
		{"NUL", `{"id":1,"name":"a\u0000"}`, []string{"/cards/0/name: nul"}},
		{"pattern", `{"id":1,"code":"あ"}`, []string{"/cards/0/code: pattern"}},
		{"no integers", `{"id":"1.0","count":1.0}`, []string{"/cards/0/id: not_integer", "/cards/0/count: not_integer"}},
		{"odd integers", `{"id":"+1","count":" 1"}`, []string{"/cards/0/id: not_integer", "/cards/0/count: not_integer"}},
		{"full-width digits", `{"id":"１"}`, []string{"/cards/0/id: not_integer"}},
		{"exponent", `{"id":1e3}`, []string{"/cards/0/id: not_integer"}},
		{"out of range", `{"id":"10000000000","count":-11}`, []string{"/cards/0/id: range", "/cards/0/count: range"}},
		{"beyond 64 bits", `{"id":99999999999999999999999999}`, []string{"/cards/0/id: range"}},
		{"zero", `{"id":0}`, []string{"/cards/0/id: range"}},
		{"decimals", `{"id":1,"rate":"1.234"}`, []string{"/cards/0/rate: decimal"}},
		{"negative decimal", `{"id":1,"rate":-1}`, []string{"/cards/0/rate: decimal"}},
		{"decimal out of range", `{"id":1,"rate":"100000"}`, []string{"/cards/0/rate: range"}},
		{"no such day", `{"id":1,"day":"2026-02-30"}`, []string{"/cards/0/day: date"}},
		{"day of another form", `{"id":1,"day":"2026/02/03"}`, []string{"/cards/0/day: date"}},
		{"enum", `{"id":1,"mail":"2"}`, []string{"/cards/0/mail: enum"}},
		{"names are exact", `{"ID":1}`, []string{"/cards/0/id: missing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, got := decodeCard(t, cardTable(), tt.body)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequiringRefusesNullAndEmpty(t *testing.T) {
	t.Parallel()
	plain := cardTable()
	strict := plain.Requiring([]string{"name", "code", "unknown"})
	if _, got := decodeCard(t, strict, `{"id":1,"name":"","code":null}`); !cmp.Equal(got, []string{"/cards/0/name: empty", "/cards/0/code: null"}) {
		t.Error(got)
	}
	if _, got := decodeCard(t, strict, `{"id":1}`); got != nil {
		t.Errorf("absent fields stay allowed: %v", got)
	}
	if _, got := decodeCard(t, plain, `{"id":1,"name":"","code":null}`); got != nil {
		t.Errorf("the original table has changed: %v", got)
	}
}

// An id is the same however it is written.
func TestIntegersAreCanonical(t *testing.T) {
	t.Parallel()
	table := cardTable()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 9_999_999_999).Draw(t, "n")
		zeros := strings.Repeat("0", rapid.IntRange(0, 30).Draw(t, "zeros"))
		number, _ := decodeCard(t, table, string(JSON(Map{{"id", n}})))
		text, problems := decodeCard(t, table, string(JSON(Map{{"id", zeros + string(JSON(n))}})))
		if problems != nil || number.ID != n || text.ID != n {
			t.Fatalf("%d became %d and %d: %v", n, number.ID, text.ID, problems)
		}
	})
}

// What the published schema accepts, the table accepts, and the other way round, but for ranges inside strings.
func TestSchemaAgreesWithDecoding(t *testing.T) {
	t.Parallel()
	table := cardTable()
	var schema openapi3.Schema
	if err := schema.UnmarshalJSON(JSON(table.Schema().Map())); err != nil {
		t.Fatal(err)
	}
	bodies := []string{
		`{"id":1}`, `{"id":"1"}`, `{}`, `{"id":null}`, `{"id":0}`, `{"id":1.5}`, `{"id":"x"}`, `{"id":1,"name":"123456"}`,
		`{"id":1,"name":null}`, `{"id":1,"code":null}`, `{"id":1,"code":"あ"}`, `{"id":1,"count":11}`, `{"id":1,"count":-10}`,
		`{"id":1,"count":"-10"}`, `{"id":1,"rate":1.25}`, `{"id":1,"rate":"1.255"}`, `{"id":1,"mail":1}`, `{"id":1,"mail":"1"}`,
		`{"id":1,"mail":2}`, `{"id":1,"mail":null}`, `{"id":1,"history":null}`, `{"id":1,"history":{"memo":"1234"}}`,
		`{"id":1,"history":{"memo":null}}`, `{"id":1,"other":1}`, `{"id":1,"day":5}`,
	}
	for _, body := range bodies {
		o, _ := ParseObject([]byte(body))
		var c card
		accepted := len(table.Decode(o, "", &c)) == 0
		err := schema.VisitJSON(decodeAny(t, body), openapi3.EnableJSONSchema2020())
		if accepted != (err == nil) {
			t.Errorf("%s: decoded %v, but the schema says %v", body, accepted, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"1","name":"a","code":"b","count":5,"rate":"0.5","day":"2026-01-02","mail":"1","history":{"memo":"m"}}`))
	f.Add([]byte(`{"id":99999999999999999999,"day":"2026-02-30","rate":1e9,"mail":[],"history":[]}`))
	table := cardTable()
	f.Fuzz(func(t *testing.T, body []byte) {
		o, problem := ParseObject(body)
		if problem != nil {
			return
		}
		var c card
		for _, p := range table.Decode(o, "/x", &c) {
			if p.Field == "" || p.Facts == nil || !strings.HasPrefix(p.Path, "/x/") {
				t.Errorf("%+v does not say where it is", p)
			}
		}
	})
}
