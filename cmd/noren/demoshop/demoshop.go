// Package demoshop generates the shop of `noren demo`: a tea and confectionery merchant with believable members. None of
// the people exist, and none of the phone numbers and email addresses can be reached.
package demoshop

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/shop"
)

// Contract is the contract ID of the demo shop.
const Contract = "sb_demo0001"

// Customer is the Shopify ID of the first member, who always has one, so that examples can use it.
const Customer = "6757085000037"

// The clients of the demo shop.
const (
	App    = "pos"      // sees the whole tenant
	AppKey = "demo-pos" // its client_id
	Clerk  = "clerk"    // a user restricted to store 1
	Reuse  = "reuse"    // speaks ReCORE
	Web    = "web"      // speaks easyPoints
)

// New generates the shop with that many members. The same seed, day and number give the same shop. It has no secrets, so
// that applying it generates new ones.
func New(seed uint64, now time.Time, members int) shop.Shop {
	g := generator{
		rand: rand.New(rand.NewPCG(seed, seed)), now: now, members: int64(members), surnames: readSurnames(), given: readGiven(),
		places: readPlaces(), towns: lines("towns.txt"),
	}
	shop := shop.Shop{
		Contract: Contract,
		Tenant: noren.TenantPatch{
			Name: noren.Set("暖簾商店"), Plan: noren.Set(noren.PlanPremiumPlus), Timezone: noren.Set("Asia/Tokyo"),
			Currency: noren.Set("JPY"),
			Points: noren.Set(noren.PointSettings{
				Enabled: true, ExpiresAfterMonths: 12, DefaultTitle: "通常P", PaidTitle: "有償P",
			}),
			Programme: noren.Set(noren.RankProgramme{
				Start: noren.Month(now.Format("2006") + "-01"), WindowMonths: spendMonths, CheckEveryMonths: 1, Demotion: "one_step",
			}),
		},
		Ranks: ranks(), StaffRanks: []noren.StaffRank{{ID: 1, Name: "社員"}, {ID: 2, Name: "社員家族"}},
		Stores: stores(), Products: products(), Staff: staff(), Clients: clients(),
		ConsoleUsers: consoleUsers(),
	}
	for id := range int64(members) {
		m, spend := g.member(id + 1)
		shop.Members = append(shop.Members, m)
		shop.Purchases = append(shop.Purchases, g.purchases(m, spend)...)
	}
	return shop
}

// ranks are five ranks with spends in yen. Keeping a rank takes less than reaching it, so that the difference can be seen.
func ranks() []noren.Rank {
	return []noren.Rank{
		{ID: 1, Name: "一般", EntrySpend: 0, MaintenanceSpend: 0, Ratio: 0.01},
		{ID: 2, Name: "ブロンズ", EntrySpend: 10_000, MaintenanceSpend: 5_000, Ratio: 0.015},
		{ID: 3, Name: "シルバー", EntrySpend: 30_000, MaintenanceSpend: 20_000, Ratio: 0.02},
		{ID: 4, Name: "ゴールド", EntrySpend: 100_000, MaintenanceSpend: 80_000, Ratio: 0.03},
		{ID: 5, Name: "プラチナ", EntrySpend: 300_000, MaintenanceSpend: 200_000, Ratio: 0.05},
	}
}

// stores lists six shops, then a warehouse and the store that takes online orders.
func stores() []noren.Store {
	names := []string{"日本橋本店", "銀座店", "横浜元町店", "名古屋栄店", "京都寺町店", "大阪梅田店", "福岡天神店", "東雲倉庫", "オンライン受注"}
	list := make([]noren.Store, len(names))
	for i, name := range names {
		list[i] = noren.Store{ID: int64(i + 1), Code: fmt.Sprintf("%03d", i+1), Name: name, Kind: noren.StoreShop}
	}
	list[7].Kind, list[8].Kind = noren.StoreWarehouse, noren.StoreOrder
	return list
}

// nearestShop returns the shop that people of a prefecture go to.
func nearestShop(prefecture string) int64 {
	for shop, prefectures := range [...]string{
		3: "神奈川県 静岡県 山梨県", 4: "愛知県 岐阜県 三重県 長野県 富山県", 5: "京都府 滋賀県 奈良県 福井県 石川県",
		6: "大阪府 兵庫県 和歌山県 岡山県 広島県 鳥取県 島根県 徳島県 香川県 愛媛県 高知県",
		7: "福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県 山口県",
	} {
		if strings.Contains(prefectures, prefecture) {
			return int64(shop)
		}
	}
	return 1
}

// products reads the catalogue; IDs count from 1 in the order of the list.
func products() []noren.Product {
	var list []noren.Product
	for i, line := range lines("products.txt") {
		code, name, _ := strings.Cut(line, " ")
		list = append(list, noren.Product{ID: int64(i + 1), Code: code, Name: name})
	}
	return list
}

// staff has one person for each of the first stores.
func staff() []noren.Staff {
	names := []string{"店長 大西", "販売 小泉", "販売 樋口", "販売 服部", "倉庫 黒田", "経理 堀"}
	list := make([]noren.Staff, len(names))
	for i, name := range names {
		list[i] = noren.Staff{ID: int64(i + 1), Code: fmt.Sprintf("SF%010d", i+1), Name: name, StoreID: new(int64(i + 1))}
	}
	return list
}

// consoleUsers are one user of each role, and one restricted to a store. The caller sets their passwords.
func consoleUsers() []shop.ConsoleUser {
	return []shop.ConsoleUser{
		{Login: "admin", Role: noren.Admin},
		{Login: "staff", Role: noren.Clerk},
		{Login: "ginza", Role: noren.Clerk, StoreID: new(int64(2))},
		{Login: "viewer", Role: noren.Viewer},
	}
}

// clients are one of each kind. The two of the first dialect have the same scopes, so that their responses differ only by
// the store.
func clients() []access.ClientSpec {
	scopes := []string{
		"pos.customers:read", "pos.customers:write", "pos.stock:read", "pos.stock:write", "pos.stock-changes:read",
		"pos.products:read", "pos.stores:read",
	}
	return []access.ClientSpec{
		{Name: App, Dialect: noren.Smaregi, Kind: noren.AppClient, Scopes: scopes, Key: AppKey},
		{Name: Clerk, Dialect: noren.Smaregi, Kind: noren.UserClient, StoreID: new(int64(1)), Scopes: scopes},
		{Name: Reuse, Dialect: noren.ReCORE, Kind: noren.AppClient, Scopes: []string{
			"member:index", "member:show", "member:store", "member:update", "member:bulk:store", "member:bulk:update",
			"member:point:update", "member:note:index", "member:note:store", "member:note:destroy",
			"member:attachment:store", "member:attachment:destroy", "staff:index", "staff:show",
		}},
		{Name: Web, Dialect: noren.EasyPoints, Kind: noren.AppClient, Scopes: []string{
			"read_point_balances", "write_point_balances", "read_point_histories",
		}},
	}
}
