package console

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/web"
)

// rankRoutes are the ladder, what the next check would do, and the programme.
func (d *Console) rankRoutes() []route {
	return []route{
		get("/ranks", noren.Viewer, d.ranks).named("ranks.title"),
		get("/ranks/next", noren.Viewer, d.forecast),
		get("/ranks/changes", noren.Viewer, d.rankChanges),
		get("/ranks/programme", noren.Admin, d.programmePage),
		post("/ranks/programme", noren.Admin, d.saveProgramme),
	}
}

// ranks shows the ladder with its members, and the last checks.
func (d *Console) ranks(ctx context.Context, p *page) (web.Answer, error) {
	ladder, err := d.Service.Ladder(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, ranksView(p, ladder))
}

// forecast shows who would rise and fall at the next check.
func (d *Console) forecast(ctx context.Context, p *page) (web.Answer, error) {
	if p.caller().Tenant.Programme == nil {
		return p.redirect("/ranks"), nil
	}
	f, err := d.Service.ForecastRanks(ctx, p.caller(), nil)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, forecastView(p, f))
}

// rankHistory is a page of changes of ranks.
type rankHistory struct {
	paging
	ranks   []noren.Rank
	changes []noren.RankChange
	more    bool
	check   *time.Time // nil: of all checks, and of people
}

// path is the address of the list, without its page.
func (h rankHistory) path() string {
	if h.check == nil {
		return "/ranks/changes"
	}
	return "/ranks/changes?check=" + h.check.UTC().Format(time.RFC3339)
}

// rankChanges lists whose rank changed, and why: of all, or at one check.
func (d *Console) rankChanges(ctx context.Context, p *page) (web.Answer, error) {
	h := rankHistory{paging: p.paging()}
	if at, err := time.Parse(time.RFC3339, p.query("check")); err == nil {
		h.check = &at
	}
	ladder, err := d.Service.Ladder(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	list, err := d.Service.RankChanges(ctx, p.caller(), noren.RankChangeFilter{CheckAt: h.check, Page: h.ask()})
	if err != nil {
		return web.Answer{}, err
	}
	h.ranks = ladder.Ranks
	h.changes, h.more = shownOf(h.paging, list.Items)
	return p.show(ctx, rankChangesView(p, h))
}

// What the buttons of the programme's form do, and what a ticked box says.
const (
	deedPreview = "preview"
	deedSave    = "save"
	ticked      = "on"
)

// programmeForm is the programme as it is typed.
type programmeForm struct {
	start, window, every, demotion string
	neverDown                      bool
	ranks                          []rankForm
	stored                         []noren.Rank
	forecast                       *noren.RankForecast // of what is typed
}

// rankForm is what a rank asks for, as it is typed.
type rankForm struct{ name, entry, maintenance, ratio string }

// programmePage shows the programme to be changed.
func (d *Console) programmePage(ctx context.Context, p *page) (web.Answer, error) {
	ladder, err := d.Service.Ladder(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	t := p.caller().Tenant
	f := programmeForm{
		start:  d.Service.Now().In(t.Location()).Format("2006") + "-01",
		window: "12", every: "1", demotion: "one_step", stored: ladder.Ranks,
	}
	if g := t.Programme; g != nil {
		f.start, f.window, f.every = string(g.Start), strconv.Itoa(g.WindowMonths), strconv.Itoa(g.CheckEveryMonths)
		f.demotion, f.neverDown = g.Demotion, g.NeverRankDown
	}
	for _, r := range ladder.Ranks {
		f.ranks = append(f.ranks, rankForm{
			r.Name, noren.FormatMoney(r.EntrySpend, t.Currency), noren.FormatMoney(r.MaintenanceSpend, t.Currency),
			strconv.FormatFloat(r.Ratio*100, 'f', -1, 64),
		})
	}
	return p.show(ctx, programmeView(p, f))
}

// saveProgramme shows the effect of what was typed, or stores it.
func (d *Console) saveProgramme(ctx context.Context, p *page) (web.Answer, error) {
	ladder, err := d.Service.Ladder(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	f := programmeForm{
		start: p.field("start"), window: p.field("window_months"), every: p.field("check_every_months"),
		demotion: p.field("demotion"), neverDown: p.field("never_rank_down") == ticked, stored: ladder.Ranks,
	}
	plan := f.read(p)
	if len(p.problems) == 0 && p.field("deed") == deedSave {
		err := d.Service.SetRankPlan(ctx, p.caller(), plan)
		if err == nil {
			return p.done("done.saved", "/ranks"), nil
		}
		if !p.planRefused(err) {
			return web.Answer{}, err
		}
	}
	if len(p.problems) > 0 {
		return p.showAgain(ctx, programmeView(p, f))
	}
	forecast, err := d.Service.ForecastRanks(ctx, p.caller(), &plan)
	switch {
	case err != nil && !p.planRefused(err):
		return web.Answer{}, err
	case err != nil:
		return p.showAgain(ctx, programmeView(p, f))
	}
	f.forecast = &forecast
	return p.show(ctx, programmeView(p, f))
}

// planRefused notes what the service refused the plan for: a rank's fields carry the place of the rank.
func (p *page) planRefused(err error) bool {
	list, ok := err.(noren.Refusals) //nolint:errorlint // the service answers them as they are
	for _, e := range list {
		name := e.Field
		if e.Row > 0 {
			name += "-" + strconv.Itoa(e.Row)
		}
		p.wrong(name, p.T("reason.invalid"))
	}
	return ok
}

// read turns what was typed into a plan, and notes what cannot be read.
func (f *programmeForm) read(p *page) noren.RankPlan {
	plan := noren.RankPlan{
		Programme: noren.RankProgramme{Start: noren.Month(f.start), NeverRankDown: f.neverDown, Demotion: f.demotion},
		Ranks:     slices.Clone(f.stored),
	}
	if g := p.caller().Tenant.Programme; g != nil {
		plan.Programme.EffectiveFromUnix = g.EffectiveFromUnix
	}
	months := func(name, typed string, to *int) {
		n, err := strconv.Atoi(typed)
		if err != nil {
			p.wrong(name, p.T("reason.not_a_number"))
		}
		*to = n
	}
	months("window_months", f.window, &plan.Programme.WindowMonths)
	months("check_every_months", f.every, &plan.Programme.CheckEveryMonths)
	currency := p.caller().Tenant.Currency
	for i := range plan.Ranks {
		place := "-" + strconv.Itoa(i+1)
		typed := rankForm{plan.Ranks[i].Name, p.field("entry" + place), p.field("maintenance" + place), p.field("ratio" + place)}
		f.ranks = append(f.ranks, typed)
		money := func(name, text string, to *int64) {
			n, err := noren.ParseMoney(strings.ReplaceAll(text, ",", ""), currency)
			if err != nil {
				p.wrong(name+place, p.T("reason.not_a_number"))
			}
			*to = n
		}
		money("entry", typed.entry, &plan.Ranks[i].EntrySpend)
		money("maintenance", typed.maintenance, &plan.Ranks[i].MaintenanceSpend)
		percent, err := strconv.ParseFloat(typed.ratio, 64)
		if err != nil {
			p.wrong("ratio"+place, p.T("reason.not_a_number"))
		}
		plan.Ranks[i].Ratio = percent / 100
	}
	return plan
}

// rankName is the name of the rank with the id.
func (p *page) rankName(ranks []noren.Rank, id *int64) string {
	if id == nil {
		return p.T("ranks.below")
	}
	for _, r := range ranks {
		if r.ID == *id {
			return r.Name
		}
	}
	return strconv.FormatInt(*id, 10)
}

// bar is the length of a bar of a chart of that width, in its units.
func bar(n, most, width int) string {
	if most == 0 {
		return "0"
	}
	return strconv.Itoa((n*width + most - 1) / most)
}

// rungs lists how many members each rank has, from the highest down, and those below the lowest where there are any.
func rungs(p *page, ranks []noren.Rank, members map[int64]int) (list []rung, most int) {
	for _, r := range slices.Backward(ranks) {
		list = append(list, rung{name: r.Name, rank: &r, members: members[r.ID]})
	}
	if n := members[0]; n > 0 {
		list = append(list, rung{name: p.T("ranks.below"), members: n})
	}
	for _, r := range list {
		most = max(most, r.members)
	}
	return list, most
}

// rung is one bar of the ladder's chart.
type rung struct {
	name    string
	rank    *noren.Rank // nil: below the lowest
	members int
}
