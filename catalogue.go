package noren

import (
	"strings"
	"time"
)

// StaffRank is an entry of the second, unordered list of ranks (社員ランク).
type StaffRank struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// rankByRef finds the rank that ref names: by position, by id, or by name trimmed and case-blind.
func rankByRef(ranks []Rank, ref Ref) (int64, bool) {
	for _, r := range ranks {
		if ref.Position != 0 && ref.Position == r.Position || ref.Position == 0 && ref.matches(r.ID, r.Name) {
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

// Ref names a rank or staff rank as a dialect does: by id, by position in the ladder, or by name where both are 0.
type Ref struct {
	ID       int64  `json:"id,omitempty"`
	Position int64  `json:"position,omitempty"` // from 1, the lowest; staff ranks have none
	Name     string `json:"name,omitempty"`
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
