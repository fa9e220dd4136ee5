package floor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"noren"
	"noren/bench/figures"
)

// acceptors are the ways to accept requests of one row, for several callers at once.
type acceptors struct {
	sides *Sides
	// crew is the floor's connections: one for each caller on PostgreSQL, one for all on SQLite, which has one
	// writer; there turn is held to use it.
	crew []*Floor
	turn sync.Mutex
	last atomic.Int64 // made-up number of the last request that the floor inserted

	work Work
	rows []byte // of work, as they are stored
}

// NewAcceptors prepares acceptors for that many callers.
func NewAcceptors(ctx context.Context, s *Sides, callers int) (*acceptors, error) {
	a := &acceptors{sides: s, crew: []*Floor{s.Floor}, work: OneRow()}
	// Far above any number that the counter has given.
	a.last.Store(1 << 40)
	var err error
	if a.rows, err = a.work.request().Rows.Encode(); err != nil {
		return nil, err
	}
	// Connections are opened beforehand: making one costs more than what is measured.
	for s.Place.Engine() == "postgres" && len(a.crew) < callers {
		f, err := New(ctx, s.Place, s.DB, s.Noren.Caller.Tenant.ID)
		if err != nil {
			a.Close()
			return nil, err
		}
		a.crew = append(a.crew, f)
	}
	return a, nil
}

// Close returns the connections that NewAcceptors took.
func (a *acceptors) Close() {
	for _, f := range a.crew[1:] {
		_ = f.Conn.Close() // nothing is in flight on it
	}
}

// OneRow is a change of one member's note.
func OneRow() Work {
	return Work{change: ChangeNote, Members: []int64{1}, Values: map[string][]string{"note": {"お得意様 1回目"}}}
}

// Noren accepts one request through the use case.
func (a *acceptors) Noren(ctx context.Context, _ int) error {
	return Wrap("noren: accept", a.sides.Noren.Accept(ctx, &a.work))
}

// Insert inserts one request durably and does nothing else.
func (a *acceptors) Insert(ctx context.Context, caller int) error {
	return a.byHand(caller, func(f *Floor) error {
		return f.insertRequest(ctx, a.last.Add(1), noren.NewSecret(""), a.rows, len(a.work.Members), time.Now())
	})
}

// Numbered accepts one request by hand, with its number and a commit of its own.
func (a *acceptors) Numbered(ctx context.Context, caller int) error {
	return a.byHand(caller, func(f *Floor) error {
		return f.accept(ctx, noren.NewSecret(""), a.rows, len(a.work.Members), time.Now())
	})
}

func (a *acceptors) byHand(caller int, do func(*Floor) error) error {
	if len(a.crew) == 1 {
		a.turn.Lock()
		defer a.turn.Unlock()
	}
	return Wrap("floor: accept", do(a.crew[caller%len(a.crew)]))
}

// Measure reports how fast the use case accepts requests, beside both ways by hand. The calls of a single caller are
// compared one by one, those of several callers in bursts.
func (a *acceptors) Measure(ctx context.Context, to figures.Section, rounds int, length time.Duration) error {
	const what = "accept at the service"
	if to.Callers == 1 {
		alone := func(do func(context.Context, int) error) func(context.Context) (time.Duration, error) {
			return figures.Timed(func(ctx context.Context) error { return do(ctx, 0) })
		}
		all, err := figures.Turns(ctx, rounds, alone(a.Noren), alone(a.Insert), alone(a.Numbered))
		if err != nil {
			return err
		}
		to.Times(what, "one durable insert", all[0].Median(), all[1].Median(), 2)
		to.Times(what, "insert with a number", all[0].Median(), all[2].Median(), 0)
		return nil
	}
	b, err := figures.Bursts(ctx, figures.Crowded(to.Callers, length, a.Noren), figures.Crowded(to.Callers, length, a.Insert),
		figures.Crowded(to.Callers, length, a.Numbered))
	if err != nil {
		return err
	}
	atLeast := 0.0
	// Only where there are enough callers for groups to form.
	if to.Callers >= 64 {
		atLeast = map[string]float64{"sqlite": 3, "postgres": 1}[to.Engine]
	}
	to.Rates(what, "a commit for each insert", b[0].PerSecond(), b[1].PerSecond(), atLeast)
	to.Rates(what, "the same with numbers", b[0].PerSecond(), b[2].PerSecond(), 0)
	return nil
}
