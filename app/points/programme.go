package points

import (
	"context"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// programmeSubject is the subject of changes of the programme in the audit log.
const programmeSubject = "points_programme"

// SetProgramme stores which purchases earn points from now on, and how long points last. No past grant changes. Refusals, with Field, if
// the programme is wrong. seen is the programme as the caller saw it: what p leaves as it was seen stays as it is now, and where it would
// overwrite what somebody else has changed it is refused, with ReasonChanged and the kind Conflict. Forbidden for a caller restricted to
// one store.
func (s *Service) SetProgramme(ctx context.Context, c noren.Caller, p, seen noren.PointProgramme) error {
	if err := c.WholeTenant(); err != nil {
		return err
	}
	if refused := p.Check(); len(refused) > 0 {
		return refused
	}
	_, err := s.run.Write(ctx, c, nil, func(tx Tx, by noren.AuditEntry) (any, error) {
		// Held until the commit, so that nobody else sets the tenant's settings meanwhile.
		if _, err := tx.Reserve(ctx, noren.CounterSettings, 1); err != nil {
			return nil, err
		}
		before, err := tx.Tenant(ctx)
		if err != nil {
			return nil, err
		}
		merged, refused := over(p, before.Points.Programme(), seen)
		if len(refused) > 0 {
			return nil, refused
		}
		after := before
		after.Points.Earn, after.Points.ExpiresAfterMonths = merged.EarnProgramme, merged.ExpiresAfterMonths
		if merged == before.Points.Programme() {
			return nil, nil
		}
		by.Subject, by.SubjectID = programmeSubject, before.Contract
		by.Changes = audit.Change("value", before.Points.Programme(), merged)
		if err := tx.PutTenant(ctx, after); err != nil {
			return nil, err
		}
		return nil, tx.AddAudit(ctx, []noren.AuditEntry{by})
	})
	return err
}

// over returns the programme p on top of what is stored now.
func over(p, now, seen noren.PointProgramme) (noren.PointProgramme, noren.Refusals) {
	refused := new(noren.Refusals)
	unit.Merge(refused, 0, "way", &p.EarnRule, now.EarnRule, seen.EarnRule) // half of a rule is none
	unit.Merge(refused, 0, "from", &p.From, now.From, seen.From)
	unit.Merge(refused, 0, "usable_after_days", &p.UsableAfterDays, now.UsableAfterDays, seen.UsableAfterDays)
	unit.Merge(refused, 0, "counts_tax", &p.WithoutTax, now.WithoutTax, seen.WithoutTax)
	unit.Merge(refused, 0, "counts_used_points", &p.WithoutUsedPoints, now.WithoutUsedPoints, seen.WithoutUsedPoints)
	unit.Merge(refused, 0, "refunds", &p.Forgives, now.Forgives, seen.Forgives)
	unit.Merge(refused, 0, "expires_after_months", &p.ExpiresAfterMonths, now.ExpiresAfterMonths, seen.ExpiresAfterMonths)
	return p, *refused
}

// LastProgrammeChange returns who last set the programme in the console, under the name value; nothing if the log does not show it.
// Forbidden for a caller restricted to one store.
func (s *Service) LastProgrammeChange(ctx context.Context, c noren.Caller) (last map[string]audit.LastChange, err error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		last, err = audit.LastChanges(ctx, tx, programmeSubject, c.Tenant.Contract)
		return err
	})
	return last, err
}

// The purchase that examples of a programme are about, in the main unit of the currency: 1,234 yen, with 112 yen of tax in it.
const (
	ExampleAmount = 1234
	ExampleTax    = 112
	ExampleUsed   = 100 // of it paid with points, in the second example
)

// Example is what the purchase would grant under a programme.
type Example struct {
	Rank       *noren.Rank // nil: members without a rank, or with one that has no ratio
	Points     int64
	WithPoints int64 // where a part of it is paid with points
}

// Examples works out what the programme would grant: by the programme's own rule, and by the ratio of each rank that has one.
func Examples(t noren.Tenant, p noren.PointProgramme, ranks []noren.Rank) (list []Example) {
	t.Points.Earn = p.EarnProgramme
	example := func(m noren.Member, rank *noren.Rank) {
		rule := t.EarnRuleOf(&m, ranks)
		points := func(used int64) int64 {
			return rule.Points(p.Counted(ExampleAmount*rule.Scale, ExampleTax*rule.Scale, used*rule.Scale))
		}
		list = append(list, Example{rank, points(0), points(ExampleUsed)})
	}
	example(noren.Member{}, nil)
	for i, r := range ranks {
		if r.Ratio > 0 {
			example(noren.Member{RankID: &r.ID}, &ranks[i])
		}
	}
	return list
}
