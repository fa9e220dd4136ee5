package recore

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"noren"
	"noren/dialect/dialecttest"
	"noren/web"
)

// endpointsOf is one request for each route that needs a credential, which succeeds where the note and the attachment
// numbered 1 of member 1 exist.
func endpointsOf(fileKey string) []request {
	return []request{
		{Method: "GET", Path: "/members"},
		{Method: "GET", Path: "/members/1"},
		{Method: "POST", Path: "/members", Body: `{}`},
		{Method: "PUT", Path: "/members/1", Body: `{}`},
		{Method: "POST", Path: "/members/bulk", Body: `[{}]`},
		{Method: "PUT", Path: "/members/bulk", Body: `[{"id":1}]`},
		{Method: "PUT", Path: "/members/point", Body: `{"amount":1,"mode":"ADD","note":"x","query":{"ids":[1]}}`},
		{Method: "GET", Path: "/members/1/notes"},
		{Method: "POST", Path: "/members/1/notes", Body: `{"note":"another"}`},
		{Method: "DELETE", Path: "/members/1/notes/1"},
		{Method: "POST", Path: "/members/1/attachments", Body: `{"file_key":"` + fileKey + `","tag":"GENERAL"}`},
		{Method: "DELETE", Path: "/members/1/attachments/1"},
		{Method: "POST", Path: "/upload/public", Body: "text"},
		{Method: "POST", Path: "/upload/private", Body: "text"},
		{Method: "GET", Path: "/staffs"},
		{Method: "GET", Path: "/staffs/1"},
	}
}

// equip gives member 1 of the key's company a note and an attachment, and answers the file's key.
func (b *bundle) equip(key string) string {
	b.Helper()
	fileKey := b.upload(key, "text of "+key)
	for path, body := range map[string]string{
		"/members/1/notes": `{"note":"note of ` + key + `"}`, "/members/1/attachments": `{"file_key":"` + fileKey + `","tag":"GENERAL"}`,
	} {
		if a := b.Do(request{Method: "POST", Path: path, As: key, Body: body}); a.Status != http.StatusOK {
			b.Fatalf("%s: %d %s", path, a.Status, a.Body)
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
		b.Keys["bad"] = key
		b.Run(name, func(*testing.T) {
			b.Want(request{Method: "GET", Path: "/members", As: "bad"}, http.StatusForbidden, denied)
		})
	}
	for _, r := range endpointsOf("x") {
		b.Want(r, http.StatusForbidden, denied)
		r.As = "poor"
		b.Want(r, http.StatusForbidden, denied)
	}
	b.Want(request{Method: "GET", Path: "/members", Header: map[string]string{"Authorization": b.Keys["a"]}}, http.StatusForbidden, denied)
	if got := b.ids(b.get("/members")); got != "1 2 3" {
		t.Errorf("members %s: something was done", got)
	}
}

// badKeys are keys that must not work.
func (b *bundle) badKeys() map[string]string {
	b.Helper()
	caller, err := b.Service.CallerByKey(b.Context(), noren.ReCORE, "app-A")
	if err != nil {
		b.Fatal(err)
	}
	secret, err := b.Service.TenantSecret(b.Context(), caller.Tenant.ID, noren.SecretReCOREKeys)
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
	now := b.Clock.Now()
	good := jwt.MapClaims{"company_id": shopA, "scope": "x", "iat": now.Unix(), "jti": "app-A"}
	return map[string]string{
		"empty": "", "no JWT": "x.y.z", "bearer": "Bearer " + b.Keys["a"],
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
		"cut":             b.Keys["a"][:len(b.Keys["a"])-2],
	}
}

// Both forms of scope are read, and what the client may do is what is stored of it, not what the key says.
func TestScopesAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	caller, err := b.Service.CallerByKey(t.Context(), noren.ReCORE, "poor-A")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := b.Service.TenantSecret(t.Context(), caller.Tenant.ID, noren.SecretReCOREKeys)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []any{"member:index member:show", []string{"member:index"}} {
		for client, status := range map[string]int{"app-A": http.StatusOK, "poor-A": http.StatusForbidden} {
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
				"company_id": shopA, "scope": scope, "iat": b.Clock.Now().Unix(), "jti": client,
			})
			if b.Keys["made"], err = token.SignedString([]byte(secret)); err != nil {
				t.Fatal(err)
			}
			if a := b.Do(request{Method: "GET", Path: "/staffs", As: "made"}); a.Status != status {
				t.Errorf("%v of %s: %d %s", scope, client, a.Status, a.Body)
			}
		}
	}
}

// Tenant B has the same ids as tenant A; on no endpoint does A see or change anything of B's.
func TestTenantsDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own, foreign := b.equip("a"), b.equip("b")
	before := b.Do(request{Method: "GET", Path: "/members", As: "b"}).Body
	for _, r := range endpointsOf(own) {
		r.As = "a"
		if a := b.Do(r); a.Status != http.StatusOK || strings.Contains(a.Body, `B"`) || strings.Contains(a.Body, `"BM0`) || strings.Contains(a.Body, "of b") {
			t.Errorf("%s %s: %d %s", r.Method, r.Path, a.Status, a.Body)
		}
	}
	if after := b.Do(request{Method: "GET", Path: "/members", As: "b"}).Body; after != before {
		t.Errorf("B's members were changed:\n%s\n%s", before, after)
	}
	b.Want(request{Method: "POST", Path: "/members/1/attachments", As: "a", Body: `{"file_key":"` + foreign + `","tag":"PHOTO"}`},
		400, failed(`{"file_key":["File key does not exist"]}`))
	b.Want(request{Method: "GET", Path: "/members?codes=BM001", As: "a"}, 200, "[]")
	b.Want(request{Method: "PUT", Path: "/members/point", As: "a", Body: `{"amount":1,"mode":"ADD","note":"x","query":{"codes":["BM001"]}}`},
		400, failed(`{"query.codes":["Query codes BM001 does not exist"]}`))
}

// A key with a store, or without one and a header, sees that store's members and those of all stores.
func TestStoresDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inStore := map[string]string{headerStore: "1"}
	for _, r := range []request{
		{Method: "GET", Path: "/members/2"},
		{Method: "PUT", Path: "/members/2", Body: `{"tel":"x"}`},
		{Method: "PUT", Path: "/members/2", Body: `{}`},
		{Method: "GET", Path: "/members/2/notes"},
		{Method: "POST", Path: "/members/2/notes", Body: `{"note":"x"}`},
		{Method: "DELETE", Path: "/members/2/notes/1"},
		{Method: "POST", Path: "/members/2/attachments", Body: `{"file_key":"` + strings.Repeat("x", 40) + `.txt","tag":"PHOTO"}`},
		{Method: "DELETE", Path: "/members/2/attachments/1"},
		{Method: "GET", Path: "/staffs/2"},
	} {
		bound, headed := r, r
		bound.As, headed.As, headed.Header = "clerk", "a", inStore
		for _, r := range []request{bound, headed} {
			if a := b.Do(r); a.Status != http.StatusNotFound {
				t.Errorf("%s %s as %s: %d %s", r.Method, r.Path, r.As, a.Status, a.Body)
			}
		}
	}
	for path, want := range map[string]string{"/members": "1 3", "/members?ids=1,2": "1", "/staffs": "1"} {
		for _, r := range []request{{Method: "GET", Path: path, As: "clerk"}, {Method: "GET", Path: path, As: "a", Header: inStore}} {
			if got := b.ids(b.Do(r).Body); got != want {
				t.Errorf("%s as %s: %s, want %s", path, r.As, got, want)
			}
		}
	}
	b.Want(request{Method: "PUT", Path: "/members/bulk", As: "clerk", Body: `[{"id":1},{"id":2}]`}, 400, failed(`{"1.id":["Id 2 does not exist"]}`))
	b.Want(request{Method: "PUT", Path: "/members/point", As: "clerk", Body: `{"amount":1,"mode":"ADD","note":"x","query":{"ids":[1,2]}}`},
		400, failed(`{"query.ids":["Query ids 2 does not exist"]}`))
	if a := b.Do(request{Method: "GET", Path: "/members/2", As: "clerk", Header: map[string]string{headerStore: "2"}}); a.Status != 404 {
		t.Errorf("the header has opened another store than the key's: %s", a.Body)
	}
	for store, detail := range map[string]string{
		"9": "X store id does not exist", "x": "X store id is not a number", "": "X store id is not a number", "0": "X store id must be greater than or equal to 1",
	} {
		b.Want(request{Method: "GET", Path: "/members", As: "a", Header: map[string]string{headerStore: store}}, 400, failed(`{"X-Store-Id":["`+detail+`"]}`))
	}
}

// The documented paces: 5 reads and 2 writes a second for each endpoint, key and address.
func TestPaces(t *testing.T) {
	t.Parallel()
	now := dialecttest.NewClock(dialecttest.HalfPastMidnight())
	paces, err := web.MemoryPaces(now.Now)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, paces)
	count := func(r request) (n int) {
		for ; n < 20; n++ {
			a := b.Do(r)
			if a.Status == http.StatusTooManyRequests {
				if a.Header.Get("Retry-After") == "" || !strings.Contains(a.Body, `"TOO_MANY_REQUESTS"`) {
					t.Errorf("%v %s", a.Header, a.Body)
				}
				return n
			}
		}
		return n
	}
	for _, r := range endpointsOf("x") {
		want := 2
		if r.Method == http.MethodGet {
			want = 5
		}
		for _, r.As = range []string{"a", "clerk"} {
			if got := count(r); got != want {
				t.Errorf("%s %s as %s: %d requests, want %d", r.Method, r.Path, r.As, got, want)
			}
		}
	}
	if got := count(request{Method: "GET", Path: "/members/2", As: "a"}); got != 0 {
		t.Errorf("another member is not another endpoint, but %d requests went through", got)
	}
	now.Advance(time.Second)
	if got := count(request{Method: "GET", Path: "/members/2", As: "a"}); got != 5 {
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
		a := b.Do(request{Method: "GET", Path: path, As: "a"})
		if a.Status != status || a.Header.Get("Content-Type") != mediaJSON {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := b.Do(request{Method: "HEAD", Path: "/members", As: "a"}); a.Status != http.StatusOK || a.Body != "" {
		t.Errorf("HEAD: %d %v", a.Status, a.Header)
	}
}
