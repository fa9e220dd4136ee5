package noren

import "time"

// Limits of stock numbers, from the sibling pages of PATCH /stock/bulk.
const (
	MaxStockAmount = 999_999_999
	MaxStockMemo   = 100 // characters
)

// StockDivisionAPI is the reason code of a movement made through the Smaregi dialect (15: スマレジAPI連携).
const StockDivisionAPI = "15"

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

func hasID[T any](list []T, id int64, of func(T) int64) bool {
	for _, x := range list {
		if of(x) == id {
			return true
		}
	}
	return false
}
