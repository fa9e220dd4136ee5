package easypoints

import (
	"strings"
	"testing"

	"noren/dialect/dialecttest"
)

// goldenRequests has at least one request for every endpoint, in the order in which they are sent.
func goldenRequests() []struct {
	name string
	request
} {
	a := func(method, path, body string) request {
		return request{Method: method, Path: "/api/shopify" + path, As: "a", Body: body}
	}
	return []struct {
		name string
		request
	}{
		{"tier", a("GET", "/point_balances/6757085806881/tier", "")},
		{"tiers_set", a("POST", "/point_balances/123/tiers", `{"tier":"silver"}`)},
		{"tier_set", a("POST", "/point_balances/123", `{"tier":"gold","minimum_tier":"silver","skip_next_check":true}`)},
		{"tier_top", a("GET", "/point_balances/123/tier", "")},
		{"tier_refused", a("POST", "/point_balances/123/tiers", `{"tier":"1","minimum_tier":4,"skip_next_check":true}`)},
		{"tier_wrong_types", a("POST", "/point_balances/123/tiers", `{"tier":0,"minimum_tier":[],"skip_next_check":"no"}`)},
		{"balance_set", a("POST", "/point_balances/123/set_balance", `{"balance":800}`)},
		{"balances_set", a("POST", "/point_balances/hanako%40EXAMPLE.com/set_balances", `{"balance":5}`)},
		{"balance_same", a("POST", "/point_balances/123/set_balances", `{"balance":800}`)},
		{"balance_refused", a("POST", "/point_balances/123/set_balance", `{"balance":-1}`)},
		{"balance", a("GET", "/point_balances/123", "")},
		{"balance_singular", a("GET", "/point_balance/123", "")},
		{"allotment", a("POST", "/point_allotments", `{"customer_id":"123","point_value":-50,"note":"x"}`)},
		{"allotment_refused", a("POST", "/point_allotments", `{"customer_id":"gid://shopify/Customer/123","point_value":0}`)},
		{"allotment_too_few", a("POST", "/point_allotments", `{"customer_id":123,"point_value":-751}`)},
		{"allotments", a("GET", "/point_allotments?type=api&per_page=250&page=1&direction=desc", "")},
		{"allotments_refused", a("GET", "/point_allotments?before=now&after=2022-13-01&per_page=251&page=0&direction=up", "")},
		{"allotments_filter_refused", a("GET", "/point_allotments?customer_id=123&shopify_customer_id=123", "")},
		{"balance_filter_refused", a("GET", "/point_balances/123?fields=id", "")},
		{"balance_slash", a("POST", "/point_balances/a%2Fb%40example.com/set_balance", "\ufeff"+`{"balance":7}`)},
		{"error_400", a("POST", "/point_balances/123/tiers", `{"tier":`)},
		{"error_401", request{Method: "GET", Path: onePath + "123"}},
		{"error_403", request{Method: "POST", Path: onePath + "123", As: "reader", Body: `{"tier":1}`}},
		{"error_404", a("GET", "/point_balances/999/tier", "")},
		{"error_404_path", a("GET", "/points", "")},
		{"error_405", a("DELETE", "/point_balances/123/tier", "")},
		{"error_413", a("POST", "/point_balances/123/tiers", strings.Repeat(" ", maxBody+1))},
	}
}

// TestGolden sends the requests one after another and compares the responses byte by byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	doc := loadDocument(t)
	for _, g := range goldenRequests() {
		a := b.Do(g.request)
		doc.Check(t, g.request, a)
		g.Body = strings.TrimSpace(g.Body)
		dialecttest.CompareGolden(t, g.name, dialecttest.Transcript(g.request, a))
	}
}
