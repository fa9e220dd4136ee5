package purchases_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"noren"
	"noren/app/apptest"
	"noren/app/purchases"
	"noren/app/shop"
)

// toldOrder is one order of a source, with all events about it.
type toldOrder struct {
	paid      noren.PurchaseEvent
	refunds   []noren.PurchaseEvent // in the order in which they were made
	untold    map[int]bool          // of which there is no event, because they are older than the webhooks
	files     []int                 // files of orders, each by how many refunds were made before it
	cancelled bool
}

// remains returns what finally counts of the order, as far as anything tells.
func (o toldOrder) remains() int64 {
	rest := o.paid.Amount
	for i, r := range o.refunds {
		if !o.untold[i] || slices.ContainsFunc(o.files, func(before int) bool { return i < before }) {
			rest -= r.Amount
		}
	}
	if o.cancelled || rest < 0 {
		return 0
	}
	return rest
}

func (o toldOrder) events() []noren.PurchaseEvent {
	events := []noren.PurchaseEvent{o.paid}
	for i, r := range o.refunds {
		if !o.untold[i] {
			events = append(events, r)
		}
	}
	for _, before := range o.files {
		shown := o.paid
		shown.State.At = o.paid.PaidAt.Add(time.Duration(before)*time.Hour + time.Minute)
		for _, r := range o.refunds[:before] {
			shown.State.Refunded += r.Amount
		}
		events = append(events, shown)
	}
	if o.cancelled {
		events = append(events, apptest.CancelOf(o.paid.ExternalID))
	}
	return events
}

// owners are the keys that events name, and the member they finally belong to: the Shopify customer a is
// linked from the beginning, and b somewhere on the way.
var owners = []struct {
	key    noren.MemberKey
	member int64
}{
	{noren.MemberKey{ID: 1}, 1},
	{noren.MemberKey{Code: "M2"}, 2},
	{noren.MemberKey{Email: "THREE@example.com"}, 3},
	{noren.MemberKey{ShopifyCustomerID: "a"}, 3},
	{noren.MemberKey{ShopifyCustomerID: "b"}, 2},
}

func anyOrder(t *rapid.T, id string) (o toldOrder, member int64) {
	// Around midnight at the turns of two months in Japan, some of it in other zones.
	hours := rapid.IntRange(-24*40, 24*40).Draw(t, "hours")
	at := time.Date(2025, 11, 30, 15, 0, 0, 0, time.UTC).Add(time.Duration(hours) * time.Hour)
	if rapid.Bool().Draw(t, "elsewhere") {
		at = at.In(time.FixedZone("", -5*60*60))
	}
	owner := rapid.SampledFrom(owners).Draw(t, "owner")
	o = toldOrder{paid: apptest.Paid(id, rapid.Int64Range(0, 100).Draw(t, "amount"), owner.key), cancelled: rapid.IntRange(0, 3).Draw(t, "cancelled") == 0}
	o.paid.PaidAt = at
	o.untold = make(map[int]bool)
	for i := range rapid.IntRange(0, 3).Draw(t, "refunds") {
		r := apptest.RefundOf(id, fmt.Sprint("r", i), rapid.Int64Range(0, 60).Draw(t, "refund"))
		r.RefundedAt = at.Add(time.Duration(i+1) * time.Hour)
		o.refunds, o.untold[i] = append(o.refunds, r), rapid.IntRange(0, 3).Draw(t, "untold") == 0
	}
	o.files = rapid.SliceOfN(rapid.IntRange(0, len(o.refunds)), 0, 2).Draw(t, "files")
	return o, owner.member
}

// TestSpendIsWhatRemainsOfPurchases records random orders in random order, with repeats, in random batches, and links a
// Shopify customer somewhere on the way: what members spent by month is what remains of their orders.
func TestSpendIsWhatRemainsOfPurchases(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	var shops atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		tenant := newShop(rt, b, fmt.Sprint("sb_", shops.Add(1)))
		caller := noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Operator}}
		want := make(map[string]int64)
		var events []noren.PurchaseEvent
		for i := range rapid.IntRange(1, 5).Draw(rt, "orders") {
			o, member := anyOrder(rt, fmt.Sprint("o", i))
			events = append(events, o.events()...)
			month := o.paid.PaidAt.In(time.FixedZone("JST", 9*60*60)).Format("2006-01")
			want[fmt.Sprint(month, " ", member)] += o.remains()
		}
		repeats := rapid.SliceOfN(rapid.SampledFrom(events), 0, 6).Draw(rt, "repeats")
		told := rapid.Permutation(slices.Concat(events, repeats)).Draw(rt, "told")
		link := rapid.IntRange(0, len(told)).Draw(rt, "link")
		for i := 0; i <= len(told); {
			if i == link {
				linkLate(rt, b, caller)
			}
			if i == len(told) {
				break
			}
			end := len(told)
			if link > i {
				end = link
			}
			n := rapid.IntRange(1, end-i).Draw(rt, "batch")
			outcomes, err := apptest.Record(b.Ctx, b.App, caller, "till", told[i:i+n]...)
			if err != nil {
				rt.Fatal(err)
			}
			for _, o := range outcomes {
				if o.Err != nil {
					rt.Fatalf("refused: %v", o.Err)
				}
			}
			i += n
		}
		compareSpend(rt, b, caller, want)
		outcomes, err := apptest.Record(b.Ctx, b.App, caller, "till", told...)
		if err != nil || slices.ContainsFunc(outcomes, func(o purchases.Outcome) bool { return o.Result != purchases.Known }) {
			rt.Fatalf("told again: %+v, %v", outcomes, err)
		}
		compareSpend(rt, b, caller, want)
	})
	b.Sound(t)
}

// newShop makes a tenant with the members that orders are of.
func newShop(t *rapid.T, b *apptest.Bundle, contract string) noren.Tenant {
	t.Helper()
	_, err := b.Shop.Apply(b.Ctx, shop.Shop{
		Contract: contract, Tenant: noren.TenantPatch{Name: noren.Set("商店")},
		Members: []noren.MemberPatch{
			{ID: 1}, {ID: 2, Code: noren.Set("M2")}, {ID: 3, Email: noren.Set("three@example.com"), ShopifyCustomerID: noren.Set("a")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := b.Access.TenantByContract(b.Ctx, contract)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

func linkLate(t *rapid.T, b *apptest.Bundle, c noren.Caller) {
	t.Helper()
	patch := noren.MemberPatch{ID: 2, ShopifyCustomerID: noren.Set("b")}
	if _, _, err := b.Members.Update(b.Ctx, c, []noren.MemberPatch{patch}, nil); err != nil {
		t.Fatal(err)
	}
}

// compareSpend compares what is kept by month and member with what is wanted.
func compareSpend(t *rapid.T, b *apptest.Bundle, c noren.Caller, want map[string]int64) {
	t.Helper()
	got := make(map[string]int64)
	err := b.Engine.View(b.Ctx, c.Tenant.ID, func(tx noren.Tx) error {
		for month := time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC); month.Year() < 2027; month = month.AddDate(0, 1, 0) {
			from, until := month.Format("2006-01"), month.AddDate(0, 1, 0).Format("2006-01")
			spend, err := tx.Spend(b.Ctx, []int64{1, 2, 3}, noren.Month(from), noren.Month(until))
			if err != nil {
				return err
			}
			for member, amount := range spend {
				got[fmt.Sprint(from, " ", member)] = amount
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var differences []string
	for key := range want {
		if want[key] != got[key] {
			differences = append(differences, fmt.Sprintf("%s: %d, want %d", key, got[key], want[key]))
		}
	}
	for key := range got {
		if _, wanted := want[key]; !wanted && got[key] != 0 {
			differences = append(differences, fmt.Sprintf("%s: %d, want nothing", key, got[key]))
		}
	}
	if len(differences) > 0 {
		t.Fatalf("spend by month and member: %s", strings.Join(differences, "; "))
	}
}
