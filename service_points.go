package noren

import (
	"context"
	"fmt"
	"slices"
)

// PointMode says whether an adjustment grants or takes.
type PointMode string

// The modes.
const (
	AddPoints      PointMode = "ADD"
	SubtractPoints PointMode = "SUB"
)

// PointAdjustment grants the same points to every member that Query names, or takes them.
type PointAdjustment struct {
	Query     MemberQuery
	Mode      PointMode
	Amount    int64 // 1 to MaxPoints
	Type      PointType
	ExpiresOn Field[Date] // with AddPoints; absent: the tenant's setting, null: never
	StaffID   *int64
	Note      string
}

// MemberQuery names members by any of these columns. A member that is named twice is meant once.
type MemberQuery struct {
	IDs               []int64
	Codes, AliasCodes []string
	ShopifyIDs        []string
	Emails            []string // compared without case; several members may have one
}

// MemberRef is a member's names.
type MemberRef struct {
	ID                int64
	Code              string
	AliasCode         *string
	ShopifyCustomerID *string
	Email             *string
	StoreID           *int64
}

// visibleTo reports whether a caller restricted to store may see the member.
func (m MemberRef) visibleTo(store *int64) bool { return Member{StoreID: m.StoreID}.VisibleTo(store) }

// AdjustPoints grants or takes points, for all members that are named or for none. Refusals, all of kind Invalid, where
// points are switched off, the amount is out of bounds, members or the staff are unknown, the expiry has passed, or
// members, each named as Value, have fewer points than are to be taken. once may be nil; its Render gets nil.
func (s *Service) AdjustPoints(ctx context.Context, c Caller, a PointAdjustment, once *Once) (*KeptAnswer, error) {
	if !c.Tenant.Points.Enabled {
		return nil, pointsOff()
	}
	if a.Amount < 1 || a.Amount > MaxPoints {
		return nil, Refusals{{
			Kind: Invalid, Field: "amount", Value: fmt.Sprint(a.Amount), Message: fmt.Sprintf("is not between 1 and %d", MaxPoints),
		}}
	}
	return s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		p := pointWriter{lane: lane{tx: tx, tenant: c.Tenant, now: by.At}, by: by, adjustment: a}
		return nil, p.adjust(ctx, c.Client.StoreID)
	})
}

func pointsOff() error {
	return Refusals{{Kind: Invalid, Reason: ReasonPointsOff, Message: "points are switched off for this company"}}
}

// pointWriter moves points inside one transaction.
type pointWriter struct {
	lane
	by         AuditEntry
	adjustment PointAdjustment
}

func (p pointWriter) today() Date { return DateOf(p.now, p.tenant.Location()) }

func (p pointWriter) adjust(ctx context.Context, store *int64) error {
	members, err := p.tx.LockMembers(ctx, p.adjustment.Query)
	if err != nil {
		return err
	}
	refused := p.adjustment.Query.unknown(members, store)
	if id := p.adjustment.StaffID; id != nil {
		staff, err := p.tx.Staff(ctx)
		if err != nil {
			return err
		}
		if !hasID(staff, *id, func(s Staff) int64 { return s.ID }) {
			refused = append(refused, &Error{Kind: Invalid, Reason: ReasonStaffUnknown, Field: "staff_id", Value: fmt.Sprint(*id)})
		}
	}
	if on, ok := p.adjustment.ExpiresOn.Value(); ok && p.adjustment.Mode == AddPoints && on < p.today() {
		refused = append(refused, &Error{Kind: Invalid, Reason: ReasonPast, Field: "expires_on", Value: string(on)})
	}
	if len(refused) > 0 {
		return refused
	}
	if p.adjustment.Mode == AddPoints {
		return p.grant(ctx, members)
	}
	return p.take(ctx, members)
}

// unknown lists what the query names and members, those found, do not have.
func (q MemberQuery) unknown(members []MemberRef, store *int64) (refused Refusals) {
	members = slices.DeleteFunc(slices.Clone(members), func(m MemberRef) bool { return !m.visibleTo(store) })
	known := make(map[any]bool, 3*len(members))
	type alias string
	for _, m := range members {
		known[m.ID], known[m.Code] = true, true
		if m.AliasCode != nil {
			known[alias(*m.AliasCode)] = true
		}
	}
	refuse := func(field string, value any) {
		refused = append(refused, &Error{Kind: Invalid, Reason: ReasonMemberUnknown, Field: field, Value: fmt.Sprint(value)})
	}
	for _, id := range q.IDs {
		if !known[id] {
			refuse("query.ids", id)
		}
	}
	for _, code := range q.Codes {
		if !known[code] {
			refuse("query.codes", code)
		}
	}
	for _, code := range q.AliasCodes {
		if !known[alias(code)] {
			refuse("query.alias_codes", code)
		}
	}
	return refused
}

// expiry is the day through which granted points can be used; nil: for ever.
func (p pointWriter) expiry() *Date {
	months := p.tenant.Points.ExpiresAfterMonths
	switch {
	case p.adjustment.ExpiresOn.Given():
		return p.adjustment.ExpiresOn.Ptr()
	case months == 0:
		return nil
	default:
		return new(addMonths(p.today(), months))
	}
}

func (p pointWriter) grant(ctx context.Context, members []MemberRef) error {
	moved, err := p.granted(ctx, members)
	if err != nil {
		return err
	}
	return p.move(ctx, moved)
}

// granted is the movement that grants what the adjustment says to each of the members.
func (p pointWriter) granted(ctx context.Context, members []MemberRef) (moved PointMovement, err error) {
	firstLot, err := p.tx.Reserve(ctx, CounterPointLot, len(members))
	if err != nil {
		return moved, err
	}
	for i, m := range members {
		moved.Lots = append(moved.Lots, PointLot{
			ID: firstLot + int64(i), MemberID: m.ID, Type: p.adjustment.Type, GrantedAt: p.now, ExpiresOn: p.expiry(),
			Amount: p.adjustment.Amount, Remaining: p.adjustment.Amount,
		})
		moved.Entries = append(moved.Entries, p.entry(m.ID, PointsGranted, p.adjustment.Amount))
	}
	return moved, nil
}

func (p pointWriter) take(ctx context.Context, members []MemberRef) error {
	ids := make([]int64, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	lots, err := p.tx.OpenLots(ctx, ids, p.adjustment.Type)
	if err != nil {
		return err
	}
	byMember := make(map[int64][]PointLot, len(members))
	for _, l := range lots {
		byMember[l.MemberID] = append(byMember[l.MemberID], l)
	}
	var refused Refusals
	moved := PointMovement{}
	for i, m := range members {
		taken, enough := burn(byMember[m.ID], p.adjustment.Amount, p.today())
		if !enough {
			refused = append(refused, tooFewPoints(m.ID, p.adjustment.Amount))
		}
		for _, b := range taken {
			b.EntryID = int64(i) // its place among the entries, until they are numbered
			moved.Burns = append(moved.Burns, b)
		}
		moved.Entries = append(moved.Entries, p.entry(m.ID, PointsUsed, -p.adjustment.Amount))
	}
	if len(refused) > 0 {
		return refused
	}
	return p.move(ctx, moved)
}

func tooFewPoints(member, amount int64) *Error {
	return &Error{
		Kind: Invalid, Reason: ReasonTooFewPoints, Field: "amount", Value: fmt.Sprint(member),
		Message: fmt.Sprintf("member %d has fewer than %d points", member, amount),
	}
}

func (p pointWriter) entry(member int64, kind PointEntryKind, delta int64) PointEntry {
	return PointEntry{
		MemberID: member, Type: p.adjustment.Type, Kind: kind, Delta: delta, StaffID: p.adjustment.StaffID,
		Note: p.adjustment.Note, At: p.now, ClientID: p.by.ClientID, Dialect: p.by.Dialect,
		Login: p.by.Login, RequestID: p.by.RequestID,
	}
}

// move numbers the entries and stores the movement. The ledger is its own record, so it is not audited twice.
func (p pointWriter) move(ctx context.Context, moved PointMovement) error {
	first, err := p.tx.Reserve(ctx, CounterPointEntry, len(moved.Entries))
	if err != nil {
		return err
	}
	for i := range moved.Entries {
		moved.Entries[i].ID = first + int64(i)
	}
	for i := range moved.Burns {
		moved.Burns[i].EntryID += first
	}
	return p.tx.MovePoints(ctx, moved)
}

// expireSlice is how many lots one transaction of the expiry run takes.
const expireSlice = 500

// PointExpiry is what the expiry run did, or would do, to one lot.
type PointExpiry struct {
	Tenant string // contract id
	Lot    PointLot
}

// ExpirePoints writes the entries for the lots of a tenant that can no longer be used on the day at, in slices that each
// hold the writer only briefly. Balances are right without it, since they are read by the clock; it makes the ledger
// say so. Running it again does nothing more. With dryRun it changes nothing, and only then may the day be one to come:
// points that can be used today are not taken away.
func (s *Service) ExpirePoints(ctx context.Context, t Tenant, at Date, dryRun bool) (expired []PointExpiry, err error) {
	if !dryRun && at > DateOf(s.now(), t.Location()) {
		return nil, &Error{Kind: Invalid, Field: "at", Value: string(at), Message: "points cannot expire before their time"}
	}
	var after PointLot
	for {
		var slice []PointLot
		work := func(tx Tx) error {
			slice, err = tx.ExpiredLots(ctx, at, after, expireSlice, !dryRun)
			if err != nil || len(slice) == 0 || dryRun {
				return err
			}
			return s.expireLots(ctx, tx, t, slice)
		}
		if dryRun {
			err = s.engine.View(ctx, t.ID, work)
		} else {
			err = s.engine.Update(ctx, t.ID, work)
		}
		if err != nil || len(slice) == 0 {
			return expired, err
		}
		for _, l := range slice {
			expired = append(expired, PointExpiry{t.Contract, l})
		}
		after = slice[len(slice)-1]
	}
}

func (s *Service) expireLots(ctx context.Context, tx Tx, t Tenant, lots []PointLot) error {
	now := s.now()
	p := pointWriter{lane: lane{tx: tx, tenant: t, now: now}}
	moved := PointMovement{}
	for i, l := range lots {
		moved.Entries = append(moved.Entries, PointEntry{
			MemberID: l.MemberID, Type: l.Type, Kind: PointsExpired, Delta: -l.Remaining, At: now, Dialect: Schedule,
		})
		moved.Burns = append(moved.Burns, PointBurn{EntryID: int64(i), LotID: l.ID, Amount: l.Remaining})
	}
	return p.move(ctx, moved)
}
