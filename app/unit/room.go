package unit

import (
	"context"

	"noren"
)

// Room runs the units of work of one room. T is the part of a transaction that the room declares: its work gets no more.
type Room[T any] struct{ *Runner }

// In makes the Room that declares T.
func In[T any](r *Runner) Room[T] { return Room[T]{r} }

// Update is [Runner.Update] with the room's part of the transaction.
func (r Room[T]) Update(ctx context.Context, tenant noren.TenantID, work func(tx T) error) error {
	return r.Runner.Update(ctx, tenant, func(tx noren.Tx) error { return work(part[T](tx)) })
}

// View is [Runner.View] with the room's part of the transaction.
func (r Room[T]) View(ctx context.Context, tenant noren.TenantID, work func(tx T) error) error {
	return r.Runner.View(ctx, tenant, func(tx noren.Tx) error { return work(part[T](tx)) })
}

// Write is [Runner.Write] with the room's part of the transaction.
func (r Room[T]) Write(
	ctx context.Context, c noren.Caller, once *Once, work func(tx T, by noren.AuditEntry) (any, error),
) (kept *noren.KeptAnswer, err error) {
	return r.Runner.Write(ctx, c, once, func(tx noren.Tx, by noren.AuditEntry) (any, error) { return work(part[T](tx), by) })
}

// part returns the transaction as the room sees it. The compiler cannot tell that T has nothing but methods of noren.Tx, so a
// room that declares others fails at its first unit.
func part[T any](tx noren.Tx) T {
	narrow, ok := tx.(T)
	if !ok {
		panic("a room declares what no transaction has")
	}
	return narrow
}
