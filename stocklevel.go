package noren

import (
	"context"
	"time"
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

// StockDivisionImport is the reason code of a movement by an import (01: 修正). An import neither counts stock (08: 棚卸)
// nor moves it; it corrects the recorded level.
const StockDivisionImport = "01"

// StockKey names one stock level: a product in a store.
type StockKey struct {
	ProductID int64 `json:"product"`
	StoreID   int64 `json:"store"`
}

// StockLevel is how much of a product a store has. It exists from its first movement on.
type StockLevel struct {
	StockKey
	Amount    int64
	UpdatedAt time.Time
}

// StockMovement is one append-only change of a level. The client that made it is recorded here and not by an entry of
// the audit log for each level: a stocktaking moves thousands.
type StockMovement struct {
	ID int64 // at most 12 digits
	StockKey
	Delta       int64
	AmountAfter int64
	Division    string // reason code, 01 to 18
	Memo        *string
	At          time.Time
	ClientID    *int64 // as in AuditEntry, like the next two
	Login       string
	Dialect     string // "": it was made before movements told who made them; the audit log tells it
}

// StockPoint is a level in one part of a span of time.
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
	// Seen is the amount that the caller has read, null if there was no level. Absent: it may be anything.
	Seen Field[int64] `json:"-"`
}

// StockTx reads and writes stock.
type StockTx interface {
	// StockByKey returns the levels that exist.
	StockByKey(ctx context.Context, keys []StockKey, forUpdate bool) ([]StockLevel, error)
	Stock(ctx context.Context, f StockFilter) ([]StockLevel, int, error)
	Movements(ctx context.Context, f MovementFilter) ([]StockMovement, int, error)
	// StockCourse returns the course of the level through the span, in at most n parts of equal length. Parts without
	// movements are left out. If there are very many movements, only the newest are read.
	StockCourse(ctx context.Context, key StockKey, span Span, n int) ([]StockPoint, error)
	// MoveStock inserts the movements and sets each level to its movement's AmountAfter. before has the levels that exist, as
	// StockByKey has read them for update.
	MoveStock(ctx context.Context, movements []StockMovement, before []StockLevel) error
}

// StockFilter selects stock levels. Sort columns: product, store; the default is product, then store.
type StockFilter struct {
	ProductID, StoreID   int64   // 0: any
	ProductIDs, StoreIDs []int64 // nil: any; empty: none
	Updated              Span
	Sort                 []Sort
	Page
}

// MovementFilter selects movements of one level. Sort columns: id (the default), at.
type MovementFilter struct {
	StockKey
	ID       int64  // 0: any
	Division string // "": any
	Amount   *int64 // the amount after the movement
	At       Span
	Sort     []Sort
	Page
}
