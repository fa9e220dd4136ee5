package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/console"
	"noren/dialect/easypoints"
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
	engine  *sqlstore.DB
	service *noren.Service
	log     *slog.Logger
}

// remakeTold is how often the log says how far the search index has been made anew.
const remakeTold = 5 * time.Second

// openHouse opens the database, brings its schema up to date and puts the use cases on it.
func openHouse(ctx context.Context, database string, log *slog.Logger) (*house, error) {
	var told time.Time
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: database, OnRemake: func(members int) {
		if now := time.Now(); now.Sub(told) > remakeTold {
			told = now
			log.Info("making the search index anew for this version", "members", members)
		}
	}})
	if err != nil {
		return nil, err
	}
	// A dialect whose requests are answered later needs its encoder here: the bytes of a callback are written in the
	// transaction of the effect.
	service := noren.NewService(noren.Config{
		Engine:    engine,
		Encoders:  map[noren.Dialect]noren.CallbackEncoder{noren.Smaregi: smaregi.Callbacks{}},
		Passwords: password.Argon2id{},
		Log:       log,
	})
	return &house{engine, service, log}, nil
}

// close closes the database after what was begun is finished.
func (h *house) close() {
	if err := h.engine.Close(); err != nil {
		h.log.Error("closing the database", "error", err)
	}
}

// server is a house that takes requests and works on them.
type server struct {
	handler *web.Handler
	worker  *worker.Worker
	caller  *webhook.Client
	paces   *web.PaceStore // nil: rate limits are off
	log     *slog.Logger
}

// newServer puts dialects, worker and outgoing calls on the house. The flags have been checked. The store stays the
// caller's to close, after the server has run.
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
	switch {
	case f.RateLimits == "off":
	case f.Redis != "":
		if s.paces, err = web.RedisPaces(f.Redis); err != nil {
			return nil, wrong("redis", "NOREN_REDIS", "%v", err)
		}
	default:
		if s.paces, err = web.MemoryPaces(time.Now); err != nil {
			return nil, err
		}
	}
	version := buildVersion()
	// A registry of our own: the default one is shared by everything in the process, and by parallel tests.
	metrics := web.NewMetrics(prometheus.NewRegistry(), h.service)
	dialects, err := h.dialects(store, f.BaseURL, version)
	if err != nil {
		return nil, err
	}
	s.handler, err = web.NewHandler(web.Config{
		Service: h.service, Dialects: dialects, Paces: s.paces, Metrics: metrics,
		Log: h.log, BaseURL: f.BaseURL, Proxies: proxies, Version: version,
	})
	if err != nil {
		return nil, err
	}
	// Timeout is the worker's limit, so that a slow receiver is told apart from a server that stops.
	s.caller = webhook.NewClient(webhook.Config{
		Allow: allowed, Version: version, Timeout: worker.MaxSend, MaxAnswerBytes: noren.MaxAnswerBytes,
	})
	s.worker = worker.New(worker.Config{
		Service: h.service, Send: s.send, Log: h.log, Metrics: metrics,
		RemoveFile: func(ctx context.Context, t noren.Tenant, fileKey string) error {
			return store.Remove(ctx, recore.FileName(t.Contract, fileKey))
		},
	})
	return s, nil
}

// dialects are the APIs that clients speak, and the console that people use.
func (h *house) dialects(store files.Store, baseURL, version string) ([]web.Dialect, error) {
	shops := recore.New(recore.Config{Service: h.service, Files: store, Links: links{}, BaseURL: baseURL, Version: version})
	programs := []web.Dialect{
		smaregi.New(h.service, version), shops, easypoints.New(h.service, version), shopify.New(h.service, version),
	}
	people, err := console.New(console.Config{
		Service: h.service, Files: shops, BaseURL: baseURL, Version: version, Dialects: h.consoleDialects(programs),
	})
	if err != nil {
		return nil, err
	}
	return append(programs, people), nil
}

// send delivers one callback.
func (s *server) send(ctx context.Context, c noren.Callback) noren.Attempt {
	// The id is the same for every try of one callback, and no other callback of this database has it.
	out := s.caller.Post(ctx, webhook.Delivery{
		URL: c.URL, Body: c.Body, ID: fmt.Sprintf("bulk-%d-%d", c.TenantID, c.RequestID), Secret: c.Secret, Time: time.Now(),
	})
	attempt := noren.Attempt{Duration: out.Duration, Status: out.Status, Answer: out.Answer}
	if out.Err != nil {
		attempt.Error = out.Err.Error()
	}
	return attempt
}

// requestGrace is how long requests may go on once the server is to stop. The worker's own grace bounds the rest.
const requestGrace = 10 * time.Second

// run serves and works until ctx ends or the listener fails, then lets both finish within their grace times.
func (s *server) run(ctx context.Context, l net.Listener, f serverFlags) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Requests and work stop at the same time. What is accepted after the worker has begun to stop is durable, and
	// waits for the next start or for another node.
	var working sync.WaitGroup
	working.Go(func() { s.worker.Run(ctx) })
	err := web.Serve(ctx, l, s.handler, web.ServerConfig{
		CertFile: f.TLSCert, KeyFile: f.TLSKey, Grace: requestGrace, Log: s.log,
	})
	cancel() // also where the listener failed, and ctx goes on
	working.Wait()
	s.caller.Close()
	if s.paces != nil {
		if err := s.paces.Close(); err != nil {
			s.log.Error("closing the connections to Redis", "error", err)
		}
	}
	return err
}
