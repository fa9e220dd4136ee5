package noren

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestFieldTellsAbsentNullAndValueApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		field            Field[string]
		given, null, set bool
		value            string
		body             string // of an object with the field as "f"
	}{
		{name: "absent", field: Field[string]{}, body: `{}`},
		{name: "null", field: Null[string](), given: true, null: true, body: `{"f":null}`},
		{name: "empty", field: Set(""), given: true, set: true, body: `{"f":""}`},
		{name: "value", field: Set("山田"), given: true, set: true, value: "山田", body: `{"f":"山田"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checkField(t, c.field, c.given, c.null, c.set, c.value)

			holder := struct {
				F Field[string] `json:"f,omitzero"`
			}{c.field}
			body, err := json.Marshal(holder)
			if err != nil || string(body) != c.body {
				t.Fatalf("written as %s, error %v; want %s", body, err, c.body)
			}
			holder.F = Field[string]{}
			if err := json.Unmarshal(body, &holder); err != nil {
				t.Fatal(err)
			}
			checkField(t, holder.F, c.given, c.null, c.set, c.value)
		})
	}
}

func checkField(t *testing.T, f Field[string], given, null, set bool, want string) {
	t.Helper()
	value, ok := f.Value()
	if f.Given() != given || f.IsNull() != null || ok != set || value != want {
		t.Errorf("given %t, null %t, set %t, value %q; want %t, %t, %t, %q", f.Given(), f.IsNull(), ok, value, given, null, set, want)
	}
	if p := f.Ptr(); (p != nil) != set || set && *p != want {
		t.Errorf("Ptr returns %v, want a pointer: %t", p, set)
	}
}

func TestFieldIsOverwrittenWhenReadAgain(t *testing.T) {
	t.Parallel()
	f := Set(int64(5))
	if err := json.Unmarshal([]byte(`null`), &f); err != nil || !f.IsNull() {
		t.Errorf("null read over 5: %v, error %v", f, err)
	}
	if err := json.Unmarshal([]byte(`"text"`), &f); err == nil {
		t.Error("a text was read as a number")
	}
}

func TestFieldRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Null[int64]()
		if p := rapid.Ptr(rapid.Int64(), true).Draw(t, "value"); p != nil {
			want = Set(*p)
		}
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Field[int64]
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if got.Given() != want.Given() || Deref(got.Ptr()) != Deref(want.Ptr()) || got.IsNull() != want.IsNull() {
			t.Errorf("%v came back as %v", want, got)
		}
	})
}
