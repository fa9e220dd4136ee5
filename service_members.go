package noren

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// CreateMembers adds one member for each patch, all or none, and answers them in the order of the patches, or the
// answer that was kept under once. status is what a patch without one gets. Refusals where a rank, staff rank or
// store is unknown or a unique column is taken. once may be nil; its Render gets the MemberList.
func (s *Service) CreateMembers(ctx context.Context, c Caller, patches []MemberPatch, status Status, once *Once) (MemberList, *KeptAnswer, error) {
	return s.writeMembers(ctx, c, once, func(w *memberWriter) ([]int64, error) {
		if err := w.look(ctx, patches); err != nil {
			return nil, err
		}
		first, err := w.tx.Reserve(ctx, CounterMember, len(patches))
		if err != nil {
			return nil, err
		}
		ids, members := make([]int64, len(patches)), make([]Member, len(patches))
		for i, p := range patches {
			ids[i] = first + int64(i)
			members[i] = w.judge(i, p, Member{
				ID: ids[i], Code: NewMemberCode(), Status: status, MailOptIn: true, StoreID: c.Client.StoreID,
				CreatedAt: w.now, UpdatedAt: w.now,
			})
		}
		if len(w.refused) > 0 {
			return nil, w.refused
		}
		return ids, w.insertMembers(ctx, members, w.by)
	})
}

// UpdateMembers changes the members that the patches name, all or none, and answers them in the order of the patches.
// Refusals as CreateMembers, with ReasonMemberUnknown for an id that the caller cannot see and ReasonDuplicate for one
// that an earlier patch has named.
func (s *Service) UpdateMembers(ctx context.Context, c Caller, patches []MemberPatch, once *Once) (MemberList, *KeptAnswer, error) {
	return s.writeMembers(ctx, c, once, func(w *memberWriter) ([]int64, error) {
		if err := w.look(ctx, patches); err != nil {
			return nil, err
		}
		ids := make([]int64, len(patches))
		for i, p := range patches {
			ids[i] = p.ID
		}
		byID, err := membersByID(ctx, w.tx, ids, true)
		if err != nil {
			return nil, err
		}
		changes := make([]MemberChange, 0, len(patches))
		for i, p := range patches {
			before, known := byID[p.ID]
			switch {
			case slices.Contains(ids[:i], p.ID):
				w.refuse(i, ReasonDuplicate, "id", fmt.Sprint(p.ID))
			case !known || !before.VisibleTo(c.Client.StoreID):
				w.refuse(i, ReasonMemberUnknown, "id", fmt.Sprint(p.ID))
			default:
				changes = append(changes, MemberChange{before, w.judge(i, p, before)})
			}
		}
		if len(w.refused) > 0 {
			return nil, w.refused
		}
		return ids, w.writeMembers(ctx, changes, w.by)
	})
}

// writeMembers runs work in a transaction and answers the members that it wrote, as they are then.
func (s *Service) writeMembers(
	ctx context.Context, c Caller, once *Once, work func(*memberWriter) ([]int64, error),
) (out MemberList, kept *KeptAnswer, err error) {
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		w := &memberWriter{lane: lane{tx: tx, tenant: c.Tenant, now: by.At}, by: by}
		ids, err := work(w)
		if e, ok := errors.AsType[*Error](err); ok && e.Kind == Conflict && e.Row > 0 {
			return nil, Refusals{e}
		}
		if err != nil {
			return nil, err
		}
		out, err = membersInOrder(ctx, tx, c.Tenant, ids, by.At)
		return out, err
	})
	return out, kept, err
}

// membersInOrder reads the members with all that a dialect shows of them, in the order of ids.
func membersInOrder(ctx context.Context, tx Tx, t Tenant, ids []int64, now time.Time) (out MemberList, err error) {
	byID, err := membersByID(ctx, tx, ids, false)
	if err != nil {
		return out, err
	}
	for _, id := range ids {
		out.Items = append(out.Items, byID[id])
	}
	out.Total = len(out.Items)
	return out, out.load(ctx, tx, t, now, true)
}

// memberWriter writes members for one synchronous request.
type memberWriter struct {
	lane
	by      AuditEntry
	in      Surroundings
	refused Refusals
}

// look loads what the patches are judged against, and only what they name.
func (w *memberWriter) look(ctx context.Context, patches []MemberPatch) (err error) {
	w.in, err = w.surroundings(ctx, patches, nil)
	return err
}

// judge answers the member after the patch, and notes what the result breaks.
func (w *memberWriter) judge(i int, p MemberPatch, before Member) Member {
	after, broken := p.Apply(before, w.in)
	for _, reason := range broken {
		w.refuse(i, reason, reasonFields[reason], "")
	}
	if err := p.checkUnitPair(); err != nil {
		w.refuse(i, err.Reason, err.Field, "")
	}
	return after
}

// refuse notes what is wrong with the patch at place i, from 0.
func (w *memberWriter) refuse(i int, reason Reason, field, value string) {
	w.refused = append(w.refused, &Error{Kind: Invalid, Reason: reason, Row: i + 1, Field: field, Value: value})
}

// reasonFields names the column that breaks each rule of a patch.
var reasonFields = map[Reason]string{
	ReasonRankUnknown: "rank", ReasonMinimumRankUnknown: "minimum_rank", ReasonStaffRankUnknown: "staff_rank", ReasonStoreUnknown: "store",
	ReasonStoreNotForMembers: "store", ReasonActiveWithLeaveDate: "leave_date",
	ReasonLeftWithoutDate: "leave_date", ReasonLeaveDateSet: "status",
}
