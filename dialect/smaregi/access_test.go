package smaregi

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
	"noren/web"
)

// endpointsOf is one request for each route that needs a credential.
func endpointsOf() []request {
	return []request{
		{Method: "PATCH", Path: "/customers/bulk", Body: customers(`{"customerId":"1","note":"x"}`)},
		{Method: "PATCH", Path: "/stock/bulk", Body: stocks(`{"productId":"1","storeId":"1","stockAmount":"5"}`)},
		{Method: "GET", Path: "/customers"},
		{Method: "GET", Path: "/customers/1"},
		{Method: "GET", Path: "/stock"},
		{Method: "GET", Path: "/stock/changes/1/1"},
		{Method: "GET", Path: "/stores"},
		{Method: "GET", Path: "/stores/1"},
		{Method: "GET", Path: "/products"},
		{Method: "GET", Path: "/products/1"},
		{Method: "GET", Path: "/bulk_requests/1"},
	}
}

func TestEveryRouteDeclaresWhoMayUseIt(t *testing.T) {
	t.Parallel()
	public := 0
	for _, r := range New(Rooms{}, "").Routes() {
		if len(r.Permission.Scopes()) == 0 {
			public++
			if r.Pattern != pathToken {
				t.Errorf("%s %s is open to everybody", r.Method, r.Pattern)
			}
		}
	}
	if n := len(New(Rooms{}, "").Routes()); n != len(endpointsOf())+public {
		t.Errorf("%d routes, of which %d are public, but %d requests in the tests", n, public, len(endpointsOf()))
	}
}

// Every request needs a valid credential of the contract with the scope.
func TestNobodyGetsInWithout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Keys["none"] = "unknown"
	for _, r := range endpointsOf() {
		prefixed := r
		prefixed.Path = "/" + shopB + "/pos" + r.Path
		for name, tt := range map[string]struct {
			request
			token  string
			status int
		}{
			"no token": {r, "", 401}, "unknown token": {r, "none", 401}, "other contract": {prefixed, "a", 401}, "no scope": {r, "poor", 403},
		} {
			tt.As = tt.token
			if a := b.Do(tt.request); a.Status != tt.status {
				t.Errorf("%s: %s %s: %d %s", name, r.Method, tt.Path, a.Status, a.Body)
			}
		}
		if a := b.Do(request{Method: r.Method, Path: r.Path, Body: r.Body, Header: map[string]string{"Authorization": "Basic eDp5"}}); a.Status != 401 {
			t.Errorf("Basic: %s %s: %d", r.Method, r.Path, a.Status)
		}
	}
	if got := b.ApplyLane(shopA); len(got) != 0 {
		t.Errorf("something was accepted: %q", got)
	}
}

// Tenant B has the same ids as tenant A. No endpoint lets A see anything of B's.
func TestTenantsDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range endpointsOf() {
		r.As = "b"
		if a := b.Do(r); r.Method == http.MethodPatch && a.Status != 202 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	shop, err := b.Rooms.Access.TenantByContract(t.Context(), shopB)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Rooms.Bulk.ApplyLane(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	for _, r := range endpointsOf() {
		if r.Method != http.MethodGet {
			continue
		}
		r.As = "b"
		own := b.Do(r)
		if own.Status != 200 || strings.Contains(own.Body, "A\"") {
			t.Errorf("B's own %s: %d %s", r.Path, own.Status, own.Body)
		}
		r.As = "a"
		if a := b.Do(r); strings.Contains(a.Body, "B\"") || strings.Contains(a.Body, "BM0") {
			t.Errorf("A sees B's on %s: %s", r.Path, a.Body)
		}
	}
	b.Want(request{Method: "GET", Path: "/stock", As: "a"}, 200, "[]")
	b.Want(request{Method: "GET", Path: "/stock/changes/1/1", As: "a"}, 200, "[]")
	if a := b.Do(request{Method: "GET", Path: "/bulk_requests/1", As: "a"}); a.Status != 404 {
		t.Errorf("A sees B's bulk request: %s", a.Body)
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	customers, all := customerPlans(), stockPlans()
	for _, plan := range []noren.Plan{noren.PlanStarter, noren.PlanStandard, noren.PlanRetailBusiness} {
		b := setup(t, func(s *shop.Shop) { s.Tenant.Plan = noren.Set(plan) })
		for _, r := range endpointsOf() {
			r.As = "a"
			includes := true
			switch {
			case strings.HasPrefix(r.Path, "/customers"):
				includes = contains(customers, plan)
			case strings.HasPrefix(r.Path, "/stock"):
				includes = contains(all, plan)
			}
			if a := b.Do(r); (a.Status == 403) == includes {
				t.Errorf("%s on %s: %d %s", r.Path, plan, a.Status, a.Body)
			} else if a.Status == 403 && !strings.Contains(a.Body, "ご契約のプランではこのAPIを利用できません。(対象プラン-") {
				t.Errorf("%s", a.Body)
			}
		}
	}
}

func contains(plans []noren.Plan, plan noren.Plan) bool {
	return slices.Contains(plans, plan)
}

// A user restricted to one store sees that store's members and stock, and the members of all stores.
func TestStoreBoundUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`{"customerId":"2","storeId":"4"}`)})
	b.Do(request{Method: "PATCH", Path: "/stock/bulk", As: "a", Body: stocks(
		`{"productId":"1","storeId":"1","stockAmount":"5"}`, `{"productId":"1","storeId":"4","stockAmount":"6"}`,
	)})
	b.ApplyLane(shopA)
	b.Want(request{Method: "GET", Path: "/customers?fields=customerId", As: "clerk"}, 200, `[{"customerId":"1"},{"customerId":"3"}]`)
	b.Want(request{Method: "GET", Path: "/stock?fields=storeId", As: "clerk"}, 200, `[{"storeId":"1"}]`)
	for _, path := range []string{"/customers/2", "/stock/changes/1/4", "/bulk_requests/1"} {
		if a := b.Do(request{Method: "GET", Path: path, As: "clerk"}); a.Status != 404 {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
}

// Reading the status of a request requires a scope for what it changed.
func TestStatusNeedsTheScopeOfItsKind(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		for _, c := range []access.ClientSpec{
			{Name: "member", AccessToken: "member", Scopes: []string{scopeCustomersWrite}},
			{Name: "stock", AccessToken: "stock", Scopes: []string{scopeStockRead}},
		} {
			c.Dialect, c.Kind = noren.Smaregi, noren.UserClient
			s.Clients = append(s.Clients, c)
		}
	})
	b.Keys["member"], b.Keys["stock"] = "member", "stock"
	b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`{"customerId":"2","note":"x"}`)})
	b.Do(request{Method: "PATCH", Path: "/stock/bulk", As: "a", Body: stocks(`{"productId":"1","storeId":"1","stockAmount":"5"}`)})
	for _, tt := range []struct {
		path, token string
		status      int
	}{
		{"/bulk_requests/1", "member", 200},
		{"/bulk_requests/1", "stock", 403},
		{"/bulk_requests/2", "member", 403},
		{"/bulk_requests/2", "stock", 200},
		{"/bulk_requests/x", "stock", 404},
	} {
		if a := b.Do(request{Method: "GET", Path: tt.path, As: tt.token}); a.Status != tt.status {
			t.Errorf("%s as %s: %d %s", tt.path, tt.token, a.Status, a.Body)
		}
	}
	waiting := b.Do(request{Method: "GET", Path: "/bulk_requests/1", As: "a"})
	for _, part := range []string{`"state":"accepted"`, `"appliedAt":null`, `"failures":[]`, `"state":null,"nextAttemptAt":null,"attempts":[]`} {
		if !strings.Contains(waiting.Body, part) {
			t.Errorf("%s is not in %s", part, waiting.Body)
		}
	}
}

// The callback's attempts are shown with what the receiver said.
func TestStatusShowsAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := loadDocument(t)
	b.Do(request{Method: "PATCH", Path: "/customers/bulk", As: "a", Body: customers(`{"customerId":"2","note":"x"}`)})
	b.ApplyLane(shopA)
	owed := apptest.Claim(t, b.Rooms)
	if len(owed) != 1 {
		t.Fatal(owed)
	}
	after := owed[0]
	for _, attempt := range []noren.Attempt{
		{At: b.Clock.Read(), Duration: 1500 * time.Millisecond, Error: "connection refused"},
		{At: b.Clock.Read(), Duration: time.Millisecond, Status: 500, Answer: []byte("oh\xff")},
		{At: b.Clock.Read(), Duration: time.Millisecond, Status: 204},
	} {
		var err error
		if after, err = b.Rooms.Bulk.RecordAttempt(t.Context(), after, attempt); err != nil {
			t.Fatal(err)
		}
	}
	r := request{Method: "GET", Path: "/bulk_requests/1", As: "a"}
	a := b.Do(r)
	doc.Check(t, r, a)
	want := `"callback":{"url":"https://example.com/cb","state":"delivered","nextAttemptAt":null,"attempts":[` +
		`{"number":1,"at":"2026-11-22T00:30:00+09:00","durationMs":1500,"status":null,"error":"connection refused","answer":""},` +
		`{"number":2,"at":"2026-11-22T00:30:00+09:00","durationMs":1,"status":500,"error":null,"answer":"oh�"},` +
		`{"number":3,"at":"2026-11-22T00:30:00+09:00","durationMs":1,"status":204,"error":null,"answer":""}]}}`
	if !strings.HasSuffix(a.Body, want) {
		t.Errorf("%s", a.Body)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, status := range map[string]int{
		"/" + shopA + "/pos": 404, "/" + shopA + "/pos/": 404, "/" + shopA + "/pos/staffs": 404, "/customers/1/2": 404,
		"/stores/abc": 404, "/stores/99": 404, "/products/0": 404, "/customers/99999999999": 404, "/bulk_requests": 404,
		"/stock/changes/1": 404, "/stock/changes/9/1": 404, "/stock/changes/1/9": 404, "/stock/changes/x/1": 404, "/stock/changes/1/x": 404,
		"/customers/bulk": 405, "/app/" + shopA + "/token": 405,
	} {
		if a := b.Do(request{Method: "GET", Path: path, As: "a"}); a.Status != status || !strings.HasPrefix(a.Header.Get("Content-Type"), mediaProblem) {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	for _, r := range endpointsOf() {
		r.As = "a"
		r.Method = http.MethodPut
		if a := b.Do(r); a.Status != 405 || a.Header.Get("Allow") == "" {
			t.Errorf("PUT %s: %d %v", r.Path, a.Status, a.Header)
		}
	}
	if a := b.Do(request{Method: "HEAD", Path: "/customers", As: "a"}); a.Status != 200 || a.Body != "" || a.Header.Get(headerTotal) != "3" {
		t.Errorf("HEAD: %d %v", a.Status, a.Header)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	d := New(Rooms{}, "")
	for path, want := range map[string]web.Claim{
		"/sb_x/pos/customers/bulk": {Path: "/customers/bulk", Contract: "sb_x"},
		"/sb_x/pos/products/":      {Path: "/products", Contract: "sb_x"},
		"/sb_x/pos":                {Path: "/", Contract: "sb_x"},
		"/customers/":              {Path: "/customers", Shared: true},
		"/bulk_requests/5":         {Path: "/bulk_requests/5", Shared: true},
		"/sb_x/order-shipment/x":   {Path: "/sb_x/order-shipment/x", Contract: "sb_x"},
		"/app/sb_x/token":          {Path: "/app/sb_x/token", Contract: "sb_x"},
	} {
		if got, ok := d.Claim(path); !ok || got != want {
			t.Errorf("%s: %+v %v", path, got, ok)
		}
	}
	for _, path := range []string{"/", "", "/members", "/api/shopify/pos", "/app/sb_x", "/app/sb_x/token/x", "/pos", "/console/", "/customersx"} {
		if got, ok := d.Claim(path); ok {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	requests := endpointsOf()
	for i := range requests {
		requests[i].As = "a"
	}
	b.Heads(requests)
}
