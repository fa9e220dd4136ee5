package imports

import (
	"context"
	"strconv"

	"noren"
	"noren/app/points"
)

// openingNote is the note of a balance that was taken over with its member.
const openingNote = "移行残高"

// opening is the balance that a file of members gives a member who has had no points yet.
type opening struct {
	of    *plannedMember
	grant points.Brought
}

// checkOpening refuses a balance that could not be granted.
func (p *memberPlan) checkOpening(m *memberLine, planned *plannedMember) {
	if m.points != nil && *m.points > 0 && !planned.had && !p.Tenant.Points.Enabled {
		m.refuse(noren.ReasonPointsOff, fieldPoints, "", "points are switched off for this company")
	}
}

// openBalance takes over the balance of line n, once for each member: one who has ever had points in Noren keeps those.
func (p *memberPlan) openBalance(n int, m *memberLine, planned *plannedMember) {
	if m.points == nil {
		return
	}
	amount := *m.points
	if !p.writing {
		p.reported += amount
	}
	on, dated := m.until.Value()
	switch {
	case planned.had && planned.balance != amount:
		p.outcomes[n].remarks = append(p.outcomes[n].remarks, noren.ImportProblem{
			Line: m.number, Field: fieldPoints, Value: strconv.FormatInt(amount, 10), Reason: noren.ReasonNotOpening,
			Message: "the member has had points in Noren, so that the balance of the file is not taken over; use noren import points",
		})
		return
	case planned.had || amount == 0:
		return
	case dated && on < p.Today():
		p.outcomes[n].remarks = append(p.outcomes[n].remarks, noren.ImportProblem{
			Line: m.number, Field: fieldPointsUntil, Value: string(on), Reason: noren.ReasonPast,
			Message: "these points have expired and are not taken over",
		})
		return
	}
	planned.had, planned.balance = true, amount // a later line about the member does not grant it again
	p.openings = append(p.openings, opening{planned, points.Brought{TakenOver: noren.TakenOver{
		Type: noren.DefaultPoint, Amount: amount, ExpiresOn: points.ExpiresOn(p.Unit, m.until),
	}, Note: openingNote}})
	p.granted += amount
	if p.outcomes[n].result == lineUnchanged {
		p.outcomes[n].result = lineUpdated
	}
}

// loadPoints reads who of the stored members has had points, and how many they have.
func (p *memberPlan) loadPoints(ctx context.Context, read []memberLine) error {
	some := false
	for _, m := range read {
		some = some || m.points != nil
	}
	if !some {
		return nil
	}
	ids := make([]int64, 0, len(p.byID))
	for id := range p.byID {
		ids = append(ids, id)
	}
	moved, err := p.tx.MovedPoints(ctx, ids)
	if err != nil {
		return err
	}
	if p.writing {
		ids = moved // only to tell where the file says something else
	}
	held, err := p.balances(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range moved {
		p.byID[id].had, p.byID[id].balance = true, held[id]
	}
	p.held = held
	return nil
}

// writeOpenings grants the balances. made are the new members with their numbers, in the order of fresh.
func (p *memberPlan) writeOpenings(ctx context.Context, made []noren.Member) error {
	if len(p.openings) == 0 {
		return nil
	}
	grants := make([]points.Brought, len(p.openings))
	for i, o := range p.openings {
		grants[i] = o.grant
		grants[i].MemberID = o.of.before.ID
		if o.of.place != 0 {
			grants[i].MemberID = made[-o.of.place-1].ID
		}
	}
	return points.TakeOver(ctx, p.tx, p.Unit, grants, p.by)
}
