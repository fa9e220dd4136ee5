package points

import (
	"context"
	"time"

	"noren"
	"noren/app/unit"
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
	midnight, recent := Since(now, zone)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone)
	until := noren.DateOf(month.AddDate(0, expiringMonths, 0), zone)
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		sums, err := tx.PointSums(ctx, recent, midnight, c.Client.StoreID)
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

// add adds what entries of one kind moved.
func (f *Flow) add(kind noren.PointEntryKind, plus, minus int64) {
	for _, moved := range []int64{plus, minus} {
		switch noren.FlowOf(kind, moved) {
		case noren.PointsGiven:
			f.Given += moved
		case noren.PointsSpent:
			f.Used -= moved
		case noren.PointsLapsed:
			f.Expired -= moved
		}
	}
}

// Since returns the first instant of the time that an Overview adds up: of today, and of the last Days days.
func Since(now time.Time, zone *time.Location) (today, recent time.Time) {
	now = now.In(zone)
	today = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	return today, today.AddDate(0, 0, 1-Days)
}

// ExpiringLots are lots of several members, with these members.
type ExpiringLots struct {
	Lots    []noren.PointLot
	Members map[int64]noren.Member
}

// ExpiringIn returns one page of the lots whose points expire in the month and have not yet, soonest first: those that an Overview
// adds up.
func (s *Service) ExpiringIn(ctx context.Context, c noren.Caller, month noren.Month, p noren.Page) (out ExpiringLots, err error) {
	first, err := time.Parse("2006-01", string(month))
	if err != nil {
		return out, noren.Missing("month", month)
	}
	f := noren.PointLotFilter{
		VisibleTo: c.Client.StoreID, Page: p, Till: noren.DateOf(first.AddDate(0, 1, 0), time.UTC),
		Expires: max(noren.DateOf(first, time.UTC), noren.DateOf(s.run.Now(), c.Tenant.Location())),
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Lots, err = tx.PointLots(ctx, f); err != nil {
			return err
		}
		ids := make([]int64, len(out.Lots))
		for i, l := range out.Lots {
			ids[i] = l.MemberID
		}
		out.Members, err = unit.MembersByID(ctx, tx, ids, false)
		return err
	})
	return out, err
}
