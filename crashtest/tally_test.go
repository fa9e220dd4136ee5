package crashtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tally counts what happens in a storm.
type tally struct {
	mu         sync.Mutex
	began      time.Time
	operations map[string]map[string]int // by kind and status
	longest    map[string]time.Duration  // the longest wait for a response, by kind
	faults     map[string]int
	errors     map[string]int // messages that servers logged as errors
	violations map[string]int // by the check that found them
	deadlocked int
	skipped    map[string]string // what could not be tried here, and why
}

func newTally() *tally {
	return &tally{
		began: time.Now(), operations: make(map[string]map[string]int), longest: make(map[string]time.Duration),
		faults: make(map[string]int), errors: make(map[string]int), violations: make(map[string]int), skipped: make(map[string]string),
	}
}

// operation counts a response, or that there was none. A nil tally counts nothing.
func (y *tally) operation(kind string, status any, took time.Duration) {
	if y == nil {
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.operations[kind] == nil {
		y.operations[kind] = make(map[string]int)
	}
	y.operations[kind][fmt.Sprint(status)]++
	y.longest[kind] = max(y.longest[kind], took)
}

func (y *tally) fault(name string) { y.count(y.faults, name, 1) }

func (y *tally) logged(message string) { y.count(y.errors, message, 1) }

func (y *tally) count(in map[string]int, name string, n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	in[name] += n
}

// complained counts a violation and returns how many of its kind there are now.
func (y *tally) complained(kind string) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.violations[kind]++
	return y.violations[kind]
}

func (y *tally) deadlocks(n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.deadlocked += n
}

func (y *tally) skip(fault string, why error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.skipped[fault] = why.Error()
}

// line is what has happened so far, in one line.
func (y *tally) line() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	operations := 0
	for _, by := range y.operations {
		for _, n := range by {
			operations += n
		}
	}
	return fmt.Sprintf("%v: %d operations, %d faults, %d violations", time.Since(y.began).Round(time.Second), operations,
		sum(y.faults), sum(y.violations))
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// report prints all counts.
func (y *tally) report(t testing.TB) {
	y.mu.Lock()
	defer y.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "a storm of %v\noperations:\n", time.Since(y.began).Round(time.Second))
	total := make(map[string]int)
	for _, kind := range sorted(y.operations) {
		fmt.Fprintf(&b, "  %-42s %s; longest %v\n", kind, counts(y.operations[kind]), y.longest[kind].Round(time.Millisecond))
		for status, n := range y.operations[kind] {
			total[status] += n
		}
	}
	fmt.Fprintf(&b, "  %-42s %s; %d\nfaults:\n", "together", counts(total), sum(total))
	section(&b, y.faults)
	for _, fault := range sorted(y.skipped) {
		fmt.Fprintf(&b, "  %-42s not tried: %s\n", fault, y.skipped[fault])
	}
	b.WriteString("logged as errors:\n")
	section(&b, y.errors)
	fmt.Fprintf(&b, "deadlocks: %d\nviolations: %d\n", y.deadlocked, sum(y.violations))
	section(&b, y.violations)
	t.Log(b.String())
	if y.deadlocked > 0 {
		t.Errorf("%d deadlocks", y.deadlocked)
	}
}

func section(b *strings.Builder, of map[string]int) {
	for _, name := range sorted(of) {
		fmt.Fprintf(b, "  %-42s %d\n", name, of[name])
	}
}

func counts(by map[string]int) string {
	var list []string
	for _, status := range sorted(by) {
		list = append(list, fmt.Sprintf("%s: %d", status, by[status]))
	}
	return strings.Join(list, ", ")
}

func sorted[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }

// complaints is a test whose failures are counted as violations, by the check that found them.
type complaints struct {
	testing.TB
	tally *tally
}

// maxComplaints is how many violations of one kind are printed.
const maxComplaints = 10

func (c complaints) Errorf(format string, args ...any) {
	c.Helper()
	if c.tally.complained(format) > maxComplaints {
		c.Fail()
		return
	}
	c.TB.Errorf(format, args...)
}

func (c complaints) Error(args ...any) {
	c.Helper()
	c.Errorf("%s", strings.TrimSpace(fmt.Sprintln(args...)))
}

func (c complaints) Fatalf(format string, args ...any) {
	c.Helper()
	c.Errorf(format, args...)
	c.FailNow()
}

func (c complaints) Fatal(args ...any) {
	c.Helper()
	c.Fatalf("%s", strings.TrimSpace(fmt.Sprintln(args...)))
}
