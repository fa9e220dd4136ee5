package wire

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func decodeAny(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestJSONKeepsOrderAndEscapesLittle(t *testing.T) {
	t.Parallel()
	got := string(JSON(Map{
		{"z", nil},
		{"a", "<あ&>/\"\n"},
		{"n", -5},
		{"big", int64(1) << 60},
		{"yes", true},
		{"none", (*string)(nil)},
		{"some", new("x")},
		{"raw", Raw(`{"k":1}`)},
		{"list", []string{"a", "b"}},
		{"maps", []Map{{{"a", 1}}, nil}},
		{"any", []any{1, "x", nil}},
	}))
	want := `{"z":null,"a":"<あ&>/\"\n","n":-5,"big":1152921504606846976,"yes":true,"none":null,"some":"x",` +
		`"raw":{"k":1},"list":["a","b"],"maps":[{"a":1},{}],"any":[1,"x",null]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever text is written, valid or not, is one JSON string that Parse takes.
func TestTextsAreAlwaysJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		v, problem := Parse(JSON(text))
		if problem != nil {
			t.Fatal(problem)
		}
		if back, ok := v.Text(); !ok || Storable(text) && back != text {
			t.Fatalf("%q came back as %q", text, back)
		}
	})
}

type pair struct{ a, b string }

func pairView() View[pair] {
	return View[pair]{
		{Name: "a", Value: func(p pair) any { return p.a }, Enum: []string{"1", "2"}},
		{Name: "b", Value: func(p pair) any { return &p.b }, Nullable: true},
	}
}

func TestViewWritesTheKeysAskedFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		only []string
		want string
	}{
		{nil, `[{"a":"1","b":"x"},{"a":"2","b":"y"}]`},
		{[]string{"b", "a"}, `[{"a":"1","b":"x"},{"a":"2","b":"y"}]`},
		{[]string{"b", "unknown"}, `[{"b":"x"},{"b":"y"}]`},
		{[]string{"unknown"}, `[{},{}]`},
	}
	for _, tt := range tests {
		got := string(pairView().Only(tt.only).List([]pair{{"1", "x"}, {"2", "y"}}))
		if got != tt.want {
			t.Errorf("%v: %s", tt.only, got)
		}
	}
	if got := string(pairView().List(nil)); got != "[]" {
		t.Error(got)
	}
}

func TestDocumentIsValidAndDeterministic(t *testing.T) {
	t.Parallel()
	doc := Document{
		Title: "Cards", Version: "1", Description: "A test.",
		Servers: []APIServer{{URL: "/{shop}/api", Variables: []Pair{{"shop", "s1"}}}},
		Operations: []Operation{
			{
				Method: "GET", Path: "/cards/{id}", ID: "getCard", Summary: "One card", Scheme: "bearer", Scopes: []string{"read", "write"},
				Parameters: []Parameter{{Name: "id", In: "path", Schema: IntegerSchema("number")}, {Name: "fields", In: "query", Schema: TextSchema("")}},
				Responses:  []Response{{Status: 200, Details: "The card", Content: &Content{"application/json", Reference("card")}}},
			},
			{
				Method: "PATCH", Path: "/cards/{id}", ID: "patchCard", Summary: "Change", Servers: []APIServer{{URL: "/"}},
				Parameters: []Parameter{{Name: "id", In: "path", Schema: IntegerSchema("number")}},
				Body:       &Content{"application/json", cardTable().Schema()},
				Responses: []Response{{
					Status: 200, Details: "Done", Headers: []Parameter{{Name: "Link", Schema: TextSchema("next page"), Details: "paging"}},
				}},
			},
		},
		Schemas:  []Property{{"card", pairView().Schema()}},
		Security: []Pair{{"bearer", Map{{"type", "http"}, {"scheme", "bearer"}}}},
	}
	text := doc.JSON()
	if string(text) != string(doc.JSON()) {
		t.Error("the document differs from one time to the next")
	}
	loaded, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if op := loaded.Paths.Find("/cards/{id}").Get; len(*op.Security) != 2 || !op.Parameters[0].Value.Required {
		t.Errorf("the operation lost its security or parameter: %s", text)
	}
}
