package noren_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"noren"
)

// balanced adds members with a Shopify id and e-mail addresses: 11 and 12 share one.
func balanced(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	_, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Members: []noren.MemberPatch{
		{ID: 10, Code: noren.Set("M10"), ShopifyCustomerID: noren.Set("1000"), Email: noren.Set("Ten@example.com"), Store: noren.Set(int64(2))},
		{ID: 11, Code: noren.Set("M11"), Email: noren.Set("two@example.com")},
		{ID: 12, Code: noren.Set("M12"), Email: noren.Set("TWO@example.com"), Store: noren.Set(int64(2))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) setBalance(t *testing.T, member, balance int64) noren.BalanceChange {
	t.Helper()
	change, kept, err := b.SetPointBalance(b.ctx, b.caller, noren.MemberKey{ID: member}, balance, nil)
	if err != nil || kept != nil {
		t.Fatalf("SetPointBalance(%d, %d): %v, %v", member, balance, kept, err)
	}
	return change
}

// What is missing is granted as DEFAULT; what is too much is taken from DEFAULT first, then from PAID.
func TestPointBalanceIsSet(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	paid := adjustment(noren.AddPoints, 50, 10)
	paid.Type = noren.PaidPoint
	b.adjust(t, paid, expiring(40, "2026-01-31", 10))
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
		change := b.setBalance(t, 10, tt.balance)
		var moved []string
		for _, e := range change.Entries {
			moved = append(moved, fmt.Sprint(e.Type, " ", e.Kind, " ", e.Delta))
		}
		if got := fmt.Sprint(moved); got != tt.moved || change.Balance != tt.balance {
			t.Errorf("to %d: %s, balance %d", tt.balance, got, change.Balance)
		}
		same(t, fmt.Sprintf("points at %d", tt.balance), tt.points, b.points(t, 10))
	}
	b.sound(t)
}

// What has expired is not there, whether or not the daily run has taken it.
func TestPointBalanceLeavesOutWhatHasExpired(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	b.adjust(t, expiring(40, "2026-01-31", 10), adjustment(noren.AddPoints, 5, 10))
	b.clock.set(t, "2026-02-01 00:00:00")
	if change := b.setBalance(t, 10, 5); len(change.Entries) != 0 {
		t.Errorf("%+v", change)
	}
	if change := b.setBalance(t, 10, 45); change.Delta() != 40 {
		t.Errorf("%+v", change)
	}
	b.sound(t)
}

func TestPointBalanceRefusals(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	b.setBalance(t, 10, 5)
	for _, tt := range []struct {
		name    string
		key     noren.MemberKey
		caller  noren.Caller
		balance int64
		kind    noren.Kind
		reason  noren.Reason
	}{
		{"below 0", noren.MemberKey{ID: 10}, b.caller, -1, noren.Invalid, ""},
		{"above the most", noren.MemberKey{ID: 10}, b.caller, noren.MaxPoints + 1, noren.Invalid, ""},
		{"nobody", noren.MemberKey{ShopifyCustomerID: "1"}, b.caller, 1, noren.NotFound, noren.ReasonMemberUnknown},
		{"another store's", noren.MemberKey{ShopifyCustomerID: "1000"}, b.inStore(1), 1, noren.NotFound, noren.ReasonMemberUnknown},
		{"two members'", noren.MemberKey{Email: "two@EXAMPLE.com"}, b.caller, 1, noren.Invalid, noren.ReasonAmbiguous},
	} {
		_, _, err := b.SetPointBalance(b.ctx, tt.caller, tt.key, tt.balance, nil)
		if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != tt.kind || e.Reason != tt.reason {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, delta := range []int64{0, noren.MaxPoints + 1, -noren.MaxPoints - 1, -6} {
		_, _, err := b.MovePointBalance(b.ctx, b.caller, noren.MemberKey{ID: 10}, delta, nil)
		if refused, ok := errors.AsType[noren.Refusals](err); !ok || refused[0].Field != "amount" {
			t.Errorf("moving by %d: %v", delta, err)
		}
	}
	if _, _, err := b.SetPointBalance(b.ctx, b.inStore(1), noren.MemberKey{Email: "two@example.com"}, 7, nil); err != nil {
		t.Errorf("the one that the store sees: %v", err)
	}
	same(t, "points", []string{"DEFAULT 5"}, b.points(t, 10))
	same(t, "points of the one that store 1 sees", []string{"DEFAULT 7"}, b.points(t, 11))
	b.caller.Tenant.Points.Enabled = false
	if _, _, err := b.MovePointBalance(b.ctx, b.caller, noren.MemberKey{ID: 10}, 1, nil); noren.KindOf(err) != noren.Invalid {
		t.Errorf("switched off: %v", err)
	}
}

// Whoever sets the balance at once, one of the balances is the last.
func TestPointBalancesAreSetOneAfterAnother(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	wanted := []int64{0, 3, 17, 250}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if _, _, err := b.SetPointBalance(b.ctx, b.caller, noren.MemberKey{ShopifyCustomerID: "1000"}, wanted[i%len(wanted)], nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := b.Member(b.ctx, b.caller, 10)
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, p := range list.Points[10] {
		total += p.Total
	}
	if !slices.Contains(wanted, total) {
		t.Errorf("the balance is %d, none of %v", total, wanted)
	}
	b.sound(t)
}

// The ledger shows a caller in a store only what moved points of members that it sees.
func TestPointLedger(t *testing.T) {
	t.Parallel()
	b := balanced(t)
	b.setBalance(t, 10, 5)
	b.setBalance(t, 11, 6)
	for _, tt := range []struct {
		name   string
		caller noren.Caller
		filter noren.PointEntryFilter
		want   []int64
	}{
		{"all", b.caller, noren.PointEntryFilter{}, []int64{10, 11}},
		{"in store 1", b.inStore(1), noren.PointEntryFilter{}, []int64{11}},
		{"in store 1, of a member of store 2", b.inStore(1), noren.PointEntryFilter{MemberID: 10}, nil},
	} {
		ledger, err := b.PointLedger(b.ctx, tt.caller, tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var members []int64
		for _, e := range ledger.Entries {
			members = append(members, ledger.Members[e.MemberID].ID)
		}
		same(t, tt.name, tt.want, members)
	}
}
