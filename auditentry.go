package noren

import (
	"context"
	"time"
)

// AuditEntry records one write: who made it, through which dialect, what was written, and each column before and after.
type AuditEntry struct {
	ID        int64
	At        time.Time
	ClientID  *int64 // nil: not a client, but the operator on the command line, a console user or Shopify
	Login     string // of the console user; "": a program or the operator
	Dialect   string // a Dialect, Operator or Schedule
	Subject   string // "member", "stock", "client", …
	SubjectID string
	RequestID string // of the HTTP request or the command
	// Address and ClientRequestID are those of the request's Origin; AddAudit fills them in where they are empty.
	Address, ClientRequestID string
	Changes                  []byte // JSON: {"column": [before, after], …}
}

// The Dialect of writes that did not come from a client.
const (
	Operator = "operator" // on the command line
	Schedule = "noren"    // the server itself, on schedule
)

// AuditTx reads and writes the audit log.
type AuditTx interface {
	// AddAudit stores the entries, and gives them the next numbers if they have none. An engine may do so when the transaction
	// ends, so the transaction does not read them.
	AddAudit(ctx context.Context, entries []AuditEntry) error
	Audit(ctx context.Context, f AuditFilter) ([]AuditEntry, error) // newest first
	// AuditNumber is the number of the last entry at or before that time; 0 if there is none. Entries are numbered in the
	// order of their commits, so their times may be slightly out of order.
	AuditNumber(ctx context.Context, at time.Time) (int64, error)
	// SweepAudit removes the values of the oldest entries from before that time, and returns how many entries it has looked at: at
	// most limit. What it has looked at, it does not look at again.
	SweepAudit(ctx context.Context, before time.Time, limit int) (int, error)
}

// AuditFilter selects audit entries.
type AuditFilter struct {
	Subject, SubjectID string // "": any
	Dialect            string // "": any
	ClientID           int64  // 0: any
	Login              string // "": any
	At                 Span
	After              int64 // only larger numbers
	Before             int64 // only smaller numbers; 0: any
	Page
}

// LookBack bounds how many numbers of a list one call reads for a filter that no index supports. If it does not find
// enough, the list says where to continue.
const LookBack = 20_000
