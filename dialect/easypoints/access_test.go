package easypoints

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/web"
	"noren/wire"
)

// endpointsOf has one request for each route, which succeeds if the customer exists.
func endpointsOf(customer string) []request {
	return []request{
		{Method: "GET", Path: onePath + customer + "/tier"},
		{Method: "POST", Path: onePath + customer + "/tiers", Body: `{"tier":"silver"}`},
		{Method: "POST", Path: onePath + customer, Body: `{"skip_next_check":true}`},
		{Method: "GET", Path: onePath + customer},
		{Method: "POST", Path: onePath + customer + "/set_balance", Body: `{"balance":70}`},
		{Method: "POST", Path: onePath + customer + "/set_balances", Body: `{"balance":80}`},
		{Method: "GET", Path: "/api/shopify/point_allotments"},
		{Method: "POST", Path: "/api/shopify/point_allotments", Body: `{"customer_id":"` + customer + `","point_value":9}`},
	}
}

func TestEveryRouteDeclaresWhoMayUseIt(t *testing.T) {
	t.Parallel()
	routes := New(Rooms{}, "").Routes()
	for _, r := range routes {
		if len(r.Permission.Scopes()) == 0 {
			t.Errorf("%s %s is open to everybody", r.Method, r.Pattern)
		}
	}
	if len(routes) != len(endpointsOf("")) {
		t.Errorf("%d routes, but %d requests in the tests", len(routes), len(endpointsOf("")))
	}
}

// state is all that the tests of access could change, as another client of the same shop sees it.
func (b *bundle) state(as string, customers ...string) (text string) {
	b.Helper()
	for _, c := range customers {
		for _, path := range []string{onePath + c, onePath + c + "/tier"} {
			text += b.Must(request{Method: "GET", Path: path, As: as}) + "\n"
		}
	}
	return text + b.Must(request{Method: "GET", Path: "/api/shopify/point_allotments", As: as})
}

// Every request needs a valid credential with the privilege.
func TestNobodyGetsInWithout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.state("a", seedCustomer, otherCustomer)
	for name, value := range map[string]string{
		"empty": "", "no scheme": "secret-app-A", "no credentials": "Basic", "not base64": "Basic %%%", "one key": basic("app-A", ""),
		"undivided": "Basic YXBw", "wrong secret": basic("app-A", "secret-app-B"), "unknown key": basic("nobody", "secret-app-A"),
		"NUL": basic("app-A\x00", "secret-app-A"), "not UTF-8": basic("app\xff", "secret-app-A"), "keys swapped": basic("secret-app-A", "app-A"),
		"another scheme": "Digest secret-app-A", "public key as token": "Bearer app-A", "unknown token": "Bearer x", "no token": "Bearer ",
		"both keys as token": "Bearer app-A:secret-app-A", "a Smaregi token": "Bearer pos-A", "a Smaregi client": basic("pos-A", "pos-A"),
	} {
		b.Keys["bad"] = value
		for _, r := range endpointsOf(seedCustomer) {
			r.As = "bad"
			b.Clock.Advance(time.Second) // wrong credentials are slowed
			b.Want(r, http.StatusUnauthorized, `{"errors":["The API credentials are missing or wrong"],"status":401,"title":"Unauthorized"}`)
		}
		if t.Failed() {
			t.Fatalf("the credential: %s", name)
		}
	}
	for _, r := range endpointsOf(seedCustomer) {
		r.As = "poor"
		if a := b.Do(r); a.Status != http.StatusForbidden || !strings.HasPrefix(a.Body, `{"errors":["The API credentials lack the privilege `) {
			t.Errorf("%s %s: %d %s", r.Method, r.Path, a.Status, a.Body)
		}
		want := http.StatusOK
		if r.Method == http.MethodPost {
			want = http.StatusForbidden
		}
		r.As = "reader"
		if a := b.Do(r); a.Status != want {
			t.Errorf("%s %s as a reader: %d %s", r.Method, r.Path, a.Status, a.Body)
		}
	}
	if after := b.state("a", seedCustomer, otherCustomer); after != before {
		t.Errorf("something was done:\n%s\n%s", before, after)
	}
}

// Both ways to authenticate give the same client; the version that the vendor's own library sends makes no difference.
func TestBasicAndBearer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, authorization := range []string{
		basic("app-A", "secret-app-A"), "Bearer secret-app-A", "bearer secret-app-A", "BASIC  " + strings.TrimPrefix(basic("app-A", "secret-app-A"), "Basic "),
	} {
		a := b.Do(request{Method: "POST", Path: onePath + otherCustomer + "/set_balance", Body: fmt.Sprintf(`{"balance":%d}`, i+1), Header: map[string]string{
			"Authorization": authorization, "x-api-version": "2.0.0",
		}})
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", authorization, a.Status, a.Body)
		}
	}
}

// A token of this dialect is not accepted by any other.
func TestTokensStayInTheirDialect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if a := b.Do(request{Method: "GET", Path: "/customers", As: "reader"}); a.Status != http.StatusUnauthorized {
		t.Errorf("Smaregi: %d %s", a.Status, a.Body)
	}
}

// No endpoint lets A see or change B's customers.
func TestTenantsDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range endpointsOf(foreign) {
		r.As = "b"
		b.Must(r)
	}
	before := b.state("b", foreign)
	for _, r := range endpointsOf(foreign) {
		r.As = "a"
		a := b.Do(r)
		switch {
		case strings.HasSuffix(r.Path, "point_allotments") && r.Method == http.MethodGet:
			b.Want(r, http.StatusOK, `{"data":[]}`)
		case strings.HasSuffix(r.Path, "point_allotments"):
			b.Want(r, http.StatusUnprocessableEntity, wrong([2]string{"/customer_id", "There is no such customer"}))
		case a.Status != http.StatusNotFound || a.Body != `{"errors":["There is no such customer"],"status":404,"title":"Not Found"}`:
			t.Errorf("%s %s: %d %s", r.Method, r.Path, a.Status, a.Body)
		}
	}
	// Both shops have a customer with this address: each means its own.
	b.post(onePath+"hanako@example.com/set_balance", `{"balance":1}`)
	if after := b.state("b", foreign); after != before {
		t.Errorf("B's customer was changed:\n%s\n%s", before, after)
	}
}

// A client restricted to one store finds only that store's customers.
func TestStoresDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(onePath+otherCustomer+"/set_balance", `{"balance":7}`)
	before := b.state("a", otherCustomer)
	for _, r := range endpointsOf(otherCustomer) {
		r.As = "clerk"
		switch a := b.Do(r); {
		case strings.HasSuffix(r.Path, "point_allotments") && r.Method == http.MethodGet:
			b.Want(r, http.StatusOK, `{"data":[]}`)
		case strings.HasSuffix(r.Path, "point_allotments"):
			b.Want(r, http.StatusUnprocessableEntity, wrong([2]string{"/customer_id", "There is no such customer"}))
		case a.Status != http.StatusNotFound:
			t.Errorf("%s %s: %d %s", r.Method, r.Path, a.Status, a.Body)
		}
	}
	if after := b.state("a", otherCustomer); after != before {
		t.Errorf("another store's customer was changed:\n%s\n%s", before, after)
	}
	for _, r := range endpointsOf(seedCustomer) {
		r.As = "clerk"
		b.Must(r)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	b := start(t, web.MemoryRates)
	count := func(r request) (n int) {
		for ; n < 100; n++ {
			if a := b.Do(r); a.Status == http.StatusTooManyRequests {
				if a.Header.Get("Retry-After") != "1" || !strings.HasSuffix(a.Body, `"],"status":429,"title":"Too Many Requests"}`) {
					t.Errorf("%v %s", a.Header, a.Body)
				}
				return n
			}
		}
		return n
	}
	for _, as := range []string{"a", "clerk"} {
		if n := count(request{Method: "GET", Path: onePath + seedCustomer, As: as}); n != 50 {
			t.Errorf("%d reads as %s", n, as)
		}
		if n := count(request{Method: "POST", Path: onePath + seedCustomer, As: as, Body: `{}`}); n != 20 {
			t.Errorf("%d writes as %s", n, as)
		}
	}
	b.Clock.Advance(time.Second)
	if n := count(request{Method: "GET", Path: onePath + seedCustomer, As: "a"}); n != 50 {
		t.Errorf("%d reads in the next second", n)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, status := range map[string]int{
		"/api/shopify": 404, "/api/shopify/": 404, "/api/shopify/x": 404, "/api/shopify/point_balances": 404, onePath: 404, onePath + "/tier": 404,
		onePath + "x": 404, onePath + "%00/tier": 404, onePath + "%ff": 404, onePath + "0/tier/x": 404, onePath + seedCustomer + "/tiers": 405,
		onePath + seedCustomer + "/set_balance": 405, onePath + seedCustomer + "/": 200, "/api/shopify/point_balance/" + seedCustomer + "/tier": 200,
		onePath + "hanako@example.com": 404, // only set_balance takes an e-mail address
	} {
		a := b.Do(request{Method: "GET", Path: path, As: "a"})
		if a.Status != status || a.Header.Get("Content-Type") != wire.MediaJSON {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
		if status != 200 && !strings.HasPrefix(a.Body, `{"errors":["`) {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	if a := b.Do(request{Method: "GET", Path: "/api/shopifyx", As: "a"}); a.Header.Get("Content-Type") == wire.MediaJSON {
		t.Errorf("/api/shopifyx is taken: %d %s", a.Status, a.Body)
	}
}

// A write takes effect once for each key, on every endpoint.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, r := range endpointsOf(seedCustomer) {
		if r.Method == http.MethodGet {
			continue
		}
		r.As, r.Header = "a", map[string]string{"Idempotency-Key": strconv.Itoa(i)}
		first, second := b.Do(r), b.Do(r)
		if first.Status != 200 || second.Status != 200 || first.Body != second.Body || second.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %d %s, then %d %s", r.Path, first.Status, first.Body, second.Status, second.Body)
		}
		r.Body = `{}`
		if a := b.Do(r); a.Status != http.StatusConflict || !strings.HasPrefix(a.Body, `{"errors":["`) {
			t.Errorf("%s with another body: %d %s", r.Path, a.Status, a.Body)
		}
	}
	if body := b.get(onePath + seedCustomer); !strings.Contains(body, `"point_balance":89`) {
		t.Errorf("a write was done twice: %s", body)
	}
	r := request{Method: "POST", Path: onePath + seedCustomer, As: "a", Body: `{}`, Header: map[string]string{"Idempotency-Key": ""}}
	if a := b.Do(r); a.Status != http.StatusBadRequest {
		t.Errorf("an empty key: %d %s", a.Status, a.Body)
	}
}

// Internal errors are reported without details.
func TestInternalErrors(t *testing.T) {
	t.Parallel()
	x := &web.Request{ID: "r1"}
	for err, want := range map[error]string{
		errors.New("the password is swordfish"): `{"errors":["Something went wrong on our side. The log has more under the X-Request-Id r1"],"status":500,"title":"Internal Server Error"}`,
		&noren.Error{Kind: noren.Unavailable}:   `{"errors":["The service cannot take this now; send it again after Retry-After seconds"],"status":503,"title":"Service Unavailable"}`,
	} {
		if a := New(Rooms{}, "").Refuse(x, err); string(a.Body) != want {
			t.Errorf("%v: %s", err, a.Body)
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	requests := endpointsOf(seedCustomer)
	for i := range requests {
		requests[i].As = "a"
	}
	b.Heads(requests)
}
