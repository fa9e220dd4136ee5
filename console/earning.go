package console

import (
	"cmp"
	"context"
	"errors"
	"math/big"
	"strconv"
	"strings"

	"noren"
	"noren/app/points"
	"noren/lenient"
	"noren/web"
)

// earningRoutes are the settings of the points that purchases earn.
func (d *Console) earningRoutes() []route {
	return []route{
		get("/ranks/points", noren.Admin, d.earningPage),
		post("/ranks/points", noren.Admin, d.saveEarning).on("/ranks/points"),
	}
}

// The ways in which purchases earn points, and what happens to points of a refund that were used.
const (
	earnNothing = "none"
	earnByUnit  = "unit"
	earnByRate  = "rate"
	refundOwes  = "owe"
	refundLets  = "forgive"
)

// earningForm is the content of the form, as typed.
type earningForm struct {
	way, unitPrice, unit, rate, from, usable, expires, refunds string
	tax, used                                                  string // ticked or ""
	was                                                        map[string]string
	stored                                                     noren.PointProgramme
	examples                                                   []points.Example // of what is typed; nil: it cannot be read
	usableOn                                                   noren.Date       // of a purchase that is paid today
	lastDay                                                    *noren.Date
}

// fields are the fields by name.
func (f *earningForm) fields() map[string]*string {
	return map[string]*string{
		"way": &f.way, "unit_price": &f.unitPrice, "unit": &f.unit, "rate": &f.rate, "from": &f.from, "usable_after_days": &f.usable,
		"expires_after_months": &f.expires, "refunds": &f.refunds, "counts_tax": &f.tax, "counts_used_points": &f.used,
	}
}

// earningFormOf is the form filled with the stored values; those of the way that is not used are common ones.
func earningFormOf(stored noren.PointProgramme) earningForm {
	f := earningForm{
		stored: stored, way: earnNothing, unitPrice: "100", unit: "1", rate: "1", from: string(stored.From), refunds: refundOwes,
		usable: strconv.Itoa(stored.UsableAfterDays), expires: strconv.Itoa(stored.ExpiresAfterMonths), was: make(map[string]string),
	}
	switch {
	case stored.Rate != "":
		f.way, f.rate = earnByRate, percentOf(stored.Rate)
	case stored.UnitPrice > 0:
		f.way, f.unitPrice, f.unit = earnByUnit, strconv.FormatInt(stored.UnitPrice, 10), stored.Unit.String()
	}
	if stored.Forgives {
		f.refunds = refundLets
	}
	if !stored.WithoutTax {
		f.tax = ticked
	}
	if !stored.WithoutUsedPoints {
		f.used = ticked
	}
	for name, text := range f.fields() {
		f.was[name] = *text
	}
	return f
}

// percentOf is a rate as a percentage: 0.015 is 1.5.
func percentOf(rate string) string {
	r, ok := new(big.Rat).SetString(rate)
	if !ok {
		return rate
	}
	const places = 7
	return strings.TrimRight(strings.TrimRight(r.Mul(r, big.NewRat(100, 1)).FloatString(places), "0"), ".")
}

// read turns the form into a programme, and records what cannot be read.
func (f earningForm) read(p *page) (to noren.PointProgramme) {
	whole := func(name, typed string, most int64) int64 {
		n, wrong := lenient.Integer(typed, 0, most)
		if wrong != nil {
			p.wrong(name, p.misread(wrong, p.T("reason.out_of_bounds", "0", p.number(most))))
		}
		return n
	}
	p.offers("way", f.way, earnNothing, earnByUnit, earnByRate)
	p.offers("refunds", f.refunds, refundOwes, refundLets)
	p.offers("counts_tax", f.tax, ticked, "")
	p.offers("counts_used_points", f.used, ticked, "")
	switch f.way {
	case earnByUnit:
		var wrong *lenient.Wrong
		if to.UnitPrice, wrong = lenient.Integer(f.unitPrice, 1, noren.MaxEarnUnitPrice); wrong != nil {
			p.wrong("unit_price", p.misread(wrong, p.T("reason.out_of_bounds", "1", p.number(noren.MaxEarnUnitPrice))))
		}
		if to.Unit, wrong = lenient.Hundredths(f.unit); wrong != nil {
			p.wrong("unit", p.misread(wrong, p.T("reason.out_of_bounds", "0", noren.Hundredths(noren.MaxUnit).String())))
		}
	case earnByRate:
		var wrong *lenient.Wrong
		if to.Rate, wrong = lenient.Rate(f.rate); wrong != nil {
			p.wrong("rate", p.misread(wrong, p.T("reason.out_of_bounds", "0", strconv.Itoa(noren.MaxEarnRate*100))))
		}
	}
	if f.from != "" {
		day, wrong := lenient.Date(f.from)
		if wrong != nil {
			p.wrong("from", p.T("reason.not_a_date"))
		}
		to.From = day
	}
	to.UsableAfterDays = int(whole("usable_after_days", f.usable, noren.MaxUsableAfterDays))
	to.ExpiresAfterMonths = int(whole("expires_after_months", f.expires, noren.MaxProgrammeMonths))
	to.WithoutTax, to.WithoutUsedPoints, to.Forgives = f.tax != ticked, f.used != ticked, f.refunds == refundLets
	return to
}

// example adds what a purchase would earn under the programme that is paid today.
func (d *Console) example(ctx context.Context, p *page, f *earningForm, programme noren.PointProgramme) error {
	ladder, err := d.Rooms.Ranks.Ladder(ctx, p.caller())
	if err != nil {
		return err
	}
	if programme.EarnRule == (noren.EarnRule{}) {
		return nil
	}
	f.examples = points.Examples(p.caller().Tenant, programme, ladder.Ranks)
	f.usableOn = noren.AddDays(noren.DateOf(d.Rooms.Now(), p.zone()), programme.UsableAfterDays)
	if programme.ExpiresAfterMonths > 0 {
		f.lastDay = new(noren.AddMonths(f.usableOn, programme.ExpiresAfterMonths))
	}
	return nil
}

// earningPage shows the settings with an example.
func (d *Console) earningPage(ctx context.Context, p *page) (web.Answer, error) {
	f := earningFormOf(p.caller().Tenant.Points.Programme())
	if err := d.example(ctx, p, &f, f.stored); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, earningView(p, f))
}

// saveEarning shows an example of what was typed, or stores it.
func (d *Console) saveEarning(ctx context.Context, p *page) (web.Answer, error) {
	for tries := 1; ; tries++ {
		f := earningFormOf(p.caller().Tenant.Points.Programme())
		overtaken := p.takeFields(f.fields(), f.was)
		programme := f.read(p)
		if len(p.problems) == 0 && len(overtaken) == 0 && p.field("deed") == deedSave {
			err := d.Rooms.Points.SetProgramme(ctx, p.caller(), programme, f.stored)
			overtaken = changedMeanwhile(err, func(e *noren.Error) string { return e.Field })
			switch {
			case err == nil:
				return p.done("done.saved", "/ranks/points"), nil
			case len(overtaken) > 0 && tries < mostTries: // the form is checked again against what is stored now
				if p.x.Caller.Tenant, err = d.Rooms.Access.TenantByContract(ctx, p.caller().Tenant.Contract); err != nil {
					return web.Answer{}, err
				}
				continue
			case len(overtaken) == 0 && !p.earningRefused(err):
				return web.Answer{}, err
			}
		}
		if len(overtaken) > 0 {
			last, err := d.Rooms.Points.LastProgrammeChange(ctx, p.caller())
			if err != nil {
				return web.Answer{}, err
			}
			for _, name := range overtaken {
				p.wrong(name, p.changedBy(last["value"], p.earningValue(name, f.was[name])))
			}
		}
		if len(p.problems) > 0 {
			return p.showAgain(ctx, earningView(p, f))
		}
		if err := d.example(ctx, p, &f, programme); err != nil {
			return web.Answer{}, err
		}
		return p.show(ctx, earningView(p, f))
	}
}

// earningRefused records why the service refused the programme; false if the error is about something else.
func (p *page) earningRefused(err error) bool {
	list, ok := errors.AsType[noren.Refusals](err)
	for _, e := range list {
		p.wrong(e.Field, p.word("reason.", string(cmp.Or(e.Reason, "invalid"))))
	}
	return ok
}

// earningValue is what a field of the form has, for people.
func (p *page) earningValue(name, value string) string {
	switch name {
	case "way":
		return p.T("earning.way_" + value)
	case "refunds":
		return p.T("earning.refunds_" + value)
	case "counts_tax", "counts_used_points":
		return p.T(map[bool]string{true: "earning.counts", false: "earning.counts_not"}[value == ticked])
	}
	return value
}
