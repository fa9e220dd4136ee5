package console

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"noren"
	"noren/app/points"
	"noren/lenient"
	"noren/web"
)

// adjustment is the content of the form that gives and deducts points, as typed.
type adjustment struct{ mode, kind, amount, expires, reason string }

// mostReason is the longest reason, in characters.
const mostReason = 200

// adjustPoints gives points to a member or deducts them.
func (d *Console) adjustPoints(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	// A member that the user may not see is a 404, before anything in the form is judged.
	if _, err := d.Rooms.Members.Get(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	typed := adjustment{p.field("mode"), p.field("kind"), p.field("amount"), p.field("expires_on"), p.field("reason")}
	a, ok := p.readAdjustment(typed)
	if ok {
		a.Query = noren.MemberQuery{IDs: []int64{id}}
		// It names everything that is asked about: whoever changes something of it is asked again.
		question := fmt.Sprintf("%s %d %s", a.Mode, a.Amount, a.Type)
		a.Confirmed = p.confirmed(question)
		_, err := d.Rooms.Points.Adjust(ctx, p.caller(), a, p.once())
		amount := p.number(a.Amount)
		switch {
		case err == nil:
			return d.withBalance(ctx, p, "done.points_"+string(a.Mode), id, memberPath(id, ""), amount)
		case refusedFor(err, noren.ReasonUnconfirmed):
			words := map[points.Mode]string{points.Add: "points.sure_ADD", points.Subtract: "points.sure_SUB"}
			p.ask(question, p.T(words[a.Mode], amount, p.pointTitle(a.Type)))
		case refusedFor(err, noren.ReasonOverLimit):
			most, _ := p.caller().EntryLimit()
			p.wrong("amount", p.T("points.over_limit", p.number(most)))
		case !p.refused(err, nil):
			return web.Answer{}, err
		}
	}
	return d.again(ctx, p, func(v *memberView) { v.adjustment = typed })
}

// refusedFor reports whether the reason is among those for which the service refused a form.
func refusedFor(err error, reason noren.Reason) bool {
	list, _ := errors.AsType[noren.Refusals](err)
	return slices.ContainsFunc(list, func(e *noren.Error) bool { return e.Reason == reason })
}

// withBalance is done for a message with the member's balance as its last argument.
func (d *Console) withBalance(ctx context.Context, p *page, message string, member int64, path string, args ...string) (web.Answer, error) {
	list, err := d.Rooms.Members.Get(ctx, p.caller(), member)
	if err != nil {
		return web.Answer{}, err
	}
	return p.noticed(notice{Key: message, Args: append(args, p.number(pointsOf(list.Points[member])))}, path), nil
}

// amountHint says how many points the user may give or deduct at once; "" if that is not limited.
func (p *page) amountHint() string {
	most, _ := p.caller().EntryLimit()
	if most >= noren.MaxPoints {
		return ""
	}
	return p.T("points.amount_hint", p.number(most))
}

// mayMovePoints reports whether the user may give or deduct any points.
func (p *page) mayMovePoints() bool {
	most, _ := p.caller().EntryLimit()
	return most > 0
}

// readAdjustment reads the form; false if it must be corrected.
func (p *page) readAdjustment(typed adjustment) (a points.Adjustment, ok bool) {
	a = points.Adjustment{Mode: points.Mode(typed.mode), Type: noren.PointType(typed.kind), Note: typed.reason}
	if a.Mode != points.Add && a.Mode != points.Subtract {
		p.wrong("mode", p.T("reason.invalid"))
	}
	if !slices.Contains(noren.PointTypes(), a.Type) {
		p.wrong("kind", p.T("reason.invalid"))
	}
	var wrong *lenient.Wrong
	if a.Amount, wrong = lenient.Points(typed.amount, 1, noren.MaxPoints); wrong != nil {
		most, _ := p.caller().EntryLimit()
		p.wrong("amount", p.misread(wrong, p.T("reason.out_of_bounds", "1", p.number(min(most, noren.MaxPoints)))))
	}
	if typed.expires != "" {
		day, wrong := lenient.Date(typed.expires)
		if wrong != nil {
			p.wrong("expires_on", p.T("reason.not_a_date"))
		}
		a.ExpiresOn = noren.Set(day)
	}
	if len([]rune(typed.reason)) > mostReason {
		p.wrong("reason", p.T("reason.too_long", mostReason))
	}
	return a, len(p.problems) == 0
}

// pointsView is the content of the points page: lots by expiry, and movements.
type pointsView struct {
	memberSeen
	history points.History
	paging  paging
	more    bool
}

// memberPoints shows a member's points by expiry, and their movements.
func (d *Console) memberPoints(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v := pointsView{memberSeen: m, paging: p.paging()}
	if v.history, err = d.Rooms.Points.History(ctx, p.caller(), m.ID, v.paging.ask()); err != nil {
		return web.Answer{}, err
	}
	v.history.Entries, v.more = shownOf(v.paging, v.history.Entries)
	return p.show(ctx, memberPointsPage(p, v))
}

// pointTitle is the tenant's own name for points of the type, or ours.
func (p *page) pointTitle(t noren.PointType) string {
	// The title that nobody has chosen is an abbreviation of an API; people read the words of the page's language.
	title, usual := p.caller().Tenant.Points.DefaultTitle, noren.DefaultPoints().DefaultTitle
	if t == noren.PaidPoint {
		title, usual = p.caller().Tenant.Points.PaidTitle, noren.DefaultPoints().PaidTitle
	}
	if title == "" || title == usual {
		return p.T("points.type." + string(t))
	}
	return title
}

// pending says from which day the points of a lot can be used; "" if they can be used today.
func (p *page) pending(l noren.PointLot) string {
	if l.UsableFrom == nil || *l.UsableFrom <= noren.DateOf(p.console.Rooms.Now(), p.caller().Tenant.Location()) {
		return ""
	}
	return p.T("points.usable_from", string(*l.UsableFrom))
}

// later is how many points can be used from a day on.
type later struct {
	from   noren.Date
	points int64
}

// usableLater sums the lots by the day from which they can be used, the nearest first.
func usableLater(lots []noren.PointLot) []later {
	sums := make(map[noren.Date]int64)
	for _, l := range lots {
		sums[*l.UsableFrom] += l.Remaining
	}
	var days []later
	for _, from := range slices.Sorted(maps.Keys(sums)) {
		days = append(days, later{from, sums[from]})
	}
	return days
}

// pointReason is why points moved: the purchase that earned them, what they undo, or what was written down.
func (p *page) pointReason(e noren.PointEntry) string {
	switch u := e.Undone; {
	case e.Reverses != 0:
		key, args := "points.reverses", []any{p.at(u.At), p.T("points.kind." + string(u.Kind)), p.signed(u.Delta)}
		if u.Note != "" {
			key, args = "points.reverses_noted", append(args, u.Note)
		}
		return strings.TrimSpace(p.T(key, args...) + " " + e.Note)
	case e.Reversed:
		return strings.TrimSpace(p.T("points.reversed") + " " + e.Note)
	case e.Purchase.ID != 0 && e.Kind == noren.PointsReturned:
		return p.T("points.of_refund", e.Purchase.ExternalID)
	case e.Purchase.ID != 0:
		return p.T("points.of_purchase", e.Purchase.ExternalID)
	}
	return e.Note
}

// earned is how many points a purchase has earned, after refunds; "" if it earned none.
func (p *page) earned(b noren.Purchase) string {
	if b.Earning.Granted == 0 {
		return ""
	}
	return p.number(b.Earning.Keeps(b.Amount, b.Credited))
}

// pointTypes are the types of points, for the form.
func (p *page) pointTypes() []choice {
	var list []choice
	for _, t := range noren.PointTypes() {
		list = append(list, choice{string(t), p.pointTitle(t)})
	}
	return list
}

// spendView is the content of the page with purchases and rank changes.
type spendView struct {
	memberSeen
	purchases []noren.Purchase
	changes   []noren.RankChange
	clients   map[int64]string // the names of those that changed the rank, by id
	paging    paging
	more      bool
}

// changesShown is the number of rank changes shown. A member has a few a year, so there are no further pages.
const changesShown = 50

// memberSpend shows a member's purchases and changes of rank.
func (d *Console) memberSpend(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v := spendView{memberSeen: m, paging: p.paging()}
	bought, err := d.Rooms.Purchases.List(ctx, p.caller(), noren.PurchaseFilter{MemberID: m.ID, Page: v.paging.ask()})
	if err != nil {
		return web.Answer{}, err
	}
	v.purchases, v.more = shownOf(v.paging, bought.Items)
	changed, err := d.Rooms.Ranks.Changes(ctx, p.caller(), noren.RankChangeFilter{MemberID: m.ID, Page: noren.Page{Limit: changesShown}})
	if err != nil {
		return web.Answer{}, err
	}
	v.changes, v.clients = changed.Items, changed.Clients
	return p.show(ctx, memberSpendPage(p, v))
}

// money formats an amount, given in the smallest unit, in the tenant's currency.
func (p *page) money(amount int64) string {
	currency := p.caller().Tenant.Currency
	if currency == "JPY" {
		return p.T("money.yen", p.number(amount))
	}
	return noren.FormatMoney(amount, currency) + " " + currency
}

// mainMoney is an amount in the main unit of the currency, such as yen or dollars.
func (p *page) mainMoney(amount int64) string {
	if currency := p.caller().Tenant.Currency; currency != "JPY" {
		return p.number(amount) + " " + currency
	}
	return p.money(amount)
}
