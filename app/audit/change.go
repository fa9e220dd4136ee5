package audit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"noren"
)

// auditedColumns are those of a member in alphabetical order.
var auditedColumns = slices.SortedFunc(slices.Values(noren.MemberColumns()), func(a, b noren.MemberColumn) int {
	return strings.Compare(a.Name, b.Name)
})

// usualChanges is as many bytes as most changes of a member take.
const usualChanges = 256

// MemberChanges encodes the columns in which before and after differ as {"column": [before, after]}, in alphabetical order. It is
// a large part of what an import does, so most values are encoded without reflection.
func MemberChanges(before, after *noren.Member) []byte {
	changes := append(make([]byte, 0, usualChanges), '{')
	for i := range auditedColumns {
		// A pointer, as a column has several functions and there are fifty of them for each member.
		c := &auditedColumns[i]
		if c.Equal(before, after) {
			continue
		}
		if len(changes) > 1 {
			changes = append(changes, ',')
		}
		changes = append(append(changes, '"'), c.Name...)
		changes = append(appendValue(append(changes, `":[`...), c.Ref(before)), ',')
		changes = append(appendValue(changes, c.Ref(after)), ']')
	}
	return append(changes, '}')
}

// appendValue appends the column that ref points to.
func appendValue(to []byte, ref any) []byte {
	switch v := ref.(type) {
	case *string:
		return appendText(to, *v)
	case *noren.Sex:
		return appendText(to, string(*v))
	case *noren.Status:
		return appendText(to, string(*v))
	case *bool:
		return strconv.AppendBool(to, *v)
	case **string:
		return appendOptional(to, *v, appendText)
	case **noren.Date:
		return appendOptional(to, (*string)(*v), appendText)
	case **int64:
		return appendOptional(to, *v, appendNumber)
	case **noren.Hundredths:
		return appendOptional(to, (*int64)(*v), appendNumber)
	}
	return appendAny(to, ref)
}

// appendOptional appends null, or what the pointer points to.
func appendOptional[T any](to []byte, v *T, appendIt func([]byte, T) []byte) []byte {
	if v == nil {
		return append(to, "null"...)
	}
	return appendIt(to, *v)
}

func appendNumber(to []byte, n int64) []byte { return strconv.AppendInt(to, n, 10) }

// appendText appends a text, nearly all of which need no escapes.
func appendText(to []byte, text string) []byte {
	// The characters that encoding/json escapes, so that both ways write the same bytes.
	plain := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || strings.ContainsRune("\"\\<>&\u2028\u2029", r)
	})
	if !plain {
		return appendAny(to, text)
	}
	return append(append(append(to, '"'), text...), '"')
}

func appendAny(to []byte, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("noren: a value that JSON cannot hold: " + err.Error()) // callers give the domain's own types
	}
	return append(to, data...)
}

// Change encodes one change as {"name": [before, after]}.
func Change(name string, before, after any) []byte {
	return appendAny(nil, map[string][2]any{name: {before, after}})
}
