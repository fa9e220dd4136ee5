// Package wire is the only place that reads and writes JSON for the dialects. It reads strictly, keeps the order of
// keys, and decodes objects through field tables, which validate, collect every problem and describe themselves as
// OpenAPI schemas. It has no words for people: each dialect words the problems as its API does.
package wire

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may nest. The deepest documented body needs four levels.
const MaxDepth = 64

// Value is a JSON value that Parse found well formed. It refers to the bytes given to Parse, which must not change. The
// zero Value is no value.
type Value struct{ raw []byte }

// Member is one name and value of an Object.
type Member struct {
	Name  string
	Value Value
}

// Object is the members of a JSON object in the order of the text. No name occurs twice.
type Object []Member

// Parse checks that data is exactly one JSON value as RFC 7493 (I-JSON) requires: UTF-8, no name twice in an object,
// nothing after it; and not nested deeper than MaxDepth. It only looks at the syntax, in constant memory. A byte order mark
// at the beginning is ignored, as RFC 8259 allows: some tools write one.
func Parse(data []byte) (Value, *Problem) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return Value{}, &Problem{Code: NotUTF8}
	}
	if tooDeep(data) {
		return Value{}, &Problem{Code: TooDeep}
	}
	// A Buffer, whose bytes the decoder uses in place; of any other reader it would make copies.
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	if err := d.SkipValue(); err != nil {
		return Value{}, syntaxProblem(err)
	}
	end := d.InputOffset()
	// Only blanks may follow.
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return Value{}, &Problem{Code: Trailing, Offset: end}
	}
	return Value{bytes.TrimSpace(data)}, nil
}

// ParseObject is Parse for a body whose top level must be an object.
func ParseObject(data []byte) (Object, *Problem) {
	v, problem := Parse(data)
	if problem != nil {
		return nil, problem
	}
	o, ok := v.Object()
	if !ok {
		return nil, &Problem{Code: WrongType, Facts: &Facts{Type: TypeObject}}
	}
	return o, nil
}

// syntaxProblem says where in the text the parser stopped. Only a duplicate name has a code of its own, because it is
// the one mistake that many other parsers accept.
func syntaxProblem(err error) *Problem {
	p := &Problem{Code: Malformed}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		p.Path, p.Offset = string(s.JSONPointer), s.ByteOffset
		if errors.Is(s.Err, jsontext.ErrDuplicateName) {
			p.Code, p.Field = Duplicate, s.JSONPointer.LastToken()
		}
	}
	return p
}

// tooDeep counts brackets outside strings. Its result does not matter for text that is not JSON, because the parser
// refuses that.
func tooDeep(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// reader walks a value that Parse has checked, so names and UTF-8 need no second check.
func (v Value) reader() *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(v.raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// next reads one value out of v. The result is a slice of v's own bytes, which outlive the decoder's buffer.
func (v Value) next(d *jsontext.Decoder) (Value, bool) {
	raw, err := d.ReadValue()
	if err != nil {
		return Value{}, false
	}
	end := d.InputOffset()
	return Value{v.raw[end-int64(len(raw)) : end]}, true
}

// kind is determined by the first byte of the text.
func (v Value) kind() jsontext.Kind { return jsontext.Value(v.raw).Kind() }

// Exists reports whether there is a value: false for what Object.Get did not find.
func (v Value) Exists() bool { return len(v.raw) > 0 }

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v.kind() == jsontext.KindNull }

// Raw returns the text of the value.
func (v Value) Raw() []byte { return v.raw }

// Text returns the content of a string; false if the value is not a string.
func (v Value) Text() (string, bool) {
	if v.kind() != jsontext.KindString {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, v.raw)
	return string(text), err == nil
}

// Number returns the literal of a number as written; false if the value is not a number.
func (v Value) Number() (string, bool) {
	if v.kind() != jsontext.KindNumber {
		return "", false
	}
	return string(v.raw), true
}

// Object returns the members of an object; false if the value is not an object.
func (v Value) Object() (Object, bool) {
	if v.kind() != jsontext.KindBeginObject {
		return nil, false
	}
	d := v.reader()
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	var o Object
	for d.PeekKind() == jsontext.KindString {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		m := Member{Name: name.String()}
		var ok bool
		if m.Value, ok = v.next(d); !ok {
			return nil, false
		}
		o = append(o, m)
	}
	return o, true
}

// Array returns the first limit elements of an array and the number of all; false if the value is not an array.
// Counting costs no memory, so an array far over a limit can be refused cheaply.
func (v Value) Array(limit int) (first []Value, n int, ok bool) {
	if v.kind() != jsontext.KindBeginArray {
		return nil, 0, false
	}
	d := v.reader()
	if _, err := d.ReadToken(); err != nil {
		return nil, 0, false
	}
	for ; d.PeekKind() != jsontext.KindEndArray; n++ {
		element, read := v.next(d)
		if !read {
			return nil, 0, false
		}
		if n < limit {
			first = append(first, element)
		}
	}
	return first, n, true
}

// Get returns the member's value, or the zero Value if there is none.
func (o Object) Get(name string) Value {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return Value{}
}

// SameNames reports whether both objects have the same names, in any order.
func (o Object) SameNames(other Object) bool {
	if len(o) != len(other) {
		return false
	}
	var names map[string]bool // stays nil in the usual case, where the order is the same too
	for i, m := range o {
		if other[i].Name != m.Name {
			names = o.names()
			break
		}
	}
	if names == nil {
		return true
	}
	for _, m := range other {
		if !names[m.Name] {
			return false
		}
	}
	return true
}

// names returns the set of names, for comparing objects with different orders.
func (o Object) names() map[string]bool {
	names := make(map[string]bool, len(o))
	for _, m := range o {
		names[m.Name] = true
	}
	return names
}
