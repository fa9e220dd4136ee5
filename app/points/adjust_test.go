package points_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
	"noren/app/shop"
)

// adjustment moves DEFAULT points of the members with the ids.
func adjustment(mode points.Mode, amount int64, ids ...int64) points.Adjustment {
	return points.Adjustment{
		Query: noren.MemberQuery{IDs: ids}, Mode: mode, Amount: amount, Type: noren.DefaultPoint, Note: "摘要",
	}
}

// expiring is an adjustment that grants points through that day.
func expiring(amount int64, day noren.Date, ids ...int64) points.Adjustment {
	a := adjustment(points.Add, amount, ids...)
	a.ExpiresOn = noren.Set(day)
	return a
}

func adjust(t *testing.T, b *apptest.Bundle, list ...points.Adjustment) {
	t.Helper()
	for _, a := range list {
		if kept, err := b.Points.Adjust(b.Ctx, b.Caller, a, nil); err != nil || kept != nil {
			t.Fatalf("Adjust(%+v): %v, %v", a, kept, err)
		}
	}
}

func TestPointsAreGrantedAndTaken(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	paid := adjustment(points.Add, 5, 1)
	paid.Type = noren.PaidPoint
	byNames := adjustment(points.Add, 10, 1)
	byNames.Query = noren.MemberQuery{IDs: []int64{1, 1}, Codes: []string{"M1", "M2"}, AliasCodes: []string{"A1"}}
	adjust(t, b, byNames, paid, expiring(20, "2026-03-31", 1), expiring(40, "2026-02-28", 1))
	apptest.Same(t, "points of the first", []string{"DEFAULT 70, 40 through 2026-02-28", "PAID 5"}, apptest.Points(t, b, 1))
	apptest.Same(t, "points of the second, once", []string{"DEFAULT 10"}, apptest.Points(t, b, 2))
	apptest.Same(t, "points of the third", []string{}, apptest.Points(t, b, 3))

	adjust(t, b, adjustment(points.Subtract, 45, 1))
	apptest.Same(t, "the nearest expiry went first", []string{"DEFAULT 25, 15 through 2026-03-31", "PAID 5"}, apptest.Points(t, b, 1))
	adjust(t, b, adjustment(points.Subtract, 25, 1), adjustment(points.Subtract, 10, 2))
	apptest.Same(t, "only the other type is left", []string{"PAID 5"}, apptest.Points(t, b, 1))
	b.Sound(t)
}

func TestPointsExpireByTheClock(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	shop := shop.Shop{Contract: "sb_test", Tenant: noren.TenantPatch{Points: noren.Set(noren.PointSettings{Enabled: true, ExpiresAfterMonths: 1})}}
	if _, err := b.Shop.Apply(b.Ctx, shop); err != nil {
		t.Fatal(err)
	}
	b.Caller.Tenant.Points.ExpiresAfterMonths = 1
	never := adjustment(points.Add, 7, 1)
	never.ExpiresOn = noren.Null[noren.Date]()
	adjust(t, b, adjustment(points.Add, 100, 1), never) // on 2026-01-31: a month later has no 31st
	apptest.Same(t, "points granted", []string{"DEFAULT 107, 100 through 2026-02-28"}, apptest.Points(t, b, 1))

	b.Clock.Set(t, "2026-02-28 23:59:59")
	apptest.Same(t, "points in the last second", []string{"DEFAULT 107, 100 through 2026-02-28"}, apptest.Points(t, b, 1))
	adjust(t, b, adjustment(points.Subtract, 10, 1))
	_, err := b.Points.Adjust(b.Ctx, b.Caller, expiring(1, "2026-02-27", 1), nil)
	apptest.Refused(t, "an expiry yesterday", err, apptest.Refusal{Field: "expires_on", Value: "2026-02-27", Reason: noren.ReasonPast})
	adjust(t, b, expiring(1, "2026-02-28", 1))

	b.Clock.Set(t, "2026-03-01 00:00:00")
	apptest.Same(t, "points a second later", []string{"DEFAULT 7"}, apptest.Points(t, b, 1))
	_, err = b.Points.Adjust(b.Ctx, b.Caller, adjustment(points.Subtract, 8, 1), nil)
	apptest.Refused(t, "taking what has expired", err, apptest.Refusal{Field: "amount", Value: "1", Reason: noren.ReasonTooFewPoints})
	b.Sound(t)

	expired, err := b.Points.Expire(b.Ctx, b.Caller.Tenant, "2026-03-01", false)
	if err != nil || len(expired) != 2 || expired[0].Lot.Remaining != 90 || expired[0].Tenant != "sb_test" {
		t.Errorf("expired %+v, error %v; want 90 and 1 points", expired, err)
	}
	apptest.Same(t, "points after the run", []string{"DEFAULT 7"}, apptest.Points(t, b, 1))
	b.Sound(t)
}

func TestAdjustPointsRefusals(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	adjust(t, b, adjustment(points.Add, 10, 1), adjustment(points.Add, 5, 2))
	many := expiring(1, "2026-01-30", 1, 98, 99)
	many.Query.Codes, many.Query.AliasCodes = []string{"M1", "A1", "m2"}, []string{"A1", "M1"}
	many.StaffID = new(int64(9))
	crowd := adjustment(points.Add, 1, make([]int64, noren.MaxNamed)...)
	crowd.Query.Codes = []string{"M1"}
	unknown := func(field, value string) apptest.Refusal {
		return apptest.Refusal{Field: field, Value: value, Reason: noren.ReasonMemberUnknown}
	}
	for _, c := range []struct {
		name string
		a    points.Adjustment
		want []apptest.Refusal
	}{
		{"everything that is wrong at once", many, []apptest.Refusal{
			unknown("query.ids", "98"), unknown("query.ids", "99"), unknown("query.codes", "A1"), unknown("query.codes", "m2"),
			unknown("query.alias_codes", "M1"),
			{Field: "staff_id", Value: "9", Reason: noren.ReasonStaffUnknown},
			{Field: "expires_on", Value: "2026-01-30", Reason: noren.ReasonPast},
		}},
		{"everybody who has too few", adjustment(points.Subtract, 6, 1, 2, 3), []apptest.Refusal{
			{Field: "amount", Value: "2", Reason: noren.ReasonTooFewPoints}, {Field: "amount", Value: "3", Reason: noren.ReasonTooFewPoints},
		}},
		{"more than one request may name", crowd, []apptest.Refusal{{Field: "query", Reason: noren.ReasonTooMany}}},
		{"nothing", adjustment(points.Add, 0, 1), []apptest.Refusal{{Field: "amount", Value: "0"}}},
		{"less than nothing", adjustment(points.Subtract, -1, 1), []apptest.Refusal{{Field: "amount", Value: "-1"}}},
		{"too much", adjustment(points.Add, noren.MaxPoints+1, 1), []apptest.Refusal{{Field: "amount", Value: "1000000000"}}},
	} {
		_, err := b.Points.Adjust(b.Ctx, b.Caller, c.a, nil)
		apptest.Refused(t, c.name, err, c.want...)
	}
	_, err := b.Points.Adjust(b.Ctx, b.InStore(1), adjustment(points.Add, 1, 1, 3), nil)
	apptest.Refused(t, "a member of another store", err, unknown("query.ids", "3"))
	off := b.Caller
	off.Tenant.Points.Enabled = false
	_, err = b.Points.Adjust(b.Ctx, off, adjustment(points.Add, 1, 1), nil)
	apptest.Refused(t, "switched off", err, apptest.Refusal{Reason: noren.ReasonPointsOff})

	for member, want := range map[int64][]string{1: {"DEFAULT 10"}, 2: {"DEFAULT 5"}, 3: nil} {
		apptest.Same(t, fmt.Sprintf("points of member %d after all that", member), want, apptest.Points(t, b, member))
	}
	adjust(t, b, adjustment(points.Add, noren.MaxPoints, 1))
	apptest.Same(t, "points after the most at once", []string{"DEFAULT 1000000009"}, apptest.Points(t, b, 1))
	b.Sound(t)
}

func TestAdjustPointsOnce(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	nothing := func(any) string { return "done" }
	add := adjustment(points.Add, 10, 1)
	if kept, err := b.Points.Adjust(b.Ctx, b.Caller, add, apptest.Once("key", "body", nothing)); kept != nil || err != nil {
		t.Fatalf("the first: %v, %v", kept, err)
	}
	kept, err := b.Points.Adjust(b.Ctx, b.Caller, add, apptest.Once("key", "body", nothing))
	if err != nil || kept == nil || string(kept.Body) != "done" {
		t.Fatalf("the same again: %v, %v", kept, err)
	}
	_, err = b.Points.Adjust(b.Ctx, b.Caller, add, apptest.Once("key", "another body", nothing))
	if noren.KindOf(err) != noren.Conflict {
		t.Errorf("the same key with another body: %v", err)
	}
	apptest.Same(t, "points", []string{"DEFAULT 10"}, apptest.Points(t, b, 1))

	// A refusal had no effect to be kept with, so the key is free for a request that succeeds.
	_, err = b.Points.Adjust(b.Ctx, b.Caller, adjustment(points.Subtract, 11, 1), apptest.Once("other", "body", nothing))
	apptest.Refused(t, "too much", err, apptest.Refusal{Field: "amount", Value: "1", Reason: noren.ReasonTooFewPoints})
	if kept, err := b.Points.Adjust(b.Ctx, b.Caller, add, apptest.Once("other", "body", nothing)); kept != nil || err != nil {
		t.Errorf("after a refusal: %v, %v", kept, err)
	}
	apptest.Same(t, "points", []string{"DEFAULT 20"}, apptest.Points(t, b, 1))
}

// Without an idempotency key a closure that runs again recognises its own work by a mark.
func TestPointsMoveOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
	adjust(t, b, adjustment(points.Add, 10, 1), adjustment(points.Subtract, 3, 1), expiring(5, "2026-01-31", 1))
	apptest.Same(t, "points", []string{"DEFAULT 12, 5 through 2026-01-31"}, apptest.Points(t, b, 1))
	kept, err := b.Points.Adjust(b.Ctx, b.Caller, adjustment(points.Add, 1, 1), apptest.Once("key", "body", func(any) string { return "done" }))
	if err != nil || kept == nil || string(kept.Body) != "done" {
		t.Errorf("with a key: %v, %v; want the answer of the first run", kept, err)
	}
	apptest.Same(t, "points", []string{"DEFAULT 13, 5 through 2026-01-31"}, apptest.Points(t, b, 1))
	b.Clock.Set(t, "2026-02-01 00:00:00")
	if _, err := b.Points.Expire(b.Ctx, b.Caller.Tenant, "2026-02-01", false); err != nil {
		t.Error(err)
	}
	apptest.Same(t, "points", []string{"DEFAULT 8"}, apptest.Points(t, b, 1))
	b.Sound(t)
}

func TestExpirePoints(t *testing.T) {
	t.Parallel()
	const n = 1200 // more than two slices
	b := apptest.Setup(t)
	list, _, err := b.Members.Create(b.Ctx, b.Caller, make([]noren.MemberPatch, n), noren.Active, nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int64, n)
	for i, m := range list.Items {
		ids[i] = m.ID
	}
	adjust(t, b, expiring(2, "2026-02-10", ids[:n/2]...), expiring(1, "2026-02-09", ids[:n/2]...), expiring(1, "2026-02-09", ids[n/2:]...), expiring(4, "2026-02-11", ids[0]))
	b.Clock.Set(t, "2026-02-11 00:00:00")
	run := func(day noren.Date, dryRun bool) (lots int, points int64) {
		t.Helper()
		expired, err := b.Points.Expire(b.Ctx, b.Caller.Tenant, day, dryRun)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range expired {
			points += e.Lot.Remaining
		}
		return len(expired), points
	}
	for _, c := range []struct {
		name   string
		day    noren.Date
		dryRun bool
		lots   int
		points int64
	}{
		{"a dry run", "2026-02-11", true, n + n/2, 2 * n},
		{"a dry run of a day to come", "2026-02-12", true, n + n/2 + 1, 2*n + 4},
		{"a day earlier", "2026-02-10", false, n, n},
		{"the day", "2026-02-11", false, n / 2, n},
		{"the day again", "2026-02-11", false, 0, 0},
		{"a dry run after it", "2026-02-11", true, 0, 0},
	} {
		if lots, points := run(c.day, c.dryRun); lots != c.lots || points != c.points {
			t.Errorf("%s expired %d points of %d lots, want %d of %d", c.name, points, lots, c.points, c.lots)
		}
	}
	apptest.Same(t, "points that can still be used", []string{"DEFAULT 4, 4 through 2026-02-11"}, apptest.Points(t, b, ids[0]))
	b.Sound(t)

	_, err = b.Points.Expire(b.Ctx, b.Caller.Tenant, "2026-02-12", false)
	if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Invalid {
		t.Errorf("expiring points before their time: %v", err)
	}
}

// Adjustments of one member from many sides at once lose nothing, and take no more than there is: each that is refused
// has found too few points, and what is left is what the others leave.
func TestAdjustmentsAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		var left atomic.Int64
		var all sync.WaitGroup
		for i := range int64(200) {
			a := adjustment(points.Add, i%7+1, 1)
			if i%2 == 1 {
				a.Mode = points.Subtract
			}
			all.Go(func() {
				switch _, err := b.Points.Adjust(b.Ctx, b.Caller, a, nil); {
				case err == nil && a.Mode == points.Add:
					left.Add(a.Amount)
				case err == nil:
					left.Add(-a.Amount)
				case a.Mode == points.Add || noren.KindOf(err) != noren.Invalid:
					t.Errorf("adjustment %d: %v", i, err)
				}
			})
		}
		all.Wait()
		total, sum := totalOf(t, b, 1)
		if total != left.Load() || sum != total {
			t.Errorf("%d points are left and the movements add up to %d, want %d", total, sum, left.Load())
		}
		b.Sound(t)
	})
}
