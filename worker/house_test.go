package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/sqlstore"
	"noren/worker"
)

// house is a service on a SQLite database of its own, with tenants to work for. Most tests run it in a bubble of
// package synctest, where time passes only while everything waits: a retry an hour away takes no time, and what
// takes no time is seen to take none.
type house struct {
	*app.App
	engine  *faulty
	callers map[string]noren.Caller // by contract
	encoder *encoder
}

// inBubble runs the test in a bubble.
func inBubble(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, setup(t)) })
}

func setup(t *testing.T) *house {
	t.Helper()
	db := apptest.Open(t, sqlstore.Config{URL: apptest.NewSQLite(t)})
	h := &house{engine: &faulty{Engine: db}, callers: make(map[string]noren.Caller), encoder: new(encoder)}
	h.App = h.another()
	return h
}

// another is a second service on the same database, as another process would have.
func (h *house) another() *app.App {
	return app.New(app.Config{
		Engine: h.engine, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: h.encoder},
		Log: slog.New(slog.DiscardHandler),
	})
}

// products is how many products each tenant has, numbered from 1, all in store 1.
const products = 20

// caller returns the only client of the tenant, which is made at its first mention.
func (h *house) caller(t *testing.T, contract string) noren.Caller {
	t.Helper()
	if c, ok := h.callers[contract]; ok {
		return c
	}
	shop := shop.Shop{
		Contract: contract,
		Tenant:   noren.TenantPatch{Name: noren.Set(contract)},
		Stores:   []noren.Store{{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop}},
		Clients: []access.ClientSpec{{
			Name: "pos", Dialect: noren.Smaregi, Kind: noren.AppClient, Key: contract + "-pos", Secret: "a secret",
		}},
	}
	for id := range int64(products) {
		shop.Products = append(shop.Products, noren.Product{ID: id + 1, Code: fmt.Sprint("P", id+1), Name: "緑茶"})
	}
	if _, err := h.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	c, err := h.engine.CallerByKey(t.Context(), noren.Smaregi, contract+"-pos")
	if err != nil {
		t.Fatal(err)
	}
	h.callers[contract] = c
	return c
}

// accept sends a bulk request that sets the products to the amounts, and returns its number.
func (h *house) accept(t *testing.T, contract, url string, amounts map[int64]int64) int64 {
	t.Helper()
	request := noren.BulkRequest{Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: url}
	for product, amount := range amounts {
		key := noren.StockKey{ProductID: product, StoreID: 1}
		request.Rows.Stock = append(request.Rows.Stock, noren.StockChange{StockKey: key, Amount: amount})
	}
	accepted, err := h.Bulk.Accept(t.Context(), h.caller(t, contract), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	return accepted.Request.ID
}

// status returns what is stored of a request.
func (h *house) status(t *testing.T, contract string, id int64) bulk.Status {
	t.Helper()
	status, err := h.Bulk.Status(t.Context(), h.caller(t, contract), id)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// start runs a worker until the test ends or stop is called; stop returns when the worker has.
func start(t *testing.T, c worker.Config) (stop func()) {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		worker.New(c).Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// encoder writes callbacks as a dialect would. It panics where stock of the product named was moved.
type encoder struct{ bad atomic.Int64 }

func (e *encoder) EncodeCallback(o bulk.Outcome) []byte {
	for _, m := range o.Movements {
		if m.ProductID == e.bad.Load() {
			panic("this outcome cannot be encoded")
		}
	}
	return fmt.Appendf(nil, `{"requestId":%d,"failures":%d}`, o.ID, len(o.Failures))
}

// faulty is a database that can be made to fail where a test says.
type faulty struct {
	noren.Engine
	look, claim, record fault
	claims              atomic.Int64           // calls of ClaimCallbacks
	claiming            atomic.Int64           // how long each takes
	expired             atomic.Int64           // calls of DeleteExpired
	expiring            fault                  // looking for points that have expired
	unclaimable         atomic.Int64           // a tenant whose callbacks cannot be claimed
	broken              atomic.Int64           // a tenant that cannot be written to
	unrecordable        atomic.Int64           // a request whose deliveries cannot be stored
	recording           atomic.Int64           // how long storing deliveries takes
	checking            atomic.Pointer[func()] // called where a check of ranks writes how far it is
	askedForChecks      atomic.Int64
}

// fault is an error that can be switched on and off, and how often it was asked for.
type fault struct {
	mu    sync.Mutex
	err   error
	calls int
}

func (f *fault) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.calls = err, 0
}

func (f *fault) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.err
}

func (f *fault) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (e *faulty) TenantsWithBulk(ctx context.Context) ([]noren.TenantID, error) {
	if err := e.look.get(); err != nil {
		return nil, err
	}
	return e.Engine.TenantsWithBulk(ctx)
}

func (e *faulty) TenantsWithCallbacks(ctx context.Context, now time.Time) ([]noren.TenantID, error) {
	if err := e.claim.get(); err != nil {
		return nil, err
	}
	return e.Engine.TenantsWithCallbacks(ctx, now)
}

func (e *faulty) ClaimCallbacks(
	ctx context.Context, tenant noren.TenantID, now, until time.Time, shares []noren.HostShare,
) ([]noren.Callback, error) {
	e.claims.Add(1)
	time.Sleep(time.Duration(e.claiming.Load()))
	if int64(tenant) == e.unclaimable.Load() {
		return nil, errAway
	}
	return e.Engine.ClaimCallbacks(ctx, tenant, now, until, shares)
}

func (e *faulty) DeleteExpired(ctx context.Context, now time.Time) (int, error) {
	e.expired.Add(1)
	return e.Engine.DeleteExpired(ctx, now)
}

func (e *faulty) Update(ctx context.Context, tenant noren.TenantID, fn func(noren.Tx) error) error {
	if int64(tenant) == e.broken.Load() {
		return errAway
	}
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(faultyTx{tx, e}) })
}

func (e *faulty) View(ctx context.Context, tenant noren.TenantID, fn func(noren.Tx) error) error {
	return e.Engine.View(ctx, tenant, func(tx noren.Tx) error { return fn(faultyTx{tx, e}) })
}

type faultyTx struct {
	noren.Tx
	engine *faulty
}

func (tx faultyTx) RecordAttempts(ctx context.Context, deliveries []noren.Delivery) error {
	if err := tx.engine.record.get(); err != nil {
		return err
	}
	for _, d := range deliveries {
		if d.Callback.RequestID == tx.engine.unrecordable.Load() {
			return &noren.Error{Message: "this cannot be stored"}
		}
	}
	time.Sleep(time.Duration(tx.engine.recording.Load()))
	return tx.Tx.RecordAttempts(ctx, deliveries)
}

func (tx faultyTx) ExpiredLots(ctx context.Context, today noren.Date, after noren.PointLot, limit int, lock bool) ([]noren.PointLot, error) {
	if err := tx.engine.expiring.get(); err != nil {
		return nil, err
	}
	return tx.Tx.ExpiredLots(ctx, today, after, limit, lock)
}

func (tx faultyTx) RankChecks(ctx context.Context, p noren.Page) ([]noren.RankCheck, int, error) {
	tx.engine.askedForChecks.Add(1)
	return tx.Tx.RankChecks(ctx, p)
}

func (tx faultyTx) PutRankCheck(ctx context.Context, c noren.RankCheck) error {
	if hook := tx.engine.checking.Load(); hook != nil {
		(*hook)()
	}
	return tx.Tx.PutRankCheck(ctx, c)
}

// errAway is the error of an engine whose database is unavailable.
var errAway = &noren.Error{Kind: noren.Unavailable, Message: "the database is away"}

// roomsOf are the rooms that the worker takes.
func roomsOf(a *app.App) worker.Rooms {
	return worker.Rooms{
		Now: a.Now, Access: a.Access, Audit: a.Audit, Privacy: a.Privacy, Bulk: a.Bulk, Imports: a.Imports, Inbox: a.Inbox, Members: a.Members, Points: a.Points, Ranks: a.Ranks,
	}
}
