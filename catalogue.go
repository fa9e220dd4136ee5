package noren

import (
	"strings"
	"time"
)

// Rank is one rung of the tenant's ladder (会員ランク; easyPoints: tier).
type Rank struct {
	ID               int64   `json:"id"`
	UID              string  `json:"uid"`
	Position         int64   `json:"position"` // from 1, the lowest
	Name             string  `json:"name"`
	EntrySpend       int64   `json:"entry"`
	MaintenanceSpend int64   `json:"maintenance"`
	Ratio            float64 `json:"ratio"` // points per unit of currency spent
}

// StaffRank is an entry of the second, unordered list of ranks (社員ランク).
type StaffRank struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// rankByRef finds the rank that ref names: by id, or by name trimmed and case-blind.
func rankByRef(ranks []Rank, ref Ref) (int64, bool) {
	for _, r := range ranks {
		if ref.matches(r.ID, r.Name) {
			return r.ID, true
		}
	}
	return 0, false
}

// staffRankByRef is rankByRef for staff ranks.
func staffRankByRef(ranks []StaffRank, ref Ref) (int64, bool) {
	for _, r := range ranks {
		if ref.matches(r.ID, r.Name) {
			return r.ID, true
		}
	}
	return 0, false
}

// Ref names a rank or staff rank as a dialect does: by id, or by name where ID is 0.
type Ref struct {
	ID   int64  `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

func (r Ref) matches(id int64, name string) bool {
	if r.ID != 0 {
		return r.ID == id
	}
	return FoldName(r.Name) == FoldName(name)
}

// FoldName is the form in which names of ranks are compared: trimmed and case-blind.
func FoldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// StoreKind tells shops from warehouses and order-receiving stores.
type StoreKind string

// The kinds of store. Members and their stores: only a shop can be a member's store.
const (
	StoreShop      StoreKind = "shop"
	StoreWarehouse StoreKind = "warehouse" // 倉庫
	StoreOrder     StoreKind = "order"     // 受注店舗
)

// Store is a shop, warehouse or order-receiving store (店舗).
type Store struct {
	ID        int64     `json:"id"`
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	Kind      StoreKind `json:"kind"`
	CreatedAt time.Time `json:"-"`
	UpdatedAt time.Time `json:"-"`
}

// Product is something that has stock (商品).
type Product struct {
	ID        int64     `json:"id"`
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"-"`
	UpdatedAt time.Time `json:"-"`
}

// Staff is a person who works for the tenant.
type Staff struct {
	ID      int64  `json:"id"`
	Code    string `json:"code"`
	Name    string `json:"name"`
	StoreID *int64 `json:"store"`
}

// Purchase is spend credited to a member, in the smallest unit of the tenant's currency. Source and ExternalID
// together make it count once.
type Purchase struct {
	MemberID   int64
	Source     string // which system told us: "shop_file", …
	ExternalID string
	Amount     int64
	PaidAt     time.Time
}
