package bulk

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"noren"
	"noren/app/members"
	"noren/app/stock"
	"noren/app/unit"
)

// Tx is the part of a transaction that bulk requests take.
type Tx interface {
	members.Tx
	noren.CounterTx
	stock.Tx
	noren.TenantTx
	noren.AnswerTx
	noren.BulkTx
	noren.BulkListTx
	noren.CallbackTx
}

// Directory is what is looked up across tenants: where there is work to do. Accepting is there too, because an engine
// can do it in one round trip.
type Directory interface {
	noren.BulkDirectory
	AcceptBulk(ctx context.Context, tenant noren.TenantID, requests []noren.BulkRequest, rows [][]byte) ([]int64, error)
}

// Service has the use cases of bulk requests and their callbacks. It is safe for concurrent use.
type Service struct {
	run        unit.Room[Tx]
	directory  Directory
	encoders   map[noren.Dialect]Encoder
	log        *slog.Logger
	accepts    groups[*acceptance]
	recordings groups[*recording]
	limit      queueLimit
	paces      lanePaces
	kept       time.Duration // less than 0: for good

	bulkReady     unit.Signal
	callbackReady unit.Signal
}

// New makes a Service. encoders write callbacks in each dialect's words; queueLimit is how many requests a tenant may have
// waiting, 0 for any number. kept is how long requests stay stored after they were applied: 0 for Kept, less for good.
func New(
	run *unit.Runner, directory Directory, encoders map[noren.Dialect]Encoder, queueLimit int, kept time.Duration, log *slog.Logger,
) *Service {
	s := &Service{
		run: unit.In[Tx](run), kept: cmp.Or(kept, Kept), directory: directory, encoders: encoders, log: log,
		bulkReady: unit.NewSignal(), callbackReady: unit.NewSignal(),
	}
	s.limit.most = queueLimit
	return s
}

// Ready receives a hint soon after this process accepted bulk requests. Other processes' are found by polling.
func (s *Service) Ready() <-chan struct{} { return s.bulkReady }

// CallbackReady receives a hint soon after this process made callbacks due.
func (s *Service) CallbackReady() <-chan struct{} { return s.callbackReady }
