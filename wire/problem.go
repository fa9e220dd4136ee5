package wire

import (
	"fmt"
	"strings"
)

// Code says which rule a value breaks.
type Code string

// Codes for problems of a body as a whole.
const (
	Malformed Code = "malformed"  // not JSON
	NotUTF8   Code = "not_utf8"   // bytes that are not UTF-8
	Duplicate Code = "duplicate"  // a name twice in one object; Field is the name
	Trailing  Code = "trailing"   // bytes after the value
	TooDeep   Code = "too_deep"   // nested more than MaxDepth levels
	WrongType Code = "wrong_type" // also for fields: Facts.Type is the expected type
)

// Codes for problems of one field.
const (
	Missing      Code = "missing"
	NullRefused  Code = "null"
	EmptyRefused Code = "empty"
	TooLong      Code = "too_long"    // more than Facts.MaxLength characters
	BadPattern   Code = "pattern"     // does not match Facts.Pattern
	HasNUL       Code = "nul"         // the character U+0000, which PostgreSQL cannot store
	NotInRange   Code = "range"       // below Facts.Min or above Facts.Max
	NotInEnum    Code = "enum"        // not in Facts.Enum
	NotADate     Code = "date"        // not YYYY-MM-DD, or a day that does not exist
	NotADecimal  Code = "decimal"     // more than two places, a sign or an exponent
	NotAnInteger Code = "not_integer" // a text or a number that is not an integer
	TooManyItems Code = "too_many"    // more than Facts.MaxItems
)

// Problem is one problem of a body or a field. It has no words: a dialect makes them from the code and the facts.
type Problem struct {
	Path   string // JSON pointer (RFC 6901) to the value; "" is the body
	Field  string // name of the field
	Code   Code
	Facts  *Facts // what the field should be; nil for syntax problems
	Offset int64  // in bytes, for syntax problems
}

// Error is for logs and tests; clients read the words of their dialect.
func (p *Problem) Error() string {
	var b strings.Builder
	if p.Path != "" {
		fmt.Fprintf(&b, "%s: ", p.Path)
	}
	b.WriteString(string(p.Code))
	if p.Offset > 0 {
		fmt.Fprintf(&b, " at byte %d", p.Offset)
	}
	return b.String()
}

// under moves the problem below path.
func (p *Problem) under(path string) *Problem {
	p.Path = path + p.Path
	return p
}

// pointer returns the JSON pointer's token for a name (RFC 6901, section 3).
func pointer(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
