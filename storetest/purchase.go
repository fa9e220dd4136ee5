package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
)

func purchaseChecks() []check {
	return []check{
		{"purchases come back as they went in, and only member and credit change", purchasePut},
		{"purchases of one source by its ids, with their refunds", purchaseByID},
		{"held purchases of Shopify customers", purchaseHeld},
		{"spend adds up by member and month", purchaseSpend},
		{"filters, order and pages of purchases", purchaseList},
		{"the same event fifty times at once counts once", purchaseConcurrentRepeats},
		{"purchases and refunds that race add up", purchaseConcurrentRefunds},
		{"links that race with orders leave none held", purchaseConcurrentLinks},
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
	full := noren.Purchase{
		ID: 7, Source: `ソース'"\`, ExternalID: "#1001 😀", MemberID: 1, ShopifyCustomerID: "6757085806881", Amount: noren.MaxMoney,
		Credited: noren.MaxMoney - 1, PaidAt: at(0), Month: "2026-04",
	}
	held := noren.Purchase{ID: 8, Source: "till", ExternalID: "h", ShopifyCustomerID: "77", PaidAt: at(-1), Month: "2026-03"}
	b.putPurchases(t, full, held)
	list, total := b.listPurchases(t, noren.PurchaseFilter{})
	same(t, "the purchases", []noren.Purchase{held, full}, list)
	same(t, "their number", 2, total)

	changed := full
	changed.ID, changed.MemberID, changed.Credited, changed.Amount, changed.PaidAt, changed.Month = 99, 2, 5, 6, at(9), "1999-01"
	changed.ShopifyCustomerID = "other"
	credited := held
	credited.MemberID = 1
	b.putPurchases(t, credited, changed)
	full.MemberID, full.Credited = 2, 5
	list, _ = b.listPurchases(t, noren.PurchaseFilter{})
	same(t, "the purchases after a change", []noren.Purchase{credited, full}, list)
	b.putPurchases(t)
}

func purchaseByID(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	elsewhere := purchase(3, 1)
	elsewhere.Source, elsewhere.ExternalID = "elsewhere", "o1"
	b.putPurchases(t, purchase(1, 1), purchase(2, 1), elsewhere)
	refunds := []noren.Refund{
		{Source: "till", PurchaseID: "o1", ExternalID: "a", Amount: 30},
		{Source: "till", PurchaseID: "o1", ExternalID: "cancelled", All: true},
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
		slices.SortFunc(found, func(a, b noren.Refund) int {
			return slices.Compare([]string{a.PurchaseID, a.ExternalID}, []string{b.PurchaseID, b.ExternalID})
		})
		same(t, "the refunds", refunds, found)
		nothing, none, err2 := tx.PurchasesByExternalID(b.ctx, "till", nil)
		same(t, "those of no ids", 0, len(nothing)+len(none))
		return firstError(err, err2)
	})
	// The same refund a second time is a mistake of the caller's, which nothing may hide.
	err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error { return tx.AddRefunds(b.ctx, refunds[:1]) })
	if err == nil {
		t.Error("a refund was added twice")
	}
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

// useCases is the service on the engine, and a caller of the tenant.
func (b *bundle) useCases() (*noren.Service, noren.Caller) {
	s := noren.NewService(noren.Config{Engine: b.Engine, Clock: func() time.Time { return at(0) }})
	return s, noren.Caller{Tenant: b.tenant, Client: noren.Client{Dialect: noren.Shopify}}
}

func paid(id string, amount int64, key noren.MemberKey) noren.PurchaseEvent {
	return noren.PurchaseEvent{Kind: noren.PurchasePaid, ExternalID: id, Member: key, Amount: amount, PaidAt: at(0)}
}

func refund(id, refund string, amount int64) noren.PurchaseEvent {
	return noren.PurchaseEvent{Kind: noren.PurchaseRefunded, ExternalID: id, RefundID: refund, Amount: amount}
}

// spent is what the members spent in all, by member.
func (b *bundle) spent(t *testing.T, members ...int64) (spend map[int64]int64) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		spend, err = tx.Spend(b.ctx, members, "2000-01", "2100-01")
		return err
	})
	return spend
}

// addsUp fails the test where what is credited in this tenant does not add up. Other checks that share the engine may
// have left something that does not.
func (b *bundle) addsUp(t *testing.T) {
	t.Helper()
	for _, c := range b.verify(t) {
		for _, v := range c.Violations {
			if strings.HasPrefix(v, "tenant "+b.tenant.Contract+": ") {
				t.Errorf("%s: %s", c.Name, v)
			}
		}
	}
}

// newMembers inserts n members, numbered from 1 by the counter.
func (b *bundle) newMembers(t *testing.T, n int) {
	t.Helper()
	list := make([]noren.Member, n)
	for i := range list {
		list[i] = member(int64(i + 1))
	}
	b.insertNumbered(t, list)
}

// insertNumbered inserts the members and lets the counters go on after everything that setup and they have numbered.
func (b *bundle) insertNumbered(t *testing.T, list []noren.Member) {
	t.Helper()
	b.insert(t, list...)
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.Raise(b.ctx, noren.CounterMember, int64(len(list))), tx.Raise(b.ctx, noren.CounterClient, 2))
	})
}

func purchaseConcurrentRepeats(t *testing.T, b *bundle) {
	const n = 50
	b.newMembers(t, 1)
	s, c := b.useCases()
	results := make([]noren.PurchaseResult, n)
	inParallel(n, func(i int) {
		out, err := s.RecordPurchases(b.ctx, c, "till", []noren.PurchaseEvent{paid("1", 100, noren.MemberKey{ID: 1}), refund("1", "a", 30)})
		if err != nil {
			t.Errorf("RecordPurchases: %v", err)
			return
		}
		results[i] = out[0].Result
	})
	recorded := 0
	for _, r := range results {
		if r == noren.PurchaseRecorded {
			recorded++
		}
	}
	same(t, "how many of them recorded it", 1, recorded)
	same(t, "spend", map[int64]int64{1: 70}, b.spent(t, 1))
	b.addsUp(t)
}

func purchaseConcurrentRefunds(t *testing.T, b *bundle) {
	const orders, refunds = 8, 4
	b.newMembers(t, 3)
	s, c := b.useCases()
	want := make(map[int64]int64)
	for i := range orders {
		want[int64(i%3)+1] += 1000 - refunds*100
	}
	inParallel(orders*(refunds+1), func(i int) {
		order := fmt.Sprint(i / (refunds + 1))
		event := refund(order, fmt.Sprint(i), 100)
		if i%(refunds+1) == 0 {
			event = paid(order, 1000, noren.MemberKey{ID: int64(i/(refunds+1)%3) + 1})
		}
		out, err := s.RecordPurchases(b.ctx, c, "till", []noren.PurchaseEvent{event})
		if err != nil || out[0].Err != nil {
			t.Errorf("RecordPurchases: %v, %v", out, err)
		}
	})
	same(t, "spend", want, b.spent(t, 1, 2, 3))
	b.addsUp(t)
}

// purchaseConcurrentLinks lets orders of Shopify customers arrive, several in a call and in different orders, while the
// customers are being linked to members, by updates and by webhooks.
func purchaseConcurrentLinks(t *testing.T, b *bundle) {
	const customers, calls = 6, 24
	list := make([]noren.Member, customers)
	for i := range list {
		list[i] = member(int64(i + 1))
		list[i].Email = new(fmt.Sprintf("%d@example.com", i+1))
	}
	b.insertNumbered(t, list)
	s, c := b.useCases()
	want := make(map[int64]int64)
	for i := range calls {
		want[int64(i%customers)+1] += 1
		want[int64((i+1)%customers)+1] += 10
	}
	customer := func(i int) noren.MemberKey {
		return noren.MemberKey{ShopifyCustomerID: fmt.Sprint(i % customers)}
	}
	inParallel(calls+2*customers, func(i int) {
		var err error
		switch i -= calls; {
		case i < 0:
			events := []noren.PurchaseEvent{paid(fmt.Sprint("a", i), 1, customer(i+calls)), paid(fmt.Sprint("b", i), 10, customer(i+calls+1))}
			if i%2 == 0 {
				slices.Reverse(events)
			}
			_, err = s.RecordPurchases(b.ctx, c, "shopify", events)
		case i < customers:
			patches := []noren.MemberPatch{{ID: int64(i + 1), ShopifyCustomerID: noren.Set(fmt.Sprint(i))}}
			_, _, err = s.UpdateMembers(b.ctx, c, patches, nil)
		default:
			i -= customers
			link := noren.ShopifyLink{ShopifyCustomerID: fmt.Sprint(i), Email: fmt.Sprintf("%d@example.com", i+1)}
			_, err = s.ReceiveWebhook(b.ctx, c, noren.Webhook{Source: "shopify", ID: fmt.Sprint(i), Topic: "customers/create"}, noren.WebhookContent{Link: &link})
		}
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	})
	_, held := b.listPurchases(t, noren.PurchaseFilter{Held: true})
	same(t, "held purchases", 0, held)
	same(t, "spend", want, b.spent(t, upTo(customers)...))
	b.addsUp(t)
}
