package console

import "slices"

// fieldSure is the box with which a user confirms what a form asks about.
const fieldSure = "sure"

// question is what must be confirmed before a form takes effect. Its value says exactly what: another amount is asked about
// again.
type question struct{ value, words string }

// sure reports whether the user has confirmed the question. Otherwise the form is shown again with it: the form must include
// @sureField.
func (p *page) sure(value, words string) bool {
	if p.confirmed(value) {
		return true
	}
	p.ask(value, words)
	return false
}

// confirmed reports whether the form confirms the question with that value.
func (p *page) confirmed(value string) bool { return slices.Contains(p.form[fieldSure], value) }

// onlyAsks reports whether nothing is wrong with a form but that it must be confirmed.
func (p *page) onlyAsks() bool { return len(p.problems) == 1 && p.problems[fieldSure] != "" }

// ask shows the form again with a question.
func (p *page) ask(value, words string) {
	p.question = question{value, words}
	p.wrong(fieldSure, words)
}
