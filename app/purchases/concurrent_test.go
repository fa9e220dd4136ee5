package purchases_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/inbox"
	"noren/app/purchases"
	"noren/app/shop"
)

// atOnce runs do n times at once, with 0 to n-1, and returns when all have returned.
func atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// withAddresses adds members until there are n, and gives each an e-mail address by its number.
func withAddresses(t *testing.T, b *apptest.Bundle, n int) {
	t.Helper()
	s := shop.Shop{Contract: "sb_test"}
	for i := range int64(n) {
		s.Members = append(s.Members, noren.MemberPatch{ID: i + 1, Email: noren.Set(addressOf(int(i)))})
	}
	if _, err := b.Shop.Apply(b.Ctx, s); err != nil {
		t.Fatal(err)
	}
}

// addressOf is the e-mail address of the member with the place, from 0.
func addressOf(place int) string { return fmt.Sprintf("%d@example.com", place+1) }

// linking is a message that a Shopify customer has the e-mail address.
func linking(ctx context.Context, b *apptest.Bundle, id, customer, email string) error {
	w := noren.Webhook{Source: noren.WebhookShopify, ID: id, Topic: "customers/create"}
	_, err := b.Inbox.Receive(ctx, b.Caller, w, inbox.Content{Link: &inbox.ShopifyLink{ShopifyCustomerID: customer, Email: email}})
	return err
}

func TestTheSameEventAtOnceCountsOnce(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		var recorded atomic.Int64
		atOnce(50, func(int) {
			out, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("1", "a", 30))
			if err != nil {
				t.Error(err)
				return
			}
			if out[0].Result == purchases.Recorded {
				recorded.Add(1)
			}
		})
		apptest.Same(t, "how many of them recorded it", int64(1), recorded.Load())
		apptest.Same(t, "spend", int64(70), apptest.Spent(t, b, 1))
		b.Sound(t)
	})
}

func TestPurchasesAndRefundsThatRaceAddUp(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		const orders, refunds = 8, 4
		want := make([]int64, 3) // by place of the member
		for i := range orders {
			want[i%3] += 1000 - refunds*100
		}
		atOnce(orders*(refunds+1), func(i int) {
			place, number := i/(refunds+1), i%(refunds+1)
			event := apptest.RefundOf(strconv.Itoa(place), strconv.Itoa(number), 100)
			if number == 0 {
				event = apptest.Paid(strconv.Itoa(place), 1000, noren.MemberKey{ID: int64(place%3 + 1)})
			}
			out, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", event)
			if err != nil || out[0].Err != nil {
				t.Errorf("%+v, %v", out, err)
			}
		})
		apptest.Same(t, "spend", want, []int64{apptest.Spent(t, b, 1), apptest.Spent(t, b, 2), apptest.Spent(t, b, 3)})
		b.Sound(t)
	})
}

// TestLinksThatRaceWithOrdersLeaveNoneHeld lets orders of Shopify customers arrive, several in a call and in different
// orders, while the customers are being linked to members, by updates and by messages.
func TestLinksThatRaceWithOrdersLeaveNoneHeld(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		const customers, calls = 6, 24
		withAddresses(t, b, customers)
		want := make([]int64, customers)
		for i := range calls {
			want[i%customers]++
			want[(i+1)%customers] += 10
		}
		customer := func(i int) noren.MemberKey { return apptest.OfShopify(strconv.Itoa(i % customers)) }
		atOnce(calls+2*customers, func(i int) {
			var err error
			switch place := (i - calls) % customers; {
			case i < calls:
				events := []noren.PurchaseEvent{apptest.Paid(fmt.Sprint("a", i), 1, customer(i)), apptest.Paid(fmt.Sprint("b", i), 10, customer(i+1))}
				if i%2 == 0 {
					slices.Reverse(events)
				}
				_, err = apptest.Record(b.Ctx, b.App, b.Caller, "shopify", events...)
			case i < calls+customers:
				_, _, err = b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{{ID: int64(place + 1), ShopifyCustomerID: noren.Set(strconv.Itoa(place))}}, nil)
			default:
				err = linking(b.Ctx, b, strconv.Itoa(place), strconv.Itoa(place), addressOf(place))
			}
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
		held, err := b.Purchases.List(b.Ctx, b.Caller, noren.PurchaseFilter{Held: true})
		if err != nil || held.Total != 0 {
			t.Errorf("%d purchases are held, error %v", held.Total, err)
		}
		for i, amount := range want {
			apptest.Same(t, fmt.Sprint("spend of member ", i+1), amount, apptest.Spent(t, b, int64(i+1)))
		}
		b.Sound(t)
	})
}

// countedRuns counts how often closures had to run again.
type countedRuns struct {
	noren.Engine
	again *atomic.Int64
}

// Update implements noren.Engine.
func (e countedRuns) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error {
		if tx.Again() {
			e.again.Add(1)
		}
		return fn(tx)
	})
}

// TestPurchasesNeverWaitInACircle lets orders, refunds, links, changes of ranks and messages meet at the same members. A
// deadlock would be run again and do no harm but to the time; here it shows, since nothing else makes a closure run
// again.
func TestPurchasesNeverWaitInACircle(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		const members, rounds, workers = 6, 12, 8
		var again atomic.Int64
		b := apptest.SetupAt(t, url, func(e noren.Engine) noren.Engine { return countedRuns{e, &again} })
		withAddresses(t, b, members)
		atOnce(workers, func(worker int) {
			for round := range rounds {
				if err := meet(b, members, worker, round); err != nil {
					t.Errorf("worker %d, round %d: %v", worker, round, err)
				}
			}
		})
		if n := again.Load(); n > 0 {
			t.Errorf("%d closures had to run again", n)
		}
		b.Sound(t)
	})
}

// meet does one of the things that touch members and purchases, to several members in random order. Each link is to a
// Shopify customer of its own, so that links do not contradict each other.
func meet(b *apptest.Bundle, members, worker, round int) error {
	some := rand.Perm(members)[:3]
	customer := func(member, link int) string { return fmt.Sprintf("%d-%d", member+1, link) }
	mark := fmt.Sprintf("%d-%d", worker, round)
	switch worker % 4 {
	case 0: // orders by whichever name
		var events []noren.PurchaseEvent
		for i, member := range some {
			key := noren.MemberKey{ID: int64(member + 1)}
			if rand.IntN(3) > 0 {
				key = apptest.OfShopify(customer(member, rand.IntN(30)))
			}
			order := fmt.Sprint(mark, "-", i)
			events = append(events, apptest.Paid(order, 100, key), apptest.RefundOf(order, "r", 30))
		}
		slices.Reverse(events)
		_, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", events...)
		return err
	case 1, 2: // links, with changes of ranks
		var patches []noren.MemberPatch
		for _, member := range some {
			patches = append(patches, noren.MemberPatch{
				ID: int64(member + 1), ShopifyCustomerID: noren.Set(customer(member, worker%4*15+round)),
				Rank: noren.Set(noren.Ref{ID: rand.Int64N(2) + 1}),
			})
		}
		_, _, err := b.Members.Update(b.Ctx, b.Caller, patches, nil)
		return err
	default: // messages about customers
		return linking(b.Ctx, b, mark, customer(some[0], round), addressOf(some[0]))
	}
}
