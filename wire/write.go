package wire

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Map is a JSON object to be written, in order. Its values are those that Append accepts.
type Map []Pair

// Pair is one name and value of a Map.
type Pair struct {
	Name  string
	Value any
}

// P returns a pair. It makes maps easy to read in other packages.
func P(name string, value any) Pair { return Pair{name, value} }

// Raw is JSON text that is written unchanged.
type Raw []byte

// JSON writes v compactly.
func JSON(v any) []byte { return Append(nil, v) }

// Append appends v compactly to dst: nil, bool, int, int64, string, *string (null if nil), Raw, Map, and slices of
// string, Map and any. It escapes only what JSON requires, and panics on any other type, which is a bug.
func Append(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case string:
		return appendText(dst, v)
	case *string:
		if v == nil {
			return append(dst, "null"...)
		}
		return appendText(dst, *v)
	case Raw:
		return append(dst, v...)
	case Map:
		dst = append(dst, '{')
		for i, p := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendText(dst, p.Name)
			dst = append(dst, ':')
			dst = Append(dst, p.Value)
		}
		return append(dst, '}')
	case []string:
		return appendArray(dst, v)
	case []Map:
		return appendArray(dst, v)
	case []any:
		return appendArray(dst, v)
	}
	panic(fmt.Sprintf("wire: %T cannot be written as JSON", v))
}

// appendArray writes [] for a nil slice, because null means something else.
func appendArray[T any](dst []byte, list []T) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = Append(dst, v)
	}
	return append(dst, ']')
}

// appendText writes a string. Bytes that are not UTF-8 become U+FFFD, so that the output is always JSON.
func appendText(dst []byte, text string) []byte {
	// Its error says that the text was not UTF-8; what was appended is valid all the same.
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
