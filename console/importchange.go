package console

import (
	"strings"

	"noren"
	"noren/app/imports"
	"noren/csvfile"
)

// encodingChoices are the encodings that a file may be read in.
func (p *page) encodingChoices() []choice {
	choices := []choice{{"", p.T("imports.detected")}}
	for _, name := range csvfile.Encodings() {
		choices = append(choices, choice{name, encodingLabel(name)})
	}
	return choices
}

// encodingLabel is the name of an encoding as people write it.
func encodingLabel(name string) string {
	if name == "shift_jis" {
		return "Shift_JIS"
	}
	return strings.ToUpper(name)
}

// delimiters are the characters that may separate cells, by name.
func delimiters() map[string]rune {
	return map[string]rune{"comma": ',', "tab": '\t', "semicolon": ';', "pipe": '|'}
}

// delimiterChoices are the delimiters that a file may be read with.
func (p *page) delimiterChoices() []choice {
	return []choice{
		{"", p.T("imports.detected")},
		{"comma", p.T("imports.delimiter_comma")},
		{"tab", p.T("imports.delimiter_tab")},
		{"semicolon", p.T("imports.delimiter_semicolon")},
		{"pipe", p.T("imports.delimiter_pipe")},
	}
}

// identityHint is the message that says what becomes of lines with another name: a shop's own file of members may change the names of
// those whom it calls by their codes.
func identityHint(i *noren.Import) string {
	if i.Kind == noren.ImportMembers && !i.Foreign() {
		return "imports.by_number_hint_own"
	}
	return "imports.by_number_hint"
}

// identityChoices are the numbers that name members although the name in the file is another one.
func (p *page) identityChoices() []choice {
	return []choice{{"", p.T("imports.by_none")}, {imports.ByID, p.T("imports.by_id")}, {imports.ByCode, p.T("imports.by_code")}}
}

// changeSample is how the field of one member would change, for users who may see it.
func (p *page) changeSample(f imports.FieldChange, c imports.Change) string {
	return c.Member + ": " + p.conceal(f.Field, p.T("imports.change", p.changedValue(f.Words, c.Before), p.changedValue(f.Words, c.After)))
}

// changedValue is a value of a field for people.
func (p *page) changedValue(words imports.Words, value string) string {
	w, ok := csvfile.ValueWords()[value]
	switch {
	case !ok || words == imports.AsTheyAre:
		return value
	case p.lang == japanese:
		return w.Japanese
	}
	return w.English
}
