package storetest

import (
	"fmt"
	"slices"
	"testing"

	"noren"
)

func purchaseChecks() []check {
	return []check{
		{"purchases come back as they went in, and only member and credit change", purchasePut},
		{"purchases of one source by its ids, with their refunds", purchaseByID},
		{"held purchases of Shopify customers", purchaseHeld},
		{"points of purchases that are owed or have expired", purchaseOwing},
		{"spend adds up by member and month", purchaseSpend},
		{"filters, order and pages of purchases", purchaseList},
	}
}

// purchase is a purchase of the source till with that number, of the member.
func purchase(id, member int64) noren.Purchase {
	return noren.Purchase{
		ID: id, Source: "till", ExternalID: fmt.Sprint("o", id), MemberID: member, Amount: 100 * id, Credited: 100 * id,
		PaidAt: at(int(id)), Month: "2026-04",
	}
}

func (b *bundle) putPurchases(t *testing.T, list ...noren.Purchase) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error { return tx.PutPurchases(b.ctx, list) })
}

func (b *bundle) listPurchases(t *testing.T, f noren.PurchaseFilter) (list []noren.Purchase, total int) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, total, err = tx.Purchases(b.ctx, f)
		return err
	})
	return list, total
}

func purchasePut(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	earned := noren.Earning{
		Rule: noren.EarnRule{Rate: "0.01", Scale: 1}, Counted: 90, Granted: 9, Returned: 1, Lapsed: 2, Forgiven: 3, Owed: 1,
	}
	full := noren.Purchase{
		ID: 7, Source: `ソース'"\`, ExternalID: "#1001 😀", MemberID: 1, ShopifyCustomerID: "6757085806881", Amount: noren.MaxMoney,
		Tax: 80, UsedPoints: 30, Credited: noren.MaxMoney - 1, PaidAt: at(0), Month: "2026-04",
	}
	held := noren.Purchase{ID: 8, Source: "till", ExternalID: "h", ShopifyCustomerID: "77", PaidAt: at(-1), Month: "2026-03"}
	b.putPurchases(t, full, held)
	list, total := b.listPurchases(t, noren.PurchaseFilter{})
	same(t, "the purchases", []noren.Purchase{held, full}, list)
	same(t, "their number", 2, total)

	changed := full
	// All of these are given, and only member, credit and earning may be taken over.
	changed.ID, changed.MemberID, changed.Credited, changed.Amount, changed.PaidAt, changed.Month = 99, 2, 5, 6, at(9), "1999-01"
	changed.ShopifyCustomerID = "other"
	changed.Earning = earned
	credited := held
	credited.MemberID = 1
	b.putPurchases(t, credited, changed)
	full.MemberID, full.Credited, full.Earning = 2, 5, earned
	list, _ = b.listPurchases(t, noren.PurchaseFilter{})
	same(t, "the purchases after a change", []noren.Purchase{credited, full}, list)
	b.putPurchases(t)
}

func purchaseByID(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	elsewhere := purchase(3, 1)
	// The same id of another source is another purchase.
	elsewhere.Source, elsewhere.ExternalID = "elsewhere", "o1"
	b.putPurchases(t, purchase(1, 1), purchase(2, 1), elsewhere)
	refunds := []noren.Refund{
		{Source: "till", PurchaseID: "o1", ExternalID: "a", Amount: 30, At: at(7)},
		{Source: "till", PurchaseID: "o1", ExternalID: "cancelled", All: true},
		{Source: "till", PurchaseID: "o1", ExternalID: "so far", Amount: 50, At: at(8), SoFar: true},
		{Source: "till", PurchaseID: "o9", ExternalID: "a"}, // before its purchase
	}
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.AddRefunds(b.ctx, nil), tx.AddRefunds(b.ctx, refunds),
			tx.AddRefunds(b.ctx, []noren.Refund{
				{Source: "elsewhere", PurchaseID: "o1", ExternalID: "a", Amount: 1}, {Source: "till", PurchaseID: "o2", ExternalID: "a", Amount: 2},
			}),
		)
	})
	b.view(t, func(tx noren.Tx) error {
		purchases, found, err := tx.PurchasesByExternalID(b.ctx, "till", []string{"o9", "o1", "o7", "O1"})
		same(t, "the purchases", []noren.Purchase{purchase(1, 1)}, purchases)
		// Their order is not promised.
		slices.SortFunc(found, func(a, b noren.Refund) int {
			return slices.Compare([]string{a.PurchaseID, a.ExternalID}, []string{b.PurchaseID, b.ExternalID})
		})
		same(t, "the refunds", refunds, found)
		nothing, none, err2 := tx.PurchasesByExternalID(b.ctx, "till", nil)
		same(t, "those of no ids", 0, len(nothing)+len(none))
		return firstError(err, err2)
	})
	// The same refund a second time is a mistake of the caller, which must not be hidden.
	err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error { return tx.AddRefunds(b.ctx, refunds[:1]) })
	if err == nil {
		t.Error("a refund was added twice")
	}
}

func purchaseOwing(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	owing := func(id, member, owed int64) noren.Purchase {
		p := purchase(id, member)
		p.Earning = noren.Earning{Rule: noren.EarnRule{Rate: "1", Scale: 1}, Granted: 9, Owed: owed}
		return p
	}
	b.putPurchases(t, owing(3, 1, 1), owing(1, 1, 5), owing(2, 1, 0), owing(4, 2, 7), purchase(5, 1))
	lots := []noren.PointLot{lot(1, 1, noren.DefaultPoint, "2026-04-30", 9), lot(2, 1, noren.DefaultPoint, "2026-04-30", 9), lot(3, 1, noren.DefaultPoint, "2026-04-30", 9)}
	// Not usable yet, and all the same part of what the purchase earned.
	lots[0].PurchaseID, lots[0].UsableFrom = 1, new(noren.Date("2026-04-20"))
	lots[1].PurchaseID = 2
	b.grant(t, lots...)
	expired := use(10, 1, noren.DefaultPoint, noren.PointBurn{LotID: 1, Amount: 4}, noren.PointBurn{LotID: 3, Amount: 9})
	expired.Entries[0].Kind = noren.PointsExpired
	b.movePoints(t, expired)
	b.movePoints(t, use(11, 1, noren.DefaultPoint, noren.PointBurn{LotID: 2, Amount: 3}))
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.OwingPurchases(b.ctx, []int64{1, 9})
		same(t, "of which points are owed", []noren.Purchase{owing(1, 1, 5), owing(3, 1, 1)}, list)
		lapsed, err2 := tx.LapsedPoints(b.ctx, []int64{1, 2, 4})
		same(t, "what has expired of purchases", map[int64]int64{1: 4}, lapsed)
		open, err3 := tx.OpenLots(b.ctx, []int64{1}, noren.DefaultPoint, false)
		same(t, "lots know their purchases", []int64{1, 2}, idsOf(open, func(l noren.PointLot) int64 { return l.PurchaseID }))
		before, err4 := tx.PointBalances(b.ctx, []int64{1}, "2026-04-19")
		after, err5 := tx.PointBalances(b.ctx, []int64{1}, "2026-04-20")
		same(t, "balances before and from the day on", []int64{6, 11}, []int64{before[0].Total, after[0].Total})
		return firstError(err, err2, err3, err4, err5)
	})
}

func purchaseHeld(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	held := func(id int64, customer string) noren.Purchase {
		p := purchase(id, 0)
		p.ShopifyCustomerID = customer
		return p
	}
	credited := held(4, "77")
	credited.MemberID = 1
	b.putPurchases(t, held(1, "77"), held(2, "78"), held(3, "77"), credited, held(5, "79"), purchase(6, 1))
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.HeldPurchases(b.ctx, []string{"79", "77", "80"})
		same(t, "the held purchases", []int64{1, 3, 5}, slices.Sorted(slices.Values(idsOf(list, func(p noren.Purchase) int64 { return p.ID }))))
		list, err2 := tx.HeldPurchases(b.ctx, nil)
		same(t, "those of nobody", 0, len(list))
		return firstError(err, err2)
	})
}

func purchaseSpend(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2), member(3))
	add := func(deltas ...noren.MonthlySpend) {
		t.Helper()
		b.update(t, func(tx noren.Tx) error { return tx.AddSpend(b.ctx, deltas) })
	}
	add(noren.MonthlySpend{MemberID: 1, Month: "2025-12", Amount: 1}, noren.MonthlySpend{MemberID: 1, Month: "2026-01", Amount: 10},
		noren.MonthlySpend{MemberID: 2, Month: "2026-01", Amount: 1 << 50})
	add(noren.MonthlySpend{MemberID: 1, Month: "2026-01", Amount: -3}, noren.MonthlySpend{MemberID: 1, Month: "2026-02", Amount: 100})
	add()
	for _, c := range []struct {
		members     []int64
		from, until noren.Month
		want        map[int64]int64
	}{
		{[]int64{1, 2, 3}, "2025-12", "2026-03", map[int64]int64{1: 108, 2: 1 << 50}},
		{[]int64{3, 1}, "2026-01", "2026-02", map[int64]int64{1: 7}},
		{[]int64{1}, "2026-01", "2026-01", map[int64]int64{}},
		{nil, "2025-01", "2027-01", map[int64]int64{}},
	} {
		b.view(t, func(tx noren.Tx) error {
			got, err := tx.Spend(b.ctx, c.members, c.from, c.until)
			same(t, fmt.Sprintf("spend of %v in %s to %s", c.members, c.from, c.until), c.want, got)
			return err
		})
	}
}

func purchaseList(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	held := purchase(3, 0)
	held.ShopifyCustomerID = "77"
	old, simultaneous := purchase(5, 1), purchase(6, 1)
	// Paid in another order than recorded, and two at one instant.
	old.PaidAt, simultaneous.PaidAt = at(-100), at(1)
	b.putPurchases(t, purchase(1, 1), purchase(2, 2), held, purchase(4, 1), old, simultaneous)
	for _, c := range []struct {
		name   string
		filter noren.PurchaseFilter
		want   []int64
		total  int
	}{
		{"all, in the order in which they were recorded", noren.PurchaseFilter{}, []int64{6, 5, 4, 3, 2, 1}, 6},
		{"a page", noren.PurchaseFilter{Page: noren.Page{Limit: 2, Offset: 1}}, []int64{5, 4}, 6},
		{"those of a member, by time", noren.PurchaseFilter{MemberID: 1}, []int64{4, 6, 1, 5}, 4},
		{"a page of those", noren.PurchaseFilter{MemberID: 1, Page: noren.Page{Limit: 2, Offset: 2}}, []int64{1, 5}, 4},
		{"those that are held", noren.PurchaseFilter{Held: true}, []int64{3}, 1},
		{"those of nobody", noren.PurchaseFilter{MemberID: 9}, []int64{}, 0},
	} {
		list, total := b.listPurchases(t, c.filter)
		same(t, c.name, c.want, idsOf(list, func(p noren.Purchase) int64 { return p.ID }))
		same(t, c.name+": total", c.total, total)
	}
}
