package easypoints

import (
	"bytes"
	"fmt"
	"strings"

	"noren/dialect"
	"noren/wire"
)

// maxBody is the largest body, in bytes: documented ones have at most a few hundred.
const maxBody = 64 << 10

// readObject decodes a body that is one object, and returns everything that is wrong with it. Unknown names are
// ignored.
func readObject[P any](body []byte, table wire.Table[P], into *P) error {
	v, problem := wire.Parse(body)
	if problem != nil {
		return dialect.Malformed{Problem: problem}
	}
	o, isObject := v.Object()
	if !isObject {
		return dialect.Wrong("", "Invalid object. Got: "+kindOf(v))
	}
	var wrong dialect.Complaints
	for _, p := range table.Decode(o, "", into) {
		wrong.Add(p.Path, words(p.Facts, p.Code, o.Get(p.Field)))
	}
	return wrong.OrNil()
}

// words are those of OpenApiSpex, with which the vendor's own server validates.
func words(f *wire.Facts, code wire.Code, v wire.Value) string {
	switch code {
	case wire.Missing:
		return "Missing field: " + f.Name
	case wire.NullRefused:
		return "null value where " + typeName(f) + " expected"
	case wire.NotInRange:
		return rangeWords(f, string(v.Raw()))
	case wire.TooLong:
		return fmt.Sprintf("String length is larger than maxLength: %d", f.MaxLength)
	case wire.EmptyRefused:
		return "String length is smaller than minLength: 1"
	case wire.HasNUL:
		// OpenApiSpex has no such rule, and so no words for it; PostgreSQL stores no text with this character.
		return "Invalid string. It holds U+0000"
	}
	// OpenApiSpex tries the types one after another and reports that none fitted, not what was wrong with each.
	if f.Type == wire.TypeEither {
		return "Failed to cast value to one of: string, integer"
	}
	return fmt.Sprintf("Invalid %s. Got: %s", typeName(f), kindOf(v))
}

func typeName(f *wire.Facts) string {
	switch f.Type {
	case wire.TypeWhole:
		return "integer"
	case wire.TypeFlag:
		return "boolean"
	default:
		return "string"
	}
}

// kindOf returns what JSON calls the kind of value.
func kindOf(v wire.Value) string {
	raw := v.Raw()
	switch {
	case len(raw) == 0 || v.IsNull():
		return "null"
	case raw[0] == '"':
		return "string"
	case raw[0] == '{':
		return "object"
	case raw[0] == '[':
		return "array"
	case raw[0] == 't' || raw[0] == 'f':
		return "boolean"
	// As JSON has it, and not by value: 1.0 is a number to the validator, and not an integer.
	case bytes.ContainsAny(raw, ".eE"):
		return "number"
	default:
		return "integer"
	}
}

// rangeWords names the limit that was exceeded. An integer that does not fit into 64 bits exceeds both.
func rangeWords(f *wire.Facts, literal string) string {
	// Without facts there are no limits, so what fails here is too large for 64 bits, and its sign says on which side.
	if n, code := wire.CheckInteger(&wire.Facts{}, literal); code == "" && n < f.Min || code != "" && strings.HasPrefix(literal, "-") {
		return fmt.Sprintf("%s is smaller than inclusive minimum %d", dialect.Cut(literal), f.Min)
	}
	return fmt.Sprintf("%s is larger than inclusive maximum %d", dialect.Cut(literal), f.Max)
}
