// Package shopfile reads the shop file: the YAML document in which an operator writes down tenants with everything
// that belongs to them. Reading needs no database. Each problem is reported with its line, and all of them at once,
// so that a file is put right in one go; what only stored data can tell, noren.Service.ApplyShop says.
package shopfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"noren"
)

// Read reads the shop file in data. name is what it is called in messages. An error is of type Problems.
func Read(name string, data []byte) ([]noren.Shop, error) {
	r := &reader{file: name}
	shops := r.shops(r.parse(data))
	if len(r.problems) > 0 {
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

// Error answers file:line: message, which editors and terminals make a link of.
func (p Problem) Error() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message) }

// Problems is everything that is wrong with a shop file, by line.
type Problems []Problem

// shownProblems bounds the message: thousands of members can share one mistake.
const shownProblems = 50

// Error answers one line for each problem.
func (p Problems) Error() string {
	var b strings.Builder
	for i, problem := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i == shownProblems {
			fmt.Fprintf(&b, "… and %d more", len(p)-i)
			break
		}
		b.WriteString(problem.Error())
	}
	return b.String()
}

// reader reads one file and gathers what is wrong with it.
type reader struct {
	file     string
	problems Problems
	anchors  anchors

	// What has to be unique across the tenants of a file, because clients are found by it before their tenant is.
	contracts, keys, tokens once
}

// fail notes a problem and lets reading go on.
func (r *reader) fail(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, line, fmt.Sprintf(format, args...)})
}

// once remembers values that may be given once, with their lines. The zero once is ready to use.
type once map[string]int

// add reports a value that was given before, in the words of format. Empty values are not remembered.
func (o *once) add(r *reader, line int, value, format string, args ...any) {
	if value == "" {
		return
	}
	if before, given := (*o)[value]; given {
		r.fail(line, "%s is given twice; the first is in line %d", fmt.Sprintf(format, args...), before)
		return
	}
	if *o == nil {
		*o = make(once)
	}
	(*o)[value] = line
}
