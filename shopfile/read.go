// Package shopfile reads the shop file: the YAML document in which an operator describes tenants and everything that
// belongs to them. Reading needs no database. All problems are reported at once, each with its line, so that a file is
// corrected in one go. shop.Service.Apply reports what only stored data can show.
package shopfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"noren/app/shop"
)

// Read reads the shop file in data; messages call it name. An error is of type Problems.
func Read(name string, data []byte) ([]shop.Shop, error) {
	r := &reader{file: name}
	shops := r.shops(r.parse(data))
	if len(r.problems) > 0 {
		// Problems are found in the order of reading, which follows references and not lines. Those of one line stay in
		// that order.
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, r.problems
	}
	return shops, nil
}

// Problem is one thing that is wrong with a shop file.
type Problem struct {
	File    string
	Line    int // from 1
	Message string
}

// Error returns file:line: message, which editors and terminals turn into a link.
func (p Problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message) }

// Problems is everything that is wrong with a shop file, by line.
type Problems []Problem

// shownProblems limits the length of the message: thousands of members can share one mistake.
const shownProblems = 50

// Error returns one line for each problem, up to shownProblems.
func (p Problems) Error() string {
	var b strings.Builder
	for i, problem := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		// Counted all the same, so that nobody takes the first fifty for all.
		if i == shownProblems {
			fmt.Fprintf(&b, "… and %d more", len(p)-i)
			break
		}
		b.WriteString(problem.Error())
	}
	return b.String()
}

// reader reads one file and collects its problems.
type reader struct {
	file     string
	problems Problems
	anchors  anchors

	// These must be unique across all tenants of a file, because a request finds its client by them before its tenant.
	contracts, keys, tokens once
}

// fail records a problem. Reading continues.
func (r *reader) fail(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, line, fmt.Sprintf(format, args...)})
}

// once remembers values that must be unique, with their lines. The zero value is ready to use.
type once map[string]int

// add reports a value that was added before; format and args describe it. Empty values are ignored.
func (o *once) add(r *reader, line int, value, format string, args ...any) {
	if value == "" {
		return
	}
	if before, given := (*o)[value]; given {
		r.fail(line, "%s is given twice; the first is on line %d", fmt.Sprintf(format, args...), before)
		return
	}
	if *o == nil {
		*o = make(once)
	}
	(*o)[value] = line
}
