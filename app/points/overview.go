package points

import (
	"context"
	"time"

	"noren"
)

// Days is how many days an Overview covers.
const Days = 30

// expiringMonths is how many months of points that expire an Overview has.
const expiringMonths = 3

// Overview is what became of the points of the members whom the caller may see.
type Overview struct {
	Today, Recent Flow // of today alone, and of the last Days days with today
	Expiring      []Expiring
}

// Flow is how many points were given and used, less what was taken back of either, and how many expired.
type Flow struct{ Given, Used, Expired int64 }

// Expiring is how many points expire in a month unless they are used; of the current month, those that still will.
type Expiring struct {
	Month  noren.Month
	Points int64
}

// Overview adds up the points of the last days and of the next months, with two statements.
func (s *Service) Overview(ctx context.Context, c noren.Caller) (out Overview, err error) {
	zone := c.Tenant.Location()
	now := s.run.Now().In(zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone)
	until := noren.DateOf(month.AddDate(0, expiringMonths, 0), zone)
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		sums, err := tx.PointSums(ctx, midnight.AddDate(0, 0, 1-Days), midnight, c.Client.StoreID)
		if err != nil {
			return err
		}
		out = Overview{}
		for _, sum := range sums {
			out.Today.add(sum.Kind, sum.PlusNow, sum.MinusNow)
			out.Recent.add(sum.Kind, sum.Plus, sum.Minus)
		}
		expiring, err := tx.ExpiringPoints(ctx, noren.DateOf(now, zone), until, c.Client.StoreID)
		for i := range expiringMonths {
			m := noren.Month(month.AddDate(0, i, 0).Format("2006-01"))
			out.Expiring = append(out.Expiring, Expiring{m, expiring[m]})
		}
		return err
	})
	return out, err
}

// add adds what entries of one kind moved. What was reversed or returned counts against what it undid.
func (f *Flow) add(kind noren.PointEntryKind, plus, minus int64) {
	switch kind {
	case noren.PointsGranted, noren.PointsReturned:
		f.Given += plus + minus
	case noren.PointsUsed:
		f.Used -= plus + minus
	case noren.PointsReversed:
		f.Given += minus
		f.Used -= plus
	case noren.PointsExpired:
		f.Expired -= plus + minus
	}
}
