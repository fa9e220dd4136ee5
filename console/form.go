package console

import (
	"strconv"
	"strings"

	"noren"
)

// input is a field of a form. Its id in the page is made of its name.
type input struct {
	name, label, value string
	kind               string // the type of an input; "": text
	hint               string
	autocomplete, mode string
	most               int // characters; 0: as many as the form takes
	required           bool
	autofocus          bool
}

func (f input) id() string { return "field-" + f.name }

func (f input) kindOr(usual string) string {
	if f.kind != "" {
		return f.kind
	}
	return usual
}

// described lists the ids of what explains the field to those who do not see it.
func (f input) described(p *page) string {
	var ids []string
	if p.problems[f.name] != "" {
		ids = append(ids, f.id()+"-problem")
	}
	if f.hint != "" {
		ids = append(ids, f.id()+"-hint")
	}
	return strings.Join(ids, " ")
}

// choice is one of the values of a field.
type choice struct{ value, label string }

// number is an integer as an attribute has it.
func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// onceToken is the token of a form that is shown now. A form that is shown again for correction gets another: nothing
// was done under the first.
func (p *page) onceToken() string { return noren.NewSecret("") }
