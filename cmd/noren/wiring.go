package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/app"
	"noren/app/bulk"
	"noren/app/members"
	"noren/console"
	"noren/dialect/easypoints"
	"noren/dialect/privacy"
	"noren/dialect/recore"
	"noren/dialect/shopify"
	"noren/dialect/smaregi"
	"noren/files"
	"noren/password"
	"noren/sqlstore"
	"noren/web"
	"noren/webhook"
	"noren/worker"
)

// house is a database with the use cases on it.
type house struct {
	engine     *sqlstore.DB
	rooms      *app.App
	configured app.Config // what the rooms were made of
	log        *slog.Logger
}

// openHouse opens the database, migrates its schema and puts the use cases on it. The caller closes the house.
func openHouse(ctx context.Context, database string, log *slog.Logger) (*house, error) {
	return openConfigured(ctx, sqlstore.Config{URL: database, LockWait: commandWait}, app.Config{}, log)
}

// commandWait is how long a command waits for a server that is writing to the same SQLite file. Nobody waits for its
// response as for that of a request.
const commandWait = 2 * time.Minute

// openConfigured is openHouse with other settings than the usual ones. Of c it takes what no house has otherwise.
func openConfigured(ctx context.Context, config sqlstore.Config, c app.Config, log *slog.Logger) (*house, error) {
	engine, err := sqlstore.Open(ctx, config)
	if path, isFile := strings.CutPrefix(config.URL, "sqlite:"); err != nil && isFile {
		path, _, _ = strings.Cut(path, "?")
		return nil, databaseAdvice(config.URL, fmt.Errorf("--database (NOREN_DATABASE): %s: %w", path, err))
	}
	if err != nil {
		return nil, databaseAdvice(config.URL, fmt.Errorf("--database (NOREN_DATABASE): %w", err))
	}
	// A dialect with callbacks needs its encoder here: the bytes of a callback are written in the same transaction as the
	// effect, so that no crash can separate them.
	c.Engine, c.Passwords, c.Log = engine, password.Argon2id{}, log
	c.Encoders = map[noren.Dialect]bulk.Encoder{noren.Smaregi: smaregi.Callbacks{}}
	return &house{engine, app.New(c), c, log}, nil
}

// close closes the database after the running statements have finished.
func (h *house) close() {
	if err := h.engine.Close(); err != nil {
		h.log.Error("closing the database", "error", err)
	}
}

// server is a house that accepts requests and works on them.
type server struct {
	handler *web.Handler
	worker  *worker.Worker
	caller  *webhook.Client
	rates   *web.RateStore // nil: rate limits are off
	log     *slog.Logger
}

// newServer adds dialects, worker and outgoing calls to the house. The flags must have been checked. The caller closes
// the store after the server has run.
func (h *house) newServer(f serverFlags, store files.Store) (*server, error) {
	s := &server{log: h.log}
	allowed, err := f.allowed()
	if err != nil {
		return nil, err
	}
	proxies, err := f.proxies()
	if err != nil {
		return nil, err
	}
	bodies, err := f.bodies()
	if err != nil {
		return nil, err
	}
	switch {
	case f.RateLimits == "off":
	// Limits in memory are per server: several servers without Redis allow a multiple of the documented limits.
	case f.Redis != "":
		if s.rates, err = web.RedisRates(f.Redis); err != nil {
			return nil, wrong("redis", "NOREN_REDIS", "%v", err)
		}
	default:
		if s.rates, err = web.MemoryRates(nil); err != nil {
			return nil, err
		}
	}
	version := buildVersion()
	// A separate registry: the default one is shared by the whole process, and so by parallel tests.
	metrics := web.NewMetrics(prometheus.NewRegistry(), h.engine, h.rooms.Now)
	metrics.CountDeadlocks(h.engine.Deadlocks)
	dialects, err := h.dialects(store, f.baseURL(), version)
	if err != nil {
		return nil, err
	}
	s.handler, err = web.NewHandler(web.Config{
		Rooms: web.Rooms{Run: h.rooms.Run, Access: h.rooms.Access, Database: h.engine}, Files: store,
		Dialects: dialects, Rates: s.rates, Bodies: bodies, Metrics: metrics,
		Log: h.log, BaseURL: f.baseURL(), Hosts: f.hosts(), Proxies: proxies, Version: version,
	})
	if err != nil {
		return nil, err
	}
	// The timeout equals the worker's limit, so that a slow receiver can be told from a server that is stopping.
	s.caller = webhook.NewClient(webhook.Config{
		Allow: allowed, Version: version, Timeout: worker.MaxSend, MaxAnswerBytes: bulk.MaxAnswerBytes,
	})
	s.worker = worker.New(worker.Config{
		Rooms: worker.Rooms{
			Now: h.rooms.Now, Access: h.rooms.Access, Audit: h.rooms.Audit, Bulk: h.rooms.Bulk, Imports: h.rooms.Imports,
			Inbox: h.rooms.Inbox, Members: h.rooms.Members, Points: h.rooms.Points, Privacy: h.rooms.Privacy, Ranks: h.rooms.Ranks,
		},
		Send: s.send, Log: h.log, Metrics: metrics,
		RemoveFile: func(ctx context.Context, t noren.Tenant, fileKey string) error {
			return store.Remove(ctx, members.FileName(t.Contract, fileKey))
		},
	})
	return s, nil
}

// dialects are the APIs for clients, and the console for people.
func (h *house) dialects(store files.Store, baseURL, version string) ([]web.Dialect, error) {
	a := h.rooms
	shops := recore.New(recore.Config{
		Rooms: recore.Rooms{Now: a.Now, Access: a.Access, Members: a.Members, Points: a.Points, Stock: a.Stock},
		Files: store, Links: links{}, BaseURL: baseURL, Version: version,
	})
	opens := func(ctx context.Context, contract, fileKey string) (io.ReadCloser, error) {
		return members.OpenFile(ctx, store, contract, fileKey)
	}
	programs := []web.Dialect{
		smaregi.New(smaregi.Rooms{Access: a.Access, Bulk: a.Bulk, Members: a.Members, Stock: a.Stock}, version),
		shops,
		easypoints.New(easypoints.Rooms{Access: a.Access, Members: a.Members, Points: a.Points, Ranks: a.Ranks}, version),
		privacy.New(privacy.Rooms{Access: a.Access, Privacy: a.Privacy, OpenFile: opens}, version),
		shopify.New(shopify.Rooms{Inbox: a.Inbox}, version),
	}
	people, err := console.New(console.Config{
		Rooms: console.Rooms{
			Now: a.Now, Access: a.Access, Audit: a.Audit, Bulk: a.Bulk, Imports: a.Imports, Inbox: a.Inbox, Members: a.Members,
			Points: a.Points, Privacy: a.Privacy, Purchases: a.Purchases, Ranks: a.Ranks, Stock: a.Stock,
		},
		Files: store, FilePaths: shops.FilePaths, BaseURL: baseURL, Version: version, Dialects: h.consoleDialects(programs),
	})
	if err != nil {
		return nil, err
	}
	return append(programs, people), nil
}

// send delivers one callback.
func (s *server) send(ctx context.Context, c noren.Callback) noren.Attempt {
	// Receivers drop duplicates by this ID: it is the same for every attempt of one callback, and unique in the database.
	out := s.caller.Post(ctx, webhook.Delivery{
		URL: c.URL, Body: c.Body, ID: fmt.Sprintf("bulk-%d-%d", c.TenantID, c.RequestID), Secret: c.Secret,
		PreviousSecret: c.PreviousSecret, Time: time.Now(),
	})
	attempt := noren.Attempt{
		Duration: out.Duration, Status: out.Status, Answer: out.Answer, Address: out.Address, RetryAfter: out.RetryAfter,
	}
	if out.Err != nil {
		attempt.Error = out.Err.Error()
		// The attempt is for the client, who may not know what the network of the server is like. The cause is for the operator.
		s.log.InfoContext(ctx, "a callback was not delivered", "tenant", c.TenantID, "request", c.RequestID, "host", c.Host,
			"error", cmp.Or(errors.Unwrap(out.Err), out.Err))
	}
	return attempt
}

// requestGrace is how long requests may run on after the server was told to stop. The worker has its own grace time.
const requestGrace = 10 * time.Second

// run serves and works until ctx ends or the listener fails, then lets both finish within their grace times.
func (s *server) run(ctx context.Context, l net.Listener, f serverFlags) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Requests and work stop at the same time. A request accepted after the worker has begun to stop is durable, and waits
	// for the next start or for another node.
	var working sync.WaitGroup
	working.Go(func() { s.worker.Run(ctx) })
	err := web.Serve(ctx, l, s.handler, web.ServerConfig{
		CertFile: f.TLSCert, KeyFile: f.TLSKey, Grace: requestGrace, Log: s.log,
	})
	cancel() // needed if the listener failed while ctx goes on
	working.Wait()
	s.caller.Close()
	if s.rates != nil {
		if err := s.rates.Close(); err != nil {
			s.log.Error("closing the connections to Redis", "error", err)
		}
	}
	return err
}
