package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"noren"
	"noren/app/access"
	"noren/app/shop"
	"noren/pgtest"
	"noren/web"
)

// fuzzed is a server on one engine, with a shop whose clients may do everything.
type fuzzed struct {
	handler *web.Handler
	routes  []fuzzRoute
	headers map[noren.Dialect]map[string]string // that let a request in
}

type fuzzRoute struct {
	dialect noren.Dialect
	web.Route
}

const (
	fuzzContract = "sb_fuzz"
	fuzzSecret   = "the secret of Shopify"
	fuzzPassword = "the password of all"
)

// newFuzzed makes the server. Both engines get the same shop, so that they have to respond alike.
func newFuzzed(f *testing.F, database string) *fuzzed {
	f.Helper()
	h, err := openHouse(f.Context(), database, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(h.close)
	store, err := filesFlag{filepath.Join(f.TempDir(), "files")}.open()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	s, err := h.newServer(serverFlags{RateLimits: "off"}, store)
	if err != nil {
		f.Fatal(err)
	}
	dialects, err := h.dialects(store, "", "test")
	if err != nil {
		f.Fatal(err)
	}
	z := &fuzzed{handler: s.handler, headers: make(map[noren.Dialect]map[string]string)}
	scopes := make(map[noren.Dialect][]string)
	for _, d := range dialects {
		scopes[d.Name()] = web.Scopes(d)
		for _, r := range d.Routes() {
			// What ends the session would end the run.
			if !regexp.MustCompile("/(sign-out|sign-out-everywhere|account/password|revoke)$").MatchString(r.Pattern) {
				z.routes = append(z.routes, fuzzRoute{d.Name(), r})
			}
		}
	}
	z.fill(f, h, scopes)
	return z
}

func (z *fuzzed) fill(f *testing.F, h *house, scopes map[noren.Dialect][]string) {
	f.Helper()
	member := func(id int64) noren.MemberPatch {
		return noren.MemberPatch{
			ID: id, Code: noren.Set(fmt.Sprint("M", id)), LastName: noren.Set("山田"), Status: noren.Set(noren.Active),
			Email: noren.Set(fmt.Sprintf("m%d@example.com", id)), ShopifyCustomerID: noren.Set(strconv.FormatInt(700+id, 10)),
		}
	}
	report, err := h.rooms.Shop.Apply(f.Context(), shop.Shop{
		Contract:    fuzzContract,
		Tenant:      noren.TenantPatch{Name: noren.Set("店"), Plan: noren.Set(noren.PlanPremiumPlus)},
		SigningKeys: map[string]string{noren.SigningKeyShopify: fuzzSecret},
		Ranks:       []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver", EntrySpend: 100}},
		Stores:      []noren.Store{{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop}},
		Products:    []noren.Product{{ID: 1, Code: "P1", Name: "緑茶"}},
		Members:     []noren.MemberPatch{member(1), member(2), member(3)},
		Clients: []access.ClientSpec{
			{Name: "pos", Dialect: noren.Smaregi, Kind: noren.UserClient, Scopes: scopes[noren.Smaregi], AccessToken: "a token"},
			{Name: "web", Dialect: noren.EasyPoints, Key: "pk", Secret: "a secret", Scopes: scopes[noren.EasyPoints]},
			{Name: "reuse", Dialect: noren.ReCORE, Key: "reuse", Scopes: scopes[noren.ReCORE]},
		},
		ConsoleUsers: []shop.ConsoleUser{{Login: "admin", Password: fuzzPassword, Role: noren.Admin}},
	})
	if err != nil {
		f.Fatal(err)
	}
	keys, err := identify(f.Context(), h.rooms, []shop.Report{report})
	if err != nil {
		f.Fatal(err)
	}
	cookie, _, err := h.rooms.Access.SignIn(f.Context(), access.Credentials{Contract: fuzzContract, Login: "admin", Password: fuzzPassword}, "")
	if err != nil {
		f.Fatal(err)
	}
	z.headers[noren.Smaregi] = map[string]string{"Authorization": "Bearer a token"}
	z.headers[noren.EasyPoints] = map[string]string{"Authorization": "Bearer a secret"}
	z.headers[noren.ReCORE] = map[string]string{"X-Identification": keys["reuse"]}
	z.headers[noren.Console] = map[string]string{
		"Cookie": "noren_console=" + cookie, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded",
	}
}

// send sends a request to the route. id stands for whatever its path names, but for the contract.
func (z *fuzzed) send(t *testing.T, r fuzzRoute, id, query, key string, body []byte) *httptest.ResponseRecorder {
	path := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllStringFunc(r.Pattern, func(name string) string {
		if strings.HasPrefix(name, "{contract") || name == "{tenant}" {
			return fuzzContract
		}
		return url.PathEscape(id)
	})
	request := httptest.NewRequestWithContext(t.Context(), r.Method, "/", strings.NewReader(string(body)))
	var err error
	if request.URL.Path, err = url.PathUnescape(path); err != nil {
		t.Fatal(err)
	}
	request.URL.RawPath, request.URL.RawQuery = path, query
	for name, value := range z.headers[r.dialect] {
		request.Header.Set(name, value)
	}
	if r.dialect == noren.Shopify {
		sum := hmac.New(sha256.New, []byte(fuzzSecret))
		sum.Write(body)
		request.Header.Set("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
		request.Header.Set("X-Shopify-Topic", id)
		request.Header.Set("X-Shopify-Webhook-Id", key)
	} else if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	z.handler.ServeHTTP(w, request)
	return w
}

// fuzzSeeds are requests that every route gets, beside those that are made for one of them.
var fuzzSeeds = []struct{ id, query, key, body string }{
	{"1", "", "", ""},
	{"1", "", "a key", "{}"},
	{"2", "limit=2&page=1&keyword=%E5%B1%B1&q=M&cursor=", "", `[{"id":1,"last_name":"改"}]`},
	{"\xff", "q=%ff", "\xff", "once=%ff"},
	{"a\x00b", "q=a%00b", "", "{\"note\":\"\\u0000\"}"},
	{"99999999999999999999", "page=99999999999999999999", "b key", "null"},
	{"-1", "ids=1,2&sort=customerId:desc", "", `{"amount":1,"mode":"ADD","note":"x","query":{"ids":[1,2,2]}}`},
	{"orders/paid", "", "w1", `{"id":1,"currency":"JPY","total_price":"10.00","processed_at":"2026-01-10T10:00:00+09:00","customer":{"id":701}}`},
	{"customers/create", "", "w2", `{"id":999,"email":"m3@example.com","verified_email":true}`},
	{"1", "", "c key", `{"callbackUrl":"https://example.com/","customers":[{"customerId":"1","note":"x"},{"customerId":"2","note":"y"}]}`},
	{"1", "", "", `{"callbackUrl":"https://example.com/","stock":[{"productId":"1","storeId":"1","stockAmount":"5"}]}`},
	{"701", "", "d key", `{"customer_id":701,"point_value":5,"balance":7,"tier":"silver"}`},
	{"m1@example.com", "", "", `{"balance":7,"tier":3,"customer_id":"m1@example.com","point_value":-900}`},
	{"1", "", "", `{"note":"a note","staff_id":null,"file_key":"x","tag":"PHOTO"}`},
	{"1", "done=done.points", "", "once=t1&mode=ADD&kind=DEFAULT&amount=5&reason=x&note=x&last_name=%E6%94%B9&amount=1&deed=save&name=x&dialect=recore"},
	{"new", "from=1&to=2&day=2026-01-01", "", "contract=sb_fuzz&login=admin&password=wrong&language=en&next=//x"},
}

// FuzzRequests sends requests to every route of every dialect and of the console, on both engines, which have to respond
// with the same status, and never with one that says that the server is at fault.
func FuzzRequests(f *testing.F) {
	engines := []*fuzzed{
		newFuzzed(f, "sqlite:"+filepath.Join(f.TempDir(), "noren.db")+"?_pragma=synchronous(0)"), newFuzzed(f, pgtest.Database(f)),
	}
	for i := range engines[0].routes {
		for _, s := range fuzzSeeds {
			f.Add(uint8(i), s.id, s.query, s.key, []byte(s.body))
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, id, query, key string, body []byte) {
		r := engines[0].routes[int(route)%len(engines[0].routes)]
		var statuses []int
		var bodies []string
		for _, z := range engines {
			w := z.send(t, r, id, query, key, body)
			statuses, bodies = append(statuses, w.Code), append(bodies, w.Body.String())
		}
		if statuses[0] != statuses[1] || slices.Max(statuses) >= http.StatusInternalServerError {
			t.Errorf("%s %s %s, id %q, query %q, key %q, body %q: %v\n%.500s\n%.500s", r.dialect, r.Method, r.Pattern, id, query, key, body,
				statuses, bodies[0], bodies[1])
		}
	})
}
