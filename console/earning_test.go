package console

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/shop"
)

// TestEarning sets what purchases earn, as people type it, sees what a purchase would earn, and keeps what somebody else has set meanwhile.
func TestEarning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	const page = "/console/ranks/points"
	w.shows("/console/ranks", page)
	b.as("viewer").lacks(b.as("viewer").shows("/console/ranks"), page)
	w.lacks(w.shows(page, "付与しない", `name="was_way" value="none"`), "付与ポイント")

	form := url.Values{
		"way": {"unit"}, "unit_price": {"１００"}, "unit": {"1"}, "rate": {"1"}, "from": {"2026/4/1"}, "usable_after_days": {"14"},
		"expires_after_months": {"12"}, "refunds": {"forgive"}, "counts_used_points": {ticked},
	}
	for name, values := range map[string]string{
		"way": "none", "unit_price": "100", "unit": "1", "rate": "1", "from": "", "usable_after_days": "0", "expires_after_months": "0",
		"refunds": "owe", "counts_tax": ticked, "counts_used_points": ticked,
	} {
		form.Set("was_"+name, values)
	}
	form.Set("deed", deedPreview)
	// Without tax 1,122 yen count: 11 points, usable in 14 days and for 12 months from then.
	a := w.post(page, form)
	for _, has := range []string{">11<", "1,234円", "112円", "2026-04-15から利用できます", "有効期限は2027-04-15です"} {
		if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), has) {
			t.Fatalf("the preview lacks %q: %d %s", has, a.Code, textOf(a))
		}
	}
	form.Set("deed", deedSave)
	if a := w.post(page, form); a.Code != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", a.Code, textOf(a))
	}
	w.shows(page, `name="was_from" value="2026-04-01"`, `value="forgive" selected`, ">11<")
	w.shows("/console/audit", "購入によるポイント付与の設定")

	// Somebody with the old page changes another field, which is merged, and then the same one, which is told.
	other := url.Values{}
	for name, values := range form {
		other[name] = values
		if was, ok := strings.CutPrefix(name, "was_"); ok {
			other[was] = values
		}
	}
	other.Set("usable_after_days", "7")
	if a := w.post(page, other); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), `id="field-usable_after_days-problem"`) {
		t.Errorf("two who set the same field: %d %s", a.Code, textOf(a))
	}
	other.Set("usable_after_days", "0")
	other.Set("from", "")
	other.Set("rate", "1")
	if a := w.post(page, other); a.Code != http.StatusSeeOther {
		t.Errorf("nothing changed: %d %s", a.Code, textOf(a))
	}
	w.shows(page, `value="2026-04-01"`, `value="forgive" selected`)

	byRate := url.Values{"way": {"rate"}, "rate": {"0.7%"}, "usable_after_days": {"0"}, "expires_after_months": {"0"}, "refunds": {"owe"}, "counts_tax": {ticked}, "deed": {deedSave}}
	if a := w.post(page, byRate); a.Code != http.StatusSeeOther {
		t.Fatalf("by rate: %d %s", a.Code, textOf(a))
	}
	w.shows(page, `value="0.7"`, ">8<", ">7<") // 1,234 × 0.007, and of 1,134
	for field, wrong := range map[string]url.Values{
		"rate":                 {"way": {"rate"}, "rate": {"1e3"}},
		"unit_price":           {"way": {"unit"}, "unit_price": {"0"}, "unit": {"1"}},
		"unit":                 {"way": {"unit"}, "unit_price": {"100"}, "unit": {"0.125"}},
		"from":                 {"from": {"2026-02-30"}},
		"usable_after_days":    {"usable_after_days": {"-1"}},
		"expires_after_months": {"expires_after_months": {"x"}},
	} {
		bad := url.Values{"deed": {deedSave}, "usable_after_days": {"0"}, "expires_after_months": {"0"}}
		maps.Copy(bad, wrong)
		if a := w.post(page, bad); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), `id="field-`+field+`-problem"`) {
			t.Errorf("a wrong %s: %d %s", field, a.Code, textOf(a))
		}
	}
	for _, less := range []string{"staff", "viewer", "ginza"} {
		if a := b.as(less).post(page, byRate); a.Code != http.StatusForbidden {
			t.Errorf("%s: %d", less, a.Code)
		}
	}
}

// TestWhatABalanceLacks: the counter sees beside the balance which points a customer cannot use yet, and what is owed for a refund.
func TestWhatABalanceLacks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paid := b.clock.Read()
	purchase := func(member, id string, amount int64) noren.PurchaseEvent {
		return noren.PurchaseEvent{Kind: noren.PurchasePaid, Member: noren.MemberKey{Code: member}, ExternalID: id, Amount: amount, PaidAt: paid}
	}
	earn := func(days int, events ...noren.PurchaseEvent) {
		t.Helper()
		settings := noren.DefaultPoints()
		settings.Earn = noren.EarnProgramme{EarnRule: noren.EarnRule{UnitPrice: 100, Unit: 100, Scale: 1}, UsableAfterDays: days}
		b.applyShop(shop.Shop{Contract: contract, Tenant: noren.TenantPatch{Points: noren.Set(settings)}, Purchases: events})
	}
	w := b.as("staff")
	w.lacks(w.shows("/console/members/1"), "利用開始前のポイント", "利用済み")
	earn(14, purchase("M1", "o-1", 5000))
	w.shows("/console/members/1", "利用開始前のポイント", "2026-04-15から50")
	earn(0, purchase("M3", "o-2", 3000))
	const target = "/console/members/3/points"
	f := form(t, w.shows("/console/members/3"), target)
	f.Set("mode", "SUB")
	f.Set("amount", "30")
	if a := w.post(target, f); a.Code != http.StatusSeeOther {
		t.Fatalf("using points: %d %s", a.Code, textOf(a))
	}
	refund := purchase("M3", "o-2", 1000)
	refund.Kind, refund.RefundID = noren.PurchaseRefunded, "r-1"
	earn(0, refund)
	w.shows("/console/members/3", "返品された購入の10ポイントが利用済みです")
	b.clock.Advance(15 * 24 * time.Hour)
	w = b.as("staff")
	w.lacks(w.shows("/console/members/1"), "利用開始前のポイント")
}
