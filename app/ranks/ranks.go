// Package ranks runs the checks that promote and demote members, previews them, shows where a member stands, and changes
// the programme of a tenant. What a check decides about one member is in package ladder; here is when, to whom, and how it
// resumes.
package ranks

import (
	"cmp"

	"noren"
	"noren/app/members"
	"noren/app/unit"
)

// Tx is the part of a transaction that ranks take.
type Tx interface {
	members.Tx
	noren.TenantTx
	noren.RankCheckTx
}

// Service has the use cases of ranks. It is safe for concurrent use.
type Service struct {
	run       unit.Room[Tx]
	rankSlice int
}

// New makes a Service. slice is how many members one transaction of a check may change; 0: 50.
func New(run *unit.Runner, slice int) *Service {
	return &Service{run: unit.In[Tx](run), rankSlice: cmp.Or(slice, defaultSlice)}
}
