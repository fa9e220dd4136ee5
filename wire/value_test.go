package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       Code
		path       string
	}{
		{"empty", "", Malformed, ""},
		{"blank", " \n", Malformed, ""},
		{"cut off", `{"a":`, Malformed, "/a"},
		{"single quotes", `{'a':1}`, Malformed, ""},
		{"trailing comma", `{"a":[1,]}`, Malformed, "/a"},
		{"leading zero", `{"a":01}`, Malformed, ""},
		{"two byte order marks", "\ufeff\ufeff{}", Malformed, ""},
		{"byte order mark alone", "\ufeff", Malformed, ""},
		{"lone surrogate", `{"a":"\ud800"}`, Malformed, "/a"},
		{"control character", "{\"a\":\"\n\"}", Malformed, "/a"},
		{"name twice", `{"a":{"b":1,"b":2}}`, Duplicate, "/a/b"},
		{"name twice, once escaped", `{"b":1,"\u0062":2}`, Duplicate, "/b"},
		{"two values", `{} {}`, Trailing, ""},
		{"bytes behind", `{}x`, Trailing, ""},
		{"not UTF-8", "{\"a\":\"\xff\"}", NotUTF8, ""},
		{"65 arrays", strings.Repeat("[", 65) + strings.Repeat("]", 65), TooDeep, ""},
		{"100,000 arrays", strings.Repeat("[", 100_000), TooDeep, ""},
		{"100,000 objects", strings.Repeat(`{"a":`, 100_000), TooDeep, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problem := Parse([]byte(tt.body))
			if problem == nil {
				t.Fatal("it was parsed")
			}
			if problem.Code != tt.want {
				t.Errorf("code %s, want %s (%v)", problem.Code, tt.want, problem)
			}
			if tt.path != "" && problem.Path != tt.path {
				t.Errorf("path %q, want %q", problem.Path, tt.path)
			}
		})
	}
}

func TestParseTakes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"\ufeff{}", `null`, ` {} `, `"a"`, `-0`, `1e400`, `{"":0}`, "{\"\\u0000\":\"\\u0000\"}", `"[[[[{{{{\""`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64),
		"[" + strings.Repeat("[],", 1000) + "[]]",
	} {
		if _, problem := Parse([]byte(body)); problem != nil {
			t.Errorf("%s: %v", body, problem)
		}
	}
}

func TestParseObjectWantsAnObject(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`null`, `[]`, `"a"`, `1`, `true`} {
		_, problem := ParseObject([]byte(body))
		if problem == nil || problem.Code != WrongType || problem.Facts.Type != TypeObject {
			t.Errorf("%s: %v", body, problem)
		}
	}
}

func TestObjectKeepsOrderAndText(t *testing.T) {
	t.Parallel()
	o, problem := ParseObject([]byte(`{"b" : "\u3042\"", "a":[1, {"x":2},"y"], "\u0063":null , "n":-1.50}`))
	if problem != nil {
		t.Fatal(problem)
	}
	var names []string
	for _, m := range o {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"b", "a", "c", "n"}, names); diff != "" {
		t.Error(diff)
	}
	if text, ok := o.Get("b").Text(); !ok || text != `あ"` {
		t.Errorf("b is %q", text)
	}
	if text, ok := o.Get("n").Number(); !ok || text != "-1.50" {
		t.Errorf("n is %q", text)
	}
	if _, ok := o.Get("n").Text(); ok {
		t.Error("a number is no text")
	}
	if !o.Get("c").IsNull() || o.Get("d").IsNull() || o.Get("d").Exists() {
		t.Error("null and absent are to be told apart")
	}
	first, n, ok := o.Get("a").Array(2)
	if !ok || n != 3 || len(first) != 2 || string(first[1].Raw()) != `{"x":2}` {
		t.Errorf("a is %q of %d", first, n)
	}
	if _, _, ok := o.Get("b").Array(1); ok {
		t.Error("a text is no array")
	}
	if _, ok := o.Get("a").Object(); ok {
		t.Error("an array is no object")
	}
}

func TestSameNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{`{}`, `{}`, true},
		{`{"a":1,"b":2}`, `{"a":3,"b":null}`, true},
		{`{"a":1,"b":2}`, `{"b":1,"a":2}`, true},
		{`{"a":1,"b":2}`, `{"a":1}`, false},
		{`{"a":1,"b":2}`, `{"a":1,"c":2}`, false},
		{`{"a":1}`, `{"A":1}`, false},
		{`{}`, `{"a":1}`, false},
	}
	for _, tt := range tests {
		a, _ := ParseObject([]byte(tt.a))
		b, _ := ParseObject([]byte(tt.b))
		if got := a.SameNames(b); got != tt.want {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
}

// FuzzParse checks that nothing makes the parser panic, and that what it took can be walked to its end.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		`{"a":[1,{"b":"\u3042"}],"c":null}`, `[[[]]]`, `{"a":1,"a":2}`, "\xff", `{} {}`, `"\ud800"`, ``, `{"a":1e999}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, problem := Parse(body)
		if problem == nil {
			walk(t, v)
		} else if problem.Error() == "" {
			t.Error("a problem without a name")
		}
	})
}

func walk(t *testing.T, v Value) {
	if o, ok := v.Object(); ok {
		for _, m := range o {
			if !o.Get(m.Name).Exists() {
				t.Errorf("%q is lost", m.Name)
			}
			walk(t, m.Value)
		}
		return
	}
	if list, n, ok := v.Array(1 << 20); ok {
		if len(list) != n {
			t.Errorf("%d elements, %d counted", len(list), n)
		}
		for _, element := range list {
			walk(t, element)
		}
		return
	}
	_, text := v.Text()
	_, number := v.Number()
	if literal := string(v.Raw()); !text && !number && literal != "null" && literal != "true" && literal != "false" {
		t.Errorf("%q is nothing", literal)
	}
}
