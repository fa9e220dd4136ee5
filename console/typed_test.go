package console

import (
	"net/http"
	"net/url"
	"testing"

	"noren"
)

// TestFormsReadWhatPeopleWrite types numbers, days, kana and addresses as people do into each form, and looks at what is stored.
func TestFormsReadWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	send := func(page, target string, typed map[string]string) {
		t.Helper()
		f := form(t, w.shows(page), target)
		for name, text := range typed {
			f.Set(name, text)
		}
		if a := w.post(target, f); a.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", target, a.Code, textOf(a))
		}
	}
	send("/console/members/1/edit", "/console/members/1/edit", map[string]string{
		"last_kana": "やまだ", "first_kana": "ﾊﾅｺ", "postal_code": "〒１００－０００１", "phone": "０３−０１２３−４５６７", "email": "ｈａｎａ＠example.com",
		"birth_date": "平成2年1月2日", "entry_date": "2026/4/1", "point_unit_price": "1,000", "point_unit": "１．５", "code": "Ｍ１", "customer_no": "００１２",
		"shopify_customer_id": "６７５７０８５８０６８８１",
	})
	list, err := b.rooms.Members.List(t.Context(), b.caller(0), noren.MemberFilter{IDs: []int64{1}})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(err)
	}
	m := list.Items[0]
	for name, got := range map[string][2]string{
		"last_kana": {or(m.LastKana), "ヤマダ"}, "first_kana": {or(m.FirstKana), "ハナコ"}, "postal_code": {or(m.PostalCode), "100-0001"},
		"phone": {or(m.Phone), "03-0123-4567"}, "email": {or(m.Email), "hana@example.com"}, "birth_date": {or(m.BirthDate), "1990-01-02"},
		"entry_date": {or(m.EntryDate), "2026-04-01"}, "point_unit_price": {numberOr(m.PointUnitPrice), "1000"},
		"point_unit": {m.PointUnit.String(), "1.5"}, "code": {m.Code, "M1"}, "customer_no": {or(m.CustomerNo), "0012"},
		"shopify_customer_id": {or(m.ShopifyCustomerID), "6757085806881"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %q, want %q", name, got[0], got[1])
		}
	}
	// Zeros get lost in files. Who types too few digits is asked again.
	f := form(t, w.shows("/console/members/1/edit"), "/console/members/1/edit")
	f.Set("postal_code", "10000")
	if a := w.post("/console/members/1/edit", f); a.Code != http.StatusUnprocessableEntity {
		t.Errorf("a postal code of five digits: %d", a.Code)
	}

	send("/console/members/1", "/console/members/1/points", map[string]string{"mode": "ADD", "amount": "１，２００pt", "expires_on": "2027/3/31"})
	w.shows("/console/members/1/points", "1,200", "2027-03-31")
	send("/console/stock/1/2", "/console/stock/1/2", map[string]string{"amount": "１,０００"})
	w.shows("/console/stock/1/2", "1,000")
	programme := url.Values{
		"start": {"2026年1月"}, "window_months": {"１２"}, "check_every_months": {"3"}, "demotion": {"one_step"}, "deed": {"save"},
		"entry-1": {"0"}, "maintenance-1": {"0"}, "ratio-1": {"１％"}, "entry-2": {"￥３，０００"}, "maintenance-2": {"1,000円"}, "ratio-2": {"2.5%"},
		"entry-3": {"10,000"}, "maintenance-3": {"8000"}, "ratio-3": {"5"},
	}
	if a := w.post("/console/ranks/programme", programme); a.Code != http.StatusSeeOther {
		t.Fatalf("the programme: %d %s", a.Code, textOf(a))
	}
	w.shows("/console/ranks", "3,000円", "2.5%", "10,000円")
	w.lacks(w.shows("/console/audit?since=2026/4/2"), "/console/audit/1\"")
	w.shows("/console/members?q=1990年1月2日", "/console/members/1")
}
