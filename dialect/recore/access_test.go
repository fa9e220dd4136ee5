package recore

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"noren"
	"noren/web"
)

// endpointsOf is one request for each route that needs a credential, which succeeds where the note and the attachment
// numbered 1 of member 1 exist.
func endpointsOf(fileKey string) []request {
	return []request{
		{method: "GET", path: "/members"},
		{method: "GET", path: "/members/1"},
		{method: "POST", path: "/members", body: `{}`},
		{method: "PUT", path: "/members/1", body: `{}`},
		{method: "POST", path: "/members/bulk", body: `[{}]`},
		{method: "PUT", path: "/members/bulk", body: `[{"id":1}]`},
		{method: "PUT", path: "/members/point", body: `{"amount":1,"mode":"ADD","note":"x","query":{"ids":[1]}}`},
		{method: "GET", path: "/members/1/notes"},
		{method: "POST", path: "/members/1/notes", body: `{"note":"another"}`},
		{method: "DELETE", path: "/members/1/notes/1"},
		{method: "POST", path: "/members/1/attachments", body: `{"file_key":"` + fileKey + `","tag":"GENERAL"}`},
		{method: "DELETE", path: "/members/1/attachments/1"},
		{method: "POST", path: "/upload/public", body: "text"},
		{method: "POST", path: "/upload/private", body: "text"},
		{method: "GET", path: "/staffs"},
		{method: "GET", path: "/staffs/1"},
	}
}

// equip gives member 1 of the key's company a note and an attachment, and answers the file's key.
func (b *bundle) equip(key string) string {
	b.Helper()
	fileKey := b.upload(key, "text of "+key)
	for path, body := range map[string]string{
		"/members/1/notes": `{"note":"note of ` + key + `"}`, "/members/1/attachments": `{"file_key":"` + fileKey + `","tag":"GENERAL"}`,
	} {
		if a := b.do(request{method: "POST", path: path, key: key, body: body}); a.status != http.StatusOK {
			b.Fatalf("%s: %d %s", path, a.status, a.body)
		}
	}
	return fileKey
}

func TestEveryRouteDeclaresWhoMayUseIt(t *testing.T) {
	t.Parallel()
	routes := New(Config{}).Routes()
	for _, r := range routes {
		if len(r.Permission.Scopes()) == 0 && r.Pattern != pathFile {
			t.Errorf("%s %s is open to everybody", r.Method, r.Pattern)
		}
	}
	if len(routes) != len(endpointsOf(""))+1 {
		t.Errorf("%d routes, but %d requests in the tests", len(routes), len(endpointsOf("")))
	}
}

// Nothing is answered without a valid key, nor without the scope.
func TestNobodyGetsInWithout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	denied := `{"error":{"code":"FORBIDDEN","message":"アクセスが拒否されました","detail":{}}}`
	for name, key := range b.badKeys() {
		b.keys["bad"] = key
		b.Run(name, func(*testing.T) {
			b.want(request{method: "GET", path: "/members", key: "bad"}, http.StatusForbidden, denied)
		})
	}
	for _, r := range endpointsOf("x") {
		b.want(r, http.StatusForbidden, denied)
		r.key = "poor"
		b.want(r, http.StatusForbidden, denied)
	}
	b.want(request{method: "GET", path: "/members", header: map[string]string{"Authorization": b.keys["a"]}}, http.StatusForbidden, denied)
	if got := b.ids(b.get("/members")); got != "1 2 3" {
		t.Errorf("members %s: something was done", got)
	}
}

// badKeys are keys that must not work.
func (b *bundle) badKeys() map[string]string {
	b.Helper()
	caller, err := b.service.CallerByKey(b.Context(), noren.ReCORE, "app-A")
	if err != nil {
		b.Fatal(err)
	}
	secret, err := b.service.TenantSecret(b.Context(), caller.Tenant.ID, noren.SecretReCOREKeys)
	if err != nil {
		b.Fatal(err)
	}
	mint := func(secret, contract, client string, issued time.Time) string {
		key, err := Mint(secret, contract, noren.Client{Key: client}, issued)
		if err != nil {
			b.Fatal(err)
		}
		return key
	}
	sign := func(method jwt.SigningMethod, key any, c jwt.MapClaims) string {
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	now := b.clock.Now()
	good := jwt.MapClaims{"company_id": shopA, "scope": "x", "iat": now.Unix(), "jti": "app-A"}
	return map[string]string{
		"empty": "", "no JWT": "x.y.z", "bearer": "Bearer " + b.keys["a"],
		"other secret":    mint("other", shopA, "app-A", now),
		"other company":   mint(secret, shopB, "app-A", now),
		"other client":    mint(secret, shopA, "app-B", now),
		"unknown client":  mint(secret, shopA, "nobody", now),
		"Smaregi client":  mint(secret, shopA, "pos-A", now),
		"no client":       mint(secret, shopA, "", now),
		"NUL":             mint(secret, shopA, "app-A\x00", now),
		"from the future": mint(secret, shopA, "app-A", now.Add(time.Hour)),
		"unsigned":        sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good),
		"other algorithm": sign(jwt.SigningMethodHS384, []byte(secret), good),
		"expired":         sign(jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"company_id": shopA, "iat": now.Unix(), "jti": "app-A", "exp": now.Add(-time.Hour).Unix()}),
		"no iat":          sign(jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"company_id": shopA, "jti": "app-A"}),
		"scope is number": sign(jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"company_id": shopA, "jti": "app-A", "iat": now.Unix(), "scope": 5}),
		"cut":             b.keys["a"][:len(b.keys["a"])-2],
	}
}

// Both forms of scope are read, and what the client may do is what is stored of it, not what the key says.
func TestScopesAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	caller, err := b.service.CallerByKey(t.Context(), noren.ReCORE, "poor-A")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := b.service.TenantSecret(t.Context(), caller.Tenant.ID, noren.SecretReCOREKeys)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []any{"member:index member:show", []string{"member:index"}} {
		for client, status := range map[string]int{"app-A": http.StatusOK, "poor-A": http.StatusForbidden} {
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
				"company_id": shopA, "scope": scope, "iat": b.clock.Now().Unix(), "jti": client,
			})
			if b.keys["made"], err = token.SignedString([]byte(secret)); err != nil {
				t.Fatal(err)
			}
			if a := b.do(request{method: "GET", path: "/staffs", key: "made"}); a.status != status {
				t.Errorf("%v of %s: %d %s", scope, client, a.status, a.body)
			}
		}
	}
}

// Tenant B has the same ids as tenant A; on no endpoint does A see or change anything of B's.
func TestTenantsDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own, foreign := b.equip("a"), b.equip("b")
	before := b.do(request{method: "GET", path: "/members", key: "b"}).body
	for _, r := range endpointsOf(own) {
		r.key = "a"
		if a := b.do(r); a.status != http.StatusOK || strings.Contains(a.body, `B"`) || strings.Contains(a.body, `"BM0`) || strings.Contains(a.body, "of b") {
			t.Errorf("%s %s: %d %s", r.method, r.path, a.status, a.body)
		}
	}
	if after := b.do(request{method: "GET", path: "/members", key: "b"}).body; after != before {
		t.Errorf("B's members were changed:\n%s\n%s", before, after)
	}
	b.want(request{method: "POST", path: "/members/1/attachments", key: "a", body: `{"file_key":"` + foreign + `","tag":"PHOTO"}`},
		400, failed(`{"file_key":["File key does not exist"]}`))
	b.want(request{method: "GET", path: "/members?codes=BM001", key: "a"}, 200, "[]")
	b.want(request{method: "PUT", path: "/members/point", key: "a", body: `{"amount":1,"mode":"ADD","note":"x","query":{"codes":["BM001"]}}`},
		400, failed(`{"query.codes":["Query codes BM001 does not exist"]}`))
}

// A key with a store, or without one and a header, sees that store's members and those of all stores.
func TestStoresDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inStore := map[string]string{headerStore: "1"}
	for _, r := range []request{
		{method: "GET", path: "/members/2"},
		{method: "PUT", path: "/members/2", body: `{"tel":"x"}`},
		{method: "PUT", path: "/members/2", body: `{}`},
		{method: "GET", path: "/members/2/notes"},
		{method: "POST", path: "/members/2/notes", body: `{"note":"x"}`},
		{method: "DELETE", path: "/members/2/notes/1"},
		{method: "POST", path: "/members/2/attachments", body: `{"file_key":"` + strings.Repeat("x", 40) + `.txt","tag":"PHOTO"}`},
		{method: "DELETE", path: "/members/2/attachments/1"},
		{method: "GET", path: "/staffs/2"},
	} {
		bound, headed := r, r
		bound.key, headed.key, headed.header = "clerk", "a", inStore
		for _, r := range []request{bound, headed} {
			if a := b.do(r); a.status != http.StatusNotFound {
				t.Errorf("%s %s as %s: %d %s", r.method, r.path, r.key, a.status, a.body)
			}
		}
	}
	for path, want := range map[string]string{"/members": "1 3", "/members?ids=1,2": "1", "/staffs": "1"} {
		for _, r := range []request{{method: "GET", path: path, key: "clerk"}, {method: "GET", path: path, key: "a", header: inStore}} {
			if got := b.ids(b.do(r).body); got != want {
				t.Errorf("%s as %s: %s, want %s", path, r.key, got, want)
			}
		}
	}
	b.want(request{method: "PUT", path: "/members/bulk", key: "clerk", body: `[{"id":1},{"id":2}]`}, 400, failed(`{"1.id":["Id 2 does not exist"]}`))
	b.want(request{method: "PUT", path: "/members/point", key: "clerk", body: `{"amount":1,"mode":"ADD","note":"x","query":{"ids":[1,2]}}`},
		400, failed(`{"query.ids":["Query ids 2 does not exist"]}`))
	if a := b.do(request{method: "GET", path: "/members/2", key: "clerk", header: map[string]string{headerStore: "2"}}); a.status != 404 {
		t.Errorf("the header has opened another store than the key's: %s", a.body)
	}
	for store, detail := range map[string]string{
		"9": "X store id does not exist", "x": "X store id is not a number", "": "X store id is not a number", "0": "X store id must be greater than or equal to 1",
	} {
		b.want(request{method: "GET", path: "/members", key: "a", header: map[string]string{headerStore: store}}, 400, failed(`{"X-Store-Id":["`+detail+`"]}`))
	}
}

// The documented paces: 5 reads and 2 writes a second for each endpoint, key and address.
func TestPaces(t *testing.T) {
	t.Parallel()
	now := &clock{now: time.Date(2026, 11, 21, 15, 30, 0, 0, time.UTC)}
	paces, err := web.MemoryPaces(now.Now)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, paces)
	count := func(r request) (n int) {
		for ; n < 20; n++ {
			a := b.do(r)
			if a.status == http.StatusTooManyRequests {
				if a.header.Get("Retry-After") == "" || !strings.Contains(a.body, `"TOO_MANY_REQUESTS"`) {
					t.Errorf("%v %s", a.header, a.body)
				}
				return n
			}
		}
		return n
	}
	for _, r := range endpointsOf("x") {
		want := 2
		if r.method == "GET" {
			want = 5
		}
		for _, r.key = range []string{"a", "clerk"} {
			if got := count(r); got != want {
				t.Errorf("%s %s as %s: %d requests, want %d", r.method, r.path, r.key, got, want)
			}
		}
	}
	if got := count(request{method: "GET", path: "/members/2", key: "a"}); got != 0 {
		t.Errorf("another member is not another endpoint, but %d requests went through", got)
	}
	now.advance(time.Second)
	if got := count(request{method: "GET", path: "/members/2", key: "a"}); got != 5 {
		t.Errorf("%d requests in the next second", got)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, status := range map[string]int{
		"/members/x": 404, "/members/0": 404, "/members/-1": 404, "/members/99999999999999999999": 404, "/members/1/x": 404,
		"/members/1/notes/1": 405, "/members/bulk": 405, "/members/point": 405, "/upload": 404, "/upload/public": 405,
		"/staffs/9": 404, "/staffs/x": 404, "/files": 404, "/members/999/notes": 404, "/members/": 200,
	} {
		a := b.do(request{method: "GET", path: path, key: "a"})
		if a.status != status || a.header.Get("Content-Type") != mediaJSON {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := b.do(request{method: "HEAD", path: "/members", key: "a"}); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
}
