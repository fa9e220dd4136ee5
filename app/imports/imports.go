// Package imports applies files of lines. A file is stored as a draft and previewed before anything happens; once started
// it is applied piece by piece, by any process that is free, and each line takes effect once (docs/adr/0005).
package imports

import (
	"cmp"
	"log/slog"
	"time"

	"noren"
	"noren/app/members"
	"noren/app/points"
	"noren/app/stock"
	"noren/app/unit"
)

// Tx is the part of a transaction that imports take.
type Tx interface {
	members.Tx
	stock.Tx
	points.TakeOverTx
	noren.TenantTx
	noren.ImportTx
	noren.ImportFileTx
	noren.CodeTx
}

// Directory is what is looked up across tenants.
type Directory interface {
	noren.ImportDirectory
}

// Service has the use cases of imports. It is safe for concurrent use.
type Service struct {
	run         unit.Room[Tx]
	directory   Directory
	log         *slog.Logger
	importReady unit.Signal
	ahead       ahead
	kept        time.Duration // less than 0: for good
}

// New makes a Service. kept is how long imports stay stored: 0 for Kept, less for good.
func New(run *unit.Runner, directory Directory, kept time.Duration, log *slog.Logger) *Service {
	return &Service{run: unit.In[Tx](run), directory: directory, log: log, importReady: unit.NewSignal(), kept: cmp.Or(kept, Kept)}
}

// Ready receives a hint soon after this process started an import.
func (s *Service) Ready() <-chan struct{} { return s.importReady }
