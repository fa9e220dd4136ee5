package demoshop

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/app/shop"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func setup(t *testing.T) shop.Shop {
	t.Helper()
	return New(1, now, 3000)
}

// TestSameSeedSameShop compares shops as JSON.
func TestSameSeedSameShop(t *testing.T) {
	t.Parallel()
	text := func(seed uint64) string {
		data, err := json.Marshal(New(seed, now, 200))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if diff := cmp.Diff(text(1), text(1)); diff != "" {
		t.Errorf("two shops of one seed differ:\n%s", diff)
	}
	if text(1) == text(2) {
		t.Error("two seeds make the same shop")
	}
}

// TestMembersMakeSense checks every member by the rules for stored members, and for plausible values.
func TestMembersMakeSense(t *testing.T) {
	t.Parallel()
	shop := setup(t)
	today := noren.DateOf(now, time.UTC)
	in := noren.PatchContext{Ranks: shop.Ranks, StaffRanks: shop.StaffRanks, Stores: shop.Stores, Today: today}
	forms := map[string]*regexp.Regexp{
		"postal_code": regexp.MustCompile(`^\d{3}-\d{4}$`),
		"phone":       regexp.MustCompile(`^0\d{1,3}-0\d{1,3}-\d{4}$`),
		"mobile":      regexp.MustCompile(`^0[789]0-0\d{3}-\d{4}$`),
		"email":       regexp.MustCompile(`^[a-z]+\.[a-z]+\d\d@example\.(com|jp|net)$`),
	}
	codes := make(map[string]bool)
	for _, p := range shop.Members {
		m, broken := p.Apply(noren.Member{ID: p.ID}, in)
		if len(broken) > 0 || codes[m.Code] {
			t.Errorf("member %d breaks %v, code %s", p.ID, broken, m.Code)
		}
		codes[m.Code] = true
		for name, value := range map[string]*string{
			"postal_code": m.PostalCode, "phone": m.Phone, "mobile": m.Mobile, "email": m.Email,
		} {
			if value != nil && !forms[name].MatchString(*value) {
				t.Errorf("member %d: %s is %q", p.ID, name, *value)
			}
		}
		if m.Phone != nil && len(*m.Phone) != len("03-0123-4567") {
			t.Errorf("member %d: the telephone number %q has not ten digits", p.ID, *m.Phone)
		}
		for _, kana := range []string{*m.LastKana, *m.FirstKana} {
			for _, r := range kana {
				if !unicode.Is(unicode.Katakana, r) && r != 'ー' {
					t.Errorf("member %d: kana %q", p.ID, kana)
				}
			}
		}
		if *m.EntryDate > today || m.LeaveDate != nil && (*m.LeaveDate < *m.EntryDate || *m.LeaveDate > today) {
			t.Errorf("member %d came on %s and left on %v", p.ID, *m.EntryDate, m.LeaveDate)
		}
	}
}

// TestShares checks the composition of the membership.
func TestShares(t *testing.T) {
	t.Parallel()
	shop := setup(t)
	count := make(map[string]int)
	for _, p := range shop.Members {
		status, _ := p.Status.Value()
		sex, _ := p.Sex.Value()
		name, _ := p.LastName.Value()
		rank, _ := p.Rank.Value()
		count[string(status)]++
		count[string(sex)]++
		count[name]++
		count[shop.Ranks[rank.ID-1].Name]++
	}
	for what, share := range map[string][2]int{ // least and most, of 3000
		"ACTIVE": {2700, 2900}, "LEFT": {50, 130}, "SUSPENDED": {20, 80}, "FEMALE": {1800, 2050}, "佐藤": {90, 190},
		"プラチナ": {10, 60}, "一般": {1900, 2300},
	} {
		if n := count[what]; n < share[0] || n > share[1] {
			t.Errorf("%d of %d members are %s", n, len(shop.Members), what)
		}
	}
	if len(shop.Products) < 40 || len(shop.Purchases) < 3000 {
		t.Errorf("%d products, %d purchases", len(shop.Products), len(shop.Purchases))
	}
}

// TestSpendEarnsTheRank adds up what members spent in the year.
func TestSpendEarnsTheRank(t *testing.T) {
	t.Parallel()
	shop := setup(t)
	spent, ids := make(map[string]int64), make(map[string]bool)
	for _, p := range shop.Purchases {
		spent[p.Member.Code] += p.Amount
		if ids[p.ExternalID] || p.Amount <= 0 || p.PaidAt.After(now) || p.PaidAt.Before(now.AddDate(-1, 0, 0)) {
			t.Errorf("purchase %+v", p)
		}
		ids[p.ExternalID] = true
	}
	for _, m := range shop.Members {
		code, _ := m.Code.Value()
		if rank, _ := m.Rank.Value(); rank.ID != rankFor(int(spent[code])) {
			t.Errorf("member %s spent %d and has rank %d", code, spent[code], rank.ID)
		}
	}
}
