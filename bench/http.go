package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"noren/bench/figures"
	"noren/bench/floor"
	"noren/bench/load"
)

// httpRun is what is measured over HTTP: the server on the seeded database, beside the bare server, and the floor on
// a copy of the database.
type httpRun struct {
	measurement
	sides    *floor.Sides
	server   *load.Server
	bare     string
	receiver *load.Receiver
}

// overHTTP starts everything and measures it with each number of connections.
func (m measurement) overHTTP(ctx context.Context, seeded string) (err error) {
	h := httpRun{measurement: m}
	// Before the server starts, because only a database that nobody has open can be copied.
	if h.sides, err = floor.NewSides(ctx, m.place, seeded, m.to.Members, 2); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.sides.Close(context.WithoutCancel(ctx))) }()
	if h.receiver, err = load.StartReceiver(ctx); err != nil {
		return err
	}
	defer h.receiver.Close()
	base, stop, err := load.StartBare(ctx)
	if err != nil {
		return err
	}
	defer stop()
	h.bare = base
	m.doing("starting the server")
	if h.server, err = load.StartServer(ctx, m.noren, seeded, m.dir); err != nil {
		return err
	}
	defer h.server.Stop()
	for _, callers := range m.connections {
		if err := h.measure(ctx, callers); err != nil {
			return fmt.Errorf("%w\nThe server's last words:\n%s", err, h.server.LastWords())
		}
	}
	return nil
}

func (h httpRun) measure(ctx context.Context, callers int) error {
	noren, bare := load.New(h.server.Base, h.server.Token, callers), load.New(h.bare, "", callers)
	defer noren.Close()
	defer bare.Close()
	to := h.to.With(callers)
	for _, read := range []struct {
		name string
		path func() string
	}{
		{"GET /customers/{id}", load.AnyMember(h.to.Members)},
		{"GET /customers?limit=100", load.Fixed(load.PosPath + "/customers?limit=100")},
		{"GET /stock?limit=100", load.Fixed(load.PosPath + "/stock?limit=100")},
	} {
		h.doing(fmt.Sprintf("%s, %d connections", read.name, callers))
		if err := h.read(ctx, to, noren, bare, read.name, read.path); err != nil {
			return err
		}
	}
	h.doing(fmt.Sprintf("PATCH /customers/bulk until the callback, %d connections", callers))
	if err := h.untilCallback(ctx, to, noren); err != nil {
		return err
	}
	h.doing(fmt.Sprintf("PATCH /customers/bulk with one row, %d connections", callers))
	return h.accept(ctx, to, noren, bare)
}

// read measures one GET, beside a bare server that sends as many bytes.
func (h httpRun) read(ctx context.Context, to figures.Section, noren, bare *load.Load, name string, path func() string) error {
	// Once beforehand: the bare server has to send as many bytes as Noren.
	answer, err := noren.Send(ctx, http.MethodGet, path(), nil, http.StatusOK)
	if err != nil {
		return err
	}
	b, err := figures.Bursts(ctx,
		figures.Crowded(to.Callers, h.length, noren.Get(path)),
		figures.Crowded(to.Callers, h.length, bare.Get(bareAnswer(len(answer)))))
	if err != nil {
		return err
	}
	to.Rates(name, "bare handler", b[0].PerSecond(), b[1].PerSecond(), 0)
	return nil
}

func bareAnswer(bytes int) func() string { return load.Fixed(fmt.Sprintf("/?bytes=%d", bytes)) }

// untilCallback measures changes of 100 members: each caller sends one, waits for its callback, and sends the next.
// Beside it the same rows are written by hand, one after another.
func (h httpRun) untilCallback(ctx context.Context, to figures.Section, noren *load.Load) error {
	makers := load.Works(h.sides.Noren.Caller.Tenant.ID, h.to.Members, to.Callers)
	var turn sync.Mutex
	b, err := figures.Bursts(ctx,
		figures.Crowded(to.Callers, h.length, func(ctx context.Context, caller int) error {
			w := makers[caller].Next(floor.ChangeNote)
			url, arrived := h.receiver.Expect()
			if err := noren.Patch(ctx, &w, url); err != nil {
				return err
			}
			return load.Await(ctx, arrived)
		}),
		figures.Crowded(to.Callers, h.length, func(ctx context.Context, _ int) error {
			// The floor is one connection, whose transactions must not mix.
			turn.Lock()
			defer turn.Unlock()
			_, err := h.sides.ApplyFloor(ctx, floor.ChangeNote)
			return err
		}),
	)
	if err != nil {
		return err
	}
	const what, beside = "100 rows until the callback", "the same rows by hand"
	to.Rates(what, beside, b[0].PerSecond(), b[1].PerSecond(), 0)
	for _, percentile := range []int{50, 95, 99} {
		share := float64(percentile) / 100
		to.Times(fmt.Sprintf("  p%d", percentile), beside, b[0].Answers.At(share), b[1].Answers.At(share), 0)
	}
	return nil
}

// accept measures how fast requests of one row are accepted while they are also applied and called back. The bare server
// gets its turn when all callbacks have arrived.
func (h httpRun) accept(ctx context.Context, to figures.Section, noren, bare *load.Load) error {
	one := floor.OneRow()
	crowd := figures.Crowded(to.Callers, h.length, func(ctx context.Context, _ int) error {
		url, _ := h.receiver.Expect()
		return noren.Patch(ctx, &one, url)
	})
	body := load.BulkBody(&one, h.receiver.Base+"1234567")
	b, err := figures.Bursts(ctx,
		func(ctx context.Context) (figures.Burst, error) {
			b, err := crowd(ctx)
			if err != nil {
				return b, err
			}
			return b, h.receiver.Drained(ctx)
		},
		figures.Crowded(to.Callers, h.length, func(ctx context.Context, _ int) error { return bare.Accept(ctx, body) }),
	)
	if err != nil {
		return err
	}
	to.Rates("accept 1 row while applying", "bare handler", b[0].PerSecond(), b[1].PerSecond(), 0)
	if to.Callers == 1 {
		return h.shares(ctx, to, noren, bare)
	}
	return nil
}

// shares reports what parts the time of accepting one row over HTTP consists of, on an otherwise idle server: each request
// waits for the callback of the one before. Each part is what it costs alone.
func (h httpRun) shares(ctx context.Context, to figures.Section, noren, bare *load.Load) error {
	a, err := floor.NewAcceptors(ctx, h.sides, 1)
	if err != nil {
		return err
	}
	defer a.Close()
	decode, err := newDecoder(1, false)
	if err != nil {
		return err
	}
	one := floor.OneRow()
	body := load.BulkBody(&one, h.receiver.Base+"1234567")
	all, err := figures.Turns(ctx, h.rounds,
		func(ctx context.Context) (time.Duration, error) {
			url, arrived := h.receiver.Expect()
			begin := time.Now()
			err := noren.Patch(ctx, &one, url)
			took := time.Since(begin)
			if err == nil {
				err = load.Await(ctx, arrived)
			}
			return took, err
		},
		figures.Timed(func(ctx context.Context) error { return bare.Accept(ctx, body) }),
		figures.Timed(func(ctx context.Context) error { return a.Noren(ctx, 0) }),
		figures.Timed(decode.noren),
	)
	if err != nil {
		return err
	}
	whole, network, service, json := all[0].Median(), all[1].Median(), all[2].Median(), all[3].Median()
	to.Times("accept 1 row", "bare handler", whole, network, 0)
	to.Share("  of that: network and net/http", network, whole)
	to.Share("  of that: JSON", json, whole)
	to.Share("  of that: the service and its commit", service, whole)
	to.Share("  of that: the rest", whole-network-json-service, whole)
	return nil
}
