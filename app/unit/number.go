package unit

import (
	"context"

	"noren"
)

// Number numbers the rows that have no number yet from the counter, in order, and raises the counter above the
// numbers that rows already have, so that no other row ever gets one of those.
//
// It locks the counter's row until the commit, which makes concurrent writers take turns. It sends one statement if no
// row has a number, and none if there are no rows.
func Number[T any](ctx context.Context, tx noren.CounterTx, counter noren.Counter, rows []T, id func(*T) *int64) error {
	var highest int64
	unnumbered := 0
	for i := range rows {
		given := *id(&rows[i])
		highest = max(highest, given)
		if given == 0 {
			unnumbered++
		}
	}
	// Before reserving, so that the reserved numbers are above those of the rows.
	if highest > 0 {
		if err := tx.Raise(ctx, counter, highest); err != nil {
			return err
		}
	}
	if unnumbered == 0 {
		return nil
	}
	next, err := tx.Reserve(ctx, counter, unnumbered)
	if err != nil {
		return err
	}
	for i := range rows {
		if n := id(&rows[i]); *n == 0 {
			*n = next
			next++
		}
	}
	return nil
}
