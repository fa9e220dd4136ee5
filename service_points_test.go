package noren_test

import (
	"errors"
	"fmt"
	"testing"

	"noren"
)

// adjustment moves DEFAULT points of the members with the ids.
func adjustment(mode noren.PointMode, amount int64, ids ...int64) noren.PointAdjustment {
	return noren.PointAdjustment{
		Query: noren.MemberQuery{IDs: ids}, Mode: mode, Amount: amount, Type: noren.DefaultPoint, Note: "摘要",
	}
}

// expiring is an adjustment that grants points through that day.
func expiring(amount int64, day noren.Date, ids ...int64) noren.PointAdjustment {
	a := adjustment(noren.AddPoints, amount, ids...)
	a.ExpiresOn = noren.Set(day)
	return a
}

func (b *bundle) adjust(t *testing.T, list ...noren.PointAdjustment) {
	t.Helper()
	for _, a := range list {
		if kept, err := b.AdjustPoints(b.ctx, b.caller, a, nil); err != nil || kept != nil {
			t.Fatalf("AdjustPoints(%+v): %v, %v", a, kept, err)
		}
	}
}

// points are what the member has, as "DEFAULT 100, 20 through 2026-04-01".
func (b *bundle) points(t *testing.T, member int64) (lines []string) {
	t.Helper()
	list, err := b.Member(b.ctx, b.caller, member)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Points[member] {
		line := fmt.Sprintf("%s %d", p.Type, p.Total)
		if p.ExpiresOn != nil {
			line += fmt.Sprintf(", %d through %s", p.ExpiresAmount, *p.ExpiresOn)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPointsAreGrantedAndTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paid := adjustment(noren.AddPoints, 5, 1)
	paid.Type = noren.PaidPoint
	byNames := adjustment(noren.AddPoints, 10, 1)
	byNames.Query = noren.MemberQuery{IDs: []int64{1, 1}, Codes: []string{"M1", "M2"}, AliasCodes: []string{"A1"}}
	b.adjust(t, byNames, paid, expiring(20, "2026-03-31", 1), expiring(40, "2026-02-28", 1))
	same(t, "points of the first", []string{"DEFAULT 70, 40 through 2026-02-28", "PAID 5"}, b.points(t, 1))
	same(t, "points of the second, once", []string{"DEFAULT 10"}, b.points(t, 2))
	same(t, "points of the third", []string{}, b.points(t, 3))

	b.adjust(t, adjustment(noren.SubtractPoints, 45, 1))
	same(t, "the nearest expiry went first", []string{"DEFAULT 25, 15 through 2026-03-31", "PAID 5"}, b.points(t, 1))
	b.adjust(t, adjustment(noren.SubtractPoints, 25, 1), adjustment(noren.SubtractPoints, 10, 2))
	same(t, "only the other type is left", []string{"PAID 5"}, b.points(t, 1))
	b.sound(t)
}

func TestPointsExpireByTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shop := noren.Shop{Contract: "sb_test", Tenant: noren.TenantPatch{Points: noren.Set(noren.PointSettings{Enabled: true, ExpiresAfterMonths: 1})}}
	if _, err := b.ApplyShop(b.ctx, shop); err != nil {
		t.Fatal(err)
	}
	b.caller.Tenant.Points.ExpiresAfterMonths = 1
	never := adjustment(noren.AddPoints, 7, 1)
	never.ExpiresOn = noren.Null[noren.Date]()
	b.adjust(t, adjustment(noren.AddPoints, 100, 1), never) // on 2026-01-31: a month later has no 31st
	same(t, "points granted", []string{"DEFAULT 107, 100 through 2026-02-28"}, b.points(t, 1))

	b.clock.set(t, "2026-02-28 23:59:59")
	same(t, "points in the last second", []string{"DEFAULT 107, 100 through 2026-02-28"}, b.points(t, 1))
	b.adjust(t, adjustment(noren.SubtractPoints, 10, 1))
	_, err := b.AdjustPoints(b.ctx, b.caller, expiring(1, "2026-02-27", 1), nil)
	refused(t, "an expiry yesterday", err, refusal{Field: "expires_on", Value: "2026-02-27", Reason: noren.ReasonPast})
	b.adjust(t, expiring(1, "2026-02-28", 1))

	b.clock.set(t, "2026-03-01 00:00:00")
	same(t, "points a second later", []string{"DEFAULT 7"}, b.points(t, 1))
	_, err = b.AdjustPoints(b.ctx, b.caller, adjustment(noren.SubtractPoints, 8, 1), nil)
	refused(t, "taking what has expired", err, refusal{Field: "amount", Value: "1", Reason: noren.ReasonTooFewPoints})
	b.sound(t)

	expired, err := b.ExpirePoints(b.ctx, b.caller.Tenant, "2026-03-01", false)
	if err != nil || len(expired) != 2 || expired[0].Lot.Remaining != 90 || expired[0].Tenant != "sb_test" {
		t.Errorf("expired %+v, error %v; want 90 and 1 points", expired, err)
	}
	same(t, "points after the run", []string{"DEFAULT 7"}, b.points(t, 1))
	b.sound(t)
}

func TestAdjustPointsRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.adjust(t, adjustment(noren.AddPoints, 10, 1), adjustment(noren.AddPoints, 5, 2))
	many := expiring(1, "2026-01-30", 1, 98, 99)
	many.Query.Codes, many.Query.AliasCodes = []string{"M1", "A1", "m2"}, []string{"A1", "M1"}
	many.StaffID = new(int64(9))
	unknown := func(field, value string) refusal {
		return refusal{Field: field, Value: value, Reason: noren.ReasonMemberUnknown}
	}
	for _, c := range []struct {
		name string
		a    noren.PointAdjustment
		want []refusal
	}{
		{"everything that is wrong at once", many, []refusal{
			unknown("query.ids", "98"), unknown("query.ids", "99"), unknown("query.codes", "A1"), unknown("query.codes", "m2"),
			unknown("query.alias_codes", "M1"),
			{Field: "staff_id", Value: "9", Reason: noren.ReasonStaffUnknown},
			{Field: "expires_on", Value: "2026-01-30", Reason: noren.ReasonPast},
		}},
		{"everybody who has too few", adjustment(noren.SubtractPoints, 6, 1, 2, 3), []refusal{
			{Field: "amount", Value: "2", Reason: noren.ReasonTooFewPoints}, {Field: "amount", Value: "3", Reason: noren.ReasonTooFewPoints},
		}},
		{"nothing", adjustment(noren.AddPoints, 0, 1), []refusal{{Field: "amount", Value: "0"}}},
		{"less than nothing", adjustment(noren.SubtractPoints, -1, 1), []refusal{{Field: "amount", Value: "-1"}}},
		{"too much", adjustment(noren.AddPoints, noren.MaxPoints+1, 1), []refusal{{Field: "amount", Value: "1000000000"}}},
	} {
		_, err := b.AdjustPoints(b.ctx, b.caller, c.a, nil)
		refused(t, c.name, err, c.want...)
	}
	_, err := b.AdjustPoints(b.ctx, b.inStore(1), adjustment(noren.AddPoints, 1, 1, 3), nil)
	refused(t, "a member of another store", err, unknown("query.ids", "3"))
	off := b.caller
	off.Tenant.Points.Enabled = false
	_, err = b.AdjustPoints(b.ctx, off, adjustment(noren.AddPoints, 1, 1), nil)
	refused(t, "switched off", err, refusal{Reason: noren.ReasonPointsOff})

	for member, want := range map[int64][]string{1: {"DEFAULT 10"}, 2: {"DEFAULT 5"}, 3: nil} {
		same(t, fmt.Sprintf("points of member %d after all that", member), want, b.points(t, member))
	}
	b.adjust(t, adjustment(noren.AddPoints, noren.MaxPoints, 1))
	same(t, "points after the most at once", []string{"DEFAULT 1000000009"}, b.points(t, 1))
	b.sound(t)
}

func TestAdjustPointsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nothing := func(any) string { return "done" }
	add := adjustment(noren.AddPoints, 10, 1)
	if kept, err := b.AdjustPoints(b.ctx, b.caller, add, once("key", "body", nothing)); kept != nil || err != nil {
		t.Fatalf("the first: %v, %v", kept, err)
	}
	kept, err := b.AdjustPoints(b.ctx, b.caller, add, once("key", "body", nothing))
	if err != nil || kept == nil || string(kept.Body) != "done" {
		t.Fatalf("the same again: %v, %v", kept, err)
	}
	_, err = b.AdjustPoints(b.ctx, b.caller, add, once("key", "another body", nothing))
	if noren.KindOf(err) != noren.Conflict {
		t.Errorf("the same key with another body: %v", err)
	}
	same(t, "points", []string{"DEFAULT 10"}, b.points(t, 1))

	// What was refused had no effect to be kept with: the key is free for a request that can be done.
	_, err = b.AdjustPoints(b.ctx, b.caller, adjustment(noren.SubtractPoints, 11, 1), once("other", "body", nothing))
	refused(t, "too much", err, refusal{Field: "amount", Value: "1", Reason: noren.ReasonTooFewPoints})
	if kept, err := b.AdjustPoints(b.ctx, b.caller, add, once("other", "body", nothing)); kept != nil || err != nil {
		t.Errorf("after a refusal: %v, %v", kept, err)
	}
	same(t, "points", []string{"DEFAULT 20"}, b.points(t, 1))
}

// Without an idempotency key a closure that runs again knows its own work by a mark.
func TestPointsMoveOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lostAnswers{e} })
	b.adjust(t, adjustment(noren.AddPoints, 10, 1), adjustment(noren.SubtractPoints, 3, 1), expiring(5, "2026-01-31", 1))
	same(t, "points", []string{"DEFAULT 12, 5 through 2026-01-31"}, b.points(t, 1))
	kept, err := b.AdjustPoints(b.ctx, b.caller, adjustment(noren.AddPoints, 1, 1), once("key", "body", func(any) string { return "done" }))
	if err != nil || kept == nil || string(kept.Body) != "done" {
		t.Errorf("with a key: %v, %v; want the answer of the first run", kept, err)
	}
	same(t, "points", []string{"DEFAULT 13, 5 through 2026-01-31"}, b.points(t, 1))
	b.clock.set(t, "2026-02-01 00:00:00")
	if _, err := b.ExpirePoints(b.ctx, b.caller.Tenant, "2026-02-01", false); err != nil {
		t.Error(err)
	}
	same(t, "points", []string{"DEFAULT 8"}, b.points(t, 1))
	b.sound(t)
}

func TestExpirePoints(t *testing.T) {
	t.Parallel()
	const n = 1200 // more than two slices
	b := setup(t)
	list, _, err := b.CreateMembers(b.ctx, b.caller, make([]noren.MemberPatch, n), noren.Active, nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int64, n)
	for i, m := range list.Items {
		ids[i] = m.ID
	}
	b.adjust(t, expiring(2, "2026-02-10", ids[:n/2]...), expiring(1, "2026-02-09", ids...), expiring(4, "2026-02-11", ids[0]))
	b.clock.set(t, "2026-02-11 00:00:00")
	run := func(day noren.Date, dryRun bool) (lots int, points int64) {
		t.Helper()
		expired, err := b.ExpirePoints(b.ctx, b.caller.Tenant, day, dryRun)
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
	same(t, "points that can still be used", []string{"DEFAULT 4, 4 through 2026-02-11"}, b.points(t, ids[0]))
	b.sound(t)

	_, err = b.ExpirePoints(b.ctx, b.caller.Tenant, "2026-02-12", false)
	if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Invalid {
		t.Errorf("expiring points before their time: %v", err)
	}
}
