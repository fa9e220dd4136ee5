// Package stock sets and shows how much there is of each product in each store, and how it came to that. It also reads the
// rest of the catalogue: stores, products and staff.
package stock

import (
	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Tx is the part of a transaction that stock takes.
type Tx interface {
	audit.Tx
	noren.TogetherTx
	noren.StockTx
	noren.CatalogueTx
	noren.RankTx
	noren.StaffTx
}

// Service has the use cases of stock. It is safe for concurrent use.
type Service struct{ run unit.Room[Tx] }

// New makes a Service.
func New(run *unit.Runner) *Service { return &Service{unit.In[Tx](run)} }
