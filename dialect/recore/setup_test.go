package recore

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/dialect/dialecttest"
	"noren/dialect/smaregi"
	"noren/files"
	"noren/web"
)

// The two tenants of the tests, whose members, stores and staff have the same ids.
const (
	shopA = dialecttest.ShopA
	shopB = dialecttest.ShopB
)

type (
	request = dialecttest.Request
	answer  = dialecttest.Answer
)

// bundle is a running server with two tenants, which speaks Smaregi too. Its keys: a, b (all scopes); clerk (restricted
// to store 1 of A); poor (no scopes).
type bundle struct {
	*dialecttest.Server
	files string // the directory of the uploaded files
}

// signed is package files as the dialect's Links.
type signed struct{}

func (signed) Link(secret, name, shown string, view bool, now time.Time) url.Values {
	return files.Link(secret, name, shown, view, now)
}

func (signed) Check(secret, name string, query url.Values, now time.Time) error {
	return files.Check(secret, name, query, now)
}

// setup starts a server on an empty database, without rate limits. tune changes the first tenant's shop file.
func setup(t *testing.T, tune ...func(*shop.Shop)) *bundle {
	t.Helper()
	return start(t, nil, tune...)
}

func start(t *testing.T, rates *web.RateStore, tune ...func(*shop.Shop)) *bundle {
	t.Helper()
	return startOn(t, nil, rates, tune...)
}

// startOn is start with a wrapper around the engine, if around is not nil.
func startOn(t *testing.T, around func(noren.Engine) noren.Engine, rates *web.RateStore, tune ...func(*shop.Shop)) *bundle {
	t.Helper()
	b := &bundle{files: filepath.Join(t.TempDir(), "files")}
	store, err := files.Open(b.files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	b.Server = dialecttest.Start(t, dialecttest.Config{
		Around: around, Rates: rates, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: smaregi.Callbacks{}},
		Dialects: func(a *app.App) []web.Dialect {
			return []web.Dialect{
				smaregi.New(smaregi.Rooms{Access: a.Access, Bulk: a.Bulk, Members: a.Members, Stock: a.Stock}, "test"),
				New(Config{
					Rooms: Rooms{Now: a.Now, Access: a.Access, Members: a.Members, Points: a.Points, Stock: a.Stock},
					Files: store, Links: signed{}, Version: "test",
				}),
			}
		},
		Prove: func(header http.Header, key string) { header.Set(headerKey, key) },
	})
	shop := shopFile(shopA, "A")
	for _, f := range tune {
		f(&shop)
	}
	b.Apply(shop)
	b.Apply(shopFile(shopB, "B"))
	b.Keys["a"], b.Keys["b"] = b.mint(shopA, "app-A"), b.mint(shopB, "app-B")
	b.Keys["clerk"], b.Keys["poor"] = b.mint(shopA, "clerk-A"), b.mint(shopA, "poor-A")
	return b
}

// mint makes the key of a stored client.
func (b *bundle) mint(contract, key string) string {
	b.Helper()
	c, err := b.Rooms.Access.CallerByKey(b.Context(), noren.ReCORE, key)
	if err != nil {
		b.Fatal(err)
	}
	secret, err := b.Rooms.Access.TenantSecret(b.Context(), c.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		b.Fatal(err)
	}
	minted, err := Mint(secret, contract, c.Client, noren.APIKey{IssuedAt: b.Clock.Read()})
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
func shopFile(contract, mark string) shop.Shop {
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
	client := func(name string, store *int64, scopes ...string) access.ClientSpec {
		return access.ClientSpec{Name: name, Dialect: noren.ReCORE, Key: name + "-" + mark, StoreID: store, Scopes: scopes}
	}
	return shop.Shop{
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
		Clients: []access.ClientSpec{
			client("app", nil, allScopes()...), client("clerk", new(int64(1)), allScopes()...), client("poor", nil),
			{
				Name: "pos", Dialect: noren.Smaregi, Kind: noren.UserClient, Key: "pos-" + mark, AccessToken: "pos-" + mark,
				Scopes: []string{"pos.customers:read", "pos.customers:write"},
			},
		},
	}
}

// get reads as A's app, put and post write; a status other than 200 ends the test.
func (b *bundle) get(path string) string        { b.Helper(); return b.must("GET", path, "") }
func (b *bundle) put(path, body string) string  { b.Helper(); return b.must("PUT", path, body) }
func (b *bundle) post(path, body string) string { b.Helper(); return b.must("POST", path, body) }

func (b *bundle) must(method, path, body string) string {
	b.Helper()
	return b.Must(request{Method: method, Path: path, As: "a", Body: body})
}

// upload stores a text file and returns its key.
func (b *bundle) upload(key, text string) string {
	b.Helper()
	return b.keyOf(b.Do(request{Method: "POST", Path: "/upload/private", As: key, Body: text}))
}

// members returns the members in a list's response.
func (b *bundle) members(body string) []map[string]any {
	b.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		b.Fatalf("%s: %v", body, err)
	}
	return list
}

// ids returns the ids in a list's response, as fmt writes them.
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
