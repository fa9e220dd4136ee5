package noren

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Limits of stock numbers, from the sibling pages of PATCH /stock/bulk.
const (
	MaxStockAmount = 999_999_999
	MaxStockMemo   = 100 // characters
)

// The reason codes (在庫変動区分) of movements that the server makes.
const (
	StockDivisionCorrection = "01" // 修正: a person set the level
	StockDivisionAPI        = "15" // スマレジAPI連携: a client of the Smaregi dialect did
)

// StockDivisionImport is the reason code of a movement that an import made (01: 修正). Nobody has counted (08: 棚卸) or moved
// anything: what is known of the level was put right.
const StockDivisionImport = "01"

// StockKey names one stock level: a product in a store.
type StockKey struct {
	ProductID int64 `json:"product"`
	StoreID   int64 `json:"store"`
}

// StockLevel is how much of a product a store has. It does not exist before its first movement.
type StockLevel struct {
	StockKey
	Amount    int64
	UpdatedAt time.Time
}

// StockMovement is one append-only change of a level.
type StockMovement struct {
	ID int64 // at most 12 digits
	StockKey
	Delta       int64
	AmountAfter int64
	Division    string // reason code, 01 to 18
	Memo        *string
	At          time.Time
}

// StockPoint is a level in one part of a stretch of time.
type StockPoint struct {
	At        time.Time // of the last movement in that part
	Before    int64     // the amount before the first
	Amount    int64     // the amount after the last
	Movements int
}

// StockChange asks for a level to be set to an absolute amount.
type StockChange struct {
	StockKey
	Amount int64   `json:"amount"`
	Memo   *string `json:"memo,omitempty"`
}

// judge lists the rules that the change breaks, given the products and stores that exist.
func (c StockChange) judge(products []Product, stores []Store, callerStore *int64) []Reason {
	var broken []Reason
	if !hasID(products, c.ProductID, func(p Product) int64 { return p.ID }) {
		broken = append(broken, ReasonProductUnknown)
	}
	if !hasID(stores, c.StoreID, func(s Store) int64 { return s.ID }) || callerStore != nil && *callerStore != c.StoreID {
		broken = append(broken, ReasonStoreUnknown)
	}
	return broken
}

// check refuses what is out of bounds whatever is stored.
func (c StockChange) check() Refusals {
	var refused Refusals
	if c.Amount < -MaxStockAmount || c.Amount > MaxStockAmount {
		refused = append(refused, &Error{
			Kind: Invalid, Reason: ReasonOutOfRange, Field: "amount", Value: fmt.Sprint(c.Amount),
			Message: fmt.Sprintf("is not between %d and %d", -MaxStockAmount, MaxStockAmount),
		})
	}
	if c.Memo != nil && utf8.RuneCountInString(*c.Memo) > MaxStockMemo {
		refused = append(refused, &Error{
			Kind: Invalid, Reason: ReasonTooLong, Field: "memo", Message: fmt.Sprintf("is longer than %d characters", MaxStockMemo),
		})
	}
	return refused
}

func hasID[T any](list []T, id int64, of func(T) int64) bool {
	for _, x := range list {
		if of(x) == id {
			return true
		}
	}
	return false
}
