package console

import (
	"context"
	"strings"
	"time"

	"noren"
	"noren/app/points"
	"noren/app/ranks"
	"noren/web"
)

// homeRoutes are the first page.
func (d *Console) homeRoutes() []route {
	return []route{get("/", noren.Viewer, d.home).named("home.title")}
}

// homeView is the content of the first page: what has changed, and what somebody has to look at.
type homeView struct {
	empty        bool // the shop has no members yet
	today, since noren.Date
	newToday     int
	newRecent    int
	points       points.Overview
	calendar     ranks.Calendar
	queue        noren.BulkQueue // only where wholeShop
	wholeShop    bool            // the user sees all stores
}

// home shows the first page, with a fixed number of reads, none of which goes through all members.
func (d *Console) home(ctx context.Context, p *page) (web.Answer, error) {
	midnight, recent := points.Since(d.Rooms.Now(), p.zone())
	v := homeView{
		today: noren.DateOf(midnight, p.zone()), since: noren.DateOf(recent, p.zone()), wholeShop: p.caller().Client.StoreID == nil,
	}
	count := func(f noren.MemberFilter) (int, error) {
		f.Page = noren.Page{Limit: 1}
		list, err := d.Rooms.Members.List(ctx, p.caller(), f)
		return list.Total, err
	}
	all := 0
	var err error
	if v.wholeShop { // a count that is kept; for one store it would read every member
		if all, err = count(noren.MemberFilter{}); err != nil {
			return web.Answer{}, err
		}
	}
	if v.empty = v.wholeShop && all == 0; v.empty {
		return p.show(ctx, homePage(p, v))
	}
	if v.newToday, err = count(noren.MemberFilter{Created: noren.Span{From: midnight}}); err != nil {
		return web.Answer{}, err
	}
	if v.newRecent, err = count(noren.MemberFilter{Created: noren.Span{From: recent}}); err != nil {
		return web.Answer{}, err
	}
	if v.points, err = d.Rooms.Points.Overview(ctx, p.caller()); err != nil {
		return web.Answer{}, err
	}
	if v.calendar, err = d.Rooms.Ranks.Calendar(ctx, p.caller()); err != nil {
		return web.Answer{}, err
	}
	if v.wholeShop {
		if v.queue, err = d.Rooms.Bulk.Queue(ctx, p.caller()); err != nil {
			return web.Answer{}, err
		}
	}
	return p.show(ctx, homePage(p, v))
}

// membersSince is the list of the members who were registered on that day or later.
func membersSince(day noren.Date) string { return "/members?since=" + string(day) }

// monthName is a month as people write it.
func (p *page) monthName(m noren.Month) string {
	if p.lang == japanese {
		return string(m[:4]) + "年" + strings.TrimPrefix(string(m[5:]), "0") + "月"
	}
	at, err := time.Parse("2006-01", string(m))
	if err != nil {
		return string(m)
	}
	return at.Format("January 2006")
}
