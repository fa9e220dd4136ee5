package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"noren"
)

// On PostgreSQL two transactions that lock the same rows in different orders wait for each other, until the server ends one of
// them. So all transactions of a tenant take their locks in one order, that of the constants below. Rows of one kind are
// locked by one statement in order of their keys, or by whoever holds the counter that stands before them. What is locked
// last, and by nearly every write, is put off until the end of the transaction by the methods themselves (ending). What only
// tidies up passes over the rows that others hold (flavor.skipLocked). docs/adr/0017 has the whole order and why.
//
// A lock that is taken too late is told to Config.OnDisorder, on every engine, so nearly every test looks for it.
type lock uint8

const (
	_            lock = iota
	lockKeys          // Idempotency-Keys, sorted
	lockWork          // what is worked on: a lane, an import, a check of ranks, a message of another system
	lockSettings      // CounterSettings; then the tenant, ranks, staff ranks, stores, staff
	lockProducts      // CounterProduct; then products
	lockMembers       // members, all that the transaction will lock
	lockStock         // CounterMovement; then stock levels
	lockClaims        // CounterMember; then new members, and values that no two members may have
	lockSpend         // CounterPurchase; then purchases, refunds and spend
	lockLots          // lots of points
	lockNewLots       // CounterPointLot
	lockEntries       // CounterPointEntry
	lockOwn           // counters of rows that belong to others: notes, attachments, imports, bulk requests
	lockClients       // CounterClient; then clients, their keys and tokens
	lockEnding        // changes of ranks, the audit log, the version of the settings, changes of members
)

// lockOf is the place of a counter in the order.
func lockOf(counter noren.Counter) lock {
	switch counter {
	case noren.CounterSettings:
		return lockSettings
	case noren.CounterProduct:
		return lockProducts
	case noren.CounterMovement:
		return lockStock
	case noren.CounterMember:
		return lockClaims
	case noren.CounterPurchase:
		return lockSpend
	case noren.CounterPointLot:
		return lockNewLots
	case noren.CounterPointEntry:
		return lockEntries
	case noren.CounterClient:
		return lockClients
	case noren.CounterRankChange, noren.CounterAudit, noren.CounterAuditSwept, counterMemberChange:
		return lockEnding
	default:
		return lockOwn
	}
}

// order is what a transaction has locked so far.
type order struct {
	reached  lock
	counters []noren.Counter
	members  map[int64]bool // kept only for OnDisorder
}

// takes notes that the transaction locks something.
func (t *tx) takes(l lock, what string) {
	if t.snapshot {
		return
	}
	if l < t.reached && t.db.onDisorder != nil {
		t.db.onDisorder(fmt.Sprintf("%s are locked after what comes behind them (%d after %d)", what, l, t.reached))
	}
	t.reached = max(t.reached, l)
}

// takesCounter notes that the counter's row is locked. One that the transaction has locked before may be locked again at any
// time.
func (t *tx) takesCounter(counter noren.Counter) {
	if !slices.Contains(t.counters, counter) {
		t.takes(lockOf(counter), "numbers of "+string(counter))
		t.counters = append(t.counters, counter)
	}
}

// under notes that rows are locked that only those lock who hold the counter.
func (t *tx) under(counter noren.Counter, what string) {
	if !t.snapshot && t.db.onDisorder != nil && !slices.Contains(t.counters, counter) {
		t.db.onDisorder(what + " are locked without the numbers of " + string(counter))
	}
}

// takesMembers notes that members are locked, or that they are new. Those that the transaction has locked before may be
// locked again at any time.
func (t *tx) takesMembers(l lock, ids ...int64) {
	if t.db.onDisorder == nil || t.snapshot {
		return
	}
	if t.members == nil {
		t.members = make(map[int64]bool)
	}
	for _, id := range ids {
		if !t.members[id] {
			t.takes(l, "members")
			t.members[id] = true
		}
	}
}

// hold locks the counter's row until the transaction ends, where there is more than one writer. The lock is there before the
// next statement.
func (t *tx) hold(ctx context.Context, counter noren.Counter) error {
	held := slices.Contains(t.counters, counter)
	t.takesCounter(counter)
	if held || t.db.flavor.lockRows == "" {
		return nil
	}
	t.forgetSettings()
	return t.later(ctx, deferred{doing: "lock a counter", text: raiseCounter, args: []any{t.tenant, counter, 1}})
}

// ending is what a transaction stores at its end, because the rows of its counters are locked from then on until the commit.
type ending struct {
	ranks []noren.RankChange
	audit []noren.AuditEntry
}

// end stores what was put off. What follows waits for nothing but the rows that it locks here, in one order.
func (t *tx) end(ctx context.Context) error {
	if err := t.writeRankChanges(ctx, t.ranks); err != nil {
		return err
	}
	if err := t.writeAudit(ctx, t.audit); err != nil {
		return err
	}
	if err := t.newVersion(ctx); err != nil {
		return err
	}
	return t.writeMemberChange(ctx)
}
