package console

import (
	"context"
	"net/url"

	"noren"
	"noren/lenient"
	"noren/web"
)

// pointRoutes are the lists of points of many members, to which the numbers of the first page lead.
func (d *Console) pointRoutes() []route {
	return []route{
		get("/points", noren.Viewer, d.pointMovements).asks("flow", "since", "page"),
		get("/points/expiring", noren.Viewer, d.pointsExpiring).asks("month", "page"),
	}
}

// movementsView is a page of movements of points.
type movementsView struct {
	paging
	flow    noren.PointFlow // "": any
	since   noren.Date      // "": any
	entries []noren.PointEntry
	members map[int64]noren.Member
	more    bool
}

// path is the address of the list, without the number of the page.
func (v movementsView) path() string { return movementsPath(v.flow, v.since) }

// movementsPath is the list of the movements in one direction on that day and later.
func movementsPath(flow noren.PointFlow, since noren.Date) string {
	query := make(url.Values)
	if flow != "" {
		query.Set("flow", string(flow))
	}
	if since != "" {
		query.Set("since", string(since))
	}
	if len(query) == 0 {
		return "/points"
	}
	return "/points?" + query.Encode()
}

// pointFlows are the directions, in the order in which they are offered.
func pointFlows() []noren.PointFlow {
	return []noren.PointFlow{noren.PointsGiven, noren.PointsSpent, noren.PointsLapsed}
}

// flowName is what a direction is called: as the kind of entry that makes up most of it.
func (p *page) flowName(f noren.PointFlow) string {
	kinds := map[noren.PointFlow]noren.PointEntryKind{
		noren.PointsGiven: noren.PointsGranted, noren.PointsSpent: noren.PointsUsed, noren.PointsLapsed: noren.PointsExpired,
	}
	return p.T("points.kind." + string(kinds[f]))
}

// flowChoices are the directions to choose from.
func (p *page) flowChoices() []choice {
	list := []choice{{"", p.T("points.flow_any")}}
	for _, f := range pointFlows() {
		list = append(list, choice{string(f), p.flowName(f)})
	}
	return list
}

// pointMovements lists movements of points, newest first.
func (d *Console) pointMovements(ctx context.Context, p *page) (web.Answer, error) {
	v := movementsView{paging: p.paging(), flow: noren.PointFlow(p.chosen("flow", p.T("points.why"), p.flowChoices()))}
	f := noren.PointEntryFilter{Flow: v.flow, Newest: true, Page: v.ask()}
	if from, ok := p.dayOf("since"); ok {
		v.since, f.At.From = noren.DateOf(from, p.zone()), from
	}
	list, err := d.Rooms.Points.Ledger(ctx, p.caller(), f)
	if err != nil {
		return web.Answer{}, err
	}
	v.members = list.Members
	v.entries, v.more = shownOf(v.paging, list.Entries)
	return p.show(ctx, movementsPage(p, v))
}

// expiringView is a page of points that expire in a month.
type expiringView struct {
	paging
	month   noren.Month
	lots    []noren.PointLot
	members map[int64]noren.Member
	more    bool
}

// expiringPath is the list of the points that expire in the month.
func expiringPath(month noren.Month) string { return "/points/expiring?month=" + string(month) }

// pointsExpiring lists the points that expire in one month, soonest first; without a month, in the running one.
func (d *Console) pointsExpiring(ctx context.Context, p *page) (web.Answer, error) {
	v := expiringView{paging: p.paging(), month: noren.Month(d.Rooms.Now().In(p.zone()).Format("2006-01"))}
	if text := p.query("month"); text != "" {
		month, wrong := lenient.Month(text)
		if wrong != nil {
			p.cannotUse("month", p.T("address.month"))
			month = v.month
		}
		v.month = month
	}
	list, err := d.Rooms.Points.ExpiringIn(ctx, p.caller(), v.month, v.ask())
	if err != nil {
		return web.Answer{}, err
	}
	v.members = list.Members
	v.lots, v.more = shownOf(v.paging, list.Lots)
	return p.show(ctx, expiringPage(p, v))
}

// memberLink is the name of a member of a list.
func memberLink(members map[int64]noren.Member, id int64) string {
	if m, ok := members[id]; ok {
		return nameOf(m)
	}
	return "–"
}
