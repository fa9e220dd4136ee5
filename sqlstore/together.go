package sqlstore

import (
	"context"
	"errors"
	"iter"
	"slices"
)

// Together implements noren.TogetherTx. On SQLite, where a statement is no round trip, the functions run one after another.
func (t *tx) Together(ctx context.Context, fns ...func() error) error {
	return t.together(ctx, false, fns)
}

// Last implements noren.TogetherTx. In a view on PostgreSQL the transaction ends with what the functions send first; a single
// statement needs none at all, and behind Citus nothing does that comes before all else. Where a function sends more, the view is run
// again by its caller, in the patient way.
func (t *tx) Last(ctx context.Context, fns ...func() error) error { return t.together(ctx, true, fns) }

// errSentMore says that a function of Last has sent a second statement.
var errSentMore = errors.New("sqlstore: a view has read more after what was to be its last")

// errStopped is what a function of Together gets for its statement where another one has failed.
var errStopped = errors.New("another statement of the transaction failed")

// turn is a function of Together, which runs until it waits for a statement, and then lets the others run.
type turn struct {
	next  func() (*request, bool) // runs it on, up to its next statement
	stop  func()                  // ends it, if it has not ended
	yield func(*request) bool
	err   error // what it returned
}

func newTurn(fn func() error) *turn {
	u := &turn{}
	u.next, u.stop = iter.Pull(func(yield func(*request) bool) {
		u.yield = yield
		u.err = fn()
	})
	return u
}

// resume runs the function on until it has a statement to send; nil where it has returned.
func (t *tx) resume(u *turn) *request {
	t.turn = u
	defer func() { t.turn = nil }() // also where it panics
	r, _ := u.next()
	return r
}

// wait is how a statement of a function of Together is sent.
func (u *turn) wait(r *request) error {
	if !u.yield(r) {
		return errStopped
	}
	return r.err
}

// together runs the functions in rounds: in each, those that have not returned send one statement.
func (t *tx) together(ctx context.Context, last bool, fns []func() error) error {
	p, ok := t.run.(*pgTx)
	if !ok || t.turn != nil { // within another Together it is one of its functions that sends
		for _, fn := range fns {
			if err := fn(); err != nil {
				return err
			}
		}
		return nil
	}
	last = last && p.view && !t.patient
	turns, waiting := make([]*turn, len(fns)), make([]*request, len(fns))
	for i, fn := range fns {
		// Each runs until its first statement before any is sent, so that all go out together.
		turns[i] = newTurn(fn)
		// Where one fails, the others are still in the middle: stopped, they get errStopped and return.
		defer turns[i].stop()
		waiting[i] = t.resume(turns[i])
	}
	for {
		for _, u := range turns {
			if u.err != nil {
				return u.err
			}
		}
		if !slices.ContainsFunc(waiting, func(r *request) bool { return r != nil }) {
			return nil
		}
		if err := t.round(ctx, p, last, turns, waiting); err != nil {
			return err
		}
	}
}

// round sends the statements that wait, lets each function run on with its own, and leaves in waiting what they send next.
func (t *tx) round(ctx context.Context, p *pgTx, last bool, turns []*turn, waiting []*request) error {
	requests := slices.DeleteFunc(slices.Clone(waiting), func(r *request) bool { return r == nil })
	var end []string
	switch {
	case p.ended:
		t.failed = errSentMore
		return errSentMore
	case last && p.opening != "" && (len(requests) == 1 || p.sharded):
		// A statement is a snapshot by itself. Behind Citus each of several is one of its own: a transaction would be two hops more to
		// the tenant's node, a third of what reading a member takes.
		p.opening = ""
	case last:
		end = []string{commitTx}
	}
	sent := p.send(ctx, requests, end)
	// With the end of the transaction sent, another statement would not be of its snapshot.
	p.ended = last
	for i, r := range waiting {
		if r == nil {
			continue
		}
		if sent.receive(r); r.err != nil && t.failed == nil {
			t.failed = r.err
		}
		waiting[i] = t.resume(turns[i])
		if r.rows != nil {
			_ = r.rows.close() // the outcome of the next statement is behind the rows that were not read
		}
	}
	err := sent.close()
	if err != nil && t.failed == nil {
		t.failed = err
	}
	for _, u := range turns {
		if u.err != nil {
			return u.err // which tells what was being done
		}
	}
	return err
}
