package console

import (
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/lenient"
)

// input is a field of a form. Its ID in the page derives from its name, so a name may occur only once in a page.
type input struct {
	name, label, value string
	kind               string // the type attribute; "": text
	hint               string
	autocomplete, mode string
	most               int // characters; 0: limited only by the size of the form
	required           bool
	autofocus          bool
}

// id is the ID of the field in the page, for labels and links.
func (f input) id() string { return "field-" + f.name }

// kindOr is the type of the input, or the usual one.
func (f input) kindOr(usual string) string {
	if f.kind != "" {
		return f.kind
	}
	return usual
}

// described lists the IDs of the elements that describe the field to screen readers: its problem first, then its hint.
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

// choice is one value of a select field, with the label that people see.
type choice struct{ value, label string }

// offers records a problem where a field that is chosen has a value that its form does not offer: no page of ours has sent it, and what it
// would be taken for nobody has chosen.
func (p *page) offers(name, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		p.wrong(name, p.T("reason.invalid"))
	}
}

// misread is what is wrong with a number that was typed: otherwise, unless it has two readings or too many decimals.
func (p *page) misread(wrong *lenient.Wrong, otherwise string) string {
	switch {
	case wrong == nil:
	case wrong.Reason == noren.ReasonSeparator:
		return p.T("reason.separator", wrong.Limit)
	case wrong.Reason == noren.ReasonFraction && wrong.Limit == "":
		return p.T("reason.whole")
	case wrong.Reason == noren.ReasonFraction:
		return p.T("reason.decimals", wrong.Limit)
	}
	return otherwise
}

// number is an integer for an attribute or a URL: without commas.
func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// onceToken is the token of a form that is being shown. A form that is shown again for correction gets a new one, because
// nothing was done under the first.
func (p *page) onceToken() string { return noren.NewSecret("") }
