package smaregi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/web"
)

// endpointsOf is one request for each route that needs a credential.
func endpointsOf() []request {
	return []request{
		{method: "PATCH", path: "/customers/bulk", body: customers(`{"customerId":"1","note":"x"}`)},
		{method: "PATCH", path: "/stock/bulk", body: stocks(`{"productId":"1","storeId":"1","stockAmount":"5"}`)},
		{method: "GET", path: "/customers"},
		{method: "GET", path: "/customers/1"},
		{method: "GET", path: "/stock"},
		{method: "GET", path: "/stock/changes/1/1"},
		{method: "GET", path: "/stores"},
		{method: "GET", path: "/stores/1"},
		{method: "GET", path: "/products"},
		{method: "GET", path: "/products/1"},
		{method: "GET", path: "/bulk_requests/1"},
	}
}

func TestEveryRouteDeclaresWhoMayUseIt(t *testing.T) {
	t.Parallel()
	public := 0
	for _, r := range New(nil, "").Routes() {
		if len(r.Permission.Scopes()) == 0 {
			public++
			if r.Pattern != pathToken {
				t.Errorf("%s %s is open to everybody", r.Method, r.Pattern)
			}
		}
	}
	if n := len(New(nil, "").Routes()); n != len(endpointsOf())+public {
		t.Errorf("%d routes, of which %d are public, but %d requests in the tests", n, public, len(endpointsOf()))
	}
}

// Nothing is answered without a valid credential of the contract, nor without the scope.
func TestNobodyGetsInWithout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tokens["none"] = "unknown"
	for _, r := range endpointsOf() {
		prefixed := r
		prefixed.path = "/" + shopB + "/pos" + r.path
		for name, tt := range map[string]struct {
			request
			token  string
			status int
		}{
			"no token": {r, "", 401}, "unknown token": {r, "none", 401}, "other contract": {prefixed, "a", 401}, "no scope": {r, "poor", 403},
		} {
			tt.request.token = tt.token
			if a := b.do(tt.request); a.status != tt.status {
				t.Errorf("%s: %s %s: %d %s", name, r.method, tt.path, a.status, a.body)
			}
		}
		if a := b.do(request{method: r.method, path: r.path, body: r.body, header: map[string]string{"Authorization": "Basic eDp5"}}); a.status != 401 {
			t.Errorf("Basic: %s %s: %d", r.method, r.path, a.status)
		}
	}
	if got := b.applyLane(); len(got) != 0 {
		t.Errorf("something was accepted: %q", got)
	}
}

// Tenant B has the same ids as tenant A; on no endpoint does A see anything of B's.
func TestTenantsDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range endpointsOf() {
		r.token = "b"
		if a := b.do(r); r.method == "PATCH" && a.status != 202 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	shop, err := b.service.TenantByContract(t.Context(), shopB)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.ApplyLane(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	for _, r := range endpointsOf() {
		if r.method != "GET" {
			continue
		}
		r.token = "b"
		own := b.do(r)
		if own.status != 200 || strings.Contains(own.body, "A\"") {
			t.Errorf("B's own %s: %d %s", r.path, own.status, own.body)
		}
		r.token = "a"
		if a := b.do(r); strings.Contains(a.body, "B\"") || strings.Contains(a.body, "BM0") {
			t.Errorf("A sees B's on %s: %s", r.path, a.body)
		}
	}
	b.want(request{method: "GET", path: "/stock", token: "a"}, 200, "[]")
	b.want(request{method: "GET", path: "/stock/changes/1/1", token: "a"}, 200, "[]")
	if a := b.do(request{method: "GET", path: "/bulk_requests/1", token: "a"}); a.status != 404 {
		t.Errorf("A sees B's bulk request: %s", a.body)
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	customers, all := customerPlans(), stockPlans()
	for _, plan := range []noren.Plan{noren.PlanStarter, noren.PlanStandard, noren.PlanRetailBusiness} {
		b := setup(t, func(s *noren.Shop) { s.Tenant.Plan = noren.Set(plan) })
		for _, r := range endpointsOf() {
			r.token = "a"
			includes := true
			switch {
			case strings.HasPrefix(r.path, "/customers"):
				includes = contains(customers, plan)
			case strings.HasPrefix(r.path, "/stock"):
				includes = contains(all, plan)
			}
			if a := b.do(r); (a.status == 403) == includes {
				t.Errorf("%s on %s: %d %s", r.path, plan, a.status, a.body)
			} else if a.status == 403 && !strings.Contains(a.body, "ご契約のプランではこのAPIを利用できません。(対象プラン-") {
				t.Errorf("%s", a.body)
			}
		}
	}
}

func contains(plans []noren.Plan, plan noren.Plan) bool {
	for _, p := range plans {
		if p == plan {
			return true
		}
	}
	return false
}

// A user who is bound to a store sees that store's members and stock, and those members who belong to all.
func TestStoreBoundUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(request{method: "PATCH", path: "/customers/bulk", token: "a", body: customers(`{"customerId":"2","storeId":"4"}`)})
	b.do(request{method: "PATCH", path: "/stock/bulk", token: "a", body: stocks(
		`{"productId":"1","storeId":"1","stockAmount":"5"}`, `{"productId":"1","storeId":"4","stockAmount":"6"}`,
	)})
	b.applyLane()
	b.want(request{method: "GET", path: "/customers?fields=customerId", token: "clerk"}, 200, `[{"customerId":"1"},{"customerId":"3"}]`)
	b.want(request{method: "GET", path: "/stock?fields=storeId", token: "clerk"}, 200, `[{"storeId":"1"}]`)
	for _, path := range []string{"/customers/2", "/stock/changes/1/4", "/bulk_requests/1"} {
		if a := b.do(request{method: "GET", path: path, token: "clerk"}); a.status != 404 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// The status of a request needs a scope of what it changed.
func TestStatusNeedsTheScopeOfItsKind(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *noren.Shop) {
		for _, c := range []noren.ShopClient{
			{Name: "member", AccessToken: "member", Scopes: []string{scopeCustomersWrite}},
			{Name: "stock", AccessToken: "stock", Scopes: []string{scopeStockRead}},
		} {
			c.Dialect, c.Kind = noren.Smaregi, noren.UserClient
			s.Clients = append(s.Clients, c)
		}
	})
	b.tokens["member"], b.tokens["stock"] = "member", "stock"
	b.do(request{method: "PATCH", path: "/customers/bulk", token: "a", body: customers(`{"customerId":"2","note":"x"}`)})
	b.do(request{method: "PATCH", path: "/stock/bulk", token: "a", body: stocks(`{"productId":"1","storeId":"1","stockAmount":"5"}`)})
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
		if a := b.do(request{method: "GET", path: tt.path, token: tt.token}); a.status != tt.status {
			t.Errorf("%s as %s: %d %s", tt.path, tt.token, a.status, a.body)
		}
	}
	waiting := b.do(request{method: "GET", path: "/bulk_requests/1", token: "a"})
	for _, part := range []string{`"state":"accepted"`, `"appliedAt":null`, `"failures":[]`, `"state":null,"nextAttemptAt":null,"attempts":[]`} {
		if !strings.Contains(waiting.body, part) {
			t.Errorf("%s is not in %s", part, waiting.body)
		}
	}
}

// The callback's attempts are shown with what the receiver said.
func TestStatusShowsAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := loadDocument(t)
	b.do(request{method: "PATCH", path: "/customers/bulk", token: "a", body: customers(`{"customerId":"2","note":"x"}`)})
	b.applyLane()
	owed, err := b.service.ClaimCallbacks(t.Context(), nil, 10)
	if err != nil || len(owed) != 1 {
		t.Fatal(owed, err)
	}
	after := owed[0]
	for _, attempt := range []noren.Attempt{
		{At: b.clock.Now(), Duration: 1500 * time.Millisecond, Error: "connection refused"},
		{At: b.clock.Now(), Duration: time.Millisecond, Status: 500, Answer: []byte("oh\xff")},
		{At: b.clock.Now(), Duration: time.Millisecond, Status: 204},
	} {
		if after, err = b.service.RecordAttempt(t.Context(), after, attempt); err != nil {
			t.Fatal(err)
		}
	}
	r := request{method: "GET", path: "/bulk_requests/1", token: "a"}
	a := b.do(r)
	doc.check(t, r, a)
	want := `"callback":{"url":"https://example.com/cb","state":"delivered","nextAttemptAt":null,"attempts":[` +
		`{"number":1,"at":"2026-11-22T00:30:00+09:00","durationMs":1500,"status":null,"error":"connection refused","answer":""},` +
		`{"number":2,"at":"2026-11-22T00:30:00+09:00","durationMs":1,"status":500,"error":null,"answer":"oh�"},` +
		`{"number":3,"at":"2026-11-22T00:30:00+09:00","durationMs":1,"status":204,"error":null,"answer":""}]}}`
	if !strings.HasSuffix(a.body, want) {
		t.Errorf("%s", a.body)
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
		if a := b.do(request{method: "GET", path: path, token: "a"}); a.status != status || !strings.HasPrefix(a.header.Get("Content-Type"), mediaProblem) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, r := range endpointsOf() {
		r.token = "a"
		r.method = http.MethodPut
		if a := b.do(r); a.status != 405 || a.header.Get("Allow") == "" {
			t.Errorf("PUT %s: %d %v", r.path, a.status, a.header)
		}
	}
	if a := b.do(request{method: "HEAD", path: "/customers", token: "a"}); a.status != 200 || a.body != "" || a.header.Get(headerTotal) != "3" {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	d := New(nil, "")
	for path, want := range map[string]web.Claim{
		"/sb_x/pos/customers/bulk": {Path: "/customers/bulk", Contract: "sb_x"},
		"/sb_x/pos/products/":      {Path: "/products", Contract: "sb_x"},
		"/sb_x/pos":                {Path: "/", Contract: "sb_x"},
		"/customers/":              {Path: "/customers"},
		"/bulk_requests/5":         {Path: "/bulk_requests/5"},
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
