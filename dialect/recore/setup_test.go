package recore

import (
	"encoding/json"
	"flag"
	"fmt"
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
	"noren/dialect/smaregi"
	"noren/files"
	"noren/sqlstore"
	"noren/web"
)

var update = flag.Bool("update", false, "write the golden files")

// The two tenants of the tests, whose members, stores and staff have the same ids.
const (
	shopA = "sb_aaaa0001"
	shopB = "sb_bbbb0001"
)

// bundle is a running server with two tenants, which speaks Smaregi too.
type bundle struct {
	*testing.T
	server  *httptest.Server
	service *noren.Service
	clock   *clock
	files   string            // the directory of the uploaded files
	keys    map[string]string // by name: a, b (all scopes); clerk (bound to store 1 of A); poor (no scopes)
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

// signed is package files as the dialect's Links.
type signed struct{}

func (signed) Link(secret, name string, now time.Time) url.Values {
	return files.Link(secret, name, now)
}

func (signed) Check(secret, name string, query url.Values, now time.Time) error {
	return files.Check(secret, name, query, now)
}

// setup starts a server on an empty database, without paces. tune changes what the first tenant's shop file says.
func setup(t *testing.T, tune ...func(*noren.Shop)) *bundle {
	t.Helper()
	return start(t, nil, tune...)
}

func start(t *testing.T, paces *web.PaceStore, tune ...func(*noren.Shop)) *bundle {
	t.Helper()
	return startOn(t, func(e noren.Engine) noren.Engine { return e }, paces, tune...)
}

// startOn is start with something around the engine.
func startOn(t *testing.T, around func(noren.Engine) noren.Engine, paces *web.PaceStore, tune ...func(*noren.Shop)) *bundle {
	t.Helper()
	b := &bundle{T: t, clock: &clock{now: time.Date(2026, 11, 21, 15, 30, 0, 0, time.UTC)}, keys: make(map[string]string)}
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: b.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.files = filepath.Join(t.TempDir(), "files")
	store, err := files.Open(b.files)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	b.service = noren.NewService(noren.Config{
		Engine: around(engine), Clock: b.clock.Now, Log: log,
		Encoders: map[noren.Dialect]noren.CallbackEncoder{noren.Smaregi: smaregi.Callbacks{}},
	})
	handler, err := web.NewHandler(web.Config{
		Service: b.service, Paces: paces, Log: log, BaseURL: "https://api.example.com",
		Dialects: []web.Dialect{
			smaregi.New(b.service, "test"),
			New(Config{Service: b.service, Files: store, Links: signed{}, Version: "test"}),
		},
		Metrics: web.NewMetrics(prometheus.NewRegistry(), b.service),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewServer(handler)
	t.Cleanup(func() {
		b.server.Close()
		for _, c := range []io.Closer{store, engine} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	shop := shopFile(shopA, "A")
	for _, f := range tune {
		f(&shop)
	}
	b.apply(shop)
	b.apply(shopFile(shopB, "B"))
	b.keys["a"], b.keys["b"] = b.mint(shopA, "app-A"), b.mint(shopB, "app-B")
	b.keys["clerk"], b.keys["poor"] = b.mint(shopA, "clerk-A"), b.mint(shopA, "poor-A")
	return b
}

// mint makes the key of a stored client.
func (b *bundle) mint(contract, key string) string {
	b.Helper()
	c, err := b.service.CallerByKey(b.Context(), noren.ReCORE, key)
	if err != nil {
		b.Fatal(err)
	}
	secret, err := b.service.TenantSecret(b.Context(), c.Tenant.ID, noren.SecretReCOREKeys)
	if err != nil {
		b.Fatal(err)
	}
	minted, err := Mint(secret, contract, c.Client, b.clock.Now())
	if err != nil {
		b.Fatal(err)
	}
	return minted
}

func allScopes() []string {
	var scopes []string
	for _, r := range New(Config{}).Routes() {
		scopes = append(scopes, r.Permission.Scopes()...)
	}
	return scopes
}

// shopFile is a tenant with three members, two stores and two people. Every name has the mark.
func shopFile(contract, mark string) noren.Shop {
	named := func(id int64, code string) noren.MemberPatch {
		return noren.MemberPatch{
			ID: id, Code: noren.Set(mark + code), LastName: noren.Set("山田" + mark), FirstName: noren.Set("花子" + mark),
			Status: noren.Set(noren.Active),
		}
	}
	full := named(1, "M001")
	full.AliasCode, full.LastKana, full.FirstKana = noren.Set("alias-1"+mark), noren.Set("ヤマダ"), noren.Set("ハナコ")
	full.Rank, full.Store = noren.Set(noren.Ref{Name: "Silver"}), noren.Set[int64](1)
	full.PostalCode, full.Prefecture, full.Address1 = noren.Set("123-4567"), noren.Set("東京都"), noren.Set("千代田区1-1")
	full.Phone, full.Email = noren.Set("0600001111"), noren.Set("hanako@example.com")
	full.Sex, full.BirthDate = noren.Set(noren.Male), noren.Set(noren.Date("1991-02-23"))
	elsewhere := named(2, "M002")
	elsewhere.Store, elsewhere.Status = noren.Set[int64](2), noren.Set(noren.Lost)
	merged := named(3, "M003")
	merged.Status, merged.Phone = noren.Set(noren.Merged), noren.Set("ext. 5")
	client := func(name string, store *int64, scopes ...string) noren.ShopClient {
		return noren.ShopClient{Name: name, Dialect: noren.ReCORE, Key: name + "-" + mark, StoreID: store, Scopes: scopes}
	}
	return noren.Shop{
		Contract: contract,
		Tenant:   noren.TenantPatch{Name: noren.Set("商店" + mark)},
		Ranks:    []noren.Rank{{ID: 1, Name: "Bronze" + mark}, {ID: 2, Name: "Silver"}},
		Stores: []noren.Store{
			{ID: 1, Code: "001", Name: "本店" + mark, Kind: noren.StoreShop}, {ID: 2, Code: "002", Name: "支店" + mark, Kind: noren.StoreShop},
		},
		Staff: []noren.Staff{
			{ID: 1, Code: "SF001", Name: "デフォルト スタッフ" + mark, StoreID: new(int64(1))}, {ID: 2, Code: "SF002", Name: "支店長" + mark, StoreID: new(int64(2))},
		},
		Members: []noren.MemberPatch{full, elsewhere, merged},
		Clients: []noren.ShopClient{
			client("app", nil, allScopes()...), client("clerk", new(int64(1)), allScopes()...), client("poor", nil),
			{
				Name: "pos", Dialect: noren.Smaregi, Kind: noren.UserClient, Key: "pos-" + mark, AccessToken: "pos-" + mark,
				Scopes: []string{"pos.customers:read", "pos.customers:write"},
			},
		},
	}
}

func (b *bundle) apply(shop noren.Shop) {
	b.Helper()
	if _, err := b.service.ApplyShop(b.Context(), shop); err != nil {
		b.Fatal(err)
	}
}

// request is one HTTP request; key names one of the bundle's.
type request struct {
	method, path, key, body string
	header                  map[string]string
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
	if r.key != "" {
		key, known := b.keys[r.key]
		if !known {
			b.Fatalf("there is no key %q", r.key)
		}
		req.Header.Set(headerKey, key)
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

// get reads as A's app, put and post write; what is not 200 ends the test.
func (b *bundle) get(path string) string        { b.Helper(); return b.must("GET", path, "") }
func (b *bundle) put(path, body string) string  { b.Helper(); return b.must("PUT", path, body) }
func (b *bundle) post(path, body string) string { b.Helper(); return b.must("POST", path, body) }

func (b *bundle) must(method, path, body string) string {
	b.Helper()
	a := b.do(request{method: method, path: path, key: "a", body: body})
	if a.status != http.StatusOK {
		b.Fatalf("%s %s %s: %d %s", method, path, body, a.status, a.body)
	}
	return a.body
}

// upload stores a text file and answers its key.
func (b *bundle) upload(key, text string) string {
	b.Helper()
	return b.keyOf(b.do(request{method: "POST", path: "/upload/private", key: key, body: text}))
}

// members reads the members of a list's answer.
func (b *bundle) members(body string) []map[string]any {
	b.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		b.Fatalf("%s: %v", body, err)
	}
	return list
}

// ids reads the ids of a list's answer, as fmt writes them.
func (b *bundle) ids(body string) string {
	b.Helper()
	var ids []any
	for _, m := range b.members(body) {
		ids = append(ids, m["id"])
	}
	return fmt.Sprint(ids...)
}

// failed is the documented 400 with the detail.
func failed(detail string) string {
	return `{"error":{"code":"VALIDATE_FAILED","message":"入力値が不正です","detail":` + detail + `}}`
}
