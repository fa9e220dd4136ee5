package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"noren"
)

// storable reports whether every engine can store and compare the text. PostgreSQL fails on anything else, and SQLite
// finds nothing.
func storable(text string) bool { return noren.Storable(text) == text }

// Query parses the query of the address. Invalid, naming the parameter, if it is not URL-encoded or has a text that
// cannot be stored.
func (x *Request) Query() (url.Values, error) { return readForm(x.HTTP.URL.RawQuery, "the query") }

// Form parses a body that is a URL-encoded form. The errors are those of Query.
func (x *Request) Form() (url.Values, error) { return readForm(string(x.Body), "the body") }

// readForm parses what, which is URL-encoded. Names count as texts too: a form may be stored or hashed as a whole.
func readForm(text, what string) (url.Values, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, &noren.Error{Kind: noren.Invalid, Field: FieldBody, Message: what + " is not URL-encoded", Err: err}
	}
	for name, list := range values {
		if !storable(name) || slices.ContainsFunc(list, func(v string) bool { return !storable(v) }) {
			return nil, &noren.Error{
				Kind: noren.Invalid, Field: strings.ToValidUTF8(name, "?"),
				Message: fmt.Sprintf("%s must be UTF-8 without the character NUL", what),
			}
		}
	}
	return values, nil
}
