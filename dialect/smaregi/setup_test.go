package smaregi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/dialect/dialecttest"
	"noren/web"
)

// The two tenants of the tests, whose members, stores and products have the same ids.
const (
	shopA = dialecttest.ShopA
	shopB = dialecttest.ShopB
)

type (
	request = dialecttest.Request
	answer  = dialecttest.Answer
)

// bundle is a running server with two tenants. Its keys are access tokens: a, b (apps); clerk (restricted to store 1 of
// A); poor (no scopes).
type bundle struct{ *dialecttest.Server }

// setup starts a server on an empty database. tune changes the first tenant's shop file.
func setup(t *testing.T, tune ...func(*shop.Shop)) *bundle {
	t.Helper()
	clock := apptest.NewClock(dialecttest.HalfPastMidnight())
	rates, err := web.MemoryRates(clock.Read)
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{dialecttest.Start(t, dialecttest.Config{
		Clock: clock, Rates: rates, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: Callbacks{}},
		Dialects: func(a *app.App) []web.Dialect {
			return []web.Dialect{New(Rooms{Access: a.Access, Bulk: a.Bulk, Members: a.Members, Stock: a.Stock}, "test")}
		},
		Prove: func(header http.Header, token string) { header.Set("Authorization", "Bearer "+token) },
	})}
	shop := shopFile(shopA, "A")
	for _, f := range tune {
		f(&shop)
	}
	b.Apply(shop)
	b.Apply(shopFile(shopB, "B"))
	b.Keys["clerk"], b.Keys["poor"] = "clerk-A", "poor-A"
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
func shopFile(contract, mark string) shop.Shop {
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
	client := func(name string, c access.ClientSpec) access.ClientSpec {
		c.Name, c.Dialect, c.Key, c.Secret = name, noren.Smaregi, name+"-"+mark, "secret"
		return c
	}
	return shop.Shop{
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
		Clients: []access.ClientSpec{
			client("app", access.ClientSpec{Scopes: allScopes()}),
			client("clerk", access.ClientSpec{Kind: noren.UserClient, StoreID: new(int64(1)), Scopes: allScopes(), AccessToken: "clerk-" + mark}),
			client("poor", access.ClientSpec{Kind: noren.UserClient, AccessToken: "poor-" + mark}),
		},
	}
}

// renewTokens asks for tokens of the apps: they expire when the clock is moved by an hour.
func (b *bundle) renewTokens() {
	b.Helper()
	b.Keys["a"], b.Keys["b"] = b.newToken(shopA, "app-A"), b.newToken(shopB, "app-B")
}

func (b *bundle) newToken(contract, client string) string {
	b.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {"secret"}}
	a := b.Do(request{Method: "POST", Path: "/app/" + contract + "/token", Body: form.Encode()})
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.Body), &token); err != nil || token.AccessToken == "" {
		b.Fatalf("no As: %d %s", a.Status, a.Body)
	}
	return token.AccessToken
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
