package noren

import (
	"context"
	"time"
)

// StaffRank is an entry of the second, unordered list of ranks (社員ランク).
type StaffRank struct {
	ID   int64  `json:"id"`
	Code string `json:"code,omitempty"` // by which Smaregi names it; "": it has none
	Name string `json:"name"`
}

// MaxRankCode is the longest code of a rank or staff rank, in characters: as long as Smaregi's rank may be.
const MaxRankCode = 20

// RankByRef finds the rank that ref names. Names and codes are trimmed and compared without case.
func RankByRef(ranks []Rank, ref Ref) (int64, bool) {
	if ref.Position == 0 {
		return ref.among(len(ranks), func(i int) (int64, string, string) { return ranks[i].ID, ranks[i].Code, ranks[i].Name })
	}
	for _, r := range ranks {
		if ref.Position == r.Position {
			return r.ID, true
		}
	}
	return 0, false
}

// StaffRankByRef is RankByRef for staff ranks.
func StaffRankByRef(ranks []StaffRank, ref Ref) (int64, bool) {
	return ref.among(len(ranks), func(i int) (int64, string, string) { return ranks[i].ID, ranks[i].Code, ranks[i].Name })
}

// Ref names a rank or staff rank as a dialect does: by id, by position in the ladder, by what Smaregi calls it, or by name where
// the others are empty.
type Ref struct {
	ID       int64  `json:"id,omitempty"`
	Position int64  `json:"position,omitempty"` // from 1, the lowest; staff ranks have none
	Code     string `json:"code,omitempty"`     // the code, or the name where none has the code
	Name     string `json:"name,omitempty"`
}

// among finds the one that r names, of n with an id, a code and a name.
func (r Ref) among(n int, at func(int) (id int64, code, name string)) (int64, bool) {
	find := func(is func(id int64, code, name string) bool) (int64, bool) {
		for i := range n {
			if id, code, name := at(i); is(id, code, name) {
				return id, true
			}
		}
		return 0, false
	}
	switch {
	case r.ID != 0:
		return find(func(id int64, _, _ string) bool { return r.ID == id })
	case FoldName(r.Code) == "":
		return find(func(_ int64, _, name string) bool { return FoldName(r.Name) == FoldName(name) })
	}
	if id, found := find(func(_ int64, code, _ string) bool { return FoldName(r.Code) == FoldName(code) }); found {
		return id, true
	}
	return find(func(_ int64, _, name string) bool { return FoldName(r.Code) == FoldName(name) })
}

// StoreKind distinguishes shops from warehouses and order-receiving stores.
type StoreKind string

// The kinds of store. Only a shop can be a member's store.
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

// VisibleTo reports whether a caller restricted to store may see the person: one of that store or of none.
func (s Staff) VisibleTo(store *int64) bool { return s.StoreID == nil || SeesStore(store, *s.StoreID) }

// CatalogueTx reads and writes what a tenant's members and stock refer to. Put inserts or updates by id.
type CatalogueTx interface {
	// Stores and Products return one page of those that match, and how many match in all.
	Stores(ctx context.Context, f CatalogueFilter) ([]Store, int, error)
	PutStores(ctx context.Context, stores []Store) error
	Products(ctx context.Context, f CatalogueFilter) ([]Product, int, error)
	PutProducts(ctx context.Context, products []Product) error
}

// CatalogueFilter selects stores or products. The zero filter selects all of them, ordered by id. Sort columns: id,
// code, name, updated_at.
type CatalogueFilter struct {
	IDs     []int64
	Code    string
	Keyword string   // part of a product's code or name, matched as in package search; ignored for stores
	Codes   []string // nil: any; empty: none
	Updated Span
	Sort    []Sort
	Page
}

// StaffTx reads and writes staff and their ranks. Put inserts or updates by id.
type StaffTx interface {
	Staff(ctx context.Context) ([]Staff, error)
	PutStaff(ctx context.Context, staff []Staff) error
	StaffRanks(ctx context.Context) ([]StaffRank, error)
	PutStaffRanks(ctx context.Context, ranks []StaffRank) error
}
