package dialect

import (
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// Complaint is one wrong value of a request: where it is, in the dialect's way of naming places, and what is wrong, in
// the words that its clients read.
type Complaint struct{ At, Message string }

// Complaints are all wrong values of a request. As an error their kind is noren.Invalid.
type Complaints []Complaint

// Wrong returns a single complaint.
func Wrong(at, message string) Complaints { return Complaints{{At: at, Message: message}} }

// Add appends a complaint.
func (c *Complaints) Add(at, message string) { *c = append(*c, Complaint{At: at, Message: message}) }

// OrNil returns the complaints as an error, or nil if there are none.
func (c Complaints) OrNil() error {
	if len(c) == 0 {
		return nil
	}
	return c
}

// Error lists the complaints.
func (c Complaints) Error() string {
	texts := make([]string, len(c))
	for i, one := range c {
		texts[i] = one.At + ": " + one.Message
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives the error its kind, by which it is decided whether the response is kept.
func (c Complaints) Unwrap() error { return &noren.Error{Kind: noren.Invalid} }

// Malformed is the error of a body that is not JSON.
type Malformed struct{ Problem *wire.Problem }

// Error says where the body stops being JSON.
func (m Malformed) Error() string { return "the body is not JSON: " + m.Problem.Error() }

// Unwrap gives the error its kind, by which it is decided whether the response is kept.
func (m Malformed) Unwrap() error { return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody} }

// Cut shortens a client's text before it is sent back.
func Cut(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
