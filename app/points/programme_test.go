package points_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
)

// TestSetProgramme: what two people change is merged, what both change is told, and only the whole tenant's people may.
func TestSetProgramme(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		b := apptest.SetupAt(t, url, nil)
		seen := b.Caller.Tenant.Points.Programme()
		first := seen
		first.UnitPrice, first.Unit, first.ExpiresAfterMonths = 100, 100, 12
		if err := b.Points.SetProgramme(b.Ctx, b.Caller, first, seen); err != nil {
			t.Fatal(err)
		}
		second := seen
		second.Forgives = true
		if err := b.Points.SetProgramme(b.Ctx, b.Caller, second, seen); err != nil {
			t.Fatal(err)
		}
		second.ExpiresAfterMonths = 6
		if err := b.Points.SetProgramme(b.Ctx, b.Caller, second, seen); noren.KindOf(err) != noren.Conflict {
			t.Errorf("the same field: %v", err)
		}
		wrong := first
		wrong.Rate = "0.01"
		if err := b.Points.SetProgramme(b.Ctx, b.Caller, wrong, first); noren.KindOf(err) != noren.Invalid {
			t.Errorf("two rules: %v", err)
		}
		if err := b.Points.SetProgramme(b.Ctx, b.InStore(1), first, seen); noren.KindOf(err) != noren.Forbidden {
			t.Errorf("somebody of one store: %v", err)
		}
		b.View(t, func(tx noren.Tx) error {
			tenant, err := tx.Tenant(b.Ctx)
			want := first
			want.Forgives = true
			apptest.Same(t, "what is stored", want, tenant.Points.Programme())
			return err
		})
		if last, err := b.Points.LastProgrammeChange(b.Ctx, b.Caller); err != nil || len(last) == 0 {
			t.Errorf("who was last: %v, %v", last, err)
		}
		b.Sound(t)
	})
}

// TestExamples: by the programme, and by the ratio of each rank that has one.
func TestExamples(t *testing.T) {
	t.Parallel()
	ranks := []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Gold", Ratio: 0.07}}
	programme := noren.PointProgramme{EarnProgramme: noren.EarnProgramme{
		EarnRule: noren.EarnRule{UnitPrice: 100, Unit: 150}, WithoutTax: true, WithoutUsedPoints: true,
	}}
	got := points.Examples(noren.Tenant{Currency: "JPY"}, programme, ranks)
	// 1,122 yen without tax are 11 × 1.5, and 78.54 at 7 %; 1,022 where 100 of them are paid with points.
	apptest.Same(t, "examples", []points.Example{{nil, 16, 15}, {&ranks[1], 78, 71}}, got)
	// In dollars the amount is 1,234 dollars.
	got = points.Examples(noren.Tenant{Currency: "USD"}, programme, ranks)
	apptest.Same(t, "in dollars", []points.Example{{nil, 16, 15}, {&ranks[1], 78, 71}}, got)
}
