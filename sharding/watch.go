package sharding

import (
	"sync"
	"sync/atomic"
)

// Watch lints statements as they are sent, each text once. Tests give Sent to the database as its OnStatement.
type Watch struct {
	// Behind says that they are sent behind Citus, as Lint takes it.
	Behind atomic.Bool
	report func(what string)
	seen   sync.Map
}

// NewWatch returns a Watch that reports each statement that breaks a rule, with the statement.
func NewWatch(report func(what string)) *Watch { return &Watch{report: report} }

// Sent looks at a statement, from any goroutine.
func (w *Watch) Sent(query string) {
	if _, seen := w.seen.LoadOrStore(query, true); seen {
		return
	}
	for _, what := range Lint(query, w.Behind.Load()) {
		w.report(what + ": " + query)
	}
}
