package easypoints

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/purchases"
	"noren/app/shop"
	"noren/dialect/dialecttest"
	"noren/dialect/recore"
	"noren/dialect/smaregi"
	"noren/web"
)

// The two tenants of the tests, whose members and stores have the same ids. Their Shopify ids differ, as they do at
// Shopify.
const (
	shopA = dialecttest.ShopA
	shopB = dialecttest.ShopB
)

// The customers of A: one of the seed page's first example, in store 1, and one in store 2; and one of B.
const (
	seedCustomer  = "6757085806881"
	otherCustomer = "123"
	foreign       = "456"
)

const onePath = "/api/shopify/point_balances/"

type (
	request = dialecttest.Request
	answer  = dialecttest.Answer
)

// bundle is a running server with two tenants, which speaks all dialects. Its keys are Authorization headers: a, b;
// clerk (restricted to store 1 of A); reader (reads only); poor (no scopes); pos (Smaregi).
type bundle struct{ *dialecttest.Server }

// setup starts a server on an empty database, in the December before the deadline of the seed page's example. tune
// changes the first tenant's shop file.
func setup(t *testing.T, tune ...func(*shop.Shop)) *bundle {
	t.Helper()
	return start(t, nil, tune...)
}

func beforeTheDeadline() time.Time { return time.Date(2022, 12, 15, 7, 0, 35, 0, time.UTC) }

func start(t *testing.T, rates func(clock func() time.Time) (*web.RateStore, error), tune ...func(*shop.Shop)) *bundle {
	t.Helper()
	clock := apptest.NewClock(beforeTheDeadline())
	var store *web.RateStore
	if rates != nil {
		var err error
		if store, err = rates(clock.Read); err != nil {
			t.Fatal(err)
		}
	}
	b := &bundle{dialecttest.Start(t, dialecttest.Config{
		Clock: clock, Rates: store, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: smaregi.Callbacks{}},
		Dialects: func(a *app.App) []web.Dialect {
			return []web.Dialect{
				smaregi.New(smaregi.Rooms{Access: a.Access, Bulk: a.Bulk, Members: a.Members, Stock: a.Stock}, "test"),
				recore.New(recore.Config{Rooms: recore.Rooms{Now: a.Now, Access: a.Access, Members: a.Members, Points: a.Points, Stock: a.Stock}, Version: "test"}),
				New(Rooms{Access: a.Access, Members: a.Members, Points: a.Points, Ranks: a.Ranks}, "test"),
			}
		},
		Prove: func(header http.Header, authorization string) { header.Set("Authorization", authorization) },
	})}
	shop := shopFile(shopA, "A", seedCustomer, otherCustomer)
	for _, f := range tune {
		f(&shop)
	}
	b.Apply(shop)
	b.Apply(shopFile(shopB, "B", foreign, "789"))
	b.Keys["a"], b.Keys["b"] = basic("app-A", "secret-app-A"), basic("app-B", "secret-app-B")
	b.Keys["clerk"], b.Keys["reader"], b.Keys["poor"] = basic("clerk-A", "secret-clerk-A"), "Bearer secret-reader-A", "Bearer secret-poor-A"
	b.Keys["pos"] = "Bearer pos-A"
	return b
}

func basic(public, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(public+":"+secret))
}

func allScopes() []string { return []string{scopeRead, scopeWrite, scopeHistory} }

// shopFile is a tenant as the seed page's examples show one, with two members. Every name but those has the mark.
func shopFile(contract, mark, first, second string) shop.Shop {
	client := func(name string, store *int64, scopes ...string) access.ClientSpec {
		return access.ClientSpec{
			Name: name, Dialect: noren.EasyPoints, Key: name + "-" + mark, Secret: "secret-" + name + "-" + mark, StoreID: store, Scopes: scopes,
		}
	}
	points := noren.DefaultPoints()
	points.ExpiresAfterMonths = 3
	return shop.Shop{
		Contract: contract,
		Tenant: noren.TenantPatch{
			Name: noren.Set("商店" + mark), Timezone: noren.Set("UTC"), Currency: noren.Set("JPY"), Plan: noren.Set(noren.PlanPremiumPlus),
			Points:    noren.Set(points),
			Programme: noren.Set(noren.RankProgramme{Start: "2022-01", WindowMonths: 12, CheckEveryMonths: 12, Demotion: "one_step"}),
		},
		Ranks: []noren.Rank{
			{ID: 1, UID: "dd5cc1f2-df4c-11ed-8376-787b8aae8c7a", Name: "Bronze", MaintenanceSpend: 1000, Ratio: 0.01},
			{ID: 2, UID: "08eeb334-df4d-11ed-ba1e-787b8aae8c7a", Name: "Silver ", EntrySpend: 2000, MaintenanceSpend: 2000, Ratio: 0.03},
		},
		Stores: []noren.Store{{ID: 1, Name: "本店" + mark, Kind: noren.StoreShop}, {ID: 2, Name: "支店" + mark, Kind: noren.StoreShop}},
		Members: []noren.MemberPatch{
			{
				ID: 1, Code: noren.Set(mark + "M001"), ShopifyCustomerID: noren.Set(first), Email: noren.Set("Hanako@example.com"),
				Rank: noren.Set(noren.Ref{ID: 1}), MinimumRank: noren.Set(noren.Ref{ID: 1}), Store: noren.Set[int64](1),
			},
			{ID: 2, Code: noren.Set(mark + "M002"), ShopifyCustomerID: noren.Set(second), Store: noren.Set[int64](2)},
			{ID: 3, Code: noren.Set(mark + "M003"), Email: noren.Set("a/b@example.com")},
		},
		Clients: []access.ClientSpec{
			client("app", nil, allScopes()...), client("clerk", new(int64(1)), allScopes()...), client("reader", nil, scopeRead), client("poor", nil),
			{
				Name: "pos", Dialect: noren.Smaregi, Kind: noren.UserClient, Key: "pos-" + mark, AccessToken: "pos-" + mark,
				Scopes: []string{"pos.customers:read", "pos.customers:write"},
			},
			{
				Name: "reuse", Dialect: noren.ReCORE, Key: "reuse-" + mark,
				Scopes: []string{"member:show", "member:update", "member:point:update"},
			},
		},
	}
}

// gold adds the rank of the seed page's last example.
func gold(s *shop.Shop) {
	s.Ranks = append(s.Ranks, noren.Rank{
		ID: 3, UID: "5a1d4b0c-df4d-11ed-9c2e-787b8aae8c7a", Name: "Gold", EntrySpend: 10_000, MaintenanceSpend: 8000, Ratio: 0.05,
	})
}

// get reads as A's app, post writes; a status other than 200 ends the test.
func (b *bundle) get(path string) string {
	b.Helper()
	return b.Must(request{Method: "GET", Path: path, As: "a"})
}

func (b *bundle) post(path, body string) string {
	b.Helper()
	return b.Must(request{Method: "POST", Path: path, As: "a", Body: body})
}

// recore sends a request as the ReCORE client of A.
func (b *bundle) recore(method, path, body string) answer {
	b.Helper()
	c, err := b.Rooms.Access.CallerByKey(b.Context(), noren.ReCORE, "reuse-A")
	if err != nil {
		b.Fatal(err)
	}
	secret, err := b.Rooms.Access.TenantSecret(b.Context(), c.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		b.Fatal(err)
	}
	key, err := recore.Mint(secret, shopA, c.Client, noren.APIKey{IssuedAt: b.Clock.Read()})
	if err != nil {
		b.Fatal(err)
	}
	return b.Do(request{Method: method, Path: path, Body: body, Header: map[string]string{"X-Identification": key}})
}

// buy credits the customer with a purchase.
func (b *bundle) buy(customer, id string, amount int64) {
	b.Helper()
	c, err := b.Rooms.Access.CallerByKey(b.Context(), noren.EasyPoints, "app-A")
	if err != nil {
		b.Fatal(err)
	}
	out, err := apptest.Record(b.Context(), b.Rooms, c, "test", noren.PurchaseEvent{
		Kind: noren.PurchasePaid, ExternalID: id, Member: noren.MemberKey{ShopifyCustomerID: customer}, Amount: amount, PaidAt: b.Clock.Read(),
	})
	if err != nil || out[0].Result != purchases.Recorded {
		b.Fatalf("%+v: %v", out, err)
	}
}

// wrong is the envelope of 422 with the entries, each a pointer and what is wrong there.
func wrong(entries ...[2]string) string {
	text := `{"errors":[`
	for i, e := range entries {
		if i > 0 {
			text += ","
		}
		text += `{"detail":"` + e[1] + `","source":{"pointer":"` + e[0] + `"},"title":"Invalid value"}`
	}
	return text + `],"status":422,"title":"Unprocessable Entity"}`
}
