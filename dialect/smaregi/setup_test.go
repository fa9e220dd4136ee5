package smaregi

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/sqlstore"
	"noren/web"
)

var update = flag.Bool("update", false, "write the golden files")

// The two tenants of the tests, whose members, stores and products have the same ids.
const (
	shopA = "sb_aaaa0001"
	shopB = "sb_bbbb0001"
)

// bundle is a running server with two tenants.
type bundle struct {
	*testing.T
	server  *httptest.Server
	service *noren.Service
	clock   *clock
	tokens  map[string]string // by name: a, b (apps); clerk (bound to store 1 of A); poor (no scopes)
}

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// setup starts a server on an empty database. tune changes what the first tenant's shop file says.
func setup(t *testing.T, tune ...func(*noren.Shop)) *bundle {
	t.Helper()
	b := &bundle{T: t, clock: &clock{now: time.Date(2026, 11, 21, 15, 30, 0, 0, time.UTC)}, tokens: make(map[string]string)}
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: b.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	b.service = noren.NewService(noren.Config{
		Engine: engine, Clock: b.clock.Now, Encoders: map[noren.Dialect]noren.CallbackEncoder{noren.Smaregi: Callbacks{}}, Log: log,
	})
	paces, err := web.MemoryPaces(b.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := web.NewHandler(web.Config{
		Service: b.service, Dialects: []web.Dialect{New(b.service, "test")}, Paces: paces,
		Metrics: web.NewMetrics(prometheus.NewRegistry(), b.service), Log: log, BaseURL: "https://api.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewServer(handler)
	t.Cleanup(func() {
		b.server.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	shop := shopFile(shopA, "A")
	for _, f := range tune {
		f(&shop)
	}
	b.apply(shop)
	b.apply(shopFile(shopB, "B"))
	b.tokens["clerk"], b.tokens["poor"] = "clerk-A", "poor-A"
	b.renewTokens()
	return b
}

// allScopes are those of all endpoints.
func allScopes() []string {
	return []string{
		scopeCustomersRead, scopeCustomersWrite, scopeStockRead, scopeStockWrite, scopeChangesRead, scopeStoresRead, scopeProductsRead,
	}
}

// shopFile is a tenant with three members, three stores of the three kinds, and two products. Every name has the mark.
func shopFile(contract, mark string) noren.Shop {
	member := func(id int64, code string) noren.MemberPatch {
		return noren.MemberPatch{
			ID: id, Code: noren.Set(mark + code), LastName: noren.Set("山田" + mark), FirstName: noren.Set("花子" + mark),
		}
	}
	full := member(1, "M001")
	full.CustomerNo, full.LastKana, full.FirstKana = noren.Set("No-1"), noren.Set("ヤマダ"), noren.Set("ハナコ")
	full.Rank, full.StaffRank = noren.Set(noren.Ref{Name: "Silver"}), noren.Set(noren.Ref{ID: 1})
	full.Prefecture, full.Address1, full.Address2 = noren.Set("東京都"), noren.Set("千代田区1-1"), noren.Set("暖簾ビル")
	full.Sex, full.BirthDate, full.EntryDate = noren.Set(noren.OtherSex), noren.Set(noren.Date("1990-04-01")), noren.Set(noren.Date("2020-01-02"))
	full.PointUnitPrice, full.PointUnit = noren.Set[int64](100), noren.Set[noren.Hundredths](150)
	full.Email, full.Note, full.Store = noren.Set("hanako@example.com"), noren.Set("一行目\n二行目"), noren.Set[int64](1)
	left := member(3, "M003")
	left.Status, left.LeaveDate = noren.Set(noren.Left), noren.Set(noren.Date("2026-01-31"))
	client := func(name string, c noren.ShopClient) noren.ShopClient {
		c.Name, c.Dialect, c.Key, c.Secret = name, noren.Smaregi, name+"-"+mark, "secret"
		return c
	}
	return noren.Shop{
		Contract:   contract,
		Tenant:     noren.TenantPatch{Name: noren.Set("商店" + mark)},
		Ranks:      []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver"}},
		StaffRanks: []noren.StaffRank{{ID: 1, Name: "社員"}},
		Stores: []noren.Store{
			{ID: 1, Code: "001", Name: "本店" + mark, Kind: noren.StoreShop},
			{ID: 2, Code: "002", Name: "倉庫" + mark, Kind: noren.StoreWarehouse},
			{ID: 3, Code: "003", Name: "受注" + mark, Kind: noren.StoreOrder},
			{ID: 4, Code: "004", Name: "支店" + mark, Kind: noren.StoreShop},
		},
		Products: []noren.Product{{ID: 1, Code: "P001", Name: "緑茶" + mark}, {ID: 2, Code: "P002", Name: "羊羹" + mark}},
		Members:  []noren.MemberPatch{full, member(2, "M002"), left},
		Clients: []noren.ShopClient{
			client("app", noren.ShopClient{Scopes: allScopes()}),
			client("clerk", noren.ShopClient{Kind: noren.UserClient, StoreID: new(int64(1)), Scopes: allScopes(), AccessToken: "clerk-" + mark}),
			client("poor", noren.ShopClient{Kind: noren.UserClient, AccessToken: "poor-" + mark}),
		},
	}
}

func (b *bundle) apply(shop noren.Shop) {
	b.Helper()
	if _, err := b.service.ApplyShop(b.Context(), shop); err != nil {
		b.Fatal(err)
	}
}

// renewTokens asks for tokens of the apps: they expire when the clock is moved by an hour.
func (b *bundle) renewTokens() {
	b.Helper()
	b.tokens["a"], b.tokens["b"] = b.newToken(shopA, "app-A"), b.newToken(shopB, "app-B")
}

func (b *bundle) newToken(contract, client string) string {
	b.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {"secret"}}
	a := b.do(request{method: "POST", path: "/app/" + contract + "/token", body: form.Encode()})
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &token); err != nil || token.AccessToken == "" {
		b.Fatalf("no token: %d %s", a.status, a.body)
	}
	return token.AccessToken
}

// request is one HTTP request; token names one of the bundle's.
type request struct {
	method, path, token, body string
	header                    map[string]string
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bundle) do(r request) answer {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), r.method, b.server.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		b.Fatal(err)
	}
	if r.token != "" {
		token, known := b.tokens[r.token]
		if !known {
			b.Fatalf("there is no token %q", r.token)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := b.server.Client().Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// want sends the request and checks status and body.
func (b *bundle) want(r request, status int, body string) {
	b.Helper()
	if a := b.do(r); a.status != status || a.body != body {
		b.Errorf("%s %s %.300s\n got %d %s\nwant %d %s", r.method, r.path, r.body, a.status, a.body, status, body)
	}
}

// applyLane applies what tenant A has accepted, and answers the bodies of the callbacks owed, in order.
func (b *bundle) applyLane() []string {
	b.Helper()
	t, err := b.service.TenantByContract(b.Context(), shopA)
	if err != nil {
		b.Fatal(err)
	}
	done, err := b.service.ApplyLane(b.Context(), t.ID)
	if err != nil {
		b.Fatal(err)
	}
	callbacks, err := b.service.Callbacks(b.Context(), shopA, noren.CallbackFilter{})
	if err != nil {
		b.Fatal(err)
	}
	bodies := make([]string, len(done))
	for i, r := range done {
		for _, c := range callbacks {
			if c.RequestID == r.ID {
				bodies[i] = string(c.Body)
			}
		}
	}
	return bodies
}

// customers is a body of PATCH /customers/bulk with the rows.
func customers(rows ...string) string { return bulkBody("customers", rows...) }

// stocks is a body of PATCH /stock/bulk with the rows.
func stocks(rows ...string) string { return bulkBody("stock", rows...) }

func bulkBody(key string, rows ...string) string {
	var b bytes.Buffer
	b.WriteString(`{"` + key + `":[` + strings.Join(rows, ",") + `],"callbackUrl":"https://example.com/cb"}`)
	return b.String()
}

// badRequest is the document's 400 with the detail.
func badRequest(detail string) string {
	return `{"type":"about:blank","title":"Bad Request","detail":"` + detail + `","status":400}`
}
