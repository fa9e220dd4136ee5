package points

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Mode says whether an adjustment adds or subtracts.
type Mode string

// The modes.
const (
	Add      Mode = "ADD"
	Subtract Mode = "SUB"
)

// Adjustment grants the same number of points to, or takes them from, every member that Query names.
type Adjustment struct {
	Query     noren.MemberQuery
	Mode      Mode
	Amount    int64 // 1 to MaxPoints
	Type      noren.PointType
	ExpiresOn noren.Field[noren.Date] // with Add; absent: by the tenant's setting, null: never
	StaffID   *int64
	Note      string
	Confirmed bool // a person has confirmed an amount that is asked about
}

// Adjust grants or takes points, for all the named members or for none. Refusals, all of kind Invalid, if points
// are switched off, the amount is out of bounds or above what the caller may move, or must be confirmed first, members or the
// staff are unknown, the expiry has passed, or members, each named as Value, have too few points. once may be nil; its Render gets nil.
func (s *Service) Adjust(ctx context.Context, c noren.Caller, a Adjustment, once *unit.Once) (*noren.KeptAnswer, error) {
	if !c.Tenant.Points.Enabled {
		return nil, pointsOff()
	}
	if a.Amount < 1 || a.Amount > noren.MaxPoints {
		return nil, noren.Refusals{{
			Kind: noren.Invalid, Field: "amount", Value: strconv.FormatInt(a.Amount, 10),
			Message: fmt.Sprintf("must be from 1 to %d", noren.MaxPoints),
		}}
	}
	if err := withinLimits(c, a); err != nil {
		return nil, err
	}
	if a.Query.Named() > noren.MaxNamed {
		return nil, noren.Refusals{{
			Kind: noren.Invalid, Reason: noren.ReasonTooMany, Field: "query", Message: fmt.Sprintf("must name at most %d members", noren.MaxNamed),
		}}
	}
	in := func(tx Tx, by noren.AuditEntry) writer {
		return writer{tx: tx, Unit: unit.Unit{Tenant: c.Tenant, Now: by.At}, by: by, adjustment: a}
	}
	if s.run.JudgesFirst(a.Query.Named()) {
		err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
			_, err := in(tx, c.Entry(s.run.Now())).judge(ctx, c.Client.StoreID, false)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		p := in(tx, by)
		moved, err := p.judge(ctx, c.Client.StoreID, true)
		if err != nil {
			return nil, err
		}
		return nil, p.move(ctx, moved)
	})
}

// withinLimits refuses what a person may not move at once, and what the person has not confirmed.
func withinLimits(c noren.Caller, a Adjustment) error {
	refused := noren.Error{Kind: noren.Invalid, Field: "amount", Value: strconv.FormatInt(a.Amount, 10)}
	switch most, confirmAbove := c.EntryLimit(); {
	case a.Amount > most:
		refused.Reason, refused.Message = noren.ReasonOverLimit, fmt.Sprintf("must be at most %d for this user", most)
	case a.Amount > confirmAbove && !a.Confirmed:
		refused.Reason, refused.Message = noren.ReasonUnconfirmed, fmt.Sprintf("more than %d must be confirmed", confirmAbove)
	default:
		return nil
	}
	return noren.Refusals{&refused}
}

func pointsOff() error {
	return noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonPointsOff, Message: "points are switched off for this company"}}
}

// writer moves points inside one transaction.
type writer struct {
	tx Tx
	unit.Unit
	by         noren.AuditEntry
	adjustment Adjustment
}

func (p writer) today() noren.Date { return noren.DateOf(p.Now, p.Tenant.Location()) }

// judge returns the movement that the adjustment comes to, for a caller restricted to the store. With writing false, nothing is
// locked.
func (p writer) judge(ctx context.Context, store *int64, writing bool) (moved noren.PointMovement, err error) {
	look := p.tx.MemberRefs
	if writing {
		look = p.tx.LockMembers
	}
	members, err := look(ctx, p.adjustment.Query)
	if err != nil {
		return moved, err
	}
	refused := unknown(p.adjustment.Query, members, store)
	if id := p.adjustment.StaffID; id != nil {
		staff, err := p.tx.Staff(ctx)
		if err != nil {
			return moved, err
		}
		if !noren.HasID(staff, *id, func(s noren.Staff) int64 { return s.ID }) {
			refused = append(refused, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonStaffUnknown, Field: "staff_id", Value: strconv.FormatInt(*id, 10),
			})
		}
	}
	// Today is allowed: points can be used to the end of the day.
	if on, ok := p.adjustment.ExpiresOn.Value(); ok && p.adjustment.Mode == Add && on < p.today() {
		refused = append(refused, &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonPast, Field: "expires_on", Value: string(on)})
	}
	if len(refused) > 0 {
		return moved, refused
	}
	if p.adjustment.Mode == Add {
		return p.granted(members), nil
	}
	return p.taken(ctx, members, writing)
}

// unknown lists what the query names and what none of members, which were found, has.
func unknown(q noren.MemberQuery, members []noren.MemberRef, store *int64) (refused noren.Refusals) {
	// To a restricted caller, members of other stores do not exist.
	members = slices.DeleteFunc(slices.Clone(members), func(m noren.MemberRef) bool { return !m.VisibleTo(store) })
	known := make(map[any]bool, 3*len(members))
	type alias string // a type of its own, so that alias codes do not meet codes in the map
	for _, m := range members {
		known[m.ID], known[m.Code] = true, true
		if m.AliasCode != nil {
			known[alias(*m.AliasCode)] = true
		}
	}
	refuse := func(field string, value any) {
		refused = append(refused, &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonMemberUnknown, Field: field, Value: fmt.Sprint(value)})
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

// expiry returns the last day on which granted points can be used; nil: they never expire.
func (p writer) expiry() *noren.Date {
	if p.adjustment.ExpiresOn.Given() {
		return p.adjustment.ExpiresOn.Ptr()
	}
	return p.expiryFrom(p.today())
}

// expiryFrom returns the last day of points that can be used from that day on, by the tenant's setting; nil: they never expire.
func (p writer) expiryFrom(day noren.Date) *noren.Date {
	months := p.Tenant.Points.ExpiresAfterMonths
	if months == 0 {
		return nil
	}
	return new(noren.AddMonths(day, months))
}

// granted returns the movement that grants the adjustment's amount to each of the members.
func (p writer) granted(members []noren.MemberRef) (moved noren.PointMovement) {
	for _, m := range members {
		moved.Lots = append(moved.Lots, noren.PointLot{
			MemberID: m.ID, Type: p.adjustment.Type, GrantedAt: p.Now, ExpiresOn: p.expiry(),
			Amount: p.adjustment.Amount, Remaining: p.adjustment.Amount, EntryID: int64(len(moved.Entries)),
		})
		moved.Entries = append(moved.Entries, p.entry(m.ID, noren.PointsGranted, p.adjustment.Amount))
	}
	return moved
}

// taken returns the movement that takes the adjustment's amount from each of the members.
func (p writer) taken(ctx context.Context, members []noren.MemberRef, writing bool) (moved noren.PointMovement, err error) {
	ids := make([]int64, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	lots, err := p.tx.OpenLots(ctx, ids, p.adjustment.Type, writing)
	if err != nil {
		return moved, err
	}
	byMember := make(map[int64][]noren.PointLot, len(members))
	for _, l := range lots {
		byMember[l.MemberID] = append(byMember[l.MemberID], l)
	}
	var refused noren.Refusals
	for i, m := range members {
		taken, enough := burn(byMember[m.ID], p.adjustment.Amount, p.today())
		if !enough {
			refused = append(refused, tooFewPoints(m.ID, p.adjustment.Amount)) // go on: every such member is named
		}
		for _, b := range taken {
			b.EntryID = int64(i) // index of its entry, until move assigns the numbers
			moved.Burns = append(moved.Burns, b)
		}
		moved.Entries = append(moved.Entries, p.entry(m.ID, noren.PointsUsed, -p.adjustment.Amount))
	}
	if len(refused) > 0 {
		return moved, refused
	}
	return moved, nil
}

func tooFewPoints(member, amount int64) *noren.Error {
	return &noren.Error{
		Kind: noren.Invalid, Reason: noren.ReasonTooFewPoints, Field: "amount", Value: strconv.FormatInt(member, 10),
		Message: fmt.Sprintf("member %d has fewer than %d points", member, amount),
	}
}

func (p writer) entry(member int64, kind noren.PointEntryKind, delta int64) noren.PointEntry {
	return noren.PointEntry{
		MemberID: member, Type: p.adjustment.Type, Kind: kind, Delta: delta, StaffID: p.adjustment.StaffID,
		Note: p.adjustment.Note, At: p.Now, ClientID: p.by.ClientID, Dialect: p.by.Dialect,
		Login: p.by.Login, RequestID: p.by.RequestID,
	}
}

// move numbers the lots and entries and stores the movement. Its lots and burns name entries by index, and burns name lots of the
// movement itself by the index, negative. The ledger says who got how many; the audit log has one entry for
// the whole movement, with where it came from.
func (p writer) move(ctx context.Context, moved noren.PointMovement) error {
	err := p.tx.Together(ctx, func() error {
		return unit.Number(ctx, p.tx, noren.CounterPointLot, moved.Lots, func(l *noren.PointLot) *int64 { return &l.ID })
	}, func() error {
		return unit.Number(ctx, p.tx, noren.CounterPointEntry, moved.Entries, func(e *noren.PointEntry) *int64 { return &e.ID })
	})
	if err != nil {
		return err
	}
	for i := range moved.Lots {
		l := &moved.Lots[i]
		l.EntryID = moved.Entries[l.EntryID].ID // from index to number
	}
	for i := range moved.Burns {
		b := &moved.Burns[i]
		b.EntryID = moved.Entries[b.EntryID].ID // from index to number
		if b.LotID <= 0 {
			b.LotID = moved.Lots[-b.LotID].ID // the same for a lot of the movement itself
		}
	}
	if err := p.tx.MovePoints(ctx, moved); err != nil || len(moved.Entries) == 0 {
		return err
	}
	by, total, subject := p.by, int64(0), strconv.FormatInt(moved.Entries[0].MemberID, 10)
	for _, e := range moved.Entries {
		if total += e.Delta; strconv.FormatInt(e.MemberID, 10) != subject {
			subject = ""
		}
	}
	by.Subject, by.SubjectID = "points", subject
	written := map[string]int64{"entries": int64(len(moved.Entries)), "delta": total}
	if reversed := moved.Entries[0].Reverses; reversed != 0 {
		written["reverses"] = reversed
	}
	by.Changes = audit.Change("points", nil, written)
	return p.tx.AddAudit(ctx, []noren.AuditEntry{by})
}
