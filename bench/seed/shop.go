// Package seed makes what is measured on: databases of each engine, and in each a tenant with as many members as wanted.
package seed

import (
	"context"
	"fmt"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/shop"
	"noren/bench/figures"
	"noren/sqlstore"
)

// The shop that is measured: one tenant with one client. Its members come from Member.
const (
	Contract     = "sb_bench"
	ClientKey    = "bench-app"
	ClientSecret = "bench-secret-of-a-throwaway-database"

	shopStores   = 5
	shopProducts = 200 // each has stock in each store
)

// Epoch is the time of everything whose time does not matter to a measurement.
func Epoch() time.Time { return time.Unix(1_800_000_000, 0) }

// SeedBatch is how many members one transaction inserts.
const SeedBatch = 1000

// Seed makes a database with the shop and that many members, with the ids from 1, and closes it.
func Seed(ctx context.Context, p Place, members int, tell figures.Progress) (url string, err error) {
	if url, err = p.Create(ctx); err != nil {
		return "", err
	}
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return "", err
	}
	defer func() {
		if closeErr := engine.Close(); err == nil {
			err = closeErr
		}
	}()
	service := app.New(app.Config{Engine: engine})
	if _, err := service.Shop.Apply(ctx, File()); err != nil {
		return "", err
	}
	t, err := service.Access.TenantByContract(ctx, Contract)
	if err != nil {
		return "", err
	}
	now := time.Now()
	if err := engine.Update(ctx, t.ID, func(tx noren.Tx) error { return seedStock(ctx, tx, now) }); err != nil {
		return "", err
	}
	// After the small tables and before the members, whose indexes it is about.
	loaded, err := p.loading(ctx, url)
	if err != nil {
		return "", err
	}
	add, done := tell.Counting(fmt.Sprintf("%s: making %d members", p.Engine(), members), members)
	defer done()
	for first := 1; first <= members; first += SeedBatch {
		batch := make([]noren.Member, min(SeedBatch, members-first+1))
		for i := range batch {
			batch[i] = Member(int64(first+i), now)
		}
		err := engine.Update(ctx, t.ID, func(tx noren.Tx) error {
			// Before the members, as locks are taken in that order.
			if err := tx.Raise(ctx, noren.CounterMember, batch[len(batch)-1].ID); err != nil {
				return err
			}
			return tx.InsertMembers(ctx, batch)
		})
		if err != nil {
			return "", err
		}
		add(len(batch))
	}
	return url, loaded(ctx)
}

func File() shop.Shop {
	wanted := shop.Shop{
		Contract: Contract,
		Tenant:   noren.TenantPatch{Name: noren.Set("計測商店")},
		Ranks: []noren.Rank{
			{ID: 1, Name: "Bronze", Ratio: 0.01}, {ID: 2, Name: "Silver", EntrySpend: 2000, MaintenanceSpend: 1000, Ratio: 0.03},
		},
		StaffRanks: []noren.StaffRank{{ID: 1, Name: "社員"}},
		Clients: []access.ClientSpec{{
			Name: "bench", Dialect: noren.Smaregi, Kind: noren.AppClient, Key: ClientKey, Secret: ClientSecret,
			Scopes: ClientScopes(),
		}},
	}
	for id := range int64(shopStores) {
		wanted.Stores = append(wanted.Stores, noren.Store{
			ID: id + 1, Code: fmt.Sprintf("%03d", id+1), Name: fmt.Sprintf("%d号店", id+1), Kind: noren.StoreShop,
		})
	}
	for id := range int64(shopProducts) {
		wanted.Products = append(wanted.Products, noren.Product{
			ID: id + 1, Code: fmt.Sprintf("P%05d", id+1), Name: fmt.Sprintf("緑茶 %d", id+1),
		})
	}
	return wanted
}

func seedStock(ctx context.Context, tx noren.Tx, now time.Time) error {
	first, err := tx.Reserve(ctx, noren.CounterMovement, shopProducts*shopStores)
	if err != nil {
		return err
	}
	var movements []noren.StockMovement
	for product := range int64(shopProducts) {
		for store := range int64(shopStores) {
			amount := (product*31 + store*7) % 500
			movements = append(movements, noren.StockMovement{
				ID: first + int64(len(movements)), StockKey: noren.StockKey{ProductID: product + 1, StoreID: store + 1},
				Delta: amount, AmountAfter: amount, Division: noren.StockDivisionAPI, At: now,
			})
		}
	}
	return tx.MoveStock(ctx, movements, nil)
}

// Member makes the member with that id: the same one each time, with about as many columns filled in as shops fill in.
func Member(id int64, now time.Time) noren.Member {
	name := NameOf(id, 0)
	return noren.Member{
		ID: id, Code: fmt.Sprintf("MB%010d", id), CustomerNo: new(fmt.Sprintf("%08d", id)),
		LastName: &name.Last, FirstName: &name.First, LastKana: new("ヤマダ"), FirstKana: new("ハナコ"),
		PostalCode: new(fmt.Sprintf("%03d%04d", id%900+100, id%10000)), Prefecture: new("東京都"),
		Address1: new(fmt.Sprintf("千代田区丸の内%d丁目%d番", id%9+1, id%30+1)),
		Phone:    new(fmt.Sprintf("03%08d", id*7919%100000000)), Mobile: new(fmt.Sprintf("090%08d", id*104729%100000000)),
		Email: new(mailOf(id)), Sex: noren.Female, MailOptIn: id%2 == 0,
		BirthDate: new(noren.Date(fmt.Sprintf("%d-%02d-%02d", 1950+id%60, id%12+1, id%28+1))),
		EntryDate: new(noren.Date("2024-04-01")), Note: new("お得意様"), Status: noren.Active, RankID: new(id%2 + 1),
		CreatedAt: now, UpdatedAt: now,
	}
}

// mailOf is a member's mail address. As in real shops, many share the name in it, and many the host.
func mailOf(id int64) string {
	names := [...]string{
		"sato", "suzuki", "takahashi", "tanaka", "ito", "watanabe", "yamamoto", "nakamura", "kobayashi", "kato", "yoshida", "yamada",
		"sasaki", "yamaguchi", "matsumoto", "inoue", "kimura", "hayashi", "saito", "shimizu",
	}
	hosts := [...]string{"example.com", "example.jp", "mail.example.ne.jp", "shop.example.co.jp", "example.org"}
	return fmt.Sprintf("%s%d@%s", names[id*7%int64(len(names))], id*613%1_000_003, hosts[id%int64(len(hosts))])
}

// FullName is a member's last and first name.
type FullName struct{ Last, First string }

// NameOf returns a name for the member, another one in each round for the first 1,517 rounds.
func NameOf(id int64, round int) FullName {
	lasts, firsts := lastNames(), firstNames()
	// A multiplication scatters neighbouring ids over the names, and needs no state.
	at := uint64(id)*2654435761%1_000_003 + uint64(round) //nolint:gosec // neither is negative
	return FullName{lasts[at%uint64(len(lasts))], firsts[at%uint64(len(firsts))]}
}

// The lengths of the two lists, 41 and 37, have no common divisor, so the pairs repeat as late as they can.
func lastNames() [41]string {
	return [...]string{
		"佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "吉田", "山田", "佐々木", "山口",
		"松本", "井上", "木村", "林", "斎藤", "清水", "山崎", "森", "池田", "橋本", "阿部", "石川", "山下", "中島", "石井",
		"小川", "前田", "岡田", "長谷川", "藤田", "後藤", "近藤", "村上", "遠藤", "青木", "坂本", "福田",
	}
}

func firstNames() [37]string {
	return [...]string{
		"花子", "太郎", "陽菜", "蓮", "結衣", "大翔", "葵", "悠真", "凛", "湊", "紬", "樹", "芽依", "陽翔", "莉子", "朝陽",
		"咲良", "蒼", "美月", "律", "杏", "新", "結菜", "颯太", "澪", "大和", "詩", "伊織", "彩葉", "悠人", "楓", "健一",
		"由美子", "直樹", "恵", "誠", "明日香",
	}
}

func ClientScopes() []string {
	return []string{"pos.customers:read", "pos.customers:write", "pos.stock:read", "pos.stock:write"}
}
