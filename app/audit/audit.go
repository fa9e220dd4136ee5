// Package audit records who changed what, in the transaction of the change, and reads the log. Use cases that write
// take it into their own units; it never begins one to write.
package audit

import (
	"noren"
	"noren/app/unit"
)

// Tx is the part of a transaction that the audit log takes.
type Tx interface {
	noren.CounterTx
	noren.AuditTx
	noren.ClientTx
}

// Service has the use cases of the audit log. It is safe for concurrent use.
type Service struct{ run unit.Room[Tx] }

// New makes a Service.
func New(run *unit.Runner) *Service { return &Service{unit.In[Tx](run)} }
