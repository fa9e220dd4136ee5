package console

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"noren"
	"noren/app/ranks"
	"noren/lenient"
	"noren/web"
)

// rankRoutes are the ranks with their members, the forecast, the history and the rank programme.
func (d *Console) rankRoutes() []route {
	return []route{
		get("/ranks", noren.Viewer, d.ranks).named("ranks.title"),
		get("/ranks/next", noren.Viewer, d.forecast),
		get("/ranks/changes", noren.Viewer, d.rankChanges).asks("check", "page"),
		get("/ranks/programme", noren.Admin, d.programmePage),
		post("/ranks/programme", noren.Admin, d.saveProgramme).on("/ranks/programme"),
	}
}

// ranks shows the ranks with their numbers of members, and the last checks.
func (d *Console) ranks(ctx context.Context, p *page) (web.Answer, error) {
	ladder, err := d.Rooms.Ranks.Ladder(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, ranksView(p, ladder))
}

// forecast shows whose rank the next check would change.
func (d *Console) forecast(ctx context.Context, p *page) (web.Answer, error) {
	if p.caller().Tenant.Programme == nil {
		return p.redirect("/ranks"), nil
	}
	f, err := d.Rooms.Ranks.Forecast(ctx, p.caller(), nil)
	if err != nil {
		return web.Answer{}, err
	}
	names, err := d.moverNames(ctx, p, f)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, forecastView(p, f, names))
}

// rankHistory is a page of rank changes.
type rankHistory struct {
	paging
	ranks   []noren.Rank
	changes []noren.RankChange
	more    bool
	names   map[int64]string // of the members
	clients map[int64]string // the names of the clients that made them, by id
	check   *time.Time       // nil: of all checks and by people
}

// path is the address of the list, without the number of the page.
func (h rankHistory) path() string {
	if h.check == nil {
		return "/ranks/changes"
	}
	return "/ranks/changes?check=" + h.check.UTC().Format(time.RFC3339)
}

// rankChanges lists rank changes with their reasons: all of them, or those of one check.
func (d *Console) rankChanges(ctx context.Context, p *page) (web.Answer, error) {
	h := rankHistory{paging: p.paging()}
	if text := p.query("check"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			p.cannotUse("check", p.T("address.place"))
		}
		h.check = &at
	}
	ladder, err := d.Rooms.Ranks.Ladder(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	list, err := d.Rooms.Ranks.Changes(ctx, p.caller(), noren.RankChangeFilter{CheckAt: h.check, Page: h.ask()})
	if err != nil {
		return web.Answer{}, err
	}
	h.ranks, h.clients = ladder.Ranks, list.Clients
	h.changes, h.more = shownOf(h.paging, list.Items)
	ids := make([]int64, len(h.changes))
	for i, c := range h.changes {
		ids[i] = c.MemberID
	}
	if h.names, err = d.memberNames(ctx, p, ids); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, rankChangesView(p, h))
}

// The values of the buttons of a form that can be previewed, and of a ticked box.
const (
	deedPreview = "preview"
	deedSave    = "save"
	deedRead    = "read"
	ticked      = "on"
)

// programmeForm is the content of the form, as typed.
type programmeForm struct {
	start, window, every, demotion string
	neverDown                      string // ticked or ""
	ranks                          []rankForm
	was                            map[string]string // the stored values by field; "" if there is no programme yet
	stored                         noren.RankPlan
	forecast                       *ranks.Forecast  // for what is typed; nil: not previewed
	names                          map[int64]string // of the members whose rank it changes
}

// rankForm are the fields of one rank, as typed.
type rankForm struct{ name, entry, maintenance, ratio string }

// programmeForm is the form filled with the stored values.
func (d *Console) programmeForm(ctx context.Context, p *page) (programmeForm, error) {
	ladder, err := d.Rooms.Ranks.Ladder(ctx, p.caller())
	if err != nil {
		return programmeForm{}, err
	}
	t := p.caller().Tenant
	f := programmeForm{
		start:  d.Rooms.Now().In(t.Location()).Format("2006") + "-01",
		window: "12", every: "1", demotion: "one_step", was: make(map[string]string),
		stored: noren.RankPlan{Ranks: ladder.Ranks},
	}
	if g := t.Programme; g != nil {
		f.start, f.window, f.every = string(g.Start), strconv.Itoa(g.WindowMonths), strconv.Itoa(g.CheckEveryMonths)
		f.demotion, f.stored.Programme = g.Demotion, *g
		if g.NeverRankDown {
			f.neverDown = ticked
		}
	}
	for name, text := range f.fields() {
		if f.was[name] = ""; t.Programme != nil {
			f.was[name] = *text
		}
	}
	for _, r := range ladder.Ranks {
		f.ranks = append(f.ranks, rankForm{
			r.Name, noren.FormatMoney(r.EntrySpend, t.Currency), noren.FormatMoney(r.MaintenanceSpend, t.Currency),
			strconv.FormatFloat(r.Ratio*100, 'f', -1, 64),
		})
	}
	for name, text := range f.rankFields() {
		f.was[name] = *text
	}
	return f, nil
}

// fields are the fields of the programme by name.
func (f *programmeForm) fields() map[string]*string {
	return map[string]*string{
		"start": &f.start, "window_months": &f.window, "check_every_months": &f.every, "demotion": &f.demotion, "never_rank_down": &f.neverDown,
	}
}

// rankFields are the fields of the ranks by name, which ends with the position of the rank.
func (f *programmeForm) rankFields() map[string]*string {
	fields := make(map[string]*string, 3*len(f.ranks))
	for i := range f.ranks {
		r, place := &f.ranks[i], "-"+strconv.Itoa(i+1)
		fields["entry"+place], fields["maintenance"+place], fields["ratio"+place] = &r.entry, &r.maintenance, &r.ratio
	}
	return fields
}

// take applies what was typed, and returns the fields that somebody else has changed since the form was shown.
func (f *programmeForm) take(p *page) (overtaken []string) {
	return append(p.takeFields(f.fields(), f.was), p.takeFields(f.rankFields(), f.was)...)
}

// takeFields puts what was typed into the fields, which have the stored values that are also in stored, and returns those that
// somebody else has changed since the form was shown. A field that was left as shown has its stored value, even if somebody else
// has changed it.
func (p *page) takeFields(fields map[string]*string, stored map[string]string) (overtaken []string) {
	for name, text := range fields {
		typed, was, now := p.field(name), p.field("was_"+name), stored[name]
		shown := p.form.Has("was_" + name)
		if shown && typed == was {
			continue
		}
		*text = typed
		if shown && was != now && typed != now {
			overtaken = append(overtaken, name)
		}
	}
	return overtaken
}

// programmePage shows the form of the rank programme. Without a programme it has common values filled in.
func (d *Console) programmePage(ctx context.Context, p *page) (web.Answer, error) {
	f, err := d.programmeForm(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, programmeView(p, f))
}

// saveProgramme previews what was typed, or stores it.
func (d *Console) saveProgramme(ctx context.Context, p *page) (web.Answer, error) {
	for tries := 1; ; tries++ {
		f, err := d.programmeForm(ctx, p)
		if err != nil {
			return web.Answer{}, err
		}
		overtaken := f.take(p)
		plan := f.read(p)
		if len(p.problems) == 0 && len(overtaken) == 0 && p.field("deed") == deedSave {
			err := d.Rooms.Ranks.SetPlan(ctx, p.caller(), plan, &f.stored)
			overtaken = changedMeanwhile(err, planField)
			switch {
			case err == nil:
				return p.done("done.saved", "/ranks"), nil
			case len(overtaken) > 0 && tries < mostTries: // the form is checked again against what is stored now
				if p.x.Caller.Tenant, err = d.Rooms.Access.TenantByContract(ctx, p.caller().Tenant.Contract); err != nil {
					return web.Answer{}, err
				}
				continue
			case len(overtaken) == 0 && !p.planRefused(err):
				return web.Answer{}, err
			}
		}
		if len(overtaken) > 0 {
			last, err := d.Rooms.Ranks.LastPlanChange(ctx, p.caller())
			if err != nil {
				return web.Answer{}, err
			}
			for _, name := range overtaken {
				p.wrong(name, p.changedBy(last["value"], f.was[name]))
			}
		}
		if len(p.problems) > 0 {
			return p.showAgain(ctx, programmeView(p, f))
		}
		return d.forecastPlan(ctx, p, f, plan)
	}
}

// forecastPlan shows the forecast of the next check under the plan.
func (d *Console) forecastPlan(ctx context.Context, p *page, f programmeForm, plan noren.RankPlan) (web.Answer, error) {
	forecast, err := d.Rooms.Ranks.Forecast(ctx, p.caller(), &plan)
	switch {
	case err != nil && !p.planRefused(err):
		return web.Answer{}, err
	case err != nil:
		return p.showAgain(ctx, programmeView(p, f))
	}
	f.forecast = &forecast
	if f.names, err = d.moverNames(ctx, p, forecast); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, programmeView(p, f))
}

// moverNames are the names of the members whose rank the forecast changes.
func (d *Console) moverNames(ctx context.Context, p *page, f ranks.Forecast) (map[int64]string, error) {
	ids := make([]int64, len(f.Moves))
	for i, m := range f.Moves {
		ids[i] = m.MemberID
	}
	return d.memberNames(ctx, p, ids)
}

// planRefused records why the service refused the plan. The fields of a rank end with its position in the form.
func (p *page) planRefused(err error) bool {
	list, ok := err.(noren.Refusals) //nolint:errorlint // the service returns them unwrapped
	for _, e := range list {
		p.wrong(planField(e), p.word("reason.", string(cmp.Or(e.Reason, "invalid"))))
	}
	return ok
}

// planField is the field of the form that a refusal of the plan is about.
func planField(e *noren.Error) string {
	if e.Row > 0 {
		return e.Field + "-" + strconv.Itoa(e.Row)
	}
	return e.Field
}

// read turns the form into a plan, and records what cannot be read.
func (f programmeForm) read(p *page) noren.RankPlan {
	// Names and IDs come from the stored ranks: the form changes only spends and ratios.
	start := plainly(lenient.Month, func(m noren.Month) string { return string(m) })(f.start)
	plan := noren.RankPlan{
		Programme: noren.RankProgramme{
			Start: noren.Month(start), NeverRankDown: f.neverDown == ticked, Demotion: f.demotion,
			EffectiveFromUnix: f.stored.Programme.EffectiveFromUnix,
		},
		Ranks: slices.Clone(f.stored.Ranks),
	}
	p.offers("never_rank_down", f.neverDown, ticked, "")
	months := func(name, typed string, to *int) {
		n, wrong := lenient.Integer(typed, math.MinInt32, math.MaxInt32)
		if wrong != nil {
			p.wrong(name, p.misread(wrong, p.T("reason.not_a_number")))
		}
		*to = int(n)
	}
	months("window_months", f.window, &plan.Programme.WindowMonths)
	months("check_every_months", f.every, &plan.Programme.CheckEveryMonths)
	currency := p.caller().Tenant.Currency
	for i := range plan.Ranks {
		place := "-" + strconv.Itoa(i+1)
		typed := f.ranks[i]
		money := func(name, text string, to *int64) {
			n, wrong := lenient.Money(text, currency)
			if wrong != nil {
				p.wrong(name+place, p.misread(wrong, p.T("reason.not_a_number")))
			}
			*to = n
		}
		money("entry", typed.entry, &plan.Ranks[i].EntrySpend)
		money("maintenance", typed.maintenance, &plan.Ranks[i].MaintenanceSpend)
		percent, wrong := lenient.Percent(typed.ratio)
		if wrong != nil {
			p.wrong("ratio"+place, p.T("reason.not_a_number"))
		}
		plan.Ranks[i].Ratio = percent / 100
	}
	return plan
}

// rankName is the name of the rank with the ID. A rank that is gone is shown by its ID.
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

// bar is the length of a bar in a chart of the given width. It is rounded up, so that a rank with one member is visible.
func bar(n, most, width int) string {
	if most == 0 {
		return "0"
	}
	return strconv.Itoa((n*width + most - 1) / most)
}

// rungs lists the number of members of each rank, from the highest down, and of those without a rank if there are any.
func rungs(p *page, ranks []noren.Rank, members map[int64]int) (list []rung, most int) {
	for _, r := range slices.Backward(ranks) {
		list = append(list, rung{name: withCode(r.Name, r.Code), rank: &r, members: members[r.ID]})
	}
	if n := members[0]; n > 0 {
		list = append(list, rung{name: p.T("ranks.below"), members: n})
	}
	for _, r := range list {
		most = max(most, r.members)
	}
	return list, most
}

// rung is one bar of the chart.
type rung struct {
	name    string
	rank    *noren.Rank // nil: no rank
	members int
}

// id is the rank's; 0 for the members without one.
func (r rung) id() int64 {
	if r.rank == nil {
		return 0
	}
	return r.rank.ID
}
