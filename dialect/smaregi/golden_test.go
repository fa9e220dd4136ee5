package smaregi

import (
	"net/http"
	"strings"
	"testing"

	"noren/dialect/dialecttest"
)

// goldenRequests has at least one request for every endpoint, in the order in which they are sent.
func goldenRequests() []struct {
	name string
	request
} {
	return []struct {
		name string
		request
	}{
		{"token", request{
			Method: "POST", Path: "/app/" + shopA + "/token",
			Body: "grant_type=client_credentials&client_id=app-A&client_secret=secret&scope=pos.customers:read+pos.stock:read",
		}},
		{"customers", request{Method: "GET", Path: "/" + shopA + "/pos/customers", As: "a"}},
		{"customers_page", request{
			Method: "GET", Path: "/" + shopA + "/pos/customers/?limit=1&page=2&sort=customerId:desc&fields=customerCode,customerId,status", As: "a",
		}},
		{"customer", request{Method: "GET", Path: "/customers/1", As: "a"}},
		{"customers_bulk", request{
			Method: "PATCH", Path: "/" + shopA + "/pos/customers/bulk", As: "a",
			Body: customers(`{"customerId":"1","note":"<新>&","status":"3"}`, `{"customerId":"002","note":null,"status":1}`),
		}},
		{"customers_bulk_again", request{
			Method: "PATCH", Path: "/customers/bulk", As: "a",
			Body: customers(`{"customerId":"3","status":"0"}`, `{"customerId":"9","status":"1"}`),
		}},
		{"stock_bulk", request{
			Method: "PATCH", Path: "/stock/bulk", As: "a",
			Body: stocks(
				`{"productId":"1","storeId":"1","stockAmount":"10","stockHistory":{"memo":"棚卸"}}`,
				`{"productId":2,"storeId":2,"stockAmount":-3,"stockHistory":{"memo":null}}`,
			),
		}},
		{"status_customers", request{Method: "GET", Path: "/bulk_requests/1", As: "a"}},
		{"status_failed", request{Method: "GET", Path: "/" + shopA + "/pos/bulk_requests/2", As: "a"}},
		{"status_stock", request{Method: "GET", Path: "/bulk_requests/3", As: "a"}},
		{"customer_after", request{Method: "GET", Path: "/customers/1?fields=note,status,leaveDate,updDateTime", As: "a"}},
		{"stock", request{Method: "GET", Path: "/stock", As: "a"}},
		{"stock_changes", request{Method: "GET", Path: "/stock/changes/1/1", As: "a"}},
		{"stores", request{Method: "GET", Path: "/" + shopA + "/pos/stores", As: "a"}},
		{"store", request{Method: "GET", Path: "/stores/2", As: "a"}},
		{"products", request{Method: "GET", Path: "/" + shopA + "/pos/products/?limit=10&page=1&sort=productCode:desc", As: "a"}},
		{"product", request{Method: "GET", Path: "/products/1", As: "a"}},
		{"stores_point_condition", request{Method: "GET", Path: "/stores?with_point_condition=all&fields=storeId&fields=storeName&limit=1&sort=displaySequence:DESC", As: "a"}},
		{"stores_only_point_condition", request{Method: "GET", Path: "/stores?with_point_condition=all&fields=pointCondition&limit=1", As: "a"}},
		{"error_fields_not_asked", request{Method: "GET", Path: "/stores?fields=pointCondition", As: "a"}},
		{"store_receipt", request{Method: "GET", Path: "/stores/1?with_receipt_print_info=all&fields=storeId", As: "a"}},
		{"error_switch", request{Method: "GET", Path: "/stores/1?with_point_condition=yes", As: "a"}},
		{"error_filter", request{Method: "GET", Path: "/products?category_id=5", As: "a"}},
		{"error_filters", request{Method: "GET", Path: "/customers?mail_address=hanako%40example.com&phone=0312345678", As: "a"}},
		{"error_fields", request{Method: "GET", Path: "/stock?fields=foo", As: "a"}},
		{"bulk_with_mark", request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: "\ufeff" + customers(`{"customerId":"1","note":"x"}`)}},
		{"token_json", request{Method: "POST", Path: "/app/" + shopA + "/token", Body: `{"grant_type":"client_credentials"}`}},
		{"error_404_other_api", request{Method: "GET", Path: "/" + shopA + "/order-shipment/stores/1", As: "a"}},
		{"error_404_bare", request{Method: "GET", Path: "/transactions", As: "a"}},
		{"error_404_points", request{Method: "GET", Path: "/customers/point?customer_id=1&limit=100", As: "a"}},
		{"error_401", request{Method: "GET", Path: "/" + shopB + "/pos/stock", As: "a"}},
		{"error_403", request{Method: "GET", Path: "/stock", As: "poor"}},
		{"error_404", request{Method: "GET", Path: "/customers/999", As: "a"}},
		{"error_404_path", request{Method: "GET", Path: "/stock/1/2/3/4", As: "a"}},
		{"error_405", request{Method: "DELETE", Path: "/customers/bulk", As: "a"}},
	}
}

// TestGolden sends the requests one after another and compares the responses byte by byte. Bulk requests are
// applied right after they are accepted.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := loadDocument(t)
	for _, g := range goldenRequests() {
		a := b.Do(g.request)
		if g.Method == http.MethodPatch {
			b.ApplyLane(shopA)
		}
		doc.Check(t, g.request, a)
		if g.name == "token" {
			_, secret, _ := strings.Cut(a.Body, `"access_token":"`)
			a.Body = strings.ReplaceAll(a.Body, strings.TrimSuffix(secret, `"}`), "(secret)")
		}
		dialecttest.CompareGolden(t, g.name, dialecttest.Transcript(g.request, a))
	}
}
