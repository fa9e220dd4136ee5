package console

import (
	"context"
	"slices"
	"strconv"

	"noren"
	"noren/web"
)

// adjustment is what was typed into the form that gives and takes points.
type adjustment struct{ mode, kind, amount, expires, reason string }

// mostReason bounds why points were given, in characters.
const mostReason = 200

// adjustPoints gives points to a member, or takes them.
func (d *Console) adjustPoints(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Service.Member(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	typed := adjustment{p.field("mode"), p.field("kind"), p.field("amount"), p.field("expires_on"), p.field("reason")}
	a, ok := p.readAdjustment(typed)
	if ok {
		a.Query = noren.MemberQuery{IDs: []int64{id}}
		_, err := d.Service.AdjustPoints(ctx, p.caller(), a, p.once())
		if err == nil {
			return p.done("done.points", memberPath(id, "")), nil
		}
		if !p.refused(err, nil) {
			return web.Answer{}, err
		}
	}
	return d.again(ctx, p, func(v *memberView) { v.adjustment = typed })
}

// readAdjustment reads the form; false where it has to be corrected.
func (p *page) readAdjustment(typed adjustment) (a noren.PointAdjustment, ok bool) {
	a = noren.PointAdjustment{Mode: noren.PointMode(typed.mode), Type: noren.PointType(typed.kind), Note: typed.reason}
	if a.Mode != noren.AddPoints && a.Mode != noren.SubtractPoints {
		p.wrong("mode", p.T("reason.invalid"))
	}
	if !slices.Contains(noren.PointTypes(), a.Type) {
		p.wrong("kind", p.T("reason.invalid"))
	}
	var err error
	if a.Amount, err = strconv.ParseInt(typed.amount, 10, 64); err != nil || a.Amount < 1 || a.Amount > noren.MaxPoints {
		p.wrong("amount", p.T("reason.out_of_bounds", "1", p.number(noren.MaxPoints)))
	}
	if typed.expires != "" {
		day, err := noren.ParseDate(typed.expires)
		if err != nil {
			p.wrong("expires_on", p.T("reason.not_a_date"))
		}
		a.ExpiresOn = noren.Set(day)
	}
	if len([]rune(typed.reason)) > mostReason {
		p.wrong("reason", p.T("reason.too_long", mostReason))
	}
	return a, len(p.problems) == 0
}

// pointsView is the points of a member: lots and movements.
type pointsView struct {
	memberSeen
	history noren.PointHistory
	paging  paging
	more    bool
}

// memberPoints shows what a member's points are made of.
func (d *Console) memberPoints(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v := pointsView{memberSeen: m, paging: p.paging()}
	if v.history, err = d.Service.PointHistory(ctx, p.caller(), m.ID, v.paging.ask()); err != nil {
		return web.Answer{}, err
	}
	v.history.Entries, v.more = shownOf(v.paging, v.history.Entries)
	return p.show(ctx, memberPointsPage(p, v))
}

// pointTitle is what the tenant calls points of the type.
func (p *page) pointTitle(t noren.PointType) string {
	title := p.caller().Tenant.Points.DefaultTitle
	if t == noren.PaidPoint {
		title = p.caller().Tenant.Points.PaidTitle
	}
	if title == "" {
		return p.T("points.type." + string(t))
	}
	return title
}

// pointTypes are the choices of the form.
func (p *page) pointTypes() []choice {
	var list []choice
	for _, t := range noren.PointTypes() {
		list = append(list, choice{string(t), p.pointTitle(t)})
	}
	return list
}

// author is who did something: a person by their login, a member of the staff, a program by its client's name.
func (p *page) author(login, dialect string, client, staff *int64, clients map[int64]string, people []noren.Staff) string {
	for _, person := range people {
		if staff != nil && person.ID == *staff {
			return person.Name
		}
	}
	switch {
	case login != "":
		return login
	case client != nil && clients[*client] != "":
		return clients[*client]
	case p.console.words["author."+dialect] != (text{}):
		return p.T("author." + dialect)
	}
	return ""
}

// through is the way in which something was done.
func (p *page) through(dialect string) string {
	if p.console.words["dialect."+dialect] == (text{}) {
		return dialect
	}
	return p.T("dialect." + dialect)
}

// spendView is what a member has bought, and how the rank came and went.
type spendView struct {
	memberSeen
	purchases []noren.Purchase
	changes   []noren.RankChange
	paging    paging
	more      bool
}

// changesShown is how many changes of the rank are shown; a member has a few a year.
const changesShown = 50

// memberSpend shows a member's purchases and changes of rank.
func (d *Console) memberSpend(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v := spendView{memberSeen: m, paging: p.paging()}
	bought, err := d.Service.Purchases(ctx, p.caller(), noren.PurchaseFilter{MemberID: m.ID, Page: v.paging.ask()})
	if err != nil {
		return web.Answer{}, err
	}
	v.purchases, v.more = shownOf(v.paging, bought.Items)
	changed, err := d.Service.RankChanges(ctx, p.caller(), noren.RankChangeFilter{MemberID: m.ID, Page: noren.Page{Limit: changesShown}})
	if err != nil {
		return web.Answer{}, err
	}
	v.changes = changed.Items
	return p.show(ctx, memberSpendPage(p, v))
}

// money writes an amount in the tenant's currency.
func (p *page) money(amount int64) string {
	currency := p.caller().Tenant.Currency
	if currency == "JPY" {
		return p.T("money.yen", p.number(amount))
	}
	return noren.FormatMoney(amount, currency) + " " + currency
}
