// Package shop applies a shop file: it brings a tenant to what the file says, in one transaction. What the file leaves out
// stays as it is.
package shop

import (
	"noren"
	"noren/app/access"
	"noren/app/members"
	"noren/app/unit"
)

// Tx is the part of a transaction that applying a shop file takes.
type Tx interface {
	access.Tx
	members.Tx
	noren.TenantTx
}

// Service has the use cases of the shop file. It is safe for concurrent use.
type Service struct {
	run       unit.Room[Tx]
	directory noren.TenantDirectory
	passwords access.PasswordHasher
}

// New makes a Service.
func New(run *unit.Runner, directory noren.TenantDirectory, passwords access.PasswordHasher) *Service {
	return &Service{unit.In[Tx](run), directory, passwords}
}
