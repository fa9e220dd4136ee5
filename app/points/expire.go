package points

import (
	"context"

	"noren"
	"noren/app/unit"
)

// expireSlice is how many lots one transaction of the expiry handles.
const expireSlice = 500

// Expiry is what the expiry did, or would do, to one lot.
type Expiry struct {
	Tenant string // contract id
	Lot    noren.PointLot
}

// Expire writes the entries for the lots of a tenant that can no longer be used on the day at, in slices that
// each hold the writer only briefly. Balances are right without it, because they are read by the clock; it makes the
// ledger agree. Running it again does nothing more. With dryRun it changes nothing, and only then may the day be in the
// future: points that can still be used are never taken away.
func (s *Service) Expire(ctx context.Context, t noren.Tenant, at noren.Date, dryRun bool) (expired []Expiry, err error) {
	if !dryRun && at > noren.DateOf(s.run.Now(), t.Location()) {
		return nil, &noren.Error{Kind: noren.Invalid, Field: "at", Value: string(at), Message: "must not be in the future"}
	}
	var after noren.PointLot
	for {
		var slice []noren.PointLot
		work := func(tx Tx) error {
			// after makes a dry run go on; a real run leaves no lot behind that could be found again.
			slice, err = tx.ExpiredLots(ctx, at, after, expireSlice, !dryRun)
			if err != nil || len(slice) == 0 || dryRun {
				return err
			}
			return s.expireLots(ctx, tx, t, slice)
		}
		if dryRun {
			err = s.run.View(ctx, t.ID, work)
		} else {
			err = s.run.Update(ctx, t.ID, work)
		}
		if err != nil || len(slice) == 0 {
			return expired, err
		}
		for _, l := range slice {
			expired = append(expired, Expiry{t.Contract, l})
		}
		after = slice[len(slice)-1]
	}
}

func (s *Service) expireLots(ctx context.Context, tx Tx, t noren.Tenant, lots []noren.PointLot) error {
	now := s.run.Now()
	p := writer{tx: tx, Unit: unit.Unit{Tenant: t, Now: now}}
	moved := noren.PointMovement{}
	for i, l := range lots {
		moved.Entries = append(moved.Entries, noren.PointEntry{
			MemberID: l.MemberID, Type: l.Type, Kind: noren.PointsExpired, Delta: -l.Remaining, At: now, Dialect: noren.Schedule,
		})
		moved.Burns = append(moved.Burns, noren.PointBurn{EntryID: int64(i), LotID: l.ID, Amount: l.Remaining})
	}
	return p.move(ctx, moved)
}
