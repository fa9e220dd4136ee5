package noren

import (
	"context"
	"fmt"
	"time"

	"noren/ladder"
)

// ranksSet lists the changes of ranks among the changes of members, as somebody's doing.
func ranksSet(changes []MemberChange, now time.Time, by AuditEntry) (set []RankChange) {
	for i := range changes {
		before, after := &changes[i].Before, &changes[i].After
		if deref(before.RankID) != deref(after.RankID) {
			set = append(set, RankChange{
				MemberID: after.ID, At: now, From: before.RankID, To: after.RankID, Reason: ladder.Set, By: by,
			})
		}
	}
	return set
}

func (l lane) addRankChanges(ctx context.Context, changes []RankChange) error {
	if len(changes) == 0 {
		return nil
	}
	first, err := l.tx.Reserve(ctx, CounterRankChange, len(changes))
	if err != nil {
		return err
	}
	for i := range changes {
		changes[i].ID = first + int64(i)
	}
	return l.tx.AddRankChanges(ctx, changes)
}

// Tier is where a member stands on the ladder, and what the next check will judge it by.
type Tier struct {
	Member  Member
	Ranks   []Rank        // the ladder, from the lowest up
	Rank    *Rank         // as it is shown: a member below the lowest has the lowest; nil: there is no ladder
	Minimum *Rank         // nil: none
	Above   []Rank        // the ranks above Rank
	Next    *ladder.Check // nil: ranks do not evaluate themselves
	Spend   int64         // so far in Next's window; 0 without a programme
}

// Missing is the spend that is missing to the rank; 0 or less once it is reached.
func (t Tier) Missing(r Rank) int64 { return r.EntrySpend - t.Spend }

// Target is the rank to strive for: the first above the member's that is not reached yet, or else the last. Nil at the top.
func (t Tier) Target() *Rank {
	for i := range t.Above {
		if t.Missing(t.Above[i]) > 0 || i == len(t.Above)-1 {
			return &t.Above[i]
		}
	}
	return nil
}

// ToKeep is the spend that is missing to keep the rank; 0 or less once it is kept, nil where there is no ladder.
func (t Tier) ToKeep() *int64 {
	if t.Rank == nil {
		return nil
	}
	return new(t.Rank.MaintenanceSpend - t.Spend)
}

// Tier answers where a member stands. NotFound where the caller may not see it; Invalid where more than one has the key.
func (s *Service) Tier(ctx context.Context, c Caller, key MemberKey) (out Tier, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Member, err = memberByKey(ctx, tx, c, key); err != nil {
			return err
		}
		if out.Ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		out.Rank, out.Above = ladder.Shown(out.Ranks, out.Member.RankID), ladder.Above(out.Ranks, out.Member.RankID)
		if id := out.Member.MinimumRankID; id != nil {
			out.Minimum = ladder.Shown(out.Ranks, id)
		}
		p := c.Tenant.Programme
		if p == nil {
			return nil
		}
		next := p.Next(s.now(), c.Tenant.Location())
		spend, err := tx.Spend(ctx, []int64{out.Member.ID}, next.From, next.Until)
		out.Next, out.Spend = &next, spend[out.Member.ID]
		return err
	})
	return out, err
}

// MemberByKey answers the member that the key names. NotFound where the caller may not see it; Invalid where more than
// one has the key.
func (s *Service) MemberByKey(ctx context.Context, c Caller, key MemberKey) (m Member, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		m, err = memberByKey(ctx, tx, c, key)
		return err
	})
	return m, err
}

func memberByKey(ctx context.Context, tx Tx, c Caller, key MemberKey) (Member, error) {
	f := MemberFilter{VisibleTo: c.Client.StoreID, NoTotal: true, Page: Page{Limit: 2}}
	switch k := key.first(); {
	case k.ID != 0:
		f.IDs = []int64{k.ID}
	case k.Code != "":
		f.Codes = []string{k.Code}
	case k.ShopifyCustomerID != "":
		f.ShopifyIDs = []string{k.ShopifyCustomerID}
	default:
		f.Emails = []string{k.Email}
	}
	found, _, err := tx.Members(ctx, f)
	if err == nil {
		err = key.judge(len(found))
	}
	if err != nil {
		return Member{}, err
	}
	return found[0], nil
}

// judge answers NotFound where the key names nobody, and Invalid where it names more than one.
func (k MemberKey) judge(found int) error {
	field, value := k.field()
	switch {
	case found == 0:
		return &Error{Kind: NotFound, Reason: ReasonMemberUnknown, Field: field, Value: value, Message: "there is no such member"}
	case found > 1:
		return &Error{
			Kind: Invalid, Reason: ReasonAmbiguous, Field: field, Value: value, Message: "more than one member has this e-mail address",
		}
	}
	return nil
}

// RankChanges answers the changes of ranks that match, newest first. NotFound where they are to be of a member that the
// caller may not see.
func (s *Service) RankChanges(ctx context.Context, c Caller, f RankChangeFilter) (out List[RankChange], err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := seenOrAll(ctx, tx, c, f.MemberID); err != nil {
			return err
		}
		out.Items, out.Total, err = tx.RankChanges(ctx, f)
		return err
	})
	return out, err
}

// Ladder is a tenant's ranks and how many members have each.
type Ladder struct {
	Ranks   []Rank        // from the lowest up
	Members map[int64]int // by rank; 0: below the lowest
	Checks  []RankCheck   // the latest first, at most twelve
	Next    *ladder.Check // nil: ranks do not evaluate themselves
}

// Ladder answers the tenant's ranks, how many members have each, and the latest checks.
func (s *Service) Ladder(ctx context.Context, c Caller) (out Ladder, err error) {
	if p := c.Tenant.Programme; p != nil {
		next := p.Next(s.now(), c.Tenant.Location())
		out.Next = &next
	}
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Ranks, err = tx.Ranks(ctx); err != nil {
			return err
		}
		if out.Members, err = tx.RankCounts(ctx); err != nil {
			return err
		}
		out.Checks, _, err = tx.RankChecks(ctx, Page{Limit: 12})
		return err
	})
	return out, err
}

// PreviewRankCheck answers what the check at that time would do, with the spend that is known now, to each member whom it
// has not judged yet, in order of id, by calling each. It changes nothing. plan, if it is set, is what the check would be
// made of instead of the tenant's own. Invalid where no check falls at that time.
func (s *Service) PreviewRankCheck(ctx context.Context, t Tenant, plan *RankPlan, at time.Time, each func(RankMove) error) error {
	var check RankCheck
	err := s.engine.View(ctx, t.ID, func(tx Tx) (err error) {
		check, err = previewed(ctx, tx, t, plan, at)
		return err
	})
	for more := err == nil && check.FinishedAt == nil; more && err == nil; {
		var moves []RankMove
		err = s.engine.View(ctx, t.ID, func(tx Tx) (err error) {
			moves, more, err = judgePage(ctx, tx, check)
			return err
		})
		for _, m := range moves {
			if err = each(m); err != nil {
				return err
			}
			check.After = m.MemberID
		}
	}
	return err
}

// previewed is the check as it was begun, or as it would be now.
func previewed(ctx context.Context, tx Tx, t Tenant, plan *RankPlan, at time.Time) (RankCheck, error) {
	if plan == nil {
		if begun, err := rankCheckAt(ctx, tx, at); err != nil || begun != nil {
			return deref(begun), err
		}
	}
	programme, planned, err := plannedCheck(t, plan, at)
	if err != nil {
		return RankCheck{}, err
	}
	check := RankCheck{At: planned.At, From: planned.From, Until: planned.Until, Rules: RankPlan{Programme: programme}}
	if plan != nil && plan.Ranks != nil {
		check.Rules.Ranks = plan.Ranks
		return check, nil
	}
	check.Rules.Ranks, err = tx.Ranks(ctx)
	return check, err
}

// lastCheckYear is after the last year in which a check may fall, so that calendars end somewhere.
const lastCheckYear = 2999

// plannedCheck is the check at that time, of the plan or the tenant's programme.
func plannedCheck(t Tenant, plan *RankPlan, at time.Time) (p RankProgramme, c ladder.Check, err error) {
	switch {
	case plan != nil:
		p = plan.Programme
	case t.Programme != nil:
		p = *t.Programme
	default:
		return p, c, &Error{Kind: Invalid, Field: "rank_programme", Message: "the shop has no rank programme"}
	}
	wrong := &Error{Kind: Invalid, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339)}
	if at.Year() >= lastCheckYear {
		wrong.Message = fmt.Sprintf("checks of ranks fall before the year %d", lastCheckYear)
		return p, c, wrong
	}
	c, falls := p.At(at, t.Location())
	if !falls {
		wrong.Message = "no check of ranks falls at this time; the next after it is at " + c.At.Format(time.RFC3339)
		return p, c, wrong
	}
	return p, c, nil
}
