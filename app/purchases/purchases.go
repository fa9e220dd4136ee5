// Package purchases records what members spend: payments, refunds and cancellations, in whatever order they are reported
// and however often. Each purchase is credited to a member, or held until its customer is linked to one.
package purchases

import (
	"noren/app/points"
	"noren/app/unit"
)

// Tx is the part of a transaction that purchases take.
type Tx interface {
	points.EarnTx
}

// Service has the use cases of purchases. It is safe for concurrent use.
type Service struct{ run unit.Room[Tx] }

// New makes a Service.
func New(run *unit.Runner) *Service { return &Service{unit.In[Tx](run)} }
