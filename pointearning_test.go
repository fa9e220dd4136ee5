package noren

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestPointsOfARule(t *testing.T) {
	t.Parallel()
	unit := func(price int64, unit Hundredths, scale int64) EarnRule {
		return EarnRule{UnitPrice: price, Unit: unit, Scale: scale}
	}
	rate := func(text string, scale int64) EarnRule { return EarnRule{Rate: text, Scale: scale} }
	for _, c := range []struct {
		name   string
		rule   EarnRule
		amount int64
		want   int64
	}{
		{"100 yen give 1, of 900", unit(100, 100, 1), 900, 9}, // the two examples of Smaregi's help
		{"1000 yen give 10, of 900", unit(1000, 1000, 1), 900, 0},
		{"a yen short of a unit", unit(100, 100, 1), 199, 1},
		{"half a point a unit", unit(100, 50, 1), 300, 1},
		{"half a point a unit, one unit", unit(100, 50, 1), 199, 0},
		{"no points a unit", unit(100, 0, 1), 1000, 0},
		{"1 dollar gives 1, in cents", unit(1, 100, 100), 1299, 12},
		{"1 percent", rate("0.01", 1), 199, 1},
		{"7 percent of 100, which floats miss", rate("0.07", 1), 100, 7},
		{"29 percent of 100, which floats miss", rate("0.29", 1), 100, 29},
		{"1.15 of 100, which floats miss", rate("1.15", 1), 100, 115},
		{"5 a dollar, in cents", rate("5", 100), 1299, 64},
		{"a rate of nothing", rate("0", 1), 1000, 0},
		{"no rule", EarnRule{}, 1000, 0},
		{"no rule but the currency's scale", EarnRule{Scale: 1}, 1000, 0},
		{"nothing", rate("1", 1), 0, 0},
		{"less than nothing", rate("1", 1), -5, 0},
		{"the most", rate("100", 1), MaxMoney, MaxPoints},
		{"more than an integer holds", unit(1, MaxUnit, 1), MaxMoney, MaxPoints},
	} {
		if got := c.rule.Points(c.amount); got != c.want {
			t.Errorf("%s: %d points, want %d", c.name, got, c.want)
		}
	}
}

// TestPointsOfARuleAgreeWithArithmetic compares with big numbers, and looks that what is stored reads as it was.
func TestPointsOfARuleAgreeWithArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		scale := rapid.SampledFrom([]int64{1, 100, 1000}).Draw(rt, "scale")
		amount := rapid.Int64Range(0, MaxMoney).Draw(rt, "amount")
		thousandths := rapid.Int64Range(0, 2000).Draw(rt, "thousandths")
		price := rapid.Int64Range(1, 100_000).Draw(rt, "price")
		whole := rapid.Int64Range(0, 99).Draw(rt, "unit")
		byRate := EarnRule{Rate: big.NewRat(thousandths, 1000).FloatString(3), Scale: scale}
		if got, want := byRate.Points(amount), min(amount*thousandths/1000/scale, MaxPoints); got != want {
			rt.Fatalf("%+v of %d: %d points, want %d", byRate, amount, got, want)
		}
		byUnit := EarnRule{UnitPrice: price, Unit: Hundredths(100 * whole), Scale: scale}
		if got, want := byUnit.Points(amount), min(amount/(price*scale)*whole, MaxPoints); got != want {
			rt.Fatalf("%+v of %d: %d points, want %d", byUnit, amount, got, want)
		}
		for _, rule := range []EarnRule{byRate, byUnit} {
			if read, err := DecodeEarnRule(rule.Encode()); err != nil || read != rule {
				rt.Fatalf("%+v was stored as %s and read as %+v, %v", rule, rule.Encode(), read, err)
			}
		}
	})
}

func TestWhichRuleIsTheMembers(t *testing.T) {
	t.Parallel()
	ranks := []Rank{{ID: 1, Ratio: 0}, {ID: 2, Ratio: 0.03}}
	tenant := Tenant{Currency: "JPY", Points: PointSettings{Enabled: true, Earn: EarnProgramme{EarnRule: EarnRule{Rate: "0.01"}}}}
	own := Member{RankID: new(int64(2)), PointUnitPrice: new(int64(100)), PointUnit: new(Hundredths(500))}
	for _, c := range []struct {
		name   string
		member Member
		want   EarnRule
	}{
		{"the tenant's", Member{}, EarnRule{Rate: "0.01", Scale: 1}},
		{"the rank's", Member{RankID: new(int64(2))}, EarnRule{Rate: "0.03", Scale: 1}},
		{"a rank without a ratio has none", Member{RankID: new(int64(1))}, EarnRule{Rate: "0.01", Scale: 1}},
		{"the member's own comes first", own, EarnRule{UnitPrice: 100, Unit: 500, Scale: 1}},
	} {
		if got := tenant.EarnRuleOf(&c.member, ranks); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := (Tenant{Currency: "USD"}).EarnRuleOf(&Member{}, nil).Scale; got != 100 {
		t.Errorf("a dollar has %d of its smallest unit, want 100", got)
	}
}

func TestWhatCountsOfAPurchase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		programme EarnProgramme
		want      int64
	}{
		{EarnProgramme{}, 1100},
		{EarnProgramme{WithoutTax: true}, 1000},
		{EarnProgramme{WithoutUsedPoints: true}, 800},
		{EarnProgramme{WithoutTax: true, WithoutUsedPoints: true}, 700},
	} {
		if got := c.programme.Counted(1100, 100, 300); got != c.want {
			t.Errorf("%+v: %d of 1100 counts, want %d", c.programme, got, c.want)
		}
	}
	// 1000 of 1100 counts; after a refund of half, so does half of it.
	e := Earning{Rule: EarnRule{UnitPrice: 100, Unit: 100, Scale: 1}, Counted: 1000, Granted: 10}
	for credited, want := range map[int64]int64{1100: 0, 550: 5, 109: 10, 0: 10} {
		if got := e.Surplus(1100, credited); got != want {
			t.Errorf("with %d of 1100 left, %d points are to be taken back, want %d", credited, got, want)
		}
	}
}
