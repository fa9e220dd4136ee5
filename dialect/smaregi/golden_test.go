package smaregi

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenRequests is at least one request for every endpoint, in the order in which they are sent.
func goldenRequests() []struct {
	name string
	request
} {
	return []struct {
		name string
		request
	}{
		{"token", request{
			method: "POST", path: "/app/" + shopA + "/token",
			body: "grant_type=client_credentials&client_id=app-A&client_secret=secret&scope=pos.customers:read+pos.stock:read",
		}},
		{"customers", request{method: "GET", path: "/" + shopA + "/pos/customers", token: "a"}},
		{"customers_page", request{
			method: "GET", path: "/" + shopA + "/pos/customers/?limit=1&page=2&sort=customerId:desc&fields=customerCode,customerId,status", token: "a",
		}},
		{"customer", request{method: "GET", path: "/customers/1", token: "a"}},
		{"customers_bulk", request{
			method: "PATCH", path: "/" + shopA + "/pos/customers/bulk", token: "a",
			body: customers(`{"customerId":"1","note":"<新>&","status":"3"}`, `{"customerId":"002","note":null,"status":1}`),
		}},
		{"customers_bulk_again", request{
			method: "PATCH", path: "/customers/bulk", token: "a",
			body: customers(`{"customerId":"3","status":"0"}`, `{"customerId":"9","status":"1"}`),
		}},
		{"stock_bulk", request{
			method: "PATCH", path: "/stock/bulk", token: "a",
			body: stocks(
				`{"productId":"1","storeId":"1","stockAmount":"10","stockHistory":{"memo":"棚卸"}}`,
				`{"productId":2,"storeId":2,"stockAmount":-3,"stockHistory":{"memo":null}}`,
			),
		}},
		{"status_customers", request{method: "GET", path: "/bulk_requests/1", token: "a"}},
		{"status_failed", request{method: "GET", path: "/" + shopA + "/pos/bulk_requests/2", token: "a"}},
		{"status_stock", request{method: "GET", path: "/bulk_requests/3", token: "a"}},
		{"customer_after", request{method: "GET", path: "/customers/1?fields=note,status,leaveDate,updDateTime", token: "a"}},
		{"stock", request{method: "GET", path: "/stock", token: "a"}},
		{"stock_changes", request{method: "GET", path: "/stock/changes/1/1", token: "a"}},
		{"stores", request{method: "GET", path: "/" + shopA + "/pos/stores", token: "a"}},
		{"store", request{method: "GET", path: "/stores/2", token: "a"}},
		{"products", request{method: "GET", path: "/" + shopA + "/pos/products/?limit=10&page=1&sort=productCode:desc", token: "a"}},
		{"product", request{method: "GET", path: "/products/1", token: "a"}},
		{"error_401", request{method: "GET", path: "/" + shopB + "/pos/stock", token: "a"}},
		{"error_403", request{method: "GET", path: "/stock", token: "poor"}},
		{"error_404", request{method: "GET", path: "/customers/999", token: "a"}},
		{"error_404_path", request{method: "GET", path: "/stock/1/2/3/4", token: "a"}},
		{"error_405", request{method: "DELETE", path: "/customers/bulk", token: "a"}},
	}
}

// TestGolden sends the requests one after another and compares what is answered, byte by byte. Bulk requests are
// applied right after they are accepted.
func TestGolden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := loadDocument(t)
	for _, g := range goldenRequests() {
		a := b.do(g.request)
		if g.method == "PATCH" {
			b.applyLane()
		}
		doc.check(t, g.request, a)
		if g.name == "token" {
			_, secret, _ := strings.Cut(a.body, `"access_token":"`)
			a.body = strings.ReplaceAll(a.body, strings.TrimSuffix(secret, `"}`), "(secret)")
		}
		compareGolden(t, g.name, transcript(g.request, a))
	}
}

func transcript(r request, a answer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n%s\n\n%d %s\n", r.method, r.path, r.body, a.status, http.StatusText(a.status))
	for _, name := range []string{"Allow", "Content-Type", "Link", "Retry-After", "Www-Authenticate", "X-Total-Count"} {
		if slices.Contains(a.header[name], a.header.Get(name)) {
			fmt.Fprintf(&b, "%s: %s\n", name, a.header.Get(name))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", a.body)
	return b.String()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
