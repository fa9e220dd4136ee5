package shopfile

import "noren"

// How a refund treats points that the member has used already; the first is the default.
var refunds = [...]string{"owe", "forgive"}

// earning reads what purchases earn, from the section points.
func earning(m *mapping) (p noren.EarnProgramme) {
	if n := m.node("earn"); n != nil {
		if earn := m.r.mapping(n, "earn"); earn != nil {
			earnRule(earn, &p.EarnRule)
			earn.date("from", &p.From)
			earn.finish()
		}
	}
	var days int64
	if m.integer("usable_after_days", &days, 0, noren.MaxUsableAfterDays) {
		p.UsableAfterDays = int(days)
	}
	if n := m.node("counts"); n != nil {
		if counts := m.r.mapping(n, "counts"); counts != nil {
			// The file says what counts, and the domain what does not: so the zero value of a programme counts
			// everything.
			tax, used := true, true
			counts.boolean("tax", &tax)
			counts.boolean("used_points", &used)
			p.WithoutTax, p.WithoutUsedPoints = !tax, !used
			counts.finish()
		}
	}
	var how string
	m.word("refunds", &how, refunds[:]...)
	p.Forgives = how == refunds[1]
	return p
}

// earnRule reads the one or the other form of a rule.
func earnRule(m *mapping, to *noren.EarnRule) {
	price, unit, rate := m.node("unit_price"), m.node("unit"), m.node("rate")
	switch {
	case rate != nil && (price != nil || unit != nil):
		m.fail("rate", "give either unit_price and unit, or rate")
	case rate != nil:
		m.rate("rate", &to.Rate)
	// Half of the first form, or nothing: an example says more than the name of the missing key.
	case price == nil || unit == nil:
		m.r.fail(m.line, "earn of points: give unit_price and unit, such as {unit_price: 100, unit: 1}, or a rate, such as {rate: 0.01}")
	default:
		m.integer("unit_price", &to.UnitPrice, 1, noren.MaxEarnUnitPrice)
		if m.hundredths("unit", &to.Unit) && to.Unit > noren.MaxUnit {
			m.fail("unit", "must be 0 to %s, not %s", noren.Hundredths(noren.MaxUnit), to.Unit)
		}
	}
}

// rate reads a decimal as it is written.
func (m *mapping) rate(key string, to *string) bool {
	text, _ := scalarText(m.node(key))
	if !noren.IsEarnRate(text) {
		m.fail(key, "must be a decimal from 0 to %d, such as 0.01 for one point per hundred, not %s", noren.MaxEarnRate, shown(m.node(key)))
		return false
	}
	*to = text
	return true
}
