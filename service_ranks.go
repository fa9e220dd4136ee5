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
	field, value := key.field()
	switch {
	case err != nil:
		return Member{}, err
	case len(found) == 0:
		return Member{}, &Error{Kind: NotFound, Reason: ReasonMemberUnknown, Field: field, Value: value, Message: "there is no such member"}
	case len(found) > 1:
		return Member{}, &Error{
			Kind: Invalid, Reason: ReasonAmbiguous, Field: field, Value: value, Message: "more than one member has this e-mail address",
		}
	}
	return found[0], nil
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

// RankPlan is what a check is made of: the stored programme and ladder, or what they might become.
type RankPlan struct {
	Programme RankProgramme
	Ranks     []Rank // from the lowest up; nil: the stored ones
}

// PreviewRankCheck answers what the check would do at its time with the spend that is known now, to each member it looks
// at, in order of id, by calling each. It changes nothing. Invalid where no check falls at that time.
func (s *Service) PreviewRankCheck(ctx context.Context, t Tenant, plan *RankPlan, at time.Time, each func(RankMove) error) error {
	programme, check, err := s.plannedCheck(t, plan, at)
	if err != nil {
		return err
	}
	for after, more := int64(0), true; more; {
		var moves []RankMove
		err := s.engine.View(ctx, t.ID, func(tx Tx) error {
			ranks, err := tx.Ranks(ctx)
			if err != nil {
				return err
			}
			if plan != nil && plan.Ranks != nil {
				ranks = plan.Ranks
			}
			moves, more, err = judgeSlice(ctx, tx, programme, ranks, RankCheck{After: after, From: check.From, Until: check.Until})
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range moves {
			if err := each(m); err != nil {
				return err
			}
			after = m.MemberID
		}
	}
	return nil
}

// plannedCheck is the check at that time, of the plan or the tenant's programme.
func (s *Service) plannedCheck(t Tenant, plan *RankPlan, at time.Time) (p RankProgramme, c ladder.Check, err error) {
	switch {
	case plan != nil:
		p = plan.Programme
	case t.Programme != nil:
		p = *t.Programme
	default:
		return p, c, &Error{Kind: Invalid, Field: "rank_programme", Message: "the shop has no rank programme"}
	}
	c, falls := p.At(at, t.Location())
	if !falls {
		return p, c, &Error{
			Kind: Invalid, Field: "at", Value: at.In(t.Location()).Format(time.RFC3339),
			Message: fmt.Sprintf("no check of ranks falls at this time; the next one after it is at %s", c.At.Format(time.RFC3339)),
		}
	}
	return p, c, nil
}
