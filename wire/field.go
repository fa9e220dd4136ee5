package wire

import (
	"regexp"
	"slices"
	"strings"

	"noren"
)

// Type is the kind of value that a field holds.
type Type string

// The types of fields.
const (
	TypeText    Type = "text"
	TypeInteger Type = "integer" // a JSON integer, or one in a string
	TypeDecimal Type = "decimal" // a JSON number, or one in a string; at most two places
	TypeDate    Type = "date"    // YYYY-MM-DD
	TypeEnum    Type = "enum"
	TypeObject  Type = "object"
	TypeArray   Type = "array"
	TypeWhole   Type = "whole" // a JSON integer
	TypeFlag    Type = "flag"  // true or false
	TypeEither  Type = "text or whole"
)

// Pattern is a rule for the characters of a text, with a name by which a dialect words it. Expr must mean the same in
// RE2 and in ECMA-262, because it is published in the schema.
type Pattern struct {
	Name string
	Expr *regexp.Regexp
}

// Facts are what is known about a field. Validation and the schema both use them, so they cannot disagree.
type Facts struct {
	Type        Type
	Nullable    bool
	Required    bool
	NonEmpty    bool // "" is refused
	MaxLength   int  // characters (not bytes); 0: no limit
	Pattern     *Pattern
	Format      string   // as in OpenAPI
	Min, Max    int64    // of integers and, in hundredths, of decimals; both 0: no limits
	Enum        []string // the words, in the order of the document
	Description string
	Example     string
	Fields      []Facts // of an object; each with its Name
	Items       *Facts  // of an array
	MaxItems    int     // of an array
	Name        string
}

// Field is one field of a request that is decoded into a P.
type Field[P any] struct {
	Facts
	decode func(facts *Facts, v Value, p *P) []*Problem
}

// Setter stores a decoded value, or null. It is not called for an absent field.
type Setter[P, T any] func(p *P, v noren.Field[T])

// To sets a noren.Field, which distinguishes absent, null and a value.
func To[P, T any](ref func(*P) *noren.Field[T]) Setter[P, T] {
	return func(p *P, v noren.Field[T]) { *ref(p) = v }
}

// ToValue sets a plain value; null sets the zero value.
func ToValue[P, T any](ref func(*P) *T) Setter[P, T] {
	return func(p *P, v noren.Field[T]) { *ref(p), _ = v.Value() }
}

// ToPointer sets a pointer; null sets nil.
func ToPointer[P, T any](ref func(*P) **T) Setter[P, T] {
	return func(p *P, v noren.Field[T]) { *ref(p) = v.Ptr() }
}

// newField returns a field whose values are parsed by parse.
func newField[P, T any](facts Facts, parse func(*Facts, Value) (T, Code), set Setter[P, T]) Field[P] {
	return Field[P]{Facts: facts, decode: func(facts *Facts, v Value, p *P) []*Problem {
		if v.IsNull() {
			if !facts.Nullable {
				return facts.problem(NullRefused)
			}
			set(p, noren.Null[T]())
			return nil
		}
		value, code := parse(facts, v)
		if code != "" {
			return facts.problem(code)
		}
		set(p, noren.Set(value))
		return nil
	}}
}

// problem returns one problem of the field itself, as a slice because a nested object can have several.
func (f *Facts) problem(code Code) []*Problem {
	return []*Problem{{Path: pointer(f.Name), Field: f.Name, Code: code, Facts: f}}
}

// OrNull allows null.
func (f Field[P]) OrNull() Field[P] {
	f.Nullable = true
	return f
}

// Must makes the field required.
func (f Field[P]) Must() Field[P] {
	f.Required = true
	return f
}

// AtMost limits a text to n characters.
func (f Field[P]) AtMost(n int) Field[P] {
	f.MaxLength = n
	return f
}

// Like makes a text follow the pattern.
func (f Field[P]) Like(p Pattern) Field[P] {
	f.Pattern = &p
	return f
}

// Between limits a number. The limits of a decimal are in hundredths.
func (f Field[P]) Between(lowest, highest int64) Field[P] {
	f.Min, f.Max = lowest, highest
	return f
}

// Says sets what the schema says about the field: a description, an example and, optionally, a format.
func (f Field[P]) Says(description, example string, format ...string) Field[P] {
	f.Description, f.Example = description, example
	if len(format) > 0 {
		f.Format = format[0]
	}
	return f
}

// Nested is a field that holds an object, whose fields are decoded into the same P.
func Nested[P any](name string, table Table[P]) Field[P] {
	facts := Facts{Name: name, Type: TypeObject}
	for _, f := range table.fields {
		facts.Fields = append(facts.Fields, f.Facts)
	}
	return Field[P]{Facts: facts, decode: func(facts *Facts, v Value, p *P) []*Problem {
		if v.IsNull() {
			if !facts.Nullable {
				return facts.problem(NullRefused)
			}
			return nil
		}
		o, ok := v.Object()
		if !ok {
			return facts.problem(WrongType)
		}
		return table.Decode(o, pointer(facts.Name), p)
	}}
}

// Table has the fields of one kind of object. It is safe for concurrent use.
type Table[P any] struct {
	fields []Field[P]
	index  map[string]int
}

// NewTable makes a table. The order of the fields is that of problems and of the schema.
func NewTable[P any](fields ...Field[P]) Table[P] {
	t := Table[P]{fields: fields, index: make(map[string]int, len(fields))}
	for i, f := range fields {
		if _, twice := t.index[f.Name]; twice {
			panic("wire: the field " + f.Name + " is in the table twice")
		}
		t.index[f.Name] = i
	}
	return t
}

// Decode reads the object into p and returns every problem, in the order of the table. path is where the object is.
// Unknown names are ignored. A field with a problem leaves its part of p unchanged.
func (t Table[P]) Decode(o Object, path string, p *P) []*Problem {
	// By the table and not by the body: problems come in the table's order, whatever the client's is.
	given := make([]Value, len(t.fields))
	for _, m := range o {
		if i, known := t.index[m.Name]; known {
			given[i] = m.Value
		}
	}
	var problems []*Problem
	for i := range t.fields {
		f := &t.fields[i]
		var found []*Problem
		switch {
		case given[i].Exists():
			found = f.decode(&f.Facts, given[i], p)
		case f.Required:
			found = f.problem(Missing)
		}
		// Those of a nested object come with a path of their own, which begins below this one's.
		for _, problem := range found {
			problems = append(problems, problem.under(path))
		}
	}
	return problems
}

// Requiring returns a table in which the named fields, if given, may be neither null nor empty.
func (t Table[P]) Requiring(names []string) Table[P] {
	if len(names) == 0 {
		return t
	}
	// The table itself is that of all tenants.
	t.fields = slices.Clone(t.fields)
	for i := range t.fields {
		if f := &t.fields[i]; slices.Contains(names, f.Name) {
			f.Nullable, f.NonEmpty = false, true
		}
	}
	return t
}

// Facts returns the facts of the fields, in the order of the table.
func (t Table[P]) Facts() []Facts {
	facts := make([]Facts, len(t.fields))
	for i, f := range t.fields {
		facts[i] = f.Facts
	}
	return facts
}

// Storable reports whether every engine can store and look up the text: UTF-8 without U+0000.
func Storable(text string) bool {
	return strings.IndexByte(text, 0) < 0 && strings.ToValidUTF8(text, "") == text
}
