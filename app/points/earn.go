package points

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"noren"
	"noren/app/unit"
)

// EarnTx is the part of a transaction that settling purchases takes.
type EarnTx interface {
	Tx
	noren.PurchaseTx
	noren.RankTx
}

// Settlement is what changes of purchases mean for points. Its caller stores the purchases, of which the Earning has changed, and
// then calls Move.
type Settlement struct {
	// Others are purchases that were not among the changed ones: points that were owed of them are taken from new grants.
	Others []noren.Purchase

	writer writer
	moved  noren.PointMovement
	lots   map[int64][]*held           // by member; only of those who give points back
	owing  map[int64][]*noren.Purchase // by member; purchases of which points are owed
}

// held is a lot while points are taken off it.
type held struct {
	noren.PointLot

	fresh bool // of this settlement: the number is the index in the movement, negative
}

// Settle grants what the purchases earn that are newly credited to members, and takes back what purchases have earned that are
// refunded. It works out everything from the purchases as they are now, so settling again does nothing more. It locks lots, so
// the caller has locked purchases. known are members that need not be read.
//
// Lots of the members who get points are not locked: what they owe is taken off the new lots alone. So a transaction may settle
// several times without locking lots after the counters. changed are all purchases that the caller changes, and fresh those of
// them that are newly credited.
func Settle(
	ctx context.Context, tx EarnTx, u unit.Unit, fresh, changed []*noren.Purchase, known map[int64]noren.Member, by noren.AuditEntry,
) (*Settlement, error) {
	s := &Settlement{writer: writer{tx: tx, Unit: u, by: by, adjustment: Adjustment{Type: noren.DefaultPoint}}}
	return s, s.settle(ctx, tx, fresh, changed, known, true)
}

// Foreseen is what changes of purchases would mean for points.
type Foreseen struct {
	Members map[int64]int64 // how many each would get, or lose
	Later   int64           // how many of those that would be granted can only be used from a later day on
}

// Foresee works out what Settle would do, and locks nothing. The purchases are changed as by Settle, and must not be stored.
func Foresee(
	ctx context.Context, tx EarnTx, u unit.Unit, fresh, changed []*noren.Purchase, known map[int64]noren.Member,
) (Foreseen, error) {
	s := &Settlement{writer: writer{tx: tx, Unit: u, adjustment: Adjustment{Type: noren.DefaultPoint}}}
	if err := s.settle(ctx, tx, fresh, changed, known, false); err != nil {
		return Foreseen{}, err
	}
	f := Foreseen{Members: make(map[int64]int64)}
	for _, e := range s.moved.Entries {
		f.Members[e.MemberID] += e.Delta
	}
	left := slices.Clone(s.moved.Lots)
	for _, b := range s.moved.Burns {
		if b.LotID <= 0 && len(left) > 0 { // of a new lot, by its place
			left[-b.LotID].Remaining -= b.Amount
		}
	}
	for i := range left {
		if left[i].UsableFrom != nil {
			f.Later += left[i].Remaining
		}
	}
	return f, nil
}

// settle works out what becomes of the purchases.
func (s *Settlement) settle(
	ctx context.Context, tx EarnTx, fresh, changed []*noren.Purchase, known map[int64]noren.Member, lock bool,
) error {
	earning, err := earn(ctx, tx, s.writer.Unit, fresh, known)
	if err != nil {
		return err
	}
	var refunded []*noren.Purchase
	for _, p := range changed {
		if p.Earning.Rule != (noren.EarnRule{}) && p.Earning.Surplus(p.Amount, p.Credited) > 0 {
			refunded = append(refunded, p)
		}
	}
	if len(earning) == 0 && len(refunded) == 0 {
		return nil
	}
	lapsed, err := s.open(ctx, tx, refunded, lock)
	if err != nil {
		return err
	}
	// In order of their numbers: the same purchases come out alike in whatever order a source reports them.
	byNumber := func(a, b *noren.Purchase) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(earning, byNumber)
	slices.SortFunc(refunded, byNumber)
	if err := s.grants(ctx, tx, earning, changed); err != nil {
		return err
	}
	for _, p := range refunded {
		s.takeBack(p, lapsed[p.ID])
	}
	return nil
}

// earn works out what the purchases earn that have just become members', and returns those that earn something. Which rule it
// was is kept with those too that earn nothing.
func earn(
	ctx context.Context, tx EarnTx, u unit.Unit, fresh []*noren.Purchase, known map[int64]noren.Member,
) (earning []*noren.Purchase, err error) {
	programme := u.Tenant.Points.Earn
	var due []*noren.Purchase
	var unknown []int64
	for _, p := range fresh {
		if !u.Tenant.Points.Earns() || noren.DateOf(p.PaidAt, u.Tenant.Location()) < programme.From {
			continue
		}
		due = append(due, p)
		if _, ok := known[p.MemberID]; !ok {
			unknown = append(unknown, p.MemberID)
		}
	}
	if len(due) == 0 {
		return nil, nil
	}
	members := known
	if len(unknown) > 0 {
		if members, err = unit.MembersByID(ctx, tx, unknown, false); err != nil { // they are locked
			return nil, err
		}
		maps.Copy(members, known)
	}
	ranks, err := tx.Ranks(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range due {
		m := members[p.MemberID]
		p.Earning = noren.Earning{
			Rule: u.Tenant.EarnRuleOf(&m, ranks), Counted: programme.Counted(p.Amount, p.Tax, p.UsedPoints),
		}
		if p.Earning.Granted = p.Earning.Keeps(p.Amount, p.Credited); p.Earning.Granted > 0 {
			earning = append(earning, p)
		}
	}
	return earning, nil
}

// open reads, and locks, the lots of the members whose purchases were refunded, and returns what the daily expiry has removed of the
// points of each purchase.
func (s *Settlement) open(ctx context.Context, tx EarnTx, refunded []*noren.Purchase, lock bool) (lapsed map[int64]int64, err error) {
	if len(refunded) == 0 {
		return nil, nil
	}
	members, purchases := make([]int64, len(refunded)), make([]int64, len(refunded))
	for i, p := range refunded {
		members[i], purchases[i] = p.MemberID, p.ID
	}
	lots, err := tx.OpenLots(ctx, members, noren.DefaultPoint, lock)
	if err != nil {
		return nil, err
	}
	s.lots = make(map[int64][]*held, len(refunded))
	for _, l := range lots {
		s.lots[l.MemberID] = append(s.lots[l.MemberID], &held{PointLot: l})
	}
	return tx.LapsedPoints(ctx, purchases)
}

// grants grants what the purchases earn, and takes off it what their members owe. A purchase of which points are owed and which
// is changed in the same call is the caller's, so that it is written once.
func (s *Settlement) grants(ctx context.Context, tx EarnTx, earning, changed []*noren.Purchase) error {
	if len(earning) == 0 {
		return nil
	}
	members := make([]int64, len(earning))
	for i, p := range earning {
		members[i] = p.MemberID
	}
	owing, err := tx.OwingPurchases(ctx, members)
	if err != nil {
		return err
	}
	own := make(map[int64]*noren.Purchase, len(changed))
	for _, p := range changed {
		own[p.ID] = p
	}
	s.owing = make(map[int64][]*noren.Purchase)
	for i := range owing {
		q := &owing[i]
		if p := own[q.ID]; p != nil {
			q = p
		}
		s.owing[q.MemberID] = append(s.owing[q.MemberID], q)
	}
	for _, p := range earning {
		s.grant(p)
	}
	for i := range owing {
		if own[owing[i].ID] == nil {
			s.Others = append(s.Others, owing[i])
		}
	}
	return nil
}

// grant adds the lot of a purchase, and takes off it what its member owes of other purchases, the oldest first.
func (s *Settlement) grant(p *noren.Purchase) {
	from := noren.AddDays(s.writer.today(), s.writer.Tenant.Points.Earn.UsableAfterDays)
	lot := noren.PointLot{
		MemberID: p.MemberID, Type: noren.DefaultPoint, GrantedAt: s.writer.Now, ExpiresOn: s.writer.expiryFrom(from),
		Amount: p.Earning.Granted, Remaining: p.Earning.Granted, PurchaseID: p.ID,
		EntryID: int64(len(s.moved.Entries)), // the entry that is added below
	}
	if s.writer.Tenant.Points.Earn.UsableAfterDays > 0 {
		lot.UsableFrom = &from
	}
	s.moved.Lots = append(s.moved.Lots, lot)
	h := &held{PointLot: lot, fresh: true}
	h.ID = -int64(len(s.moved.Lots) - 1)
	if s.lots != nil {
		s.lots[p.MemberID] = append(s.lots[p.MemberID], h)
	}
	s.entry(p, noren.PointsGranted, p.Earning.Granted)
	for _, q := range s.owing[p.MemberID] {
		if n := s.take(h, q.Earning.Owed); n > 0 {
			s.entry(q, noren.PointsReturned, -n)
			q.Earning.Owed, q.Earning.Returned = q.Earning.Owed-n, q.Earning.Returned+n
		}
	}
}

// take takes up to n points off the lot, for the entry that is added next.
func (s *Settlement) take(l *held, n int64) int64 {
	if n = min(n, l.Remaining); n > 0 {
		l.Remaining -= n
		s.moved.Burns = append(s.moved.Burns, noren.PointBurn{EntryID: int64(len(s.moved.Entries)), LotID: l.ID, Amount: n})
	}
	return n
}

// takeBack takes back what a refunded purchase has earned too much: off its own lot first, and then off those that expire
// next, whether they can be used yet or not. What has expired of its own lot the member has lost already. The rest was used: it
// is owed, or forgiven.
func (s *Settlement) takeBack(p *noren.Purchase, lapsed int64) {
	today, left := s.writer.today(), p.Earning.Surplus(p.Amount, p.Credited)
	lots := s.lots[p.MemberID]
	var returned int64
	for _, l := range lots {
		switch {
		case l.PurchaseID != p.ID:
		case l.Expired(today):
			lapsed += l.Remaining // the daily expiry has still to come
		default:
			returned += s.take(l, left)
		}
	}
	left -= returned
	if n := min(left, lapsed-p.Earning.Lapsed); n > 0 {
		p.Earning.Lapsed += n
		left -= n
	}
	slices.SortStableFunc(lots, func(a, b *held) int { return nearestFirst(a.PointLot, b.PointLot) })
	for _, l := range lots {
		if !l.Expired(today) {
			n := s.take(l, left)
			returned, left = returned+n, left-n
		}
	}
	if returned > 0 {
		s.entry(p, noren.PointsReturned, -returned)
		p.Earning.Returned += returned
	}
	if s.writer.Tenant.Points.Earn.Forgives {
		p.Earning.Forgiven += left
	} else {
		p.Earning.Owed += left
	}
}

// entry adds the entry about points of a purchase.
func (s *Settlement) entry(p *noren.Purchase, kind noren.PointEntryKind, delta int64) {
	e := s.writer.entry(p.MemberID, kind, delta)
	e.Purchase = noren.PurchaseRef{ID: p.ID, Source: p.Source, ExternalID: p.ExternalID}
	s.moved.Entries = append(s.moved.Entries, e)
}

// Move stores the movement of points, if there is one.
func (s *Settlement) Move(ctx context.Context) error {
	if len(s.moved.Entries) == 0 {
		return nil
	}
	return s.writer.move(ctx, s.moved)
}
