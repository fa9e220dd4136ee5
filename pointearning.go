package noren

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
)

// EarnRule says how many points an amount of money earns: either Unit points for each full UnitPrice, or Rate points for
// each unit of the currency. The zero value earns nothing.
type EarnRule struct {
	UnitPrice int64      `json:"unit_price,omitempty"` // in the main unit of the currency
	Unit      Hundredths `json:"unit,omitempty"`
	Rate      string     `json:"rate,omitempty"` // a decimal, which is never a float: 0.07 has no exact one
	// Scale is how many of the smallest unit of the currency make one of the main unit: 1 for yen, 100 for dollars. It is
	// part of the rule, so that what is stored with a purchase can be worked out again by itself.
	Scale int64 `json:"scale,omitempty"`
}

// EarnProgramme says which purchases earn points, and how. The zero value is switched off.
type EarnProgramme struct {
	EarnRule

	// From is the first day, in the tenant's zone, whose purchases earn points; "": any. It keeps a history that is
	// imported from earning a second time.
	From Date `json:"from,omitempty"`
	// UsableAfterDays is how many days after the grant the points can be used; 0: at once.
	UsableAfterDays int `json:"usable_after_days,omitempty"`
	// Which parts of the amount earn nothing. The names are those of the default, in which everything counts.
	WithoutTax        bool `json:"without_tax,omitempty"`
	WithoutUsedPoints bool `json:"without_used_points,omitempty"`
	// Forgives says what happens where a refund takes back points that the member has used: true: they are forgiven; false:
	// they are owed, and taken from the next points that purchases earn.
	Forgives bool `json:"forgives,omitempty"`
}

// The limits of a programme. Units are bounded as those of a member are (ポイント付与単位).
const (
	MaxEarnUnitPrice   = 9_999_999
	MaxUsableAfterDays = 3650
	MaxEarnRate        = 100
)

// rateForm is a decimal in plain digits. More places than this nobody writes.
var rateForm = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,9})?$`)

// IsEarnRate reports whether the text is a rate. It is a text because through a float 0.07 of 100 would not be 7.
func IsEarnRate(text string) bool {
	whole, err := strconv.ParseFloat(text, 64) // for the limit alone
	return rateForm.MatchString(text) && err == nil && whole <= MaxEarnRate
}

// PointProgramme is which purchases earn points and how, and how long points last.
type PointProgramme struct {
	EarnProgramme

	ExpiresAfterMonths int `json:"expires_after_months"` // 0: points never expire
}

// Programme returns the programme in the settings.
func (s PointSettings) Programme() PointProgramme {
	return PointProgramme{s.Earn, s.ExpiresAfterMonths}
}

// Check lists what is wrong with the programme.
func (p PointProgramme) Check() (refused Refusals) {
	refuse := func(field string) { refused = append(refused, &Error{Kind: Invalid, Field: field}) }
	byUnit := p.UnitPrice != 0 || p.Unit != 0
	switch {
	case p.Rate != "" && (byUnit || !IsEarnRate(p.Rate)):
		refuse("rate")
	case byUnit && (p.UnitPrice < 1 || p.UnitPrice > MaxEarnUnitPrice):
		refuse("unit_price")
	case byUnit && (p.Unit < 0 || p.Unit > MaxUnit):
		refuse("unit")
	}
	if _, err := ParseDate(string(p.From)); p.From != "" && err != nil {
		refuse("from")
	}
	if p.UsableAfterDays < 0 || p.UsableAfterDays > MaxUsableAfterDays {
		refuse("usable_after_days")
	}
	if p.ExpiresAfterMonths < 0 || p.ExpiresAfterMonths > MaxProgrammeMonths {
		refuse("expires_after_months")
	}
	return refused
}

// Earns reports whether purchases earn points at all.
func (s PointSettings) Earns() bool { return s.Enabled && s.Earn.EarnRule != (EarnRule{}) }

// EarnRuleOf returns the rule for the member: its own point unit, else the ratio of its rank if that is above 0, else the
// tenant's. That is the order of Smaregi's register, as far as it is about members.
func (t Tenant) EarnRuleOf(m *Member, ranks []Rank) EarnRule {
	rule := t.Points.Earn.EarnRule
	if m.PointUnitPrice != nil && m.PointUnit != nil && *m.PointUnitPrice > 0 {
		rule = EarnRule{UnitPrice: *m.PointUnitPrice, Unit: *m.PointUnit}
	} else if m.RankID != nil {
		for i := range ranks {
			if ranks[i].ID == *m.RankID && ranks[i].Ratio > 0 {
				// The shortest decimal that reads as the same number is what somebody wrote.
				rule = EarnRule{Rate: strconv.FormatFloat(ranks[i].Ratio, 'f', -1, 64)}
			}
		}
	}
	rule.Scale = 1
	for range CurrencyDigits(t.Currency) {
		rule.Scale *= 10
	}
	return rule
}

// Points returns how many points the amount, in the smallest unit of the currency, earns. By unit it is the number of full
// units times the points of one, as registers do it: 100 yen give 1 point, so 199 yen give 1. By rate it is the product. What is
// not a whole point is cut off. It is never more than MaxPoints.
func (r EarnRule) Points(amount int64) int64 {
	if amount <= 0 || r.Scale <= 0 {
		return 0
	}
	var points big.Int
	switch rate, ok := new(big.Rat).SetString(r.Rate); {
	case r.Rate == "" && r.UnitPrice > 0:
		full := amount / r.Scale / r.UnitPrice
		points.Mul(big.NewInt(full), big.NewInt(int64(r.Unit)))
		points.Quo(&points, big.NewInt(int64(hundred)))
	case ok:
		rate.Mul(rate, big.NewRat(amount, r.Scale))
		points.Quo(rate.Num(), rate.Denom())
	}
	if points.Sign() < 0 {
		return 0
	}
	if !points.IsInt64() {
		return MaxPoints
	}
	return min(points.Int64(), MaxPoints)
}

const hundred Hundredths = 100

// Counted returns how much of the purchase earns points, before refunds.
func (p EarnProgramme) Counted(amount, tax, usedPoints int64) int64 {
	if p.WithoutTax {
		amount -= tax
	}
	if p.WithoutUsedPoints {
		amount -= usedPoints
	}
	return max(amount, 0)
}

// Encode returns the rule as text to be stored; "" for the zero value.
func (r EarnRule) Encode() string {
	if r == (EarnRule{}) {
		return ""
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // it has only numbers and a text
	}
	return string(text)
}

// DecodeEarnRule reads what Encode returned.
func DecodeEarnRule(text string) (r EarnRule, err error) {
	if text == "" {
		return r, nil
	}
	return r, json.Unmarshal([]byte(text), &r)
}

// Earning is what became of the points that a purchase earned. Granted is always the sum of what the purchase keeps and the
// other four.
type Earning struct {
	Rule     EarnRule // as it was at the grant; later changes of the programme do not affect it. The zero value: none was made
	Counted  int64    // how much of the purchase's Amount earned points
	Granted  int64
	Returned int64 // taken back because of refunds
	Lapsed   int64 // would have been taken back, but had expired unused
	Forgiven int64 // would have been taken back, but was used; the programme forgives it
	Owed     int64 // the same, and is taken from the next points that purchases earn
}

// Keeps returns how many points the purchase has earned for what is left of it after refunds.
func (e Earning) Keeps(amount, credited int64) int64 {
	if amount <= 0 || credited <= 0 {
		return 0
	}
	left := big.NewInt(e.Counted)
	left.Mul(left, big.NewInt(min(credited, amount)))
	left.Quo(left, big.NewInt(amount))
	return e.Rule.Points(left.Int64())
}

// Surplus returns how many of the granted points must still be taken back.
func (e Earning) Surplus(amount, credited int64) int64 {
	return max(e.Granted-e.Keeps(amount, credited)-e.Returned-e.Lapsed-e.Forgiven-e.Owed, 0)
}
