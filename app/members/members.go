// Package members writes and reads members, their notes and their files. Whatever changes a member ends here: requests,
// imports, the shop file, checks of ranks and messages of other systems. So a rule of what a member may become, the audit
// log, the history of ranks and the crediting of held purchases cannot be left out by one of them.
package members

import (
	"noren"
	"noren/app/purchases"
	"noren/app/unit"
)

// Tx is the part of a transaction that members take.
type Tx interface {
	purchases.Tx
	noren.TogetherTx
	noren.CatalogueTx
	noren.StaffTx
	noren.RankTx
	noren.PointTx
	noren.FileTx
}

// Service has the use cases of members. It is safe for concurrent use.
type Service struct {
	run       unit.Room[Tx]
	directory noren.FileDirectory
}

// New makes a Service.
func New(run *unit.Runner, directory noren.FileDirectory) *Service {
	return &Service{unit.In[Tx](run), directory}
}
