// Package points keeps the ledger of points: it grants and takes points, sets balances, expires lots, and shows what was
// granted and moved.
package points

import (
	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Tx is the part of a transaction that points take.
type Tx interface {
	audit.Tx
	noren.TogetherTx
	noren.PointTx
	noren.PurchaseTx
	noren.PointSumTx
	noren.MemberTx
	noren.StaffTx
	noren.TenantTx
}

// Service has the use cases of points. It is safe for concurrent use.
type Service struct{ run unit.Room[Tx] }

// New makes a Service.
func New(run *unit.Runner) *Service { return &Service{unit.In[Tx](run)} }
