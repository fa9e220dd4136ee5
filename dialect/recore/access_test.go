package recore

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
	"noren/dialect/dialecttest"
	"noren/web"
	"noren/wire"
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

// equip gives member 1 of the key's company a note and an attachment, and returns the file's key.
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

// Every request needs a valid key with the scope.
func TestNobodyGetsInWithout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	denied := `{"error":{"code":"FORBIDDEN","message":"アクセスが拒否されました","detail":{}}}`
	for name, key := range b.badKeys() {
		b.Keys["bad"] = key
		b.Logf("the key is %s", name)
		b.Want(request{Method: "GET", Path: "/members", As: "bad"}, http.StatusForbidden, denied)
	}
	for _, r := range endpointsOf("x") {
		b.Want(r, http.StatusForbidden, denied)
		r.As = "poor"
		b.Want(r, http.StatusForbidden, denied)
	}
	if got := b.ids(b.get("/members")); got != "1 2 3" {
		t.Errorf("members %s: something was done", got)
	}
}

// TestKeysFromTheFuture: a key works whose iat is ahead of the clock, because the clock that issued it was, or was set back
// since.
func TestKeysFromTheFuture(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Clock.Advance(-6 * time.Hour)
	for range 2 { // the second time the signature is known
		if got := b.ids(b.get("/members")); got != "1 2 3" {
			t.Errorf("members %s", got)
		}
	}
}

// badKeys are keys that must not work.
func (b *bundle) badKeys() map[string]string {
	b.Helper()
	caller, err := b.Rooms.Access.CallerByKey(b.Context(), noren.ReCORE, "app-A")
	if err != nil {
		b.Fatal(err)
	}
	secret, err := b.Rooms.Access.TenantSecret(b.Context(), caller.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		b.Fatal(err)
	}
	mint := func(secret, contract, client string, issued time.Time) string {
		key, err := Mint(secret, contract, noren.Client{Key: client}, noren.APIKey{IssuedAt: issued})
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
	now := b.Clock.Read()
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
		"unsigned":        sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good),
		"other algorithm": sign(jwt.SigningMethodHS384, []byte(secret), good),
		"expired":         sign(jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"company_id": shopA, "iat": now.Unix(), "jti": "app-A", "exp": now.Add(-time.Hour).Unix()}),
		"no iat":          sign(jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"company_id": shopA, "jti": "app-A"}),
		"scope is number": sign(jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"company_id": shopA, "jti": "app-A", "iat": now.Unix(), "scope": 5}),
		"cut":             b.Keys["a"][:len(b.Keys["a"])-2],
	}
}

// Both forms of scope are read. The client's permissions are the stored ones, not those in the key.
func TestScopesAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	caller, err := b.Rooms.Access.CallerByKey(t.Context(), noren.ReCORE, "poor-A")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := b.Rooms.Access.TenantSecret(t.Context(), caller.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []any{"member:index member:show", []string{"member:index"}} {
		for client, status := range map[string]int{"app-A": http.StatusOK, "poor-A": http.StatusForbidden} {
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
				"company_id": shopA, "scope": scope, "iat": b.Clock.Read().Unix(), "jti": client,
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

// A key that has worked stops working when its time is over, when the tenant's secret is replaced, and when its client is
// revoked: that its signature has been checked before says nothing of these.
func TestKeysThatWorkedStopWorking(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bundle){
		"expired": func(b *bundle) { b.Clock.Advance(time.Hour + 2*clockSkew) },
		"secret replaced": func(b *bundle) {
			b.Apply(shop.Shop{Contract: shopA, SigningKeys: map[string]string{access.SecretReCOREKeys: "another"}})
		},
		"client revoked": func(b *bundle) {
			caller, err := b.Rooms.Access.CallerByKey(b.Context(), noren.ReCORE, "app-A")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := b.Rooms.Access.RevokeClient(b.Context(), noren.Caller{Tenant: caller.Tenant}, caller.Client.ID, nil); err != nil {
				b.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			caller, err := b.Rooms.Access.CallerByKey(t.Context(), noren.ReCORE, "app-A")
			if err != nil {
				t.Fatal(err)
			}
			secret, err := b.Rooms.Access.TenantSecret(t.Context(), caller.Tenant.ID, access.SecretReCOREKeys)
			if err != nil {
				t.Fatal(err)
			}
			now := b.Clock.Read()
			b.Keys["passing"], err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
				"company_id": shopA, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "app-A",
			}).SignedString([]byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			get := request{Method: "GET", Path: "/members/1", As: "passing"}
			for range 2 {
				if a := b.Do(get); a.Status != http.StatusOK {
					t.Fatalf("before: %d %s", a.Status, a.Body)
				}
			}
			end(b)
			if a := b.Do(get); a.Status != http.StatusForbidden {
				t.Errorf("after: %d %s", a.Status, a.Body)
			}
		})
	}
}

// Tenant B has the same ids as tenant A. No endpoint lets A see or change anything of B's.
func TestTenantsDoNotLeak(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own, foreign := b.equip("a"), b.equip("b")
	before := b.Do(request{Method: "GET", Path: "/members", As: "b"}).Body
	madeUp := regexp.MustCompile(`"MB[0-9A-Z]{10}"`) // codes of new members, which may end in any letter
	for _, r := range endpointsOf(own) {
		r.As = "a"
		a := b.Do(r)
		said := madeUp.ReplaceAllString(a.Body, "")
		if a.Status != http.StatusOK || strings.Contains(said, `B"`) || strings.Contains(said, `"BM0`) || strings.Contains(said, "of b") {
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

// The documented rate limits: 5 reads and 2 writes per second for each endpoint, key and address.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	now := apptest.NewClock(dialecttest.HalfPastMidnight())
	rates, err := web.MemoryRates(now.Read)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, rates)
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
		if a.Status != status || a.Header.Get("Content-Type") != wire.MediaJSON {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := b.Do(request{Method: "HEAD", Path: "/members", As: "a"}); a.Status != http.StatusOK || a.Body != "" {
		t.Errorf("HEAD: %d %v", a.Status, a.Header)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	requests := endpointsOf("x")
	for i := range requests {
		requests[i].As = "a"
	}
	b.Heads(requests)
}
