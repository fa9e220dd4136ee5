// Package unit runs the units of work that use cases are made of. A unit is one transaction of one tenant, at one
// instant, by one caller, and takes effect at most once for each Idempotency-Key. No other package begins transactions.
package unit

import (
	"context"
	"time"

	"noren"
)

// Unit is what the work inside a transaction knows beside the transaction: whose it is, and when it happens.
type Unit struct {
	Tenant noren.Tenant
	Now    time.Time
}

// Today is the day of the unit in the tenant's zone.
func (u Unit) Today() noren.Date { return noren.DateOf(u.Now, u.Tenant.Location()) }

// JudgedFirst is how many rows a request may name before JudgesFirst. A bulk of the usual hundred rows is not judged twice: that
// would cost more than it can hold up.
const JudgedFirst = 100

// Runner runs units of work on an engine, by one clock. It is safe for concurrent use.
type Runner struct {
	// KeyHeld is how long the answer to a request with an Idempotency-Key is replayed.
	KeyHeld time.Duration

	engine   noren.Engine
	now      func() time.Time
	inFlight inFlight
}

// NewRunner makes a Runner. A nil clock is time.Now.
func NewRunner(engine noren.Engine, clock func() time.Time) *Runner {
	if clock == nil {
		clock = time.Now
	}
	return &Runner{KeyHeld: KeyHeld, engine: engine, now: clock}
}

// JudgesFirst reports whether a request with so many rows is judged on a snapshot before it writes. Where there is one writer, a
// request that is refused does not keep all others waiting then. What passes is judged again when it writes.
func (r *Runner) JudgesFirst(rows int) bool { return rows > JudgedFirst && r.engine.OneWriter() }

// Now is what the runner's clock shows.
func (r *Runner) Now() time.Time { return r.now() }

// Update runs work in one durable read-write transaction of the tenant. It may be run more than once, as
// [noren.Engine] says.
func (r *Runner) Update(ctx context.Context, tenant noren.TenantID, work func(tx noren.Tx) error) error {
	return r.engine.Update(ctx, tenant, work)
}

// View runs work on one consistent snapshot of the tenant's data.
func (r *Runner) View(ctx context.Context, tenant noren.TenantID, work func(tx noren.Tx) error) error {
	return r.engine.View(ctx, tenant, work)
}

// Tx is the part of a transaction that looking for a member takes.
type Tx interface{ noren.MemberTx }
