package noren

import (
	"encoding/json"
	"time"
)

// AuditEntry records one write: who, through which dialect, what, and each column before and after.
type AuditEntry struct {
	ID        int64
	At        time.Time
	ClientID  *int64 // nil: no client, such as the operator on the command line, a console user or Shopify
	Login     string // of the console user who did it; "": a program or the operator
	Dialect   string // a Dialect, Operator or Schedule
	Subject   string // "member", "stock", "client", …
	SubjectID string
	RequestID string // of the HTTP request or the command
	Changes   []byte // JSON: {"column": [before, after], …}
}

// What stands as the Dialect of writes that no client made.
const (
	Operator = "operator" // on the command line
	Schedule = "noren"    // by the server itself, when its time had come
)

// entry is the audit entry of a write by the caller at that time, without what was written.
func (c Caller) entry(at time.Time) AuditEntry {
	e := AuditEntry{At: at, Login: c.Login, Dialect: string(c.Client.Dialect), RequestID: c.RequestID}
	if c.Login == "" && c.Client.ID != 0 { // a console user, the operator and another system are no clients
		e.ClientID = &c.Client.ID
	}
	return e
}

// memberChanges writes what differs between before and after as {"column": [before, after]}.
func memberChanges(before, after *Member) []byte {
	changes := make(map[string][2]any)
	for _, c := range ChangedColumns(before, after) {
		changes[c.Name] = [2]any{c.Ref(before), c.Ref(after)}
	}
	data, err := json.Marshal(changes)
	if err != nil {
		panic("noren: a member column that JSON cannot hold: " + err.Error()) // columns are strings and integers
	}
	return data
}

// change writes one thing before and after as {"name": [before, after]}.
func change(name string, before, after any) []byte {
	data, err := json.Marshal(map[string][2]any{name: {before, after}})
	if err != nil {
		panic("noren: a change that JSON cannot hold: " + err.Error()) // callers give the domain's own types
	}
	return data
}
