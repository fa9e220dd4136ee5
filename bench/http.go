package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// httpRun is what is measured over HTTP: the server on the seeded database, beside the bare server, and the floor on
// a copy of the database.
type httpRun struct {
	measurement
	sides    *sides
	server   *server
	bare     string
	receiver *receiver
}

// overHTTP starts everything and measures it with each number of connections.
func (m measurement) overHTTP(ctx context.Context, seeded string) (err error) {
	h := httpRun{measurement: m}
	if h.sides, err = newSides(ctx, m.place, seeded, m.to.members, 2); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.sides.close(context.WithoutCancel(ctx))) }()
	if h.receiver, err = startReceiver(ctx); err != nil {
		return err
	}
	defer h.receiver.close()
	base, stop, err := startBare(ctx)
	if err != nil {
		return err
	}
	defer stop()
	h.bare = base
	m.doing("starting the server")
	if h.server, err = startServer(ctx, m.noren, seeded, m.dir); err != nil {
		return err
	}
	defer h.server.stop()
	for _, callers := range m.connections {
		if err := h.measure(ctx, callers); err != nil {
			return fmt.Errorf("%w\nThe server's last words:\n%s", err, h.server.lastWords())
		}
	}
	return nil
}

func (h httpRun) measure(ctx context.Context, callers int) error {
	noren, bare := newLoad(h.server.base, h.server.token, callers), newLoad(h.bare, "", callers)
	defer noren.close()
	defer bare.close()
	to := h.to.with(callers)
	for _, read := range []struct {
		name string
		path func() string
	}{
		{"GET /customers/{id}", anyMember(h.to.members)},
		{"GET /customers?limit=100", fixed(posPath + "/customers?limit=100")},
		{"GET /stock?limit=100", fixed(posPath + "/stock?limit=100")},
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

// read measures one GET, beside the bare server answering as many bytes.
func (h httpRun) read(ctx context.Context, to section, noren, bare *load, name string, path func() string) error {
	answer, err := noren.send(ctx, http.MethodGet, path(), nil, http.StatusOK)
	if err != nil {
		return err
	}
	b, err := bursts(ctx, crowded(to.callers, h.length, noren.get(path)), crowded(to.callers, h.length, bare.get(bareAnswer(len(answer)))))
	if err != nil {
		return err
	}
	to.rates(name, "bare handler", b[0].perSecond(), b[1].perSecond(), 0)
	return nil
}

func bareAnswer(bytes int) func() string { return fixed(fmt.Sprintf("/?bytes=%d", bytes)) }

// untilCallback measures changes of 100 members: each caller sends one, waits for its callback, and sends the next.
// Beside it the same rows are written by hand, one after another.
func (h httpRun) untilCallback(ctx context.Context, to section, noren *load) error {
	makers := works(h.sides.noren.caller.Tenant.ID, h.to.members, to.callers)
	var turn sync.Mutex
	b, err := bursts(ctx,
		crowded(to.callers, h.length, func(ctx context.Context, caller int) error {
			w := makers[caller].next(changeNote)
			url, arrived := h.receiver.expect()
			if err := noren.patch(ctx, &w, url); err != nil {
				return err
			}
			return await(ctx, arrived)
		}),
		crowded(to.callers, h.length, func(ctx context.Context, _ int) error {
			turn.Lock()
			defer turn.Unlock()
			_, err := h.sides.applyFloor(ctx, changeNote)
			return err
		}),
	)
	if err != nil {
		return err
	}
	const what, beside = "100 rows until the callback", "the same rows by hand"
	to.rates(what, beside, b[0].perSecond(), b[1].perSecond(), 0)
	for _, percentile := range []int{50, 95, 99} {
		share := float64(percentile) / 100
		to.times(fmt.Sprintf("  p%d", percentile), beside, b[0].answers.at(share), b[1].answers.at(share), 0)
	}
	return nil
}

// accept measures how fast requests of one row are accepted while they are applied and called back as they come. The
// bare server gets its turn when all callbacks have come.
func (h httpRun) accept(ctx context.Context, to section, noren, bare *load) error {
	one := oneRow()
	crowd := crowded(to.callers, h.length, func(ctx context.Context, _ int) error {
		url, _ := h.receiver.expect()
		return noren.patch(ctx, &one, url)
	})
	body := bulkBody(&one, h.receiver.base+"1234567")
	b, err := bursts(ctx,
		func(ctx context.Context) (burst, error) {
			b, err := crowd(ctx)
			if err != nil {
				return b, err
			}
			return b, h.receiver.drained(ctx)
		},
		crowded(to.callers, h.length, func(ctx context.Context, _ int) error { return bare.accept(ctx, body) }),
	)
	if err != nil {
		return err
	}
	to.rates("accept 1 row while applying", "bare handler", b[0].perSecond(), b[1].perSecond(), 0)
	if to.callers == 1 {
		return h.shares(ctx, to, noren, bare)
	}
	return nil
}

// shares tells what accepting one row over HTTP is made of, while nothing else is done: each request waits for the
// callback of the last. Its parts are what they cost alone.
func (h httpRun) shares(ctx context.Context, to section, noren, bare *load) error {
	a, err := newAcceptors(ctx, h.sides, 1)
	if err != nil {
		return err
	}
	defer a.close()
	decode, err := newDecoder(1, false)
	if err != nil {
		return err
	}
	one := oneRow()
	body := bulkBody(&one, h.receiver.base+"1234567")
	all, err := turns(ctx, h.rounds,
		func(ctx context.Context) (time.Duration, error) {
			url, arrived := h.receiver.expect()
			begin := time.Now()
			err := noren.patch(ctx, &one, url)
			took := time.Since(begin)
			if err == nil {
				err = await(ctx, arrived)
			}
			return took, err
		},
		timed(func(ctx context.Context) error { return bare.accept(ctx, body) }),
		timed(func(ctx context.Context) error { return a.noren(ctx, 0) }),
		timed(decode.noren),
	)
	if err != nil {
		return err
	}
	whole, network, service, json := all[0].median(), all[1].median(), all[2].median(), all[3].median()
	to.times("accept 1 row", "bare handler", whole, network, 0)
	to.share("  of that: network and net/http", network, whole)
	to.share("  of that: JSON", json, whole)
	to.share("  of that: the service and its commit", service, whole)
	to.share("  of that: the rest", whole-network-json-service, whole)
	return nil
}
