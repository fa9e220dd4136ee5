package purchases_test

import (
	"fmt"
	"slices"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
	"noren/app/shop"
)

// hundred gives 1 point for each 100 yen.
func hundred() noren.EarnProgramme {
	return noren.EarnProgramme{EarnRule: noren.EarnRule{UnitPrice: 100, Unit: 100}}
}

// earning is a bundle whose purchases earn points.
func earning(b *apptest.Bundle, p noren.EarnProgramme) *apptest.Bundle {
	b.Caller.Tenant.Points.Earn = p
	return b
}

// settled describes what became of the points of the member's purchases, in order of their numbers, as
// "id granted/returned/lapsed/forgiven/owed".
func settled(t *testing.T, b *apptest.Bundle) (list []string) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		all, _, err := tx.Purchases(b.Ctx, noren.PurchaseFilter{})
		slices.Reverse(all)
		for _, p := range all {
			e := p.Earning
			list = append(list, fmt.Sprintf("%s %d/%d/%d/%d/%d", p.ExternalID, e.Granted, e.Returned, e.Lapsed, e.Forgiven, e.Owed))
		}
		return err
	})
	return list
}

// moved lists the movements of a member's points as "kind delta purchase".
func moved(t *testing.T, b *apptest.Bundle, member int64) (list []string) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		entries, err := tx.PointEntries(b.Ctx, noren.PointEntryFilter{MemberID: member})
		for _, e := range entries {
			list = append(list, fmt.Sprintf("%s %d %s:%s", e.Kind, e.Delta, e.Purchase.Source, e.Purchase.ExternalID))
		}
		return err
	})
	return list
}

func use(t *testing.T, b *apptest.Bundle, mode points.Mode, amount, member int64) {
	t.Helper()
	a := points.Adjustment{Query: noren.MemberQuery{IDs: []int64{member}}, Mode: mode, Amount: amount, Type: noren.DefaultPoint}
	if _, err := b.Points.Adjust(b.Ctx, b.Caller, a, nil); err != nil {
		t.Fatal(err)
	}
}

func TestPurchasesEarnPointsOnce(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		earning(b, hundred())
		one := apptest.Paid("1", 1250, apptest.OfCode("M1"))
		record(t, b, one, apptest.Paid("2", 99, apptest.OfCode("M1")), apptest.Paid("3", 700, apptest.OfCode("M2")))
		record(t, b, one)
		apptest.Same(t, "points", []string{"DEFAULT 12"}, apptest.Points(t, b, 1))
		apptest.Same(t, "movements", []string{"granted 12 till:1"}, moved(t, b, 1))
		apptest.Same(t, "points of another", []string{"DEFAULT 7"}, apptest.Points(t, b, 2))

		b.Caller.Tenant.Points.Earn = noren.EarnProgramme{EarnRule: noren.EarnRule{Rate: "0.1"}}
		record(t, b, one, apptest.Paid("4", 99, apptest.OfCode("M1")))
		apptest.Same(t, "a new programme is for new purchases", []string{"DEFAULT 21"}, apptest.Points(t, b, 1))
		record(t, b, apptest.RefundOf("1", "a", 1000))
		apptest.Same(t, "a refund is by the rule of the grant", []string{"DEFAULT 11"}, apptest.Points(t, b, 1))
		apptest.Same(t, "all movements", []string{"granted 12 till:1", "granted 9 till:4", "returned -10 till:1"}, moved(t, b, 1))
		b.Sound(t)
	})
}

func TestPurchasesEarnNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		points noren.PointSettings
		event  noren.PurchaseEvent
	}{
		"without a programme":            {noren.PointSettings{Enabled: true}, apptest.Paid("1", 1000, apptest.OfCode("M1"))},
		"where points are switched off":  {noren.PointSettings{Earn: hundred()}, apptest.Paid("1", 1000, apptest.OfCode("M1"))},
		"paid before the first day":      {noren.PointSettings{Enabled: true, Earn: noren.EarnProgramme{EarnRule: hundred().EarnRule, From: "2026-01-11"}}, apptest.Paid("1", 1000, apptest.OfCode("M1"))},
		"of which too little was bought": {noren.PointSettings{Enabled: true, Earn: hundred()}, apptest.Paid("1", 99, apptest.OfCode("M1"))},
	} {
		b := apptest.Setup(t)
		b.Caller.Tenant.Points = c.points
		record(t, b, c.event)
		b.Caller.Tenant.Points = noren.PointSettings{Enabled: true, Earn: hundred()}
		record(t, b, c.event, apptest.RefundOf("1", "a", 1000))
		apptest.Same(t, "points "+name, []string{}, moved(t, b, 1))
		b.Sound(t)
	}
}

func TestMembersAndRanksEarnByTheirOwnRule(t *testing.T) {
	t.Parallel()
	b := earning(apptest.Setup(t), hundred())
	_, err := b.Shop.Apply(b.Ctx, shop.Shop{
		Contract: "sb_test",
		Ranks:    []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver", Ratio: 0.03}},
		Members: []noren.MemberPatch{
			{ID: 1, Rank: noren.Set(noren.Ref{ID: 2}), PointUnitPrice: noren.Set(int64(1000)), PointUnit: noren.Set(noren.Hundredths(5000))},
			{ID: 2, Rank: noren.Set(noren.Ref{ID: 2})},
			{ID: 3, Rank: noren.Set(noren.Ref{ID: 1})},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	record(t, b, apptest.Paid("1", 1999, apptest.OfCode("M1")), apptest.Paid("2", 1999, apptest.OfCode("M2")), apptest.Paid("3", 1999, apptest.OfCode("M3")))
	for member, want := range map[int64]string{1: "DEFAULT 50", 2: "DEFAULT 59", 3: "DEFAULT 19"} {
		apptest.Same(t, fmt.Sprint("points of member ", member), []string{want}, apptest.Points(t, b, member))
	}
}

func TestHeldPurchasesEarnWhenTheyAreLinked(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		earning(b, hundred())
		record(t, b, apptest.RefundOf("1", "a", 300), apptest.Paid("1", 1000, apptest.OfShopify("77")), apptest.Paid("2", 500, apptest.OfShopify("78")))
		apptest.Same(t, "nothing yet", []string{"1 0/0/0/0/0", "2 0/0/0/0/0"}, settled(t, b))
		apptest.Link(t, b, 2, "77")
		apptest.Same(t, "movements", []string{"granted 7 till:1"}, moved(t, b, 2))
		record(t, b, apptest.RefundOf("1", "b", 650))
		apptest.Same(t, "points", []string{}, apptest.Points(t, b, 2))
		b.Sound(t)
	})
}

// A run after a commit in doubt grants nothing a second time.
func TestPointsAreGrantedOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := earning(apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} }), hundred())
	record(t, b, apptest.Paid("1", 1000, apptest.OfCode("M1")), apptest.Paid("2", 500, apptest.OfShopify("77")))
	record(t, b, apptest.RefundOf("1", "a", 300))
	apptest.Link(t, b, 2, "77")
	apptest.Same(t, "of the first", []string{"granted 10 till:1", "returned -3 till:1"}, moved(t, b, 1))
	apptest.Same(t, "of the second", []string{"granted 5 till:2"}, moved(t, b, 2))
	b.Sound(t)
}

func TestRefundsTakeBackWhatWasEarned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		forgives bool
		used     int64
		want     []string
		balance  []string
	}{
		{"nothing was used: off its own lot", false, 0, []string{"1 10/10/0/0/0", "2 3/0/0/0/0"}, []string{"DEFAULT 3"}},
		{"some was used: then off the others", false, 2, []string{"1 10/10/0/0/0", "2 3/0/0/0/0"}, []string{"DEFAULT 1"}},
		{"more was used: the rest is owed", false, 8, []string{"1 10/5/0/0/5", "2 3/0/0/0/0"}, []string{}},
		{"more was used: the rest is forgiven", true, 8, []string{"1 10/5/0/5/0", "2 3/0/0/0/0"}, []string{}},
		{"all was used", false, 13, []string{"1 10/0/0/0/10", "2 3/0/0/0/0"}, []string{}},
	} {
		programme := hundred()
		programme.Forgives = c.forgives
		b := earning(apptest.Setup(t), programme)
		record(t, b, apptest.Paid("1", 1000, apptest.OfCode("M1")))
		record(t, b, apptest.Paid("2", 300, apptest.OfCode("M1")))
		if c.used > 0 {
			use(t, b, points.Subtract, c.used, 1)
		}
		record(t, b, apptest.CancelOf("1"))
		record(t, b, apptest.CancelOf("1"))
		apptest.Same(t, c.name, c.want, settled(t, b))
		apptest.Same(t, c.name+": balance", c.balance, apptest.Points(t, b, 1))
		b.Sound(t)
	}
}

func TestOwedPointsAreTakenFromTheNextThatAreEarned(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		earning(b, hundred())
		record(t, b, apptest.Paid("1", 1000, apptest.OfCode("M1")), apptest.Paid("2", 500, apptest.OfCode("M1")))
		use(t, b, points.Subtract, 15, 1)
		record(t, b, apptest.CancelOf("1"))
		record(t, b, apptest.RefundOf("2", "a", 200))
		apptest.Same(t, "owed", []string{"1 10/0/0/0/10", "2 5/0/0/0/2"}, settled(t, b))
		use(t, b, points.Add, 20, 1)
		apptest.Same(t, "what people give is theirs", []string{"DEFAULT 20"}, apptest.Points(t, b, 1))
		record(t, b, apptest.Paid("3", 1100, apptest.OfCode("M1")))
		record(t, b, apptest.Paid("4", 300, apptest.OfCode("M1")), apptest.Paid("5", 300, apptest.OfCode("M2")))
		apptest.Same(t, "after that", []string{"1 10/10/0/0/0", "2 5/2/0/0/0", "3 11/0/0/0/0", "4 3/0/0/0/0", "5 3/0/0/0/0"}, settled(t, b))
		apptest.Same(t, "balance", []string{"DEFAULT 22"}, apptest.Points(t, b, 1))
		apptest.Same(t, "movements", []string{
			"granted 10 till:1", "granted 5 till:2", "used -15 :", "granted 20 :", "granted 11 till:3", "returned -10 till:1",
			"returned -1 till:2", "granted 3 till:4", "returned -1 till:2",
		}, moved(t, b, 1))
		b.Sound(t)
	})
}

// TestPointsThatAreGivenBackPayWhatIsOwed: a use that was a mistake is undone after the purchase whose points it used was refunded: what
// comes back is not the member's.
func TestPointsThatAreGivenBackPayWhatIsOwed(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		earning(b, hundred())
		record(t, b, apptest.Paid("1", 1000, apptest.OfCode("M1")))
		use(t, b, points.Add, 5, 1)
		use(t, b, points.Subtract, 14, 1)
		record(t, b, apptest.CancelOf("1"))
		apptest.Same(t, "what became of the purchase", []string{"1 10/1/0/0/9"}, settled(t, b))
		entry := int64(3) // the use
		shown, err := b.Points.Reversal(b.Ctx, b.Caller, 1, entry)
		apptest.Same(t, "what comes back, and goes at once", []int64{14, 9, 5}, []int64{shown.Delta, shown.Owed, shown.Net()})
		if _, _, err2 := b.Points.Reverse(b.Ctx, b.Caller, points.Undo{MemberID: 1, EntryID: entry, Net: shown.Net()}, nil); err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		apptest.Same(t, "what became of it", []string{"1 10/10/0/0/0"}, settled(t, b))
		apptest.Same(t, "the balance", []string{"DEFAULT 5"}, apptest.Points(t, b, 1))
		history, err := b.Points.History(b.Ctx, b.Caller, 1, noren.Page{Limit: 10})
		apptest.Same(t, "what is owed", int64(0), history.Owed)
		if err != nil {
			t.Fatal(err)
		}
		b.Sound(t)
	})
}

func TestPointsThatExpiredUnusedAreNotOwed(t *testing.T) {
	t.Parallel()
	for _, expired := range []bool{false, true} {
		b := earning(apptest.Setup(t), hundred())
		b.Caller.Tenant.Points.ExpiresAfterMonths = 1
		record(t, b, apptest.Paid("1", 1000, apptest.OfCode("M1")))
		use(t, b, points.Subtract, 4, 1)
		b.Clock.Set(t, "2026-03-01 00:00:00")
		if expired {
			if _, err := b.Points.Expire(b.Ctx, b.Caller.Tenant, "2026-03-01", false); err != nil {
				t.Fatal(err)
			}
		}
		record(t, b, apptest.RefundOf("1", "a", 400))
		apptest.Same(t, "half of it refunded", []string{"1 10/0/4/0/0"}, settled(t, b))
		record(t, b, apptest.CancelOf("1"))
		apptest.Same(t, "all of it refunded", []string{"1 10/0/6/0/4"}, settled(t, b))
		b.Sound(t)
	}
}

func TestPointsAreUsableAfterDays(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		programme := hundred()
		programme.UsableAfterDays = 14
		earning(b, programme) // on 2026-01-31
		b.Caller.Tenant.Points.ExpiresAfterMonths = 1
		record(t, b, apptest.Paid("1", 1000, apptest.OfCode("M1")))
		b.Clock.Set(t, "2026-02-13 23:59:59")
		apptest.Same(t, "points on the day before", []string{}, apptest.Points(t, b, 1))
		_, err := b.Points.Adjust(b.Ctx, b.Caller, points.Adjustment{
			Query: noren.MemberQuery{IDs: []int64{1}}, Mode: points.Subtract, Amount: 1, Type: noren.DefaultPoint,
		}, nil)
		apptest.Refused(t, "using them", err, apptest.Refusal{Field: "amount", Value: "1", Reason: noren.ReasonTooFewPoints})
		record(t, b, apptest.RefundOf("1", "a", 200))
		b.Clock.Set(t, "2026-02-14 00:00:00")
		apptest.Same(t, "points on the day, for a month from then", []string{"DEFAULT 8, 8 through 2026-03-14"}, apptest.Points(t, b, 1))
		use(t, b, points.Subtract, 8, 1)
		b.Sound(t)
	})
}

func TestTaxAndUsedPointsArePartOfTheAmount(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	event := func(tax, used int64) noren.PurchaseEvent {
		e := apptest.Paid("1", 1100, apptest.OfCode("M1"))
		e.Tax, e.UsedPoints = tax, used
		return e
	}
	out, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", event(-1, 0), event(1101, 0), event(0, 1101), event(0, -1), event(600, 501))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range out {
		got = append(got, fmt.Sprint(o.Err.Field, " ", o.Err.Value))
	}
	apptest.Same(t, "refusals", []string{"tax -1", "tax 1101", "used_points 1101", "used_points -1", "used_points 501"}, got)
	programme := hundred()
	programme.WithoutTax, programme.WithoutUsedPoints = true, true
	record(t, earning(b, programme), event(100, 300))
	apptest.Same(t, "points", []string{"DEFAULT 7"}, apptest.Points(t, b, 1))
}
