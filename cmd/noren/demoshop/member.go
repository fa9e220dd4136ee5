package demoshop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"noren"
)

// generator draws everything from one source, so that the seed determines the whole shop.
type generator struct {
	rand     *rand.Rand
	now      time.Time
	members  int64 // how many there will be
	surnames []surname
	given    []givenName
	places   []place
	towns    []string
}

// chance is true with a probability of percent.
func (g *generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

// between draws a whole number from least to most, both included.
func (g *generator) between(least, most int) int { return least + g.rand.IntN(most-least+1) }

// entry draws the day on which a member joined, from 1 January of a year to today. More and more people join, and the first
// members have been there for long, so that examples can show a past of theirs.
func (g *generator) entry(id int64, fromYear int) noren.Date {
	from := time.Date(fromYear, 1, 1, 0, 0, 0, 0, time.UTC)
	days := int(g.now.Sub(from).Hours() / 24)
	if id <= alwaysActive {
		days -= settled
	}
	days = max(days, 1)
	drawn := math.Sqrt(float64(g.rand.IntN(days)) / float64(days))
	switch {
	case id > g.members-joinToday && id > alwaysActive:
		return noren.DateOf(g.now, time.UTC)
	default:
		return noren.DateOf(from.AddDate(0, 0, int(drawn*float64(days))), time.UTC)
	}
}

// The ages of members, and the youngest age at joining.
const (
	oldest, youngest = 84, 18
	joinAge          = 16
	opened           = 2014 // the year in which the programme began
	alwaysActive     = 20   // the first members are ACTIVE, so that examples can name them
	settled          = 500  // days since the last of these joined
	joinToday        = 3    // the last members join today
)

// member generates a member and their spend of the last twelve months.
func (g *generator) member(id int64) (noren.MemberPatch, int) {
	sex := noren.Female
	if g.chance(36) {
		sex = noren.Male
	}
	// The sum of two draws makes ages in the middle more frequent than those at the ends.
	age := youngest + g.rand.IntN((oldest-youngest)/2+1) + g.rand.IntN((oldest-youngest)/2+1)
	birthYear := g.now.Year() - age
	family, first := g.surname(), g.givenName(sex, birthYear)
	spend := g.spend()
	m := noren.MemberPatch{
		ID: id, Code: noren.Set(fmt.Sprintf("MB%010d", id)),
		LastName: noren.Set(family.name), FirstName: noren.Set(first.name),
		LastKana: noren.Set(family.kana), FirstKana: noren.Set(first.kana), Sex: noren.Set(sex),
		MailOptIn: noren.Set(g.chance(64)), Status: noren.Set(noren.Active),
		EntryDate: noren.Set(g.entry(id, g.opening(id, birthYear))), Rank: noren.Set(noren.Ref{ID: rankFor(spend)}),
	}
	// Not everybody gives a birth date, an email address or a phone number.
	if g.chance(88) {
		birth := time.Date(birthYear, time.January, 1+g.rand.IntN(365), 0, 0, 0, 0, time.UTC)
		m.BirthDate = noren.Set(noren.DateOf(birth, time.UTC))
	}
	home := g.place()
	g.address(&m, home)
	if g.chance(75) {
		m.Store = noren.Set(nearestShop(home.prefecture))
	}
	if g.chance(72) {
		domain := [...]string{"example.com", "example.jp", "example.net"}[g.rand.IntN(3)]
		m.Email = noren.Set(fmt.Sprintf("%s.%s%02d@%s", first.romaji, family.romaji, birthYear%100, domain))
	}
	if linked := g.chance(25); linked || id == 1 {
		m.ShopifyCustomerID = noren.Set(strconv.FormatInt(6_757_085_000_000+id*37, 10))
	}
	if g.chance(12) {
		m.AliasCode = noren.Set(fmt.Sprintf("2800%09d", id*7+1)) // of a plastic card
	}
	if g.chance(1) {
		m.StaffRank = noren.Set(noren.Ref{ID: int64(g.between(1, 2))})
	}
	if id > alwaysActive {
		g.standing(&m)
	}
	return m, spend
}

// opening is the first year in which somebody born in that year may join.
func (g *generator) opening(id int64, birthYear int) int {
	year := max(opened, birthYear+joinAge+1)
	if id <= alwaysActive {
		return min(year, g.now.Year()-3)
	}
	return year
}

// address gives the member an address and phone numbers. The area or network code is followed by a 0, with which no
// subscriber's number begins: the numbers look real and ring nowhere.
func (g *generator) address(m *noren.MemberPatch, home place) {
	m.PostalCode = noren.Set(fmt.Sprintf("%s-%04d", home.postal, g.rand.IntN(100)))
	m.Prefecture = noren.Set(home.prefecture)
	town := g.towns[g.rand.IntN(len(g.towns))]
	m.Address1 = noren.Set(fmt.Sprintf("%s%s%d-%d-%d", home.city, town, g.between(1, 5), g.between(1, 28), g.between(1, 19)))
	if g.chance(38) {
		house := [...]string{"コーポ", "メゾン", "ハイツ", "グランドール", "サンライズ", "パーク"}[g.rand.IntN(6)]
		floor := g.between(1, 9)
		m.Address2 = noren.Set(fmt.Sprintf("%s%s %d%02d号室", house, town, floor, g.between(1, 8)))
	}
	if g.chance(45) {
		exchange := fmt.Sprintf("%03d", g.rand.IntN(1000))[:10-len(home.area)-4-1] // ten digits in all
		m.Phone = noren.Set(fmt.Sprintf("%s-0%s-%04d", home.area, exchange, g.rand.IntN(10_000)))
	}
	if g.chance(86) {
		network := [...]string{"090", "080", "070"}[g.rand.IntN(3)]
		m.Mobile = noren.Set(fmt.Sprintf("%s-0%03d-%04d", network, g.rand.IntN(1000), g.rand.IntN(10_000)))
	}
}

// standing makes a few members other than active.
func (g *generator) standing(m *noren.MemberPatch) {
	switch n := g.rand.IntN(1000); {
	case n < 30: // on a day between joining and now
		entry, _ := m.EntryDate.Value()
		left, _ := time.Parse(time.DateOnly, string(entry)) // valid: DateOf made it
		days := max(int(g.now.Sub(left).Hours()/24), 1)
		m.Status = noren.Set(noren.Left)
		m.LeaveDate = noren.Set(noren.DateOf(left.AddDate(0, 0, g.rand.IntN(days)), time.UTC))
	case n < 45:
		m.Status = noren.Set(noren.Suspended)
	case n < 57:
		m.Status = noren.Set(noren.Lost)
	case n < 65:
		m.Status = noren.Set(noren.Tentative)
	case n < 69:
		m.Status = noren.Set(noren.Merged)
	}
}

// spendMonths is how far back purchases go; it equals the spend period of the rank programme.
const spendMonths = 12

// spend draws a member's spend of a year: half of them spend nothing, a few very much.
func (g *generator) spend() int {
	switch n := g.rand.IntN(100); {
	case n < 48:
		return 0
	case n < 72:
		return g.between(800, 9_900)
	case n < 88:
		return g.between(10_000, 29_900)
	case n < 96:
		return g.between(30_000, 99_000)
	case n < 99:
		return g.between(100_000, 290_000)
	default:
		return g.between(300_000, 640_000)
	}
}

// rankFor is the rank that the spend earns.
func rankFor(spend int) int64 {
	var earned int64
	for _, r := range ranks() {
		if int64(spend) >= r.EntrySpend {
			earned = r.ID
		}
	}
	return earned
}

// purchases splits a member's spend into visits of a few thousand yen, spread over the year, or over the time since they joined.
func (g *generator) purchases(m noren.MemberPatch, spend int) []noren.PurchaseEvent {
	const year = 355 * 24 * time.Hour
	var list []noren.PurchaseEvent
	code, _ := m.Code.Value()
	entry, _ := m.EntryDate.Value()
	joined, _ := time.Parse(time.DateOnly, string(entry)) // valid: entry made it
	member := min(year, max(g.now.Sub(joined), time.Hour))
	for rest := spend; rest > 0; {
		amount := min(rest, g.between(600, 4_000+spend/6))
		if rest-amount < 500 {
			amount = rest // too little would be left for another visit
		}
		rest -= amount
		ago := float64(g.rand.Int64N(int64(year))) / float64(year)
		paid := g.now.Add(-time.Duration(ago * float64(member))).Truncate(time.Second)
		list = append(list, noren.PurchaseEvent{
			Kind: noren.PurchasePaid, ExternalID: fmt.Sprintf("%s-%03d", code, len(list)+1),
			Member: noren.MemberKey{Code: code}, Amount: int64(amount), PaidAt: paid,
		})
	}
	return list
}
