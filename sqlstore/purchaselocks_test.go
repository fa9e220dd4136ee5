package sqlstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
	"noren/sqlstore"
	"noren/storetest"
)

// countedRuns counts how often closures had to run again.
type countedRuns struct {
	noren.Engine
	again atomic.Int64
}

// Update implements noren.Engine.
func (e *countedRuns) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error {
		if tx.Again() {
			e.again.Add(1)
		}
		return fn(tx)
	})
}

// TestPurchasesNeverWaitInACircle lets orders, refunds, links, changes of ranks and webhooks meet at the same members. A
// deadlock would be run again and do no harm but to the time; here it shows, since nothing else makes a closure run
// again.
func TestPurchasesNeverWaitInACircle(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		const members, rounds, workers = 6, 12, 8
		db := open(t, sqlstore.Config{URL: newURL(t)})
		engine := &countedRuns{Engine: db}
		service := noren.NewService(noren.Config{Engine: engine, Clock: storetest.Now})
		shop := noren.Shop{Contract: "sb_circle", Tenant: noren.TenantPatch{Name: noren.Set("店")}, Ranks: []noren.Rank{{ID: 1, Name: "A"}, {ID: 2, Name: "B"}}}
		for i := range int64(members) {
			shop.Members = append(shop.Members, noren.MemberPatch{ID: i + 1, Email: noren.Set(fmt.Sprintf("%d@example.com", i+1))})
		}
		if _, err := service.ApplyShop(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		tenant, err := service.TenantByContract(t.Context(), shop.Contract)
		if err != nil {
			t.Fatal(err)
		}
		c := noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Shopify}}
		var working sync.WaitGroup
		for worker := range workers {
			working.Go(func() {
				for round := range rounds {
					if err := meet(t.Context(), service, c, members, worker, round); err != nil {
						t.Errorf("worker %d, round %d: %v", worker, round, err)
					}
				}
			})
		}
		working.Wait()
		if n := engine.again.Load(); n > 0 {
			t.Errorf("%d closures had to run again", n)
		}
		sound(t, db)
	})
}

// meet does one of the things that touch members and purchases, to several members in random order. Each link is to a
// Shopify customer of its own, so that links do not contradict each other.
func meet(ctx context.Context, s *noren.Service, c noren.Caller, members, worker, round int) error {
	some := rand.Perm(members)[:3]
	customer := func(member, link int) string { return fmt.Sprintf("%d-%d", member+1, link) }
	mark := fmt.Sprintf("%d-%d", worker, round)
	switch worker % 4 {
	case 0: // orders by whichever name
		var events []noren.PurchaseEvent
		for i, member := range some {
			key := noren.MemberKey{ID: int64(member + 1)}
			if rand.IntN(3) > 0 {
				key = noren.MemberKey{ShopifyCustomerID: customer(member, rand.IntN(30))}
			}
			order := fmt.Sprint(mark, "-", i)
			events = append(events, noren.PurchaseEvent{Kind: noren.PurchasePaid, ExternalID: order, Member: key, Amount: 100, PaidAt: storetest.Now()},
				noren.PurchaseEvent{Kind: noren.PurchaseRefunded, ExternalID: order, RefundID: "r", Amount: 30})
		}
		slices.Reverse(events)
		_, err := s.RecordPurchases(ctx, c, "till", events)
		return err
	case 1, 2: // links, with changes of ranks
		var patches []noren.MemberPatch
		for _, member := range some {
			patches = append(patches, noren.MemberPatch{
				ID: int64(member + 1), ShopifyCustomerID: noren.Set(customer(member, worker%4*15+round)),
				Rank: noren.Set(noren.Ref{ID: rand.Int64N(2) + 1}),
			})
		}
		_, _, err := s.UpdateMembers(ctx, c, patches, nil)
		return err
	default: // webhooks of customers
		content := noren.WebhookContent{Link: &noren.ShopifyLink{
			ShopifyCustomerID: customer(some[0], round), Email: fmt.Sprintf("%d@example.com", some[0]+1),
		}}
		_, err := s.ReceiveWebhook(ctx, c, noren.Webhook{Source: "shopify", ID: mark, Topic: "customers/create"}, content)
		return err
	}
}
