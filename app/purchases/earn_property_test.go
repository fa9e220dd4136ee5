package purchases_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
)

// naive is what members' points are by the words of the documents alone: one list of grants a member, gone through from the
// beginning each time.
type naive struct {
	now       time.Time
	programme noren.PointSettings
	orders    []*naiveOrder
	grants    []*naiveGrant
}

type naiveOrder struct {
	id                                        string
	member, amount, credited                  int64
	refunded, soFar                           int64 // one by one, and by files that tell a sum
	cancelled                                 bool
	counted                                   int64
	rule                                      func(amount int64) int64 // nil: nothing was granted
	granted, returned, lapsed, forgiven, owed int64
}

type naiveGrant struct {
	order         string // "": given by hand
	member, left  int64
	from, through noren.Date
	expired       int64
	withdrawn     bool // it was undone
}

var japan = time.FixedZone("JST", 9*60*60)

func (n *naive) today() noren.Date { return noren.DateOf(n.now, japan) }

// give adds a grant.
func (n *naive) give(order string, member, amount int64, days int) *naiveGrant {
	from := noren.AddDays(n.today(), days)
	through := noren.Date("9999-12-31")
	if months := n.programme.ExpiresAfterMonths; months > 0 {
		through = noren.AddMonths(from, months)
	}
	g := &naiveGrant{order: order, member: member, left: amount, from: from, through: through}
	n.grants = append(n.grants, g)
	return g
}

// expire removes what is past its day.
func (n *naive) expire() {
	for _, g := range n.grants {
		if g.through < n.today() {
			g.expired, g.left = g.expired+g.left, 0
		}
	}
}

// balance is what the member can use now.
func (n *naive) balance(member int64) (sum int64) {
	for _, g := range n.grants {
		if g.member == member && g.from <= n.today() {
			sum += g.left
		}
	}
	return sum
}

// use takes points one by one from what expires next; usable: only from what can be used. It returns how many it took of which
// grant.
func (n *naive) use(member, amount int64, usable bool) map[*naiveGrant]int64 {
	taken := make(map[*naiveGrant]int64)
	for range amount {
		var next *naiveGrant
		for _, g := range n.grants {
			if g.member == member && g.left > 0 && (!usable || g.from <= n.today()) && (next == nil || g.through < next.through) {
				next = g
			}
		}
		if next == nil {
			return taken
		}
		next.left--
		taken[next]++
	}
	return taken
}

// byHand is a gift or a use, which can be undone once.
type byHand struct {
	gift   *naiveGrant // nil: a use
	taken  map[*naiveGrant]int64
	undone bool
}

// undo takes a gift back as far as it is left, or gives a use back as far as it has not expired and is not of a gift that was taken
// back; what is owed because of it is taken back at once. It returns the change.
func (n *naive) undo(h *byHand) (net int64, done bool) {
	if h.undone {
		return 0, false
	}
	var delta int64
	if g := h.gift; g != nil && g.through >= n.today() {
		delta, g.left = -g.left, 0
		g.withdrawn = delta != 0
	}
	back := make(map[*naiveGrant]int64)
	for g, taken := range h.taken {
		if g.through >= n.today() && !g.withdrawn {
			g.left, back[g] = g.left+taken, taken
			delta += taken
		}
	}
	h.undone, net = delta != 0, delta
	for _, o := range n.orders {
		for o.member == 2 && o.owed > 0 {
			var next *naiveGrant
			for _, g := range n.grants { // in the order in which they were given
				nearer := next == nil || g.order == o.id && next.order != o.id || g.through < next.through && next.order != o.id
				if back[g] > 0 && nearer {
					next = g
				}
			}
			if next == nil {
				break
			}
			next.left, back[next], net = next.left-1, back[next]-1, net-1
			o.owed, o.returned = o.owed-1, o.returned+1
		}
	}
	return net, h.undone
}

// earn grants what an order earns that has found its member.
func (n *naive) earn(o *naiveOrder) {
	p := n.programme.Earn
	if p.EarnRule == (noren.EarnRule{}) {
		return
	}
	unit, price, tenths := int64(p.Unit)/100, p.UnitPrice, int64(0)
	if p.Rate != "" {
		tenths = int64(p.Rate[2] - '0') // it is written 0.N
	}
	o.rule = func(amount int64) int64 {
		if tenths > 0 {
			return amount * tenths / 10
		}
		return amount / price * unit
	}
	o.counted = o.amount
	if p.WithoutTax {
		o.counted -= o.amount / 11
	}
	if o.granted = o.keeps(); o.granted == 0 {
		return
	}
	g := n.give(o.id, o.member, o.granted, p.UsableAfterDays)
	for _, owing := range n.orders {
		for owing.member == o.member && owing.owed > 0 && g.left > 0 {
			g.left, owing.owed, owing.returned = g.left-1, owing.owed-1, owing.returned+1
		}
	}
}

func (o *naiveOrder) keeps() int64 {
	if o.amount == 0 {
		return 0
	}
	return o.rule(o.counted * o.credited / o.amount)
}

// refund works out what is left of the order, and takes back what it has earned too much.
func (n *naive) refund(o *naiveOrder) {
	if o.credited = max(o.amount-max(o.refunded, o.soFar), 0); o.cancelled {
		o.credited = 0
	}
	n.takeBack(o)
}

// takeBack takes back, point by point, what a refunded order has earned too much.
func (n *naive) takeBack(o *naiveOrder) {
	if o.rule == nil {
		return
	}
	for o.granted-o.keeps() > o.returned+o.lapsed+o.forgiven+o.owed {
		own := slices.IndexFunc(n.grants, func(g *naiveGrant) bool { return g.order == o.id })
		switch {
		case n.grants[own].left > 0:
			n.grants[own].left--
			o.returned++
		case n.grants[own].expired > o.lapsed:
			o.lapsed++
		case len(n.use(o.member, 1, false)) == 1:
			o.returned++
		case n.programme.Earn.Forgives:
			o.forgiven++
		default:
			o.owed++
		}
	}
}

// anyProgramme is a programme, which may be switched off.
func anyProgramme(t *rapid.T) noren.PointSettings {
	p := noren.PointSettings{Enabled: true, ExpiresAfterMonths: rapid.IntRange(0, 2).Draw(t, "months")}
	switch rapid.IntRange(0, 4).Draw(t, "rule") {
	case 0:
		return p
	case 1:
		p.Earn.Rate = fmt.Sprint("0.", rapid.IntRange(1, 9).Draw(t, "rate"))
	default:
		p.Earn.UnitPrice = rapid.Int64Range(1, 30).Draw(t, "price")
		p.Earn.Unit = noren.Hundredths(100 * rapid.Int64Range(1, 3).Draw(t, "unit"))
	}
	p.Earn.UsableAfterDays = rapid.SampledFrom([]int{0, 0, 20, 40}).Draw(t, "days")
	p.Earn.WithoutTax = rapid.Bool().Draw(t, "without tax")
	p.Earn.Forgives = rapid.Bool().Draw(t, "forgives")
	return p
}

// TestPointsAgreeWithTheNaiveReference does anything that moves points, one thing after the other, on each engine: purchases,
// some of them held, refunds, cancellations, uses, gifts, what undoes these two, days that pass, runs of the expiry, and changes of the programme. After
// each the balances, and what became of each purchase's points, are those of the reference. All of it told again moves nothing.
func TestPointsAgreeWithTheNaiveReference(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		var shops atomic.Int64
		rapid.Check(t, func(rt *rapid.T) {
			tenant := newShop(rt, b, fmt.Sprint("sb_e", shops.Add(1)))
			b.Clock.Set(t, "2026-01-31 12:00:00")
			w := &walk{b: b, caller: noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Operator}}}
			w.n = naive{now: b.Clock.Read()}
			w.change(rt)
			acts := []func(*rapid.T){w.buy, w.buy, w.buy, w.refund, w.refund, w.cancel, w.use, w.give, w.undo, w.undo, w.pass, w.change, w.link, w.regret, w.export}
			for range rapid.IntRange(1, 14).Draw(rt, "steps") {
				rapid.SampledFrom(acts).Draw(rt, "act")(rt)
				w.compare(rt)
			}
			for _, e := range w.told {
				w.record(rt, e)
			}
			w.compare(rt)
		})
		b.Sound(t)
	})
}

// walk does the same to the stored points and to the reference.
type walk struct {
	b      *apptest.Bundle
	caller noren.Caller
	n      naive
	told   []noren.PurchaseEvent
	hand   []*byHand // in the order of their entries
	linked bool
}

func (w *walk) record(t *rapid.T, e noren.PurchaseEvent) {
	t.Helper()
	out, err := apptest.Record(w.b.Ctx, w.b.App, w.caller, "till", e)
	if err != nil || out[0].Err != nil {
		t.Fatalf("%+v: %+v, %v", e, out, err)
	}
}

// tell records an event for the first time.
func (w *walk) tell(t *rapid.T, e noren.PurchaseEvent) {
	w.record(t, e)
	w.told = append(w.told, e)
}

func (w *walk) buy(t *rapid.T) {
	owner := rapid.SampledFrom([]int{1, 4}).Draw(t, "owner") // member 2 by code, or by a Shopify customer who is linked late
	o := &naiveOrder{id: fmt.Sprint("o", len(w.n.orders)), amount: rapid.Int64Range(0, 100).Draw(t, "amount")}
	o.credited = o.amount
	e := apptest.Paid(o.id, o.amount, owners[owner].key)
	e.Tax = o.amount / 11
	w.tell(t, e)
	w.n.orders = append(w.n.orders, o)
	if owner == 1 || w.linked {
		o.member = 2
		w.n.earn(o)
	}
}

// order is one of the orders so far; nil if there is none.
func (w *walk) order(t *rapid.T) *naiveOrder {
	if len(w.n.orders) == 0 {
		return nil
	}
	return rapid.SampledFrom(w.n.orders).Draw(t, "order")
}

func (w *walk) refund(t *rapid.T) {
	if o := w.order(t); o != nil {
		amount := rapid.Int64Range(0, 60).Draw(t, "refund")
		w.tell(t, apptest.RefundOf(o.id, fmt.Sprint("r", len(w.told)), amount))
		o.refunded += amount
		w.n.refund(o)
	}
}

// export tells of an order what a file of orders does: what was refunded so far. The refunds of these walks do not say when they were made,
// so all of them may be in that sum.
func (w *walk) export(t *rapid.T) {
	i := slices.IndexFunc(w.told, func(e noren.PurchaseEvent) bool {
		return e.Kind == noren.PurchasePaid && e.State == noren.PurchaseState{}
	})
	if i < 0 {
		return
	}
	e := w.told[i]
	o := w.n.orders[slices.IndexFunc(w.n.orders, func(o *naiveOrder) bool { return o.id == e.ExternalID })]
	e.State = noren.PurchaseState{At: w.n.now, Refunded: rapid.Int64Range(0, o.amount).Draw(t, "so far"), Cancelled: rapid.IntRange(0, 5).Draw(t, "cancelled") == 0}
	w.tell(t, e)
	o.soFar, o.cancelled = max(o.soFar, e.State.Refunded), o.cancelled || e.State.Cancelled
	w.n.refund(o)
}

func (w *walk) cancel(t *rapid.T) {
	if o := w.order(t); o != nil {
		w.tell(t, apptest.CancelOf(o.id))
		o.cancelled = true
		w.n.refund(o)
	}
}

func (w *walk) adjust(t *rapid.T, mode points.Mode, amount int64) {
	t.Helper()
	a := points.Adjustment{Query: noren.MemberQuery{IDs: []int64{2}}, Mode: mode, Amount: amount, Type: noren.DefaultPoint}
	if _, err := w.b.Points.Adjust(w.b.Ctx, w.caller, a, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *walk) use(t *rapid.T) {
	if has := w.n.balance(2); has > 0 {
		amount := has
		if rapid.Bool().Draw(t, "uses a part") {
			amount = rapid.Int64Range(1, has).Draw(t, "use")
		}
		w.adjust(t, points.Subtract, amount)
		w.hand = append(w.hand, &byHand{taken: w.n.use(2, amount, true)})
	}
}

func (w *walk) give(t *rapid.T) {
	amount := rapid.Int64Range(1, 20).Draw(t, "gift")
	w.adjust(t, points.Add, amount)
	w.hand = append(w.hand, &byHand{gift: w.n.give("", 2, amount, 0)})
}

func (w *walk) undo(t *rapid.T) {
	if len(w.hand) == 0 {
		return
	}
	w.undoNth(t, rapid.IntRange(0, len(w.hand)-1).Draw(t, "entry"))
}

// undoNth undoes the nth gift or use.
func (w *walk) undoNth(t *rapid.T, i int) {
	var entries []noren.PointEntry
	err := w.b.Engine.View(w.b.Ctx, w.caller.Tenant.ID, func(tx noren.Tx) (err error) {
		entries, err = tx.PointEntries(w.b.Ctx, noren.PointEntryFilter{
			MemberID: 2, Kinds: []noren.PointEntryKind{noren.PointsGranted, noren.PointsUsed}, Earned: new(false),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want, done := w.n.undo(w.hand[i])
	_, _, err = w.b.Points.Reverse(w.b.Ctx, w.caller, points.Undo{MemberID: 2, EntryID: entries[i].ID, Net: want}, nil)
	if done != (err == nil) {
		t.Fatalf("undoing %+v by %d: %v", entries[i], want, err)
	}
}

// regret uses points and then gives back what has earned some, and with luck the use is undone, now or later: what chance seldom makes.
func (w *walk) regret(t *rapid.T) {
	w.buy(t)
	w.use(t)
	w.cancel(t)
	if len(w.hand) > 0 && rapid.Bool().Draw(t, "undone") {
		if rapid.Bool().Draw(t, "later") {
			w.pass(t)
		}
		w.undoNth(t, len(w.hand)-1)
	}
}

func (w *walk) pass(t *rapid.T) {
	w.b.Clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(t, "days pass")) * 24 * time.Hour)
	w.n.now = w.b.Clock.Read()
	w.n.expire()
	if rapid.Bool().Draw(t, "the expiry runs") {
		if _, err := w.b.Points.Expire(w.b.Ctx, w.caller.Tenant, w.n.today(), false); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *walk) change(t *rapid.T) {
	w.n.programme = anyProgramme(t)
	w.caller.Tenant.Points = w.n.programme
}

func (w *walk) link(t *rapid.T) {
	if w.linked {
		return
	}
	linkLate(t, w.b, w.caller)
	w.linked = true
	for _, o := range w.n.orders {
		if o.member == 0 {
			o.member = 2
			w.n.earn(o)
		}
	}
}

// compare compares the balance, and each purchase.
func (w *walk) compare(t *rapid.T) {
	t.Helper()
	err := w.b.Engine.View(w.b.Ctx, w.caller.Tenant.ID, func(tx noren.Tx) error {
		balances, err := tx.PointBalances(w.b.Ctx, []int64{2}, w.n.today())
		if err != nil {
			return err
		}
		var has int64
		for _, balance := range balances {
			has += balance.Total
		}
		if want := w.n.balance(2); has != want {
			t.Fatalf("the balance is %d, want %d", has, want)
		}
		stored, _, err := tx.Purchases(w.b.Ctx, noren.PurchaseFilter{})
		slices.Reverse(stored)
		if len(stored) != len(w.n.orders) {
			t.Fatalf("%d purchases are stored, want %d", len(stored), len(w.n.orders))
		}
		for i, p := range stored {
			o, e := w.n.orders[i], p.Earning
			got := [...]int64{e.Granted, e.Returned, e.Lapsed, e.Forgiven, e.Owed}
			if want := [...]int64{o.granted, o.returned, o.lapsed, o.forgiven, o.owed}; got != want {
				t.Fatalf("purchase %s: granted, returned, lapsed, forgiven and owed are %v, want %v", p.ExternalID, got, want)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
