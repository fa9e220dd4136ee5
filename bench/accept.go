package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"noren"
)

// acceptors are the ways to accept requests of one row, for several callers at once.
type acceptors struct {
	sides *sides
	// crew is the floor's connections: one for each caller on PostgreSQL, one for all on SQLite, which has one
	// writer; there turn is held to use it.
	crew []*floor
	turn sync.Mutex
	last atomic.Int64 // made-up number of the last request that the floor inserted

	work work
	rows []byte // of work, as they are stored
}

// newAcceptors makes ready for that many callers.
func newAcceptors(ctx context.Context, s *sides, callers int) (*acceptors, error) {
	a := &acceptors{sides: s, crew: []*floor{s.floor}, work: oneRow()}
	a.last.Store(1 << 40)
	var err error
	if a.rows, err = a.work.request().Rows.Encode(); err != nil {
		return nil, err
	}
	for s.place.engine() == "postgres" && len(a.crew) < callers {
		f, err := newFloor(ctx, s.place, s.db, s.noren.caller.Tenant.ID)
		if err != nil {
			a.close()
			return nil, err
		}
		a.crew = append(a.crew, f)
	}
	return a, nil
}

// close gives the connections back that newAcceptors took.
func (a *acceptors) close() {
	for _, f := range a.crew[1:] {
		_ = f.conn.Close() // nothing is in flight on it
	}
}

// oneRow is a change of one member's note.
func oneRow() work {
	return work{change: changeNote, members: []int64{1}, values: map[string][]string{"note": {"お得意様 1回目"}}}
}

// noren accepts one request through the service.
func (a *acceptors) noren(ctx context.Context, _ int) error {
	return wrap("noren: accept", a.sides.noren.accept(ctx, &a.work))
}

// insert inserts one request durably and does nothing else.
func (a *acceptors) insert(ctx context.Context, caller int) error {
	return a.byHand(caller, func(f *floor) error {
		return f.insertRequest(ctx, a.last.Add(1), noren.NewSecret(""), a.rows, len(a.work.members), time.Now())
	})
}

// numbered accepts one request by hand, with its number and a commit of its own.
func (a *acceptors) numbered(ctx context.Context, caller int) error {
	return a.byHand(caller, func(f *floor) error {
		return f.accept(ctx, noren.NewSecret(""), a.rows, len(a.work.members), time.Now())
	})
}

func (a *acceptors) byHand(caller int, do func(*floor) error) error {
	if len(a.crew) == 1 {
		a.turn.Lock()
		defer a.turn.Unlock()
	}
	return wrap("floor: accept", do(a.crew[caller%len(a.crew)]))
}

// measure reports how fast requests are accepted at the service, beside both ways by hand. A single caller's calls are
// compared one by one, what several reach together in bursts.
func (a *acceptors) measure(ctx context.Context, to section, rounds int, length time.Duration) error {
	const what = "accept at the service"
	if to.callers == 1 {
		alone := func(do func(context.Context, int) error) func(context.Context) (time.Duration, error) {
			return timed(func(ctx context.Context) error { return do(ctx, 0) })
		}
		all, err := turns(ctx, rounds, alone(a.noren), alone(a.insert), alone(a.numbered))
		if err != nil {
			return err
		}
		to.times(what, "one durable insert", all[0].median(), all[1].median(), 2)
		to.times(what, "insert with a number", all[0].median(), all[2].median(), 0)
		return nil
	}
	b, err := bursts(ctx, crowded(to.callers, length, a.noren), crowded(to.callers, length, a.insert),
		crowded(to.callers, length, a.numbered))
	if err != nil {
		return err
	}
	atLeast := 0.0
	if to.callers >= 64 {
		atLeast = map[string]float64{"sqlite": 3, "postgres": 1}[to.engine]
	}
	to.rates(what, "a commit for each insert", b[0].perSecond(), b[1].perSecond(), atLeast)
	to.rates(what, "the same with numbers", b[0].perSecond(), b[2].perSecond(), 0)
	return nil
}
