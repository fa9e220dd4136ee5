package points_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
	"noren/app/shop"
)

// balanced adds members with a Shopify id and e-mail addresses: 11 and 12 share one.
func balanced(t *testing.T) *apptest.Bundle {
	t.Helper()
	b := apptest.Setup(t)
	_, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Members: []noren.MemberPatch{
		{ID: 10, Code: noren.Set("M10"), ShopifyCustomerID: noren.Set("1000"), Email: noren.Set("Ten@example.com"), Store: noren.Set(int64(2))},
		{ID: 11, Code: noren.Set("M11"), Email: noren.Set("two@example.com")},
		{ID: 12, Code: noren.Set("M12"), Email: noren.Set("TWO@example.com"), Store: noren.Set(int64(2))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func setBalance(t *testing.T, b *apptest.Bundle, member, balance int64) points.BalanceChange {
	t.Helper()
	change, kept, err := b.Points.SetBalance(b.Ctx, b.Caller, noren.MemberKey{ID: member}, balance, nil)
	if err != nil || kept != nil {
		t.Fatalf("SetBalance(%d, %d): %v, %v", member, balance, kept, err)
	}
	return change
}

// Missing points are granted as DEFAULT; surplus points are taken from DEFAULT first, then from PAID.
func TestPointBalanceIsSet(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	paid := adjustment(points.Add, 50, 10)
	paid.Type = noren.PaidPoint
	adjust(t, b, paid, expiring(40, "2026-01-31", 10))
	for _, tt := range []struct {
		balance int64
		moved   string // by type
		points  []string
	}{
		{90, "[]", []string{"DEFAULT 40, 40 through 2026-01-31", "PAID 50"}},
		{100, "[DEFAULT granted 10]", []string{"DEFAULT 50, 40 through 2026-01-31", "PAID 50"}},
		{55, "[DEFAULT used -45]", []string{"DEFAULT 5", "PAID 50"}},
		{30, "[DEFAULT used -5 PAID used -20]", []string{"PAID 30"}},
		{0, "[PAID used -30]", nil},
		{noren.MaxPoints, "[DEFAULT granted 999999999]", []string{"DEFAULT 999999999"}},
	} {
		change := setBalance(t, b, 10, tt.balance)
		var moved []string
		for _, e := range change.Entries {
			moved = append(moved, fmt.Sprint(e.Type, " ", e.Kind, " ", e.Delta))
		}
		if got := fmt.Sprint(moved); got != tt.moved || change.Balance != tt.balance {
			t.Errorf("to %d: %s, balance %d", tt.balance, got, change.Balance)
		}
		apptest.Same(t, fmt.Sprintf("points at %d", tt.balance), tt.points, apptest.Points(t, b, 10))
	}
	b.Sound(t)
}

// Expired points do not count, whether or not the daily run has removed them.
func TestPointBalanceLeavesOutWhatHasExpired(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	adjust(t, b, expiring(40, "2026-01-31", 10), adjustment(points.Add, 5, 10))
	b.Clock.Set(t, "2026-02-01 00:00:00")
	if change := setBalance(t, b, 10, 5); len(change.Entries) != 0 {
		t.Errorf("%+v", change)
	}
	if change := setBalance(t, b, 10, 45); change.Delta() != 40 {
		t.Errorf("%+v", change)
	}
	b.Sound(t)
}

func TestPointBalanceRefusals(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	setBalance(t, b, 10, 5)
	for _, tt := range []struct {
		name    string
		key     noren.MemberKey
		caller  noren.Caller
		balance int64
		kind    noren.Kind
		reason  noren.Reason
	}{
		{"below 0", noren.MemberKey{ID: 10}, b.Caller, -1, noren.Invalid, ""},
		{"above the most", noren.MemberKey{ID: 10}, b.Caller, noren.MaxPoints + 1, noren.Invalid, ""},
		{"nobody", noren.MemberKey{ShopifyCustomerID: "1"}, b.Caller, 1, noren.NotFound, noren.ReasonMemberUnknown},
		{"another store's", noren.MemberKey{ShopifyCustomerID: "1000"}, b.InStore(1), 1, noren.NotFound, noren.ReasonMemberUnknown},
		{"two members'", noren.MemberKey{Email: "two@EXAMPLE.com"}, b.Caller, 1, noren.Invalid, noren.ReasonAmbiguous},
	} {
		_, _, err := b.Points.SetBalance(b.Ctx, tt.caller, tt.key, tt.balance, nil)
		if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != tt.kind || e.Reason != tt.reason {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, delta := range []int64{0, noren.MaxPoints + 1, -noren.MaxPoints - 1, -6} {
		_, _, err := b.Points.MoveBalance(b.Ctx, b.Caller, noren.MemberKey{ID: 10}, delta, nil)
		if refused, ok := errors.AsType[noren.Refusals](err); !ok || refused[0].Field != "amount" {
			t.Errorf("moving by %d: %v", delta, err)
		}
	}
	if _, _, err := b.Points.SetBalance(b.Ctx, b.InStore(1), noren.MemberKey{Email: "two@example.com"}, 7, nil); err != nil {
		t.Errorf("the one that the store sees: %v", err)
	}
	apptest.Same(t, "points", []string{"DEFAULT 5"}, apptest.Points(t, b, 10))
	apptest.Same(t, "points of the one that store 1 sees", []string{"DEFAULT 7"}, apptest.Points(t, b, 11))
	b.Caller.Tenant.Points.Enabled = false
	if _, _, err := b.Points.MoveBalance(b.Ctx, b.Caller, noren.MemberKey{ID: 10}, 1, nil); noren.KindOf(err) != noren.Invalid {
		t.Errorf("switched off: %v", err)
	}
}

// When several set the balance at once, one of their balances is the last, and the ledger adds up to it.
func TestPointBalancesAreSetOneAfterAnother(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		wanted := []int64{0, 3, 17, 250}
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if _, _, err := b.Points.SetBalance(b.Ctx, b.Caller, noren.MemberKey{Code: "M1"}, wanted[i%len(wanted)], nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		total, sum := totalOf(t, b, 1)
		if !slices.Contains(wanted, total) || sum != total {
			t.Errorf("the balance is %d, none of %v, or the movements add up to %d", total, wanted, sum)
		}
		b.Sound(t)
	})
}

// totalOf is how many points the member has, and what the movements add up to.
func totalOf(t *testing.T, b *apptest.Bundle, member int64) (total, sum int64) {
	t.Helper()
	list, err := b.Members.Get(b.Ctx, b.Caller, member)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Points[member] {
		total += p.Total
	}
	ledger, err := b.Points.Ledger(b.Ctx, b.Caller, noren.PointEntryFilter{MemberID: member})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ledger.Entries {
		sum += e.Delta
	}
	return total, sum
}

// The ledger shows a caller restricted to one store only the movements of members that it may see.
func TestPointLedger(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	setBalance(t, b, 10, 5)
	setBalance(t, b, 11, 6)
	for _, tt := range []struct {
		name   string
		caller noren.Caller
		filter noren.PointEntryFilter
		want   []int64
	}{
		{"all", b.Caller, noren.PointEntryFilter{}, []int64{10, 11}},
		{"in store 1", b.InStore(1), noren.PointEntryFilter{}, []int64{11}},
		{"in store 1, of a member of store 2", b.InStore(1), noren.PointEntryFilter{MemberID: 10}, nil},
	} {
		ledger, err := b.Points.Ledger(b.Ctx, tt.caller, tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var members []int64
		for _, e := range ledger.Entries {
			members = append(members, ledger.Members[e.MemberID].ID)
		}
		apptest.Same(t, tt.name, tt.want, members)
	}
}
